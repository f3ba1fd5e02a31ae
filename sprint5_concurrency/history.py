"""What was said in former runs: a file of lines, which nobody but its owner may read.

A history is a convenience. A disk that is full, or a home that cannot be written to, keeps nobody from talking.
"""

import contextlib
import os
from pathlib import Path

KEPT_LINES = 1000
"""How many lines a new run can go back to."""

MOST_BYTES = 4 * 1024 * 1024
"""A file that has grown beyond this is cut to its last KEPT_LINES; all of them at their longest are half of it."""


def history_path() -> Path:
    """Return where the file is, as the XDG base directory specification has it."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    folder = state if state.is_absolute() else Path.home() / ".local" / "state"
    return folder / "messagerie" / "history"


class History:
    """The lines of former runs, and those of this one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> list[str]:
        """Return the last KEPT_LINES lines, the oldest first."""
        with contextlib.suppress(OSError):
            text = self._path.read_bytes().decode(errors="replace")
            lines = text.split("\n")[:-1][-KEPT_LINES:]
            if len(text) > MOST_BYTES:
                self._replace(lines)
            return lines
        return []

    def append(self, line: str) -> None:
        """Add one line, at once: runs that talk at the same time do not lose each other's."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._path, os.O_APPEND, line + "\n")

    def _replace(self, lines: list[str]) -> None:
        shorter = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        write_private(shorter, os.O_TRUNC, "".join(f"{line}\n" for line in lines))
        shorter.replace(self._path)


def write_private(path: Path, how: int, text: str) -> None:
    """Write to a file that only its owner can read, also when it was there before. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text.encode())
