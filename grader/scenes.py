"""Scenes: short plays with real servers and real clients, through a wiretap.

`messagerie demo` plays some of them in front of a reader's eyes; the diagrams in the handouts are recorded from
them, and recorded again by a test that compares. A scene waits for what it says, so it fails if that does not come.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grader.actors import Client, PipedClient, Server
from grader.contract import Contract, reference
from grader.direction import line_cutter
from grader.messages import MessageCutter
from grader.stage import Stage
from grader.wiretap import Wiretap

HOST = "127.0.0.1"

END_OF_LINE = "\n"


class Cast:
    """Who plays: a server, its wiretap, and the clients that have come so far, by name."""

    is_binary = False  # the wire: messages, not lines

    def __init__(self, stage: Stage, contract: Contract) -> None:
        self.stage = stage
        self.contract = contract
        self.server = Server(stage, contract.server_command(0), directory=contract.directory)
        cutter = MessageCutter if self.is_binary else line_cutter
        self.tap = Wiretap(stage, self.server.port, make_cutter=cutter)
        self.clients: dict[str, Client] = {}
        self.cue: tuple[str, ...] = ()  # what a hearer must see, besides the line, before anybody goes on

    def arrives(self, name: str, sees: str = "connected", actor: type[Client] = Client) -> Client:
        """Start a client at a terminal, or at what the actor says, and wait until it shows that it is there."""
        self.tap.expect(name)
        command = self.contract.client_command(HOST, self.tap.port)
        client = self.clients[name] = actor(self.stage, name, command, self.contract.directory)
        self.sees(name, sees)
        return client

    def enters(self, name: str, *others: str) -> None:
        """Start a client, let its user give a name, and wait until all who are there have been told."""
        self.arrives(name, sees="what is your name?").types(name)
        for present in (name, *others):
            self.sees(present, f"< {name} a rejoint le serveur")

    def sees(self, name: str, *texts: str) -> None:
        """Wait until one has seen texts, each in a line that is over: what he does next comes behind it."""
        for text in texts:
            self.clients[name].sees(text, END_OF_LINE)

    def says(self, speaker: str, line: str, *hearers: str) -> None:
        """Let one type a line and wait until others have seen it."""
        self.clients[speaker].types(line)
        for hearer in hearers:
            self.sees(hearer, f"< {line}", *self.cue)

    def tells(self, speaker: str, line: str, *hearers: str) -> None:
        """Let one type a line and wait until others have seen it, and whose it is."""
        self.clients[speaker].types(line)
        for hearer in hearers:
            self.sees(hearer, f"{speaker}: {line}")

    def leaves(self, name: str, word: str = "fin") -> None:
        """Let one type the word that ends its client, and wait until the server has noticed."""
        self.clients[name].types(word)
        self.clients.pop(name).ends(0)
        self.server.announces(" left, ")

    def server_ends(self) -> None:
        """Press Ctrl+C at the server and wait until all who were there have ended."""
        self.server.interrupt()
        for client in self.clients.values():
            client.ends(0)
        self.server.ends(0)
        self.stage.wait_until(self.tap.is_quiet)


class Desk:
    """Where each person of a scene keeps files: a folder of one's own, which goes with the scene."""

    def __init__(self, stage: Stage) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name)
        stage.bring(self)

    def end(self) -> None:
        """Remove it."""
        self._folder.cleanup()


class Messengers(Cast):
    """The cast of the last sprint: everybody has a name, a desk, and more to type than text."""

    is_binary = True

    def logs_in(self, name: str) -> Path:
        """Start a client at a desk of its user's own, let him take a name, and wait until he has it."""
        desk = Desk(self.stage).path
        self.tap.expect(name)
        command = [
            "env",
            f"PYTHONPATH={self.contract.directory}",
            *self.contract.client_command(HOST, self.tap.port),
        ]
        self.clients[name] = Client(self.stage, name, command, desk)
        self.sees(name, "connected")
        self.does(name, f"/nick {name}", f"OK, welcome {name}")
        self.server.announces(f"^{name} arrived")
        return desk

    def does(self, name: str, line: str, *seen: str, **others: str) -> None:
        """Let one type a line, and wait until he sees what comes of it, and others what they see of it."""
        self.clients[name].types(line)
        self.sees(name, *seen)
        for other, text in others.items():
            self.sees(other, text)


