"""The way to the server in asyncio's loop: all that is sent arrives, whatever the system takes at a time."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from common.lines import BadLine
from common.stop import Failure, Stop
from sprint5_concurrency.loop_link import MOST_HELD, LoopLink
from tests.common.children import SECONDS

LINES = [f"MSG {number} {'x' * 2000}" for number in range(5000)]
"""More than two kernels keep for a connection: the rest must be sent when there is room again."""


@pytest.fixture
def ends() -> Iterator[tuple[LoopLink, socket.socket]]:
    """A link, and the server's end of it."""
    stop = Stop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = LoopLink("127.0.0.1", listener.getsockname()[1], stop)
        server = listener.accept()[0]
    with server:
        server.setblocking(False)
        yield link, server
    link.close()
    stop.close()


async def receive(server: socket.socket, size: int) -> bytes:
    """Return so many bytes."""
    received = bytearray()
    while len(received) < size:
        received += await asyncio.get_running_loop().sock_recv(server, 65536)
    return bytes(received)


def test_what_the_system_does_not_take_at_once_is_sent_later(ends: tuple[LoopLink, socket.socket]) -> None:
    link, server = ends
    wanted = "".join(f"{line}\n" for line in LINES).encode()

    async def flood() -> bytes:
        for line in LINES:
            assert link.send(line)
        return await asyncio.wait_for(receive(server, len(wanted)), SECONDS)

    assert asyncio.run(flood()) == wanted


def test_lines_arrive_in_batches_until_the_server_is_lost(ends: tuple[LoopLink, socket.socket]) -> None:
    link, server = ends

    async def hear() -> list[str]:
        heard: list[str] = []
        while (lines := await link.receive()) is not None:
            heard += lines
        return heard

    server.sendall(b"MSG bob un\nMSG bob deux\r\n\nMSG bob \xff\nhalf")
    server.close()
    assert asyncio.run(hear()) == ["MSG bob un", "MSG bob deux", "MSG bob \\xff"]


def test_a_line_without_end_is_a_failure(ends: tuple[LoopLink, socket.socket]) -> None:
    link, server = ends

    async def hear() -> None:
        while await link.receive() is not None:
            await asyncio.get_running_loop().sock_sendall(server, b"x" * 1000)

    server.sendall(b"x" * 1000)
    with pytest.raises(Failure, match="server lost: no line feed in 65536 bytes"):
        asyncio.run(hear())


def test_lines_for_a_lost_server_are_held_up_to_a_bound(ends: tuple[LoopLink, socket.socket]) -> None:
    link, _server = ends

    async def lose() -> None:
        link.drop()

    asyncio.run(lose())
    for number in range(MOST_HELD):
        assert not link.send(f"MSG {number}")
    with pytest.raises(BadLine, match="the server is lost"):
        link.send("MSG one too many")
    assert len(link.held) == MOST_HELD
