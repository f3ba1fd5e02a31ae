"""A cause is named where its traces are, and nowhere else: a wrong one is worse than none."""

from dataclasses import replace
from typing import Any

import pytest

from grader.autopsy import CONDITION, LOCK
from grader.diagnosis import diagnose
from grader.journal import (
    CLOSED,
    CONNECTED,
    ENDED,
    NETWORK,
    PRESSED,
    RECEIVED,
    SENT,
    SHOWN,
    SIGNALLED,
    STARTED,
    STOPPED,
    TURNED,
    TYPED,
    Entry,
)
from grader.verdicts import FAILED, Case, Scene

KEPT = "waits for a lock, a condition or a thread"

READS_SERVER, READS_KEYBOARD = "waits in read on the connection 4 - 5", "waits in read on its keyboard"


def entries(*steps: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(0.0, actor, act, "".join(data).encode()) for actor, act, *data in steps)


def program(name: str, **more: Any) -> dict[str, Any]:
    at_rest: dict[str, Any] = {"name": name, "code": None, "words": [], "shown": {}, "threads": []}
    return at_rest | {"unread": 0, "keys_unread": 0, "waiting": 0, "seconds": 0.0} | more


def missed(expected: str, got: str, *steps: tuple[str, ...], **server: Any) -> Scene:
    error = f"expected: {expected}\n     got: {got}"
    return Scene(error, entries(*steps), (program("server", **server),))


def cause(check: str, scene: Scene, case: str = "", tapped: Scene | None = None) -> str:
    played = Case(f"test[{case}]" if case else "test", FAILED, scene=scene, tapped=tapped or Scene())
    return diagnose(check, "fin", played)[0]


FIRST_GONE = (("first", CONNECTED), ("first", CLOSED), ("newcomer", CONNECTED))


def test_a_place_is_kept_from_one_who_waits() -> None:
    scene = missed(
        "newcomer receives '1\\n'", "'' and then: that did not come in time", *FIRST_GONE, waiting=1
    )
    assert cause("s1-vanished", scene) == "place-never-freed"


def test_who_is_told_a_wrong_number_has_a_place() -> None:
    scene = missed(
        "newcomer receives '1\\n'", "'2\\nemi\\n' and then: that did not come in time", *FIRST_GONE
    )
    assert cause("s1-newcomer", scene) == ""


@pytest.mark.parametrize(("waiting", "name"), [(0, ""), (1, "place-never-freed")])
def test_who_has_been_taken_in_and_misses_an_old_line_has_a_place(waiting: int, name: str) -> None:
    steps = (
        ("first", CONNECTED),
        ("first", SENT, "demolu\n"),
        ("first", CLOSED),
        ("second", CONNECTED),
    )
    scene = missed(
        "second receives 'demolu\\n'", "'' and then: that did not come in time", *steps, waiting=waiting
    )
    assert cause("s2-empty-place", scene, "speaker leaves") == name


def after_the_end_of_input(times: int) -> tuple[Scene, Scene]:
    """Bob's input ends, and his client sends his last line so many times."""
    server, bob = program("server", seconds=2.0), program("bob", seconds=0.2)
    typed = (("bob", TYPED, "piluno"), ("bob", PRESSED, "Ctrl+D"))
    shown = [("alice", SHOWN, "< piluno")] * times
    error = "expected: bob ends\n     got: bob is still running"
    scene = Scene(error, entries(*typed, *shown), (server, program("alice"), bob))
    return scene, Scene(error, entries(*typed, *[("bob", SENT, "piluno\n")] * times))


@pytest.mark.parametrize(("times", "name"), [(5000, "client-loops"), (1, "busy")])
def test_a_server_that_a_client_keeps_at_work_is_not_the_one_that_asks_again(times: int, name: str) -> None:
    scene, tapped = after_the_end_of_input(times)
    assert cause("s2-leave", scene, "end of input", tapped) == name


def after_the_end_of_the_server(came: int, times: int, wire: tuple[tuple[str, str, bytes, str], ...]) -> str:
    """The server is ended; alice's client shows so many lines, and so many have come to it. Return the cause."""
    error = "expected: alice ends\n     got: alice is still running"
    shown = [Entry(0.0, "alice", SHOWN, b"received: ")] * times
    folded = Entry(0.0, "alice", SHOWN, b"received: ", more=times, more_bytes=10 * times)
    sent = [Entry(0.0, "server", SENT, b"received: ", "alice")] * came
    tapped = Scene(error, (*(Entry(0.0, *step) for step in wire), *sent, *shown, folded))
    scene = Scene(
        error, entries(("server", SIGNALLED, "SIGINT")), (program("server", code=0), program("alice"))
    )
    return cause("s2-server-end", scene, tapped=tapped)


WIRE = (("alice", CONNECTED, b"", "server"),)


def test_a_client_that_shows_for_ever_what_nobody_has_said_loops() -> None:
    assert after_the_end_of_the_server(1, 5000, WIRE) == "client-loops"


def test_a_client_that_shows_what_comes_does_not_loop_however_much_comes() -> None:
    assert after_the_end_of_the_server(5000, 5000, WIRE) == ""


def test_a_client_that_shows_a_screenful_of_its_own_does_not_loop() -> None:
    assert after_the_end_of_the_server(1, 100, WIRE) == ""


def test_what_a_client_shows_tells_nothing_where_nobody_has_seen_what_came() -> None:
    assert after_the_end_of_the_server(0, 5000, ()) == ""


def test_what_is_not_kept_of_a_flood_counts() -> None:
    scene, tapped = after_the_end_of_input(1)
    *others, last = tapped.entries
    tapped = replace(tapped, entries=(*others, replace(last, more=5000, more_bytes=35_000)))
    assert cause("s2-leave", scene, "end of input", tapped) == "client-loops"


@pytest.mark.parametrize(("who", "name"), [("server", "busy"), ("alice", "busy-client"), ("nobody", "")])
def test_who_uses_the_processor_while_nothing_happens_asks_again(who: str, name: str) -> None:
    error = f"expected: nobody uses the processor\n     got: {who} uses 98% of the processor"
    programs = (program("server", seconds=0.2), program("alice", seconds=3.0 if who == "alice" else 0.1))
    assert cause("s1-rest", Scene(error, (), programs)) == name


@pytest.mark.parametrize(("stands", "name"), [("does not listen", "port-not-bound"), ("listens", "")])
def test_a_second_server_that_goes_on_elsewhere_has_not_looked_at_bind(stands: str, name: str) -> None:
    scene = missed("a second server ends", f"it is still running, and {stands} on port 4444")
    assert cause("s1-port-taken", scene) == name


def test_a_piece_that_was_sent_by_itself_shows_that_lines_are_cut() -> None:
    sent = (("peer1", SENT, "h"), ("peer1", SENT, "éé lopina\r\n"))
    scene = missed(
        "peer2 receives 'héé lopina\\n'", "'h\\néé lopina\\n' and then: that did not come in time", *sent
    )
    assert cause("s3-framing", scene, "cut") == "no-framing-cut"


@pytest.mark.parametrize(
    ("way", "name"),
    [("to the server", "no-framing-cut"), ("somebody speaks before the rest", "")],
)
def test_a_line_mixed_with_another_was_not_taken_for_two(way: str, name: str) -> None:
    held = (NETWORK, "lets through 3 bytes of alice")
    scene = missed("bob sees 'dabete'", "'\\nrugete\\n' and then: that did not come in time", held)
    assert cause("s3-cut", scene, way) == name


