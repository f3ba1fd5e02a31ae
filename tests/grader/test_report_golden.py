"""What a student reads when a check has failed, word for word: the same scene gives the same report."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.contract import COURSE, Contract
from grader.journal import CONNECTED, ENDED, NETWORK, RECEIVED, SENT, SHOWN, STARTED, TYPED, Entry
from grader.report import Setting, compared, failure_report, headline, stand, steps
from grader.verdicts import FAILED, PASSED, Case, Scene, Verdict

CONTRACT = Contract(Path("/copy"), "./server {port}", "./client {host} {port}").in_sprint(2)

SETTING = Setting(2, "my work", 7, CONTRACT)

ON_LINES = Setting(2, "work", 7, replace(CONTRACT, wire=COURSE))


def entries(*steps: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(0.0, actor, act, "".join(data).encode()) for actor, act, *data in steps)


def crossing(*steps: tuple[str, str, bytes, str]) -> tuple[Entry, ...]:
    return tuple(Entry(0.0, *step) for step in steps)


def program(name: str, **more: Any) -> dict[str, Any]:
    at_rest: dict[str, Any] = {
        "name": name,
        "code": None,
        "how": "is still running",
        "words": [],
        "shown": {"stdout" if name == "server" else "screen": ""},
        "threads": [],
        "titles": ["thread 1"] * len(more.get("threads", [])),
        "unread": 0,
        "waiting": 0,
        "seconds": 0.0,
    }
    return at_rest | more


def failed(check: str, hint: str, case: Case) -> Verdict:
    return Verdict(check, 2, "robust", hint, "What one says, the other sees.", "test_sprint2.py", [case])


def missing_line() -> tuple[Verdict, Setting]:
    """A client that has been sent a line and does not show it."""
    scene = Scene(
        "expected: bob sees 'bonjour'\n     got: '' and then: that did not come in time",
        entries(("server", STARTED), ("alice", STARTED), ("bob", STARTED), ("alice", TYPED, "bonjour")),
        (
            program("server", threads=["waits in recv on the connection 4444 - 50001"]),
            program("alice"),
            program("bob", threads=["waits in read on its keyboard"], unread=8),
        ),
    )
    tapped = Scene(
        scene.error,
        crossing(
            ("alice", CONNECTED, b"", "server"),
            ("bob", CONNECTED, b"", "server"),
            ("alice", SENT, b"bonjour\x00", "server"),
            ("server", SENT, b"bonjour\x00", "bob"),
        ),
    )
    case = Case("tests/e2e/test_sprint2.py::test_either_first[alice]", FAILED, scene=scene, tapped=tapped)
    return failed("s2-either-first", "Read both.", case), SETTING


def wrong_bytes() -> tuple[Verdict, Setting]:
    """A line on the wire that begins well."""
    scene = Scene(
        "expected: bob receives 'bonjour\\n'\n     got: 'bonsoir\\n'",
        entries(("server", STARTED), ("alice", SENT, "bonjour\n"), ("bob", RECEIVED, "bonsoir\n")),
        (program("server"),),
    )
    case = Case("tests/e2e/test_sprint2.py::test_framing", FAILED, scene=scene)
    return failed("s2-framing", "Relay it as it came.", case), ON_LINES


def crash() -> tuple[Verdict, Setting]:
    """A server that dies on a message cut in two; played again, it does not."""
    scene = Scene(
        "expected: bob sees 'bonjour'\n     got: '' and then: that did not come in time",
        (
            *entries(("alice", TYPED, "bonjour")),
            Entry(0.0, NETWORK, "lets through 3 bytes of alice"),
            *entries(("bob", SHOWN, "le serveur est parti"), ("bob", ENDED, "ended with exit code 1")),
        ),
        (
            program("server", code=-11, how="was killed by SIGSEGV", words=["length 1819043176"]),
            program("bob", code=1, how="ended with exit code 1"),
        ),
    )
    tapped = Scene(outcome=PASSED)
    case = Case("tests/e2e/test_sprint2.py::test_cut[to the server]", FAILED, scene=scene, tapped=tapped)
    return failed("s2-cut", "Read on until it is whole.", case), SETTING


MISSING_LINE = """\
✗ s2-either-first         0/2  robust   What one says, the other sees.
  case:     alice

  what happened:
      1. server starts
      2. alice starts
      3. bob starts
      4. alice types bonjour

  alice's terminal:
    ⌨ bonjour

  on the wire, played again:
                  alice                            server                            bob
                    │╌╌╌╌╌╌╌╌╌╌ connects ╌╌╌╌╌╌╌╌╌╌╌▶│                                │
                    │                                │◀╌╌╌╌╌╌╌╌╌╌ connects ╌╌╌╌╌╌╌╌╌╌╌│
                    │───────── bonjour\\x00 ─────────▶│                                │
                    │                                │───────── bonjour\\x00 ─────────▶│
                    │                                │·········· ✗ bonjour ··········▶│

  expected: bob sees 'bonjour'
  got:      '' and then: that did not come in time

  how the programs stood:
    server is still running
        thread 1: waits in recv on the connection 4444 - 50001
    alice is still running
    bob is still running, 8 bytes unread
        thread 1: waits in read on its keyboard

  cause:    waits-for-keyboard. The text has reached the client, and it does not read it: it waits for its keyboard. \
