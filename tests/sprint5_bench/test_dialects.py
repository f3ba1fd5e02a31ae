"""What is said in other languages is judged like the course's own: the same deliveries, the same mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sprint5_concurrency.bench.dialect import Course, Dialect
from sprint5_concurrency.bench.irc import Irc
from sprint5_concurrency.bench.judge import Verdict, judge
from sprint5_concurrency.bench.nats import Nats
from sprint5_concurrency.bench.wire import ANYBODY, Script, head_of, name_of, text_of

LINE_BYTES = 40
SPEAKERS = 3
HEADS = {head_of(number) for number in range(SPEAKERS)}

ASIDES = {
    Course(): [b""],
    Nats(): [b"PING\r\n"],
    Irc(): [b"PING :bench\r\n", b":b0009!~b0009@bench QUIT :bye\r\n"],
}

dialects = some.sampled_from(list(ASIDES))
each_dialect = pytest.mark.parametrize("dialect", ASIDES, ids=lambda dialect: type(dialect).__name__)
speakers = some.lists(some.integers(0, SPEAKERS - 1), min_size=1, max_size=20)


def texts(spoken: list[int]) -> list[tuple[bytes, bytes]]:
    """Return who says what when these speak one after another."""
    return [
        (name_of(speaker), text_of(spoken[:place].count(speaker), place, LINE_BYTES))
        for place, speaker in enumerate(spoken)
    ]


def heard(dialect: Dialect, spoken: list[int]) -> bytes:
    """Return what is heard of that."""
    return b"".join(dialect.hears(name, text) for name, text in texts(spoken))


def verdict(dialect: Dialect, stream: bytes) -> Verdict:
    """Judge what was heard."""
    return judge(dialect.plain(dialect.deliveries(stream)), HEADS, LINE_BYTES)


@given(dialects, speakers)
def test_the_same_lines_are_heard_in_any_language(dialect: Dialect, spoken: list[int]) -> None:
    assert dialect.plain(heard(dialect, spoken)) == heard(Course(), spoken)
    assert verdict(dialect, heard(dialect, spoken)) == Verdict(judged=len(spoken))


@given(dialects, speakers, some.data())
def test_lines_may_be_cut_anywhere(dialect: Dialect, spoken: list[int], data: some.DataObject) -> None:
    stream = heard(dialect, spoken)
    place = data.draw(some.integers(0, len(stream)))
    *lines, rest = dialect.plain(stream[:place]).split(b"\n")
    *more, end = dialect.plain(rest + stream[place:]).split(b"\n")
    assert [*lines, *more, end] == heard(Course(), spoken).split(b"\n")


@given(dialects, speakers, some.data())
def test_what_stands_between_deliveries_is_no_delivery(
    dialect: Dialect, spoken: list[int], data: some.DataObject
) -> None:
    place = data.draw(some.integers(0, len(spoken)))
    aside = data.draw(some.sampled_from(ASIDES[dialect]))
    before, whole = heard(dialect, spoken[:place]), heard(dialect, spoken)
    stream = before + aside + whole[len(before) :]
    assert dialect.asides(stream) == [each for each in [aside] if each]
    assert dialect.deliveries(stream) == whole


@given(dialects, speakers, some.data())
def test_a_damaged_byte_is_seen(dialect: Dialect, spoken: list[int], data: some.DataObject) -> None:
    stream = heard(dialect, spoken)
    place = data.draw(some.integers(0, len(stream) - 1))
    damaged = stream[:place] + bytes([stream[place] ^ 0x80]) + stream[place + 1 :]
    found = verdict(dialect, damaged)
    assert found.failures() or found.judged < len(spoken)


@each_dialect
def test_all_deliveries_are_of_one_size(dialect: Dialect) -> None:
    script = Script(dialect, LINE_BYTES)
    assert {len(dialect.hears(name, text)) for name, text in texts([0, 1, 2, 2])} == {script.heard_bytes}
    assert len(script.line(7, 8, name_of(9))) == script.said_bytes


@each_dialect
def test_a_script_is_said_in_the_speakers_own_name(dialect: Dialect) -> None:
    script = Script(dialect, LINE_BYTES)
    lines = [dialect.says(b"b0042", text_of(number, 0, LINE_BYTES)) for number in range(3)]
    whole = b"".join(lines)
    for start in range(len(whole)):
        assert script.slice(start, len(whole), b"b0042") == whole[start:]
    assert ANYBODY not in whole


@pytest.mark.parametrize(
    ("dialect", "aside", "answer"),
    [
        (Nats(), b"PING\r\n", b"PONG\r\n"),
        (Nats(), b"MSG room.b0001 1 21\r\n", b""),
        (Irc(), b"PING :bench\r\n", b"PONG :bench\r\n"),
        (Irc(), b":b0009!~b0009@bench QUIT :bye\r\n", b""),
        (Course(), b"ERR no\n", b""),
    ],
)
def test_a_question_is_answered(dialect: Dialect, aside: bytes, answer: bytes) -> None:
    assert dialect.answer(aside) == answer


@pytest.mark.parametrize(
    ("dialect", "line", "is_in", "is_refused"),
    [
        (Course(), b"ERR server-full 100 clients are here", True, True),
        (Course(has_receipts=True), b"ERR already-named a name is given once", True, False),
        (Nats(), b'INFO {"server_id":"x"}', False, False),
        (Nats(), b"PONG", True, False),
        (Nats(), b"-ERR 'maximum connections exceeded'", False, True),
        (Irc(), b":bench 001 b0001 :Welcome", False, False),
        (Irc(), b":bench 422 b0001 :MOTD file is missing", False, False),
        (Irc(), b":bench 366 b0001 #room :End of NAMES list", True, False),
        (Irc(), b":bench 433 * b0001 :Nickname already in use", False, True),
        (Irc(), b"ERROR :Too many connections", False, True),
    ],
)
def test_a_newcomer_knows_whether_it_is_in(
    dialect: Dialect, line: bytes, is_in: bool, is_refused: bool
) -> None:
    assert (dialect.is_receipt(line), dialect.is_refusal(line)) == (is_in, is_refused)
