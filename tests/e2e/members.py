"""The room of sprint 4 on the wire: names, notices, and what members say and receive."""

from collections.abc import Callable, Sequence

from grader.actors import Server
from grader.peers import Peer, RawConnection
from grader.words import Words
from tests.e2e.wire import FRAMINGS, ODD_TEXTS, empty
from tests.races.histories import arrival

Enter = Callable[..., Peer]

Members = Callable[[int], list[Peer]]

REFUSAL = "*** "
"""What stands in front of what is meant for one alone."""

ALPHABETS = ("Zo\u00e9", "Jean-Luc", "a_b.c-9", "x" * 31, "ab", "Ελένη", "Анна")
"""Names that must be granted: of 2 to 31 characters, in any one alphabet."""

BAD_NAMES: dict[str, bytes] = {
    name: name.encode()
    for name in (
        *("x", "x" * 32, "x" * 2000, " bob", "bob ", "b ob", "b\tob", "b\u00a0ob", "b\u2028ob"),
        *(
            "9lives",
            "-bob",
            ".bob",
            "_bob",
            "*bob",
            ":bob",
            "bob:",
            "/bob",
            "#bob",
            "b@b",
            "{0}",
            "%s",
            "bob!",
        ),
        *("serveur", "Serveur", "SERVER", "system", "all", "Admin", "tous"),
        *(
            "\u0435van",
            "e\u0432an",
            "\uff25van",
            "\uff25\uff36\uff21\uff2e",
            "\U0001d41e\U0001d42f",
            "evan\u200b",
            "e\u202evan",
            "e\u200dvan",
            "bob\U0001f603",
        ),
        *("\u0301bob", "bx\u0300\u0301b", "bob\U000e0001", "x" + "\u0301" * 30),
    )
} | {
    "escape": b"bo\x1b[2Jb",
    "BEL": b"bob\x07",
    "NUL": b"bo\x00b",
    "CR": b"bo\rb",
    "C1": b"bo\xc2\x9bb",
    "bytes": b"bo\xff\xfe",
}
"""What nobody can be called; the Cyrillic letters among the Latin ones look like them."""

TWINS = (("\u00c9lodie", ("\u00c9lodie", "\u00e9lodie", "\u00c9LODIE", "E\u0301lodie", "e\u0301LODIE")),)
"""A name, and others that are the same: only case or Unicode form tell them apart."""

FORGED = (
    "{other} a quitté le serveur",
    "{other} a rejoint le serveur",
    "{other}: salut",
    "{name}: salut",
    "*** server full: 100 clients",
    "*** {other} a quitté le serveur",
    "Bonjour",
    "< {other}: salut",
    "MSG {other} salut",
    "ERR x",
    "a\u2028{other} a quitté le serveur",
    "%s %n {{0}} {{self}} $HOME `id` ; rm -rf",
)
"""What a user may say to look like the server, or like somebody else."""

NOT_COUCOU = ("COUCOU", "Coucou", "coucou ", " coucou", "coucou!", "coucou coucou", "coucoucoucou", "couco")
"""Lines that resemble the greeting, and are text."""

NOT_EXIT = ("EXIT", "Exit", "exit ", " exit", "exit 0", "exit exit", "fin", "emi", "rec", "1")
"""Lines that resemble the word for leaving, or are words of other sprints, and are text."""


def all_receive(members: Sequence[RawConnection], *lines: str) -> None:
    """Wait until each member has received exactly these lines next."""
    for member in members:
        member.receives(*lines)


def says_to_all(speaker: Peer, members: Sequence[Peer], *texts: str) -> None:
    """Let a member say lines, and all, itself too, receive them in its name."""
    speaker.says(*texts)
    all_receive(members, *[f"{speaker.name}: {text}" for text in texts])


def gives_name(newcomer: Peer, others: Sequence[Peer] = ()) -> None:
    """Let somebody give the name that the actor has; all there are told, the newcomer first of all things."""
    newcomer.says(newcomer.name)
    all_receive([newcomer, *others], arrival(newcomer.name))


def is_refused(newcomer: RawConnection) -> str:
    """Expect a line for one alone, with a reason in it that no terminal obeys; return it."""
    answer = newcomer.receives_line()
    assert answer.startswith(REFUSAL), answer
    assert answer.isprintable(), "what cannot be shown is quoted as it came"
    assert len(answer) > len(REFUSAL), "no reason is given"
    return answer


def leaves_with_word(member: Peer) -> None:
    """The line exit."""
    member.says("exit")


def leaves_at_end(member: Peer) -> None:
    """A half line, and the end of sending."""
    member.sends(b"half a li")
    member.half_closes()


def leaves_by_close(member: Peer) -> None:
    """The end of the connection, as when its program is killed."""
    member.closes()


def leaves_by_reset(member: Peer) -> None:
    """A reset in the middle of a line."""
    member.sends(b"half a li")
    member.resets()


WHOLE_DEPARTURES: tuple[Callable[[Peer], None], ...] = (leaves_with_word, leaves_at_end)
"""Behind which one still receives all that was sent up to them, and then the end of the connection."""

DEPARTURES = (*WHOLE_DEPARTURES, leaves_by_close, leaves_by_reset)


def odd(server: Server, speaker: Peer, words: Words) -> list[str]:  # noqa: ARG001 - one signature for all
    """Lines with nothing in them are nothing; odd characters are text."""
    texts = [*(text for text in ODD_TEXTS if text.strip()), words.word()]
    speaker.sends(b"\n\r\n" + b"\n" * 10_000 + "\n\n".join(texts).encode() + b"\n")
    return texts


ROOM_FRAMINGS = (*(scene for scene in FRAMINGS if scene is not empty), odd)
"""Lines cut and joined in all ways. (Of spaces alone a room may make nothing, or text.)"""
