"""The order of the suite: random (pytest-randomly), but tests that wait for a clock come first."""

import pytest

LONG_WAITS = {"test_name_time", "test_late", "test_unfinished"}
"""Checks that wait for a server to lose its patience: ten seconds each, in which nobody uses the processor."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long waits in front.

    Each worker of pytest-xdist begins with a part of the list, and who has finished takes over from the end of
    others' parts. So the first worker waits for all clocks, the others do its other work meanwhile, and no wait is
    left for the end.
    """
    items.sort(key=lambda item: item.name.partition("[")[0] not in LONG_WAITS)
