"""What the server decides, message by message: members are words here, and the clock is a number."""

from collections.abc import Iterator

import pytest

from sprint6_messenger.answers import Delivery, cut_at_line_ends
from sprint6_messenger.offers import MAX_PENDING, VALID_SECONDS
from sprint6_messenger.service import LOGIN, Service
from sprint6_messenger.users import Origin
from sprint6_messenger.wire import MAX_ANSWER_BYTES, BadMessage, LostStream, Message, MessageType

T = MessageType

ORIGIN = Origin("10.0.0.7", 5000, "2026/09/29@19:23")


class Play:
    """A service with people in it, who say things and are told things."""

    def __init__(self, *names: str, max_users: int = 100) -> None:
        self.service = Service(max_users)
        self.now = 1000.0
        for name in names:
            self.connect(name)
            self.say(name, T.NICKNAME_NEW, name)

    def connect(self, member: str) -> list[str]:
        """Let somebody connect; the member is called like its first name."""
        return told(self.service.arrive(member, ORIGIN))

    def say(self, member: str, kind: MessageType, infos: str = "", text: str = "") -> list[str]:
        """Let a member say something; return who is told what, as `member: TYPE infos | text`."""
        return told(self.service.receive(member, Message(kind, infos, text.encode()), self.now))

    def leave(self, member: str) -> list[str]:
        """Let a member leave."""
        return told(self.service.leave(member, self.now))


def told(deliveries: list[Delivery]) -> list[str]:
    """Spell deliveries, one a line."""
    return [spelled(delivery) for delivery in deliveries]


def spelled(delivery: Delivery) -> str:
    """Spell one delivery: recipient, type, sender, infos, text."""
    message = delivery.message
    last = " (last)" if delivery.last else ""
    text = message.payload.decode()
    return f"{delivery.recipient}: {message.type.name} {message.sender} {message.infos}| {text}{last}"


# Names


def test_a_name_is_granted_and_told() -> None:
    play = Play()
    assert play.connect("m") == []
    assert play.say("m", T.NICKNAME_NEW, "Alice1") == ["m: NICKNAME_NEW Server Alice1| OK, welcome Alice1"]
    assert play.service.name_of("m") == "Alice1"
    assert play.service.present == 1


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            "a b",
            "al-ice",
            "é",
            "еvan",
            "Ｅvan",
            "a\u200b",
            "x" * 128,
            "/x",
            "ali\tce",
            "٣",
            "bob ",
            "%s%n",
        ),
        *("Serveur", "SERVER", "system", "All", "admin", "tous"),
    ],
)
def test_a_name_that_is_refused_gets_the_reason_and_another_try(name: str) -> None:
    play = Play()
    play.connect("m")
    (answer,) = play.say("m", T.NICKNAME_NEW, name)
    assert answer.startswith("m: NICKNAME_NEW Server | ")
    assert play.service.present == 0
    assert play.say("m", T.NICKNAME_NEW, "x" * 127) == [
        f"m: NICKNAME_NEW Server {'x' * 127}| OK, welcome {'x' * 127}"
    ]


@pytest.mark.parametrize("name", ["alice", "ALICE", "aLiCe"])
def test_a_name_belongs_to_one_in_any_case(name: str) -> None:
    play = Play("alice", "bob")
    assert play.say("bob", T.NICKNAME_NEW, name) == [f"bob: NICKNAME_NEW Server | the name {name} is taken"]
    assert play.say("alice", T.UNICAST_SEND, "bob", "still bob?") == [
        "bob: UNICAST_SEND alice bob| still bob?"
    ]


def test_a_name_that_is_changed_is_free_at_once() -> None:
    play = Play("alice", "bob")
    play.say("alice", T.NICKNAME_NEW, "carol")
    assert play.say("bob", T.UNICAST_SEND, "alice", "hi") == [
        "bob: UNICAST_SEND Server | user alice does not exist"
    ]
    assert play.say("bob", T.NICKNAME_NEW, "alice") == ["bob: NICKNAME_NEW Server alice| OK, welcome alice"]
    assert play.say("alice", T.BROADCAST_SEND, "", "hi") == ["bob: BROADCAST_SEND carol | hi"]


