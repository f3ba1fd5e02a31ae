"""What the two directions of files share: an offer that waits for its answer, and the means to deal with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sprint6_messenger.commands import Usage
from sprint6_messenger.link import Link
from sprint6_messenger.transfer import Steps, Transfer
from sprint6_messenger.wire import MAX_NAME_BYTES, Message

VALID_SECONDS = 60.0
"""How long an offer waits for its answer at the server."""

QUESTION_SECONDS = VALID_SECONDS - 1.0
"""How long the user is asked. His question begins later than the server's minute, and his answer takes time to get
there: a yes that he could still give must not come too late."""

LATE_SECONDS = 5.0
"""How long an answer given at the last moment may be on its way back to the one who asked."""

AT_ONCE = 4
"""So many files, both ways together: more would only share the same network."""


def is_answerable(user: str) -> bool:
    """Whether a name can be sent: what a server sends is shown whatever it is, and may get longer by that."""
    return 0 < len(user.encode()) <= MAX_NAME_BYTES


@dataclass(frozen=True)
class Pending:
    """An offer without an answer: to or by which user, of what, until when."""

    user: str
    name: str
    until: float
    path: Path = Path()


class Means:
    """What both directions need: the user's name, his server, his screen, and a place for what is under way."""

    def __init__(
        self,
        me: str,
        server: Link,
        limit: int,
        post: Callable[[Message], None],
        note: Callable[[str], None],
    ) -> None:
        self.me = me
        self.server = server
        self.limit = limit
        self.post = post
        self.note = note
        self.transfers: list[Transfer] = []

    def start(self, title: str, steps: Steps[str]) -> Transfer:
        """Begin a transfer, and return it."""
        self.transfers.append(transfer := Transfer(title, steps))
        return transfer

    def check_place(self, waiting: int) -> None:
        """Refuse one file more than AT_ONCE, those that `waiting` counts included. Raises Usage."""
        if waiting + len(self.transfers) >= AT_ONCE:
            raise Usage(f"{AT_ONCE} files at once: wait for one of them")
