"""What a student reads where a figure, a list or a stream is wrong: a sentence, and nothing of the suite's source."""

from types import SimpleNamespace
from typing import Any

import pytest

from grader.actors import in_words
from grader.peers import Peer
from grader.stage import Stage
from grader.unseen import Unseen, expect
from grader.verdicts import field_of
from grader.worker import message_of
from tests.e2e.figures import has_all, has_announced_all, has_heard, shows_each_once


def told(failure: pytest.ExceptionInfo[Unseen]) -> str:
    """Return expected and got, as a report shows them."""
    text = str(failure.value)
    return f"{field_of(text, 'expected: ')} | {field_of(text, '     got: ')}"


def actor(stage: Stage, name: str, **more: Any) -> Any:
    return SimpleNamespace(stage=stage, name=name, **more)


def test_where_nothing_has_happened_nothing_is_told_of_it() -> None:
    with pytest.raises(Unseen, match="expected: much"):
        expect(Stage(), False, "much", "little")


def test_what_is_so_fails_nothing() -> None:
    expect(Stage(), True, "anything", "anything else")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (["a, 1 present", "b, 1 present"], "number 2 ends with ', 2 present' | 'b, 1 present'"),
        (["a, 1 present"], "number 2 ends with ', 2 present' | nothing more"),
        (["a, 1 present", "b, 2 present", "hello"], "number 3 does not exist | 'hello'"),
        (["hello"], "number 1 ends with ', 1 present' | 'hello'"),
    ],
)
def test_the_first_wrong_line_on_who_comes_is_told(said: list[str], text: str) -> None:
    server = actor(Stage(), "server", said=["listening on 127.0.0.1:4444", *said])
    with pytest.raises(Unseen) as failure:
        has_announced_all(server, 1, 2)
    assert told(failure) == f"of the lines that the server prints when somebody comes or goes, {text}"


@pytest.mark.parametrize(
    ("came", "text"),
    [
        (b"one\n", "the first 4 bytes of it, and then nothing in place of 'two\\n'"),
        (b"one\ntoo\n", "the first 5 bytes of it, and then 'oo\\n' in place of 'wo\\n'"),
        (b"one\ntwo\nthree\n", "the first 8 bytes of it, and then 'three\\n' in place of nothing"),
    ],
    ids=["too little", "wrong", "too much"],
)
def test_a_stream_is_told_from_where_it_is_wrong(came: bytes, text: str) -> None:
    hearer: Peer = actor(Stage(), "second", unread=bytearray(came))
    with pytest.raises(Unseen) as failure:
        has_all(hearer, b"one\ntwo\n")
    wanted = "second receives all that is sent to it, 8 bytes, as it was sent"
    assert told(failure) == f"{wanted} | {text}"


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (["1 0", "1 2"], "the first 1 of them, and then '1 2' in place of '1 1'"),
        (["1 0"], "the first 1 of them, and then nothing more in place of '1 1'"),
    ],
    ids=["swapped", "lost"],
)
def test_who_missed_which_line_of_whom_is_told(heard: list[str], text: str) -> None:
    stage = Stage()
    with pytest.raises(Unseen) as failure:
        has_heard(actor(stage, "peer1"), actor(stage, "peer2"), ["1 0", "1 1"], heard)
    assert told(failure) == f"peer1 receives all lines of peer2, in order, each once | {text}"


ONE_BY_ONE, TWICE, ANEW = "a b c d", "a a b b c c d", "a a b a b c a b c d"
"""What a screen has shown of four lines; once a line has been seen, what follows it may still be under way."""

LAST_THREE = "a a b a b c b c d"
"""A screen too small for more."""


@pytest.mark.parametrize("shown", [ONE_BY_ONE, ANEW, LAST_THREE])
def test_a_line_that_is_drawn_anew_with_those_behind_it_is_shown_once(shown: str) -> None:
    shows_each_once(actor(Stage(), "bob", shown=shown.encode), ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("shown", "text"), [(TWICE, "'a' once | 2 times"), ("a b d c c", "'c' once | 2 times")]
)
def test_a_line_that_comes_again_is_told(shown: str, text: str) -> None:
    with pytest.raises(Unseen) as failure:
        shows_each_once(actor(Stage(), "bob", shown=shown.encode), ["a", "b", "c", "d"])
    assert told(failure) == f"bob is shown {text}"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (", 2 present$", "that ends with ', 2 present'"),
        ("^listening on ", "that begins with 'listening on '"),
        ("anything", "with 'anything'"),
    ],
)
def test_a_pattern_is_told_in_words(pattern: str, words: str) -> None:
    assert in_words(pattern) == words


def test_a_sentence_is_told_without_what_pytest_adds() -> None:
    crash = SimpleNamespace(message="AssertionError: it is too late\nassert 5.0 < 3.0")
    report: Any = SimpleNamespace(longrepr=SimpleNamespace(reprcrash=crash))
    assert message_of(report) == "it is too late"
