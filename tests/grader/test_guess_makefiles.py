"""`messagerie init` reads Makefiles: which program comes of a source."""

from pathlib import Path

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


def test_each_program_may_have_its_own_makefile(tmp_path: Path) -> None:
    files = {"s/server.c": SERVER_C, "s/Makefile": "", "c/client.c": CLIENT_C, "c/Makefile": ""}
    assert laid_out(tmp_path, files)["build"] == "make -C s && make -C c"
