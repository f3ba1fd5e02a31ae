"""The line being typed, and what the keys do with it that prompt_toolkit does not know by itself.

Enter       do what the line asks for; one that cannot be sent comes back with the arrow up
Tab         complete a name that has been heard
Ctrl+C      leave                 Ctrl+D      leave, on an empty line
Ctrl+Z      go to the shell; `fg` comes back
"""

import signal
from collections.abc import Callable, Iterable

from prompt_toolkit import history
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from common.lines import MAX_LINE_BYTES
from sprint5_concurrency.completion import Completion
from sprint5_concurrency.history import History

FULL = f"the line is full: what goes beyond {MAX_LINE_BYTES} characters is not taken in"
"""A line of so many characters is too long for the wire already: nobody sends half a text unknowingly."""


class KeptHistory(history.History):
    """Lets the arrow keys go back to what was said in former runs."""

    def __init__(self, kept: History) -> None:
        super().__init__()
        self._kept = kept

    def load_history_strings(self) -> Iterable[str]:
        """Return all lines, the latest first."""
        return reversed(self._kept.lines())

    def store_string(self, string: str) -> None:
        """Keep one more line, for later runs too."""
        self._kept.append(string)

    def offer(self, line: str) -> None:
        """Keep one more line for this run only."""
        self._loaded_strings.insert(0, line)


class Line(Buffer):
    """The line being typed; it grows no longer than a line may be, since each key costs as much as there is of it."""

    def __init__(
        self, history: history.History, accept: Callable[[Buffer], bool], tell: Callable[[str], None]
    ) -> None:
        self._tell = tell
        super().__init__(history=history, multiline=False, accept_handler=accept)

    def reset(self, document: Document | None = None, append_to_history: bool = False) -> None:
        """Begin another line."""
        self._is_full = False
        super().reset(document, append_to_history)

    def insert_text(
        self, data: str, overwrite: bool = False, move_cursor: bool = True, fire_event: bool = True
    ) -> None:
        """Take in as much as there is room for, and tell once of what there is not."""
        room = max(0, MAX_LINE_BYTES - len(self.text))
        if taken := data[:room]:
            super().insert_text(taken, overwrite, move_cursor, fire_event)
        if len(data) > room and not self._is_full:
            self._is_full = True
            self._tell(FULL)


class Editing:
    """A line, and the keys that change it.

    `obey` is given each line that was ended, `tell` what its user should know, `end` a signal or 0.
    """

    def __init__(
        self,
        kept: History,
        obey: Callable[[str], None],
        tell: Callable[[str], None],
        end: Callable[[int], None],
    ) -> None:
        self.history = KeptHistory(kept)
        self.buffer = Line(self.history, self._accept, tell)
        self.names: Iterable[str] = ()  # to be completed, the latest last
        self._obey = obey
        self._end = end
        self._completion = Completion()

    def keys(self, suspend: Callable[[], None]) -> KeyBindings:
        """Return what the keys do; `suspend` is how to stop until the shell continues us."""
        actions: dict[str, Callable[[KeyPressEvent], object]] = {
            "tab": lambda _event: self._complete(),
            "c-c": lambda _event: self._end(signal.SIGINT),
            "c-d": lambda _event: self._end_or_delete(),
            "c-z": lambda _event: run_in_terminal(suspend),
            "<bracketed-paste>": lambda event: self._paste(event.data),
        }
        keys = KeyBindings()
        for key, action in actions.items():
            keys.add(key)(returning_nothing(action))
        return keys

    def _accept(self, buffer: Buffer) -> bool:
        """Obey a line. The buffer is emptied here, and not behind us: else all would go into the history."""
        line = buffer.text
        buffer.reset()
        self._obey(line)
        return True

    def _paste(self, text: str) -> None:
        """Do with pasted lines what Enter behind each of them would do."""
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            self.buffer.insert_text(line)
            self._accept(self.buffer)
        self.buffer.insert_text(rest)

    def _complete(self) -> None:
        document = self.buffer.document
        before = self._completion.next(document.text_before_cursor, self.names)
        self.buffer.document = Document(before + document.text_after_cursor, len(before))

    def _end_or_delete(self) -> None:
        if self.buffer.text:
            self.buffer.delete()
        else:
            self._end(0)


def returning_nothing(action: Callable[[KeyPressEvent], object]) -> Callable[[KeyPressEvent], None]:
    """Return an action whose result is not taken for a redraw that somebody should wait for."""

    def act(event: KeyPressEvent) -> None:
        action(event)

    return act