def test_a_name_may_change_its_case_or_nothing() -> None:
    play = Play("alice")
    for name in "alice", "ALICE":
        assert play.say("alice", T.NICKNAME_NEW, name) == [
            f"alice: NICKNAME_NEW Server {name}| OK, welcome {name}"
        ]
    assert play.service.name_of("alice") == "ALICE"


def test_a_name_is_free_when_its_user_has_left() -> None:
    play = Play("alice")
    assert play.leave("alice") == []
    assert play.service.present == 0
    play.connect("m")
    assert "OK, welcome" in play.say("m", T.NICKNAME_NEW, "alice")[0]


@pytest.mark.parametrize("text", ["", "\n", "\r\n", " ", "\t", "  \t \n"])
def test_a_line_that_says_nothing_is_ignored(text: str) -> None:
    play = Play("alice", "bob")
    for kind in (T.ECHO_SEND, T.BROADCAST_SEND, T.UNICAST_SEND):
        assert play.say("alice", kind, "bob", text) == []


@pytest.mark.parametrize("kind", set(T) - {T.ECHO_SEND, T.NICKNAME_NEW})
def test_before_a_name_only_two_things_are_served(kind: MessageType) -> None:
    play = Play("alice")
    play.connect("m")
    assert play.say("m", kind, "alice", "hi") == [f"m: {kind.name} Server | {LOGIN}"]
    assert play.say("m", T.ECHO_SEND, "", "hi") == ["m: ECHO_SEND  | hi"]


def test_the_users_are_as_many_as_the_server_has_room_for() -> None:
    play = Play("alice", max_users=2)
    play.connect("late")
    play.connect("bob")
    play.say("bob", T.NICKNAME_NEW, "bob")
    assert play.connect("m") == ["m: ECHO_SEND Server | server full: 2 clients (last)"]
    assert play.say("late", T.NICKNAME_NEW, "late") == [
        "late: ECHO_SEND Server | server full: 2 clients (last)"
    ]
    assert play.say("bob", T.NICKNAME_NEW, "carol") == ["bob: NICKNAME_NEW Server carol| OK, welcome carol"]
    play.leave("bob")
    assert play.connect("n") == []


# Words


def test_an_echo_comes_back_to_its_author_alone_under_the_true_name() -> None:
    play = Play("alice", "bob")
    forged = Message(T.ECHO_SEND, "x", "héé €😃\n".encode(), "Server")
    assert told(play.service.receive("alice", forged, 0)) == ["alice: ECHO_SEND alice x| héé €😃"]


def test_nobody_can_speak_for_another() -> None:
    play = Play("alice", "bob")
    forged = Message(T.UNICAST_SEND, "bob", b"hi", "Server")
    assert told(play.service.receive("alice", forged, 0)) == ["bob: UNICAST_SEND alice bob| hi"]


def test_a_general_message_reaches_all_others_that_have_a_name() -> None:
    play = Play("alice", "bob", "carol")
    play.connect("nameless")
    assert play.say("alice", T.BROADCAST_SEND, "", "hi\0") == [
        "bob: BROADCAST_SEND alice | hi",
        "carol: BROADCAST_SEND alice | hi",
    ]


@pytest.mark.parametrize("kind", [T.UNICAST_SEND, T.BROADCAST_SEND, T.MULTICAST_SEND])
def test_a_text_with_nothing_in_it_is_nothing(kind: MessageType) -> None:
    play = Play("alice", "bob")
    play.say("bob", T.MULTICAST_CREATE, "jazz")
    play.say("alice", T.MULTICAST_JOIN, "jazz")
    infos = {T.UNICAST_SEND: "bob", T.MULTICAST_SEND: "jazz"}.get(kind, "")
    assert play.say("alice", kind, infos, "\n\0") == []


@pytest.mark.parametrize("kind", T)
@pytest.mark.parametrize("bad", [b"a\x1b[2J", b"a\nb", b"\xff", b"a\0b", "\x9b".encode()])
def test_no_field_of_any_type_lets_a_bad_text_through(kind: MessageType, bad: bytes) -> None:
    play = Play("alice", "bob")
    for message in Message(kind, "bob", bad), Message(kind, bad.decode(errors="ignore") + "\0", b"hi"):
        (answer,) = play.service.receive("alice", message, play.now)
        assert answer.recipient == "alice"
        assert (answer.message.type, answer.message.sender, answer.message.infos) == (kind, "Server", "")
        assert bad not in answer.message.payload


