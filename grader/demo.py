"""`messagerie demo`: the sprints, played by real programs in front of the reader's eyes.

Each row is drawn when it happens: ⌨ what somebody types, ▐ what somebody sees, ──▶ what crosses the wire.
"""

import argparse
import shutil
import time

from rich.console import Console
from rich.text import Text

from grader.diagram import TerminalDiagram
from grader.journal import PRESSED, SHOWN, TYPED, Entry
from grader.scenes import SCENES, Scene
from grader.stage import Stage

PLAYED = ("turns", "any_order", "five_clients", "named_room", "room_of_names", "messenger")

WIDEST = 120
"""Columns; wider diagrams are harder to read, not easier."""

PACE_SECONDS = 0.015
"""How long a row is left to a reader before the next, on a terminal; nobody reads along on a pipe."""

COLOURS = {TYPED: "bold green", PRESSED: "bold green", SHOWN: "cyan"}

OWN_TERMINALS = """\
Now you. In one terminal a server, and a client in as many others as you like:

    make server SPRINT=6   or   .venv/bin/python -m sprint6_messenger.server
    make client SPRINT=6   or   .venv/bin/python -m sprint6_messenger.client

Ctrl+C ends the server, the line `/quit` a client; `/help` tells the rest.
Where to begin: sprint1_turn_based/HANDOUT.md"""


def demo(_arguments: argparse.Namespace) -> int:
    """Play all scenes; return 0, or 1 when something did not happen as it should."""
    console = Console(highlight=False, width=min(shutil.get_terminal_size().columns, WIDEST))
    for name in PLAYED:
        try:
            play(SCENES[name], console)
        except AssertionError as error:
            console.print(f"This did not happen as it should:\n{error}", style="red", markup=False)
            return 1
    console.print(OWN_TERMINALS, markup=False)
    return 0


def play(scene: Scene, console: Console) -> None:
    """Play one scene, drawing each row when it happens. Raises AssertionError."""
    diagram = TerminalDiagram(scene.actors, console.width)
    console.print(f"\n{scene.package}: {scene.title}\n", style="bold", markup=False)
    console.print(diagram.head(), style="bold", markup=False)
    with Stage() as stage:

        def draw(entry: Entry) -> None:
            if row := diagram.row(entry):
                console.print(Text(row, style=COLOURS.get(entry.act, "")), overflow="crop", no_wrap=True)
                if console.is_terminal:
                    time.sleep(PACE_SECONDS)

        stage.journal.listeners.append(draw)
        scene.perform(stage)
    console.print()
