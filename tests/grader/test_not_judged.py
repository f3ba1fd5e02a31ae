"""What must fail as another check did is not judged: no deadline is waited for again and again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.contract import read_contract, reference
from grader.formats import as_json, as_junit
from grader.journal import RECEIVED, SENT, SHOWN, TYPED, Entry
from grader.judge import Judge, Order
from grader.report import Setting, headline
from grader.verdicts import BLOCKED, FAILED, PASSED, SKIPPED, Case, Scene, Verdict
from tests.grader.programs import SILENT

CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
    for line in sys.stdin:
        server.sendall(line.encode())
"""


def scene(*entries: tuple[str, str, str], screens: dict[str, str] | None = None, error: str = "") -> Scene:
    programs = [{"name": name, "shown": {"screen": shown}} for name, shown in (screens or {}).items()]
    told = tuple(Entry(0.0, actor, act, data.encode()) for actor, act, data in entries)
    return Scene(error, told, tuple(programs))


@pytest.mark.parametrize(
    ("found", "is_mute"),
    [
        (scene(("alice", TYPED, "salut toi"), screens={"alice": "salut toi", "bob": "> "}), True),
        (scene(("alice", TYPED, "salut toi"), screens={"alice": "", "bob": "salut"}), False),
        (scene(("alice", TYPED, "salut"), ("alice", SHOWN, "salut")), True),
        (scene(("first", SENT, "salut"), ("second", RECEIVED, "rec")), True),
        (scene(("first", SENT, "salut"), ("second", RECEIVED, "salut")), False),
        (scene(("first", SENT, "salut"), error="expected: salut\n     got: 'salut\\x00'"), False),
        (scene(error="the server never listened"), False),
    ],
)
def test_a_scene_is_mute_when_no_word_reaches_anybody(found: Scene, is_mute: bool) -> None:
    assert found.is_mute() == is_mute


@pytest.mark.parametrize(
    ("shown", "ends_mute"),
    [("salut", True), ("salut bonsoir", False), ("", True)],
    ids=["not yet", "heard", "none"],
)
def test_a_scene_ends_mute_when_its_last_line_reaches_nobody(shown: str, ends_mute: bool) -> None:
    screens = {"alice": shown, "bob": "salut"}
    assert (
        scene(("alice", TYPED, "salut"), ("bob", TYPED, "bonsoir"), screens=screens).ends_mute() == ends_mute
    )


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., dict[str, Verdict]]:
    """Have a server, and a client that only sends, judged by some checks of sprint 1."""

    def judge(
        server: str, *only: str, client: str = CLIENT, jobs: int = 1, wire: str = "course"
    ) -> dict[str, Verdict]:
        (tmp_path / "server.py").write_text(server)
        (tmp_path / "client.py").write_text(client)
        (tmp_path / "messagerie.toml").write_text(
            'server = "python3 server.py {port}"\nclient = "python3 client.py {port}"\n'
            f'wire = "{wire}"\npatience = 1\n'
        )
        order = Order(sprint=1, contract=read_contract(tmp_path), only=only, jobs=jobs)
        return {verdict.id: verdict for verdict in Judge(order).verdicts_as_they_come()}

    return judge


def outcomes(verdicts: dict[str, Verdict]) -> list[str]:
    return [verdict.outcome for verdict in verdicts.values()]


def test_where_the_first_line_does_not_arrive_none_is_waited_for(
    judged: Callable[..., dict[str, Verdict]],
) -> None:
    verdicts = judged(SILENT, "s1-first-line", "s1-turns", "s1-fin", "s1-third")
    assert outcomes(verdicts) == [FAILED, BLOCKED, BLOCKED, FAILED]
    assert verdicts["s1-fin"].why_not() == "s1-first-line failed first"


ONE_WAY = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
(first, _), (second, _) = listener.accept(), listener.accept()
for line in first.makefile("rb"):
    second.sendall(line)
"""

HEARS = """
import socket, sys, threading
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def show():
    for line in server.makefile():
        print(line, end="", flush=True)
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin:
    server.sendall(line.encode())
"""


def test_where_no_answer_arrives_none_is_waited_for_again(
    judged: Callable[..., dict[str, Verdict]],
) -> None:
    verdicts = judged(ONE_WAY, "s1-first-line", "s1-answer", "s1-turns", "s1-fin", client=HEARS)
    assert outcomes(verdicts) == [PASSED, FAILED, BLOCKED, BLOCKED]
    assert verdicts["s1-fin"].why_not() == "s1-answer failed first"


def test_what_an_unknown_wire_forbids_is_skipped_whatever_fails(
    judged: Callable[..., dict[str, Verdict]],
) -> None:
    verdicts = judged(SILENT, "s1-first-line", "s1-turns", "s1-figures", wire="unknown")
    assert outcomes(verdicts) == [FAILED, BLOCKED, SKIPPED]


def test_a_server_that_never_starts_is_tried_twice(judged: Callable[..., dict[str, Verdict]]) -> None:
    verdicts = judged(
        "import nonsense", "s1-first-line", "s1-turns", "s1-third", "s1-shutdown", "s1-client-codes"
    )
    assert outcomes(verdicts) == [FAILED, FAILED, BLOCKED, BLOCKED, FAILED]  # the client needs no server
    assert verdicts["s1-third"].why_not() == "s1-first-line failed first"


def test_a_server_that_starts_sometimes_is_tried_each_time(
    judged: Callable[..., dict[str, Verdict]], tmp_path: Path
) -> None:
    mark = tmp_path / "once"
    once = f"import pathlib\npathlib.Path({str(mark)!r}).touch(exist_ok=False)\n" + SILENT
    verdicts = judged(once, "s1-shutdown", "s1-third", "s1-newcomer", "s1-held-lines")
    assert outcomes(verdicts) == [FAILED, FAILED, FAILED, FAILED]


@pytest.fixture
def blocked() -> Verdict:
    """A verdict on what was not judged."""
    case = Case("test_turns", BLOCKED, reason="s1-first-line failed first")
    return Verdict("s1-turns", 3, "subject", "swap", "Lines go to and fro.", "test_sprint1.py", [case])


def test_what_is_not_judged_gives_no_points_and_says_why(blocked: Verdict) -> None:
    assert (blocked.outcome, blocked.gained) == (BLOCKED, 0)
    assert headline(blocked).startswith("✗ s1-turns")
    assert headline(blocked).endswith("(not judged: s1-first-line failed first)")


def test_machines_are_told_too(blocked: Verdict) -> None:
    setting = Setting(1, "here", 1, reference("sprint1_turn_based"))
    passed = Verdict("s1-fin", 2, "subject", "", "", "test_sprint1.py", [Case("test_fin", PASSED)])
    told = json.loads(as_json([passed, blocked], setting, "none"))
    assert (told["points"], told["of"]) == (2, 5)
    assert told["checks"][1]["reason"] == "s1-first-line failed first"
    assert 'failures="1"' in as_junit([passed, blocked], setting)
