"""A client that talks to the check itself: how it leaves, what it shows, what it sends."""

from collections.abc import Callable

from grader.actors import Client, PipedClient
from grader.journal import spell
from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from grader.unseen import expect
from tests.e2e.steps import Bring
from tests.e2e.wire import LONGEST

Visit = Callable[..., tuple[Client, RawConnection]]

FIN = "fin"
"""What a client says when it leaves, in sprints 1 to 3."""

UNSENT = (b"a\xff", b"a\x00b", b"a\x1b[A", LONGEST + b"x")
"""What a keyboard or a pipe may give that is no line of the wire."""

HOSTILE = {
    b"\x1b[2J\x1b]0;title\x07": "\\x1b[2J\\x1b]0;title\\x07",
    "\x9b2J".encode(): "\\x9b2J",
    b"a\xffb": "a\\xffb",
    b"a\rb\x00c\x7f": "a\\x0db\\x00c\\x7f",
}
"""What a server may send, and what may be shown of it."""

OBEYED = (b"\x1b[2J", b"\x1b]", b"\x07", "\x9b".encode(), b"\xff", b"\x00", b"\x7f")
"""What must never reach a terminal, or not from the network."""

SERVER_WORDS = ("emi", "rec", "1", "fin", "EXIT", "exit ")
"""What the other may say though it looks like a word of the server: text, all of it."""


def shows_escaped(client: Client, server: RawConnection) -> None:
    """Let the server send what a terminal would obey; see it as text."""
    for raw, shown in HOSTILE.items():
        server.sends(raw + b"\n")
        client.sees(f"< {shown}")
    obeyed = ", ".join(spell(raw) for raw in OBEYED if raw in client.shown())
    expect(client.stage, not obeyed, "nothing is shown that a terminal obeys", f"{obeyed} as it came")


def shows_plain_lines(client: Client) -> None:
    """Expect no prompt and no escape sequence on a pipe."""
    assert isinstance(client, PipedClient)
    expect(
        client.stage, b"\x1b" not in client.shown(), "no escape sequence is written to a pipe", "there is one"
    )
    prompted = [line for line in client.printed if line.startswith("> ")]
    expect(client.stage, not prompted, "no prompt is written to a pipe", f"{prompted[:1]}")


def complains_once(client: Client) -> None:
    """Expect one line on stderr and no traceback."""
    assert isinstance(client, PipedClient)
    got = f"{len(client.complaints)} lines: {client.complaints}"
    expect(client.stage, len(client.complaints) == 1, f"{client.name} says why in one line on stderr", got)


def complains_of_each(client: PipedClient) -> None:
    """Expect one line on stderr for each line that must not travel."""
    wanted = f"{client.name} says of each of {len(UNSENT)} bad lines in one line on stderr why it is not sent"
    got = f"{len(client.complaints)} lines: {client.complaints}"
    expect(client.stage, len(client.complaints) == len(UNSENT), wanted, got)


def says_word(server: RawConnection, word: str = FIN) -> None:
    """Expect the word for leaving, nothing behind it, and an end that cannot destroy it."""
    server.receives(word)
    server.is_hung_up_on()
    assert not server.was_reset, "the client closed with bytes unread: that resets the connection"
    server.closes()


def leaves_by_word(client: Client, server: RawConnection, word: str = FIN) -> int:
    """The word that its user types; exit means the same."""
    client.types("exit")
    says_word(server, word)
    return 0


def leaves_with_control_c(client: Client, server: RawConnection, word: str = FIN) -> int:
    """Ctrl+C, in the middle of a line."""
    client.begins_to_type("half a line")
    client.presses_control_c()
    says_word(server, word)
    return 130


def leaves_at_end_of_input(client: Client, server: RawConnection, word: str = FIN) -> int:
    """Ctrl+D on an empty line."""
    client.ends_input()
    says_word(server, word)
    return 0


def is_told_to_leave(client: Client, server: RawConnection, word: str = FIN) -> int:  # noqa: ARG001
    """The server says exit while the user is in the middle of a line."""
    client.begins_to_type("half a line")
    server.says("exit")
    return 0


def loses_the_server(client: Client, server: RawConnection, word: str = FIN) -> int:  # noqa: ARG001
    """The server goes without a word."""
    server.resets()
    return 1


ENDS = (leaves_by_word, leaves_with_control_c, leaves_at_end_of_input, is_told_to_leave, loses_the_server)
"""Each ends a client in any sprint without turns, and returns the exit code that it must have."""


def is_met(server: RawConnection) -> None:
    """Take a client as it comes: in sprints 1 to 3 it gives no name."""
    expect(server.stage, not server.hung_up, "the client stays connected", "it has closed its connection")


def pipes_all_lines(
    stage: Stage, start_client: Bring, word: str = FIN, grants: Callable[[RawConnection], None] = is_met
) -> None:
    """Pipe lines into a client that is talked to meanwhile: the good ones arrive, the bad ones are told."""
    impostor = Impostor(stage)
    client = start_client("alice", impostor.port, actor=PipedClient)
    server = impostor.accepts()
    grants(server)
    server.says(*["blah"] * 2000)
    lines = [f"line {number}" for number in range(500)]
    client.types(*lines, "", "last but one")
    for raw in UNSENT:
        client.program.types(raw + b"\n")
    client.begins_to_type("no LF")
    client.ends_input()
    server.receives(*lines, "last but one", "no LF")
    says_word(server, word)
    client.ends(0)
    assert isinstance(client, PipedClient)
    complains_of_each(client)
    shows_plain_lines(client)