def test_a_line_that_came_in_one_piece_was_not_cut_by_the_network() -> None:
    sent = ("peer1", SENT, "\n" * 197 + "...")
    scene = missed("peer2 receives 'a\\u2028b\\n'", "'a\\n' and then: that did not come in time", sent)
    assert cause("s3-framing", scene, "empty") == ""


def test_a_line_that_is_too_short_was_not_cut_by_the_network() -> None:
    sent = ("peer1", SENT, "x" * 200 + "...")
    got = f"'{'x' * 1000}\\n{'x' * 1000}\\n' and then: that did not come in time"
    assert cause("s3-framing", missed(f"peer2 receives '{'x' * 2047}\\n'", got, sent), "longest") == ""


@pytest.mark.parametrize(
    ("got", "name"),
    [
        ("'povelu gitamaleneno\\n' and then: that did not come in time", "no-framing-joined"),
        ("'' and then: that did not come in time", "no-framing-joined"),
        ("'leneno\\npovelu gitama\\n' and then: that did not come in time", ""),
        ("'' and then the end of the connection", ""),
    ],
    ids=["run together", "the first only", "swapped", "hung up on"],
)
def test_lines_are_joined_where_they_are_seen_to_be(got: str, name: str) -> None:
    scene = missed("peer2 receives 'povelu gitama\\n'", got, ("peer1", SENT, "povelu gitama\nleneno\n"))
    assert cause("s3-framing", scene, "joined") == name


@pytest.mark.parametrize(
    ("came", "name"),
    [("again\\nagain\\nagain\\nag", "client-loops"), ("again\\n", ""), ("again\\nonce more\\nagain\\n", "")],
    ids=["for ever", "once", "by turns"],
)
def test_a_client_that_says_the_same_again_and_again_loops(came: str, name: str) -> None:
    scene = missed("server receives 'fin\\n'", f"'{came}'", ("alice", TYPED, "again"))
    assert cause("s2-client-input", scene) == name


@pytest.mark.parametrize(
    ("line", "name"), [("fin ", "prefix-is-fin"), ("finir", "prefix-is-fin"), ("FIN", "")]
)
def test_a_line_that_begins_with_the_word_and_is_lost_was_taken_for_it(line: str, name: str) -> None:
    scene = missed(
        f"second receives '{line}\\n'", "'' and then: that did not come in time", ("first", SENT, f"{line}\n")
    )
    assert cause("s1-exit-word", scene, "fin\\n") == name


@pytest.mark.parametrize(("came", "name"), [("satabe", "shared-buffer"), ("satego", ""), ("abe", "")])
def test_two_lines_in_one_are_in_one_buffer(came: str, name: str) -> None:
    typed = (("alice", TYPED, "bogabe"), ("bob", TYPED, "satego"))
    scene = missed("bob sees 'bogabe'", "''", *typed, ("server", SENT, came))
    assert cause("s3-cut", scene, "somebody speaks before the rest") == name


@pytest.mark.parametrize(
    ("who", "left", "name"),
    [
        ("bob", {"unread": 7}, "waits-for-keyboard"),
        ("bob", {"end_unread": True}, "end-unnoticed"),
        ("alice", {"unread": 7}, ""),
        ("alice", {"end_unread": True}, ""),
    ],
    ids=["a line", "the end", "a line of another's", "the end of another's"],
)
def test_who_waits_for_the_keyboard_leaves_unread_what_has_come(
    who: str, left: dict[str, Any], name: str
) -> None:
    """Only of the one is anything expected here; the other may be in the middle of a line."""
    clients = [
        program("alice", threads=[READS_KEYBOARD], **(left if who == "alice" else {})),
        program("bob", threads=[READS_KEYBOARD, READS_SERVER], **(left if who == "bob" else {})),
    ]
    error = "expected: bob ends\n     got: bob is still running"
    assert cause("s1-server-end", Scene(error, (), (program("server", code=0), *clients))) == name


@pytest.mark.parametrize(("server", "name"), [(0, "end-unnoticed"), (None, "")], ids=["ended", "there"])
def test_who_has_read_the_end_and_waits_for_the_keyboard_should_have_left(
    server: int | None, name: str
) -> None:
    alice = program("alice", threads=[READS_KEYBOARD])
    error = "expected: alice ends\n     got: alice is still running"
    assert cause("s3-server-end", Scene(error, (), (program("server", code=server), alice))) == name


@pytest.mark.parametrize(("act", "name"), [(CLOSED, "end-unnoticed"), (SENT, "")], ids=["closed", "held"])
def test_who_is_not_hung_up_on_has_no_end_to_notice(act: str, name: str) -> None:
    alice = program("alice", threads=[READS_KEYBOARD])
    error = "expected: alice ends\n     got: alice is still running"
    scene = Scene(error, (entry("server", SIGNALLED, "SIGINT"),), (program("server", code=-2), alice))
    tapped = Scene(error, (entry("server", SENT, "salut", "alice"), entry("server", act, "", "alice")))
    assert cause("s1-at-prompt", scene, tapped=tapped) == name


@pytest.mark.parametrize(
    ("who", "typed", "threads", "name"),
    [
        ("bob", "fin", [KEPT, READS_SERVER], "waits-for-thread"),
        ("bob", "fin", [READS_SERVER], ""),
        ("bob", "salut", [KEPT, READS_SERVER], ""),
        ("server", "salut", [KEPT, "waits in accept on the listening socket (port 4)"], "waits-for-thread"),
        ("server", "salut", [KEPT, KEPT], "lock-kept"),
    ],
    ids=["told to leave", "one thread", "not told", "server", "all for each other"],
)
def test_who_is_to_end_waits_for_a_thread_of_its_own(
    who: str, typed: str, threads: list[str], name: str
) -> None:
    error = f"expected: {who} ends\n     got: {who} is still running"
    told = (entry("server", SIGNALLED, "SIGINT"),) if who == "server" else ()
    scene = Scene(error, (entry("bob", TYPED, typed), *told), (program(who, threads=threads),))
    assert cause("s3-leave", scene) == name


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ((("bob", TYPED, "salut"), ("bob", PRESSED, "Ctrl+D")), "key-ignored"),
        ((("bob", PRESSED, "Ctrl+D"), ("bob", TYPED, "salut")), ""),
        ((("carol", PRESSED, "Ctrl+D"), ("bob", TYPED, "salut")), ""),
    ],
    ids=["the last thing", "not the last thing", "another's key"],
)
def test_who_goes_on_though_his_user_has_pressed_a_key_ignores_it(
    steps: tuple[tuple[str, ...], ...], name: str
) -> None:
    error = "expected: bob ends\n     got: bob is still running"
    scene = Scene(error, entries(*steps), (program("server"), program("bob", threads=[READS_KEYBOARD])))
    assert cause("s3-leave", scene) == name


TRACEBACK = ["Traceback (most recent call last):", '  File "server.py", line 3, in <module>']


def ended(words: list[str], code: int) -> Scene:
    return missed("the server goes on", "it ended", ("server", STARTED), words=words, code=code)


def test_a_python_program_dies_of_an_exception() -> None:
    assert cause("s1-fin", ended([*TRACEBACK, "KeyError: 3"], 1)) == "exception"


def test_at_a_terminal_the_last_words_stand_on_the_screen() -> None:
    screen = "\n".join([*TRACEBACK, "KeyError: 3"])
    alice = program("alice", code=1, shown={"screen": screen})
    scene = Scene("expected: alice sees 'a'\n     got: ''", (), (program("server"), alice))
    assert cause("s1-fin", scene) == "exception"


