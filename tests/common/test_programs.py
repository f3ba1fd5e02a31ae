"""From main() to an exit code: signals, failures, closed streams, locales; each in a process of its own."""

import contextlib
import os
import re
import signal
import socket
import struct
import termios
from collections.abc import Callable, Iterator

import pytest

from grader.launch import plain_environment
from tests.common.children import DIRECTLY, ROOT, SECONDS, Child, child, outcome, said

Start = Callable[..., Child]

SERVERS = sorted(f"{path.parent.name}.server" for path in ROOT.glob("sprint*/server.py"))
CLIENTS = sorted(f"{path.parent.name}.client" for path in ROOT.glob("sprint*/client.py"))

INTRODUCTIONS = {
    "sprint4_named_room.server": b"alice\n",
    "sprint5_concurrency.server": b"USER alice\n",
    "sprint6_messenger.server": struct.pack("<i128si128s", 0, b"", 0, b"alice"),
}
"""What a newcomer must say before it is announced, where it must say something."""

RINGS = """
from common.program import run_client, run_server
from common.terminal import say
def main(stop):
    say("ready")
    stop.wait()
    say("bye")
{run}(main)
"""

BUSY = """
from common.program import run_client, run_server
from common.terminal import say
def main(stop):
    say("ready")
    while not stop.is_set():
        sum(range(1000))
    say("bye")
{run}(main)
"""

THREE_THREADS = """
import threading
from common.program import run_server
from common.stop import Failure
from common.terminal import say
def main(stop):
    waiting = [threading.Thread(target=stop.wait) for _ in range(3)]
    for thread in waiting: thread.start()
    stop.fail(Failure("the first reason"))
    stop.fail(Failure("the second"))
    for thread in waiting: thread.join()
    say("all have heard it")
run_server(main)
"""

LEFT_WAITING = """
import threading
from common.program import run_server
from common.stop import Failure
from common.terminal import say
def wait(stop):
    stop.wait()
    say("no thread outlives main")
def main(stop):
    threading.Thread(target=wait, args=(stop,)).start()
    raise Failure("main has failed")
run_server(main)
"""

CRASHING_THREAD = """
import threading
from common.program import run_server
from common.terminal import say
def main(stop):
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start(); thread.join()
    say("still here")
run_server(main)
"""

ENDS = """
from common.program import run_client, run_server
from common.stop import Failure, Stopped
def main(stop):
    {ending}
{run}(main)
"""

SAYS = """
from common.program import run_server
from common.terminal import say
run_server(lambda stop: say({text}))
"""

SAYS_AFTER_ENTER = """
import sys
from common.program import run_server
from common.terminal import say
def main(stop):
    say("ready")
    sys.stdin.readline()
    for _ in range(10):
        say("is anybody there?")
run_server(main)
"""

COMPLAINS = """
from common.program import run_server
from common.terminal import complain, say
def main(stop):
    complain("é €")
    say("still here")
run_server(main)
"""


