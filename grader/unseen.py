"""How a scene fails: what should have been seen was not."""

from grader.stage import IN_VAIN, Stage

STEPS = 40
"""How many of the last steps a failure tells: enough for every scene that a person can follow."""


class Unseen(AssertionError):
    """What should have been seen was not; the text tells the whole scene up to there."""

    def __init__(self, stage: Stage, expected: str, got: str) -> None:
        if stage.why_not == IN_VAIN and IN_VAIN not in got:
            got = f"{got}; {IN_VAIN}"
        steps = "\n".join(stage.journal.steps()[-STEPS:])
        super().__init__(f"\n{steps}\n\nexpected: {expected}\n     got: {got}\n{stage.endings()}")


def expect(stage: Stage, is_so: bool, expected: str, got: object) -> None:
    """Fail, unless it is so, and tell what should have been seen and what came. Raises Unseen."""
    if not is_so:
        raise Unseen(stage, expected, str(got))
