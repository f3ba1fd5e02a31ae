"""What Tab makes of the word before the cursor. No input or output here.

"salut bo"  Tab ->  "salut bob"  Tab ->  "salut boris"  Tab ->  "salut bo"  Tab ->  "salut bob" ...
"""

from collections.abc import Iterable


class Completion:
    """Goes through all names that begin as the word before the cursor does, whatever their case, and back to it."""

    def __init__(self) -> None:
        self._stem = ""
        self._words: list[str] = [""]
        self._place = 0

    def next(self, before: str, names: Iterable[str]) -> str:
        """Return what the text before the cursor becomes; of `names`, the latest comes first."""
        if before != self._stem + self._words[self._place]:
            self._begin(before, names)
        self._place = (self._place + 1) % len(self._words)
        return self._stem + self._words[self._place]

    def _begin(self, before: str, names: Iterable[str]) -> None:
        stem, space, word = before.rpartition(" ")
        self._stem = stem + space
        start = word.casefold()
        found = [name for name in reversed(list(names)) if name.casefold().startswith(start)] if word else []
        self._words = [word, *found]
        self._place = 0
