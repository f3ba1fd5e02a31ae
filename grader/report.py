"""The report on a check that failed: what a student needs at two in the morning, and nothing else.

What happened, step by step; what each person saw; what crossed the wire, with the arrow that is missing; what was
expected and what came, up to the first difference; how the programs stood; the likely cause; how to play it again.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.causes.evidence import MISSED
from grader.contract import COURSE, Contract
from grader.diagnosis import diagnose
from grader.diagram import TerminalDiagram, drawn
from grader.journal import MISSING, PRESSED, SHOWN, TYPED, Entry, numbered, told
from grader.messages import BINARY
from grader.verdicts import BLOCKED, MARKS, UNCOUNTED, Case, Scene, Verdict, first_difference, quoted

PROGRAM = "messagerie"

WIDTH = 100

STEPS = 40
"""Steps that are shown; of more, the last ones."""

SIGPIPE = "sigpipe"
"""The cause that a wiretap may keep away."""

SPARED_BY_WIRETAP = "there the wiretap takes what is written to who has gone"

OF_ONE_PLAY = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")
"""What differs in what is expected from one play of a case to the next: ports, and words that were made up."""

CHARACTER = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)|.", re.DOTALL)
"""One character of a text that is safe to show: itself, or its escape."""

ROWS = 100
"""Rows of a diagram; of more, the last ones."""

LINES_SHOWN = 20
"""Lines of one person's screen; of more, the last ones."""


@dataclass(frozen=True)
class Setting:
    """What a report must know besides the verdict: how the run can be repeated."""

    sprint: int
    directory: str
    seed: int
    contract: Contract
    program: str = PROGRAM  # the grader, as its user has called it


def headline(verdict: Verdict) -> str:
    """Return one line on a check."""
    gained = "–" if verdict.outcome in UNCOUNTED else verdict.gained
    points = f"{gained}/{verdict.points}"
    line = f"{MARKS[verdict.outcome]} {verdict.id:22} {points:>4}  {verdict.level:8} {verdict.statement}"
    return f"{line} (not judged: {verdict.why_not()})" if verdict.outcome == BLOCKED else line


def failure_report(verdict: Verdict, setting: Setting) -> str:
    """Return the whole report on a check that failed; where its programs name their files, in their own directory."""
    case = verdict.failure()
    told = "\n".join(f"  {line}".rstrip() for line in sections(verdict, case, setting))
    return told.replace(f"{setting.contract.directory}/", f"{setting.directory.rstrip('/')}/")


def sections(verdict: Verdict, case: Case, setting: Setting) -> Iterator[str]:
    """Yield the lines of a report."""
    scene = case.scene
    if "[" in case.name:
        yield f"case:     {case.name.partition('[')[2].rstrip(']')}"
    yield from titled("what happened", steps(scene))
    for actor in people(scene):
        yield from titled(f"{actor}'s terminal", terminal(scene, actor))
    if any(entry.peer for entry in case.tapped.entries):
        yield from titled(f"on the wire, played again{how_otherwise(case)}", pictured(case))
    yield ""
    yield from compared(scene, verdict.statement)
    name, sentence = diagnose(verdict.id, setting.contract.quit, case)
    yield from played_again(name, case, setting)
    yield from titled("how the programs stood", stands(scene))
    yield ""
    if name:
        yield f"cause:    {name}. {sentence}"
    if not is_stillborn(scene):
        yield f"hint:     {verdict.hint}"
    yield f"repeat:   {repeat(verdict, setting)}"
    if setting.contract.wire == COURSE and setting.sprint not in BINARY:
        yield f"by hand:  nc 127.0.0.1 PORT for each actor, and the steps above (server: {setting.contract.server})"


def played_again(cause: str, case: Case, setting: Setting) -> Iterator[str]:
    """Yield why a case that failed may have passed when it was played again, if it did."""
    if case.tapped.outcome == "passed":
        is_tapped = not setting.contract.port  # else it is not known
        where = ", through a wiretap," if is_tapped else ""
        reason = SPARED_BY_WIRETAP if is_tapped and cause == SIGPIPE else "it depends on who is faster"
        yield f"again:    played a second time{where} it passed: {reason}"


def is_stillborn(scene: Scene) -> bool:
    """Tell whether there was no server for anybody to come to: nothing was tried that a hint could be about."""
    never_listened = "never listened" in scene.error or "does not listen" in scene.error
    return never_listened and all(entry.actor == "server" for entry in scene.entries)


