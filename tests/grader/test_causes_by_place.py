"""A cause is named where a line got stuck: at the keyboard, in a client, on the wire, in the server, on a screen."""

from dataclasses import replace
from typing import Any

import pytest

from grader.autopsy import CONDITION, LOCK
from grader.causes.evidence import without_names
from grader.journal import CLOSED, CONNECTED, SENT, SHOWN, STARTED, TYPED, Entry
from grader.verdicts import Scene
from tests.grader.test_causes import (
    ACCEPTS,
    BOB,
    CAROL,
    KEPT,
    READS_KEYBOARD,
    READS_SERVER,
    cause,
    entry,
    played,
    program,
    relayed,
    told,
    waits_in,
)

CAME = entry("alice", CONNECTED, "", "server")
SAID = entry("alice", TYPED, "povelu")


@pytest.mark.parametrize(
    ("steps", "left", "name"),
    [
        ([CAME, SAID], 0, "not-sent"),
        ([CAME, SAID], 7, ""),
        ([entry("bob", CONNECTED, "", "server"), SAID], 0, ""),
        ([CAME, SAID, entry("alice", SENT, "x", "server")], 0, ""),
        ([CAME, SAID, entry("server", SENT, "povelu\n", "bob")], 0, "not-flushed"),
    ],
    ids=["read", "not read", "she is not overheard", "something was sent", "it has come out"],
)
def test_a_line_that_was_read_and_never_left_was_not_sent(steps: list[Entry], left: int, name: str) -> None:
    alice = program("alice", threads=[READS_KEYBOARD], keys_unread=left)
    assert told("s2-in-a-row", played("bob sees 'povelu'", steps, alice, BOB)) == name


@pytest.mark.parametrize(
    ("threads", "name"),
    [
        ([READS_KEYBOARD, LOCK], "lock-at-keyboard"),
        ([READS_KEYBOARD, LOCK, READS_SERVER], "not-flushed"),
        ([READS_KEYBOARD, CONDITION], "not-flushed"),
        ([READS_SERVER, LOCK], "not-flushed"),
    ],
    ids=["held at the keyboard", "somebody receives", "no lock", "nobody at the keyboard"],
)
def test_a_lock_is_held_at_the_keyboard(threads: list[str], name: str) -> None:
    bob = program("bob", threads=threads)
    scene = played("bob sees 'povelu'", relayed("alice", "povelu", "bob"), program("alice"), bob)
    assert told("s2-either-first", scene) == name


@pytest.mark.parametrize(
    ("unread", "end_unread", "expected", "name"),
    [
        (6, False, "bob sees 'povelu'", "waits-for-keyboard"),
        (1, False, "bob sees 'povelu'", ""),
        (5, True, "bob ends", "end-unnoticed"),
        (5, False, "bob ends", "waits-for-keyboard"),
    ],
    ids=["the line", "a rest of another", "a word and the end", "a word"],
)
def test_who_leaves_a_line_unread_leaves_all_of_it(
    unread: int, end_unread: bool, expected: str, name: str
) -> None:
    bob = program("bob", threads=[READS_KEYBOARD], unread=unread, end_unread=end_unread)
    assert cause("s1-turns", played(expected, [], program("alice"), bob)) == name


@pytest.mark.parametrize(
    ("nuls_of", "sprint", "name"),
    [("server", "s1", "nul-or-garbage"), ("alice", "s1", ""), ("server", "s2", "")],
    ids=["the server's", "of both", "any order"],
)
def test_a_client_in_turn_takes_a_lonely_nul_for_a_message(nuls_of: str, sprint: str, name: str) -> None:
    bob = program("bob", threads=[READS_KEYBOARD], unread=1)
    steps = [*relayed("alice", "povelu", "bob"), entry("server", SENT, "\0", "bob")]
    steps += [entry("alice", SENT, "\0", "server")] if nuls_of == "alice" else []
    assert told(f"{sprint}-turns", played("bob sees 'povelu'", steps, program("alice"), bob)) == name


