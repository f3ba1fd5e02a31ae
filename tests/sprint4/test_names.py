"""Names: who may be called what, and which two names are one person's to a reader."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.lines import check_text
from sprint4_named_room.names import LONGEST, RESERVED, BadName, checked_name, name_key

GOOD = [
    "al",
    "alice",
    "Alice-2",
    "Jean-Noël",
    "évan",
    "x_1.b",
    "Ωμέγα",
    "мария",
    "李雷",
    "سليم",
    "None",
    "a" * LONGEST,
]

BAD = {
    "a name has 2 to 31 characters": ["", "a", "é", "a" * (LONGEST + 1), "x" * 10_000],
    "a name begins with a letter": [
        *("  ", "\t\t", "9lives", "-rf", "_x", ".x", ":evil", "/quit", "#room", "*** x", "<bob>", "__init__"),
        *("{0.__class__}", "%s%n", "$(id)", "../x", "\u0301a", "\u200bevan", "\u202enave", "😀😀"),
    ],
    "a name is made of letters, digits, - _ and .": [
        *(
            "a b",
            "a\tb",
            "bob:",
            "a/b",
            "a@b",
            "a\x1b[2J",
            "bell\x07",
            "evan\u200b",
            "ev\u200dan",
            "ev\u202ean",
        ),
        *(
            "evan\U000e0001",
            "o\u0327\u0338k",
            "x" + "\u0301" * 30,
            "Ｅvan",
            "ｅvan",
            "ﬁn",
            "a²",
            "a٣",
            "a\u3164b",
            "\u02bc\u02bc",
            "\u02b9bob",
            "\u02ecx",
        ),
    ],
    "the letters of a name come from one alphabet": ["еvan", "evаn", "alicе", "Αlice", "paypaӏ"],
    "this name is reserved": ["serveur", "Serveur", "SERVER", "ADMIN", "all", "Tous", "system"],
}


@pytest.mark.parametrize("text", GOOD)
def test_a_name(text: str) -> None:
    assert checked_name(text) == text


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in BAD.items() for text in texts], ids=ascii
)
def test_no_name(reason: str, text: str) -> None:
    with pytest.raises(BadName, match=f"^{reason.replace('.', r'[.]')}$"):
        checked_name(text)


def test_a_name_is_shown_in_its_composed_form() -> None:
    assert checked_name("E\u0301van") == "Évan"


def test_an_accented_letter_is_one_character_however_it_came() -> None:
    assert len(checked_name("e\u0301" * LONGEST)) == LONGEST


@pytest.mark.parametrize(
    "pair",
    [("Evan", "evan"), ("ÉVAN", "évan"), ("e\u0301van", "évan"), ("STRASSE", "straße"), ("Σας", "ΣΑΣ")],
)
def test_names_that_a_reader_takes_for_one_are_one(pair: tuple[str, str]) -> None:
    one, other = (name_key(checked_name(name)) for name in pair)
    assert one == other


@pytest.mark.parametrize("pair", [("evan", "évan"), ("bob", "bob2"), ("a-b", "a_b"), ("ivan", "lvan")])
def test_names_that_differ_are_two(pair: tuple[str, str]) -> None:
    one, other = (name_key(checked_name(name)) for name in pair)
    assert one != other


def names() -> st.SearchStrategy[str]:
    """Texts of which many are names."""
    letters = st.sampled_from(["abcdeEÉé", "жЖя", "σςΣ", "ıİiI"]).flatmap(
        lambda alphabet: st.text(alphabet + "0-_.", min_size=1, max_size=LONGEST + 1)
    )
    return letters | st.text(max_size=LONGEST + 1)


@given(names())
def test_every_name_that_is_granted_can_be_relied_on(text: str) -> None:
    try:
        name = checked_name(text)
    except BadName:
        return
    check_text(name)  # it may travel and be shown
    assert name.isprintable()
    assert not set(name) & set(" :*<>/\t")
    assert name == unicodedata.normalize("NFC", name)
    assert checked_name(name) == name  # granted once, granted again
    assert name_key(name) == name_key(unicodedata.normalize("NFD", name))
    assert name_key(name) == name_key(name_key(name))
    assert name_key(name) not in RESERVED