@pytest.mark.parametrize("code", [-2, 1, 130])
def test_a_python_program_that_was_interrupted_has_not_crashed(code: int) -> None:
    words = [*TRACEBACK, "    time.sleep(1)", "KeyboardInterrupt"]
    scene = ended(words, code)
    interrupted = Scene(scene.error, entries(("server", SIGNALLED, "SIGINT")), scene.programs)
    assert cause("s1-server-end", interrupted) == ""


def test_a_program_that_a_fault_has_killed_has_crashed() -> None:
    assert cause("s1-fin", ended(["munmap_chunk(): invalid pointer"], -6)) == "crash"


def test_who_has_received_anything_has_a_place() -> None:
    steps = (*FIRST_GONE, ("newcomer", RECEIVED, "1\n"))
    scene = missed("newcomer receives 'emi\\n'", "'' and then: that did not come in time", *steps, waiting=1)
    assert cause("s1-newcomer", scene) == ""


def entry(actor: str, act: str, data: str = "", peer: str = "") -> Entry:
    return Entry(0.0, actor, act, data.encode(), peer)


def relayed(speaker: str, line: str, *hearers: str) -> list[Entry]:
    """One types a line, and it goes through the server to others."""
    came = [entry("server", SENT, f"{line}\n", hearer) for hearer in hearers]
    return [entry(speaker, TYPED, line), entry(speaker, SENT, f"{line}\n", "server"), *came]


def played(expected: str, steps: list[Entry], *people: dict[str, Any], **server: Any) -> Scene:
    """A scene with a server and people at terminals."""
    error = f"expected: {expected}\n     got: '' and then: that did not come in time"
    return Scene(error, tuple(steps), (program("server", **server), *people))


def told(check: str, scene: Scene, case: str = "") -> str:
    """The cause of a scene that went through the wiretap as it did without."""
    return cause(check, scene, case, scene)


ALICE, BOB, CAROL = program("alice"), program("bob"), program("carol")
GONE = entry("alice", ENDED, "was killed by SIGKILL")


@pytest.mark.parametrize(
    ("check", "left", "bob", "name"),
    [
        ("s3-leave", entry("alice", TYPED, "fin"), 0, "fin-ends-everybody"),
        ("s2-third", entry("alice", TYPED, "fin"), 0, "fin-ends-everybody"),
        ("s2-leave", entry("alice", TYPED, "fin"), 0, ""),
        ("s1-after-fin", entry("alice", TYPED, "fin"), 0, ""),
        ("s3-broken-network", entry("network", "breaks alice's connection"), 0, "fin-ends-everybody"),
        ("s3-broken-network", entry("network", "ends what alice sends"), 0, "fin-ends-everybody"),
        ("s3-broken-network", entry("network", "breaks alice's connection"), None, ""),
        ("s3-broken-network", entry("network", "is 0.05 s late"), 0, ""),
        ("s2-broken-network", entry("network", "breaks alice's connection"), 0, ""),
    ],
)
def test_the_others_should_stay_where_one_leaves(check: str, left: Entry, bob: int | None, name: str) -> None:
    steps = [entry("bob", TYPED, "before"), left]
    people = (program("alice", code=0), program("bob", code=bob))
    assert told(check, played("bob sees 'povelu'", steps, *people)) == name


NEWCOMER = [
    entry("alice", STARTED),
    entry("alice", ENDED),
    entry("carol", STARTED),
    entry("carol", TYPED, "lopina"),
]


@pytest.mark.parametrize(
    ("waiting", "overheard", "name"),
    [(0, [], ""), (1, [], "place-never-freed"), (0, relayed("bob", "before"), "place-never-freed")],
    ids=["nothing is known", "it waits", "nothing was said to it"],
)
def test_without_a_wiretap_only_who_waits_is_known_to_have_no_place(
    waiting: int, overheard: list[Entry], name: str
) -> None:
    scene = played("bob sees 'lopina'", [*overheard, *NEWCOMER], BOB, CAROL, waiting=waiting)
    assert told("s1-killed", scene) == name


def test_whose_line_is_passed_on_has_a_place() -> None:
    steps = [*NEWCOMER, entry("server", SENT, "lopina\n", "dave")]
    assert told("s3-leave", played("bob sees 'lopina'", steps, BOB, CAROL, program("dave"))) == ""


def waits_in(*threads: str) -> dict[str, Any]:
    return {"threads": ["waits for a child", *threads]}


@pytest.mark.parametrize(
    ("thread", "steps", "name"),
    [
        (READS_SERVER, [entry("alice", TYPED, "povelu")], "both-reading"),
        (READS_SERVER, [*relayed("bob", "lopina", "alice"), entry("alice", TYPED, "povelu")], "both-reading"),
        (READS_SERVER, relayed("alice", "povelu"), "not-read"),
        (READS_KEYBOARD, [entry("alice", TYPED, "povelu")], "keyboard-unread"),
        (READS_KEYBOARD, relayed("alice", "povelu"), "not-read"),
    ],
    ids=["from the start", "later", "the line was sent", "one reads", "one reads, and it was sent"],
)
def test_both_read_if_what_was_typed_last_was_not_sent(thread: str, steps: list[Entry], name: str) -> None:
    alice = program("alice", **waits_in(READS_SERVER), keys_unread=7)
    people = (alice, program("bob", **waits_in(thread)))
    assert told("s1-turns", played("bob sees 'povelu'", steps, *people, unread=7)) == name


@pytest.mark.parametrize(
    ("came", "name"),
    [
        ("povelu gitama\n", "echo"),
        ("alice: povelu gitama\0", "echo"),
        ("\0\0\0\x0dpovelu gitama", "echo"),
        ("lopina\0povelu gitama\0", ""),
        ("lopina\n", ""),
    ],
    ids=["line", "name", "length first", "old buffer", "another's"],
)
def test_a_line_comes_back_as_a_text_and_not_as_what_a_buffer_held(came: str, name: str) -> None:
    steps = [*relayed("alice", "povelu gitama", "bob"), entry("server", SENT, came, "alice")]
    assert told("s2-no-echo", played("alice sees 'demolu'", steps, ALICE, BOB, unread=1)) == name


def test_what_a_buffer_held_behind_a_line_feed_is_no_line_that_comes_back() -> None:
    steps = [
        *relayed("alice", "povelu gitama", "bob"),
        entry("server", SENT, "lopina\n", "alice"),
        entry("server", SENT, "\0povelu gitama\0", "alice"),
    ]
    assert told("s2-no-echo", played("alice sees 'demolu'", steps, ALICE, BOB, unread=1)) == ""


def test_what_a_client_sends_besides_what_was_typed_is_not_said() -> None:
    steps = [entry("alice", SENT, "whatever lay on the stack", "server")]
    steps += [entry("server", SENT, "whatever lay on the stack", "alice")]
    assert told("s2-no-echo", played("alice sees 'lopina'", steps, ALICE, BOB, unread=1)) == ""


CUTS = entry("network", "cuts all into pieces of 1 to 7 bytes")


def at_once(*hearers: str, lost_to: tuple[str, ...] = ()) -> list[Entry]:
    """Alice and bob speak at once; the server sends alice's line to some, and bob's to others, if to anybody."""
    said = [*relayed("alice", "nifupu"), *relayed("bob", "pemevo")]
    sent = [("nifupu", hearer) for hearer in hearers] + [("pemevo", hearer) for hearer in lost_to]
    return said + [entry("server", SENT, f"{line}\n", hearer) for line, hearer in sent]


BEFORE = relayed("carol", "daduta", "alice", "bob")
TO_ALL = relayed("carol", "daduta", "alice", "bob", "carol")
IN_BOTH_PLACES = ("bob", "carol", "carol", "alice")