EXCEPTION = {"shown": {"screen": "Exception in thread Thread-1 (listen):\nTypeError: ..."}}


@pytest.mark.parametrize(
    ("who", "code", "name"),
    [("bob", None, "thread-exception"), ("bob", 0, ""), ("alice", None, "")],
    ids=["who misses it", "who has ended", "somebody else"],
)
def test_the_thread_of_a_client_that_receives_dies_of_an_exception(
    who: str, code: int | None, name: str
) -> None:
    people = [
        program(each, code=code if each == who else None, **(EXCEPTION if each == who else {}))
        for each in ("alice", "bob")
    ]
    assert cause("s2-either-first", played("bob sees 'povelu'", [], *people)) == name


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (["< povel", "< u"], "no-framing-cut"),
        (["< lopinapovel", "u"], "no-framing-cut"),
        (["< pov", "elu"], "no-framing-cut"),
        (["< povel"], "changed-on-screen"),
        (["< povel", "< a"], "changed-on-screen"),
        (["< po", "< velu"], "changed-on-screen"),
    ],
    ids=["behind a sign", "behind another", "without", "one piece", "no other piece", "by chance"],
)
def test_a_line_that_is_shown_in_pieces_is_whole(shown: list[str], name: str) -> None:
    steps = [*relayed("alice", "povelu", "bob"), *[entry("bob", SHOWN, text) for text in shown]]
    assert told("s3-order", played("bob sees 'povelu'", steps, program("alice"), BOB)) == name


CUT = entry("network", "lets through 1 byte of alice")


@pytest.mark.parametrize(
    ("check", "steps", "sent", "name"),
    [
        ("s2-cut", [CUT], "pINALO", "residue"),
        ("s2-cut", [CUT], "p", "no-framing-cut"),
        (
            "s2-cut",
            [CUT, entry("server", SENT, "\n", "bob"), entry("server", SENT, "\0\0\0", "bob")],
            "pINALO",
            "no-framing-cut",
        ),
        ("s2-in-a-row", [], "pINALO", ""),
        ("s1-last-line", [], "finALO", "residue"),
        ("s1-last-line", [], "fin", ""),
        ("s2-leave", [], "finALO", ""),
    ],
    ids=[
        "behind a piece",
        "a piece",
        "whole buffers",
        "nothing was cut",
        "behind the word",
        "the word",
        "the word, of a pair",
    ],
)
def test_the_tail_of_an_older_line_is_sent_behind_what_is_shorter(
    check: str, steps: list[Entry], sent: str, name: str
) -> None:
    scene = played(
        "bob sees 'povelu'",
        [entry("bob", TYPED, "LOPINALO"[2:]), *steps, entry("server", SENT, f"{sent}\n", "bob")],
        program("alice"),
        BOB,
    )
    assert told(check, scene, "to the server" if check == "s2-cut" else "") == name


@pytest.mark.parametrize(
    ("threads", "sprint", "name"),
    [
        (["waits in recv on descriptor 6", READS_SERVER], "s3", "shared-variable"),
        (["waits in recv on descriptor 6", READS_SERVER], "s2", ""),
        (["waits in recv on descriptor 6", READS_SERVER, "waits in read on the connection 4 - 6"], "s3", ""),
    ],
    ids=["one is not read", "a pair", "all are read"],
)
def test_who_reads_from_a_closed_socket_has_lost_the_number_of_another(
    threads: list[str], sprint: str, name: str
) -> None:
    scene = played("bob sees 'povelu'", [], BOB, CAROL, threads=[ACCEPTS, *threads])
    assert cause(f"{sprint}-leave", scene) == name


@pytest.mark.parametrize(
    ("hearers", "name"),
    [(("alice", "bob"), "some-left-out"), (("alice", "carol"), "echo")],
    ids=["not to the last", "to the last"],
)
def test_an_echo_does_not_explain_who_is_left_out(hearers: tuple[str, ...], name: str) -> None:
    steps = [*relayed("carol", "lopina", "alice", "bob", "carol"), *relayed("alice", "povelu", *hearers)]
    scene = played("carol sees 'povelu'", steps, program("alice"), BOB, CAROL)
    assert told("s3-five", scene) == name


