"""`messagerie init DIR`: looks at a submission and writes its messagerie.toml, for a person to look over.

It guesses what the sources and the launch scripts tell. Then it builds the programs, plays a conversation, and says
what came of it. Where the server listens on another port than was guessed, or a client asks for a name, or which of
two it is, or where the second is to speak first, that is written, too, and tried.
"""

import argparse
import contextlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.contract import COURSE, FILE_NAME, HOST, LOGINS, QUIT_WORD, Contract, ContractError, read_contract
from grader.guess import looked_at
from grader.questions import ASKS_A_NAME
from grader.sources import sources_in
from grader.submission import contract_of_copy, copied
from grader.trace import played

TRIALS = (2, 1, 4, 5, 6)
"""Sprints whose conversation is played to find out what a submission is."""

ALIKE = {2: "1, 2 or 3"}
"""Sprints whose programs can have the same conversation."""

LISTENS_ELSEWHERE = re.compile(r"the server does not listen on port \d+; it listens on \[(\d+)\]")

ASKS_A_PLACE = re.compile(
    r'"[^"\n]*\b1\b[^"\n]*(\b(ou|or)\b|/)[^"\n]*\b2\b[^"\n]*[?:]\s*(\\n)?"', re.IGNORECASE
)
"""What stands there where he is to type whether he is the first or the second: `Client 1 ou 2 ? `."""

IN_TURN = (1, 2)
"""Sprints in whose conversation people may speak one after the other."""

UNHEARD = re.compile(r"^expected: bob sees ")
"""What is missed where the first who comes is not to speak first."""

UNSEEN = re.compile(r"^expected: \w+ sees |^(?!expected: )\S", re.MULTILINE)
"""What is missed where people cannot talk; who does not leave, or is not hung up on, could."""

LEFT = re.compile(r"^expected: \w+ ends$", re.MULTILINE)
"""What is missed where people can talk, and one does not leave."""

LEAVES = re.compile(
    r"""["'](/?(?i:quit|quitter|quitte|exit|bye|stop|q|logout|sortir)|/fin|FIN|Fin)(?:\\n)?["']"""
)
"""What stands in the source of a program whose user leaves by another word than the course's."""

COMPARED = re.compile(
    r"""(?:!\s*\w*cmp\s*\(\s*(?!argv|role|mode)\w+\s*,\s*"([a-zA-Z]\w{1,11})(?:\\n)?"[^;{}\n]{0,20}\)"""
    r"""|cmp\s*\(\s*(?!argv|role|mode)\w+\s*,\s*"([a-zA-Z]\w{1,11})(?:\\n)?"[^;{}\n]{0,20}\)\s*==\s*0"""
    r"""|\b(?!role|mode)\w+(?:\.\w+\(\))*\s*==\s*["']([a-zA-Z]\w{1,11})["']\s*:)"""
    r"""\s*\)*\s*\{?\s*(?:break|return|exit|sys\.exit|close)\b"""
)
"""A word that ends something where a text is the same, be it no role, nor said by the command line."""

MORE = f"""If they speak the wire of the handout, and print what it says, add wire = "{COURSE}": then all checks are
played."""

REMEDY = f"""Change {FILE_NAME} by hand; README.md says how. `login` types what a program asks for first, `first` says
who speaks first, `quit` how one leaves."""

CORRECTIONS = ("port", "login", "quit", "another word for quit", "first")
"""What a conversation may show to be wanting."""

WRITTEN, DOES_NOT_WORK_YET, NOT_WRITTEN = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True)
class Trial:
    """What came of a conversation: in words, and lines of the contract that were seen to be wanting."""

    words: str
    works: bool = False  # people could talk
    wanting: dict[str, str] = field(default_factory=dict)


def init(arguments: argparse.Namespace) -> int:
    """Write the contract, play once, and say what was found; return the exit code."""
    directory, sprints = arguments.directory, (arguments.sprint,) if arguments.sprint else TRIALS
    try:
        if (directory / FILE_NAME).is_symlink() or (directory / FILE_NAME).exists():
            raise ContractError(f"{directory / FILE_NAME} is there already: it is not written over")
        lines = looked_at(directory)
        write(directory, lines)
        trial = tried(directory, sprints)
        for _ in CORRECTIONS:
            if trial.wanting:
                say(f"Tried; it wants one thing more: {', '.join(trial.wanting)}.\n")
                lines |= trial.wanting
                write(directory, lines)
                trial = tried(directory, sprints)
    except ContractError as error:
        print(error, file=sys.stderr)
        return NOT_WRITTEN
    say(trial.words)
    return WRITTEN if trial.works else DOES_NOT_WORK_YET


