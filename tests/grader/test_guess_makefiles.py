"""`messagerie init` reads Makefiles: which program comes of a source."""

from pathlib import Path

import pytest

from tests.grader.laid_out import CLIENT_C, SERVER_C, guessed, laid_out


def test_a_makefile_says_what_programs_are_called(tmp_path: Path) -> None:
    makefile = "all: serveur autre\nserveur: server.c\n\tgcc -o serveur server.c\nautre: client.o\n"
    lines = guessed(tmp_path, server_c=SERVER_C, client_c="int main(void) { connect(s); }", Makefile=makefile)
    assert lines["build"] == '"make"'
    assert lines["server"] == '"./serveur {port}"'
    assert lines["client"] == '"./autre"'


def test_a_makefile_may_name_its_directories(tmp_path: Path) -> None:
    makefile = (
        "BIN = bin\nSRC=src\n$(BIN)/chat: $(SRC)/server.c\n\tgcc -o $@ $^\n\ngcc -o ${BIN}/talk client.c\n"
    )
    lines = laid_out(tmp_path, {"Makefile": makefile, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert lines == {"build": "make", "server": "./bin/chat {port}", "client": "./bin/talk {host} {port}"}


def test_a_makefile_may_have_one_rule_for_all(tmp_path: Path) -> None:
    makefile = "B = out\nall: $(B)/server $(B)/client\n$(B)/%: src/%.c\n\tgcc -o $@ $<\n"
    lines = laid_out(tmp_path, {"Makefile": makefile, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert (lines["server"], lines["client"]) == ("./out/server {port}", "./out/client {host} {port}")


def test_a_makefile_in_a_directory_may_make_what_lies_beside_it(tmp_path: Path) -> None:
    makefile = "all:\n\tgcc -o ../srv server.c\n\tgcc -o ../../talk client.c\n"
    lines = laid_out(tmp_path, {"s/Makefile": makefile, "s/server.c": SERVER_C, "s/client.c": CLIENT_C})
    assert (lines["server"], lines["client"]) == ("./srv {port}", "./s/client {host} {port}")


def test_each_program_may_have_its_own_makefile(tmp_path: Path) -> None:
    files = {"s/server.c": SERVER_C, "s/Makefile": "", "c/client.c": CLIENT_C, "c/Makefile": ""}
    assert laid_out(tmp_path, files)["build"] == "make -C s && make -C c"


@pytest.mark.parametrize(
    "makefile",
    [
        "all:\n\tgcc server.c -o srv\n\tgcc client.c -o talk\n",
        "all: srv talk\nsrv: \\\n  server.c\n\tgcc -o $@ $^\ntalk: \\\n  client.c\n\tgcc -o $@ $^\n",
        "S = $(NAME)\nNAME = $(SHORT)  # what it is called\nSHORT = srv\n$(S): server.o\ntalk: client.o\n",
        "format: server.c client.c\n\tclang-format -i $^\nsrv: server.c\ntalk: client.c\n",
        "all: s c\ns: server.c\n\tgcc -Wall -o srv server.c\n\nc d: client.c\n\tgcc -o talk client.c\n",
        "check: server.c\nold: client.c\nall: srv talk\nsrv: server.c\ntalk: client.c\n",
        "S = srv\nS_PARTS = server.o\nS_PARTS += net.o\n$(S): $(S_PARTS)\n\ttest\ntalk: client.o\n",
    ],
)
def test_each_program_has_its_own_target(makefile: str, tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"Makefile": makefile, "server.c": SERVER_C, "client.c": CLIENT_C})
    assert lines == {"build": "make", "server": "./srv {port}", "client": "./talk {host} {port}"}


@pytest.mark.parametrize(
    "makefile",
    [
        "all: server client\ninstall:\n\tcp server /usr/bin/server\n\tcp client /usr/bin/client\n",
        "../server: server.c\n/opt/client: client.c\n",
        "A = $(A)$(A)\nB = $(C)\nC = $(B)\n$(A): server.c\n$(B): client.c\n",
    ],
)
def test_what_is_made_elsewhere_is_not_started(makefile: str, tmp_path: Path) -> None:
    lines = laid_out(tmp_path, {"Makefile": makefile, "server.c": SERVER_C, "client.c": CLIENT_C})
    assert (lines["server"], lines["client"]) == ("./server {port}", "./client {host} {port}")


def test_directories_within_directories_are_named(tmp_path: Path) -> None:
    makefile = "OUT=build\nBIN=$(OUT)/bin\n$(BIN)/%: src/%.c\n\tgcc -o $@ $<\n"
    lines = laid_out(tmp_path, {"Makefile": makefile, "src/server.c": SERVER_C, "src/client.c": CLIENT_C})
    assert lines["server"] == "./build/bin/server {port}"


def test_a_makefile_may_call_others(tmp_path: Path) -> None:
    lines = laid_out(
        tmp_path,
        {
            "Makefile": "all:\n\t$(MAKE) -C server\n\t$(MAKE) -C client\n",
            "server/Makefile": "chatd: main.o\n",
            "server/main.c": SERVER_C,
            "client/Makefile": "chat: main.o\n",
            "client/main.c": CLIENT_C,
        },
    )
    assert lines == {
        "build": "make",
        "server": "./server/chatd {port}",
        "client": "./client/chat {host} {port}",
    }
