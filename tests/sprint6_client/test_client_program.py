"""The client program towards a server that is played by the test: what it sends, what it shows, how it ends."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.actors import Client, PipedClient
from grader.listening import listening_ports
from grader.peers import Impostor
from grader.stage import Stage
from grader.words import Words
from sprint6_messenger.wire import HEADER, HEADER_BYTES, MessageType
from tests.common.children import DIRECTLY, ROOT
from tests.e2e.steps import are_idle
from tests.e2e.visits import OBEYED
from tests.sprint6_client.ends import message
from tests.sprint6_client.people import PACKAGE, Wire, client_command

NICK, LIST, INFOS, ECHO, UNICAST, BROADCAST = list(MessageType)[:6]
CREATE, JOIN, SEND = MessageType.MULTICAST_CREATE, MessageType.MULTICAST_JOIN, MessageType.MULTICAST_SEND
REQUEST, ACCEPT, REJECT = MessageType.FILE_REQUEST, MessageType.FILE_ACCEPT, MessageType.FILE_REJECT

MOST_BYTES = 40 * 1024 * 1024
"""Python itself needs half of it."""

Visit = Callable[..., tuple[Client, Wire]]


@pytest.fixture
def visit(stage: Stage, tmp_path: Path) -> Visit:
    """Start a client that connects to the test; return both."""

    def begin(actor: type[Client] = PipedClient, shell: str = DIRECTLY) -> tuple[Client, Wire]:
        impostor = Impostor(stage)
        command = client_command(impostor.port, tmp_path / "inbox", shell=shell)
        return actor(stage, "alice", command, ROOT), Wire(impostor.accepts())

    return begin


@pytest.fixture
def scene(visit: Visit) -> tuple[PipedClient, Wire]:
    """A client on pipes, and its server."""
    alice, server = visit()
    assert isinstance(alice, PipedClient)
    return alice, server


@pytest.mark.parametrize(
    ("how", "code"), [("/quit  ", 0), ("exit", 0), ("fin", 0), ("end of input", 0), ("Ctrl+C", 130)]
)
def test_who_leaves_closes_behind_his_last_line(how: str, code: int, visit: Visit) -> None:
    alice, server = visit(Client if how == "Ctrl+C" else PipedClient)
    alice.types("/who", "salut")
    server.receives(LIST)
    server.receives(ECHO, text="salut")
    if how == "Ctrl+C":
        alice.presses_control_c()
    elif how == "end of input":
        alice.ends_input()
    else:
        alice.types(how, "not sent")
    server.hears_the_end()
    alice.ends(code)


def test_a_line_of_blanks_says_nothing(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("", "   ", " \t", "salut")
    server.receives(ECHO, text="salut")
    alice.ends_input()
    server.hears_the_end()
    assert alice.complaints == []


def test_what_is_answered_to_one_who_leaves_is_still_shown(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/who", "/quit")
    server.receives(LIST)
    server.connection.is_hung_up_on()
    server.says(LIST, "Online users are\n- alice")
    server.connection.closes()
    alice.ends(0)
    assert alice.printed[-2:] == ["* Online users are", "* - alice"]


def test_a_line_waits_for_the_answer_that_says_where_it_goes(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/join jazz", "salut")
    server.receives(JOIN, "jazz")
    server.says(JOIN, "You have joined jazz", "jazz")
    server.receives(SEND, "jazz", "salut")


def test_it_does_not_wait_for_ever(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/join jazz", "salut")
    server.receives(JOIN, "jazz")
    server.receives(ECHO, text="salut")
    alice.ends_input()
    server.hears_the_end()
    alice.ends(0)


def test_the_name_that_was_granted_goes_with_each_message(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/nick alice")
    server.receives(NICK, "alice")
    server.says(NICK, "OK, welcome alice", "alice")
    alice.sees("* OK, welcome alice")
    alice.types("/msg bob salut")
    server.receives(UNICAST, "bob", "salut", sender="alice")


def test_what_is_wrong_is_told_and_not_sent(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/nope", "/msg bob", "a\x1b[2J", "x" * 2048, "/send bob /nowhere", "", "/who")
    server.receives(LIST)
    alice.complains("No such file")
    assert [line.partition(":")[0] for line in alice.complaints] == ["not sent"] * 5


def test_help_is_shown_and_nothing_sent(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    alice.types("/help", "/who")
    server.receives(LIST)
    alice.sees("/nick NAME", "/send NAME PATH", "/quit, exit, fin")


def test_a_server_that_ends_ends_the_client(visit: Visit) -> None:
    alice, server = visit(Client)
    alice.begins_to_type("half a li")
    server.says(ECHO, "exit")
    alice.sees("the server has ended the conversation")
    alice.ends(0)


def test_exit_of_a_user_ends_nobody(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    for kind in (ECHO, UNICAST, BROADCAST):
        server.says(kind, "exit", sender="eve")
    server.says(LIST, "- eve")
    alice.sees("exit", "exit", "exit", "- eve")
    assert alice.is_running()


def test_a_server_that_is_full_says_why(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    server.says(ECHO, "server full: 100 clients")
    server.connection.closes()
    alice.ends(1)
    assert alice.complaints == ["error: server full: 100 clients"]


def test_a_server_that_is_full_says_why_also_to_who_has_nothing_to_say(visit: Visit) -> None:
    alice, server = visit(shell='exec "$@" </dev/null')
    server.says(ECHO, "server full: 100 clients")
    server.hears_the_end()
    alice.ends(1)


@pytest.mark.parametrize("how", ["closes", "resets", "half a message"])
def test_a_server_that_vanishes_is_told_in_one_line(how: str, scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    server.says(LIST, "- alice")
    alice.sees("- alice")
    if how == "half a message":
        server.connection.sends(message(5, b"", b"salut")[:-2])
    (server.connection.resets if how == "resets" else server.connection.closes)()
    alice.ends(1)
    assert alice.complaints == ["error: server lost: it closed the connection"]
    assert b"salut"[:-2] not in alice.shown()


@pytest.mark.parametrize("length", [-1, 2**31 - 1, 65 * 1024])
def test_a_length_that_cannot_be_true_is_a_lost_server(length: int, scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    server.connection.sends(message(5, b"", length=length))
    alice.ends(1)
    assert alice.complaints == [f"error: server lost: impossible length {length}"]


HOSTILE = {
    "escape": (message(5, b"", b"\x1b[2J\x1b]0;title\x07"), "stranger to all: \\x1b[2J\\x1b]0;title\\x07"),
    "C1": (message(5, b"", b"\xc2\x9b2J"), "stranger to all: \\x9b2J"),
    "not UTF-8": (message(5, b"", b"a\xffb"), "stranger to all: a\\xffb"),
    "turned": (message(5, b"", "\u202egnp".encode()), "stranger to all: \\u202egnp"),
    "NUL and CR": (message(5, b"", b"a\rb\x00c\x7f"), "stranger to all: a\\x0db\\x00c\\x7f"),
    "name": (HEADER.pack(1, b"e\x1b[2Jve\xff", 4, b"") + b"x", "< e\\x1b[2Jve\\xff: x"),
    "channel": (message(9, b"\x1b[1m", b"x"), "< stranger in \\x1b[1m: x"),
    "no NUL": (HEADER.pack(1, b"e" * 128, 4, b"i" * 128) + b"x", f"< {'e' * 128}: x"),
    "file name": (message(11, b"alice", b"../\x1b[2J\n\xe2\x80\xaegnp"), "the file _[2J__gnp:"),
    "unknown type": (message(99, b""), "unknown message type 99"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_from_the_network_acts_on_the_terminal(what: str, visit: Visit) -> None:
    raw, seen = HOSTILE[what]
    alice, server = visit()
    server.connection.sends(raw)
    alice.sees(seen)
    server.says(LIST, "- still here")
    alice.sees("- still here")
    assert not [bad for bad in (*OBEYED, b"\x1b") if bad in alice.shown()]


def test_a_message_may_come_in_any_pieces(scene: tuple[PipedClient, Wire], words: Words) -> None:
    alice, server = scene
    lines = words.several(3)
    for line in lines:
        for byte in message(4, b"", line.encode()):
            server.connection.sends(bytes([byte]))
    server.connection.sends(b"".join(message(4, b"", line.encode()) for line in lines * 300))
    alice.sees(*(f"< stranger: {line}" for line in lines * 301))


def test_a_server_that_does_not_read_holds_up_nobody(visit: Visit, tmp_path: Path, words: Words) -> None:
    book = tmp_path / "book"
    book.write_bytes((b"x" * 2000 + b"\n") * 5000)
    alice, server = visit(shell=f'exec "$@" <{book}')
    server.connection.stops_reading()
    for marker in words.several(20):
        server.says(BROADCAST, marker, sender="bob")
        alice.sees(marker)
    assert alice.program.usage().memory_info().rss < MOST_BYTES
    server.connection.reads()
    alice.ends(0)
    assert len(server.connection.unread) == 5000 * (HEADER_BYTES + 2000)


def test_an_idle_client_uses_no_processor(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    server.says(REQUEST, "photo.png", "alice", "bob")
    alice.sees("do you want it?")
    are_idle(alice.program)


def test_a_yes_is_answered_with_where_to_send(scene: tuple[PipedClient, Wire], tmp_path: Path) -> None:
    alice, server = scene
    server.says(REQUEST, "photo.png", "alice", "bob")
    alice.sees("* bob offers you the file photo.png: do you want it? (y/n)")
    alice.types("y")
    port = listening_port(alice)
    server.receives(INFOS, "bob")
    server.receives(ACCEPT, "bob", f"127.0.0.1:{port}")
    server.says(INFOS, "bob connected since 2026/09/29@19:23 with IP address 127.0.0.1 and port number 4242")
    with socket.create_connection(("127.0.0.1", port), 20) as bob:
        bob.sendall(message(14, b"photo.png", b"bytes"))
        alice.sees("photo.png from bob: saved as", "(unchecked: bob's end tells no SHA-256)")
    assert (tmp_path / "inbox" / "photo.png").read_bytes() == b"bytes"
    assert "connected since" not in "".join(alice.printed)


def listening_port(client: Client) -> int:
    """Wait until a client listens; return where."""
    assert client.stage.wait_for_outside(lambda: bool(listening_ports(client.program.pid)))
    [port] = listening_ports(client.program.pid)
    return port


def test_a_server_that_does_not_say_where_the_sender_is_does_not_stop_the_file(
    scene: tuple[PipedClient, Wire], tmp_path: Path
) -> None:
    alice, server = scene
    server.says(REQUEST, "photo.png", infos="bob", sender="")  # as some students' servers have it
    alice.sees("* bob offers you the file photo.png: do you want it? (y/n)")
    alice.types("y")
    with socket.create_connection(("127.0.0.1", listening_port(alice)), 20) as bob:
        bob.sendall(message(14, b"photo.png", b"bytes"))
        alice.sees("does not say where bob is", "photo.png from bob: saved as")
    assert (tmp_path / "inbox" / "photo.png").read_bytes() == b"bytes"


def test_nothing_is_sent_to_who_was_offered_nothing(scene: tuple[PipedClient, Wire], tmp_path: Path) -> None:
    alice, server = scene
    (tmp_path / "photo.png").write_bytes(b"bytes")
    alice.types(f"/send bob {tmp_path / 'photo.png'}")
    server.receives(REQUEST, "bob", "photo.png")
    with socket.create_server(("127.0.0.1", 0)) as mallory:
        place = f"127.0.0.1:{mallory.getsockname()[1]}"
        server.says(ACCEPT, place, "alice", "mallory")
        alice.sees("mallory accepts a file that is not offered")
        mallory.settimeout(0.05)
        with pytest.raises(TimeoutError):
            mallory.accept()


def test_an_accepted_file_is_sent_as_one_message(scene: tuple[PipedClient, Wire], tmp_path: Path) -> None:
    alice, server = scene
    (tmp_path / "my photo.png").write_bytes(b"bytes")
    alice.types(f'/send bob "{tmp_path / "my photo.png"}"')
    server.receives(REQUEST, "bob", "my photo.png")
    with socket.create_server(("127.0.0.1", 0)) as bob:
        server.says(ACCEPT, f"127.0.0.1:{bob.getsockname()[1]}", "alice", "bob")
        bob.settimeout(20)
        sock, _ = bob.accept()
        with sock:
            expected = HEADER.pack(5, b"", 14, b"my photo.png") + b"bytes"
            assert sock.recv(len(expected), socket.MSG_WAITALL) == expected
            sock.sendall(message(15, b"my photo.png"))
            alice.sees("bob has it (unchecked: bob's end tells no SHA-256)")


@pytest.mark.parametrize("place", ["localhost:80", "127.0.0.1:0", "\x1b[2J", "", "127.0.0.1:1"])
def test_a_place_where_nobody_is_is_told(place: str, scene: tuple[PipedClient, Wire], tmp_path: Path) -> None:
    alice, server = scene
    (tmp_path / "photo.png").write_bytes(b"bytes")
    alice.types(f"/send bob {tmp_path / 'photo.png'}")
    server.receives(REQUEST, "bob", "photo.png")
    server.says(ACCEPT, place, "alice", "bob")
    alice.sees("photo.png to bob: failed: ")


def test_more_questions_than_four_are_not_asked(scene: tuple[PipedClient, Wire]) -> None:
    alice, server = scene
    for number in range(6):
        server.says(REQUEST, f"file{number}", "alice", "bob")
    alice.sees("file0: do you want it? (y/n)", "file3, too", "file4, which is one file too many", "file5")
    alice.types(*"nnnn", "/who")
    for _ in range(4):
        server.receives(REJECT, "bob")
    server.receives(LIST)


@pytest.mark.parametrize(
    "options",
    [
        ["--max-file", "-1"],
        ["--max-file", str(2**31)],
        ["--max-file", "1e9"],
        ["--max-file"],
        ["--inbox"],
        ["a", "b"],
        ["a", "0"],
    ],
)
def test_wrong_usage_ends_at_once(options: list[str], stage: Stage) -> None:
    alice = PipedClient(stage, "alice", [sys.executable, "-m", f"{PACKAGE}.client", *options], ROOT)
    alice.ends(2)
    assert len(alice.complaints) == 1


def test_nobody_listens(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    alice = PipedClient(
        stage, "alice", [sys.executable, "-m", f"{PACKAGE}.client", "127.0.0.1", str(port)], ROOT
    )
    alice.ends(1)
    assert alice.complaints == [f"error: cannot connect to 127.0.0.1 port {port}: Connection refused"]
