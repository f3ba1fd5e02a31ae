"""The folder where the files of others arrive. What it holds under its final name is whole, always.

    rapport.pdf.part    while its bytes come; removed if they do not all come
    rapport.pdf         once they have

The step from one to the other is link(2), which fails where the name exists already: rename(2) would put the
new file in place of the old one. All names are looked up in the open folder (openat(2)), so that nobody can put
another folder in its place meanwhile, and none is followed if it is a link.
"""

import contextlib
import os
from pathlib import Path
from types import TracebackType

from common.sockets import reason
from sprint6_messenger.safe_names import numbered

OWNER_ONLY = 0o600
"""Who reads and writes what arrives; and nobody executes it, whatever it is where it comes from."""

FOLDER_MODE = 0o700

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Create it or fail: neither a file that exists nor one that a link points to is ever opened."""

MOST_TWINS = 1000
"""So many files of one name are enough; without a bound, somebody could let us count for ever."""


class DiskError(Exception):
    """Says why a file cannot be kept, in words for both users."""


class Inbox:
    """A folder, made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, name: str) -> "Part":
        """Return a new file that is to be called `name`, which must be a safe name. Raises DiskError."""
        try:
            self.path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            return Part(os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), name)
        except OSError as error:
            raise DiskError(f"cannot save in {self.path}: {reason(error)}") from None


class Part:
    """A file that is on its way; at the end of its `with` it is there under its name, or not at all."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder = folder
        self._wanted = name
        self._kept = ""
        try:
            self._name, self._file = create(folder, name)
        except OSError:
            os.close(folder)
            raise

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._kept:
            with contextlib.suppress(OSError):  # whoever removed it first has done our work
                self._remove(f"{self._name}.part")
        os.close(self._file)
        os.close(self._folder)

    def write(self, chunk: bytes) -> None:
        """Write all of a chunk. Raises DiskError."""
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise DiskError(f"cannot save: {reason(error)}") from None

    def keep(self) -> str:
        """Give the file its name, or `name (1)` where that is taken; return it. Raises DiskError."""
        try:
            os.fsync(self._file)
            self._kept = self._link()
            self._remove(f"{self._name}.part")
        except OSError as error:
            raise DiskError(f"cannot save: {reason(error)}") from None
        return self._kept

    def take_back(self) -> None:
        """Remove a file that was kept too soon. Raises DiskError."""
        try:
            self._remove(self._kept)
        except OSError as error:
            raise DiskError(f"cannot remove {self._kept}: {reason(error)}") from None

    def _link(self) -> str:
        for _, candidate in zip(range(MOST_TWINS), numbered(self._wanted), strict=False):
            with contextlib.suppress(FileExistsError):
                os.link(
                    f"{self._name}.part",
                    candidate,
                    src_dir_fd=self._folder,
                    dst_dir_fd=self._folder,
                    follow_symlinks=False,
                )
                return candidate
        raise too_many(self._wanted)

    def _remove(self, name: str) -> None:
        """Remove a name if it is this file's: somebody may have put another in its place."""
        found = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        if os.path.samestat(found, os.fstat(self._file)):
            os.unlink(name, dir_fd=self._folder)


def create(folder: int, name: str) -> tuple[str, int]:
    """Open a new `.part` in a folder; return its name without that suffix, and its descriptor. Raises OSError."""
    for _, candidate in zip(range(MOST_TWINS), numbered(name), strict=False):
        with contextlib.suppress(FileExistsError):
            return candidate, os.open(f"{candidate}.part", NEW_FILE, OWNER_ONLY, dir_fd=folder)
    raise too_many(name)


def too_many(name: str) -> OSError:
    """Return what is raised when MOST_TWINS files have a name."""
    return FileExistsError(f"too many files called {name}")
