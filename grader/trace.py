"""`messagerie trace SPRINT DIR`: plays a conversation with a submission's programs and leaves what was seen of it.

trace.svg, for a page; trace.md, the same as Mermaid text; trace.jsonl, all that happened, a line each, with its time
in seconds, its bytes (as the characters of the same numbers) and the same in words. The programs run in the sandbox;
what they do comes back through a pipe that they do not have. What people say stands in talks.py.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.actors import Client, Server
from grader.arrivals import come, log_in
from grader.contract import HOST, REPOSITORY, Contract, ContractError, read_contract
from grader.diagram import TerminalDiagram, mermaid
from grader.front import wiretap_before
from grader.journal import SENT, Entry, entry_of, value_of
from grader.launch import plain_environment
from grader.listening import as_told
from grader.messages import spell_message
from grader.network import add_address, demand
from grader.ports import free_port
from grader.sandbox import is_available, wrapped
from grader.stage import Stage
from grader.standstill import posture
from grader.submission import contract_of_copy, copied
from grader.talks import TALKS, Talk
from grader.unseen import Unseen
from grader.wiretap import Wiretap

WIDTH = 110

UNHEARD = (
    ";\nwhat crosses the wire is not in them: that needs a server that listens on all addresses (INADDR_ANY), or one "
    "that can be told a port"
)
"""What is said where no wiretap could be put."""

PLAYED, NOT_AS_IT_SHOULD, NOT_PLAYED = 0, 1, 2
"""Exit codes."""


def trace(arguments: argparse.Namespace) -> int:
    """Play, and write the three files; return the exit code."""
    try:
        with copied(arguments.directory) as copy:
            contract = contract_of_copy(copy).in_sprint(arguments.sprint)
            entries, problem = played(arguments.sprint, contract, sandboxed=not arguments.no_sandbox)
            problem = problem.replace(str(copy), str(arguments.directory))
    except ContractError as error:
        print(error, file=sys.stderr)
        return NOT_PLAYED
    first, *others = TALKS[arguments.sprint].names
    write_files(arguments.output, entries, [first, "server", *others])
    written = f"trace.svg, trace.md and trace.jsonl are in {arguments.output}"
    if not problem and not any(entry.peer for entry in entries):
        written += UNHEARD
    print(f"{problem}\n{written}, up to there" if problem else written)
    return NOT_AS_IT_SHOULD if problem else PLAYED


def played(sprint: int, contract: Contract, *, sandboxed: bool) -> tuple[list[Entry], str]:
    """Let another process play, in the sandbox; return what happened, and what did not."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "grader.trace", str(sprint), str(contract.directory), str(writer)]
    if not (sandboxed and is_available()):
        demand(contract.address)
    else:
        command += [contract.address] * (contract.address != HOST)
        command = wrapped(command, contract.directory, contract.address)
    with subprocess.Popen(command, cwd=REPOSITORY, env=plain_environment(), pass_fds=(writer,)):
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as lines:
            said = [json.loads(line) for line in lines]
    problems = [each["problem"] for each in said if "problem" in each]
    entries = [entry_of(each) for each in said if "actor" in each]
    return entries, problems[0] if problems else "the conversation was not played to its end"


def write_files(directory: Path, entries: list[Entry], actors: list[str]) -> None:
    """Write the three files."""
    directory.mkdir(parents=True, exist_ok=True)
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), highlight=False)  # noqa: SIM115 - its own
    diagram = TerminalDiagram(actors, WIDTH)
    for row in (diagram.head(), *filter(None, map(diagram.row, entries))):
        console.print(Text(row))
    console.file.close()
    (directory / "trace.svg").write_text(console.export_svg(title="messagerie trace"))
    (directory / "trace.md").write_text(f"```mermaid\n{mermaid(entries, actors)}```\n")
    values = (value_of(entry) | {"text": in_words(entry)} for entry in entries)
    lines = (json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    (directory / "trace.jsonl").write_text("".join(lines), encoding="utf-8")


def in_words(entry: Entry) -> str:
    """Return what an entry carries for a person to read; the header of a binary message in words, too."""
    return (entry.act == SENT and spell_message(entry.data)) or entry.text


def play(stage: Stage, contract: Contract, talk: Talk) -> None:
    """Let people come and speak; one leaves. Raises Unseen."""
    contract = contract.with_login(talk.login)
    port = contract.port or free_port()
    server = Server(stage, contract.server_command(port), port, contract.directory, contract.address)
    tap = wiretap_before(stage, server, contract, talk.make_cutter)
    leaver = talk.play(arrivals(stage, contract, server, tap, talk.names), contract)
    leaver.types(contract.quit)
    leaver.ends()


def arrivals(
    stage: Stage, contract: Contract, server: Server, tap: Wiretap | None, names: tuple[str, ...]
) -> Iterator[Client]:
    """Bring people, each once the one before is connected."""
    places = count(1)

    def start(name: str, port: int, host: str, actor: type[Client]) -> Client:
        place, told = next(places), as_told(stage, port)
        client = actor(stage, name, contract.client_command(host, told, place, name), contract.directory)
        client.types(*contract.login_lines(name, host, told, place))
        return client

    for name in names:
        client = come(name, Client, server, tap, start)
        if contract.logs_in:
            log_in(client, server)
        yield client


def main() -> None:
    """Play, inside the sandbox, and tell it through the pipe."""
    sprint, directory, writer = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    os.set_inheritable(writer, False)
    for address in sys.argv[4:]:
        add_address(address)
    with os.fdopen(writer, "w", encoding="utf-8") as results, Stage(posture=posture) as stage:
        problem = ""
        try:
            play(stage, read_contract(directory).in_sprint(sprint), TALKS[sprint])
        except (Unseen, AssertionError, OSError) as error:  # OSError: there is no such program
            problem = str(error).strip().rpartition("\n\n")[2]
        for entry in stage.journal.entries:
            results.write(json.dumps(value_of(entry)) + "\n")
        results.write(json.dumps({"problem": problem}) + "\n")


if __name__ == "__main__":
    main()
