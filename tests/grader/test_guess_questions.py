"""`messagerie init` reads what programs ask for: address, port and name are typed where no command line has them."""

from pathlib import Path

import pytest

from grader.questions import answers_in
from tests.grader.laid_out import guessed

SERVER_C = """int main(void) {
    int port; printf("Port du serveur : "); scanf("%d", &port);
    listen(s, 5); printf("En ecoute sur le port : %d\\n", port);
}"""

CLIENT_C = """int main(void) {
    char ip[20]; int port;
    printf("Adresse IP du serveur ?\\n"); scanf("%s", ip);
    printf("Port : "); scanf("%d", &port);
    connect(s, a, sizeof a);
}"""


def test_who_asks_where_the_server_is_is_told_so(tmp_path: Path) -> None:
    assert guessed(tmp_path, serveur_c=SERVER_C, client_c=CLIENT_C) == {
        "build": '"gcc -o serveur serveur.c -pthread && gcc -o client client.c -pthread"',
        "server": "\"sh -c 'echo {port} | ./serveur'\"",
        "client": '"./client"',
        "login": '["{host}", "{port}"]',
    }


def test_a_port_that_is_not_asked_for_is_the_one_in_the_source(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="s.bind(('', 5000))\ns.listen()\n",
        client_py='ip = input("IP ? ")\nnom = input("Votre pseudo : ")\ns.connect((ip, 5000))\n',
    )
    assert (lines["port"], lines["login"]) == ("5000", '["{host}", "{name}"]')


def test_who_is_told_by_the_command_line_is_asked_nothing(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="port = int(sys.argv[1]) if len(sys.argv) > 1 else int(input('Port : '))\ns.listen()\n",
        client_py="_, host, port = sys.argv\nprint('Port :')\ns.connect((host, int(port)))\n",
    )
    assert lines == {"server": '"python3 server.py {port}"', "client": '"python3 client.py {host} {port}"'}


def test_a_name_alone_is_found_out_by_trying(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="port = int(sys.argv[1])\ns.listen()\n",
        client_py="_, host, port = sys.argv\nnom = input('Votre nom : ')\ns.connect((host, int(port)))\n",
    )
    assert "login" not in lines


@pytest.mark.parametrize(
    ("source", "answers"),
    [
        ('printf("Adresse (puis le port) : ");', ["{host}"]),
        ('printf("Port : "); printf("Port invalide, port : ");', ["{port}"]),
        ("input('Nom de l\\'hôte : ')", ["{host}"]),
        ('input("Hôte : "); input("Pseudo: ")', ["{host}", "{name}"]),
        ('printf("port : %d\\n", port); printf("connecte au port 4444\\n");', []),
        ('printf(f"port {port} :")', []),
        ('printf("Transport : "); printf("Tapez un message : ");', []),
    ],
)
def test_only_questions_are_answered_each_once_and_in_order(source: str, answers: list[str]) -> None:
    assert answers_in([source]) == answers