def test_the_list_of_users_is_in_the_order_of_their_names() -> None:
    play = Play("bob", "alice")
    assert play.say("alice", T.NICKNAME_LIST) == [
        "alice: NICKNAME_LIST Server | Online users are\n- bob\n- alice"
    ]


def test_a_long_list_is_cut_at_line_ends() -> None:
    names = [f"user{number:03}" + "x" * 100 for number in range(100)]
    play = Play(*names)
    deliveries = play.service.receive(names[0], Message(T.NICKNAME_LIST), 0)
    assert all(len(each.message.payload) <= MAX_ANSWER_BYTES for each in deliveries)
    lines = "\n".join(each.message.payload.decode() for each in deliveries).split("\n")
    assert lines == ["Online users are", *(f"- {name}" for name in names)]


def test_texts_are_filled_to_the_limit_and_not_beyond() -> None:
    assert cut_at_line_ends(["aaaa", "bbbb", "cccc"], 9) == ["aaaa\nbbbb", "cccc"]
    assert cut_at_line_ends(["aaaa", "bbbb"], 8) == ["aaaa", "bbbb"]
    assert cut_at_line_ends(["much too long", "b"], 8) == ["much too long", "b"]
    assert cut_at_line_ends([]) == []


def test_information_on_one_user() -> None:
    play = Play("alice", "bob")
    assert play.say("alice", T.NICKNAME_INFOS, "bob") == [
        "alice: NICKNAME_INFOS Server bob| "
        "bob connected since 2026/09/29@19:23 with IP address 10.0.0.7 and port number 5000"
    ]
    for name in "bo", "bobb", "bob ", "":
        assert play.say("alice", T.NICKNAME_INFOS, name) == [
            f"alice: NICKNAME_INFOS Server | user {name} does not exist"
        ]


def test_what_was_no_message_is_answered_and_only_a_lost_stream_ends_it() -> None:
    play = Play("alice")
    assert told(play.service.refuse("alice", BadMessage("too odd"))) == [
        "alice: ECHO_SEND Server | error: too odd"
    ]
    assert told(play.service.refuse("alice", LostStream("impossible"))) == [
        "alice: ECHO_SEND Server | error: impossible (last)"
    ]


# Channels


@pytest.fixture
def jazz() -> Play:
    """Three in a channel, and one who is not."""
    play = Play("alice", "bob", "carol", "dave")
    play.say("alice", T.MULTICAST_CREATE, "jazz")
    for name in "bob", "carol":
        play.say(name, T.MULTICAST_JOIN, "jazz")
    return play


def test_a_channel_is_created_listed_and_joined() -> None:
    play = Play("alice", "bob")
    assert play.say("alice", T.MULTICAST_CREATE, "jazz") == [
        "alice: MULTICAST_CREATE Server jazz| You have created jazz\nYou have joined jazz"
    ]
    assert play.say("bob", T.MULTICAST_LIST) == [
        "bob: MULTICAST_LIST Server | Available channels are\n- jazz"
    ]
    assert play.say("bob", T.MULTICAST_JOIN, "JAZZ") == [
        "bob: MULTICAST_JOIN Server jazz| You have joined jazz",
        "alice: MULTICAST_JOIN Server jazz| INFO> bob has joined jazz",
    ]


@pytest.mark.parametrize("name", ["", "two words", "é", "x" * 128, "JAZZ"])
def test_a_channel_that_is_refused_changes_nothing(jazz: Play, name: str) -> None:
    (answer,) = jazz.say("alice", T.MULTICAST_CREATE, name)
    assert answer.startswith("alice: MULTICAST_CREATE Server | ")
    assert len(jazz.say("alice", T.MULTICAST_SEND, "jazz", "still here")) == 2


def test_what_is_said_in_a_channel_reaches_its_others(jazz: Play) -> None:
    assert jazz.say("bob", T.MULTICAST_SEND, "jazz", "hi") == [
        "alice: MULTICAST_SEND bob jazz| hi",
        "carol: MULTICAST_SEND bob jazz| hi",
    ]


