"""What is shown of what arrives, and what the client learns from it: of our server, and of those of students."""

import pytest

from sprint6_messenger.conversation import Conversation
from sprint6_messenger.wire import Message, MessageType

UNICAST, BROADCAST, MULTICAST = (
    MessageType.UNICAST_SEND,
    MessageType.BROADCAST_SEND,
    MessageType.MULTICAST_SEND,
)
CREATE, JOIN, QUIT = MessageType.MULTICAST_CREATE, MessageType.MULTICAST_JOIN, MessageType.MULTICAST_QUIT


@pytest.fixture
def alice() -> Conversation:
    """A conversation of somebody who has a name."""
    alice = Conversation()
    hears(alice, MessageType.NICKNAME_NEW, "OK, welcome alice", "alice")
    return alice


def hears(
    user: Conversation, kind: MessageType, text: str, infos: str = "", sender: str = "Server"
) -> list[str]:
    """Let a user hear a message; return what he sees."""
    lines = user.hear(Message(kind, infos, text.encode(), sender))
    return [f"{'*' if line.is_note else '<'} {line.text}" for line in lines]


@pytest.mark.parametrize(
    ("kind", "infos", "sender", "seen"),
    [
        (UNICAST, "alice", "bob", "< bob: salut"),
        (BROADCAST, "", "bob", "< bob to all: salut"),
        (MULTICAST, "jazz", "bob", "< bob in jazz: salut"),
        (UNICAST, "bob", "", "< bob: salut"),
        (BROADCAST, "bob", "", "< bob to all: salut"),
        (UNICAST, "", "Server", "* salut"),
        (MessageType.NICKNAME_LIST, "", "Server", "* salut"),
    ],
)
def test_who_speaks_is_seen(
    kind: MessageType, infos: str, sender: str, seen: str, alice: Conversation
) -> None:
    assert hears(alice, kind, "salut", infos, sender) == [seen]


@pytest.mark.parametrize(
    ("infos", "seen"),
    [("bob", "< bob in jazz: salut"), ("JAZZ", "<  in JAZZ: salut"), ("", "<  in jazz: salut")],
)
def test_in_a_channel_too_infos_may_say_who_speaks(infos: str, seen: str, in_jazz: Conversation) -> None:
    assert hears(in_jazz, MULTICAST, "salut", infos, "") == [seen]


def test_a_list_is_shown_line_by_line(alice: Conversation) -> None:
    seen = hears(alice, MessageType.NICKNAME_LIST, "Online users are\n- alice\n- bob\n\0")
    assert seen == ["* Online users are", "* - alice", "* - bob"]


@pytest.mark.parametrize(
    "forged", ["INFO> bob has quit jazz", "* bob left", "a\n* the server ends", "a\r\n< bob: x"]
)
def test_nobody_can_speak_as_the_server_or_another(forged: str, alice: Conversation) -> None:
    assert all(line.startswith("< eve in jazz: ") for line in hears(alice, MULTICAST, forged, "jazz", "eve"))


def test_nothing_is_shown_of_a_message_without_text(alice: Conversation) -> None:
    assert hears(alice, MessageType.NICKNAME_LIST, "") == []


def test_what_would_turn_text_around_is_spelled_out(alice: Conversation) -> None:
    assert hears(alice, UNICAST, "\u202egnp", "alice", "e\u2066ve") == ["< e\\u2066ve: \\u202egnp"]


def test_a_message_carries_the_name(alice: Conversation) -> None:
    assert alice.say(Message(BROADCAST)).sender == "alice"


@pytest.mark.parametrize(
    ("text", "infos", "name"),
    [
        ("OK, welcome bob", "bob", "bob"),
        ("Welcome on the chat bob", "", "bob"),
        ("the name bob is taken", "", "alice"),
        ("welcome", "x" * 128, "alice"),
    ],
)
def test_the_old_name_holds_until_the_new_one_is_granted(
    text: str, infos: str, name: str, alice: Conversation
) -> None:
    alice.say(Message(MessageType.NICKNAME_NEW, "bob"))
    assert alice.name == "alice"
    hears(alice, MessageType.NICKNAME_NEW, text, infos)
    assert alice.name == name