Listen to both, with poll, or with a thread that receives for as long as the client runs; or, where one speaks in \
turn, let it now listen.
  hint:     Read both.
  repeat:   messagerie check 2 'my work' --only s2-either-first --seed 7
"""

WRONG_BYTES = """\
✗ s2-framing              0/2  robust   What one says, the other sees.

  what happened:
      1. server starts
      2. alice sends bonjour\\n
      3. bob receives bonsoir\\n

  expected: bob receives 'bonjour\\n'
  got:      'bonsoir\\n'
            the first 3 characters are right; then 'jour\\n'
            should come, and 'soir\\n' came

  how the programs stood:
    server is still running

  hint:     Relay it as it came.
  repeat:   messagerie check 2 work --only s2-framing --seed 7
  by hand:  nc 127.0.0.1 PORT for each actor, and the steps above (server: ./server {port})
"""

CRASH = """\
✗ s2-cut                  0/2  robust   What one says, the other sees.
  case:     to the server

  what happened:
      1. alice types bonjour
      2. network lets through 3 bytes of alice
      3. bob sees le serveur est parti
      4. bob ended with exit code 1

  bob's terminal:
    ▐ le serveur est parti

  expected: bob sees 'bonjour'
  got:      '' and then: that did not come in time
  again:    played a second time, through a wiretap, it passed: it depends on who is faster

  how the programs stood:
    server was killed by SIGSEGV
        | length 1819043176
    bob ended with exit code 1

  cause:    crash. A program died of a fault of its own. Compile with -g -fsanitize=address, or run it in gdb, \
and play the steps again: that tells where.
  hint:     Read on until it is whole.
  repeat:   messagerie check 2 'my work' --only s2-cut --seed 7