@pytest.mark.parametrize(
    ("threads", "name"),
    [
        (["waits for a signal"], "not-accepted"),
        ([CONDITION], "not-accepted"),
        ([ACCEPTS], "place-never-freed"),
        ([KEPT], "place-never-freed"),
    ],
    ids=["for a signal", "for a thread", "for the next", "perhaps for a lock"],
)
def test_nobody_is_accepted_where_nobody_waits_for_newcomers(threads: list[str], name: str) -> None:
    steps = [
        entry("alice", STARTED),
        entry("alice", "ends"),
        entry("carol", STARTED),
        entry("carol", TYPED, "lopina"),
    ]
    scene = played("bob sees 'lopina'", steps, BOB, CAROL, threads=threads, waiting=1)
    assert told("s3-leave", scene) == name


PORT = "alice connects to port 4444"


@pytest.mark.parametrize(
    ("code", "steps", "server", "name"),
    [
        (1, [], {"listens": True}, "never-connected"),
        (None, [], {"listens": True}, ""),
        (1, [], {"listens": False}, "listener-closed"),
        (1, [], {"listens": True, "code": 1}, ""),
        (1, [CAME], {"listens": True}, ""),
    ],
    ids=["has ended", "is still there", "nobody listens", "the server has ended", "has come, and is gone"],
)
def test_who_ends_without_having_come_has_gone_elsewhere(
    code: int | None, steps: list[Entry], server: dict[str, Any], name: str
) -> None:
    assert told("s1-first-line", played(PORT, steps, program("alice", code=code), **server)) == name


@pytest.mark.parametrize(
    ("thread", "name"), [(READS_KEYBOARD, "asks-for-its-port"), ("waits for a signal", "port-not-bound")]
)
def test_a_server_that_waits_for_its_keyboard_asks_for_its_port(thread: str, name: str) -> None:
    server = program("server", threads=[thread], listens=False)
    error = "the server does not listen on port 4444; it listens on no port"
    assert cause("s1-first-line", Scene(error, (), (server,))) == name


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        ("accept: Bad file descriptor", 1, "listener-closed"),
        ("Erreur accept(): Descripteur de fichier incorrect", 1, "listener-closed"),
        ("recv: Bad file descriptor", 1, ""),
        ("accept: Bad file descriptor", 0, ""),
    ],
)
def test_who_says_that_accept_failed_has_closed_the_listening_socket(
    words: str, code: int, name: str
) -> None:
    scene = played("bob sees 'povelu'", [], BOB, words=[words], code=code)
    assert cause("s1-killed", scene) == name


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        ('Exception in thread "main" java.net.SocketException: Broken pipe', 1, "exception"),
        ("      throw er; // Unhandled 'error' event", 1, "exception"),
        ("terminate called after throwing an instance of 'std::out_of_range'", -6, "exception"),
        ("terminate called without an active exception", -6, "thread-not-joined"),
        ("munmap_chunk(): invalid pointer", -6, "crash"),
    ],
)
def test_languages_tell_their_exceptions_each_in_its_way(words: str, code: int, name: str) -> None:
    scene = played("bob sees 'povelu'", [], BOB, words=[words], code=code)
    assert cause("s3-three", scene) == name


@pytest.mark.parametrize(
    ("sent", "own", "thread", "name"),
    [
        ("povelu", "emi\n", READS_SERVER, "no-newline"),
        ("povelu\n", "emi\n", READS_SERVER, ""),
        ("povelu", "emi", READS_SERVER, ""),
        ("povelu", "emi\n", "waits for a signal", ""),
    ],
    ids=["no end", "an end", "nobody sends one", "nobody reads on"],
)
def test_a_server_that_reads_on_waits_for_the_end_of_a_line(
    sent: str, own: str, thread: str, name: str
) -> None:
    steps = [entry("server", SENT, own, "alice"), SAID, entry("alice", SENT, sent, "server")]
    bob = program("bob", **waits_in(READS_SERVER))
    scene = played("bob sees 'povelu'", steps, program("alice"), bob, threads=[thread], unread=1)
    assert told("s1-first-line", scene) == name


