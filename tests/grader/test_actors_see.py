"""Actors do things and see things; what they do not see is told with the whole scene."""

import signal
import sys
import time
from collections.abc import Callable

import pytest

from grader import actors
from grader.actors import Client, PipedClient, Server
from grader.journal import RECEIVED, SHOWN
from grader.keyboard import has_one_run, run_until_now
from grader.peers import Peer
from grader.stage import Stage
from grader.unseen import Unseen
from grader.words import Words
from tests.e2e.steps import sees_somewhere

PARROT = """
print('ready', flush=True)
for line in __import__('sys').stdin:
    print(line.rstrip('\\n'), flush=True)
"""

ASKS = """
import sys, termios, time
time.sleep(0.5)  # as long as a language takes to load
for question in ('host', 'name'):
    termios.tcflush(0, termios.TCIFLUSH)
    print(f'{question}? ', end='', flush=True)
    print(f'<{input()}>', flush=True)
"""
"""Throws away what is typed before each of its questions."""

RUNS_AN_ERRAND = """
import subprocess, sys, termios
print('ready', flush=True)
subprocess.run([sys.executable, '-c', 'import select; select.poll().poll(500)'])
termios.tcflush(0, termios.TCIFLUSH)
print(f'<{input()}>', flush=True)
"""
"""Lets a child do something before it reads, and throws away what was typed meanwhile: as with system("clear")."""

SILENT = "for _ in range(2): print(f'<{input()}>', flush=True)"
"""Reads its keyboard, and does not say for what."""

RAW = """
import os, tty
tty.setraw(0)
while True:
    os.write(1, repr(os.read(0, 100)).encode() + b"\\r\\n")
"""
"""Sees its keys as they come."""

SERVER = """
import socket, sys
listener = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
try:
    print('listening', flush=True)
    while True:
        connection, address = listener.accept()
        with connection:
            {serve}
except KeyboardInterrupt:
    print('bye', flush=True)
    sys.exit(3)
"""

ECHO = "[connection.sendall(chunk) for chunk in iter(lambda: connection.recv(65536), b'')]"

WATCH = """
            connection.sendall(b'here')
            try:
                print('bytes' if connection.recv(9) else 'end', flush=True)
            except OSError as error:
                print(type(error).__name__, flush=True)
"""
"""Says how its client's connection ends; indented as SERVER needs it."""


def is_impatient(stage: Stage, *people: Client) -> None:
    """From now on wait for nothing: what is tried is known not to come."""
    stage.patience = 0.1
    for person in people:
        person.screen.timeout = stage.patience


@pytest.fixture
def client(stage: Stage) -> Callable[[str], Client]:
    return lambda source: Client(stage, "alice", [sys.executable, "-c", source])


@pytest.fixture
def parrot(client: Callable[[str], Client]) -> Client:
    parrot = client(PARROT)
    parrot.sees("ready")
    return parrot


def shows(client: Callable[[str], Client], text: str) -> Client:
    """Start a program that writes a text as it is, and a marker behind it."""
    return client(
        f"import sys; sys.stdout.buffer.write({text.encode()!r} + b'marker\\n'); sys.stdout.flush()"
    )


def server(stage: Stage, serve: str = ECHO, host: str = "127.0.0.1") -> Server:
    return Server(stage, [sys.executable, "-c", SERVER.format(serve=serve), host], host=host)


def test_what_is_typed_reaches_the_program_and_what_it_shows_is_seen(parrot: Client) -> None:
    words = Words("7")
    for line in words.several(20):
        parrot.types(line)
        parrot.sees(line)


def test_who_waits_for_a_child_is_not_ready_for_what_is_typed(client: Callable[[str], Client]) -> None:
    alice = client(RUNS_AN_ERRAND)
    alice.sees("ready")
    alice.types("hello")
    alice.sees("<hello>")


def test_who_waits_for_the_program_that_reads_is_ready(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "NAP_SECONDS", 60.0)
    alice = Client(stage, "alice", ["sh", "-c", '"$@"; exit', "sh", sys.executable, "-c", SILENT])
    alice.types("hello", "bonjour")
    alice.sees("<hello>", "<bonjour>")


@pytest.mark.parametrize(
    "shown",
    [
        "bon\x1b[1mjour",
        "bon\x1b]0;title\x07jour",
        "bon\x1b]8;;x\x1b\\jour",
        "bon\x00jour",
        "bon\rjour",
        "bon\x1bcjour",
    ],
)
def test_a_word_is_seen_through_escape_sequences(client: Callable[[str], Client], shown: str) -> None:
    shows(client, shown).sees("bonjour", "marker")


