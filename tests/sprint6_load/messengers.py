"""What all measurements share: a server in a process of its own, raw connections, and two who watch the clock."""

import contextlib
import os
import select
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.common.children import ROOT
from tests.e2e.binary import HEADER, Type, packed

CANARY_SECONDS = 0.02
"""How often a canary sings."""

CHUNK_BYTES = 64 * 1024


@dataclass
class Process:
    """A server that is measured."""

    child: subprocess.Popen[bytes]
    port: int
    said: bytes = b""

    def has_said(self, text: bytes) -> bool:
        """Tell whether it has printed something."""
        assert self.child.stdout
        self.said += self.child.stdout.read() or b""
        return text in self.said

    def processor_seconds(self) -> float:
        """Return what it has used, for itself and in the system."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as status:
            ticks = status.read().rpartition(")")[2].split()[11:13]
        return sum(int(each) for each in ticks) / 100

    def resident_bytes(self) -> int:
        """Return its memory."""
        with open(f"/proc/{self.child.pid}/statm", encoding="ascii") as status:
            return int(status.read().split()[1]) * 4096


@contextlib.contextmanager
def server() -> Iterator[Process]:
    """Run a server."""
    words = [sys.executable, "-m", "sprint6_messenger.server", "0", "--max-clients", "1000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT, bufsize=0) as child:
        assert child.stdout
        port = int(child.stdout.readline().rpartition(b":")[2])
        os.set_blocking(child.stdout.fileno(), False)
        yield Process(child, port)
        child.terminate()


@dataclass(eq=False)
class Peer:
    """A raw connection with a name, which counts what it hears."""

    name: str
    sock: socket.socket
    unsent: bytes = b""
    ended: float = 0.0  # when it was hung up on; 0: it was not
    kept: bytearray = field(default_factory=bytearray)
    hear: Callable[[bytes, bytes], None] = lambda _speaker, _text: None

    def read(self) -> int:
        """Take one chunk; return its size."""
        try:
            chunk = self.sock.recv(CHUNK_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            chunk = b""
        if not chunk:
            self.ended = time.monotonic()
        self.kept += chunk
        self._decode()
        return len(chunk)

    def _decode(self) -> None:
        begin, end = 0, HEADER.size
        while len(self.kept) >= end:
            length, speaker, _kind, _infos = HEADER.unpack_from(self.kept, begin)
            if len(self.kept) < end + length:
                break
            self.hear(speaker.rstrip(b"\0"), bytes(self.kept[end : end + length]))
            begin = end + length
            end = begin + HEADER.size
        del self.kept[:begin]

    def write(self) -> None:
        """Send what is taken."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.unsent = self.unsent[self.sock.send(self.unsent) :]


def join(port: int, name: str, receive_buffer: int = 0) -> Peer:
    """Connect, and take a name."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", port))
    sock.sendall(packed(Type.NICK, name))
    assert sock.recv(4096)
    sock.setblocking(False)
    return Peer(name, sock)


class Ears:
    """Reads and writes for many peers; the work that each chunk costs makes them slow, or not."""

    def __init__(self, peers: list[Peer], pause: float = 0.0) -> None:
        self._selector = selectors.DefaultSelector()
        self._pause = pause
        for peer in peers:
            self._selector.register(peer.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)

    def turn(self, patience: float) -> bool:
        """Serve those who are ready; tell whether there was anybody."""
        ready = self._selector.select(patience)
        for key, events in ready:
            peer: Peer = key.data
            if events & selectors.EVENT_WRITE:
                peer.write()
                if not peer.unsent:
                    self._selector.modify(peer.sock, selectors.EVENT_READ, peer)
            if events & selectors.EVENT_READ and peer.read():
                select.select([], [], [], self._pause)  # as long as some work
            if peer.ended:
                self._selector.unregister(peer.sock)
        return bool(ready)

    def writes(self, peer: Peer) -> None:
        """Watch for room to send again."""
        if not peer.ended:
            self._selector.modify(peer.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)


class Canaries:
    """Two who exchange a numbered line every 20 ms, in a process that does nothing else."""

    def __init__(self, port: int) -> None:
        words = [sys.executable, "-m", "tests.sprint6_load.canaries", str(port)]
        self._child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert self._child.stdout
        assert self._child.stdout.readline() == b"singing\n"

    def stop(self) -> str:
        """Return how it went."""
        return self._child.communicate()[0].decode().strip()
