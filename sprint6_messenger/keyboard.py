"""The keyboard of a client that must sometimes let a typed line wait.

    /join jazz
    salut            to whom? That depends on what the server answers to the line above

Who types waits for the answer by himself; a pipe, or a whole page that is pasted, does not. So lines stay here,
in order, until it is known where they go.
"""

import time
from collections.abc import Callable

from common.terminal import Keyboard
from sprint6_messenger.screen import DrawnScreen
from sprint6_messenger.typed_line import TypedLine

ANSWER_SECONDS = 1.0
"""How long a line waits for such an answer; not every server gives one."""

WAITING_LINES = 100
"""Who types beside lines that wait should see it; with so many of them he pastes."""


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


class KeyByKey(PatientKeyboard):
    """A terminal's keys as they are pressed, and the line that they make drawn on a screen."""

    def __init__(self, line: TypedLine, screen: DrawnScreen, suspend: Callable[[], None]) -> None:
        super().__init__()
        self._line = line
        self._screen = screen
        self._suspend = suspend

    @property
    def wants_reading(self) -> bool:
        """Whether more may be read: who types while lines wait must see what he types."""
        return not self.ended and len(self.inbox) < WAITING_LINES

    def take_in(self, typed: bytes) -> None:
        """Take the keys that were pressed, and show what has become of the line; without a terminal it is lost."""
        finished = self._line.feed(typed)
        self.inbox.feed(finished)
        self.ended = self._line.ended or not typed
        if typed:
            self._screen.draw(finished)
        if self._line.takes_stop():
            self._stop()

    def _stop(self) -> None:
        """Let the shell have the terminal for a while."""
        self._screen.stop_prompting()
        self._suspend()
        self._screen.prompt()
