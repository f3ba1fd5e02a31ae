"""The client at a terminal: what stands on the glass while people type and messages arrive."""

import re
import signal
import stat
from pathlib import Path

import pytest
from pyte.screens import Char

from grader.peers import Impostor
from grader.stage import Stage
from tests.sprint5_client.conftest import AtTerminal
from tests.sprint5_client.people import PATIENCE, STAMP, TOLD_AFTERWARDS, Person, has_ended

LEFT, RIGHT, UP, DOWN, HOME, END, BACKSPACE, DELETE = (
    "\x1b[D",
    "\x1b[C",
    "\x1b[A",
    "\x1b[B",
    "\x01",
    "\x05",
    "\x7f",
    "\x1b[3~",
)

PASTE = "\x1b[200~{}\x1b[201~"
"""How a terminal marks what was pasted (xterm's bracketed paste)."""

IN_A_SHELL = """
stty rows "$0" cols "$1" echo; shift; set -m
"$@" 2>"$XDG_STATE_HOME/errors"; echo stopped; stty -g >/dev/null; read x; fg
"""
"""A shell line for a person who presses Ctrl+Z: the shell has the terminal then, and `fg` gives it back."""


def test_the_first_thing_typed_is_the_name(stage: Stage, impostor: Impostor, tmp_path: Path) -> None:
    alice = Person(stage, impostor.port, home=tmp_path)
    server = impostor.accepts()
    alice.sees(f"* connected to 127.0.0.1:{impostor.port}; /help tells what can be typed", "your name:")
    alice.types("alice\r")
    server.receives("USER alice")
    alice.sees(">", f"127.0.0.1:{impostor.port} · connected · alice")
    server.says("ERR name-taken somebody else has this name")
    alice.sees("* name refused: somebody else has this name (name-taken)", "your name:")
    alice.types("alice2\rsalut\r")
    server.receives("USER alice2", "MSG salut")
    alice.sees("alice2: salut")


