"""The likely cause of a failure, by name: what instructors see again and again, told from what was seen.

Each rule looks at one scene, and at the same scene once more through a wiretap, and speaks only if its traces are
there. The first that speaks is believed, so rules about a program's death come before rules about its silence.
"""

from grader.causes import deaths, framing, leaving, lost_lines, rest, spoilt_lines
from grader.causes.evidence import Evidence, without_names
from grader.verdicts import Case

KINDS = (deaths, leaving, spoilt_lines, rest, framing, lost_lines)
"""In the order in which they are asked."""


def diagnose(check: str, quit_word: str, case: Case) -> tuple[str, str]:
    """Return the name of the likely cause of a failure and a sentence on it; empty when nothing is known."""
    name = case.name.partition("[")[2].rstrip("]")
    sprint, _dash, about = check.partition("-")
    scene, tapped = without_names(case.scene), without_names(case.tapped)
    evidence = Evidence(about, name, quit_word, scene, tapped, sprint)
    for kind in KINDS:
        for name, (rule, text) in kind.CAUSES.items():
            if rule(evidence):
                return name, text
    return "", ""