def asks(user: Conversation, kind: MessageType, channel: str) -> None:
    """Let a user ask for a change of channel."""
    user.say(Message(kind, channel))
    assert user.is_undecided


@pytest.mark.parametrize(
    ("kind", "text", "infos", "channel"),
    [
        (JOIN, "You have joined jazz", "jazz", "jazz"),
        (JOIN, "You have joined Jazz", "Jazz", "Jazz"),
        (JOIN, "INFO> You have joined jazz", "", "jazz"),
        (JOIN, "channel jazz does not exist", "", ""),
        (CREATE, "You have created jazz\nYou have joined jazz", "jazz", "jazz"),
        (CREATE, "channel jazz already exists", "", ""),
    ],
)
def test_an_answer_says_in_which_channel_one_is(
    kind: MessageType, text: str, infos: str, channel: str, alice: Conversation
) -> None:
    asks(alice, kind, "jazz")
    hears(alice, kind, text, infos)
    assert alice.channel == channel
    assert not alice.is_undecided


@pytest.fixture
def in_jazz(alice: Conversation) -> Conversation:
    """Somebody who is in a channel."""
    asks(alice, JOIN, "jazz")
    hears(alice, JOIN, "You have joined jazz", "jazz")
    return alice


@pytest.mark.parametrize(
    ("text", "infos", "channel"),
    [
        ("You have quit jazz", "jazz", ""),
        ("You were the last user in this channel, jazz has been destroyed", "jazz", ""),
        ("INFO> You were the last user in this channel, jazz has been destroyed", "", ""),
        ("you are not in rock", "", "jazz"),
    ],
)
def test_who_quits_is_in_no_channel(text: str, infos: str, channel: str, in_jazz: Conversation) -> None:
    asks(in_jazz, QUIT, "jazz")
    hears(in_jazz, QUIT, text, infos)
    assert in_jazz.channel == channel


def test_what_others_do_changes_nothing(in_jazz: Conversation) -> None:
    asks(in_jazz, QUIT, "jazz")
    for kind, text in ((JOIN, "INFO> bob has joined jazz"), (QUIT, "INFO> bob has quit jazz")):
        assert hears(in_jazz, kind, text, "jazz") == [f"* {text}"]
    assert in_jazz.channel == "jazz"
    assert in_jazz.is_undecided


def test_who_creates_another_channel_leaves_the_first(in_jazz: Conversation) -> None:
    asks(in_jazz, CREATE, "rock")
    hears(in_jazz, QUIT, "You were the last user in this channel, jazz has been destroyed", "jazz")
    assert in_jazz.channel == ""
    assert in_jazz.is_undecided
    hears(in_jazz, CREATE, "You have created rock", "rock")
    assert in_jazz.channel == "rock"


@pytest.mark.parametrize("sender", ["", "alice", "Server"])
def test_an_echo_is_told_from_the_servers_own_word(sender: str, alice: Conversation) -> None:
    alice.say(Message(MessageType.ECHO_SEND, payload=b"salut"))
    assert hears(alice, MessageType.ECHO_SEND, "salut", sender=sender) == ["< salut"]
    assert alice.last_word == ""
    assert hears(alice, MessageType.ECHO_SEND, "server full") == ["* server full"]
    assert alice.last_word == "server full"


def test_a_word_is_the_last_only_if_nothing_follows(alice: Conversation) -> None:
    hears(alice, MessageType.ECHO_SEND, "please login with /nick")
    hears(alice, UNICAST, "salut", "alice", "bob")
    assert alice.last_word == ""


def test_only_the_server_can_end_the_conversation(alice: Conversation) -> None:
    assert hears(alice, MessageType.ECHO_SEND, "exit", sender="eve") == ["< exit"]
    assert hears(alice, UNICAST, "exit", "alice", "eve") == ["< eve: exit"]
    assert alice.last_word == ""
    assert hears(alice, MessageType.ECHO_SEND, "exit") == ["* the server has ended the conversation"]
    assert alice.last_word == "exit"
