"""The minute of an offer, on three clocks that begin one after the other: the asker's, the server's, the asked one's.

Nobody waits: time is what the test says. What is sent takes `WAY` seconds from one to the next.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sprint6_messenger.commands import FileOffer
from sprint6_messenger.files import Files
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.link import Link
from sprint6_messenger.pending import QUESTION_SECONDS, Means
from sprint6_messenger.service import Service
from sprint6_messenger.users import Origin
from sprint6_messenger.wire import SERVER_NAME, Message, MessageType

ACCEPT, REJECT, NEW = MessageType.FILE_ACCEPT, MessageType.FILE_REJECT, MessageType.NICKNAME_NEW

WAY = 0.4

MOMENT = 0.01


class Scene:
    """alice has offered bob a file; what each posts is on its way to the server."""

    def __init__(self, link: Link, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.notes: dict[str, list[str]] = {"alice": [], "bob": []}
        self._posted: list[tuple[str, Message]] = []
        self._service = Service(2)
        self.people = {name: self._bring(name, link, directory) for name in self.notes}
        (directory / "photo.png").touch()
        self.people["alice"].offer(FileOffer("bob", str(directory / "photo.png")))
        self.passes_on()

    def _bring(self, name: str, link: Link, directory: Path) -> Files:
        self._service.arrive(name, Origin("127.0.0.1", 1, "today"))
        self._service.receive(name, Message(NEW, name), self.now)

        def post(message: Message) -> None:
            self._posted.append((name, message))

        return Files(Means(name, link, 1000, post, self.notes[name].append), Inbox(directory / "in"))

    def waits(self, seconds: float) -> None:
        """Let so much time go by, for all."""
        self.now += seconds
        for files in self.people.values():
            files.expire(self.now)

    def passes_on(self) -> list[Message]:
        """Let what was posted come to the server, and its deliveries to their recipients; return these."""
        self.waits(WAY)
        posted, self._posted = self._posted, []
        told = [each for name, message in posted for each in self._service.receive(name, message, self.now)]
        self.waits(WAY)
        for recipient, message, _is_last in told:
            self.people[str(recipient)].hear(message)
        return [delivery.message for delivery in told]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Two people, a server, and a clock that is set by hand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with Link(socket.create_connection(address), address) as link:
            scene = Scene(link, tmp_path, monkeypatch)
            yield scene
            for files in scene.people.values():
                files.give_up()


def test_the_last_yes_that_can_be_given_is_in_time(scene: Scene) -> None:
    scene.waits(QUESTION_SECONDS - MOMENT)
    scene.people["bob"].answer(True)
    _whereabouts, accepted = scene.passes_on()
    assert (accepted.type, accepted.sender) == (ACCEPT, "bob")
    assert len(scene.people["alice"].transfers) == len(scene.people["bob"].transfers) == 1


def test_the_last_no_that_can_be_given_is_in_time(scene: Scene) -> None:
    scene.waits(QUESTION_SECONDS - MOMENT)
    scene.people["bob"].answer(False)
    scene.passes_on()
    assert scene.notes["alice"][-1] == "bob does not take photo.png"


def test_behind_it_nobody_is_asked_any_more(scene: Scene) -> None:
    scene.waits(QUESTION_SECONDS)
    assert not scene.people["bob"].is_asking
    assert scene.notes["bob"][-1] == "photo.png of alice is no longer offered"


@pytest.mark.parametrize(("seconds", "is_in_time"), [(59.9, True), (60.0, False)])
def test_a_program_that_asks_longer_has_a_minute_at_the_server(
    seconds: float, is_in_time: bool, scene: Scene
) -> None:
    scene.people["bob"].answer(True)
    scene.waits(seconds - 2 * WAY)  # so long is its answer under way: its offer came to the server a way ago
    _whereabouts, answer = scene.passes_on()
    assert answer.sender == ("bob" if is_in_time else SERVER_NAME)
    assert bool(scene.people["alice"].transfers) == is_in_time
    assert scene.notes["alice"][-1] == "photo.png is offered to bob"


def test_the_asker_is_told_when_nobody_can_answer_any_more(scene: Scene) -> None:
    scene.waits(70)
    assert scene.notes["alice"][-1] == "bob has not answered: photo.png is no longer offered"
