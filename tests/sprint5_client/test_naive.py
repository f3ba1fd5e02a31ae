"""What the client that everybody writes first makes of a screen; and that our way of looking at it notices."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from tests.common.children import ROOT
from tests.sprint5_client.people import CLIENT, PATIENCE, Person

Screens = Callable[[Sequence[str]], tuple[list[str], list[str]]]
"""Plays the scene with a client; returns what is seen while alice types, and after Enter."""

NAIVE = [sys.executable, str(ROOT / "tests" / "sprint5_client" / "naive.py")]


@pytest.fixture
def screens(stage: Stage, impostor: Impostor, tmp_path: Path) -> Screens:
    """Play one scene with a client: alice corrects herself after two messages have arrived."""

    def play(command: Sequence[str]) -> tuple[list[str], list[str]]:
        alice = Person(stage, impostor.port, home=tmp_path, command=command)
        server = impostor.accepts()
        sees(alice, "your name:")
        alice.types("alice\n")
        server.receives("USER alice")
        return typing(alice, server), corrected(alice, server)

    return play


def typing(alice: Person, server: RawConnection) -> list[str]:
    """Return what alice sees when messages have arrived while she types."""
    sees(alice, ">")
    alice.types("je voulais d")
    sees(alice, "je voulais d")
    for name, text in (("bob", "salut"), ("carol", "bonjour")):
        server.says(f"MSG {name} {text}")
        sees(alice, f"{name}: {text}")
    alice.types("ir")
    sees(alice, "ir")
    return alice.said


def corrected(alice: Person, server: RawConnection) -> list[str]:
    """Return what she sees after three corrections and Enter."""
    alice.types("\x7f\x7f\x7fpas dire ceci\n")
    server.receives("MSG je voulais pas dire ceci")
    sees(alice, "ceci")
    assert alice.stage.wait_until(lambda: "> " in f"{alice.said[-1]} " or alice.said[-2] == ">", PATIENCE)
    return alice.said


def sees(person: Person, text: str) -> None:
    """Wait until a text stands somewhere on the glass, whatever else there is."""
    assert person.stage.wait_until(lambda: any(text in row for row in person.rows), PATIENCE), person.rows


def test_the_naive_client_breaks_the_line(screens: Screens) -> None:
    while_typing, afterwards = screens(NAIVE)
    assert while_typing == ["your name: alice", "> je voulais dbob: salut", "carol: bonjour", "ir"]
    assert afterwards == [
        "your name: alice",
        "> je voulais dbob: salut",
        "carol: bonjour",
        "pas dire ceci",
        ">",
    ]


def test_ours_does_not(screens: Screens) -> None:
    while_typing, afterwards = screens(CLIENT)
    assert while_typing[1:-1] == ["bob: salut", "carol: bonjour", "> je voulais dir"]
    assert afterwards[1:-1] == ["bob: salut", "carol: bonjour", "alice: je voulais pas dire ceci", ">"]
