"""A cause is named where its traces are, and nowhere else: a wrong one is worse than none."""

from typing import Any

import pytest

from grader.diagnosis import diagnose
from grader.journal import CLOSED, CONNECTED, PRESSED, RECEIVED, SENT, SHOWN, SIGNALLED, STARTED, TYPED, Entry
from grader.verdicts import FAILED, Case, Scene


def entries(*steps: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(0.0, actor, act, "".join(data).encode()) for actor, act, *data in steps)


def program(name: str, **more: Any) -> dict[str, Any]:
    at_rest: dict[str, Any] = {"name": name, "code": None, "words": [], "shown": {}, "threads": []}
    return at_rest | {"unread": 0, "waiting": 0, "seconds": 0.0} | more


def missed(expected: str, got: str, *steps: tuple[str, ...], **server: Any) -> Scene:
    error = f"expected: {expected}\n     got: {got}"
    return Scene(error, entries(*steps), (program("server", **server),))


def cause(check: str, scene: Scene, case: str = "", tapped: Scene | None = None) -> str:
    played = Case(f"test[{case}]" if case else "test", FAILED, scene=scene, tapped=tapped or Scene())
    return diagnose(check, "fin", played)[0]


FIRST_GONE = (("first", CONNECTED), ("first", CLOSED), ("newcomer", CONNECTED))


def test_a_place_is_kept_from_one_who_waits() -> None:
    scene = missed("newcomer receives '1\\n'", "'' and nothing more in time", *FIRST_GONE, waiting=1)
    assert cause("s1-vanished", scene) == "place-never-freed"


def test_who_is_told_a_wrong_number_has_a_place() -> None:
    scene = missed("newcomer receives '1\\n'", "'2\\nemi\\n' and nothing more in time", *FIRST_GONE)
    assert cause("s1-newcomer", scene) == ""


@pytest.mark.parametrize(("waiting", "name"), [(0, ""), (1, "place-never-freed")])
def test_who_has_been_taken_in_and_misses_an_old_line_has_a_place(waiting: int, name: str) -> None:
    steps = (
        ("first", CONNECTED),
        ("first", SENT, "demolu\n"),
        ("first", CLOSED),
        ("second", CONNECTED),
    )
    scene = missed("second receives 'demolu\\n'", "'' and nothing more in time", *steps, waiting=waiting)
    assert cause("s2-empty-place", scene, "speaker leaves") == name


def after_the_end_of_input(times: int) -> tuple[Scene, Scene]:
    """Bob's input ends, and his client sends his last line so many times."""
    server, bob = program("server", seconds=2.0), program("bob", seconds=0.2)
    typed = (("bob", TYPED, "piluno"), ("bob", PRESSED, "Ctrl+D"))
    shown = [("alice", SHOWN, "< piluno")] * times
    error = "expected: bob ends\n     got: bob is still running"
    scene = Scene(error, entries(*typed, *shown), (server, program("alice"), bob))
    return scene, Scene(error, entries(*typed, *[("bob", SENT, "piluno\n")] * times))


@pytest.mark.parametrize(("times", "name"), [(5000, "client-loops"), (1, "busy")])
def test_a_server_that_a_client_keeps_at_work_is_not_the_one_that_asks_again(times: int, name: str) -> None:
    scene, tapped = after_the_end_of_input(times)
    assert cause("s2-leave", scene, "end of input", tapped) == name


@pytest.mark.parametrize(("who", "name"), [("server", "busy"), ("alice", "busy-client"), ("nobody", "")])
def test_who_uses_the_processor_while_nothing_happens_asks_again(who: str, name: str) -> None:
    error = f"expected: nobody uses the processor\n     got: {who} uses 98% of the processor"
    programs = (program("server", seconds=0.2), program("alice", seconds=3.0 if who == "alice" else 0.1))
    assert cause("s1-rest", Scene(error, (), programs)) == name


@pytest.mark.parametrize(("stands", "name"), [("does not listen", "port-not-bound"), ("listens", "")])
def test_a_second_server_that_goes_on_elsewhere_has_not_looked_at_bind(stands: str, name: str) -> None:
    scene = missed("a second server ends", f"it is still running, and {stands} on port 4444")
    assert cause("s1-port-taken", scene) == name


