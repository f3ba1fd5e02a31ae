"""The journal keeps what happened in order, and shows it so that no terminal obeys it."""

import pytest

from grader.journal import CONNECTED, ENDED, SENT, SHOWN, STARTED, TYPED, Entry, Journal, spell


def journal_at(*seconds: float) -> Journal:
    return Journal(iter(seconds).__next__)


def test_time_begins_with_the_journal() -> None:
    journal = journal_at(100.0, 100.5, 102.0)
    journal.write("alice", TYPED, "bonjour")
    journal.write("bob", SHOWN, "bonjour")
    assert [entry.seconds for entry in journal.entries] == [0.5, 2.0]


def test_steps_are_numbered_sentences() -> None:
    journal = Journal()
    journal.write("alice", CONNECTED, peer="server")
    journal.write("alice", SENT, b"bonjour\n", "server")
    assert journal.steps() == ["  1. alice connects (server)", r"  2. alice sends bonjour\n (server)"]


def test_one_actor_alone_can_be_asked_for() -> None:
    journal = Journal()
    for actor in ("alice", "bob", "alice"):
        journal.write(actor, TYPED, actor)
    assert [entry.text for entry in journal.of("alice")] == ["alice", "alice"]
    assert journal.of("carol") == []


def test_a_listener_hears_each_entry_when_it_happens() -> None:
    journal, heard = Journal(), list[Entry]()
    journal.write("alice", TYPED, "before")
    journal.listeners.append(heard.append)
    journal.write("alice", TYPED, "after")
    assert [entry.text for entry in heard] == ["after"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"bonjour", "bonjour"),
        ("é € 😃".encode(), "é € 😃"),
        (b"\x1b[2J\x00\x7f", r"\x1b[2J\x00\x7f"),
        (b"a\r\n\tb", r"a\r\n\tb"),
        (b"\xff\xc3", r"\xff\xc3"),
        ("\u202e\u2028\x9b".encode(), r"\u202e\u2028\x9b"),
    ],
)
def test_bytes_are_spelled_so_that_nothing_obeys_them(data: bytes, text: str) -> None:
    assert spell(data) == text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"becofa" + bytes(250), "becofa + 249 bytes"),
        (b"alice" + bytes(27) + b"bonjour" + bytes(249), "alice … bonjour + 274 bytes"),
        (b"one\x00two\x00three\x00" * 9, "one\\x00two\\x00three\\x00" * 9),
        (b"bonjour\x00\n", r"bonjour\x00\n"),
        (b"\x00\x00\x00\x07bonjour" + bytes(16), r"\x00\x00\x00\x07bonjour\x00×16"),
        (b"A\x00\x00\x00" + b"x" * 64 + bytes(9), r"A\x00\x00\x00" + "x" * 64 + r"\x00×9"),
        (b"bonjour\n" + bytes(248), r"bonjour\n + 247 bytes"),
        (bytes(8) + b"\xc5OW" * 80, r"\x00×8 + 240 bytes"),
        (b"\x00\x00\xc5OW", r"\x00\x00\xc5OW"),
    ],
    ids=[
        "padded",
        "two fields",
        "NUL ends each",
        "few",
        "length first",
        "length that is a letter",
        "line feed kept",
        "garbage",
        "little garbage",
    ],
)
def test_a_step_tells_what_is_text_and_counts_what_stands_behind_it_in_a_buffer(
    data: bytes, text: str
) -> None:
    assert str(Entry(0.0, "alice", SENT, data)) == f"alice sends {text}"


def test_a_flood_is_told_by_its_first_and_last_steps() -> None:
    journal = Journal()
    journal.write("alice", STARTED)
    for number in range(1000):
        journal.write("alice", SENT, f"line {number}\n", "server")
        journal.write("server", SENT, f"line {number}\n", "bob")
    journal.write("bob", ENDED, "ended with exit code 1")
    steps = journal.steps()
    assert steps[:2] == ["  1. alice starts", "  2. alice sends line 0\\n (server)"]
    assert steps[5] == "     … 1988 more like these …"
    assert steps[-1] == "2002. bob ended with exit code 1"
    assert len(steps) == 15


def test_a_scene_that_a_person_can_follow_is_told_whole() -> None:
    journal = Journal()
    for number in range(12):
        journal.write("alice", TYPED, f"line {number}")
        journal.write("bob", SHOWN, f"line {number}")
    assert len(journal.steps()) == 24