def test_an_escape_sequence_and_a_letter_cut_in_two_are_seen_whole(client: Callable[[str], Client]) -> None:
    pieces = [b"bon\x1b[3", b"1mjo\xc3", b"\xa9ur ready\n"]
    source = f"import os\nfor piece in {pieces!r}:\n    os.write(1, piece); input()"
    alice = client(source)
    for _ in pieces:
        alice.types("")
    alice.sees("bonjoéur ready")


def test_bytes_that_are_no_text_harm_nobody(client: Callable[[str], Client]) -> None:
    alice = client("import os; os.write(1, b'\\xff\\xfe bonjour\\n')")
    alice.sees("bonjour")
    assert b"\xff\xfe" in alice.shown()


def test_what_was_seen_once_is_not_seen_again(parrot: Client) -> None:
    parrot.types("bonjour")
    parrot.sees("bonjour")
    is_impatient(parrot.stage, parrot)
    with pytest.raises(Unseen):
        parrot.sees("bonjour")


def test_what_did_not_come_before_a_marker_did_not_come(parrot: Client) -> None:
    parrot.types("one", "marker", "two")
    parrot.sees_no("two", before="marker")
    parrot.sees("two")


def test_what_came_before_a_marker_is_told(parrot: Client) -> None:
    parrot.types("one", "marker")
    with pytest.raises(Unseen, match="no 'one' before it"):
        parrot.sees_no("one", before="marker")


def test_a_marker_that_does_not_come_proves_nothing(parrot: Client) -> None:
    is_impatient(parrot.stage, parrot)
    with pytest.raises(Unseen, match="alice sees 'marker', and no 'one' before it\n"):
        parrot.sees_no("one", before="marker")
    assert parrot.is_running()


def test_texts_may_come_in_any_order_each_behind_what_was_seen(parrot: Client) -> None:
    parrot.types("old", "one", "two")
    parrot.sees("old")
    parrot.sees_in_any_order("two", "one")
    is_impatient(parrot.stage, parrot)
    with pytest.raises(Unseen, match="alice sees 'old'"):
        parrot.sees_in_any_order("old", "one")


@pytest.mark.parametrize("seen", [["one"], []], ids=["the rest", "all"])
def test_all_that_is_shown_by_now_may_count_as_seen(parrot: Client, seen: list[str]) -> None:
    parrot.types("one", "two")
    assert parrot.stage.wait_until(lambda: b"two\r\n" in parrot.shown())
    parrot.sees(*seen)
    parrot.has_seen_all()
    is_impatient(parrot.stage, parrot)
    with pytest.raises(Unseen, match="alice sees 'two'"):
        parrot.sees("two")


def test_a_failure_tells_the_scene(parrot: Client) -> None:
    parrot.types("bonjour")
    assert parrot.stage.wait_until(lambda: b"bonjour" in parrot.shown())
    is_impatient(parrot.stage, parrot)
    with pytest.raises(Unseen) as told:
        parrot.sees("bonsoir")
    text = str(told.value)
    assert "alice types bonjour" in text
    assert "expected: alice sees 'bonsoir'" in text
    assert r"got: '\nbonjour\n' and then: that did not come in time" in text
    assert "alice is still running" in text
    assert text.index("  1. ") < text.index("expected") < text.index("got")


def test_an_empty_screen_is_told_in_quotes(client: Callable[[str], Client]) -> None:
    with pytest.raises(Unseen, match="     got: ''\n"):
        sees_somewhere(client("pass"), "bonjour")


def test_a_failure_tells_how_a_program_ended_and_does_not_wait(client: Callable[[str], Client]) -> None:
    alice = client("import sys; sys.exit(4)")
    begun = time.monotonic()
    with pytest.raises(Unseen, match=r"(?s)the program has ended.*alice ended with exit code 4"):
        alice.sees("bonjour")
    assert time.monotonic() - begun < alice.stage.patience


def test_nothing_that_a_program_writes_acts_on_the_reader_of_a_failure(
    client: Callable[[str], Client],
) -> None:
    alice = client("import os, signal; os.write(1, b'\\x9b2J\\x07\\x1b[2J\\n'); signal.pause()")
    assert alice.stage.wait_until(lambda: b"\x1b[2J" in alice.shown())
    is_impatient(alice.stage, alice)
    with pytest.raises(Unseen) as told:
        alice.sees("bonjour")
    assert all(character.isprintable() or character == "\n" for character in str(told.value))


