"""What is visible, what Tab does, what is kept, and how long to wait: each by itself."""

import stat
from itertools import islice
from pathlib import Path

import pytest

from sprint5_concurrency import history
from sprint5_concurrency.completion import Completion
from sprint5_concurrency.history import KEPT_LINES, History, history_path
from sprint5_concurrency.link import LONGEST_PAUSE_SECONDS, pauses
from sprint5_concurrency.visible import COLOURS, colour_of, visible

BIDIRECTIONAL = [chr(number) for number in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]]


@pytest.mark.parametrize(
    "text", ["", "salut", "ça va ? €", "漢字 😃 👩\u200d👩\u200d👧", "<script> %s {0} $(id)", "e\u0301"]
)
def test_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\tb\rc\nd\0", "a\\x09b\\x0dc\\x0ad\\x00"),
        ("\x7f", "\\x7f"),
        ("a\u200bb", "a\\u200bb"),
        ("\u2028\ufeff", "\\u2028\\ufeff"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
    ],
)
def test_all_else_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("control", BIDIRECTIONAL, ids=ascii)
def test_nobody_turns_the_order_of_letters_round(control: str) -> None:
    assert visible(f"a{control}b") == f"a\\u{ord(control):04x}b"


def test_a_name_has_one_colour_and_names_have_several() -> None:
    names = [f"client{number}" for number in range(100)]
    assert [colour_of(name) for name in names] == [colour_of(name) for name in names]
    assert {colour_of(name) for name in names} == set(COLOURS)
    assert colour_of("alice") == "ansibrightblue"  # in every run: no hash that Python chooses anew


def presses(before: str, names: list[str], times: int) -> list[str]:
    """Return what stands before the cursor after each press of Tab."""
    completion = Completion()
    found = []
    for _ in range(times):
        before = completion.next(before, names)
        found.append(before)
    return found


def test_tab_goes_through_the_names_the_latest_first_and_back() -> None:
    assert presses("salut bo", ["boris", "alice", "bob"], 4) == [
        "salut bob",
        "salut boris",
        "salut bo",
        "salut bob",
    ]


def test_tab_does_not_mind_case_and_completes_at_the_beginning_too() -> None:
    assert presses("BO", ["bob"], 2) == ["bob", "BO"]
    assert presses("él", ["Élodie"], 1) == ["Élodie"]


@pytest.mark.parametrize("before", ["", "salut ", "zz", "bobby"])
def test_tab_without_a_name_to_complete_changes_nothing(before: str) -> None:
    assert presses(before, ["bob"], 2) == [before, before]


def test_typing_on_begins_a_new_completion() -> None:
    completion = Completion()
    assert completion.next("bo", ["bob"]) == "bob"
    assert completion.next("bob et ca", ["bob", "carol"]) == "bob et carol"
    assert completion.next("bo", ["bob", "carol"]) == "bob"


def test_pauses_grow_to_a_bound() -> None:
    assert list(islice(pauses(), 9)) == [0.5, 1, 2, 4, 8, 16, 30, 30, LONGEST_PAUSE_SECONDS]


@pytest.mark.parametrize(
    ("state", "folder"),
    [
        ("/x/state", "/x/state"),
        (None, "/home/alice/.local/state"),
        ("", "/home/alice/.local/state"),
        ("relative", "/home/alice/.local/state"),
    ],
)
def test_the_history_has_its_place(state: str | None, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if state is not None:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert history_path() == Path(folder) / "messagerie" / "history"


def test_what_was_said_is_kept_for_the_next_run_and_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "state" / "messagerie" / "history"
    for line in ("premier é 😃", "second"):
        History(path).append(line)
    assert History(path).lines() == ["premier é 😃", "second"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text("old\n")
    path.chmod(0o644)
    History(path).append("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert History(path).lines() == ["old", "new"]


def test_a_history_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 10_000)
    path = tmp_path / "history"
    path.write_text("".join(f"line {number}\n" for number in range(5000)))
    last = [f"line {number}" for number in range(5000 - KEPT_LINES, 5000)]
    assert History(path).lines() == last
    assert path.read_text().split("\n")[:-1] == last
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_history_that_cannot_be_kept_hurts_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff no UTF-8\nhalf a line")
    assert History(tmp_path / "file").lines() == ["\ufffd no UTF-8"]
    for nowhere in (tmp_path / "file" / "history", tmp_path):
        History(nowhere).append("lost")
        assert History(nowhere).lines() == []