@pytest.mark.parametrize(
    ("missed", "steps", "name"),
    [
        ("alice sees 'pemevo'", [*BEFORE, *at_once(*IN_BOTH_PLACES)], "shared-buffer"),
        ("bob sees 'tabure'", [*BEFORE, *at_once(*IN_BOTH_PLACES)], "shared-buffer"),
        ("alice sees 'pemevo'", [*TO_ALL, *at_once(*IN_BOTH_PLACES)], "echo"),
        ("alice sees 'pemevo'", at_once(*IN_BOTH_PLACES), "echo"),
        ("alice sees 'pemevo'", [*BEFORE, *at_once("bob", "carol", "alice")], "echo"),
        ("alice sees 'lopina'", [*BEFORE, *at_once(*IN_BOTH_PLACES, lost_to=("carol",))], "echo"),
        ("alice sees 'pemevo'", [*BEFORE, *at_once("bob", "carol", "carol")], "not-relayed"),
        (
            "alice sees 'gavuda'",
            [*at_once("carol"), *BEFORE, *relayed("alice", "tabure", *IN_BOTH_PLACES)],
            "echo",
        ),
        ("alice sees 'pemevo'", [CUTS, *BEFORE, *at_once(*IN_BOTH_PLACES)], "not-relayed"),
    ],
    ids=[
        "one in the place of the other",
        "when it was played again",
        "all lines come back",
        "no line is known not to come back",
        "once to each",
        "neither is lost",
        "it does not come back",
        "a line was lost long before",
        "the network cuts",
    ],
)
def test_a_line_in_the_place_of_another_was_in_the_same_buffer(
    missed: str, steps: list[Entry], name: str
) -> None:
    assert told("s3-crossing", played(missed, steps, ALICE, BOB, CAROL)) == name


@pytest.mark.parametrize(
    ("before", "name"),
    [
        (relayed("bob", "daduta", "alice"), "shared-buffer"),
        (relayed("bob", "daduta", "alice", "bob"), "echo"),
    ],
    ids=["no other comes back", "all come back"],
)
def test_of_two_one_hears_the_own_line_in_the_place_of_the_other_s(before: list[Entry], name: str) -> None:
    scene = played("alice sees 'pemevo'", [*before, *at_once("bob", "alice")], ALICE, BOB)
    assert told("s2-crossing", scene) == name


@pytest.mark.parametrize(
    ("came", "name"),
    [
        ("pefupu", "shared-buffer"),
        ("nifuvo", "shared-buffer"),
        ("pefuvo", ""),
        ("dafupu", ""),
    ],
    ids=["his, then hers", "hers, then his", "neither", "hers, and one of long before"],
)
def test_two_lines_in_one_are_in_one_buffer_when_it_is_played_again(came: str, name: str) -> None:
    """What is missed is another line than where nobody has overheard it."""
    steps = [*BEFORE, *relayed("carol", "tabure", "alice", "bob"), *at_once()]
    steps += [entry("server", SENT, f"{came}\n", who) for who in ("bob", "carol", "carol", "alice")]
    assert told("s3-crossing", played("alice sees 'lopina'", steps, ALICE, BOB, CAROL)) == name


def test_a_line_that_was_sent_on_before_the_other_was_said_is_not_in_its_place() -> None:
    steps = [
        *relayed("bob", "daduta", "alice"),
        *relayed("alice", "povelu", "bob"),
        *relayed("bob", "POVELU"),
        entry("server", SENT, "povelu\n", "alice"),
    ]
    assert told("s3-fin-prefix", played("alice sees 'POVELU'", steps, ALICE, BOB)) == "changed-by-server"


@pytest.mark.parametrize(
    "steps",
    [
        [*relayed("alice", "povelu gitama"), entry("server", SENT, "povelu", "bob")],
        [*relayed("bob", "lopina", "bob", "alice"), *relayed("alice", "povelu gitama", "bob")],
    ],
    ids=["a first word", "an echo"],
)
def test_in_a_network_that_cuts_what_comes_in_pieces_is_its_work(steps: list[Entry]) -> None:
    scene = played("bob sees 'povelu gitama'", [CUTS, *steps], ALICE, BOB)
    assert told("s2-slow-network", scene, "in pieces") == "no-framing-cut"


OLD = entry("server", SENT, "lopina\n", "bob")


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([*relayed("bob", "lopina", "alice"), GONE, OLD], "end-ignored"),
        ([*relayed("carol", "lopina", "alice", "bob"), GONE, OLD], "end-ignored"),
        ([*relayed("carol", "lopina", "alice"), GONE, OLD], ""),
        ([*relayed("bob", "lopina", "alice"), OLD, GONE], "echo"),
        ([GONE, *relayed("bob", "lopina", "carol"), OLD], "echo"),
        ([*relayed("carol", "lopina", "bob"), GONE, entry("carol", SENT, "lopina\n", "server"), OLD], ""),
    ],
    ids=["its own", "once more", "for the first time", "before the end", "said behind it", "said again"],
)
def test_who_ignores_the_end_sends_an_old_line_once_more(steps: list[Entry], name: str) -> None:
    scene = played("bob sees 'povelu'", steps, program("alice", code=-9), BOB, CAROL, unread=1)
    assert told("s3-leave", scene) == name


def test_a_name_that_opens_each_line_is_no_old_line() -> None:
    steps = [
        *relayed("philomene", "philomene", "bob"),
        entry("server", SENT, "philomene: lopina\n", "bob"),
        GONE,
        entry("server", SENT, "philomene: gitama\n", "bob"),
    ]
    scene = played("bob sees 'povelu'", steps, program("alice", code=-9), BOB, program("philomene"), unread=1)
    assert told("s3-leave", scene) == ""


def test_in_sprint_1_a_line_may_wait_for_its_turn() -> None:
    scene = played("bob sees 'povelu'", [entry("bob", STARTED), *relayed("alice", "povelu")], ALICE, BOB)
    assert told("s1-answer", scene) == ""


def test_what_the_server_sends_is_cut_behind_the_server() -> None:
    held = entry("network", "holds back what server sends")
    steps = [held, PASSED_ON, entry("network", "lets through all of server")]
    scene = played("bob sees 'povelu'", steps, ALICE, BOB)
    assert told("s2-cut", scene, "from the server") == "no-framing-cut"


def test_a_line_sent_behind_another_with_a_name_in_front_is_joined() -> None:
    steps = [
        entry("alice", TYPED, "povelu"),
        entry("carol", TYPED, "lopina"),
        entry("server", SENT, "carol: lopina\0alice: povelu\0", "bob"),
    ]
    assert told("s3-leave", played("bob sees 'povelu'", steps, ALICE, BOB)) == "no-framing-joined"


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([entry("alice", TYPED, "fin"), entry("alice", ENDED)], "server-ended-by-fin"),
        ([entry("first", SENT, "fin\n"), entry("first", CLOSED)], "server-ended-by-fin"),
        ([entry("alice", TYPED, "finir"), GONE], "server-ended-with-client"),
        ([GONE], "server-ended-with-client"),
        ([entry("alice", PRESSED, "Ctrl+D"), entry("alice", ENDED)], "server-ended-with-client"),
        ([entry("network", "breaks alice's connection")], "server-ended-with-client"),
        ([GONE, entry("server", SIGNALLED, "SIGINT")], ""),
        ([entry("alice", TYPED, "povelu")], ""),
    ],
    ids=[
        "the word",
        "the word on the wire",
        "another word",
        "killed",
        "end of input",
        "broken",
        "it was told to",
        "nobody left",
    ],
)
def test_a_server_that_ends_with_a_client_was_told_the_word_or_lost_it(steps: list[Entry], name: str) -> None:
    scene = played("bob sees 'lopina'", steps, program("alice", code=0), BOB, code=0)
    assert told("s1-after-fin", scene) == name


