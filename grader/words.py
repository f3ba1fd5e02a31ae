"""Random words for scenes, from a seed that each run prints: nobody can prepare answers, anybody can repeat."""

import random

CONSONANTS, VOWELS = "bcdfglmnprstv", "aeiou"

WORD_BYTES = 6

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
        """Return a new word of WORD_BYTES letters that can be said aloud: a line that every program can relay."""
        while (word := self._made_up()) in self._used or not self._means_nothing(word):
            continue
        self._used.add(word)
        return word

    def _made_up(self) -> str:
        pick = self._random.choice
        return "".join(pick(CONSONANTS) + pick(VOWELS) for _ in range(WORD_BYTES // 2))

    def _means_nothing(self, text: str) -> bool:
        return not any(meant in text for meant in self._meant)

    def several(self, count: int) -> list[str]:
        """Return that many new words."""
        return [self.word() for _ in range(count)]

    def sentence(self) -> str:
        """Return a new line of two words, of LINE_BYTES at most, for checks that are about spaces."""
        return " ".join(self.several(2))

    def long_line(self, size: int) -> str:
        """Return a new line of exactly `size` ASCII letters."""
        text = ""
        while len(text) < size:
            word = self.word()
            if self._means_nothing(text[-LINE_BYTES:] + word):
                text += word
        return text[: size - 1] + "z"
