"""What the tests of `common` stand on: a bell, both ends of a real TCP connection, programs that are ended."""

import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.connection import Connection
from common.lines import LineDecoder
from common.stop import Stop
from tests.common.children import Child, child, end
from tests.common.raw import tcp_pair

Pair = tuple[Connection, socket.socket]


@pytest.fixture
def stop() -> Iterator[Stop]:
    """A bell that nothing but the test rings."""
    stop = Stop()
    yield stop
    stop.ring()
    stop.close()


@pytest.fixture
def pair(stop: Stop) -> Iterator[Callable[..., Pair]]:
    """Make a connection and the raw socket of its peer."""
    opened: list[socket.socket] = []

    def connect(buffer: int | None = None) -> Pair:
        ours, peer = tcp_pair(buffer)
        opened.extend([ours, peer])
        return Connection(ours, "peer", stop, LineDecoder()), peer

    yield connect
    for sock in opened:
        sock.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    """Start programs that are ended with the test."""
    started: list[Child] = []

    def start(*words: str, **options: Any) -> Child:
        started.append(child(*words, **options))
        return started[-1]

    yield start
    for program in started:
        end(program)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns five hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)
