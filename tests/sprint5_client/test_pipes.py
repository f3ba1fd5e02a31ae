"""The client between two pipes: plain lines, flushed, and exit codes that programs can rely on."""

import signal
import socket

import pytest

from grader.peers import Impostor
from grader.ports import free_port
from grader.program import can_write
from grader.stage import Stage
from tests.common.children import child, outcome
from tests.sprint5_client.conftest import AtPipe
from tests.sprint5_client.people import CLIENT

MODULE = CLIENT[-1]


def test_lines_go_out_and_come_in_at_any_moment(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("alice", "bonjour é 😃")
    server.receives("USER alice", "MSG bonjour é 😃")
    server.says("MSG bob salut", "MSG carol MSG bob non")
    alice.sees("bob: salut\n", "carol: MSG bob non\n")
    alice.types("et toi ?")
    server.receives("MSG et toi ?")
    server.closes()
    alice.ends(1)
    assert alice.complaints == ["error: server lost: it closed the connection"]
    assert alice.printed[1:] == ["bob: salut", "carol: MSG bob non"]


def test_no_escape_sequence_is_printed_whatever_arrives(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    server.sends(
        b"MSG bob \x1b[2J\x9b\xff\t\r\nMSG b\x07b \xe2\x80\xae\nERR x\x1b[m y\n\x1b[H\nMSG bob fini\n"
    )
    alice.sees("fini")
    shown = [r"bob: \x1b[2J\x9b\xff\x09", r"b\x07b: \u202e", r"* refused: y (x\x1b[m)"]
    assert alice.printed[1:] == [*shown, r"* the server says: \x1b[H", "bob: fini"]
    assert b"\x1b" not in alice.shown()


def test_all_that_was_typed_is_delivered_before_it_leaves(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("alice", *(f"line {number}" for number in range(1000)))
    alice.program.types(b"without LF")
    alice.ends_input()
    server.receives("USER alice", *(f"MSG line {number}" for number in range(1000)), "MSG without LF")
    server.is_hung_up_on()
    server.closes()
    alice.ends(0)


def test_who_types_faster_than_the_server_reads_waits_and_loses_nothing(
    at_pipe: AtPipe, stage: Stage
) -> None:
    alice, server = at_pipe()
    server.stops_reading()
    keys = memoryview(b"alice\n" + b"".join(b"%d %s\n" % (number, b"x" * 2000) for number in range(8000)))
    typed = 0
    while stage.wait_for_outside(lambda: can_write(alice.program._keyboard), 1.0):
        typed += alice.program._press(keys[typed:])
    assert typed < len(keys)  # it has stopped reading, and remembers no more than the system holds
    server.reads()
    alice.program.types(keys[typed:].tobytes())
    alice.ends_input()
    wanted = b"USER alice\n" + b"".join(b"MSG %d %s\n" % (number, b"x" * 2000) for number in range(8000))
    assert stage.wait_until(lambda: len(server.unread) >= len(wanted))
    assert server.unread == wanted
    server.closes()
    alice.ends(0)


def test_a_flood_both_ways_stops_neither(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("alice")
    server.receives("USER alice")
    for number in range(100):
        server.says(*(f"MSG bob {number} {'y' * 1000}" for _ in range(20)))
        alice.types(*(f"{number} {'x' * 1000}" for _ in range(20)))
    alice.types("fini")
    server.says("MSG bob fini")
    alice.sees("bob: fini\n")
    for number in range(100):
        server.receives(*(f"MSG {number} {'x' * 1000}" for _ in range(20)))
    server.receives("MSG fini")
    assert len(alice.printed) == 1 + 2000 + 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"x" * 2044, "longer than 2048 bytes"),
        (b"x" * 100_000, "no line feed in 65536 bytes"),
        (b"\xff", "not UTF-8"),
        (b"a\x1bb", r"control character U\+001B"),
        (b"a\rMSG b", r"control character U\+000D"),
        (b"/nope", r"there is no command /nope \(see /help\)"),
    ],
)
def test_what_cannot_be_sent_is_told_and_the_next_line_works(at_pipe: AtPipe, line: bytes, why: str) -> None:
    alice, server = at_pipe()
    alice.types("alice")
    alice.program.types(line + b"\n")
    alice.complains(f"^not sent: {why}$")
    alice.types("good", "//slash")
    server.receives("USER alice", "MSG good", "MSG /slash")


def test_commands_and_words_that_only_look_like_them(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("/help", "alice", "exit", "fin", "", "/quit", "never said")
    alice.sees("* /quit      leave")
    server.receives("USER alice", "MSG exit", "MSG fin")
    server.is_hung_up_on()
    server.closes()
    alice.ends(0)


def test_a_refused_name_is_asked_for_again(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("serveur")
    server.receives("USER serveur")
    server.says("ERR name-reserved this name is reserved")
    alice.sees("* name refused: this name is reserved (name-reserved)\n")
    alice.types("alice", "salut")
    server.receives("USER alice", "MSG salut")


def test_a_refused_name_and_no_other_is_a_failure(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.types("serveur", "salut")
    alice.ends_input()
    server.receives("USER serveur", "MSG salut")
    server.says("ERR name-reserved this name is reserved", "ERR not-named USER and a name come before MSG")
    server.closes()
    alice.ends(1)
    assert alice.complaints == ["error: name refused: this name is reserved"]


@pytest.mark.parametrize(
    ("line", "code", "last_words"),
    [
        ("ERR exit the server ends", 0, []),
        ("ERR server-full 100 clients are here", 1, ["error: server full: 100 clients are here"]),
    ],
)
def test_the_server_ends_the_conversation(
    at_pipe: AtPipe, line: str, code: int, last_words: list[str]
) -> None:
    alice, server = at_pipe("--reconnect")
    server.says("MSG bob fini", line, "MSG bob never shown")
    server.closes()
    alice.ends(code)
    assert alice.complaints == last_words
    assert alice.printed[1:2] == ["bob: fini"]
    assert "never" not in alice.shown().decode()


def test_a_line_without_end_is_a_lost_server(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    server.sends(b"MSG bob " + b"x" * 70_000)
    alice.ends(1)
    assert alice.complaints == ["error: server lost: no line feed in 65536 bytes"]


def test_very_long_lines_are_shown_whole(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    server.says("MSG bob " + "é" * 30_000)
    alice.sees("bob: " + "é" * 30_000 + "\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_politely(at_pipe: AtPipe, number: int, code: int) -> None:
    alice, server = at_pipe()
    alice.types("alice", "salut")
    server.receives("USER alice", "MSG salut")
    server.says("MSG bob unread")
    alice.program.signal(number)
    server.is_hung_up_on()
    assert not server.was_reset
    server.closes()
    alice.ends(code)
    assert alice.complaints == []


def test_no_input_at_all_is_a_normal_end(at_pipe: AtPipe) -> None:
    alice, server = at_pipe()
    alice.ends_input()
    server.is_hung_up_on()
    server.closes()
    alice.ends(0)


def test_a_lost_server_is_found_again_and_no_line_is_lost_meanwhile(
    at_pipe: AtPipe, impostor: Impostor
) -> None:
    alice, server = at_pipe("--reconnect")
    alice.types("alice", "un")
    server.receives("USER alice", "MSG un")
    server.resets()
    alice.sees("* server lost: it closed the connection\n", "* next try in 0.5 s\n")
    alice.types("deux")
    server = impostor.accepts()
    server.receives("USER alice", "MSG deux")
    alice.sees("* connected to")
    server.says("MSG bob trois")
    alice.sees("bob: trois\n")
    alice.ends_input()
    server.is_hung_up_on()
    server.closes()
    alice.ends(0)


def test_pauses_grow_while_nobody_answers_and_ctrl_c_ends_them(at_pipe: AtPipe, impostor: Impostor) -> None:
    alice, server = at_pipe("--reconnect")
    impostor.end()
    server.closes()
    alice.sees("* next try in 0.5 s\n", "* next try in 1 s\n", "* next try in 2 s\n")
    alice.program.signal(signal.SIGINT)
    alice.ends(130)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    for options in ([], ["--reconnect"]):
        code, out, err = outcome(child("-m", MODULE, "127.0.0.1", str(free_port()), *options))
        assert (code, out) == (1, "")
        assert err.startswith("error: cannot connect to 127.0.0.1 port ")
        assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["--reconnect=x"], ["a", "0"], ["a", "b"], ["--nope"], ["a", "1", "c"]])
def test_wrong_usage_is_told_in_one_line(words: list[str]) -> None:
    code, out, err = outcome(child("-m", MODULE, *words))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


WITHOUT_LIBRARIES = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("prompt_toolkit", "wcwidth"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
sys.argv = ["client", "127.0.0.1", "{port}"]
import runpy
runpy.run_module("sprint5_concurrency.client", run_name="__main__")
"""


def test_a_pipe_needs_the_standard_library_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        program = child("-c", WITHOUT_LIBRARIES.format(port=port))
        code, out, err = outcome(program)
    assert (code, err) == (0, "")
    assert out == f"* connected to 127.0.0.1:{port}; the first line is your name\n"
