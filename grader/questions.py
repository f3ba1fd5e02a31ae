"""What a program asks its user before anybody can talk: where its server is, and who he is."""

import re
from collections.abc import Iterable, Iterator

from grader.launchers import HOST, NAME, PORT

QUESTION = re.compile(
    r"""(["'])((?:(?!\1)[^\n%{}])*[?:])[ ]*(?:\\n[ ]*)?\1[ ]*(?=\)|;|(?P<more>,)|<<[ ]*(?:std::)?(?:flush|endl))"""
)
"""A text that ends as a question does; nothing is filled in, in it, or behind it by what prints it."""

CALL = re.compile(r"\b(\w+)\s*\(\s*$")
"""The function that is given what comes next."""

READS = re.compile(r"\b(?:input|scanf|f?gets|getline|cin|readline|next(?:Line|Int)|read)\b")
"""What takes in an answer, right in front of the question or soon behind it."""

BEFORE, BEHIND = 20, 200
"""So many characters."""

ASKS_A_NAME = re.compile(
    r"pseudo|surnom|nickname|\bpr[eé]nom\b|\b(votre|ton|un) nom\b|\bnom d.utilisateur\b|\b(your|user) ?name\b",
    re.IGNORECASE,
)
"""What stands in the source of a client whose user is to type a name."""

ABOUT = {
    PORT: re.compile(r"\bport\b", re.IGNORECASE),
    HOST: re.compile(r"\badress|\baddress|\bip\b|\bh(?:ô|o)te\b|\bhost", re.IGNORECASE),
    NAME: ASKS_A_NAME,
}
"""What an answer is, by words of the question; the first that stands there counts."""


def answers_in(texts: Iterable[str]) -> list[str]:
    """Return what a user types, each on a line, in the order in which sources ask for it."""
    return list(dict.fromkeys(answer for text in texts for answer in answers_to(text)))


def answers_to(source: str) -> Iterator[str]:
    """Yield the answer to each question in a source of which it is known what it is about."""
    for question in QUESTION.finditer(source):
        before = source[max(0, question.start() - BEFORE) : question.start()]
        is_read = (
            is_asked_by_helper(before, source)
            if question["more"]
            else READS.search(before + source[question.end() : question.end() + BEHIND])
        )
        found = [
            (match.start(), answer) for answer, about in ABOUT.items() if (match := about.search(question[2]))
        ]
        if found and is_read and "error" not in before:
            yield min(found)[1]


def is_asked_by_helper(before: str, source: str) -> bool:
    """Tell whether a text is handed, with where to put the answer, to a function of the source that takes one in."""
    call = CALL.search(before)
    body = call and re.search(rf"\b{call[1]}\s*\([^;{{}}]*\)\s*\{{", source)
    return bool(body and READS.search(source[body.end() : body.end() + BEHIND]))


def is_told_where(answers: Iterable[str]) -> bool:
    """Tell whether a program learns from its user where its server is, or a part of it."""
    return bool({HOST, PORT} & set(answers))