def write(directory: Path, lines: dict[str, str]) -> None:
    """Write a contract that can be read again, and show it. Raises ContractError, and then there is none."""
    file = directory / FILE_NAME
    text = "".join(f"{key} = {value}\n" for key, value in lines.items())
    replace_by(file, text.encode())
    try:
        read_contract(directory)
    except ContractError:
        file.unlink()
        raise
    say(f"{file}:\n\n{text}")


def replace_by(file: Path, text: bytes) -> None:
    """Give a file its text at once, or not at all. Raises ContractError where it cannot be written."""
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_bytes(text)
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):  # there is none, where none could be written
            new.unlink()
        raise ContractError(f"{file}: it cannot be written: {error.strerror}") from None


def say(text: str) -> None:
    """Print a text, whatever characters the terminal has."""
    encoding = sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def tried(directory: Path, sprints: Sequence[int]) -> Trial:
    """Play the conversation of each sprint until one comes off, and say what came of it."""
    try:
        with copied(directory) as copy:
            return tried_copy(copy, directory, sprints)
    except ContractError as error:
        return Trial(f"It was not tried:\n{error}")


def tried_copy(copy: Path, directory: Path, sprints: Sequence[int]) -> Trial:
    """Build a copy of a submission, and play. Raises ContractError where it cannot be read."""
    contract = read_contract(copy)
    try:
        contract_of_copy(copy)
    except ContractError as error:
        return Trial(f"Tried, and it does not build:\n{error}".replace(str(copy), str(directory)))
    sprint, problems = played_in_turn(contract, sprints)
    sources = "\n".join(sources_in(copy).values())
    if sprint:
        words = f"Tried: people can talk as in sprint {ALIKE.get(sprint, sprint)}.\n{MORE}"
        return Trial(words, works=True, wanting=login_of(contract, sources) if sprint in LOGINS else {})
    words = in_words(problems, contract).replace(str(copy), str(directory))
    lines = wanting(contract, "\n".join(problems), sources) or first_of(contract, problems)
    return Trial(words, wanting=lines)


def wanting(contract: Contract, problems: str, sources: str) -> dict[str, str]:
    """Return the lines of a contract that the sources, and what was met, are seen to ask for."""
    found = LISTENS_ELSEWHERE.search(problems)
    if found and found[1] != str(contract.port):
        return {"port": found[1]}
    if LEFT.search(problems) and (word := next_word(contract.quit, words_for_leaving(sources))):
        return {"quit": f'"{word}"'}
    if login := login_of(contract, sources):
        return login
    is_asked = ASKS_A_PLACE.search(sources) and not (contract.login or contract.tells_places)
    return {"login": '["{place}"]'} if is_asked else {}


def first_of(contract: Contract, problems: dict[str, int]) -> dict[str, str]:
    """Return the line that lets the second speak first, where people can talk so: it is tried in this copy."""
    unheard = next((sprint for problem, sprint in problems.items() if UNHEARD.search(problem)), 0)
    if contract.first != 1 or unheard not in IN_TURN:
        return {}
    with (contract.directory / FILE_NAME).open("a") as file:
        file.write("first = 2\n")
    _entries, problem = played(unheard, contract, sandboxed=True)
    return {} if UNSEEN.search(problem) else {"first": "2"}


def words_for_leaving(sources: str) -> list[str]:
    """Return what may stand in sources as the word for leaving: usual ones, and others that end something."""
    compared = ["".join(found) for found in COMPARED.findall(sources)]
    return [*LEAVES.findall(sources), *(word for word in compared if word != QUIT_WORD)]


def next_word(tried_word: str, words: list[str]) -> str:
    """Return a word for leaving that was not tried yet; empty where there is none.

    `exit` comes last: in the course texts it is what a server says at its end.
    """
    in_turn = sorted(dict.fromkeys(words), key=lambda word: word == "exit")
    behind = in_turn.index(tried_word) + 1 if tried_word in in_turn else 0
    return next(iter(in_turn[behind:]), "")


def login_of(contract: Contract, sources: str) -> dict[str, str]:
    """Return the line that types a name, where a client asks for one: in the later sprints one is typed anyway."""
    return {"login": '["{name}"]'} if ASKS_A_NAME.search(sources) and not contract.login else {}


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