def titled(title: str, lines: list[str]) -> Iterator[str]:
    """Yield lines under a title; nothing where there are none."""
    if lines:
        yield ""
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def steps(scene: Scene) -> list[str]:
    """Return what happened, as numbered lines."""
    return numbered(scene.entries)[-STEPS:]


def people(scene: Scene) -> list[str]:
    """Return those who sat at a terminal."""
    return [each["name"] for each in scene.programs if "screen" in each["shown"]]


def terminal(scene: Scene, actor: str) -> list[str]:
    """Return what one person typed and saw."""
    own = [entry for entry in scene.entries if entry.actor == actor and entry.act in (TYPED, PRESSED, SHOWN)]
    return [f"{'▐ ' if entry.act == SHOWN else '⌨ '}{entry.text}" for entry in own][-LINES_SHOWN:]


def how_otherwise(case: Case) -> str:
    """Return what was missed when a case was played again, if it was not the same; who is faster may decide that."""
    first, again = (OF_ONE_PLAY.sub("", scene.expected) for scene in (case.scene, case.tapped))
    return f", where something else was missed: {case.tapped.expected}" if again and again != first else ""


def pictured(case: Case) -> list[str]:
    """Return a case as a sequence diagram, with the arrow that is missing at its end, if it is the one."""
    scene = case.tapped
    diagram = TerminalDiagram(scene.actors(), WIDTH)
    shown = drawn(scene.entries, scene.actors())
    absent = [] if how_otherwise(case) else missing(scene)
    rows = told((*shown, *absent), lambda _number, entry: diagram.row(entry))
    return [diagram.head(), *rows[-ROWS:]]


def missing(scene: Scene) -> list[Entry]:
    """Return the arrow that should have come and did not, if it is one."""
    found = MISSED.search(scene.expected)
    if not found or found["who"] not in scene.actors() or " and no " in scene.expected:
        return []
    return [Entry(0.0, "server", MISSING, quoted(scene.expected).encode(), found["who"])]


def compared(scene: Scene, statement: str) -> Iterator[str]:
    """Yield what was expected and what came, with the place where they part."""
    if not scene.tells_what_came:
        yield f"expected: {statement}"
        yield f"got:      {scene.error.strip()}"
        return
    yield f"expected: {scene.expected}"
    yield f"got:      {scene.got}"
    wanted, got = characters(quoted(scene.expected)), characters(quoted(scene.got))
    same = first_difference(wanted, got)
    if 0 < same < max(len(wanted), len(got)):
        right = "the first character is" if same == 1 else f"the first {same} characters are"
        yield f"          {right} right; then {rest(wanted, same)}"
        yield f"          should come, and {rest(got, same)} came"


def characters(text: str) -> list[str]:
    """Return the characters of a text, one that is written as an escape whole."""
    return CHARACTER.findall(text)


def rest(text: list[str], start: int) -> str:
    """Return the beginning of what is left of a text, in quotes."""
    return f"'{''.join(text[start : start + 20])}'" if text[start:] else "nothing"


def stands(scene: Scene) -> list[str]:
    """Return how each program stood, and what it waited for."""
    return [line for program in scene.programs for line in stand(program)]


def stand(program: dict[str, Any]) -> list[str]:
    """Return how one program stood."""
    unread = f", {counted(program['unread'], 'byte')} unread" if program["unread"] else ""
    unread += ", the end of its connection unread" if program.get("end_unread") else ""
    verb = "waits" if program["waiting"] == 1 else "wait"
    waiting = f", {program['waiting']} {verb} to be accepted" if program["waiting"] else ""
    is_deaf = program["name"] == "server" and program["code"] is None and not program.get("listens", True)
    lines = [f"{program['name']} {program['how']}{', does not listen' * is_deaf}{unread}{waiting}"]
    lines += [
        f"    {title}: {wait}" for title, wait in zip(program["titles"], program["threads"], strict=True)
    ]
    return lines + [f"    | {word}" for word in program["words"]]


def counted(count: int, what: str) -> str:
    """Return how many there are of something, in words."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def repeat(verdict: Verdict, setting: Setting) -> str:
    """Return the command that plays the check again with the same words."""
    directory = shlex.quote(setting.directory)
    return f"{setting.program} check {setting.sprint} {directory} --only {verdict.id} --seed {setting.seed}"
