"""What one user sees on a terminal: messages, and below them the line being typed and the state of things.

    10:43 bob: salut                     printed once; the terminal's own scrolling keeps it
    10:44 alice: bonjour
    > ça va, to                          drawn: taken away before something is printed, then drawn again below it
    127.0.0.1:4444 · connected · alice

Two programs write to a terminal when somebody types: the one that runs there, and the terminal itself, which echoes.
Here only one does, and it knows what stands where.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from common.terminal import point_to_nowhere
from sprint5_concurrency.visible import colour_of

KEPT_LINES = 500
"""Lines that can be printed again when a smaller window has spoilt the screen: more rows than a window has."""

ERASE_ROW, RIGHT, ERASE_DOWN, LEFT = "\x1b[K", "\x1b[C", "\x1b[J", "\x1b[D"
"""What a terminal obeys (ECMA-48)."""


class QuietInput(Vt100Input):
    """A keyboard that is never echoed, also not while something is printed: else fast typing is shown twice."""

    def cooked_mode(self) -> contextlib.AbstractContextManager[None]:
        """Change nothing."""
        return contextlib.nullcontext()

    def read_keys(self) -> list[KeyPress]:
        """Return the keys; characters and nothing else, several at once, as one piece: each key by itself costs much.

        So a terminal that does not mark what is pasted may paste a whole book.
        """
        keys = super().read_keys()
        if len(keys) > 1 and not any(isinstance(key.key, Keys) for key in keys):
            return [KeyPress(Keys.BracketedPaste, "".join(key.data for key in keys))]
        return keys


class QuietOutput(Vt100_Output):
    """A terminal that is told things, and never asked; and whose memory of old rows is left alone."""

    @property
    def responds_to_cpr(self) -> bool:
        """Ask for no cursor position: the answer would stand among the keys."""
        return False

    def erase_down(self) -> None:
        """Erase from the cursor on, in two steps.

        Told to erase all that it shows, tmux first moves it up into its memory: half a line and a status, for ever.
        """
        self.write_raw(ERASE_ROW + RIGHT + ERASE_DOWN + LEFT)

    def flush(self) -> None:
        """Write what is left; a terminal that has gone is told nothing any more, and that is no error."""
        try:
            super().flush()
        except OSError:
            point_to_nowhere(self.fileno())


class Screen:
    """Prints above the line being typed, draws that line, and keeps what it drew in step with the window."""

    def __init__(
        self, buffer: Buffer, keys: KeyBindings, prompt: Callable[[], str], status: Callable[[], str]
    ) -> None:
        self._unprinted: list[StyleAndTextTuples] = []
        self._printed: deque[StyleAndTextTuples] = deque(maxlen=KEPT_LINES)
        self._printing: Awaitable[None] | None = None
        typed = BufferControl(buffer, input_processors=[BeforeInput(prompt)])
        state = FormattedTextControl(lambda: [("dim", status())])
        self._application: Application[None] = Application(
            Layout(
                HSplit([Window(typed, wrap_lines=True, dont_extend_height=True), Window(state, height=1)])
            ),
            key_bindings=keys,
            erase_when_done=True,
            before_render=self._repair,
            terminal_size_polling_interval=None,  # the system tells (SIGWINCH)
            input=QuietInput(sys.stdin),
            output=QuietOutput.from_pty(
                sys.stdout, os.environ.get("TERM"), ColorDepth.from_env(), enable_bell=False
            ),
        )
        self._size = self._application.output.get_size()

    async def run(self) -> None:
        """Draw, and obey the keys, until `close`; also until the terminal has gone."""
        with contextlib.suppress(EOFError):
            await self._application.run_async(set_exception_handler=False, handle_sigint=False)
        self._print()

    def close(self) -> None:
        """End `run`."""
        if self._application.is_running and not self._application.is_done:
            self._application.exit()

    def draw(self) -> None:
        """Draw again: what the prompt or the status tells has changed."""
        self._application.invalidate()

    def message(self, name: str, text: str) -> None:
        """Show what somebody has said."""
        self._show([("dim", f"{clock()} "), (f"bold {colour_of(name)}", name), ("", f": {text}")])

    def note(self, text: str) -> None:
        """Show one line of the program's own."""
        self._show([("dim", f"{clock()} "), ("", f"* {text}")])

    async def printed(self) -> None:
        """Wait until all that was shown is on the terminal."""
        if self._printing:
            # Who is told to wait no longer must not stop it in the middle.
            await asyncio.shield(self._printing)

    def _show(self, line: StyleAndTextTuples) -> None:
        """Print a line soon, together with all others that come until then."""
        if not self._unprinted:
            self._printing = run_in_terminal(self._print)
        self._unprinted.append([*line, ("", "\n")])

    def _print(self) -> None:
        lines, self._unprinted = self._unprinted, []
        self._printed.extend(lines)
        self._application.print_text([fragment for line in lines for fragment in line])

    def _repair(self, _application: Application[None]) -> None:
        """Print the last lines again once the window has become smaller.

        Each terminal then moves what stands on it in its own way: some fold lines, some cut them. Nobody knows where
        the typed line is; so all is wiped.
        """
        before, self._size = self._size, self._application.output.get_size()
        if self._size.columns < before.columns or self._size.rows < before.rows:
            self._application.renderer.erase()
            self._application.output.cursor_goto(0, 0)
            self._application.output.erase_down()
            self._application.print_text([fragment for line in self._last_lines() for fragment in line])

    def _last_lines(self) -> list[StyleAndTextTuples]:
        """Return all lines of which a row may have been wiped: whatever is drawn, at least one row was not theirs.

        They are printed whole. So the first may be in the terminal's memory twice; better than half of it nowhere.
        """
        rows, columns = self._size
        left = rows - 1
        lines: deque[StyleAndTextTuples] = deque()
        for line in reversed(self._printed):
            if left <= 0:
                break
            lines.appendleft(line)
            left -= -(-get_cwidth("".join(text for _style, text, *_ in line).rstrip("\n")) // columns) or 1
        return list(lines)


def clock() -> str:
    """Return the time of day, as people read it."""
    return time.strftime("%H:%M")