@dataclass(frozen=True)
class Scene:
    """One play: its title, the sprint whose programs play it, and what happens."""

    name: str
    title: str
    package: str
    actors: tuple[str, ...]
    play: Callable[[Any], None]
    make_cast: Callable[[Stage, Contract], Cast] = Cast

    def perform(self, stage: Stage) -> None:
        """Play it on a stage. Raises AssertionError where something does not happen as it should."""
        self.play(self.make_cast(stage, reference(self.package)))


SCENES: dict[str, Scene] = {}


Play = TypeVar("Play", bound=Callable[[Any], None])


def scene(
    package: str, title: str, *actors: str, make_cast: Callable[[Stage, Contract], Cast] = Cast
) -> Callable[[Play], Play]:
    """Register a play under its function's name."""

    def register(play: Play) -> Play:
        SCENES[play.__name__] = Scene(play.__name__, title, package, actors, play, make_cast)
        return play

    return register


SPRINT1, SPRINT2, SPRINT3 = "sprint1_turn_based", "sprint2_threaded_pair", "sprint3_n_clients"
SPRINT4 = "sprint4_named_room"
SPRINT5, SPRINT6 = "sprint5_concurrency", "sprint6_messenger"


@scene(SPRINT1, "each in turn, a newcomer in the place of one who left", "alice", "server", "bob", "carol")
def turns(cast: Cast) -> None:
    """Two clients speak in turn; one leaves when it is its turn, and the newcomer is given the last line."""
    cast.cue = ("your turn",)
    cast.arrives("alice", sees="you are client 1")
    cast.arrives("bob", sees="you are client 2")
    cast.sees("alice", "your turn")
    cast.says("alice", "bonjour", "bob")
    cast.says("bob", "salut, ça va ?", "alice")
    cast.says("alice", "oui. On y va ?", "bob")
    cast.leaves("bob")
    cast.arrives("carol", sees="< oui. On y va ?")
    cast.says("carol", "j'arrive", "alice")
    cast.server_ends()


@scene(SPRINT1, "one who cannot wait", "alice", "server", "bob")
def impatience(cast: Cast) -> None:
    """What bob types before his turn waits in his terminal until alice has spoken."""
    cast.arrives("alice", sees="you are client 1")
    cast.arrives("bob", sees="their turn")
    cast.clients["bob"].types("attends, j'arrive !")
    cast.says("alice", "bonjour", "bob")
    cast.sees("alice", "< attends, j'arrive !", "your turn")
    cast.sees("bob", "their turn")
    cast.server_ends()


@scene(SPRINT2, "any order, two lines in a row", "alice", "server", "bob")
def any_order(cast: Cast) -> None:
    """Two clients speak whenever they like; the server is ended while one of them types."""
    cast.arrives("alice")
    cast.arrives("bob")
    cast.says("bob", "bonjour", "alice")
    cast.says("bob", "tu es là ?", "alice")
    cast.says("alice", "oui", "bob")
    cast.says("alice", "une seconde", "bob")
    cast.says("bob", "d'accord", "alice")
    cast.server_ends()


@scene(SPRINT2, "a newcomer, and the line that waited for him", "alice", "server", "bob", "carol")
def line_that_waits(cast: Cast) -> None:
    """Bob leaves; what alice says to the empty place is given to carol."""
    cast.arrives("alice")
    cast.arrives("bob")
    cast.says("alice", "bonjour", "bob")
    cast.leaves("bob")
    cast.says("alice", "il y a quelqu'un ?")
    cast.arrives("carol")
    cast.sees("carol", "< il y a quelqu'un ?")
    cast.says("carol", "oui, moi", "alice")
    cast.server_ends()


