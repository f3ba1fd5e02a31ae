"""`messagerie init` reads what programs ask for: address, port and name are typed where no command line has them."""

from pathlib import Path

import pytest

from grader import init
from grader.contract import Contract
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


C_CLIENT = "int main(int argc, char *argv[]) {{ {body} connect(s, a, sizeof a); }}"


@pytest.mark.parametrize(
    ("body", "client"),
    [
        (
            "int role = atoi(argv[3]); a.sin_port = htons(atoi(argv[1])); inet_aton(argv[2], b);",
            "{port} {host} {place}",
        ),
        (
            "strcpy(pseudo, argv[3]); inet_aton(argv[1], b); a.sin_port = htons(atoi(argv[2]));",
            "{host} {port} {name}",
        ),
        ("char *nom = argv[1]; a.sin_port = htons(5000);", "{name}"),
    ],
)
def test_arguments_are_known_by_what_is_made_of_them(body: str, client: str, tmp_path: Path) -> None:
    lines = guessed(
        tmp_path, server_c="int main(void) { listen(s, 5); }", client_c=C_CLIENT.format(body=body)
    )
    assert lines["client"] == f'"./client {client}"'


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('if (strcmp(msg, "ciao") == 0) break;', ["ciao"]),
        ('if (!strcmp(msg, "tchao\\n")) { close(dS);', ["tchao"]),
        ('if line == "adieu":\n    return', ["adieu"]),
        ('if (strcmp(role, "emi") == 0) parle = 1;', []),
        ('if (strcmp(msg, "fin") == 0) break;', []),
        ('if (strcmp(m, "quit") == 0) break; if (strcmp(m, "ciao") == 0) break;', ["quit", "quit", "ciao"]),
    ],
)
def test_a_word_that_ends_something_may_be_the_one_for_leaving(source: str, words: list[str]) -> None:
    assert init.words_for_leaving(source) == words


@pytest.mark.parametrize(
    ("problem", "lines"),
    [
        ("", {"first": "2"}),
        ("expected: bob ends\n     got: bob is still running", {"first": "2"}),
        ("expected: alice sees 'bonjour'\n     got: ''", {}),
        ("the server never listened: server ended with exit code 1", {}),
    ],
)
def test_the_second_is_first_where_people_can_talk_so_whatever_is_missed_later(
    problem: str, lines: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "played", lambda *_arguments, **_more: ([], problem))
    contract = Contract(tmp_path, server="./server {port}", client="./client {port}")
    assert init.first_of(contract, {"expected: bob sees 'bonjour'": 1}) == lines
