"""A program that prints or sends for ever fills neither the journal nor a report; its check is told as any other."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from grader import judge, peers
from grader.actors import Client, PipedClient
from grader.contract import Contract
from grader.formats import as_json
from grader.journal import PRESSED, SENT, SHOWN, SIGNALLED, TYPED, Journal
from grader.judge import Judge, Order
from grader.peers import Impostor
from grader.program import Program
from grader.report import Setting, failure_report
from grader.stage import START_SECONDS, Stage
from grader.submission import contract_of_copy
from grader.verdicts import FAILED, Case, Scene, Verdict

LINES = 50_000

MOST_ENTRIES = 5_000

MOST_REPORTED = 300

SECONDS = 30.0
"""Against hanging only."""

CONTRACT = Contract(Path("/copy"), "./server {port}", "./client {host} {port}").in_sprint(3)

SETTING = Setting(3, "work", 7, CONTRACT)


def endless() -> Journal:
    """A room in which one sends for ever after the end of his input, and two others see it, in turn."""
    journal = Journal()
    journal.write("bob", TYPED, "salut")
    journal.write("bob", PRESSED, "Ctrl+D")
    for number in range(LINES):
        journal.write("bob", SENT, f"salut {number}\n", "server")
        for hearer in ("alice", "carol"):
            journal.write("server", SENT, f"salut {number}\n", hearer)
            journal.write(hearer, SHOWN, f"salut {number}")
    return journal


def test_of_what_goes_on_for_ever_the_beginning_is_kept_and_the_size_of_all() -> None:
    entries = endless().entries
    assert len(entries) <= MOST_ENTRIES + 2
    sent = [entry for entry in entries if entry.actor == "bob" and entry.act == SENT]
    assert sum(1 + entry.more for entry in sent) == LINES
    assert sum(entry.size for entry in sent) == sum(len(f"salut {number}\n") for number in range(LINES))


def test_lines_that_are_long_are_fewer() -> None:
    journal = Journal()
    for _ in range(100):
        journal.write("alice", SHOWN, "x" * 100_000)
    assert sum(len(entry.data) for entry in journal.entries) < 1_000_000
    assert sum(entry.size for entry in journal.entries) == 10_000_000


def test_after_something_that_the_check_does_all_is_kept_again() -> None:
    journal = endless()
    journal.write("server", SIGNALLED, "SIGINT")
    journal.write("alice", SHOWN, "the end")
    assert [entry.text for entry in journal.entries[-2:]] == ["SIGINT", "the end"]


def test_what_the_check_itself_does_is_kept_however_often() -> None:
    journal = Journal()
    for number in range(MOST_ENTRIES):
        journal.write("peer1", SENT, f"{number}\n")
    assert len(journal.entries) == MOST_ENTRIES


def failed() -> Verdict:
    """A check that has failed in that room."""
    entries = tuple(endless().entries)
    bob: dict[str, Any] = {
        "name": "bob",
        "code": None,
        "how": "is still running",
        "words": [],
        "shown": {"screen": ""},
    }
    bob |= {"threads": ["runs"], "titles": ["thread 1"], "unread": 0, "waiting": 0, "seconds": 1.0}
    people = tuple(bob | {"name": name} for name in ("bob", "alice", "carol"))
    scene = Scene("expected: bob ends\n     got: bob is still running", entries, people)
    case = Case("test_leave[end of input]", FAILED, scene=scene, tapped=scene)
    return Verdict("s3-leave", 2, "robust", "Read 0.", "The others go on.", "test_sprint3.py", [case])


def test_the_report_can_be_read_and_tells_how_it_began() -> None:
    told = failure_report(failed(), SETTING)
    assert told.count("\n") < MOST_REPORTED
    assert "bob presses Ctrl+D" in told
    assert "more like these" in told.partition("on the wire, played again")[2]
    assert "cause:    client-loops" in told


def test_the_report_for_machines_is_as_short() -> None:
    steps = json.loads(as_json([failed()], SETTING, "none"))["checks"][0]["failure"]["steps"]
    assert steps[:2] == ["bob types salut", "bob presses Ctrl+D"]
    assert len(steps) < MOST_REPORTED


@pytest.mark.parametrize("actor", [Client, PipedClient])
def test_a_program_that_prints_for_ever_is_waited_for_as_any_other(actor: type[Client]) -> None:
    with Stage(patience=0.5) as stage:
        client = actor(stage, "alice", ["yes"])
        with pytest.raises(AssertionError, match="alice ends"):
            client.ends()
        assert stage.wait_until(lambda: counted(stage) > 10 * len(stage.journal.entries), SECONDS)


def counted(stage: Stage) -> int:
    """Return how much has happened on a stage, with what is not kept."""
    return sum(1 + entry.more for entry in stage.journal.entries)


SENDS_FOR_EVER = """
import socket, sys
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    server.sendall(b"x" * 65536)
"""


def test_a_program_that_sends_for_ever_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "MOST_UNREAD_BYTES", 1 << 20)
    with Stage(START_SECONDS) as stage:
        impostor = Impostor(stage)
        command = [sys.executable, "-c", SENDS_FOR_EVER, str(impostor.port)]
        Program(stage, "alice", command, terminal=False)
        server = impostor.accepts()
        stage.patience = 0.5
        with pytest.raises(AssertionError, match="server receives a line") as missing:
            server.receives_line()
        assert len(server.unread) < 2 << 20
        assert len(str(missing.value)) < 10_000


SLOW_SERVER = """
import socket, sys, time
kept = socket.create_server(("", int(sys.argv[1])))
while True:
    time.sleep(0.01)
"""
"""Does nothing, and never comes to rest: it may always do something soon."""

PATIENT_CLIENT = "import sys\nfor line in sys.stdin:\n    print('said', line, flush=True)\n"


def test_a_case_that_takes_too_long_tells_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "SCENES_SECONDS", 2.0)
    (tmp_path / "server.py").write_text(SLOW_SERVER)
    (tmp_path / "client.py").write_text(
        "import socket, sys\nserver = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        + PATIENT_CLIENT
    )
    python = shlex.quote(sys.executable)
    (tmp_path / "messagerie.toml").write_text(
        f'server = "{python} server.py {{port}}"\nclient = "{python} client.py {{host}} {{port}}"\npatience = 60\n'
    )
    order = Order(sprint=3, contract=contract_of_copy(tmp_path), only=("s3-leave",), jobs=1)
    scene = next(Judge(order).verdicts_as_they_come()).failure().scene
    assert "its scene takes too long" in scene.error
    assert any(entry.act == TYPED for entry in scene.entries)
    assert {"server", "alice", "bob"} <= {each["name"] for each in scene.programs}
