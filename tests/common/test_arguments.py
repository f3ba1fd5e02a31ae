"""The two command lines: what they take, and that all else is told in one line, with exit code 2."""

import argparse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.arguments import Parser, client_arguments, server_arguments, whole_number
from tests.common.children import ROOT, child, outcome

SERVERS = sorted(f"{path.parent.name}.server" for path in ROOT.glob("sprint*/server.py"))
CLIENTS = sorted(f"{path.parent.name}.client" for path in ROOT.glob("sprint*/client.py"))

NOT_NUMBERS = [
    "",
    " ",
    "abc",
    "-1",
    "+1",
    "1_0",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x10",
    "٣",
    "１",
    "9" * 5000,
    "\x1b[2J",
]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ([], {"port": 4444, "bind": "127.0.0.1"}),
        (["0"], {"port": 0, "bind": "127.0.0.1"}),
        (["65535"], {"port": 65535, "bind": "127.0.0.1"}),
        (["0", "--bind", "::1"], {"port": 0, "bind": "::1"}),
        (["--bind", "localhost", "5000"], {"port": 5000, "bind": "localhost"}),
    ],
)
def test_a_server_takes_a_port_and_an_address(words: list[str], values: dict[str, object]) -> None:
    assert vars(server_arguments().parse_args(words)) == values


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ([], {"host": "127.0.0.1", "port": 4444}),
        (["localhost"], {"host": "localhost", "port": 4444}),
        (["::1", "1"], {"host": "::1", "port": 1}),
        (["localhost", "65535"], {"host": "localhost", "port": 65535}),
    ],
)
def test_a_client_takes_a_host_and_a_port(words: list[str], values: dict[str, object]) -> None:
    assert vars(client_arguments().parse_args(words)) == values


@pytest.mark.parametrize(
    ("parser", "words"),
    [(server_arguments, [word]) for word in (*NOT_NUMBERS, "65536")]
    + [(client_arguments, ["localhost", word]) for word in (*NOT_NUMBERS, "65536", "0")]
    + [
        (server_arguments, ["1", "2"]),
        (server_arguments, ["--bind"]),
        (server_arguments, ["--bin", "::1"]),
        (server_arguments, ["--nonsense"]),
        (server_arguments, ["-p", "4444"]),
        (client_arguments, ["localhost", "1", "2"]),
        (client_arguments, ["--bind", "::1"]),
        (client_arguments, ["--nonsense"]),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    parser: Callable[[], Parser], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith(" (see --help)\n")
    assert "\x1b" not in err


@pytest.mark.parametrize("program", [*SERVERS, *CLIENTS])
@pytest.mark.parametrize("words", [["localhost", "nonsense"], ["--nonsense"]])
def test_every_program_tells_wrong_usage_under_its_name(program: str, words: list[str]) -> None:
    code, out, err = outcome(child("-m", program, *words))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"python -m {program}: ")


@pytest.mark.parametrize("program", [*SERVERS, *CLIENTS])
def test_every_program_explains_itself(program: str) -> None:
    code, out, err = outcome(child("-m", program, "--help"))
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: python -m {program}")


def test_a_client_loads_nothing_that_would_take_longer_than_all_it_does() -> None:
    _code, _out, err = outcome(child("-X", "importtime", "-m", "sprint1_turn_based.client", "localhost", "1"))
    loaded = {line.rpartition("|")[2].strip() for line in err.splitlines()}
    assert "common.sockets" in loaded
    assert not loaded & {"shutil", "lzma", "encodings.idna", "unicodedata"}


def test_what_was_typed_is_never_obeyed_by_the_terminal() -> None:
    _code, _out, err = outcome(child("-m", "sprint1_turn_based.client", "\x1b[2J", "1"))
    assert err.startswith(r"error: cannot connect to \x1b[2J port 1: ")


@pytest.mark.parametrize("word", ["0", "-1", "abc", "1000001"])
def test_a_room_for_nobody_is_wrong_usage(word: str) -> None:
    code, out, err = outcome(child("-m", "sprint3_n_clients.server", "0", f"--max-clients={word}"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "whole number from 1" in err


@given(st.integers(0, 65535))
def test_a_number_is_what_its_digits_say(number: int) -> None:
    assert whole_number(str(number), 0, 65535) == number


@given(st.text().filter(lambda word: not (word.isascii() and word.isdigit())))
def test_nothing_but_digits_is_a_number(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        whole_number(word, 0, 65535)


def test_the_limits_of_a_number_belong_to_it() -> None:
    assert [whole_number(word, 2, 4) for word in ("2", "3", "4", "004")] == [2, 3, 4, 4]
    for word in ("1", "5", "12"):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{word}' is not a whole number from 2 to 4"):
            whole_number(word, 2, 4)