@pytest.mark.parametrize("kind", [T.MULTICAST_SEND, T.MULTICAST_QUIT])
def test_who_is_not_in_a_channel_can_neither_speak_nor_quit(jazz: Play, kind: MessageType) -> None:
    assert jazz.say("dave", kind, "jazz", "hi") == [f"dave: {kind.name} Server | you are not in jazz"]
    assert jazz.say("dave", kind, "rock", "hi") == [f"dave: {kind.name} Server | channel rock does not exist"]


def test_joining_what_one_is_in_or_what_is_not_there(jazz: Play) -> None:
    assert jazz.say("bob", T.MULTICAST_JOIN, "jazz") == [
        "bob: MULTICAST_JOIN Server | you are already in jazz"
    ]
    assert jazz.say("bob", T.MULTICAST_JOIN, "rock") == [
        "bob: MULTICAST_JOIN Server | channel rock does not exist"
    ]


def test_quitting_is_told_to_the_others_and_the_last_one_destroys(jazz: Play) -> None:
    assert jazz.say("bob", T.MULTICAST_QUIT, "jazz") == [
        "bob: MULTICAST_QUIT Server jazz| You have quit jazz",
        "alice: MULTICAST_QUIT Server jazz| INFO> bob has quit jazz",
        "carol: MULTICAST_QUIT Server jazz| INFO> bob has quit jazz",
    ]
    jazz.say("carol", T.MULTICAST_QUIT, "jazz")
    assert jazz.say("alice", T.MULTICAST_QUIT, "jazz") == [
        "alice: MULTICAST_QUIT Server jazz| You were the last user in this channel, jazz has been destroyed"
    ]
    assert jazz.say("dave", T.MULTICAST_CREATE, "jazz") != []


def test_one_is_in_one_channel_at_most(jazz: Play) -> None:
    assert jazz.say("alice", T.MULTICAST_CREATE, "rock") == [
        "bob: MULTICAST_QUIT Server jazz| INFO> alice has quit jazz",
        "carol: MULTICAST_QUIT Server jazz| INFO> alice has quit jazz",
        "alice: MULTICAST_CREATE Server rock| You have created rock\nYou have joined rock",
    ]
    assert jazz.say("alice", T.MULTICAST_JOIN, "jazz")[0] == (
        "alice: MULTICAST_QUIT Server rock| You were the last user in this channel, rock has been destroyed"
    )


def test_who_leaves_the_server_leaves_his_channel(jazz: Play) -> None:
    assert jazz.leave("bob") == [
        "alice: MULTICAST_QUIT Server jazz| INFO> bob has quit jazz",
        "carol: MULTICAST_QUIT Server jazz| INFO> bob has quit jazz",
    ]
    jazz.leave("alice")
    assert jazz.leave("carol") == []
    assert jazz.say("dave", T.MULTICAST_LIST) == ["dave: MULTICAST_LIST Server | Available channels are"]


# Files


@pytest.fixture
def offered() -> Iterator[Play]:
    """Alice has offered bob a file."""
    play = Play("alice", "bob", "carol")
    assert play.say("alice", T.FILE_REQUEST, "bob", "photo.jpg") == ["bob: FILE_REQUEST alice bob| photo.jpg"]
    yield play
    assert play.say("alice", T.FILE_SEND, "photo.jpg", "bytes") == [
        "alice: FILE_SEND Server | a file goes straight to its receiver, not through the server"
    ]


@pytest.mark.parametrize("kind", [T.FILE_ACCEPT, T.FILE_REJECT])
def test_an_answer_is_passed_back_once(offered: Play, kind: MessageType) -> None:
    assert offered.say("bob", kind, "alice", "127.0.0.1:80") == [
        f"alice: {kind.name} bob alice| 127.0.0.1:80"
    ]
    (second,) = offered.say("bob", kind, "alice", "127.0.0.1:80")
    assert second.startswith(f"bob: {kind.name} Server | alice has offered you no file")


