"""The judge of deliveries, on streams made by hand: good ones, and one for each thing that can be wrong."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sprint5_concurrency.bench.dialect import Course
from sprint5_concurrency.bench.judge import Verdict, judge, judge_numbers
from sprint5_concurrency.bench.wire import HEARD_BYTES, Script, head_of, name_of, text_of

HEADS = {head_of(number) for number in range(3)}

ALL = [(speaker, number) for number in range(4) for speaker in range(3)]


def heard(speaker: int, number: int) -> bytes:
    return Course().hears(name_of(speaker), text_of(number, 123, HEARD_BYTES))


def stream(deliveries: list[tuple[int, int]]) -> bytes:
    return b"".join(heard(*each) for each in deliveries)


def judged(deliveries: list[tuple[int, int]]) -> Verdict:
    return judge(stream(deliveries), HEADS, HEARD_BYTES)


def test_a_line_is_as_long_as_it_is_counted_for() -> None:
    assert len(heard(2, 3)) == HEARD_BYTES
    assert heard(2, 3) == b"MSG b0002 00000003 000000000123\n"


def test_the_script_is_what_everybody_says_line_by_line() -> None:
    script = Script(Course(), 40)
    first, second, far = (b"MSG %b\n" % text_of(number, 0, 40) for number in (0, 1, 70_000))
    assert script.slice(0, 2 * script.said_bytes, b"b0000") == first + second
    start = 70_000 * script.said_bytes
    assert script.slice(start, start + script.said_bytes, b"b0000") == far


def test_all_in_order_is_well_whoever_speaks_first() -> None:
    assert judged(ALL) == Verdict(judged=12)
    assert judged(sorted(ALL)) == Verdict(judged=12)
    assert judged(sorted(ALL)).failures() == []


def test_nothing_heard_is_nothing_wrong_unless_something_was_owed() -> None:
    assert judge(b"", HEADS, HEARD_BYTES) == Verdict()
    assert judge(b"", HEADS, HEARD_BYTES).counting(3).lost == 3


def test_the_end_of_the_last_line_may_be_missing() -> None:
    assert judge(stream(ALL)[:-5], HEADS, HEARD_BYTES) == Verdict(judged=11)


def test_a_gap_is_a_loss() -> None:
    verdict = judged([each for each in ALL if each not in {(1, 1), (2, 0)}])
    assert (verdict.lost, verdict.doubled, verdict.out_of_order, verdict.damaged) == (2, 0, 0, 0)
    assert verdict.failures() == ["deliveries lost: 2"]


def test_a_loss_at_the_end_is_seen_by_counting() -> None:
    verdict = judged(ALL[:-1])
    assert verdict.failures() == []
    assert verdict.counting(1).failures() == ["deliveries lost: 1"]


def test_a_loss_that_was_seen_is_not_counted_twice() -> None:
    assert judged([each for each in ALL if each != (1, 1)]).counting(1).lost == 1


def test_once_more_is_a_double() -> None:
    verdict = judged([*ALL, (1, 3), (0, 0)])
    assert (verdict.lost, verdict.doubled, verdict.out_of_order, verdict.damaged) == (0, 2, 0, 0)
    assert verdict.counting(-2).failures() == ["deliveries doubled: 2"]


def test_a_swap_is_out_of_order_and_no_loss() -> None:
    verdict = judged([(0, 0), (0, 2), (0, 1), (0, 3)])
    assert (verdict.lost, verdict.doubled, verdict.out_of_order, verdict.damaged) == (0, 0, 1, 0)
    assert verdict.failures() == ["deliveries out of order: 1"]


@pytest.mark.parametrize(
    "line",
    [
        heard(0, 0).replace(b"b0000", b"b0009"),  # nobody's
        heard(0, 0).replace(b"00000000 ", b"0000000x "),
        heard(0, 0)[:-2] + b"\n",
        heard(0, 0).replace(b"\n", b" \n"),
        heard(0, 0).replace(b"123\n", b"12!\n"),
        heard(0, 0).replace(b"MSG", b"msg"),
        b"ERR exit the server ends\n",
        b"\n",
    ],
    ids=repr,
)
def test_what_nobody_said_is_damaged_and_quoted(line: bytes) -> None:
    verdict = judge(line + heard(1, 0), HEADS, HEARD_BYTES)
    assert (verdict.judged, verdict.damaged, verdict.sample) == (2, 1, line.removesuffix(b"\n"))
    assert verdict.failures()[-1] == f"deliveries that nobody said, such as {verdict.sample!r}: 1"


def test_nobody_hears_what_it_said_itself() -> None:
    assert judge(stream(ALL), HEADS, HEARD_BYTES, own=head_of(1)).damaged == 4


def test_a_byte_that_goes_missing_spoils_one_line_only() -> None:
    whole = stream(ALL)
    verdict = judge(whole[:40] + whole[41:], HEADS, HEARD_BYTES)
    assert verdict.damaged == 1


@pytest.mark.parametrize("number", [b"0001", b"0002"])
def test_padding_must_be_padding(number: bytes) -> None:
    long = Course().hears(name_of(0), text_of(0, 5, 60))
    assert judge(long, HEADS, 60).damaged == 0
    assert judge(long[:-7] + number + b"..\n", HEADS, 60).damaged == 1


def test_verdicts_add_up() -> None:
    both = Verdict(1, 2, 3, 4, 5, b"x") + Verdict(10, 20, 30, 40, 50, b"y")
    assert both == Verdict(11, 22, 33, 44, 55, b"x")


@given(some.integers(1, 30), some.data())
def test_each_mistake_is_seen_wherever_it_happens(count: int, data: some.DataObject) -> None:
    place = data.draw(some.integers(0, count - 1))
    numbers = list(range(count))
    without = numbers[:place] + numbers[place + 1 :]
    assert judge_numbers(without).lost == (place < count - 1)
    assert judge_numbers([*numbers, place]).doubled == 1
    assert judge_numbers([*without, place]).out_of_order == (place < count - 1)


@given(some.integers(0, 30), some.randoms(use_true_random=False))
def test_a_shuffle_loses_nothing_and_doubles_nothing(count: int, chance: random.Random) -> None:
    numbers = list(range(count))
    chance.shuffle(numbers)
    verdict = judge_numbers(numbers)
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert (verdict.out_of_order > 0) == (numbers != sorted(numbers))
