"""Measures the messenger under load: `python -m tests.sprint6_load storm`, `stalled`, `files`, or `slow`.

These are no tests: what they print depends on the machine, and on who else uses it. `processor` is the server's
own time, which depends on others least.

    storm [PAUSE]  100 clients say 200 lines each to all, at once; each chunk that is read costs PAUSE seconds
    flooded        10 flood for 20 seconds, 20 read, one of them nothing
    stalled        20 members say 900 lines a second for 20 seconds, one reads nothing
    files [MIB]    10 pairs send each other 10 MiB, all at once
    slow [MIB]     one sends 100 MiB to one who reads 10 kB/s, for 20 seconds
"""

import hashlib
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from grader.actors import PipedClient
from grader.stage import Stage
from tests.common.children import ROOT
from tests.e2e.binary import Type, packed
from tests.sprint6_client.people import Person
from tests.sprint6_load.messengers import Canaries, Ears, Peer, Process, join, server

MEMBERS, LINES = 100, 200

MIB = 1024 * 1024


def storm(pause: str = "0") -> None:
    """All at once."""
    with server() as measured:
        peers = [join(measured.port, f"peer{number}") for number in range(MEMBERS)]
        heard = [count_in_order(peer) for peer in peers]
        for peer in peers:
            peer.unsent = b"".join(packed(Type.MSGALL, "", str(number)) for number in range(LINES))
        ears, begun = Ears(peers, float(pause)), time.monotonic()
        wanted = MEMBERS * (MEMBERS - 1) * LINES
        while sum(each.total() for each in heard) < wanted and ears.turn(15.0):
            continue
        took = time.monotonic() - begun
        print(
            f"{sum(each.total() for each in heard):,} of {wanted:,} delivered, in order, once; {took:.1f} s; "
            f"{sum(bool(peer.ended) for peer in peers)} hung up on; processor {measured.processor_seconds():.1f} s"
        )


def count_in_order(peer: Peer) -> Counter[bytes]:
    """Let a peer count what it hears of each, and fail when something is missing or comes twice."""
    heard: Counter[bytes] = Counter()

    def hear(speaker: bytes, text: bytes) -> None:
        assert int(text) == heard[speaker], (
            f"{peer.name} hears {text!r} of {speaker!r} behind {heard[speaker]} others"
        )
        heard[speaker] += 1

    peer.hear = hear
    return heard


def flooded() -> None:
    """Ten speak as fast as they can."""
    speak_for_20_seconds(members=20, speakers=10, lines_a_second=0)


def stalled() -> None:
    """Everybody speaks a little."""
    speak_for_20_seconds(members=20, speakers=18, lines_a_second=50)


def speak_for_20_seconds(members: int, speakers: int, lines_a_second: int) -> None:
    """Let some speak, and one not read."""
    with server() as measured:
        stuck = join(measured.port, "stuck", 4096)  # and it never reads
        peers = [join(measured.port, f"peer{number}") for number in range(members - 1)]
        before, most = measured.resident_bytes(), 0
        canaries, ears = Canaries(measured.port), Ears(peers)
        line, begun, gone, said = packed(Type.MSGALL, "", "x" * 400), time.monotonic(), 0.0, 0
        while (now := time.monotonic() - begun) < 20:
            due = int(now * lines_a_second) if lines_a_second else said + 1
            for peer in peers[:speakers] if due > said else []:
                if len(peer.unsent) < 100 * len(line):
                    peer.unsent += line * (due - said if lines_a_second else 50)
                ears.writes(peer)
            said = due
            ears.turn(0.005)
            most = max(most, measured.resident_bytes())
            gone = gone or (now if measured.has_said(b"stuck was hung up on") else 0.0)
        print(f"canaries: {canaries.stop()}")
        print(
            f"{stuck.name} is hung up on after {gone:.1f} s; others hung up on: "
            f"{sum(bool(peer.ended) for peer in peers)}; memory +{(most - before) // 1024:,} KiB"
        )


