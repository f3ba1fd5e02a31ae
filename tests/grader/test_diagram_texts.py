"""A diagram is a function of the journal: the same scene gives the same text, and no text can break it."""

import pytest

from grader.diagram import TerminalDiagram, mermaid
from grader.journal import (
    CLOSED,
    CONNECTED,
    ENDED,
    NETWORK,
    SENT,
    SHOWN,
    SIGNALLED,
    STARTED,
    TYPED,
    Entry,
    Journal,
)

ACTORS = ("alice", "server", "bob")


def scene() -> Journal:
    journal = Journal()
    journal.write("server", STARTED)
    journal.write("alice", CONNECTED, peer="server")
    journal.write("alice", TYPED, "salut")
    journal.write("alice", SENT, b"salut\n", "server")
    journal.write("server", SENT, b"salut\n", "bob")
    journal.write("bob", SHOWN, "< salut")
    journal.write("server", SIGNALLED, "SIGINT")
    journal.write("server", CLOSED, peer="bob")
    return journal


def sent(text: str) -> Entry:
    return Entry(0, "alice", SENT, text.encode(), "server")


def drawn_text(entry: Entry) -> str:
    return mermaid([entry], ACTORS).splitlines()[-1].partition(": ")[2]


def test_a_scene_in_mermaid() -> None:
    assert mermaid(scene().entries, ACTORS) == (
        "sequenceDiagram\n"
        "    participant alice\n"
        "    participant server\n"
        "    participant bob\n"
        "    alice-->>server: connects\n"
        "    Note over alice: types salut\n"
        "    alice->>server: salut\n"
        "    server->>bob: salut\n"
        "    Note over bob: sees #lt; salut\n"
        "    Note over server: Ctrl+C\n"
        "    server-->>bob: closes\n"
    )


def test_a_scene_in_a_terminal() -> None:
    diagram = TerminalDiagram(ACTORS, 60)
    rows = [diagram.head(), *(diagram.row(entry) for entry in scene().entries)]
    assert "\n".join(rows) == (
        "       alice               server               bob\n"
        "\n"
        "          │╌╌╌╌ connects ╌╌╌╌▶│                   │\n"
        "       ⌨ salut                │                   │\n"
        "          │───── salut ──────▶│                   │\n"
        "          │                   │───── salut ──────▶│\n"
        "          │                   │               ▐ < salut\n"
        "          │                Ctrl+C                 │\n"
        "          │                   │╌╌╌╌╌ closes ╌╌╌╌╌▶│"
    )


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a;b", "a#59;b"),
        ("a#b", "a#35;b"),
        ("#59;", "#35;59#59;"),
        ("<br>", "#lt;br#gt;"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nparticipant mallory", r"a\nparticipant mallory"),
        ("à demain 😃", "à demain 😃"),
    ],
)
def test_no_text_is_taken_for_mermaid(text: str, drawn: str) -> None:
    assert drawn_text(sent(text)) == drawn


def test_no_port_is_drawn() -> None:
    assert drawn_text(sent("at 127.0.0.1:54321")) == "at 127.0.0.1:4444"


def test_who_is_not_in_the_diagram_is_not_drawn() -> None:
    entries = [Entry(0, "mallory", SENT, b"x", "server"), Entry(0, "alice", SENT, b"x", "mallory")]
    assert mermaid(entries, ACTORS) == mermaid([], ACTORS)
    assert [TerminalDiagram(ACTORS, 60).row(entry) for entry in entries] == ["", ""]


def test_what_a_network_does_is_done_to_all() -> None:
    entry = Entry(0, NETWORK, "breaks bob's connection")
    row = TerminalDiagram(ACTORS, 60).row(entry)
    assert row == "          │   ~ network breaks bob's connection   │"
    assert (
        mermaid([entry], ACTORS).splitlines()[-1]
        == "    Note over alice,bob: network breaks bob's connection"
    )


def test_an_arrow_back_points_to_the_left() -> None:
    row = TerminalDiagram(ACTORS, 60).row(Entry(0, "bob", SENT, b"salut\n", "alice"))
    assert row.index("◀") < row.index("salut")
    assert "▶" not in row


@pytest.mark.parametrize("actor", ACTORS)
def test_a_long_text_is_cut_and_no_row_is_wider_than_the_diagram(actor: str) -> None:
    diagram = TerminalDiagram(ACTORS, 60)
    peer = "server" if actor != "server" else "bob"
    for act in (SENT, SHOWN, TYPED, ENDED):
        row = diagram.row(Entry(0, actor, act, b"x" * 500, peer))
        assert len(row) <= 60
        assert "…" in row