def test_a_server_that_prints_for_ever_has_not_ended_with_a_client() -> None:
    steps = [GONE, entry("server", STOPPED, "more than 16 MiB of output")]
    error = "expected: bob sees 'povelu'\n     got: nothing"
    scene = Scene(error, tuple(steps), (program("server", code=-9), ALICE, BOB))
    assert cause("s1-broken-network", scene) == "prints-for-ever"


@pytest.mark.parametrize(("listens", "name"), [(False, "listener-closed"), (True, "")])
def test_who_has_closed_the_listening_socket_can_be_reached_no_more(listens: bool, name: str) -> None:
    scene = missed("newcomer connects to port 4", "newcomer ended", *FIRST_GONE, listens=listens)
    assert cause("s1-after-fin", scene) == name


NO_WAY = "alice connects to port 55176"


@pytest.mark.parametrize(
    ("check", "expected", "people", "name"),
    [
        ("s1-answer", NO_WAY, (ALICE,), "byte-order"),
        ("s1-port-taken", "the server listens on port 35031", (ALICE, BOB), "byte-order"),
        ("s1-answer", "carol connects to port 55176", (ALICE, BOB, CAROL), ""),
        ("s1-answer", "bob sees 'povelu'", (ALICE, BOB), ""),
    ],
    ids=["not found", "asked for", "found by others", "something else"],
)
def test_a_port_may_be_turned_round(
    check: str, expected: str, people: tuple[dict[str, Any], ...], name: str
) -> None:
    turned = entry("server", TURNED, "55176")
    assert cause(check, Scene(f"expected: {expected}\n     got: no", (turned,), people)) == name
    assert cause(check, Scene(f"expected: {expected}\n     got: no", (), people)) != "byte-order"


def test_a_server_that_listens_on_any_other_port_has_not_got_its_own() -> None:
    scene = Scene("the server does not listen on port 35031; it listens on [55177]")
    assert cause("s1-answer", scene) == "port-not-bound"


def test_a_server_that_has_not_looked_at_bind_wants_an_option() -> None:
    error = "server does not listen on port 35031; it listens on [41234]"
    scene = Scene(error, (entry("server", SIGNALLED, "SIGKILL"),))
    assert cause("s1-restart", scene) == "no-reuseaddr"


@pytest.mark.parametrize(
    ("sent", "name"), [("povelu l", "sizeof-pointer"), ("povelu la", "changed-by-client")], ids=["8", "9"]
)
def test_eight_bytes_of_a_longer_line_are_the_size_of_a_pointer(sent: str, name: str) -> None:
    steps = [entry("alice", TYPED, "povelu lapina"), entry("alice", SENT, sent, "server")]
    assert told("s2-either-first", played("bob sees 'povelu lapina'", steps, ALICE, BOB)) == name


def test_a_line_sent_in_pieces_of_eight_bytes_has_no_pointer_for_its_size() -> None:
    pieces = [entry("server", SENT, piece, "bob") for piece in ("povelu l", "apina")]
    scene = played("bob sees 'povelu lapina'", [entry("alice", TYPED, "povelu lapina"), *pieces], ALICE, BOB)
    assert told("s2-either-first", scene) != "sizeof-pointer"


SPOILT = entry("network", "lets through all of alice")
PASSED_ON = entry("server", SENT, "lopina\n", "bob")


@pytest.mark.parametrize(
    ("steps", "name"),
    [([SPOILT, PASSED_ON], "no-framing-joined"), ([PASSED_ON], ""), ([PASSED_ON, SPOILT], "")],
    ids=["behind it", "never", "nothing behind it"],
)
def test_what_is_passed_on_once_the_network_has_joined_it_is_joined(steps: list[Entry], name: str) -> None:
    scene = played("bob sees 'povelu'", [entry("network", "holds back what alice sends"), *steps], ALICE, BOB)
    assert told("s2-joined", scene, "to the server") == name


@pytest.mark.parametrize(
    ("check", "case", "act", "name"),
    [
        ("s2-cut", "to the server", "lets through 1 bytes of alice", "no-framing-cut"),
        ("s2-cut", "to the server", "", ""),
        ("s2-slow-network", "in pieces", "cuts all into pieces of 1 to 7 bytes", "no-framing-cut"),
        ("s2-slow-network", "in pieces", "", ""),
    ],
)
def test_nothing_is_cut_before_the_network_does_it(check: str, case: str, act: str, name: str) -> None:
    steps = [entry("network", act), PASSED_ON] if act else [PASSED_ON]
    assert told(check, played("bob sees 'povelu'", steps, ALICE, BOB), case) == name


SAID_TO_NOBODY = relayed("alice", "povelu gitama")


@pytest.mark.parametrize(
    ("steps", "server", "name"),
    [
        (SAID_TO_NOBODY, {}, "not-relayed"),
        ([*SAID_TO_NOBODY, entry("server", SENT, "lopina\n", "alice")], {}, "not-relayed"),
        (SAID_TO_NOBODY, {"unread": 14}, "not-read"),
        (SAID_TO_NOBODY, {"unread": 4}, ""),
        (SAID_TO_NOBODY, {"unread": 14, "threads": ["runs"]}, ""),
        (SAID_TO_NOBODY, {"unread": 14, "threads": ["waits in send on the connection 4444 - 5"]}, ""),
        (SAID_TO_NOBODY, {"waiting": 1}, "not-accepted"),
        (SAID_TO_NOBODY, {"code": 1}, ""),
        ([entry("alice", TYPED, "povelu gitama")], {}, ""),
        ([*SAID_TO_NOBODY, entry("server", SENT, "povelu", "carol")], {}, "first-word-only"),
        ([*SAID_TO_NOBODY, entry("bob", STARTED)], {}, ""),
    ],
    ids=[
        "read",
        "another's line",
        "unread",
        "something else is unread",
        "not yet read",
        "kept from reading",
        "bob waits",
        "dead",
        "not sent",
        "to carol",
        "said before bob came",
    ],
)
def test_a_line_that_goes_in_and_does_not_come_out_is_not_relayed(
    steps: list[Entry], server: dict[str, Any], name: str
) -> None:
    start = [entry("bob", STARTED)] if steps[-1].act != STARTED else []
    scene = played("bob sees 'povelu gitama'", [*start, *steps], ALICE, BOB, **server)
    assert told("s2-either-first", scene) == name


@pytest.mark.parametrize(
    ("before", "unread", "name"),
    [
        (relayed("alice", "lopina", "bob"), 7, "turn-kept"),
        (relayed("alice", "lopina", "bob"), 0, "turn-kept"),
        (relayed("alice", "lopina"), 0, ""),
        (relayed("bob", "lopina", "alice"), 0, ""),
        (relayed("bob", "lopina", "alice"), 7, "not-read"),
        ([], 7, "not-read"),
    ],
    ids=["unread", "read", "she has said nothing", "twice", "twice, unread", "the first line"],
)
def test_in_sprint_1_the_turn_is_whose_who_has_not_spoken_last(
    before: list[Entry], unread: int, name: str
) -> None:
    steps = [*before, *relayed("bob", "povelu")]
    assert told("s1-answer", played("alice sees 'povelu'", steps, ALICE, BOB, unread=unread)) == name


