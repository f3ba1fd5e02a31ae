"""Servers that are measured: their commands, and those that do not start; limits that are too low."""

import resource
import shlex
import sys
from pathlib import Path

import psutil
import pytest

from sprint5_concurrency.bench import rivals
from sprint5_concurrency.bench.__main__ import main, possible
from sprint5_concurrency.bench.gathering import shared
from sprint5_concurrency.bench.limits import shortage
from sprint5_concurrency.bench.machine import describe_machine, in_one_line, processor
from sprint5_concurrency.bench.plan import FULL, runs
from sprint5_concurrency.bench.rivals import rival
from sprint5_concurrency.bench.servers import STRATEGIES as MEASURED
from sprint5_concurrency.bench.servers import Target, other_program, running, strategy
from sprint5_concurrency.bench.trouble import Trouble
from sprint5_concurrency.server import STRATEGIES as SERVED


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {{port}}"


def test_every_strategy_is_measured() -> None:
    assert set(MEASURED) == set(SERVED)


def test_a_strategy_takes_as_many_as_come_and_its_helpers() -> None:
    words = strategy("poll_loop").words(0, 110)
    assert words[1:] == [
        "-m",
        "sprint5_concurrency.server",
        "0",
        "--strategy",
        "poll_loop",
        "--max-clients",
        "110",
    ]


def test_another_program_is_named_after_its_command_and_is_given_a_port() -> None:
    target = other_program("'/opt/my tools/server' -v --port={port} fast")
    assert target.name == "server fast"
    assert target.words(4444, 5) == ["/opt/my tools/server", "-v", "--port=4444", "fast"]


def test_braces_that_mean_something_else_are_left_alone() -> None:
    assert other_program("server {} {port}").words(1, 2) == ["server", "{}", "1"]


def test_a_server_that_ends_is_quoted() -> None:
    target = Target("x", python("import sys; sys.exit('no room')"), says_port=True)
    with pytest.raises(Trouble, match="the server ended with code 1: no room"), running(target, 2):
        pass


def test_a_program_that_is_not_there_is_trouble() -> None:
    with (
        pytest.raises(Trouble, match="cannot be started: No such file"),
        running(other_program("/no/such {port}"), 2),
    ):
        pass


def test_a_server_of_another_project_is_found_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "my servers" / "nats-server"
    command.parent.mkdir()
    command.touch(mode=0o755)
    monkeypatch.setattr(rivals, "DIRECTORIES", str(command.parent))
    assert rival("nats").words(4444, 9) == [str(command), "--addr", "127.0.0.1", "--port", "4444"]


def test_a_server_that_is_not_installed_is_asked_for_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rivals, "DIRECTORIES", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["bench", "--against", "ngircd"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    words = "to measure ngircd, the command ngircd must be installed"
    assert words in capsys.readouterr().err


def test_a_server_finds_its_port_in_the_file_that_its_command_names() -> None:
    code = "import sys; print(open(sys.argv[1]).read().strip(), end=' is it'); sys.exit(1)"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {{configuration}}"
    target = Target("x", command, configuration="Port = {port}")
    with pytest.raises(Trouble, match=r"with code 1: Port = \d+ is it"), running(target, 2):
        pass


def test_a_server_is_ended_with_all_that_it_has_started() -> None:
    with running(strategy("poll_loop"), 2) as server:
        assert server.memory() > 1_000_000
        assert server.cpu_seconds() > 0
    assert not psutil.pid_exists(server.pid)


def test_sizes_beyond_the_limit_are_left_out_with_a_word() -> None:
    planned = runs(FULL, ["event_loop"])
    kept, notes = possible(planned, 1024)
    assert {run.clients for run in kept} == {2, 10, 100}
    assert notes[-1].startswith(
        "Not measured: 5,000 clients need 5,064 descriptors, and a process may have 1,024"
    )
    assert len(notes) == 2
    assert shortage(5000, resource.RLIM_INFINITY) == ""


def test_clients_are_shared_out_each_once() -> None:
    assert shared(10, 7, 3) == [range(10, 12), range(12, 14), range(14, 17)]
    assert [number for share in shared(0, 5, 4) for number in share] == [0, 1, 2, 3, 4]


def test_the_machine_is_described_in_one_line() -> None:
    assert processor("vendor_id : x\nmodel name\t:  Fast  CPU \n") == "Fast CPU"
    assert "processors" in in_one_line(describe_machine())