@pytest.mark.parametrize(("left", "name"), [(True, "lock-kept"), (False, "")])
def test_main_waits_for_a_lock_that_was_kept_by_who_has_left(left: bool, name: str) -> None:
    steps = [entry("alice", CLOSED)] if left else []
    scene = played("visitor 2 of 120 is accepted", steps, BOB, threads=[LOCK], waiting=1)
    assert cause("s3-come-and-go", scene) == name


@pytest.mark.parametrize(
    ("thread", "sprint", "name"),
    [
        (READS_KEYBOARD, "s2", "waits-for-keyboard"),
        (READS_SERVER, "s2", "no-framing-joined"),
        (READS_KEYBOARD, "s1", "no-framing-joined"),
    ],
)
def test_where_a_line_lies_unread_nobody_has_joined_it(thread: str, sprint: str, name: str) -> None:
    spoilt = [entry("network", "lets through all of alice"), entry("server", SENT, "povelu\n", "bob")]
    bob = program("bob", threads=[thread], unread=7)
    assert told(f"{sprint}-joined", played("bob sees 'povelu'", spoilt, program("alice"), bob)) == name


@pytest.mark.parametrize(
    ("check", "sent", "name"),
    [("cut", "pov", "no-framing-cut"), ("cut", "x", ""), ("odd-text", "pov", "")],
    ids=["a piece", "something else", "nothing was cut"],
)
def test_a_piece_that_the_server_passes_on_was_taken_for_a_line(check: str, sent: str, name: str) -> None:
    steps = [SAID, entry("alice", SENT, "povelu\n", "server"), CUT, entry("server", SENT, sent, "bob")]
    scene = played("carol sees 'lopina'", steps, program("alice"), BOB, CAROL)
    assert told(f"s3-{check}", scene, "somebody speaks before the rest") == name


def in_a_struct(name: str, text: str) -> bytes:
    """A message as students send it in C: an int, the name of who says it, what is said."""
    return len(text).to_bytes(4, "little") + name.encode().ljust(20, b"\0") + text.encode().ljust(100, b"\0")


@pytest.mark.parametrize(
    ("hearers", "name"), [(("bob", "carol"), "not-flushed"), (("bob",), "some-left-out"), ((), "not-relayed")]
)
def test_a_name_in_a_field_of_its_own_stands_before_the_text(hearers: tuple[str, ...], name: str) -> None:
    data = in_a_struct("alice", "povelu")
    sent = [
        replace(each, data=data) if each.act == SENT else each
        for each in relayed("alice", "povelu", *hearers)
    ]
    scene = played(
        "carol sees 'povelu'",
        [entry("carol", STARTED), *sent],
        program("alice"),
        BOB,
        CAROL,
        threads=[ACCEPTS],
    )
    assert told("s3-three", scene) == name


def test_a_name_on_a_line_of_its_own_is_a_line() -> None:
    entries = (Entry(0.0, "alice", SENT, b"alice\npovelu\n", "server"),)
    assert without_names(Scene("", entries, (program("alice"),))).entries == entries


def test_a_long_line_may_be_cut_at_the_size_of_a_pointer_before_another_is_missed() -> None:
    long = "riceguba" + "lomite" * 32
    steps = [entry("alice", TYPED, long), entry("alice", SENT, f"{long}\n", "server")]
    steps += [entry("server", SENT, long[:8], "bob")]
    scene = played("bob sees 'povelu', behind a long line", steps, program("alice"), BOB)
    assert told("s1-long-line", scene) == "sizeof-pointer"
