"""Both ends of a transfer, and strangers in the place of either, in one process and without a server."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from common.stop import POLLIN, POLLOUT, wait_ready
from sprint6_messenger.caller import Expected
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.receiving import receive_file
from sprint6_messenger.sending import open_source, send_file
from sprint6_messenger.transfer import Transfer
from sprint6_messenger.wire import HEADER, HEADER_BYTES

SECONDS = 20.0
"""Against hanging only."""

LIMIT = 8 * 1024 * 1024

LOCALHOST = "127.0.0.1"


def play(*transfers: Transfer, until: Callable[[], bool] = lambda: False) -> list[str]:
    """Let transfers go on until all are over, or something is seen; return their results."""
    deadline = time.monotonic() + SECONDS
    while not until() and (going := [transfer for transfer in transfers if not transfer.result]):
        assert time.monotonic() < deadline
        step(going)
    return [transfer.result for transfer in transfers]


def step(going: list[Transfer]) -> None:
    """Wait until one can go on, or has waited too long."""
    patience = min(transfer.until for transfer in going) - time.monotonic()
    ready = wait_ready({transfer: transfer.events for transfer in going}, min(patience, SECONDS))
    for transfer, events in ready.items():
        transfer.proceed(events)
    for transfer in going:
        if not transfer.result and transfer.until <= time.monotonic():
            transfer.time_out()


class Scene:
    """alice sends, bob receives; each may be a stranger's program instead."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "photo.png"
        self.inbox = Inbox(directory / "inbox")
        self.notes: list[str] = []
        self.listener = socket.create_server((LOCALHOST, 0))
        self.listener.settimeout(SECONDS)

    @property
    def saved(self) -> dict[str, bytes]:
        """What is in the inbox."""
        if not self.inbox.path.exists():
            return {}
        return {path.name: path.read_bytes() for path in self.inbox.path.iterdir()}

    def alice(self, data: bytes, port: int = 0) -> Transfer:
        """Begin to send these bytes to where bob listens."""
        self.path.write_bytes(data)
        place = socket.AF_INET, (LOCALHOST, port or self.listener.getsockname()[1])
        return Transfer(
            "photo.png", send_file(open_source(self.path, LIMIT), place, "alice", "bob", self.notes.append)
        )

    def bob(self, host: str = LOCALHOST) -> Transfer:
        """Begin to receive a file from alice, who is at `host`."""
        self.listener.setblocking(False)
        expected = Expected("alice", "photo.png", host, LIMIT, "bob")
        return Transfer("photo.png", receive_file(self.listener, expected, self.inbox, self.notes.append))

    def calls(self, source: str = LOCALHOST) -> socket.socket:
        """Connect to bob, as a stranger's program."""
        port = self.listener.getsockname()[1]
        return socket.create_connection((LOCALHOST, port), SECONDS, source_address=(source, 0))

    def answers(self, alice: Transfer) -> socket.socket:
        """Accept alice's connection, as a stranger's program."""
        play(alice, until=lambda: bool(wait_ready({self.listener: POLLIN}, 0)))
        sock, _address = self.listener.accept()
        sock.settimeout(SECONDS)
        return sock


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def send(sock: socket.socket, data: bytes, transfer: Transfer) -> None:
    """Send bytes to a transfer, which goes on meanwhile; what it does not want any more is lost."""
    rest = memoryview(data)
    sock.setblocking(False)
    while rest and not transfer.result:
        play(transfer, until=lambda: bool(wait_ready({sock: POLLOUT}, 0)))
        rest = rest[sock.send(rest) :]


def is_hung_up_on(sock: socket.socket) -> bool:
    """Whether the next thing that comes is the end of the connection."""
    sock.settimeout(SECONDS)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:  # we had said something that nobody read
        return True


def message(number: int, infos: bytes, payload: bytes = b"", length: int | None = None) -> bytes:
    """Return a message as C programs write it; `length` may be a lie."""
    return HEADER.pack(len(payload) if length is None else length, b"stranger", number, infos) + payload


def receive_exactly(sock: socket.socket, count: int, transfer: Transfer) -> bytes:
    """Read so many bytes from a transfer, which goes on meanwhile."""
    data = b""
    sock.setblocking(False)
    while len(data) < count:
        play(transfer, until=lambda: bool(wait_ready({sock: POLLIN}, 0)))
        chunk = sock.recv(count - len(data))
        assert chunk, f"closed after {len(data)} of {count} bytes: {transfer.result}"
        data += chunk
    return data


def receive_message(sock: socket.socket, transfer: Transfer) -> tuple[int, bytes, bytes]:
    """Read a message from a transfer; return its type, infos and payload."""
    length, _sender, number, infos = HEADER.unpack(receive_exactly(sock, HEADER_BYTES, transfer))
    return number, infos.rstrip(b"\0"), receive_exactly(sock, length, transfer)
