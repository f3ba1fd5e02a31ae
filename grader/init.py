"""`messagerie init DIR`: looks at a submission and writes its messagerie.toml, for a person to look over.

It guesses what the sources and the launch scripts tell. Then it builds the programs, plays a conversation, and says
what came of it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.contract import COURSE, FILE_NAME, HOST, Contract, ContractError
from grader.guess import looked_at
from grader.submission import contract_of_copy, copied
from grader.trace import played

TRIALS = (2, 1, 4, 5, 6)
"""Sprints whose conversation is played to find out what a submission is."""

ALIKE = {2: "1, 2 or 3"}
"""Sprints whose programs can have the same conversation."""

MORE = f'If they speak the wire of the handout, add wire = "{COURSE}": then all checks are played.'

REMEDY = f"""Change {FILE_NAME} by hand; README.md says how. `login` types what a program asks for first, `first` says
who speaks first, `quit` how one leaves."""

WRITTEN, NOT_WRITTEN = 0, 2
"""Exit codes."""


def init(arguments: argparse.Namespace) -> int:
    """Write the contract, play once, and say what was found; return the exit code."""
    file = arguments.directory / FILE_NAME
    if file.exists():
        print(f"{file} is there already: it is not written over", file=sys.stderr)
        return NOT_WRITTEN
    try:
        lines = looked_at(arguments.directory)
    except ContractError as error:
        print(error, file=sys.stderr)
        return NOT_WRITTEN
    file.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()), encoding="utf-8")
    print(f"{file}:\n\n{file.read_text(encoding='utf-8')}")
    print(tried(arguments.directory, (arguments.sprint,) if arguments.sprint else TRIALS))
    return WRITTEN


def tried(directory: Path, sprints: Sequence[int]) -> str:
    """Play the conversation of each sprint until one comes off, and say what came of it."""
    try:
        with copied(directory) as copy:
            contract = contract_of_copy(copy)
            sprint, problems = played_in_turn(contract, sprints)
    except ContractError as error:
        return f"Tried, and it does not build:\n{error}"
    if sprint:
        return f"Tried: people can talk as in sprint {ALIKE.get(sprint, sprint)}.\n{MORE}"
    return in_words(problems, contract).replace(str(copy), str(directory))


def played_in_turn(contract: Contract, sprints: Sequence[int]) -> tuple[int, dict[str, int]]:
    """Return the first sprint whose conversation comes off, or 0; and in which one each problem was met first."""
    problems: dict[str, int] = {}
    for sprint in sprints:
        entries, problem = played(sprint, contract, sandboxed=True)
        if not problem:
            return sprint, problems
        problems.setdefault(problem, sprint)
        if {entry.actor for entry in entries} <= {"server"}:  # it does not even listen
            break
    return 0, problems


def in_words(problems: dict[str, int], contract: Contract) -> str:
    """Say why no conversation came off."""
    place = f"{contract.address} port {contract.port}" if contract.port else f"{HOST}, a free port"
    reasons = "".join(
        f"as in sprint {ALIKE.get(sprint, sprint)}: {problem}\n" for problem, sprint in problems.items()
    )
    return f"Tried on {place}, and it did not work yet:\n{reasons}{REMEDY}"