@pytest.mark.parametrize(
    ("check", "steps", "carol", "name"),
    [
        ("s3-three", [], CAROL, "some-left-out"),
        ("s2-either-first", [], CAROL, ""),
        ("s3-three", [entry("server", SENT, "povelu\n", "carol")], CAROL, "not-flushed"),
        ("s3-three", [], program("carol", code=0), ""),
    ],
    ids=["bob only", "a pair", "to her, too", "she has gone"],
)
def test_a_line_that_reaches_another_only_leaves_somebody_out(
    check: str, steps: list[Entry], carol: dict[str, Any], name: str
) -> None:
    steps = [entry("carol", STARTED), *relayed("alice", "povelu", "bob"), *steps]
    assert told(check, played("carol sees 'povelu'", steps, ALICE, BOB, carol)) == name


def test_who_has_come_behind_a_line_is_not_left_out_of_it() -> None:
    steps = [*relayed("alice", "povelu", "bob"), entry("carol", STARTED)]
    assert told("s3-three", played("carol sees 'povelu'", steps, ALICE, BOB, CAROL)) == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["Exception in thread Thread-2 (serve):", *TRACEBACK, "OSError: [Errno 9]"], "thread-exception"),
        (['Exception in thread "Thread-1" java.lang.NullPointerException'], "thread-exception"),
        (["a client has gone"], ""),
    ],
    ids=["Python", "Java", "none"],
)
def test_a_thread_of_the_server_dies_of_an_exception(words: list[str], name: str) -> None:
    scene = played("bob sees 'povelu'", [entry("alice", TYPED, "povelu")], ALICE, BOB, words=words)
    assert told("s3-leave", scene) == name


@pytest.mark.parametrize(
    ("steps", "alice", "name"),
    [
        (relayed("alice", "fin", "bob"), ALICE, "quit-is-text"),
        (relayed("alice", "fin", "bob"), program("alice", threads=[KEPT, READS_KEYBOARD]), "quit-is-text"),
        (relayed("alice", "fin", "bob"), program("alice", threads=[KEPT, READS_SERVER]), "waits-for-thread"),
        (
            relayed("alice", "fin", "bob"),
            program("alice", threads=[CONDITION, READS_SERVER]),
            "waits-for-thread",
        ),
        (relayed("alice", "fin", "bob"), program("alice", threads=[READS_SERVER]), ""),
        ([*relayed("alice", "fin", "bob"), entry("alice", CLOSED, "", "server")], ALICE, ""),
        (relayed("alice", "fin", "carol"), ALICE, ""),
        (relayed("alice", "fin"), ALICE, ""),
        (relayed("alice", "fin", "bob"), program("alice", code=0), ""),
        ([entry("server", SENT, "pour partir : fin\n", "bob"), *relayed("alice", "fin")], ALICE, ""),
        (
            [entry("alice", TYPED, "fin"), entry("server", SENT, "alice > fin\n", "bob")],
            ALICE,
            "quit-is-text",
        ),
    ],
    ids=[
        "as it is",
        "it reads on",
        "its other thread goes on",
        "main joins its other thread",
        "so does a thread of Java",
        "she has closed the connection, and asks her user something",
        "to one who is not there",
        "to nobody",
        "it ended",
        "a greeting",
        "with a name",
    ],
)
def test_a_word_that_is_relayed_and_ends_nobody_is_text(
    steps: list[Entry], alice: dict[str, Any], name: str
) -> None:
    scene = played("alice ends", steps, alice, BOB)
    assert told("s3-leave", scene) == name


@pytest.mark.parametrize(
    ("threads", "name"),
    [
        (
            ["waits in recv on the connection 4 - 5", "waits in recv on the connection 4 - 5"],
            "shared-variable",
        ),
        (
            ["waits in read on the connection 4 - 5", "waits in read on the connection 4 - 5"],
            "shared-variable",
        ),
        (["waits in recv on the connection 4 - 5", "waits in recv on the connection 4 - 6"], ""),
        (["waits in accept on the listening socket (port 4)"] * 2, ""),
        (["waits in recv on a socket that is not connected"] * 2, ""),
    ],
)
def test_two_threads_that_read_one_connection_share_a_variable(threads: list[str], name: str) -> None:
    scene = played("bob sees 'povelu'", [], ALICE, BOB, threads=[*threads])
    assert told("s3-three", scene) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (["povelu\n"], "first-word-only"),
        (["\0\0\0\x06", "povelu"], "first-word-only"),
        (["povelu\0ama\0", "gitama\0"], "first-word-only"),
        (["povelu", " gitama\n"], ""),
        (["povelu gitama\n"], ""),
        (["pove"], ""),
    ],
    ids=["line", "length first", "buffer", "in pieces", "whole", "cut"],
)
def test_the_first_word_of_a_line_is_sent_by_itself(sent: list[str], name: str) -> None:
    steps = [entry("alice", TYPED, "povelu gitama"), *[entry("alice", SENT, each, "server") for each in sent]]
    scene = played("bob sees 'povelu gitama'", steps, ALICE, BOB, unread=1)
    assert told("s2-either-first", scene) == name


def never(*words: str) -> str:
    """What the check says of a server that ended without listening."""
    return "\n".join(["the server never listened: server ended with exit code 1", *words])


def test_who_was_refused_a_port_on_purpose_needs_no_option() -> None:
    refused = program("server", code=1, words=["bind: Address already in use"])
    scene = Scene(never("bind: Permission denied"), (), (refused, program("server", code=1)))
    assert cause("s3-usage", scene) == ""


@pytest.mark.parametrize(
    ("steps", "words", "name"),
    [
        ([entry("server", SIGNALLED, "SIGKILL")], [], "no-reuseaddr"),
        ([], ["bind: Address already in use"], "no-reuseaddr"),
        ([], ["bind: Adresse déjà utilisée"], "no-reuseaddr"),
        ([], ["bind: Permission denied"], ""),
    ],
)
def test_a_port_that_is_still_in_use_wants_an_option(steps: list[Entry], words: list[str], name: str) -> None:
    scene = Scene(never(*words), tuple(steps), (program("server", code=1, words=words),))
    assert cause("s1-restart", scene) == name


WHOLE = relayed("alice", "povelu gitama")


def on_its_way(*steps: Entry) -> Scene:
    """Bob misses alice's line; so it went."""
    return played("bob sees 'povelu gitama'", [entry("bob", STARTED), *steps], ALICE, BOB)


@pytest.mark.parametrize("found", ["povelu gitam", "ovelu gitama", "alice: povelu gitaa", "POVELU GITAMA"])
def test_a_line_is_changed_where_it_is_first_seen_to_be_another(found: str) -> None:
    typed, shown = entry("alice", TYPED, "povelu gitama"), entry("bob", SHOWN, found)
    client = on_its_way(
        typed, entry("alice", SENT, found, "server"), entry("server", SENT, found, "bob"), shown
    )
    assert told("s2-either-first", client) == "changed-by-client"
    assert (
        told("s3-three", on_its_way(*WHOLE, entry("server", SENT, found, "bob"), shown))
        == "changed-by-server"
    )
    assert (
        told("s1-first-line", on_its_way(*relayed("alice", "povelu gitama", "bob"), shown))
        == "changed-on-screen"
    )


def test_what_a_client_shows_of_its_own_user_is_no_changed_answer() -> None:
    mine = [*relayed("alice", "povelu", "bob"), entry("alice", SHOWN, "moi : povelu")]
    scene = played("alice sees 'POVELU'", [*mine, *relayed("bob", "POVELU", "alice")], ALICE, BOB)
    assert told("s3-three", scene) == "not-flushed"


def test_another_line_is_no_changed_one() -> None:
    assert (
        told("s3-three", on_its_way(*WHOLE, entry("server", SENT, "lopina semuto", "bob"))) == "not-relayed"
    )


