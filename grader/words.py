"""Random words for scenes, from a seed that each run prints: nobody can prepare answers, anybody can repeat."""

import random

CONSONANTS, VOWELS = "bcdfglmnprstv", "aeiou"

LINE_BYTES = 17
"""The longest line: the smallest buffer among real programs of this course holds 20 bytes."""


class Words:
    """A source of words that no scene has seen yet."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def word(self) -> str:
        """Return a new word of six letters that can be said aloud."""
        pick = self._random.choice
        while (word := "".join(pick(CONSONANTS) + pick(VOWELS) for _ in range(3))) in self._used:
            continue
        self._used.add(word)
        return word

    def line(self) -> str:
        """Return a new line of one or two words, of LINE_BYTES at most."""
        return " ".join(self.word() for _ in range(self._random.randint(1, 2)))

    def lines(self, count: int) -> list[str]:
        """Return that many new lines."""
        return [self.line() for _ in range(count)]

    def long_line(self, size: int) -> str:
        """Return a new line of exactly `size` ASCII letters and spaces."""
        text = self.line()
        while len(text) < size:
            text += " " + self.word()
        return text[: size - 1] + "z"