BUSY_AT_FIRST = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("started", flush=True)
time.sleep(0.3)
signal.signal(signal.SIGINT, signal.SIG_DFL)
input()
"""


def test_a_key_is_pressed_once_the_program_waits_for_it(client: Callable[[str], Client]) -> None:
    alice = client(BUSY_AT_FIRST)
    alice.sees("started")
    alice.presses_control_c()
    alice.ends(-signal.SIGINT)


def test_control_c_and_end_of_input_end_a_client(client: Callable[[str], Client]) -> None:
    interrupted = client("import signal; print('ready', flush=True); signal.pause()")
    interrupted.sees("ready")
    interrupted.presses_control_c()
    interrupted.sees("KeyboardInterrupt")
    interrupted.ends(-signal.SIGINT)
    finished = client("print('ready', flush=True); print(len(list(open(0))))")
    finished.sees("ready")
    finished.types("one", "two")
    finished.ends_input()
    finished.sees("2")
    finished.ends(0)


def test_another_exit_code_than_the_expected_is_told(client: Callable[[str], Client]) -> None:
    with pytest.raises(Unseen, match=r"(?s)expected: alice ends with exit code 0.*ended with exit code 4"):
        client("import sys; sys.exit(4)").ends(0)


def test_a_killed_client_ends_by_the_signal(parrot: Client) -> None:
    parrot.is_killed()
    assert "SIGKILL" in parrot.program.ending()


def test_a_piped_client_keeps_its_streams_apart(stage: Stage) -> None:
    source = "import sys; print(input()); print('wrong: 7', file=sys.stderr); print('half', end='')"
    alice = PipedClient(stage, "alice", [sys.executable, "-c", source])
    alice.types("bonjour")
    alice.ends(0)
    assert alice.printed == ["bonjour"]
    assert alice.complaints == ["wrong: 7"]
    alice.complains(r"wrong: \d")


def test_what_a_screen_shows_is_in_the_journal(parrot: Client) -> None:
    parrot.types("bonjour")
    parrot.sees("bonjour\n")
    shown = [entry.text for entry in parrot.stage.journal.of("alice") if entry.act == SHOWN]
    assert shown == ["ready", "bonjour"]


def test_a_server_is_announced_interrupted_and_ends(stage: Stage) -> None:
    echo = server(stage)
    assert echo.announces("^listen") == "listening"
    assert echo.is_running()
    echo.interrupt()
    assert echo.announces("bye") == "bye"
    echo.ends(3)


@pytest.mark.parametrize(("act", "name"), [(Server.kill, "SIGKILL"), (Server.terminate, "SIGTERM")])
def test_a_server_is_ended_by_signals(stage: Stage, act: Callable[[Server], None], name: str) -> None:
    echo = server(stage)
    act(echo)
    echo.ends()
    assert name in echo.program.ending()


def test_what_a_server_does_not_say_is_told(stage: Stage) -> None:
    silent = server(stage)
    is_impatient(stage)
    with pytest.raises(Unseen, match="server prints a line with 'nonsense'"):
        silent.announces("nonsense")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_peer_speaks_and_hears_lines_and_bytes(stage: Stage, host: str) -> None:
    echo = server(stage, host=host)
    alice = Peer(stage, "alice", echo.port, host)
    alice.says("one", "été")
    alice.receives("one", "été")
    alice.sends(b"\xff\x00")
    alice.receives_bytes(b"\xff\x00")
    alice.says("three")
    assert alice.receives_line() == "three"
    assert next(entry.data for entry in stage.journal.of("alice") if entry.act == RECEIVED) == b"one\n"


def test_another_line_than_the_expected_is_told_at_once(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage).port)
    alice.says("one", "two")
    begun = time.monotonic()
    with pytest.raises(Unseen, match=r"(?s)expected: alice receives 'two\\+n'.*got: 'one\\+n"):
        alice.receives("two")
    assert time.monotonic() - begun < stage.patience


def test_a_line_that_comes_in_pieces_is_one(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage).port)
    for piece in (b"bon", b"jour", b"\n"):
        alice.sends(piece)
    alice.receives("bonjour")


def test_who_is_hung_up_on_notices(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage, "connection.sendall(b'bye')").port)
    alice.receives_bytes(b"bye")
    alice.is_hung_up_on()


def test_who_is_not_hung_up_on_is_told(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage).port)
    is_impatient(stage)
    with pytest.raises(Unseen, match="neither a byte nor the end"):
        alice.is_hung_up_on()


def test_bytes_before_the_end_are_told(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage, "connection.sendall(b'wait')").port)
    with pytest.raises(Unseen, match="got: 'wait'"):
        alice.is_hung_up_on()


def test_a_half_closed_peer_still_hears(stage: Stage) -> None:
    serve = "data = b''.join(iter(lambda: connection.recv(9), b'')); connection.sendall(data[::-1])"
    alice = Peer(stage, "alice", server(stage, serve).port)
    alice.sends(b"abc")
    alice.half_closes()
    alice.receives_bytes(b"cba")
    alice.is_hung_up_on()


@pytest.mark.parametrize(("leave", "seen"), [(Peer.closes, "end"), (Peer.resets, "ConnectionResetError")])
def test_a_close_and_a_reset_differ(stage: Stage, leave: Callable[[Peer], None], seen: str) -> None:
    watching = server(stage, WATCH)
    alice = Peer(stage, "alice", watching.port)
    alice.receives_bytes(b"here")
    leave(alice)
    assert watching.announces("end|Error|bytes") == seen


def test_a_peer_that_stops_reading_fills_the_buffers_and_can_go_on(stage: Stage) -> None:
    size = 20_000_000
    alice = Peer(
        stage, "alice", server(stage, f"connection.sendall(b'x' * {size})").port, receive_buffer=4096
    )
    alice.stops_reading()
    assert not stage.wait_until(lambda: bool(alice.unread), seconds=0.05)
    alice.reads()
    assert stage.wait_until(lambda: alice.hung_up)
    assert len(alice.unread) == size


def test_a_peer_that_cannot_send_any_more_is_told(stage: Stage) -> None:
    alice = Peer(stage, "alice", server(stage, "__import__('signal').pause()").port)
    is_impatient(stage)
    with pytest.raises(Unseen, match="alice can send"):
        alice.sends(b"x" * 20_000_000)
    assert not alice.can_send()


@pytest.mark.parametrize("source", [ASKS, SILENT], ids=["asks", "says nothing"])
def test_who_logs_in_answers_each_question_once_it_is_asked(
    client: Callable[[str], Client], source: str
) -> None:
    alice = client(source)
    alice.logs_in("localhost", "alice")
    alice.sees("<localhost>", "<alice>")
    alice.ends()


NAPS = """
import termios, time
while True:
    time.sleep(0.6)
    termios.tcflush(0, termios.TCIFLUSH)
    print('a vous', flush=True)
    print(f'<{input()}>', flush=True)
