"""Screens that the handout of sprint 5 shows, looked at cell by cell while two messages arrive at one who types.

former    the client of the sprints before: it erases the row it is on, prints, and writes its prompt again
naive     the client that everybody writes first: it prints
ours      the client of sprint 5
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from grader.diagram import PORT
from grader.peers import Impostor, RawConnection
from grader.stage import Stage
from tests.sprint5_client.people import CLIENT, PATIENCE, Person
from tests.sprint5_client.test_naive import NAIVE, corrected, sees, typing

FORMER = [sys.executable, "-m", "sprint3_n_clients.client"]

Looks = dict[str, list[str]]
"""What is seen, by the moment: while somebody types, and after Enter."""


def play_former(alice: Person, server: RawConnection) -> Looks:
    """Play with a client whose people have no names yet."""
    sees(alice, ">")
    alice.types("je voulais d")
    sees(alice, "je voulais d")
    for text in ("salut", "bonjour"):
        server.says(text)
        sees(alice, f"< {text}")
    alice.types("ir")
    sees(alice, "ir")
    return {"typing": alice.said}


def play_named(prompt: str, alice: Person, server: RawConnection) -> Looks:
    """Play with a client that asks for a name first."""
    sees(alice, prompt)
    alice.types("alice\n")
    server.receives("USER alice")
    return {"typing": typing(alice, server), "enter": corrected(alice, server)}


PLAYS: dict[str, tuple[Sequence[str], Callable[[Person, RawConnection], Looks]]] = {
    "former": (FORMER, play_former),
    "naive": (NAIVE, partial(play_named, "your name:")),
    "ours": (CLIENT, partial(play_named, "your name:")),
}


@cache
def looks(name: str) -> Looks:
    """Play with one of the clients; return what was seen."""
    command, play = PLAYS[name]
    with tempfile.TemporaryDirectory() as home, Stage(PATIENCE) as stage:
        impostor = Impostor(stage)
        alice = Person(stage, impostor.port, home=Path(home), command=command)
        return play(alice, impostor.accepts())


def screen(name: str, moment: str) -> str:
    """Return what stands on the screen, row by row, without the times of day."""
    return "".join(PORT.sub(r"\1:4444", row) + "\n" for row in looks(name)[moment])


if __name__ == "__main__":
    for each in PLAYS:
        for when in looks(each):
            print(f"--- {each}, {when}", screen(each, when), sep="\n", end="")