def test_a_line_that_is_answered_in_capitals_and_made_small_is_no_echo() -> None:
    steps = [
        *relayed("alice", "povelu", "bob"),
        *relayed("bob", "POVELU"),
        entry("server", SENT, "povelu\n", "alice"),
    ]
    assert told("s1-fin-prefix", played("alice sees 'POVELU'", steps, ALICE, BOB)) == "changed-by-server"


def test_a_line_that_goes_to_its_speaker_and_not_to_the_other_is_sent_back() -> None:
    scene = on_its_way(*relayed("alice", "povelu gitama", "alice"))
    assert told("s3-three", scene) == "sent-back"


@pytest.mark.parametrize(("hearers", "name"), [(("bob", "bob"), "sent-twice"), (("bob", "carol"), "")])
def test_a_line_that_comes_twice_is_sent_twice(hearers: tuple[str, ...], name: str) -> None:
    scene = played("bob is shown 'povelu' once", relayed("alice", "povelu", *hearers), ALICE, BOB, CAROL)
    assert told("s3-leave", scene) == name


HUNG_UP = entry("server", CLOSED, "", "bob")


@pytest.mark.parametrize(
    ("check", "steps", "name"),
    [
        ("s3-three", [HUNG_UP], "hung-up"),
        ("s3-three", [entry("bob", CLOSED, "", "server"), HUNG_UP], ""),
        ("s3-three", [entry("server", SIGNALLED, "SIGINT"), HUNG_UP], ""),
        (
            "s3-leave",
            [entry("bob", TYPED, "lopina"), entry("alice", TYPED, "fin"), HUNG_UP],
            "fin-ends-everybody",
        ),
    ],
    ids=["at once", "he has closed it", "the server ends", "another leaves"],
)
def test_the_server_hangs_up_on_who_has_not_left(check: str, steps: list[Entry], name: str) -> None:
    assert told(check, played("carol sees 'povelu'", steps, ALICE, BOB, CAROL)) == name


LISTENS = program("alice", threads=[READS_SERVER])


@pytest.mark.parametrize(
    ("before", "behind", "name"),
    [
        (relayed("alice", "povelu", "bob"), [], "signal-swallowed"),
        (relayed("alice", "povelu", "bob"), [entry("server", SENT, "exit", "bob")], ""),
        (relayed("alice", "povelu", "bob"), [entry("server", CLOSED, "", "bob")], ""),
        ([entry("alice", TYPED, "povelu")], [], ""),
    ],
    ids=["not a word", "it says goodbye, and waits for them", "it has closed one", "nobody hears the wire"],
)
def test_a_server_that_waits_on_in_silence_has_swallowed_the_signal(
    before: list[Entry], behind: list[Entry], name: str
) -> None:
    steps = [*before, entry("server", SIGNALLED, "SIGINT"), *behind]
    scene = played("server ends", steps, LISTENS, BOB, threads=["waits in recv on the connection 4 - 5"])
    assert told("s1-server-end", scene) == name


def test_who_leaves_in_the_second_play_only_was_not_hung_up_on() -> None:
    """It came further than the first, which failed before."""
    left = [entry("bob", TYPED, "lopina"), entry("bob", TYPED, "fin"), HUNG_UP]
    first, second = played("carol sees 'povelu'", [], ALICE, BOB, CAROL), played("", left, ALICE, BOB, CAROL)
    assert cause("s3-leave", first, tapped=second) == ""
    assert cause("s3-leave", first, tapped=replace(second, entries=second.entries[-1:])) == "hung-up"


ACCEPTING = {"threads": ["waits in accept on the listening socket (port 4)"]}


@pytest.mark.parametrize(
    ("check", "server", "people", "name"),
    [
        ("s2-either-first", {"waiting": 1, "threads": [KEPT]}, (ALICE, BOB), "not-accepted"),
        ("s2-third", {"waiting": 1, "threads": [KEPT]}, (ALICE, BOB, CAROL), ""),
        ("s3-three", {"waiting": 1, "threads": [KEPT]}, (ALICE, BOB, CAROL), "not-accepted"),
        ("s1-first-line", ACCEPTING, (LISTENS, program("bob", threads=[READS_SERVER])), "waits-for-more"),
        ("s1-first-line", ACCEPTING, (ALICE, BOB), ""),
        ("s1-first-line", ACCEPTING | {"unread": 7}, (ALICE, BOB), "waits-for-more"),
    ],
    ids=["a join", "the third of a pair", "in a room", "all listen", "nobody is seen to", "reads nobody"],
)
def test_the_server_is_not_there_for_those_who_have_come(
    check: str, server: dict[str, Any], people: tuple[dict[str, Any], ...], name: str
) -> None:
    steps = [entry("alice", TYPED, "povelu"), entry("alice", SENT, "povelu\n", "server")]
    assert told(check, played("bob sees 'povelu'", steps, *people, **server)) == name


@pytest.mark.parametrize(
    ("server", "bob", "name"),
    [
        (ACCEPTING, program("bob", threads=[READS_SERVER]), "left-alone"),
        (
            {"threads": [READS_SERVER], "waiting": 1},
            program("bob", threads=[READS_SERVER]),
            "place-never-freed",
        ),
        (ACCEPTING, program("bob", code=0), ""),
    ],
    ids=["listens", "is kept", "has ended"],
)
def test_who_stayed_listens_to_a_server_that_waits_for_others(
    server: dict[str, Any], bob: dict[str, Any], name: str
) -> None:
    steps = [entry("alice", STARTED), entry("bob", STARTED), GONE, *NEWCOMER[2:]]
    scene = played("carol sees 'povelu'", steps, program("alice", code=0), bob, CAROL, **server)
    assert told("s1-after-fin", scene) == name


@pytest.mark.parametrize("listener", ["alice", "carol"], ids=["who left", "who came since"])
def test_who_has_left_or_come_since_is_not_left_alone(listener: str) -> None:
    leaves = entry("alice", TYPED, "fin")
    steps = [entry("alice", STARTED), entry("bob", STARTED), leaves, entry("bob", ENDED), *NEWCOMER[2:]]
    people = {"alice": program("alice", code=0), "bob": program("bob", code=0), "carol": CAROL}
    people[listener] = program(listener, threads=[READS_SERVER])
    scene = played("carol sees 'povelu'", steps, *people.values(), **ACCEPTING)
    assert told("s1-after-fin", scene) == ""


def test_main_waits_for_a_lock_where_a_line_lies_unread() -> None:
    steps = [*relayed("alice", "povelu"), GONE, *NEWCOMER[2:]]
    scene = played("bob sees 'lopina'", steps, BOB, CAROL, unread=7, threads=[KEPT])
    assert told("s2-leave", scene) == "lock-kept"


READS_ALICE, READS_BOB = "waits in recv on the connection 4 - 5", "waits in recv on the connection 4 - 6"
WRITES_TO_BOB = "waits in send on the connection 4 - 6"
ACCEPTS = "waits in accept on the listening socket (port 4)"


