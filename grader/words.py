"""Random words for scenes, from a seed that each run prints: nobody can prepare answers, anybody can repeat."""

import random

CONSONANTS, VOWELS = "bcdfglmnprstv", "aeiou"

LINE_BYTES = 17
"""The longest line: the smallest buffer among real programs of this course holds 20 bytes."""

MEANT = ("fin", "emi", "rec")
"""Words that mean something on the wire. None stands in a word by chance: what a program does with lines that only
resemble them is asked where a check says so, and not of one seed in a thousand."""


class Words:
    """A source of words that no scene has seen yet, and that contain neither MEANT nor what else means something."""

    def __init__(self, seed: str, *meant: str) -> None:
        self.seed = seed
        self._meant = (*MEANT, *meant)
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def word(self) -> str:
        """Return a new word of six letters that can be said aloud."""
        while not self._is_fit(word := self._made_up()):
            continue
        self._used.add(word)
        return word

    def _made_up(self) -> str:
        pick = self._random.choice
        return "".join(pick(CONSONANTS) + pick(VOWELS) for _ in range(3))

    def _is_fit(self, word: str) -> bool:
        return word not in self._used and not any(meant in word for meant in self._meant)

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