@pytest.fixture
def listening_port() -> Iterator[str]:
    """A port where clients can connect, and are told nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("code", [RINGS, BUSY], ids=["waiting", "busy"])
@pytest.mark.parametrize(
    ("run", "number", "exit_code"),
    [
        ("run_server", signal.SIGINT, 0),
        ("run_server", signal.SIGTERM, 0),
        ("run_client", signal.SIGINT, 130),
        ("run_client", signal.SIGTERM, 143),
        ("run_server", signal.SIGHUP, 0),
        ("run_client", signal.SIGHUP, 129),
    ],
)
def test_a_signal_is_an_end_in_order_however_often_it_comes(
    run: str, number: int, exit_code: int, code: str, start: Start
) -> None:
    program = start("-c", code.format(run=run))
    assert said(program) == "ready"
    for _ in range(20):  # impatient users press it again
        program.send_signal(number)
    assert outcome(program) == (exit_code, "bye\n", "")


@pytest.mark.parametrize(
    ("ending", "run", "end"),
    [
        ("return", "run_server", (0, "")),
        ("return", "run_client", (0, "")),
        ("stop.ring()", "run_client", (0, "")),
        ("raise Failure('no luck')", "run_server", (1, "error: no luck\n")),
        ("raise Failure('no luck')", "run_client", (1, "error: no luck\n")),
        ("stop.fail(Failure('no luck'))", "run_client", (1, "error: no luck\n")),
        ("stop.fail(Failure('no luck')); raise Failure('worse')", "run_client", (1, "error: worse\n")),
        ("raise Stopped", "run_server", (0, "")),
    ],
)
def test_each_end_has_its_code(ending: str, run: str, end: tuple[int, str]) -> None:
    code, out, err = outcome(child("-c", ENDS.format(ending=ending, run=run)))
    assert (code, err, out) == (*end, "")


def test_a_failure_in_any_thread_ends_all_waits_and_the_first_is_told() -> None:
    assert outcome(child("-c", THREE_THREADS)) == (1, "all have heard it\n", "error: the first reason\n")


def test_a_failure_in_main_ends_the_threads_that_wait() -> None:
    assert outcome(child("-c", LEFT_WAITING)) == (1, "no thread outlives main\n", "error: main has failed\n")


def test_a_thread_that_crashes_is_told_in_one_line_and_ends_nothing_else() -> None:
    assert outcome(child("-c", CRASHING_THREAD)) == (
        0,
        "still here\n",
        "error: a thread ended: ZeroDivisionError('division by zero')\n",
    )


@pytest.mark.parametrize("program", SERVERS)
@pytest.mark.parametrize("shell", ['exec "$@" >&-', 'exec "$@" >/dev/full', 'exec "$@" >&- <&-'])
def test_a_server_that_cannot_print_says_so_in_one_line(program: str, shell: str) -> None:
    code, _out, err = outcome(child("-m", program, "0", shell=shell))
    assert code == 1
    assert re.fullmatch(r"error: (standard output is closed|cannot write to standard output: .*)\n", err)


@pytest.mark.parametrize("program", CLIENTS)
@pytest.mark.parametrize("shell", ['exec "$@" >&-', 'exec "$@" >/dev/full', 'exec "$@" >&- <&-'])
def test_a_client_that_cannot_print_says_so_in_one_line(
    program: str, shell: str, listening_port: str
) -> None:
    code, _out, err = outcome(child("-m", program, "127.0.0.1", listening_port, shell=shell))
    assert code == 1
    assert re.fullmatch(r"error: (standard output is closed|cannot write to standard output: .*)\n", err)


@pytest.mark.parametrize("program", SERVERS)
def test_without_any_output_the_code_still_tells(program: str) -> None:
    assert outcome(child("-m", program, "0", shell='exec "$@" >&- 2>&- <&-')) == (1, "", "")
    assert outcome(child("-m", program, "0", shell='exec "$@" >/dev/full 2>/dev/full')) == (1, "", "")


def newcomer(program: str, port: int) -> socket.socket:
    """Return a connection that the server announces."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    connection.sendall(INTRODUCTIONS.get(program, b""))
    return connection


@pytest.mark.parametrize("program", SERVERS)
def test_a_server_whose_reader_goes_away_ends_with_the_next_arrival(program: str, start: Start) -> None:
    server = start("-m", program, "0")
    assert server.stdout is not None
    port = int(said(server).rpartition(":")[2])
    server.stdout.close()
    server.stdout = None
    with newcomer(program, port):
        assert server.wait(SECONDS) == 1
    assert outcome(server) == (1, "", "error: cannot write to standard output: Broken pipe\n")


def full_pipe(writing: int) -> None:
    """Fill a pipe, so that whoever writes to it waits."""
    # Opened once more: the server's own end goes on waiting.
    other = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError), os.fdopen(other, "wb", buffering=0) as pipe:
        while pipe.write(b"x" * 4096):
            continue