@pytest.mark.parametrize(
    ("check", "server", "left", "name"),
    [
        ("s3-three", {"threads": [LOCK, READS_ALICE]}, [], "recv-under-lock"),
        ("s3-three", {"threads": [LOCK, READS_ALICE], "unread": 7}, [], "recv-under-lock"),
        ("s3-silent", {"threads": [LOCK, READS_ALICE], "waiting": 1}, [], "recv-under-lock"),
        ("s3-three", {"threads": [ACCEPTS, READS_ALICE, LOCK], "unread": 7}, [], "recv-under-lock"),
        ("s3-leave", {"threads": [LOCK, READS_ALICE], "end_unread": True}, [GONE], "recv-under-lock"),
        ("s3-leave", {"threads": [LOCK, READS_ALICE], "unread": 7}, [GONE], "lock-kept"),
        ("s3-leave", {"threads": [ACCEPTS, READS_ALICE, LOCK], "unread": 7}, [GONE], "lock-kept"),
        ("s3-three", {"threads": [ACCEPTS, READS_ALICE, LOCK]}, [], "lock-kept"),
        ("s3-three", {"threads": [LOCK, READS_ALICE, READS_BOB]}, [], "not-relayed"),
        ("s3-three", {"threads": [LOCK, READS_ALICE, WRITES_TO_BOB]}, [], "not-relayed"),
        ("s3-three", {"threads": [LOCK, WRITES_TO_BOB]}, [], "not-relayed"),
        ("s3-stalled", {"threads": [LOCK, READS_ALICE]}, [], "not-relayed"),
        ("s3-silent", {"threads": [ACCEPTS, READS_ALICE], "waiting": 1}, [], "silent-client-blocks"),
        ("s3-silent", {"threads": [CONDITION, READS_ALICE], "waiting": 1}, [], "not-accepted"),
        ("s3-three", {"threads": [KEPT, READS_ALICE], "waiting": 1}, [], "not-accepted"),
        ("s3-three", {"threads": [KEPT, READS_ALICE], "unread": 14}, [], "not-read"),
        ("s2-either-first", {"threads": [CONDITION, READS_ALICE], "unread": 14}, [], "not-read"),
    ],
    ids=[
        "main waits",
        "a line lies unread",
        "somebody is not accepted",
        "another thread waits",
        "nobody knows that he has left",
        "who left has kept it",
        "so he has, and main accepts",
        "what lay there was read",
        "two read",
        "one writes",
        "the one writes",
        "there is a lot to do",
        "nobody waits for a lock",
        "a join, beside one who is silent",
        "a join",
        "a lock of Python",
        "a condition",
    ],
)
def test_one_reads_and_another_waits_for_a_lock(
    check: str, server: dict[str, Any], left: list[Entry], name: str
) -> None:
    steps = [entry("bob", STARTED), *left, *relayed("alice", "povelu gitama")]
    assert told(check, played("bob sees 'povelu gitama'", steps, ALICE, BOB, **server)) == name


@pytest.mark.parametrize(
    ("reads_from", "name"), [(READS_ALICE, "recv-under-lock"), (READS_BOB, "lock-kept")], ids=["alice", "bob"]
)
def test_who_reads_on_behind_a_line_may_hold_the_lock(reads_from: str, name: str) -> None:
    alice = program("alice", threads=[READS_KEYBOARD, "waits in recv on the connection 5 - 4"])
    bob = program("bob", threads=[READS_KEYBOARD, "waits in recv on the connection 6 - 4"])
    scene = played(
        "bob sees 'povelu'", relayed("alice", "povelu"), alice, bob, threads=[ACCEPTS, reads_from, LOCK]
    )
    assert told("s3-late-comer", scene) == name


def test_a_newcomer_whose_line_the_server_has_read_has_a_place() -> None:
    steps = [entry("bob", STARTED), GONE, *NEWCOMER[2:], entry("carol", SENT, "lopina\n", "server")]
    assert told("s3-leave", played("bob sees 'lopina'", steps, BOB, CAROL)) == "not-relayed"


def test_a_second_server_that_fails_as_it_should_is_not_what_people_miss() -> None:
    second = program("program", code=1, words=[*TRACEBACK, "OSError: [Errno 98]"])
    assert told("s2-port-taken", played("bob sees 'povelu'", [], ALICE, BOB, second)) == ""


def test_a_client_that_ends_behind_an_answer_has_not_taken_its_own_line_for_the_word() -> None:
    steps = relayed("alice", "finpovelu", "bob")
    scene = played("alice sees 'FINPOVELU'", steps, program("alice", code=0), BOB)
    assert told("s3-fin-prefix", scene) == ""


def test_a_client_that_has_ended_keeps_nothing_in_its_buffer() -> None:
    scene = played("bob sees 'povelu'", relayed("alice", "povelu", "bob"), ALICE, program("bob", code=0))
    assert told("s3-three", scene) == ""


@pytest.mark.parametrize("between", ["\x00", ""])
def test_what_came_right_behind_another_line_was_not_read(between: str) -> None:
    joined = entry("server", SENT, f"lopina{between}povelu\x00", "bob")
    steps = [*relayed("carol", "lopina"), *relayed("alice", "povelu"), joined]
    scene = played("bob sees 'povelu'", steps, ALICE, BOB, CAROL)
    assert told("s3-crossing", scene) == "no-framing-joined"


THREE = [entry(name, CONNECTED, "", "server") for name in ("alice", "bob", "carol")]


@pytest.mark.parametrize(
    ("check", "hearer", "name"),
    [("s1-one-more", "carol", "place-taken"), ("s1-one-more", "alice", ""), ("s3-three", "carol", "")],
    ids=["the third", "one of the two", "where there is room"],
)
def test_a_third_who_is_spoken_to_has_somebodys_place(check: str, hearer: str, name: str) -> None:
    steps = [*THREE, entry("server", SENT, "2\n", hearer)]
    assert told(check, played("bob sees 'povelu'", steps, ALICE, BOB, CAROL)) == name


HANGS_UP_ON_BOB = [entry("server", SIGNALLED, "SIGINT"), entry("server", CLOSED, "", "bob")]


@pytest.mark.parametrize(
    ("check", "shown", "threads", "name"),
    [
        ("s1-server-end", "message : reçu :", [READS_KEYBOARD], "end-taken-for-a-message"),
        ("s1-server-end", "reçu : povelu", [READS_KEYBOARD], "end-taken-for-a-message"),
        ("s1-server-end", "reçu : gitama", [READS_KEYBOARD], "end-taken-for-a-message"),
        ("s1-server-end", "le serveur est parti", [READS_KEYBOARD], "end-unnoticed"),
        ("s1-server-end", "", [READS_KEYBOARD], "end-unnoticed"),
        ("s1-server-end", "reçu :", [READS_KEYBOARD, READS_SERVER], ""),
        ("s2-server-end", "reçu :", [READS_KEYBOARD], "end-unnoticed"),
    ],
    ids=[
        "an empty message",
        "the last one again",
        "its own again",
        "a notice",
        "nothing",
        "it still listens",
        "not in turn",
    ],
)
def test_who_shows_the_end_as_a_message_has_taken_it_for_one(
    check: str, shown: str, threads: list[str], name: str
) -> None:
    error = "expected: bob ends\n     got: bob is still running"
    steps = [*relayed("alice", "povelu", "bob"), entry("bob", SHOWN, "reçu : povelu")]
    steps += [*relayed("bob", "gitama", "alice"), *HANGS_UP_ON_BOB]
    behind = [entry("bob", SHOWN, shown)] if shown else []
    scene = Scene(error, (*steps, *behind), (program("server", code=0), program("bob", threads=threads)))
    assert told(check, scene) == name


def test_what_is_shown_before_the_end_is_no_end_taken_for_a_message() -> None:
    error = "expected: bob ends\n     got: bob is still running"
    steps = [*relayed("alice", "povelu", "bob"), entry("bob", SHOWN, "reçu : povelu")]
    steps += [entry("bob", SHOWN, "reçu : povelu"), *HANGS_UP_ON_BOB]
    bob = program("bob", threads=[READS_KEYBOARD])
    scene = Scene(error, tuple(steps), (program("server", code=0), bob))
    assert told("s1-server-end", scene) == "end-unnoticed"
