"""Whatever a server says, in any order: the client's parts go on, and leave nothing open."""

import contextlib
import socket
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sprint6_messenger.commands import Usage
from sprint6_messenger.conversation import Conversation
from sprint6_messenger.decoder import MessageDecoder
from sprint6_messenger.files import Files
from sprint6_messenger.inbox import Inbox
from sprint6_messenger.link import Link
from sprint6_messenger.pending import Means
from sprint6_messenger.wire import HEADER, Message, encode
from tests.sprint6_client.ends import descriptors

LIKELY = [
    b"alice",
    b"bob",
    b"Server",
    b"jazz",
    b"",
    b"photo.png",
    b"../x",
    b"127.0.0.1:1",
    b"x" * 128,
    b"\xff" * 128,
]
LIKELY += [
    b"bob connected since x with IP address 1.2.3",
    b"user bob does not exist",
    b"INFO> x",
    b"welcome",
    b"exit",
]

fields = st.one_of(st.sampled_from(LIKELY), st.binary(max_size=200))

messages = st.builds(
    lambda sender, number, infos, payload: HEADER.pack(len(payload), sender, number, infos) + payload,
    fields,
    st.integers(-1, 17),
    fields,
    fields,
)


@given(st.lists(st.one_of(messages, st.sampled_from([b"y", b"n", b""])), max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_server_can_break_the_client(said: list[bytes]) -> None:
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        with Link(sock, listener.getsockname()) as link:
            listen_to(said, link)
    assert descriptors() == before


def listen_to(said: list[bytes], link: Link) -> None:
    """Let a client hear messages, and its user answer questions; give up all files at the end."""
    conversation, decoder = Conversation(), MessageDecoder(lenient=True)
    sent: list[Message] = []
    files = Files(Means("", link, 1000, sent.append, lambda _line: None), Inbox(Path("/nowhere")))
    for each in said:
        if each in (b"y", b"n", b""):
            answer(files, each == b"y")
            files.expire(0.0)
        for found in decoder.feed(each):
            if isinstance(found, Message) and not files.hear(found):
                conversation.hear(found)
    files.give_up()
    assert files.until is None
    assert all(encode(conversation.say(message)) for message in sent)


def answer(files: Files, wanted: bool) -> None:
    """Answer a question, if there is one."""
    if files.is_asking:
        with contextlib.suppress(Usage):  # four files at once
            files.answer(wanted)
