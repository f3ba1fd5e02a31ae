"""Who loops without waiting is told from who is only kept waiting by others, whatever the machine has to do."""

from pathlib import Path

import pytest

from tests.e2e.any_wire import SPUN_NANOSECONDS, has_spun

THREAD, OTHER = Path("/proc/1/task/1"), Path("/proc/1/task/2")
BEFORE = {THREAD: (7, b"3 pauses")}


@pytest.mark.parametrize(
    ("now", "spins"),
    [
        ({THREAD: (7 + int(SPUN_NANOSECONDS), b"3 pauses")}, True),
        ({THREAD: (7 + int(SPUN_NANOSECONDS), b"4 pauses")}, False),
        ({THREAD: (6 + int(SPUN_NANOSECONDS), b"3 pauses")}, False),
        ({OTHER: (7 + int(SPUN_NANOSECONDS), b"3 pauses")}, False),
        ({}, False),
    ],
    ids=["spins", "has waited", "was at rest", "has just begun", "has ended"],
)
def test_who_could_have_run_all_the_time_and_never_waited_spins(
    now: dict[Path, tuple[int, bytes]], spins: bool
) -> None:
    assert has_spun(BEFORE, now) == spins