def test_a_piece_that_was_sent_by_itself_shows_that_lines_are_cut() -> None:
    sent = (("peer1", SENT, "h"), ("peer1", SENT, "éé lopina\r\n"))
    scene = missed("peer2 receives 'héé lopina\\n'", "'h\\néé lopina\\n' and nothing more in time", *sent)
    assert cause("s3-framing", scene, "cut") == "no-framing-cut"


def test_a_line_that_came_in_one_piece_was_not_cut_by_the_network() -> None:
    sent = ("peer1", SENT, "\n" * 197 + "...")
    scene = missed("peer2 receives 'a\\u2028b\\n'", "'a\\n' and nothing more in time", sent)
    assert cause("s3-framing", scene, "empty") == ""


def test_a_line_that_is_too_short_was_not_cut_by_the_network() -> None:
    sent = ("peer1", SENT, "x" * 200 + "...")
    got = f"'{'x' * 1000}\\n{'x' * 1000}\\n' and nothing more in time"
    assert cause("s3-framing", missed(f"peer2 receives '{'x' * 2047}\\n'", got, sent), "longest") == ""


@pytest.mark.parametrize(
    ("got", "name"),
    [
        ("'povelu gitamaleneno\\n' and nothing more in time", "no-framing-joined"),
        ("'' and nothing more in time", "no-framing-joined"),
        ("'leneno\\npovelu gitama\\n' and nothing more in time", ""),
        ("'' and then the end of the connection", ""),
    ],
    ids=["run together", "the first only", "swapped", "hung up on"],
)
def test_lines_are_joined_where_they_are_seen_to_be(got: str, name: str) -> None:
    scene = missed("peer2 receives 'povelu gitama\\n'", got, ("peer1", SENT, "povelu gitama\nleneno\n"))
    assert cause("s3-framing", scene, "joined") == name


@pytest.mark.parametrize(
    ("came", "name"),
    [("again\\nagain\\nagain\\nag", "client-loops"), ("again\\n", ""), ("again\\nonce more\\nagain\\n", "")],
    ids=["for ever", "once", "by turns"],
)
def test_a_client_that_says_the_same_again_and_again_loops(came: str, name: str) -> None:
    scene = missed("server receives 'fin\\n'", f"'{came}'", ("alice", TYPED, "again"))
    assert cause("s2-client-input", scene) == name


@pytest.mark.parametrize(
    ("line", "name"), [("fin ", "prefix-is-fin"), ("finir", "prefix-is-fin"), ("FIN", "")]
)
def test_a_line_that_begins_with_the_word_and_is_lost_was_taken_for_it(line: str, name: str) -> None:
    scene = missed(
        f"second receives '{line}\\n'", "'' and nothing more in time", ("first", SENT, f"{line}\n")
    )
    assert cause("s1-exit-word", scene, "fin\\n") == name


TRACEBACK = ["Traceback (most recent call last):", '  File "server.py", line 3, in <module>']


def ended(words: list[str], code: int) -> Scene:
    return missed("the server goes on", "it ended", ("server", STARTED), words=words, code=code)


def test_a_python_program_dies_of_an_exception() -> None:
    assert cause("s1-fin", ended([*TRACEBACK, "KeyError: 3"], 1)) == "exception"


def test_at_a_terminal_the_last_words_stand_on_the_screen() -> None:
    screen = "\n".join([*TRACEBACK, "KeyError: 3"])
    alice = program("alice", code=1, shown={"screen": screen})
    scene = Scene("expected: alice sees 'a'\n     got: ''", (), (program("server"), alice))
    assert cause("s1-fin", scene) == "exception"


@pytest.mark.parametrize("code", [-2, 1, 130])
def test_a_python_program_that_was_interrupted_has_not_crashed(code: int) -> None:
    words = [*TRACEBACK, "    time.sleep(1)", "KeyboardInterrupt"]
    scene = ended(words, code)
    interrupted = Scene(scene.error, entries(("server", SIGNALLED, "SIGINT")), scene.programs)
    assert cause("s1-server-end", interrupted) == ""


def test_a_program_that_a_fault_has_killed_has_crashed() -> None:
    assert cause("s1-fin", ended(["munmap_chunk(): invalid pointer"], -6)) == "crash"


def test_who_has_received_anything_has_a_place() -> None:
    steps = (*FIRST_GONE, ("newcomer", RECEIVED, "1\n"))
    scene = missed("newcomer receives 'emi\\n'", "'' and nothing more in time", *steps, waiting=1)
    assert cause("s1-newcomer", scene) == ""
