"""A run's verdicts for machines: JSON, and the XML that CI systems read (JUnit's)."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from typing import Any

from grader.diagnosis import diagnose
from grader.journal import told
from grader.report import Setting, failure_report, repeat
from grader.verdicts import BLOCKED, FAILED, UNCOUNTED, Verdict


def as_json(verdicts: Iterable[Verdict], setting: Setting, sandbox: str) -> str:
    """Return a run as one JSON object."""
    known = list(verdicts)
    run = {
        "sprint": setting.sprint,
        "submission": setting.directory,
        "seed": setting.seed,
        "sandbox": sandbox,
        "points": sum(verdict.gained for verdict in known),
        "of": sum(verdict.points for verdict in known if verdict.outcome not in UNCOUNTED),
        "checks": [described(verdict, setting) for verdict in known],
    }
    return json.dumps(run, ensure_ascii=False, indent=2)


def described(verdict: Verdict, setting: Setting) -> dict[str, Any]:
    """Return one verdict as a JSON value."""
    value: dict[str, Any] = {
        "id": verdict.id,
        "outcome": verdict.outcome,
        "points": verdict.gained,
        "of": verdict.points,
        "level": verdict.level,
        "statement": verdict.statement,
        "seconds": round(verdict.seconds, 3),
    }
    if verdict.outcome in (BLOCKED, *UNCOUNTED):
        value["reason"] = verdict.why_not()
    if verdict.outcome == FAILED:
        value["failure"] = failure(verdict, setting)
    return value


def failure(verdict: Verdict, setting: Setting) -> dict[str, Any]:
    """Return what is known of a failure as a JSON value."""
    case = verdict.failure()
    name, sentence = diagnose(verdict.id, setting.contract.quit, case)
    return {
        "case": case.name,
        "steps": told(case.scene.entries, lambda _number, entry: str(entry)),
        "expected": case.scene.expected,
        "got": case.scene.got,
        "programs": list(case.scene.programs),
        "cause": name,
        "explanation": sentence,
        "hint": verdict.hint,
        "repeat": repeat(verdict, setting),
    }


def as_junit(verdicts: Iterable[Verdict], setting: Setting) -> str:
    """Return a run as JUnit's XML: a test case for each check."""
    known = list(verdicts)
    root = ElementTree.Element(
        "testsuite",
        name=f"messagerie sprint {setting.sprint}",
        tests=str(len(known)),
        failures=str(sum(verdict.outcome in (FAILED, BLOCKED) for verdict in known)),
        skipped=str(sum(verdict.outcome in UNCOUNTED for verdict in known)),
    )
    for verdict in known:
        case = ElementTree.SubElement(
            root, "testcase", classname=verdict.level, name=verdict.id, time=f"{verdict.seconds:.3f}"
        )
        if verdict.outcome in UNCOUNTED:
            ElementTree.SubElement(case, "skipped", message=verdict.why_not())
        if verdict.outcome == BLOCKED:
            ElementTree.SubElement(case, "failure", message=f"not judged: {verdict.why_not()}")
        if verdict.outcome == FAILED:
            scene = verdict.failure().scene
            told = ElementTree.SubElement(case, "failure", message=printable(scene.expected))
            told.text = printable(failure_report(verdict, setting))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def printable(text: str) -> str:
    """Return a text without what XML cannot carry."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