@pytest.mark.parametrize(
    ("who", "asker"), [("carol", "alice"), ("bob", "carol"), ("alice", "bob"), ("bob", "")]
)
def test_an_answer_that_nobody_asked_for_is_not_passed_on(offered: Play, who: str, asker: str) -> None:
    (answer,) = offered.say(who, T.FILE_ACCEPT, asker, "127.0.0.1:80")
    assert answer.startswith(f"{who}: FILE_ACCEPT Server | ")
    assert len(offered.say("bob", T.FILE_ACCEPT, "alice", "127.0.0.1:80")) == 1


def test_an_offer_ends_with_its_time(offered: Play) -> None:
    offered.now += VALID_SECONDS / 2
    offered.say("alice", T.FILE_REQUEST, "bob", "later.jpg")
    offered.now += VALID_SECONDS / 2
    assert offered.say("bob", T.FILE_ACCEPT, "alice", "a:1") == ["alice: FILE_ACCEPT bob alice| a:1"]
    assert "Server" in offered.say("bob", T.FILE_ACCEPT, "alice", "a:1")[0]


def test_few_offers_are_open_at_a_time(offered: Play) -> None:
    for number in range(1, MAX_PENDING):
        offered.say("alice", T.FILE_REQUEST, "carol", f"{number}.jpg")
    (refused,) = offered.say("alice", T.FILE_REQUEST, "carol", "more.jpg")
    assert refused.startswith("alice: FILE_REQUEST Server | you have 4 offers")
    offered.say("bob", T.FILE_REJECT, "alice")
    assert "carol: FILE_REQUEST" in offered.say("alice", T.FILE_REQUEST, "carol", "more.jpg")[0]


def test_one_is_asked_few_questions_at_a_time() -> None:
    askers = [f"asker{number}" for number in range(MAX_PENDING + 1)]
    play = Play("bob", *askers)
    for asker in askers[:-1]:
        play.say(asker, T.FILE_REQUEST, "bob", "photo.jpg")
    assert play.say(askers[-1], T.FILE_REQUEST, "BOB", "photo.jpg") == [
        f"{askers[-1]}: FILE_REQUEST Server | user bob has 4 offers to answer: try later"
    ]
    play.say("bob", T.FILE_REJECT, askers[0])
    assert "bob: FILE_REQUEST" in play.say(askers[-1], T.FILE_REQUEST, "bob", "photo.jpg")[0]


@pytest.mark.parametrize(
    ("whom", "name", "reason"),
    [
        ("alice", "photo.jpg", "you cannot send a file to yourself"),
        ("nobody", "photo.jpg", "user nobody does not exist"),
        ("bob", "", "a file needs a name"),
        ("bob", "a\x1b", "error: control character U+001B"),
    ],
)
def test_an_offer_that_is_refused(offered: Play, whom: str, name: str, reason: str) -> None:
    assert offered.say("alice", T.FILE_REQUEST, whom, name) == [f"alice: FILE_REQUEST Server | {reason}"]


def test_an_offer_is_bound_to_two_connections_whatever_they_are_called_by_now(offered: Play) -> None:
    offered.say("alice", T.NICKNAME_NEW, "alicia")
    offered.say("carol", T.NICKNAME_NEW, "alice")
    offered.say("bob", T.NICKNAME_NEW, "bobby")
    offered.connect("m")
    offered.say("m", T.NICKNAME_NEW, "bob")
    assert "Server" in offered.say("m", T.FILE_ACCEPT, "alice", "a:1")[0]
    assert offered.say("bob", T.FILE_ACCEPT, "alice", "a:1") == ["alice: FILE_ACCEPT bob alice| a:1"]


def test_who_waits_for_an_answer_is_told_that_none_will_come(offered: Play) -> None:
    assert offered.leave("bob") == ["alice: FILE_REJECT bob alice| bob has left"]


def test_an_offer_ends_with_its_asker() -> None:
    play = Play("alice", "bob")
    play.say("alice", T.FILE_REQUEST, "bob", "photo.jpg")
    assert play.leave("alice") == ["bob: FILE_REJECT alice bob| alice has left"]
    play.connect("m")
    play.say("m", T.NICKNAME_NEW, "alice")
    assert play.say("bob", T.FILE_ACCEPT, "alice", "a:1")[0].startswith("bob: FILE_ACCEPT Server | ")
