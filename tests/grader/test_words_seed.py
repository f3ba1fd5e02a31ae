"""Words are random, new in each scene, short, and the same again from the same seed."""

from grader.words import LINE_BYTES, MEANT, Words


def test_the_same_seed_gives_the_same_words() -> None:
    assert Words("7").several(20) == Words("7").several(20)
    assert Words("7").several(20) != Words("8").several(20)


def test_no_word_comes_twice() -> None:
    heard = Words("7").several(500)
    assert len(heard) == len(set(heard))


def test_a_word_is_one_for_whoever_reads_words_too() -> None:
    assert all(word.isascii() and word.isalpha() and len(word) <= 8 for word in Words("7").several(500))


def test_a_sentence_has_a_space_whatever_the_seed() -> None:
    for seed in range(100):
        first, second = Words(str(seed)).sentence().split(" ")
        assert first.isalpha()
        assert second.isalpha()


def test_nothing_resembles_what_programs_obey() -> None:
    words = Words("7", "sa")
    heard = [*words.several(5000), *(words.long_line(17) for _ in range(500)), words.long_line(5000)]
    assert not [line for line in heard if any(meant in line for meant in (*MEANT, "sa"))]


def test_what_is_said_fits_into_the_smallest_buffer() -> None:
    words = Words("7")
    assert all(len(line) <= LINE_BYTES for line in (*words.several(100), words.sentence()))


def test_a_long_line_has_exactly_the_size_asked_for() -> None:
    for size in (1, 2, 17, 18, 2047, 2048):
        line = Words("7").long_line(size)
        assert len(line) == size
        assert line.isascii()
        assert line.isalpha()
