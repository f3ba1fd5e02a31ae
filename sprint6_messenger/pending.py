"""What the two directions of files share: an offer that waits for its answer, and the means to deal with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sprint6_messenger.transfer import Steps
from sprint6_messenger.wire import Message

VALID_SECONDS = 60.0
"""How long an offer waits for its answer."""

AT_ONCE = 4
"""So many files each way: more would only share the same network."""


@dataclass(frozen=True)
class Pending:
    """An offer without an answer: to or by which user, of what, until when."""

    user: str
    name: str
    until: float
    path: Path = Path()


@dataclass
class Means:
    """What both directions need: the user's own name, the server, the screen, and a place among the transfers."""

    me: str
    limit: int
    post: Callable[[Message], None]
    note: Callable[[str], None]
    start: Callable[[str, Steps[str]], None]
