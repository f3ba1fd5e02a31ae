"""Words are random, new in each scene, short, and the same again from the same seed."""

from grader.words import LINE_BYTES, MEANT, Words


def test_the_same_seed_gives_the_same_words() -> None:
    assert Words("7").lines(20) == Words("7").lines(20)
    assert Words("7").lines(20) != Words("8").lines(20)


def test_no_word_comes_twice() -> None:
    words = Words("7")
    heard = [word for line in words.lines(500) for word in line.split()]
    assert len(heard) == len(set(heard))


def test_no_word_resembles_one_that_programs_obey() -> None:
    words = Words("7", "sa")
    heard = [word for line in words.lines(5000) for word in line.split()]
    assert not [word for word in heard if any(meant in word for meant in (*MEANT, "sa"))]


def test_a_line_fits_into_the_smallest_buffer() -> None:
    for line in Words("7").lines(500):
        assert line.isascii()
        assert 0 < len(line) <= LINE_BYTES
        assert all(word.isalpha() and len(word) <= 8 for word in line.split())


def test_a_long_line_has_exactly_the_size_asked_for() -> None:
    for size in (1, 2, 17, 18, 2047, 2048):
        line = Words("7").long_line(size)
        assert len(line) == size
        assert line == line.strip()
        assert line.isascii()