@scene(SPRINT2, "the third one", "alice", "server", "bob", "carol")
def third_waits(cast: Cast) -> None:
    """Carol talks to nobody until one of the two leaves."""
    cast.arrives("alice")
    cast.arrives("bob")
    cast.says("alice", "on est bien, à deux", "bob")
    cast.arrives("carol")
    cast.says("carol", "et moi ?")
    cast.says("bob", "oui, très bien", "alice")
    cast.leaves("bob")
    cast.sees("alice", "< et moi ?")
    cast.server_ends()


@scene(SPRINT3, "a room for all", "alice", "bob", "server", "carol")
def room(cast: Cast) -> None:
    """Three clients: what one says both others hear; one is killed, and the others go on."""
    for number, name in enumerate(("alice", "bob", "carol"), 1):
        cast.arrives(name)
        cast.server.announces(f", {number} present")
    cast.says("alice", "bonjour à tous", "bob", "carol")
    cast.says("carol", "salut", "alice", "bob")
    cast.clients.pop("bob").is_killed()
    cast.server.announces(" left, 2 present")
    cast.says("carol", "bob ?", "alice")
    cast.server_ends()


@scene(SPRINT3, "five clients in one room", "alice", "bob", "server", "carol", "dave", "erin")
def five_clients(cast: Cast) -> None:
    """What one says, all others hear; one leaves, and the others go on."""
    names = ("alice", "bob", "carol", "dave", "erin")
    for number, name in enumerate(names, 1):
        cast.arrives(name)
        cast.server.announces(f", {number} present")
    cast.says("carol", "bonjour", "alice", "bob", "dave", "erin")
    cast.says("alice", "salut", "bob", "carol", "dave", "erin")
    cast.leaves("dave")
    cast.says("erin", "à demain", "alice", "bob", "carol")
    cast.server_ends()


@scene(SPRINT3, "who said that?", "alice", "server", "bob", "carol")
def who_said_that(cast: Cast) -> None:
    """Three clients without names: carol cannot tell who speaks, nor who has left."""
    for number, name in enumerate(("alice", "bob", "carol"), 1):
        cast.arrives(name)
        cast.server.announces(f", {number} present")
    cast.says("alice", "rendez-vous à midi", "bob", "carol")
    cast.says("bob", "non, à 14 h", "alice", "carol")
    cast.says("alice", "à midi, comme prévu", "bob", "carol")
    cast.leaves("bob")
    cast.says("carol", "qui a dit 14 h ?", "alice")
    cast.server_ends()


@scene(SPRINT4, "a room with names", "alice", "server", "bob", "carol")
def named_room(cast: Cast) -> None:
    """Everybody gives a name; arrivals and departures are told to all, and what one says comes back to its author."""
    cast.enters("alice")
    cast.enters("bob", "alice")
    cast.clients["bob"].types("coucou")
    for name in ("bob", "alice"):
        cast.sees(name, "< Bonjour")
    cast.enters("carol", "alice", "bob")
    cast.clients["alice"].types("salut carol")
    for name in ("alice", "bob", "carol"):
        cast.sees(name, "< alice: salut carol")
    cast.leaves("bob", "exit")
    for name in ("alice", "carol"):
        cast.sees(name, "< bob a quitté le serveur")
    cast.server_ends()


@scene(SPRINT4, "a name that is taken, and a notice that is not one", "alice", "server", "mallory")
def impersonation(cast: Cast) -> None:
    """Mallory would be alice, and would have her leave; neither works."""
    cast.enters("alice")
    mallory = cast.arrives("mallory", sees="what is your name?")
    mallory.types("Alice")
    cast.sees("mallory", "< *** this name is taken")
    mallory.types("mallory")
    for name in ("mallory", "alice"):
        cast.sees(name, "< mallory a rejoint le serveur")
    mallory.types("alice a quitté le serveur")
    for name in ("mallory", "alice"):
        cast.sees(name, "< mallory: alice a quitté le serveur")
    cast.server_ends()


