"""A rule finds the traces of one cause; a table of causes says who tells each, and in which words."""

from collections.abc import Callable

from grader.causes.evidence import Evidence

Rule = Callable[[Evidence], bool]


class Causes(dict[str, tuple[Rule, str]]):
    """Causes by name, in the order in which they are looked for: who tells, and what to say."""

    def named(self, name: str, text: str) -> Callable[[Rule], Rule]:
        """Register a rule under the name of the cause that it finds."""

        def register(rule: Rule) -> Rule:
            self[name] = (rule, text)
            return rule

        return register
