"""What is typed: each command's bytes on the wire, and what is told at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprint6_messenger.commands import COMMANDS, Action, FileOffer, Order, Usage, help_lines, understand
from sprint6_messenger.wire import HEADER, Message, MessageType, encode


@pytest.mark.parametrize(
    ("line", "number", "infos", "payload"),
    [
        ("/nick alice", 0, b"alice", b""),
        ("/who", 1, b"", b""),
        ("/who  ", 1, b"", b""),
        ("/whois bob", 2, b"bob", b""),
        ("bonjour à tous", 3, b"", "bonjour à tous".encode()),
        ("/msg bob salut  toi", 4, b"bob", b"salut  toi"),
        ("/msg  bob\t salut  ", 4, b"bob", b"salut  "),
        ("/msg bob /who", 4, b"bob", b"/who"),
        ("/msgall salut %s {0}", 5, b"", b"salut %s {0}"),
        ("/msgall  salut \t", 5, b"", b"salut \t"),
        ("/create jazz", 6, b"jazz", b""),
        ("/channel_list", 7, b"", b""),
        ("/join jazz", 8, b"jazz", b""),
        ("/quit jazz", 10, b"jazz", b""),
    ],
)
def test_each_command_is_one_message(line: str, number: int, infos: bytes, payload: bytes) -> None:
    message = understand(line, channel="")
    assert isinstance(message, Message)
    assert encode(message) == HEADER.pack(len(payload), b"", number, infos) + payload


def test_a_line_goes_to_the_channel() -> None:
    assert understand("salut", "jazz") == Message(MessageType.MULTICAST_SEND, "jazz", b"salut")


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("/nick bob", Message(MessageType.NICKNAME_NEW, "bob")),
        ("/who", Message(MessageType.NICKNAME_LIST)),
        ("/whois bob", Message(MessageType.NICKNAME_INFOS, "bob")),
        ("/create jazz", Message(MessageType.MULTICAST_CREATE, "jazz")),
        ("/channel_list", Message(MessageType.MULTICAST_LIST)),
        ("/join jazz", Message(MessageType.MULTICAST_JOIN, "jazz")),
        ("/quit jazz", Message(MessageType.MULTICAST_QUIT, "jazz")),
        ("/quit", Order.LEAVE),
        ("/send bob a.txt", FileOffer("bob", "a.txt")),
        ("/help", Order.HELP),
    ],
)
@pytest.mark.parametrize("blanks", [" ", "   ", "\t", " \t "])
def test_blanks_around_what_a_command_takes_change_nothing(line: str, action: Action, blanks: str) -> None:
    assert understand(blanks.join((*line.split(), "")), "jazz") == action


@pytest.mark.parametrize("line", ["/quit", "exit", "fin"])
def test_a_user_leaves(line: str) -> None:
    assert understand(line, "jazz") is Order.LEAVE


@pytest.mark.parametrize(
    "line",
    ["fin ", "Exit", "finir", " exit", " /quit", " /who ", "emi", "quit", "1", "y", "*** x", "INFO> x"],
)
def test_what_resembles_a_word_is_text(line: str) -> None:
    assert understand(line, "") == Message(MessageType.ECHO_SEND, payload=line.encode())


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/send bob a.txt", "a.txt"),
        ("/send bob my holiday/photo 1.png", "my holiday/photo 1.png"),
        ('/send bob "my photo.png"', "my photo.png"),
    ],
)
def test_a_file_is_offered(line: str, path: str) -> None:
    assert understand(line, "") == FileOffer("bob", path)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("/nick", "one word must follow; write /nick NAME"),
        ("/nick a b", "one word must follow"),
        ("/nick élise", "letters and digits only"),
        ("/nick a-b", "letters and digits only"),
        ("/nick " + "a" * 128, "at most 127 bytes"),
        ("/who bob", "nothing may follow; write /who"),
        ("/whois", "one word must follow"),
        ("/whois a b", "one word must follow"),
        ("/msg", "a name and a text must follow"),
        ("/msg bob", "a name and a text must follow"),
        ("/msg bob  ", "a name and a text must follow"),
        ("/msgall \t ", "a text must follow"),
        ("/send bob  ", "a name and a path must follow"),
        ("/msg " + "é" * 64 + " salut", "at most 127 bytes"),
        ("/msgall", "a text must follow"),
        ("/create", "one word must follow"),
        ("/create a/b", "letters and digits only"),
        ("/channel_list x", "nothing may follow"),
        ("/join", "one word must follow"),
        ("/quit a b", "one word must follow"),
        ("/send bob", "a name and a path must follow"),
        ("/help me", "nothing may follow"),
        ("/nope", "unknown command /nope"),
        ("/", "unknown command /:"),
        ("/WHO", "unknown command /WHO"),
        ("é" * 1025, "longer than 2048 bytes"),
    ],
)
def test_what_is_wrong_is_told_at_once(line: str, wrong: str) -> None:
    with pytest.raises(Usage) as told:
        understand(line, "")
    assert wrong in str(told.value)


def test_help_names_each_command() -> None:
    assert all(any(command.usage in line for line in help_lines()) for command in COMMANDS.values())
    assert understand("/help", "") is Order.HELP


@given(
    st.text() | st.text().map("/msg bob {}".format) | st.text().map("/join {}".format),
    st.sampled_from(["", "jazz"]),
)
def test_whatever_is_typed_is_a_message_an_order_or_an_error(line: str, channel: str) -> None:
    try:
        action = understand(line, channel)
    except (Usage, UnicodeEncodeError):
        return
    assert not isinstance(action, Message) or encode(action)
