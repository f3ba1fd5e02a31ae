"""A contract says how programs are started; one that cannot be used is refused in one clear sentence."""

import sys
from pathlib import Path

import pytest

from grader.contract import FILE_NAME, Contract, ContractError, read_contract, reference
from grader.stage import PATIENCE

GOOD = 'server = "./server {port}"\nclient = "./client {host} {port}"\n'


def written(directory: Path, text: str) -> Path:
    (directory / FILE_NAME).write_text(text, encoding="utf-8")
    return directory


def test_two_lines_are_a_contract(tmp_path: Path) -> None:
    contract = read_contract(written(tmp_path, GOOD))
    assert contract.server_command(4444) == ["./server", "4444"]
    assert contract.client_command("::1", 4444) == ["./client", "::1", "4444"]
    assert (contract.build, contract.wire, contract.patience) == ("", "unknown", PATIENCE)
    assert contract.directory == tmp_path.resolve()


def test_a_contract_may_say_more(tmp_path: Path) -> None:
    more = 'build = "make"\nquit = "/quit"\npatience = 2\nwire = "course"\n'
    contract = read_contract(written(tmp_path, GOOD + more))
    assert (contract.build, contract.quit, contract.patience) == ("make", "/quit", 2)
    assert contract.wire == "course"


def test_an_older_contract_calls_the_wire_of_the_course_lines(tmp_path: Path) -> None:
    assert read_contract(written(tmp_path, GOOD + 'wire = "lines"')).wire == "course"


@pytest.mark.parametrize(
    ("sprint", "word", "login"),
    [(1, "fin", ()), (4, "exit", ("{name}",)), (5, "/quit", ("{name}",)), (6, "/quit", ())],
)
def test_each_sprint_has_its_own_words(
    tmp_path: Path, sprint: int, word: str, login: tuple[str, ...]
) -> None:
    contract = read_contract(written(tmp_path, GOOD)).in_sprint(sprint)
    assert (contract.quit, contract.login) == (word, login)


@pytest.mark.parametrize("sprint", [1, 4, 6])
def test_what_a_contract_says_counts_in_each_sprint(tmp_path: Path, sprint: int) -> None:
    more = 'quit = "fin"\nlogin = ["I am {name}"]\n'
    contract = read_contract(written(tmp_path, GOOD + more)).in_sprint(sprint)
    assert (contract.quit, contract.login) == ("fin", ("I am {name}",))


def test_a_port_and_an_address_may_be_fixed_in_the_source(tmp_path: Path) -> None:
    text = 'server = "./server"\nclient = "./client"\nport = 4444\naddress = "192.168.1.20"\n'
    contract = read_contract(written(tmp_path, text))
    assert contract.server_command(4444) == ["./server"]
    assert contract.client_command("192.168.1.20", 4444) == ["./client"]
    assert (contract.port, contract.address) == (4444, "192.168.1.20")


def test_two_clients_may_be_two_programs(tmp_path: Path) -> None:
    text = GOOD.replace("{host} {port}", "{port} {host} {place}") + 'client2 = "./autre {port}"\n'
    contract = read_contract(written(tmp_path, text))
    assert contract.client_command("h", 5, 1) == ["./client", "5", "h", "1"]
    assert [contract.client_command("h", 5, place) for place in (2, 3)] == [["./autre", "5"]] * 2


def test_users_may_have_to_type_something_first(tmp_path: Path) -> None:
    contract = read_contract(written(tmp_path, GOOD + 'login = ["{name}", "salon {place}"]'))
    assert contract.login_lines("bob", "::1", 7, 2) == ["bob", "salon 2"]


def test_the_second_user_may_have_other_things_to_type(tmp_path: Path) -> None:
    contract = read_contract(written(tmp_path, GOOD + 'login = ["{name}", "e"]\nlogin2 = ["{name}", "r"]'))
    assert contract.login_lines("alice", "::1", 7) == ["alice", "e"]
    assert contract.login_lines("bob", "::1", 7, 2) == ["bob", "r"]


def test_a_client_may_be_told_its_users_name(tmp_path: Path) -> None:
    contract = read_contract(
        written(tmp_path, GOOD.replace("{host} {port}", "{host} {port} {name}"))
    ).in_sprint(4)
    assert contract.client_command("h", 5, name="bob") == ["./client", "h", "5", "bob"]
    assert contract.login == ()
    assert contract.logs_in