"""


@pytest.mark.parametrize(
    ("scene", "report"), [(missing_line, MISSING_LINE), (wrong_bytes, WRONG_BYTES), (crash, CRASH)]
)
def test_a_report_is_a_function_of_the_scene(scene: Any, report: str) -> None:
    verdict, setting = scene()
    assert f"{headline(verdict)}\n{failure_report(verdict, setting)}\n" == report


def test_a_program_names_its_files_where_its_author_has_them() -> None:
    verdict, setting = crash()
    verdict.cases[0].scene.programs[0]["words"].append('File "/copy/server.py", line 3')
    assert '| File "my work/server.py", line 3' in failure_report(verdict, setting)


def test_the_grader_is_called_as_its_user_has_called_it() -> None:
    verdict, setting = crash()
    called = replace(setting, program=".venv/bin/messagerie")
    assert "repeat:   .venv/bin/messagerie check 2 'my work' --only" in failure_report(verdict, called)


@pytest.mark.parametrize(
    ("expected", "is_otherwise"),
    [
        ("bob sees 'salut'", False),
        ("bob connects to port 4445", True),
        ("alice sees 'bonjour'", True),
    ],
    ids=["other words", "somewhere else", "somebody else"],
)
def test_a_second_play_that_fails_at_something_else_is_told_as_such(
    expected: str, is_otherwise: bool
) -> None:
    verdict, setting = missing_line()
    case = verdict.cases[0]
    case.tapped = replace(case.tapped, error=f"expected: {expected}\n     got: ''")
    report = failure_report(verdict, setting)
    assert (
        f"on the wire, played again, where something else was missed: {expected}:" in report
    ) == is_otherwise
    assert ("· ✗ " in report) != is_otherwise


def test_nobody_is_told_to_type_binary_messages_by_hand() -> None:
    verdict, setting = wrong_bytes()
    assert "by hand:" in failure_report(verdict, setting)
    assert "by hand:" not in failure_report(verdict, replace(setting, sprint=6))


def test_an_empty_screen_is_told_as_such_and_the_scene_once() -> None:
    error = "1. alice starts\n\nexpected: alice sees 'bonjour'\n     got: \n     and: server is still running"
    assert list(compared(Scene(error), "A statement.")) == ["expected: alice sees 'bonjour'", "got:      "]


def test_a_failure_that_tells_no_more_is_told_whole() -> None:
    told = ["expected: A statement.", "got:      alice sees two messages as one"]
    assert list(compared(Scene("alice sees two messages as one"), "A statement.")) == told


@pytest.mark.parametrize("came", [(), ("alice",)], ids=["nobody", "somebody"])
def test_no_hint_where_there_was_no_server_to_come_to(came: tuple[str, ...]) -> None:
    steps = entries(("server", STARTED), *((name, STARTED) for name in came))
    error = "the server never listened: server ended with exit code 0"
    case = Case("test", FAILED, scene=Scene(error, steps, (program("server", code=0),)))
    report = failure_report(failed("s2-crossing", "Relay it.", case), SETTING)
    assert ("Relay it." in report) == bool(came)


@pytest.mark.parametrize(("listens", "said"), [(False, True), (True, False)])
def test_a_server_that_listens_no_longer_is_told_as_such(listens: bool, said: bool) -> None:
    stands = stand(program("server", listens=listens))
    assert ("does not listen" in stands[0]) == said


def test_one_byte_is_one_byte() -> None:
    assert stand(program("bob", unread=1)) == ["bob is still running, 1 byte unread"]


def test_a_step_tells_the_text_in_a_buffer_and_how_much_there_is_besides() -> None:
    scene = Scene(entries=crossing(("alice", SENT, b"becofa\x00\xc5OW\x7f" + bytes(245), "server")))
    assert steps(scene) == ["  1. alice sends becofa + 249 bytes (server)"]


@pytest.mark.parametrize(
    ("wanted", "got", "told"),
    [
        (r"a\u2028b\n", r"a\n", ("character is", r"\u2028b\n", r"\n")),
        (r"a\x1bb\n", r"a\x1cb\n", ("character is", r"\x1bb\n", r"\x1cb\n")),
        (r"\tab\n", r"\tac\n", ("2 characters are", r"b\n", r"c\n")),
    ],
)
def test_an_escape_is_one_character(wanted: str, got: str, told: tuple[str, str, str]) -> None:
    scene = Scene(f"expected: bob receives '{wanted}'\n     got: '{got}' and then: that did not come in time")
    right, should, came = told
    assert list(compared(scene, ""))[2:] == [
        f"          the first {right} right; then '{should}'",
        f"          should come, and '{came}' came",
    ]


def test_what_dies_of_writing_and_not_through_a_wiretap_depends_on_nobodys_speed() -> None:
    verdict, setting = crash()
    verdict.cases[0].scene.programs[0]["code"] = -signal.SIGPIPE
    report = failure_report(verdict, setting)
    assert "it passed: there the wiretap takes what is written to who has gone" in report
    assert "who is faster" not in report
    fixed = replace(setting, contract=replace(setting.contract, port=4444))
    assert "a second time it passed: it depends on who is faster" in failure_report(verdict, fixed)