def stopped_terminal(terminal: int) -> None:
    """Do what Ctrl+S does: whoever writes to the terminal waits."""
    termios.tcflow(terminal, termios.TCOOFF)


@pytest.mark.parametrize("program", SERVERS)
@pytest.mark.parametrize(("make", "stop_taking"), [(os.pipe, full_pipe), (os.openpty, stopped_terminal)])
def test_nobody_waits_for_whoever_reads_what_a_server_prints(
    program: str, make: Callable[[], tuple[int, int]], stop_taking: Callable[[int], None], start: Start
) -> None:
    reading, writing = make()
    with os.fdopen(reading, "rb", buffering=0) as output, os.fdopen(writing, "wb") as stdout:
        server = start("-m", program, "0", stdout=stdout)
        port = int(output.readline().rpartition(b":")[2])
        stop_taking(writing)
        for _ in range(2):
            with newcomer(program, port) as alice:
                alice.shutdown(socket.SHUT_WR)
                while alice.recv(4096):  # until the server, too, has closed
                    continue
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0


def test_a_reader_that_goes_away_is_told_once() -> None:
    program = child("-c", SAYS_AFTER_ENTER)
    assert said(program) == "ready"
    assert program.stdout is not None
    program.stdout.close()
    program.stdout = None
    assert outcome(program) == (1, "", "error: cannot write to standard output: Broken pipe\n")


def test_complaints_that_nobody_reads_hurt_nobody() -> None:
    for shell in (f"{DIRECTLY} 2>&-", f"{DIRECTLY} 2>/dev/full"):
        assert outcome(child("-c", COMPLAINS, shell=shell)) == (0, "still here\n", "")


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}, b"\xe9 \\u20ac \\U0001f603\n"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, b"\\xe9 \\u20ac \\U0001f603\n"),
        ({"PYTHONUTF8": "1"}, "é € 😃\n".encode()),
    ],
    ids=["latin-1", "C", "UTF-8"],
)
def test_a_locale_that_lacks_a_character_shows_it_escaped(settings: dict[str, str], shown: bytes) -> None:
    program = child("-c", SAYS.format(text=ascii("é € 😃")), env={**plain_environment(), **settings})
    out, err = program.communicate(timeout=SECONDS)
    assert (program.returncode, out, err) == (0, shown, b"")


def test_output_is_flushed_line_by_line_on_a_pipe(start: Start) -> None:
    assert "PYTHONUNBUFFERED" not in plain_environment()
    assert said(start("-c", RINGS.format(run="run_server"))) == "ready"  # and it goes on running


@pytest.mark.parametrize("program", SERVERS)
def test_a_server_closes_its_connections_before_it_ends(program: str, start: Start) -> None:
    server = start("-X", "dev", "-m", program, "0")  # which tells of every socket that was forgotten
    port = int(said(server).rpartition(":")[2])
    with newcomer(program, port):
        assert ", 1 present" in said(server)
        server.send_signal(signal.SIGTERM)
        code, out, err = outcome(server)
    assert (code, out) == (0, "")
    assert f"family={int(socket.AF_INET)}" not in err


@pytest.mark.parametrize("program", SERVERS)
def test_the_port_of_a_killed_server_with_clients_can_be_bound_again_at_once(
    program: str, start: Start
) -> None:
    server = start("-m", program, "0")
    port = said(server).rpartition(":")[2]
    with newcomer(program, int(port)) as peer:
        assert ", 1 present" in said(server)
        for _ in range(2):  # the first one's connection is still there when the second is killed
            server.kill()
            server.wait(SECONDS)
            server = start("-m", program, port)
            assert said(server) == f"listening on 127.0.0.1:{port}"
        while peer.recv(100):  # until the end that the first server's death was
            continue