def files(mib: str = "10") -> None:
    """Everybody sends, everybody receives."""
    with server() as measured, tempfile.TemporaryDirectory() as directory, Stage(patience=120.0) as stage:
        people = [person(stage, measured, Path(directory), f"person{number}") for number in range(20)]
        paths = [write_file(Path(directory), number, int(mib)) for number in range(20)]
        canaries = Canaries(measured.port)
        pairs = [(people[number], people[number ^ 1], paths[number]) for number in range(20)]
        for sender, receiver, path in pairs:
            sender.types(f"/send {receiver.name} {path}")
        for sender, receiver, path in pairs:
            receiver.sees(f"{sender.name} offers you the file {path.name}")
        begun = time.monotonic()
        for _sender, receiver, _path in pairs:
            receiver.types("y")
        took = sorted(wait_all(pairs, begun))
        print(f"canaries: {canaries.stop()}")
        whole = sum(digest(receiver.inbox / path.name) == digest(path) for _sender, receiver, path in pairs)
        print(
            f"{whole} of 20 whole; the first took {took[0]:.1f} s, the last {took[-1]:.1f} s, "
            f"{took[-1] / took[0]:.1f} times as long"
        )


def wait_all(pairs: list[tuple[Person, Person, Path]], begun: float) -> list[float]:
    """Return after how many seconds each sender was told that his file has arrived."""
    took: dict[str, float] = {}
    while len(took) < len(pairs):
        for sender, receiver, path in pairs:
            told = f"{path.name} to {receiver.name}: {receiver.name} has it, SHA-256 checked"
            if sender.name not in took and told.encode() in sender.client.shown():
                took[sender.name] = time.monotonic() - begun
        pairs[0][0].client.stage.wait_until(lambda: False, 0.02)
        assert time.monotonic() - begun < 120
    return list(took.values())


def person(stage: Stage, measured: Process, directory: Path, name: str) -> Person:
    """Bring somebody with our client."""
    words = [
        sys.executable,
        "-m",
        "sprint6_messenger.client",
        "127.0.0.1",
        str(measured.port),
        "--inbox",
        str(directory / name),
    ]
    client = PipedClient(stage, name, words, ROOT)
    client.types(f"/nick {name}")
    client.sees(f"welcome {name}")
    return Person(client, directory / name)


def write_file(directory: Path, number: int, mib: int) -> Path:
    """Write a file that has nothing in common with the others."""
    path = directory / f"file{number}.bin"
    path.write_bytes(hashlib.sha256(str(number).encode()).digest() * (mib * MIB // 32))
    return path


def digest(path: Path) -> str:
    """Return the checksum of a file; "" when there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def slow(mib: str = "100") -> None:
    """One reads ten kilobytes a second."""
    with server() as measured, tempfile.TemporaryDirectory() as directory, Stage(patience=60.0) as stage:
        alice, bob = person(stage, measured, Path(directory), "alice"), join(measured.port, "bob")
        path = write_file(Path(directory), 0, int(mib))
        alice.types(f"/send bob {path}")
        alice.sees("is offered to bob")
        sender = accept_file(bob)
        canaries = Canaries(measured.port)
        usage, before, got = alice.client.program.usage(), measured.resident_bytes(), 0
        sizes = [usage.memory_info().rss]
        for _ in range(200):
            got += len(sender.recv(1000))
            stage.wait_until(lambda: False, 0.1)
            sizes.append(usage.memory_info().rss)
        print(f"canaries: {canaries.stop()}")
        print(
            f"{got:,} bytes read; memory of the sender +{(max(sizes) - sizes[0]) // 1024:,} KiB, of the server "
            f"+{(measured.resident_bytes() - before) // 1024:,} KiB"
        )


def accept_file(bob: Peer) -> socket.socket:
    """Let bob, whose buffers are small, want the file that alice offers; return the connection on which it comes."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        bob.sock.send(packed(Type.ACCEPT, "alice", f"127.0.0.1:{listener.getsockname()[1]}"))
        return listener.accept()[0]


MEASUREMENTS = {each.__name__: each for each in (storm, flooded, stalled, files, slow)}

if __name__ == "__main__":
    MEASUREMENTS[sys.argv[1]](*sys.argv[2:])
