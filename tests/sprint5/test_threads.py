"""The two strategies with threads, when the system has none left: somebody is told, and nothing hangs."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from common.announcer import Announcer
from common.sockets import open_listener
from common.stop import POLLIN, Failure, Stop, wait_ready
from sprint5_concurrency import thread_per_client, thread_pool
from sprint5_concurrency.member import Member
from sprint5_concurrency.reception import Reception
from sprint5_concurrency.room import Room
from tests.common.raw import receive_all


class Scene:
    """A reception, and a system that has only so many threads."""

    def __init__(self, things: ExitStack) -> None:
        self.stop = things.enter_context(closing(Stop()))
        self.listener = things.enter_context(open_listener("127.0.0.1", 0))
        self.room: Room[Member] = Room(100, time.monotonic)
        self.reception = Reception(self.listener, self.room, Announcer(self.stop))


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A room that nobody has entered."""
    with ExitStack() as things:
        yield Scene(things)


def leave_threads(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than so many threads start."""
    left = iter(range(count))
    start = threading.Thread.start

    def start_one_of_them(thread: threading.Thread) -> None:
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one_of_them)


@pytest.mark.parametrize("left", [0, thread_pool.POOL_THREADS - 1])
def test_a_pool_that_cannot_be_filled_is_a_failure(
    scene: Scene, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = threading.active_count()
    leave_threads(left, monkeypatch)
    with pytest.raises(Failure, match="no pool of 8 threads: can't start new thread"):
        thread_pool.serve(scene.listener, scene.reception, scene.stop)
    assert threading.active_count() == before


def test_who_gets_no_thread_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_threads(0, monkeypatch)
    with socket.create_connection(scene.listener.getsockname()) as newcomer:
        newcomer.sendall(b"USER alice\n")
        wait_ready({scene.listener: POLLIN})
        thread_per_client.admit(scene.reception, scene.stop)
        assert receive_all(newcomer).startswith(b"ERR server-full ")
    assert not scene.room.nameless
    assert capsys.readouterr().err == "newcomer refused: can't start new thread\n"
