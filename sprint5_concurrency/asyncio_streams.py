"""One thread, and a coroutine for each client: like a thread for each, but turns change only at an `await`.

    event loop ---> coroutine of A: await read ---> write to B, write to C ---> await read
               ---> coroutine of B: await read ---> write to A, write to C ---> await read

Between two awaits nobody else runs, so there is nothing to lock. The streams of asyncio keep what the kernel does not
take. Whoever awaits `drain` there waits for the slowest reader, so nobody does. All this costs some microseconds for
each step, and one send for each line and recipient remains.
"""

import asyncio
import contextlib
import socket
import types
from collections.abc import Generator

from common.farewell import FAREWELL_SECONDS
from common.stop import Source, Stop
from sprint5_concurrency.member import UNSENT_BYTES, Member
from sprint5_concurrency.reception import Reception

UNREAD_BYTES = 64 * 1024
"""What the kernel keeps until it is read: asyncio reads so much at a time that it would keep megabytes by itself.

All of it is said before an end that comes behind it is seen, though its speaker has long gone.
"""

TIDY_SECONDS = 1.0
"""How often to tidy in any case: another coroutine starts somebody's time, and does not wake this one."""


class StreamMember(Member):
    """A member that is sent to through a stream, which keeps what the kernel does not take."""

    __slots__ = ("_writer",)

    def __init__(self, sock: socket.socket, peer: str, writer: asyncio.StreamWriter) -> None:
        super().__init__(sock, peer)
        self._writer = writer

    def post(self, line: bytes) -> bool:
        """Send a line; False when more is left than is kept."""
        if self._writer.is_closing():
            return True  # it has vanished, which its reader is about to see
        self._writer.write(line)
        return self._writer.transport.get_write_buffer_size() <= UNSENT_BYTES

    def dismiss(self) -> None:
        """End the connection behind what has been posted, and leave it to its peer to close."""
        self.dismissed = True
        self._writer.write_eof()

    def hang_up(self) -> None:
        """End the connection both ways: its reader reads its end."""
        self.dismissed = True
        self._writer.transport.abort()


def serve(listener: socket.socket, reception: Reception[StreamMember], stop: Stop) -> None:
    """Serve all that come until the bell rings."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)
    asyncio.run(serve_streams(listener, reception, stop))


async def serve_streams(listener: socket.socket, reception: Reception[StreamMember], stop: Stop) -> None:
    """Serve all that come until the bell rings, then say `ERR exit` to those who are there."""
    members: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        await wait(listener if reception.is_open() else stop, stop, reception.seconds() or TIDY_SECONDS)
        await admit(members, reception)
        reception.tidy()
    reception.tell(reception.room.end())
    reception.going.clear()  # from now on all have the same time, whatever they still say
    if members:
        await asyncio.wait(members, timeout=FAREWELL_SECONDS)


async def wait(door: Source, stop: Stop, seconds: float) -> None:
    """Wait until somebody is at the door, or the bell rings, or the time is over."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    for source in stop, door:
        loop.add_reader(source.fileno(), ready.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ready.wait(), seconds)
    for source in stop, door:
        loop.remove_reader(source.fileno())


async def admit(members: set[asyncio.Task[None]], reception: Reception[StreamMember]) -> None:
    """Let all newcomers in, each with a coroutine of its own."""
    for sock, peer in reception.newcomers():
        sock.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=sock, limit=StreamMember.CHUNK_BYTES)
        member = StreamMember(sock, peer, writer)
        reception.join(member)
        members.add(task := asyncio.create_task(hear(member, reader, writer, reception)))
        task.add_done_callback(members.discard)


async def hear(
    member: StreamMember,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    reception: Reception[StreamMember],
) -> None:
    """Do what a member asks, until it leaves."""
    try:
        while (chunk := await reader.read(member.CHUNK_BYTES)) and reception.bears(member, chunk):
            reception.take_in(member, chunk)
            await give_way()  # which `read` does not while there is more
    except OSError:
        writer.transport.abort()
    except MemoryError:
        reception.give_up(member)
    finally:
        reception.leave(member)
        writer.close()


@types.coroutine
def give_way() -> Generator[None, None, None]:
    """Let all others who are ready go on first."""
    yield
