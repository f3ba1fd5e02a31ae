"""Two who exchange a numbered line every 20 ms until their input ends; then how long their lines took."""

import select
import sys
import time

from tests.e2e.binary import Type, packed
from tests.sprint6_load.messengers import CANARY_SECONDS, join


def main() -> None:
    """Sing until told to stop."""
    port = int(sys.argv[1])
    speaker, hearer = join(port, "canary1"), join(port, "canary2")
    times: list[float] = []
    heard: list[int] = []
    sent: list[float] = []

    def hear(_speaker: bytes, text: bytes) -> None:
        if text.startswith(b"line "):
            number = int(text[5:])
            heard.append(number)
            times.append(time.monotonic() - sent[number])

    hearer.hear = hear
    print("singing", flush=True)
    begun = time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = begun + len(sent) * CANARY_SECONDS
        if time.monotonic() >= due:
            sent.append(due)  # when it was due: a canary that comes late itself would hide a delay
            speaker.sock.send(packed(Type.MSG, "canary2", f"line {len(sent) - 1}"))
        ready = select.select(
            [hearer.sock, speaker.sock, sys.stdin], [], [], max(0.0, due - time.monotonic())
        )[0]
        for peer in hearer, speaker:
            if peer.sock in ready:
                peer.read()
    while len(heard) < len(sent) and select.select([hearer.sock], [], [], 1.0)[0]:
        hearer.read()
    report(times, heard, len(sent))


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
