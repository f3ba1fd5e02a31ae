"""How many descriptors a process may have: each connection needs one, at the server and in the crowd."""

import resource

SPARE_DESCRIPTORS = 64
"""What a program needs besides its connections."""


def raise_descriptor_limit() -> int:
    """Allow this process, and those that it starts, as many descriptors as the system lets it have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def shortage(clients: int, limit: int) -> str:
    """Return why so many clients cannot be measured here; empty when they can."""
    needed = clients + SPARE_DESCRIPTORS
    if limit == resource.RLIM_INFINITY or needed <= limit:
        return ""
    return f"{clients:,} clients need {needed:,} descriptors, and a process may have {limit:,} (ulimit -Hn)"