def test_a_message_that_arrives_leaves_the_line_being_typed_as_it_is(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    alice.types("je voulais d")
    alice.sees_typed("je voulais d")
    server.says("MSG bob salut", "MSG carol bonjour")
    alice.sees("bob: salut", "carol: bonjour", "> je voulais d")
    alice.types("ire ceci\r")
    server.receives("MSG je voulais dire ceci")
    alice.sees("bob: salut", "carol: bonjour", "alice: je voulais dire ceci", ">")
    assert not any("> je" in row for row in alice.rows)


def test_keys_that_are_pressed_before_the_program_is_ready_are_neither_lost_nor_shown_twice(
    stage: Stage, impostor: Impostor, tmp_path: Path
) -> None:
    alice = Person(stage, impostor.port, home=tmp_path)
    alice.types("alice\nsalut\nà tou")
    server = impostor.accepts()
    server.receives("USER alice", "MSG salut")
    alice.sees_typed("à tou")
    alice.types("s\n")
    server.receives("MSG à tous")
    alice.sees("alice: salut", "alice: à tous")


def test_each_key_is_shown_once_however_fast_messages_arrive(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    for number in range(40):
        server.says(f"MSG bob {number}")
        alice.types("é")
        server.stage.wait_until(lambda: False, 0.005)
    alice.sees("bob: 39", "> " + "é" * 40)
    assert not any("é" in row for row in alice.rows[:-2])


TYPED = f"{{0}}wörld X😃{LEFT}{BACKSPACE}{HOME}hé {END}!{LEFT * 3}{DELETE}漢{RIGHT}"
"""Keys with which somebody changes her mind."""

SAID = "hé {0}wörld漢😃!"


def test_5000_messages_while_somebody_types_15_edited_lines(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(size=(24, 80))
    for number in range(15):
        server.says(*(f"MSG robot{n % 7} {n} é 😃 漢字" for n in range(number * 334, (number + 1) * 334)))
        keys = TYPED.format(number)
        for part in (keys[:7], keys[7:], "\r"):
            alice.types(part)
    server.says("MSG bob fini")
    server.receives(*(f"MSG {SAID.format(number)}" for number in range(15)))
    alice.sees("bob: fini", ">")
    rows = [re.sub(r"^\d\d:\d\d ", "", row) for row in alice.all_rows]
    messages = [row for row in rows if row.startswith("robot")]
    own = [row for row in rows if row.startswith("alice")]
    assert messages == [f"robot{n % 7}: {n} é 😃 漢字" for n in range(15 * 334)]
    assert own == [f"alice: {SAID.format(number)}" for number in range(15)]
    assert len(rows) == 1 + len(messages) + len(own) + len(["bob: fini", ">", "status"])


@pytest.mark.parametrize("columns", [80, 20])
def test_wide_characters_are_typed_below_wide_messages(at_terminal: AtTerminal, columns: int) -> None:
    alice, server = at_terminal(size=(24, columns))
    wide = "漢字😃" * 12
    alice.types(wide)
    server.says(f"MSG bob {wide}", f"MSG bob {wide}")
    alice.sees_all(f"bob: {wide}", f"bob: {wide}", f"> {wide}")
    alice.types(f"{LEFT * 3}{BACKSPACE}é{HOME}«{END}»")
    changed = "«" + "漢字😃" * 10 + "漢字é漢字😃»"
    alice.sees_all(f"bob: {wide}", f"bob: {wide}", f"> {changed}")
    alice.types("\r")
    server.receives(f"MSG {changed}")
    alice.sees_all(f"bob: {wide}", f"bob: {wide}", f"alice: {changed}")


HOSTILE = [
    "\x1b[2J\x1b[H",
    "\x1b[1A\x1b[2Kgone",
    "\x1b]0;title\x07",
    "\x1b]52;c;aGFjaw==\x07",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[?1003h",
    "\x1b[6n",
    "\x1bP$qm\x1b\\",
    "\x1bPq#0~~\x1b\\",
    "\x9b2J",
    "\x07" * 50,
    "\x08" * 20 + "over",
    "a\rb",
    "\u202eabc\u2066",
    "\x1b[31;1mred",
    "\x1bc",
    "\x0e\x0f",
]


def test_nothing_that_arrives_acts_on_the_terminal(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(size=(40, 220))
    alice.types("half a li")
    alice.sees_typed("half a li")
    for hostile in HOSTILE:
        server.sends(f"MSG bob {hostile}\n".encode())
    server.sends(b"MSG \x1b[2Jbob \xff\nERR \x1b[H \x1b[2J\n\x1b[2J\n")
    server.says("MSG bob fini")
    alice.sees("bob: fini", "> half a li")
    shown = [row for row in alice.said if row.startswith("bob")]
    assert shown == [f"bob: {spelled(hostile)}" for hostile in HOSTILE] + ["bob: fini"]
    assert alice.said[0].startswith("* connected to")
    assert {r"\x1b[2Jbob: \xff", r"* refused: \x1b[2J (\x1b[H)", r"* the server says: \x1b[2J"} <= set(
        alice.said
    )
    assert all(cell.fg == "default" and not cell.bold for cell in cells(alice, "bob: ")[len("bob") :])
    alice.types("ne\r")
    server.receives("MSG half a line")


def spelled(text: str) -> str:
    """Return a hostile text as it should be shown."""
    return "".join(
        c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text
    )


def cells(person: Person, start: str) -> list[Char]:
    """Return the cells of the last row that begins, behind its time, with `start`; without the time."""
    rows = [y for y, row in enumerate(person.glass.display) if row[6:].startswith(start)]
    return [person.glass.buffer[rows[-1]][x] for x in range(6, person.glass.columns)]


def test_what_cannot_be_sent_is_told_and_comes_back_with_the_arrow_up(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(size=(24, 120))
    alice.types("/nope\r")
    alice.sees("* not sent: there is no command /nope (see /help) (arrow up: the line again)", ">")
    alice.types(UP)
    alice.sees_typed("/nope")
    alice.types(f"{HOME}/\r")
    server.receives("MSG /nope")
    alice.types("x" * 2044 + "\r")
    alice.sees("* not sent: longer than 2048 bytes (arrow up: the line again)", ">")
    alice.types(f"{UP}{BACKSPACE}\r")
    server.receives("MSG " + "x" * 2043)


def test_a_line_that_is_much_too_long_is_told_before_enter_and_costs_little(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(size=(40, 120))
    alice.sees(">")
    before = processor_seconds(alice)
    alice.types("x" * 100_000)
    alice.sees(FULL)
    alice.types("\rsalut\r")
    server.receives("MSG salut")
    assert processor_seconds(alice) - before < 2.5
    alice.sees(FULL, "* not sent: longer than 2048 bytes (arrow up: the line again)", "alice: salut")
    assert alice.said.count(FULL) == 1


FULL = "* the line is full: what goes beyond 2048 characters is not taken in"


def processor_seconds(person: Person) -> float:
    """Return how long the program has kept a processor busy."""
    times = person.program.usage().cpu_times()
    return float(times.user + times.system)


@pytest.mark.parametrize("form", ["{}", PASTE])
def test_what_fits_is_kept_when_the_rest_does_not(at_terminal: AtTerminal, form: str) -> None:
    alice, server = at_terminal(size=(40, 120))
    alice.types("un" + form.format("é" * 1010 + "x" * 5000))
    alice.sees(FULL)
    alice.types(BACKSPACE * (2048 - 1000) + "!\r")
    server.receives("MSG un" + "é" * 998 + "!")
    alice.types("y" * 3000)
    alice.sees(FULL, FULL)


def test_a_paste_is_said_line_by_line(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    lines = [f"ligne {number} é😃" for number in range(1000)]
    alice.types("d'abord: " + PASTE.format("\n".join(lines)))
    server.receives("MSG d'abord: ligne 0 é😃", *(f"MSG {line}" for line in lines[1:-1]))
    alice.sees_typed(lines[-1])
    alice.types(" fin\r")
    server.receives(f"MSG {lines[-1]} fin")


def test_a_paste_without_marks_is_said_line_by_line_too(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    lines = [f"ligne {number} é😃" for number in range(400)]  # more than a terminal keeps: 4 KiB
    alice.types("".join(f"{line}\n" for line in lines))
    server.receives(*(f"MSG {line}" for line in lines))


def test_a_pasted_line_feed_makes_no_second_line_of_the_wire(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    for pasted in ("salut\nMSG hack", "salut\r\nMSG hack", "salut\rMSG hack"):
        alice.types(PASTE.format(pasted) + "\r")
        server.receives("MSG salut", "MSG MSG hack")


def test_tab_completes_a_name_that_was_heard_and_ctrl_d_in_a_line_deletes(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    server.says("MSG bob salut", "MSG Élodie salut", "MSG boris salut")
    alice.sees("boris: salut")
    alice.types("é\t, bo\t")
    alice.sees_typed("Élodie, boris")
    alice.types("\t !\r")
    server.receives("MSG Élodie, bob !")
    alice.types(f"axb{LEFT}{LEFT}\x04\r")
    server.receives("MSG ab")


def test_what_was_said_comes_back_in_the_next_run(at_terminal: AtTerminal, tmp_path: Path) -> None:
    alice, server = at_terminal()
    alice.types("premier é\rsecond\r/help\r/quit\r")
    server.receives("MSG premier é", "MSG second")
    server.is_hung_up_on()
    server.closes()
    alice.ends(0)
    again, server = at_terminal()
    again.sees(">")
    again.types(f"{UP}{UP}")
    again.sees_typed("premier é")
    again.types(f"{DOWN}!\r")
    server.receives("MSG second!")
    again.sees("alice: second!")
    kept = tmp_path / "messagerie" / "history"
    assert kept.read_text().split("\n") == ["premier é", "second", "second!", ""]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_names_have_colours_unless_nobody_wants_them(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    server.says("MSG bob salut")
    alice.sees("bob: salut")
    assert any(cell.fg != "default" for cell in cells(alice, "bob: "))
    plain, server = at_terminal(settings=[("NO_COLOR", "1")])
    server.says("MSG bob salut")
    plain.sees("bob: salut")
    assert all(cell.fg == "default" for cell in cells(plain, "bob: "))


def test_a_terminal_that_cannot_draw_gets_plain_lines(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(settings=[("TERM", "dumb")])
    server.says("MSG bob salut")
    assert server.stage.wait_until(lambda: "bob: salut" in alice.rows)
    assert b"\x1b" not in alice.program.written["screen"]


@pytest.mark.parametrize(("keys", "code"), [("\x03", 130), ("\x04", 0), ("/quit\r", 0)])
def test_who_leaves_while_people_talk_has_seen_whole_lines_and_nothing_else(
    at_terminal: AtTerminal, keys: str, code: int
) -> None:
    alice, server = at_terminal()
    talk = b"".join(b"MSG bob line %d of a flood\n" % number for number in range(20_000))
    sent = server.sends_what_fits(talk)
    alice.types(keys)
    while not alice.program.has_ended() and not server.hung_up:
        sent += server.sends_what_fits(talk[sent % len(talk) :])
        server.stage.wait_until(server.can_send, 0.01)
    server.closes()
    alice.ends(code)
    _connected, *heard = [row for row in alice_said(alice) if row != "alice: /quit"]
    assert heard == [f"bob: line {number % 20_000} of a flood" for number in range(len(heard))]


def alice_said(person: Person) -> list[str]:
    """Return all that was shown from the first row on, without the times."""
    return [STAMP.sub("", row) for row in person.all_rows]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_politely_however_often_it_comes(
    at_terminal: AtTerminal, number: int, code: int
) -> None:
    alice, server = at_terminal()
    alice.types("half a line")
    alice.sees_typed("half a line")
    for _ in range(3):
        alice.program.signal(number)
    server.is_hung_up_on()
    assert not server.was_reset
    server.closes()
    alice.ends(code)


@pytest.mark.parametrize(
    ("last", "code", "words"),
    [
        ("", 1, "error: server lost: it closed the connection"),
        ("ERR server-full 100 clients are here\n", 1, "error: server full: 100 clients are here"),
        ("ERR exit the server ends\n", 0, "* the server has ended the conversation"),
        ("x" * 70_000, 1, "error: server lost: no line feed in 65536 bytes"),
    ],
)
def test_the_end_is_told_in_one_line_also_while_somebody_types(
    at_terminal: AtTerminal, last: str, code: int, words: str
) -> None:
    alice, server = at_terminal()
    alice.types("half a line")
    alice.sees_typed("half a line")
    server.sends(f"MSG bob salut\n{last}".encode())
    server.closes()
    alice.ends(code)
    assert alice.said[1:] == ["bob: salut", words]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("\x03", 130),
        ("\x04", 0),
        ("/quit\r", 0),
        ("half\x03", 130),
        ("SIGTERM", 143),
        ("SIGHUP", 129),
        ("lost", 1),
    ],
)
def test_who_leaves_does_so_politely_and_the_terminal_is_given_back_as_it_was(
    at_terminal: AtTerminal, keys: str, code: int
) -> None:
    alice, server = at_terminal(shell=TOLD_AFTERWARDS, size=(24, 200))
    alice.types("salut\r")
    server.receives("MSG salut")
    alice.sees("alice: salut", ">")
    if keys.startswith("SIG"):
        alice.program.usage().children()[0].send_signal(signal.Signals[keys])
    elif keys != "lost":
        alice.types(keys)
    if keys != "lost":
        server.is_hung_up_on()
        assert not server.was_reset
    server.closes()
    alice.ends(0)
    before, *_between, told, after = alice.rows
    assert re.fullmatch(r"[0-9a-f:]{20,}", before)
    assert after == before
    assert told == f"code {code}"
    assert alice.said[-3] == ("error: server lost: it closed the connection" if code == 1 else "alice: salut")
    screen = alice.program.written["screen"]
    assert screen.endswith(b"\n")
    assert screen.rindex(b"\x1b[?2004l") > screen.rindex(b"\x1b[?2004h")


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal(shell=IN_A_SHELL)
    alice.types("half a li")
    alice.sees_typed("half a li")
    alice.types("\x1a")
    alice.sees("stopped")
    assert not any("half" in row for row in alice.rows)
    server.says("MSG bob es-tu là ?")
    alice.types("shell\r")
    alice.sees("bob: es-tu là ?")
    alice.sees_typed("half a li")
    alice.types("ne\r")
    server.receives("MSG half a line")
    alice.types("\x04")
    server.is_hung_up_on()


def test_a_closed_terminal_is_a_departure(at_terminal: AtTerminal) -> None:
    alice, server = at_terminal()
    alice.types("half a line")
    alice.sees_typed("half a line")
    alice.program.hangs_up()
    server.says("MSG bob nobody sees this")
    server.is_hung_up_on()
    assert not server.was_reset
    server.closes()
    assert alice.program.wait_end(PATIENCE)
    assert alice.program.exit_code == 129


def test_a_terminal_that_is_closed_while_the_client_is_stopped_is_a_departure(
    at_terminal: AtTerminal, tmp_path: Path
) -> None:
    alice, server = at_terminal(shell=IN_A_SHELL)
    alice.types("half a line")
    alice.sees_typed("half a line")
    program = alice.program.usage().children()[0]
    alice.types("\x1a")
    alice.sees("stopped")
    server.says("MSG bob nobody sees this")
    alice.program.hangs_up()
    server.is_hung_up_on()
    assert not server.was_reset
    server.closes()
    assert alice.stage.wait_for_outside(lambda: has_ended(program))
    assert (tmp_path / "errors").read_text() == ""


def test_a_lost_server_is_found_again_and_the_line_being_typed_stays(
    at_terminal: AtTerminal, impostor: Impostor
) -> None:
    alice, server = at_terminal("--reconnect")
    alice.types("half a li")
    alice.sees_typed("half a li")
    server.resets()
    alice.sees("* server lost: it closed the connection", "> half a li")
    again = impostor.accepts()
    again.receives("USER alice")
    alice.sees("* connected to 127.0.0.1:" + str(impostor.port), "> half a li")
    again.says("MSG bob te revoilà")
    alice.sees("bob: te revoilà", "> half a li")
    alice.types("ne\r")
    again.receives("MSG half a line")


def test_who_thinks_for_longer_than_the_server_waits_need_not_start_again(
    stage: Stage, impostor: Impostor, tmp_path: Path
) -> None:
    alice = Person(stage, impostor.port, home=tmp_path)
    server = impostor.accepts()
    alice.types("al")
    server.says("ERR name-missing a name comes within 10 seconds")
    server.closes()
    alice.sees("* name refused: a name comes within 10 seconds (name-missing)", "your name: al")
    assert stage.wait_until(lambda: "lost" in alice.last_row)
    alice.types("ice\rsalut\r")
    server = impostor.accepts()
    server.receives("USER alice", "MSG salut")
    server.closes()
    alice.ends(1)


def test_what_is_said_to_a_lost_server_is_told_when_it_is_back(
    at_terminal: AtTerminal, impostor: Impostor
) -> None:
    alice, server = at_terminal("--reconnect")
    server.closes()
    alice.sees("* server lost: it closed the connection")
    alice.types("un\rdeux\r")
    server = impostor.accepts()
    server.receives("USER alice", "MSG un", "MSG deux")
    alice.sees("alice: un", "alice: deux")


def test_who_has_had_enough_need_not_wait_for_a_lost_server(
    at_terminal: AtTerminal, impostor: Impostor
) -> None:
    alice, server = at_terminal("--reconnect")
    impostor.end()
    server.closes()
    assert alice.stage.wait_until(lambda: "next try in 2 s" in alice.last_row)
    alice.types("jamais dit\r\x03")
    alice.ends(130)
    assert alice.said[-1] == "* never sent, as the server is lost: MSG jamais dit"
