"""Diagrams drawn from a journal made by hand: as they must look, and unbroken by whatever a program writes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from grader.diagram import TerminalDiagram, mermaid
from grader.journal import (
    CLOSED,
    CONNECTED,
    ENDED,
    RECEIVED,
    SENT,
    SHOWN,
    SIGNALLED,
    STARTED,
    TYPED,
    Entry,
    Journal,
)

ACTORS = ("alice", "server", "bob")

SCENE = (
    ("server", STARTED, "", ""),
    ("alice", CONNECTED, "", "server"),
    ("server", SENT, "emi\n", "alice"),
    ("alice", SHOWN, "* your turn", ""),
    ("alice", TYPED, "bonjour; ça va ?", ""),
    ("alice", SENT, "bonjour; ça va ?\n", "server"),
    ("server", SENT, "\n", "bob"),
    ("bob", SHOWN, "< bonjour; ça va ?", ""),
    ("bob", RECEIVED, "nothing", ""),
    ("carol", SENT, "not of this diagram\n", "server"),
    ("server", SIGNALLED, "SIGINT", ""),
    ("server", CLOSED, "", "alice"),
    ("server", ENDED, "ended with exit code 0", ""),
)

MERMAID = """\
sequenceDiagram
    participant alice
    participant server
    participant bob
    alice-->>server: connects
    server->>alice: emi
    Note over alice: types bonjour#59; ça va ?
    alice->>server: bonjour#59; ça va ?
    server->>bob: (empty)
    Note over bob: sees #lt; bonjour#59; ça va ?
    Note over server: Ctrl+C
    server-->>alice: closes
    Note over server: ended with exit code 0
"""

TERMINAL = """\
       alice               server               bob
          │╌╌╌╌ connects ╌╌╌╌▶│                   │
          │◀────── emi ───────│                   │
    ▐ * your turn             │                   │
 ⌨ bonjour; ça va ?           │                   │
          │ bonjour; ça va …─▶│                   │
          │                   │──── (empty) ─────▶│
          │                   │         ▐ < bonjour; ça va ?
          │                Ctrl+C                 │
          │◀╌╌╌╌╌ closes ╌╌╌╌╌│                   │
          │        ended with exit code 0         │
"""

HOSTILE = st.text(st.sampled_from("ab é你😃\u0301\u202e;#<>%&:\n\r\t\x1b\x9b[]{}()-\\\"'"), max_size=60)


def entries(*scene: tuple[str, str, str, str]) -> list[Entry]:
    journal = Journal()
    for actor, act, data, peer in scene:
        journal.write(actor, act, data, peer)
    return journal.entries


def test_a_scene_as_mermaid() -> None:
    assert mermaid(entries(*SCENE), ACTORS) == MERMAID


def test_a_scene_on_a_terminal() -> None:
    diagram = TerminalDiagram(ACTORS, 60)
    rows = [diagram.head(), *(row for entry in entries(*SCENE) if (row := diagram.row(entry)))]
    assert "\n".join(rows) + "\n" == TERMINAL


@given(HOSTILE, st.sampled_from([TYPED, SHOWN, SENT]))
def test_no_text_breaks_a_mermaid_diagram(text: str, act: str) -> None:
    drawn = mermaid(entries(("alice", act, text, "server"), ("bob", TYPED, "next", "")), ACTORS)
    lines = drawn.splitlines()[4:]
    assert lines[-1] == "    Note over bob: types next"
    assert len(lines) <= 2
    for line in lines[:-1]:
        said = re.fullmatch(r" {4}(?:alice->>server:|Note over alice: (?:types|sees)) (.*)", line)
        assert said
        assert said[1].isprintable()
        assert not re.search(r"[<>%&]|;", re.sub(r"#\w+;", "", said[1]))


@given(HOSTILE, st.sampled_from([TYPED, SHOWN, SENT]), st.integers(30, 120))
def test_no_text_makes_a_row_wider_than_its_diagram(text: str, act: str, width: int) -> None:
    row = TerminalDiagram(ACTORS, width).row(*entries(("alice", act, text, "server")))
    assert cell_len(row) <= width
    assert row.isprintable()


@pytest.mark.parametrize("text", ["你好" * 30, "é" * 60, "e\u0301" * 60])
def test_lifelines_stay_in_place_beside_wide_and_combined_letters(text: str) -> None:
    diagram = TerminalDiagram(ACTORS, 80)
    row = diagram.row(*entries(("alice", SENT, text, "server")))
    assert "…" in row
    assert cell_len(row.partition("▶")[0]) == diagram.middle["server"] - 1
    assert cell_len(row.rpartition("│")[0]) == diagram.middle["bob"]