@scene(SPRINT5, "one room for people with names", "alice", "bob", "server", "carol")
def room_of_names(cast: Cast) -> None:
    """Three clients on pipes, where each line stands by itself: a name is granted in silence, or refused."""
    for number, name in enumerate(("alice", "bob"), 1):
        cast.arrives(name, actor=PipedClient).types(name)
        cast.server.announces(f", {number} present")
    carol = cast.arrives("carol", actor=PipedClient)
    carol.types("Alice")
    cast.sees("carol", "name refused")
    carol.types("carol")
    cast.server.announces(", 3 present")
    cast.tells("alice", "bonjour à tous", "bob", "carol")
    cast.tells("carol", "salut", "alice", "bob")
    cast.leaves("bob", "/quit")
    cast.tells("carol", "bob ?", "alice")
    cast.server_ends()


@scene(SPRINT3, "a secret, and a picture", "alice", "server", "bob", "carol")
def overheard(cast: Cast) -> None:
    """What alice says to bob carol hears, too; and what is no text alice cannot send at all."""
    for number, name in enumerate(("alice", "bob", "carol"), 1):
        cast.arrives(name)
        cast.server.announces(f", {number} present")
    cast.says("alice", "bob, pas un mot à carol : gâteau à 16 h", "bob", "carol")
    cast.says("carol", "quel gâteau ?", "alice", "bob")
    cast.clients["alice"].types("\x89PNG")
    cast.sees("alice", "not sent")
    cast.server_ends()


@scene(SPRINT6, "to one, to all, to a channel", "alice", "server", "bob", "carol", make_cast=Messengers)
def messenger(cast: Messengers) -> None:
    """Three who have names; each text has its addressee, and nobody else hears it."""
    for name in "alice", "bob", "carol":
        cast.logs_in(name)
    cast.does("alice", "/msg bob gâteau à 16 h", bob="< alice: gâteau à 16 h")
    cast.does("carol", "/msgall bonjour", alice="< carol to all: bonjour", bob="< carol to all: bonjour")
    cast.does("alice", "/create cuisine", "You have joined cuisine")
    cast.does("bob", "/join cuisine", "You have joined cuisine", alice="INFO> bob has joined cuisine")
    cast.does("alice", "qui a des oeufs ?", bob="< alice in cuisine: qui a des oeufs ?")
    cast.does("carol", "quel gâteau ?", "< quel gâteau ?")
    cast.leaves("bob", "/quit")
    cast.sees("alice", "INFO> bob has quit cuisine")
    cast.server_ends()


@scene(SPRINT6, "the first milestone", "alice", "server", make_cast=Messengers)
def echo(cast: Messengers) -> None:
    """Without a name, without a channel: what one types comes back."""
    alice = cast.arrives("alice")
    cast.does("alice", "salut", "< salut")
    cast.does("alice", "/who", "please login")
    alice.types("/quit")
    alice.ends(0)
    cast.clients.clear()
    cast.server_ends()


@scene(SPRINT6, "a file that is wanted", "alice", "server", "bob", make_cast=Messengers)
def wanted_file(cast: Messengers) -> None:
    """Alice offers a file; bob wants it, and it goes straight to him."""
    (cast.logs_in("alice") / "recette.txt").write_bytes(b"3 oeufs, 200 g de sucre\n" * 100)
    inbox = cast.logs_in("bob") / "inbox"
    cast.does("alice", "/send bob recette.txt", "is offered", bob="do you want it? (y/n)")
    cast.does("bob", "y", "saved as", alice="bob has it")
    assert (inbox / "recette.txt").stat().st_size == 2400
    cast.does("bob", "/msg alice merci !", alice="< bob: merci !")
    cast.server_ends()
