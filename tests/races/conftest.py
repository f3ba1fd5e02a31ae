"""What the races stand on: hasty threads, running rooms and a running pair, and raw clients."""

import random
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from common.sockets import accept, bound_unsent, open_listener
from common.stop import Stop
from sprint2_threaded_pair import server as pair_server
from sprint3_n_clients import server as room_server
from sprint4_named_room import server as named_server
from tests.common.children import SECONDS
from tests.common.raw import Thread, ends


@pytest.fixture(autouse=True)
def hasty_threads() -> Iterator[None]:
    """Let threads take turns five hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance, from the seed that the run prints."""
    return random.Random(f"{request.config.getoption('--seed')} {request.node.name}")


class Running:
    """A server that runs in this process, so that its threads can be hurried and its lock watched."""

    def __init__(
        self, table: room_server.Room | pair_server.Pair | named_server.SharedRoom, port: int, stop: Stop
    ) -> None:
        self.table = table
        self.port = port
        self.stop = stop

    def wait_for_clients(self, count: int) -> None:
        """Wait until so many clients are present: whoever speaks then is heard by all of them."""
        patience = Stop()
        while len(self.table.clients) != count:
            patience.wait(0.001)
        patience.close()


@contextmanager
def serving(stop: Stop, threads: list[threading.Thread]) -> Iterator[None]:
    """Run the threads of a server; then ring, and see that no thread outlives it."""
    before = set(threading.enumerate())
    for thread in threads:
        thread.start()
    yield
    stop.ring()
    assert ends(*threads)
    assert ends(*(set(threading.enumerate()) - before))
    stop.close()


@pytest.fixture
def room(capfd: pytest.CaptureFixture[str]) -> Iterator[Running]:  # noqa: ARG001 - swallows what it announces
    """A running room of sprint 3."""
    stop = Stop()
    room = room_server.Room(50, stop)
    with open_listener("127.0.0.1", 0) as listener:
        bound_unsent(listener, room_server.UNSENT_BYTES)

        def serve() -> None:
            while newcomer := accept(listener, stop):
                room_server.start_thread(newcomer, room, stop)

        with serving(stop, [Thread(target=serve)]):
            yield Running(room, listener.getsockname()[1], stop)
        for client in room.clients:
            client.close()


@pytest.fixture
def named_room(capfd: pytest.CaptureFixture[str]) -> Iterator[Running]:  # noqa: ARG001 - swallows what it announces
    """A running room of sprint 4."""
    stop = Stop()
    room = named_server.SharedRoom(50, stop)
    with open_listener("127.0.0.1", 0) as listener:
        bound_unsent(listener, named_server.UNSENT_BYTES)

        def serve() -> None:
            while newcomer := accept(listener, stop):
                named_server.start_thread(newcomer, room, stop)

        with serving(stop, [Thread(target=serve)]):
            yield Running(room, listener.getsockname()[1], stop)
        for client in room.clients:
            client.close()


@pytest.fixture
def pair(capfd: pytest.CaptureFixture[str]) -> Iterator[Running]:  # noqa: ARG001 - swallows what it announces
    """A running pair of sprint 2."""
    stop = Stop()
    pair = pair_server.Pair(stop)
    with open_listener("127.0.0.1", 0) as listener:
        arguments = (pair, listener, stop)
        with serving(
            stop, [Thread(target=pair_server.serve_clients, args=arguments) for _place in pair_server.OTHER]
        ):
            yield Running(pair, listener.getsockname()[1], stop)
        for client in pair.clients.values():
            client.close()
        pair.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Connect to a port; all is closed at the end."""
    with ExitStack() as stack:

        def connect(port: int, buffer: int | None = None) -> socket.socket:
            sock = stack.enter_context(socket.socket())
            if buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            sock.settimeout(SECONDS)
            sock.connect(("127.0.0.1", port))
            return sock

        yield connect