@pytest.mark.parametrize(
    ("more", "tells"),
    [
        ('login = ["{place}"]', True),
        ('login = ["e"]\nlogin2 = ["r"]', True),
        ('login = ["{name}"]', False),
        ('client2 = "./b {port}"', True),
    ],
)
def test_a_place_may_be_told_by_the_user_too(tmp_path: Path, more: str, tells: bool) -> None:
    assert read_contract(written(tmp_path, GOOD + more)).tells_places is tells


def test_a_client_may_ask_its_user_for_address_and_port(tmp_path: Path) -> None:
    text = 'server = "./server {port}"\nclient = "./client"\nlogin = ["{host}", "{port}"]\n'
    contract = read_contract(written(tmp_path, text))
    assert contract.client_command("::1", 7) == ["./client"]
    assert contract.login_lines("bob", "::1", 7) == ["::1", "7"]
    assert contract.port == 0


def test_a_server_cannot_ask_for_its_port(tmp_path: Path) -> None:
    text = 'server = "./server"\nclient = "./client"\nlogin = ["{port}"]\n'
    with pytest.raises(ContractError, match=r"server = '\./server' must be a command with {port}"):
        read_contract(written(tmp_path, text))


def test_a_quoted_word_stays_one_word(tmp_path: Path) -> None:
    contract = read_contract(written(tmp_path, GOOD.replace("./server", "'my é server'")))
    assert contract.server_command(1) == ["my é server", "1"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('server = "./server {port}"', "client = ''.*must be a command with {port}"),
        (GOOD + 'sever = "x"', "no key 'sever'; there are server, client"),
        (GOOD + "quit = 3", "line 3: quit = 3 must be a word like"),
        (GOOD + 'patience = "long"', "line 3: patience = 'long' must be a number"),
        (GOOD + "patience = true", "patience = True must be a number"),
        (GOOD + "patience = 0", "patience = 0 must be a number of seconds up to 60"),
        (GOOD + "patience = nan", "patience = nan must be a number of seconds up to 60"),
        (GOOD + 'wire = "json"', 'line 3: wire = \'json\' must be "course" .* or "unknown"'),
        (GOOD + "wire = true", 'line 3: wire = True must be "course"'),
        (GOOD + "wire = []", "wire = \\[\\] must be"),
        (GOOD + "port = 70000", "line 3: port = 70000 must be a number from 1 to 65535"),
        (GOOD + "port = true", "port = True must be"),
        (GOOD + 'address = "here"', "address = 'here' must be an address like"),
        (GOOD + 'login2 = "r"', "login2 = 'r' must be a list of lines"),
        (GOOD + 'login = "{name}"', "login = '{name}' must be a list of lines"),
        (GOOD + 'login = ["{nom}"]', "must be a list of lines"),
        ('server = "./server {port}"\nclient = "./client"', "if a client asks for it: login = "),
        (GOOD + "first = 3", "line 3: first = 3 must be 1 or 2"),
        (GOOD + 'client2 = ""', "client2 = '' must be a command"),
        ('client = "./client"\nport = 4444', "server = '' must be a command"),
        (GOOD.replace("{port}", "4444"), "server = './server 4444' must be a command with {port}"),
        (GOOD.replace("./server", "./server {prot}"), "cannot be used: {prot} is none of {port}, {host}; "),
        (GOOD + 'client2 = "./b {nom}"', "client2 = './b {nom}' cannot be used: {nom} is none of"),
        (GOOD.replace("./client", "./client {nom}"), "{nom} is none of {port}, {host}, {place}, {name}; "),
        (GOOD.replace("./server", "./server {}"), "cannot be used: IndexError"),
        (GOOD.replace("./server", "./server {place}"), "cannot be used: {place} is none of"),
        (GOOD.replace("./server", "./server {port.number}"), "cannot be used: AttributeError"),
        (GOOD.replace("./server", "'./server"), "cannot be used: ValueError"),
        ("server = ./server", "each line must look like key ="),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ContractError, match=sentence) as refused:
        read_contract(written(tmp_path, text))
    assert str(tmp_path / FILE_NAME) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_directory_without_contract_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="No such file or directory; it must say how"):
        read_contract(tmp_path)


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match=r"messagerie\.toml"):
        read_contract(tmp_path)


def test_a_reference_runs_this_interpreter_at_any_port() -> None:
    contract = reference("sprint9_example")
    assert contract.server_command(0) == [sys.executable, "-m", "sprint9_example.server", "0"]
    assert contract.client_command("::1", 7) == [sys.executable, "-m", "sprint9_example.client", "::1", "7"]
    assert contract.any_port
    assert (contract.directory / "grader").is_dir()


def test_a_contract_does_not_change() -> None:
    with pytest.raises(AttributeError):
        Contract(Path(), "a", "b").server = "c"  # type: ignore[misc]
