"""Verdicts: what became of each check, and all that is known of one that failed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.journal import NETWORK, RECEIVED, SENT, TYPED, Entry, entry_of

PASSED, FAILED, SKIPPED, UNPLAYED = "passed", "failed", "skipped", "not played"
BLOCKED, BROKEN = "not judged", "broken"
"""What a case, or a check, came to. Not judged: it would have failed as another one did that it builds on.
Broken: the check itself has a fault, which is not the program's."""

UNCOUNTED = (SKIPPED, BROKEN)
"""They give no points and cost none."""

SUBJECT, ROBUST = "subject", "robust"
"""The levels of checks: what the course text asks for, and what a good program does besides."""

MARKS = {PASSED: "✓", FAILED: "✗", SKIPPED: "–", BLOCKED: "✗", BROKEN: "!"}


SAID = (TYPED, SENT)

GOT = "     got: "

QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
"""A text as Python writes it."""


@dataclass(frozen=True)
class Scene:
    """What was seen of one case: its journal, how the programs stood at its end, and what was missed."""

    error: str = ""
    entries: tuple[Entry, ...] = ()
    programs: tuple[dict[str, Any], ...] = ()
    outcome: str = FAILED
    lacks: str = ""  # the actor that could not be brought

    @property
    def expected(self) -> str:
        """Return what should have been seen."""
        return field_of(self.error, "expected: ")

    @property
    def got(self) -> str:
        """Return what came instead."""
        return field_of(self.error, GOT)

    @property
    def tells_what_came(self) -> bool:
        """Tell whether it is known what came instead, be it nothing."""
        return any(line.startswith(GOT) for line in self.error.split("\n"))

    def has_people(self) -> bool:
        """Tell whether somebody sat at a terminal: then a wiretap shows what crossed between the programs."""
        return any("screen" in program["shown"] for program in self.programs)

    def is_mute(self) -> bool:
        """Tell whether somebody said something, and not a word of it was seen by anybody else."""
        return self._are_unheard([each for each in self.entries if each.act in SAID])

    def ends_mute(self) -> bool:
        """Tell whether not a word of what was said last was seen by anybody else."""
        return self._are_unheard([each for each in self.entries if each.act in SAID][-1:])

    def _are_unheard(self, lines: Sequence[Entry]) -> bool:
        said = {(line.actor, word) for line in lines for word in line.text.split()}
        heard = {speaker: self.heard_beside(speaker) for speaker in {speaker for speaker, _word in said}}
        return bool(said) and not any(word in heard[speaker] for speaker, word in said)

    def heard_beside(self, speaker: str) -> str:
        """Return all that anybody but one speaker has seen, or received."""
        received = [each.text for each in self.entries if each.act == RECEIVED and each.actor != speaker]
        shown = [each["shown"].get("screen", "") for each in self.programs if each["name"] != speaker]
        return "\n".join([*received, *shown, self.got])

    def actors(self) -> list[str]:
        """Return who takes part, in the order in which they came; the server stands beside the first of them."""
        others = ("server", NETWORK)
        names = list(dict.fromkeys(entry.actor for entry in self.entries if entry.actor not in others))
        return [*names[:1], "server", *names[1:]]


def field_of(error: str, label: str) -> str:
    """Return the rest of the line that begins with a label; all of a text that has no such line."""
    for line in error.split("\n"):
        if line.startswith(label):
            return line[len(label) :]
    return error.strip() if label.startswith("expected") else ""


def quoted(text: str) -> str:
    """Return what stands between the first pair of quotes; empty where there is none."""
    found = QUOTED.search(text)
    return found[0][1:-1] if found else ""


def first_difference(wanted: Sequence[object], got: Sequence[object]) -> int:
    """Return how many items two sequences, such as the characters of texts, begin with together."""
    pairs = zip(wanted, got, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(wanted), len(got))
    )


def scene_of(report: dict[str, Any], outcome: str) -> Scene:
    """Return a scene as a worker has reported it."""
    entries = tuple(entry_of(value) for value in report.get("entries", []))
    programs = tuple(report.get("programs", []))
    return Scene(report.get("error", ""), entries, programs, outcome, report.get("lacks", ""))


@dataclass
class Case:
    """One way to play a check."""

    name: str
    outcome: str = ""
    seconds: float = 0.0
    reason: str = ""  # why it was skipped, left out or broken
    needs: tuple[str, ...] = ()  # the fixtures that its scene is made of
    long: bool = False  # it waits far longer than others
    has_failed: bool = False  # it may still have to be played again
    scene: Scene = Scene()
    tapped: Scene = Scene()  # the same once more, through a wiretap


@dataclass
class Verdict:
    """One check and its cases; `outcome` is empty until all of them have been played."""

    id: str
    points: int
    level: str
    hint: str
    statement: str
    file: str
    cases: list[Case] = field(default_factory=list)
    after: str = ""

    @property
    def outcome(self) -> str:
        """Return the worst that a case came to; skipped only if all were."""
        outcomes = {case.outcome for case in self.cases}
        if FAILED in outcomes:
            return FAILED
        if BLOCKED in outcomes:
            return BLOCKED
        if "" in outcomes:
            return ""
        if BROKEN in outcomes:
            return BROKEN
        return SKIPPED if outcomes == {SKIPPED} else PASSED

    @property
    def gained(self) -> int:
        """Return the points that it gives."""
        return self.points if self.outcome == PASSED else 0

    @property
    def seconds(self) -> float:
        """Return how long its cases took together."""
        return sum(case.seconds for case in self.cases)

    def why_not(self) -> str:
        """Return why it was not judged, be it skipped, left out or broken."""
        return next(case.reason for case in self.cases if case.outcome == self.outcome)

    def failure(self) -> Case:
        """Return the first case that failed."""
        return next(case for case in self.cases if case.outcome == FAILED)
