"""What a line means: typed or heard, without a network and without a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.lines import BadLine, LineDecoder, encode_line
from sprint5_concurrency.conversation import (
    HELP,
    KNOWN_NAMES,
    Conversation,
    End,
    Leave,
    Message,
    Note,
    Send,
)

DELIMITERS = ["\n", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
"""All that some program or other takes for the end of a line, or of a text."""


def named(name: str = "alice") -> Conversation:
    """Return a conversation whose user has given a name."""
    conversation = Conversation()
    conversation.typed(name)
    return conversation


def test_the_first_line_is_the_name_and_what_follows_is_said() -> None:
    conversation = Conversation()
    assert conversation.greeting() is None
    assert conversation.typed("alice") == Send("USER alice")
    assert conversation.typed("salut, ça va ?") == Send(
        "MSG salut, ça va ?", Message("alice", "salut, ça va ?")
    )
    assert conversation.greeting() == "USER alice"


def test_an_empty_line_asks_for_nothing() -> None:
    assert Conversation().typed("") is None
    assert named().typed("") is None


@pytest.mark.parametrize(
    "text", ["exit", "fin", "emi", "USER bob", "MSG x", "ERR exit", " /quit", "  ", "* note"]
)
def test_words_of_a_wire_are_text_like_any_other(text: str) -> None:
    assert named().typed(text) == Send(f"MSG {text}", Message("alice", text))


def test_commands_are_obeyed_also_while_a_name_is_asked_for() -> None:
    for conversation in (Conversation(), named()):
        assert conversation.typed("/help") == Note(HELP)
        assert conversation.typed("/quit") == Leave()
        assert conversation.typed("/quit ") == Leave()


@pytest.mark.parametrize("line", ["/nope", "/", "/ salut", "/quitter", "/HELP", "/\x1b[2J"])
def test_a_command_that_does_not_exist_is_told_and_not_sent(line: str) -> None:
    with pytest.raises(BadLine, match="there is no command /") as told:
        named().typed(line)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("line", "text"), [("//me rit", "/me rit"), ("//", "/"), ("///", "//"), ("//quit", "/quit")]
)
def test_two_slashes_begin_a_line_with_one(line: str, text: str) -> None:
    assert named().typed(line) == Send(f"MSG {text}", Message("alice", text))


@pytest.mark.parametrize("delimiter", DELIMITERS, ids=ascii)
@pytest.mark.parametrize(
    "line", ["salut{}MSG hack", "{}MSG hack", "salut{}", "//me{}MSG hack", "/help{}MSG hack"]
)
@pytest.mark.parametrize("has_name", [False, True], ids=["name", "text"])
def test_whatever_is_typed_becomes_one_line_on_the_wire_at_most(
    line: str, delimiter: str, has_name: bool
) -> None:
    conversation = named() if has_name else Conversation()
    try:
        typed = conversation.typed(line.format(delimiter))
    except BadLine:
        return
    assert isinstance(typed, Send)
    assert LineDecoder().feed(encode_line(typed.line)) == [typed.line]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_nothing_that_can_be_typed_forges_a_line(lines: list[str]) -> None:
    conversation = Conversation()
    for line in lines:
        try:
            typed = conversation.typed(line)
        except BadLine:
            continue
        if isinstance(typed, Send):
            assert LineDecoder().feed(encode_line(typed.line)) == [typed.line]
            assert typed.line.startswith(("USER ", "MSG "))


def test_the_longest_line_is_as_long_as_the_wire_allows() -> None:
    conversation = named()
    longest = "é" * 1021 + "x"  # 2,048 bytes with "MSG " and LF
    assert conversation.typed(longest) == Send(f"MSG {longest}", Message("alice", longest))
    with pytest.raises(BadLine, match="longer than 2048 bytes"):
        conversation.typed(longest + "x")


def test_a_name_that_cannot_be_sent_is_asked_for_again() -> None:
    conversation = Conversation()
    for bad in ("x" * 3000, "ali\nce", "\x1b"):
        with pytest.raises(BadLine):
            conversation.typed(bad)
        assert not conversation.name
    assert conversation.typed("alice") == Send("USER alice")


def test_what_others_say_is_shown_with_their_names() -> None:
    assert named().heard("MSG bob salut, ça va ?") == Message("bob", "salut, ça va ?")
    assert named().heard("MSG bob  deux  espaces ") == Message("bob", " deux  espaces ")
    assert named().heard("MSG bob MSG carol salut") == Message("bob", "MSG carol salut")


def test_what_arrives_is_made_visible_name_and_text() -> None:
    hostile = named().heard("MSG b\x1bob a\u202eb\x9b2J\tc\u2066 \u200b😃\u200d😃")
    assert hostile == Message("b\\x1bob", "a\\u202eb\\x9b2J\\x09c\\u2066 \\u200b😃\u200d😃")
    assert named().heard("ERR name-taken \x1b[2J") == Note(("name refused: \\x1b[2J (name-taken)",))
    assert named().heard("ERR \x1b[2J") == Note(("refused: \\x1b[2J (\\x1b[2J)",))
    assert named().heard("\x1b[2J") == Note(("the server says: \\x1b[2J",))


@given(st.text())
def test_whatever_a_server_says_can_be_shown(line: str) -> None:
    heard = named().heard(line)
    texts = heard.lines if isinstance(heard, Note) else (str(part) for part in heard)
    assert all(character.isprintable() or character == "\u200d" for text in texts for character in text)


def test_a_refused_name_is_asked_for_again() -> None:
    conversation = named()
    assert conversation.heard("ERR name-taken somebody else has this name") == Note(
        ("name refused: somebody else has this name (name-taken)",)
    )
    assert conversation.greeting() is None
    assert conversation.typed("alice2") == Send("USER alice2")


def test_other_errors_are_told_and_change_nothing() -> None:
    conversation = named()
    assert conversation.heard("ERR line-too-long longer than 2048 bytes") == Note(
        ("refused: longer than 2048 bytes (line-too-long)",)
    )
    assert conversation.name == "alice"


def test_the_server_ends_a_conversation_in_two_ways() -> None:
    assert named().heard("ERR exit the server ends") == End("the server has ended the conversation", False)
    assert named().heard("ERR exit") == End("the server has ended the conversation", False)
    assert named().heard("ERR server-full 100 clients are here") == End(
        "server full: 100 clients are here", True
    )


@pytest.mark.parametrize(
    "line", ["MSG bob exit", "MSG bob ERR exit x", "MSG ERR exit", "exit", "ERRexit", "err exit x"]
)
def test_nobody_but_the_server_can_end_it(line: str) -> None:
    assert not isinstance(named().heard(line), End)


@pytest.mark.parametrize(
    "line", ["MSG", "MSG ", "ERR", "ERR ", "USER bob", "JOIN bob", " MSG bob x", "msg bob x", "x"]
)
def test_what_a_server_should_not_say_is_shown_as_what_it_is(line: str) -> None:
    assert named().heard(line) == Note((f"the server says: {line}",))


def test_names_are_remembered_the_latest_last_and_not_without_end() -> None:
    conversation = named()
    for name in ("bob", "carol", "bob"):
        conversation.heard(f"MSG {name} salut")
    assert list(conversation.names) == ["carol", "bob"]
    for number in range(2 * KNOWN_NAMES):
        conversation.heard(f"MSG robot{number} salut")
    assert len(conversation.names) == KNOWN_NAMES
    assert list(conversation.names)[-1] == f"robot{2 * KNOWN_NAMES - 1}"
