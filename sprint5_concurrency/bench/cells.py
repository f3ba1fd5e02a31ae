"""Figures as they stand in a table. No I/O here."""

MILLION = 1_000_000
KILOBYTE = 1000


def whole(value: float) -> str:
    """Return `212,345`, and `4.56 million` where more digits would say nothing."""
    return f"{value / MILLION:.2f} million" if value >= MILLION else f"{value:,.0f}"


def percent(value: float) -> str:
    """Return a part of one as `12.3 %`."""
    return f"{100 * value:.1f} %"


def milliseconds(microseconds: float) -> str:
    """Return `0.123`."""
    return f"{microseconds / 1000:.3f}"


def kilobytes(count: float) -> str:
    """Return `0.8`."""
    return f"{count / KILOBYTE:.2f}"


def two_places(value: float) -> str:
    """Return `0.98`."""
    return f"{value:.2f}"
