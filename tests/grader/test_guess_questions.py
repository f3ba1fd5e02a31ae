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


ASKS_WITH_A_HELPER_C = """void demander(const char *question, char *reponse, int taille) {
    printf("%s", question); fgets(reponse, taille, stdin);
}
void dire(const char *texte, int nombre) { printf("%s%d", texte, nombre); }
int main(void) {
    demander("Adresse IP du serveur : ", ip, sizeof ip);
    demander( "Port : ", port, sizeof port);
    dire("Votre pseudo :", 3);
    connect(s, a, sizeof a);
}"""


@pytest.mark.parametrize("question", ["Nom d'utilisateur ? ", "Username: ", "Votre nom : ", "Prénom ?"])
def test_a_name_has_several_names(question: str) -> None:
    assert answers_in([f'name = input("{question}")']) == ["{name}"]


def test_a_function_of_the_program_s_own_may_ask() -> None:
    assert answers_in([ASKS_WITH_A_HELPER_C]) == ["{host}", "{port}"]


def test_a_port_that_is_not_asked_for_is_the_one_in_the_source(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="s.bind(('', 5000))\ns.listen()\n",
        client_py='ip = input("IP ? ")\nnom = input("Votre pseudo : ")\ns.connect((ip, 5000))\n',
    )
    assert (lines["port"], lines["login"]) == ("5000", '["{host}", "{name}"]')


def test_who_has_a_port_in_the_source_is_not_asked_for_it(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="PORT = 5000\ns.bind(('', PORT))\ns.listen()\n",
        client_py="PORT = 5000\nprint('Sur le port :')\ns.connect(('127.0.0.1', PORT))\nm = input('> ')\n",
    )
    assert (lines["port"], "login" in lines) == ("5000", False)


def test_a_server_that_asks_for_more_is_not_told_the_port_alone(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="h = input('Adresse : ')\np = int(input('Port : '))\ns.listen()\n",
        client_py="_, host, port = sys.argv\ns.connect((host, int(port)))\n",
    )
    assert lines["server"] == '"python3 server.py"'


def test_who_is_told_by_the_command_line_is_asked_nothing(tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="port = int(sys.argv[1]) if len(sys.argv) > 1 else int(input('Port : '))\ns.listen()\n",
        client_py="_, host, port = sys.argv\nprint('Port :')\ns.connect((host, int(port)))\n",
    )
    assert lines == {"server": '"python3 server.py {port}"', "client": '"python3 client.py {host} {port}"'}


@pytest.mark.parametrize("where", ["_, host, port = sys.argv", "host, port = '127.0.0.1', 5000"])
def test_a_name_alone_is_found_out_by_trying(where: str, tmp_path: Path) -> None:
    lines = guessed(
        tmp_path,
        server_py="port = int(sys.argv[1])\ns.listen()\n",
        client_py=f"{where}\nnom = input('Votre nom : ')\ns.connect((host, int(port)))\n",
    )
    assert "login" not in lines


@pytest.mark.parametrize(
    ("source", "answers"),
    [
        ('printf("Adresse (puis le port) : "); gets(a);', ["{host}"]),
        (
            'printf("Port : "); scanf("%d", &p); printf("Port invalide, port : "); scanf("%d", &p);',
            ["{port}"],
        ),
        ("input('Nom de l\\'hôte : ')", ["{host}"]),
        ('input("Hôte : "); input("Pseudo: ")', ["{host}", "{name}"]),
        ('printf("port : %d\\n", port); printf("connecte au port 4444\\n");', []),
        ('printf(f"port {port} :")', []),
        ('print("Connexion, port :", PORT)\nx = input()', []),
        ('cout << "Connecte au port : " << port << endl; cin >> x;', []),
        ('cout << "Port : "; cin >> port;', ["{port}"]),
        ('perror("Erreur adresse IP :"); fgets(m, 9, stdin);', []),
        ('puts("Voici le port :");', []),
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
        ("char *nom_hote = argv[1]; gethostbyname(nom_hote); p = htons(atoi(argv[2]));", "{host} {port}"),
        ("char *name = argv[1]; gethostbyname(name); p = htons(atoi(argv[2]));", "{host} {port}"),
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
        ('if __name__ == "__main__":\n    sys.exit(main())', []),
        ('if (strcmp(argv[1], "server") == 0) { return serve(); }', []),
        ('if (strcmp(line, "oui")) break;', []),
        ('if (strcmp(role, "emi") == 0) break;', []),
        ('if (!strcmp(role, "emi")) break;', []),
        ('if mode == "client":\n    return', []),
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
