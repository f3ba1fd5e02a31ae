"""The keyboard of a client that must sometimes let a typed line wait.

    /join jazz
    salut            to whom? That depends on what the server answers to the line above

Who types waits for the answer by himself; a pipe, or a whole page that is pasted, does not. So lines stay here,
in order, until it is known where they go.
"""

import time

from common.terminal import Keyboard

ANSWER_SECONDS = 1.0
"""How long a line waits for such an answer; not every server gives one."""


class PatientKeyboard(Keyboard):
    """The user's lines, which can be held back for a while."""

    def __init__(self) -> None:
        super().__init__()
        self._held_until = 0.0

    @property
    def wants_reading(self) -> bool:
        """Whether more may be read: only when all that was typed before has been dealt with."""
        return not self.ended and not self.inbox

    @property
    def until(self) -> float | None:
        """When a line that waits must be dealt with in any case; None when there is none."""
        return self._held_until if self.inbox and time.monotonic() < self._held_until else None

    @property
    def has_line(self) -> bool:
        """Whether a line can be taken now."""
        return bool(self.inbox) and self.until is None

    def hold(self) -> None:
        """Give out no line before an answer has come, or the time for it is over."""
        self._held_until = time.monotonic() + ANSWER_SECONDS

    def release(self) -> None:
        """Give out lines again."""
        self._held_until = 0.0