"""
"""Throws away what was typed while it slept."""

POLLS = """
import os, time
os.set_blocking(0, False)
while True:
    try:
        print(f'<{os.read(0, 99).decode().strip()}>', flush=True)
    except BlockingIOError:
        time.sleep(0.01)
"""

HAS_A_SLEEPER = """
import select, sys, threading, time
threading.Thread(target=time.sleep, args=[90], daemon=True).start()
while select.select([sys.stdin], [], []):
    print(f'<{sys.stdin.readline().strip()}>', flush=True)
"""


def test_what_is_typed_waits_for_the_end_of_a_nap(client: Callable[[str], Client]) -> None:
    alice = client(NAPS)
    for word in "un", "deux":
        alice.types(word)
        alice.sees(f"<{word}>")


def test_what_is_typed_next_waits_until_the_line_before_has_been_read(
    stage: Stage, client: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors, "REST_SECONDS", 30.0)
    alice = client(PARROT)
    alice.sees("ready")
    alice.comes_to_rest()
    before = run_until_now(alice.program.pid)
    alice.program.signal(signal.SIGSTOP)
    assert stage.wait_for_outside(lambda: has_one_run(before))  # it runs once more, to stop
    alice.types("un")
    stage.call_later(0.1, lambda: alice.program.signal(signal.SIGCONT))
    alice.comes_to_rest()
    assert "SIGCONT" in [entry.text for entry in stage.journal.of("alice")]


@pytest.mark.parametrize("source", [POLLS, HAS_A_SLEEPER], ids=["polls", "has a sleeper"])
def test_who_is_ready_or_naps_often_is_not_waited_for(
    source: str, client: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors, "NAP_SECONDS", 50.0)  # more than one such wait, and the test is stopped
    alice = client(source)
    for word in "un", "deux", "trois":
        alice.types(word)
        alice.sees(f"<{word}>")


def test_enter_is_what_the_key_sends_and_a_terminal_makes_a_line_feed_of_it(
    client: Callable[[str], Client],
) -> None:
    raw = client(RAW)
    raw.types("bonjour")
    raw.sees(repr(b"bonjour\r"))
    cooked = client("import os; print(os.read(0, 100), flush=True)")
    cooked.types("bonjour")
    cooked.sees(repr(b"bonjour\n"))
