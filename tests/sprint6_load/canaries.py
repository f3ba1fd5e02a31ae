"""Two who exchange a numbered line every 20 ms until their input ends; then how long their lines took."""

import select
import sys
import time
from typing import TextIO

from tests.e2e.binary import Type, packed
from tests.sprint6_load.messengers import CANARY_SECONDS, join

LAST_SECONDS = 5.0
"""How long the last lines may take."""


class Song:
    """The lines of one canary, as the other hears them."""

    def __init__(self, port: int) -> None:
        self._speaker, self._hearer = join(port, "canary1"), join(port, "canary2")
        self._hearer.hear = self._hear
        self.due: list[float] = []
        self.heard: list[int] = []
        self.times: list[float] = []

    def sing(self) -> None:
        """Sing until the input ends, and hear the last lines."""
        begun = time.monotonic()
        while not self._listen(begun + len(self.due) * CANARY_SECONDS - time.monotonic(), sys.stdin):
            if time.monotonic() >= (due := begun + len(self.due) * CANARY_SECONDS):
                self._speaker.sock.send(packed(Type.MSG, "canary2", f"line {len(self.due)}"))
                # Not when it was sung: a canary that comes late itself would hide a delay.
                self.due.append(due)
        last = time.monotonic() + LAST_SECONDS
        while len(self.heard) < len(self.due) and time.monotonic() < last:
            self._listen(LAST_SECONDS)

    def _listen(self, seconds: float, *others: TextIO) -> bool:
        """Read what comes meanwhile; tell whether one of the others is ready."""
        peers = {peer.sock.fileno(): peer for peer in (self._speaker, self._hearer)}
        watched = [*peers, *(other.fileno() for other in others)]
        ready = select.select(watched, [], [], max(0.0, seconds))[0]
        for descriptor in ready:
            if peer := peers.get(descriptor):
                peer.read()
        return any(other.fileno() in ready for other in others)

    def _hear(self, _speaker: bytes, text: bytes) -> None:
        if text.startswith(b"line "):
            self.heard.append(int(text[5:]))
            self.times.append(time.monotonic() - self.due[self.heard[-1]])


def main() -> None:
    """Sing, and tell how it went."""
    song = Song(int(sys.argv[1]))
    print("singing", flush=True)
    song.sing()
    report(song.times, song.heard, len(song.due))


def report(times: list[float], heard: list[int], sent: int) -> None:
    """Print how long the lines took, and whether all came in order."""
    times.sort()
    in_order = heard == list(range(sent))
    p50, p99 = (1000 * times[len(times) * share // 100] for share in (50, 99))
    print(
        f"{sent} lines, {'all once and in order' if in_order else 'SOME LOST'}; "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {1000 * times[-1]:.0f} ms"
    )


if __name__ == "__main__":
    main()
