"""Submissions for `messagerie init` to look at: files are laid out, and what is guessed comes back."""

from pathlib import Path

from grader.guess import looked_at

SERVER_C = "int main(int argc, char **argv) { a.sin_port = htons(atoi(argv[1])); listen(s, 5); }"

CLIENT_C = "int main(int argc, char **argv) { inet_addr(argv[1]); htons(atoi(argv[2])); connect(s); }"


def guessed(directory: Path, **files: str) -> dict[str, str]:
    """Write files (`client_c` is client.c) and return the contract that is guessed."""
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)
    return looked_at(directory)


def laid_out(directory: Path, files: dict[str, str]) -> dict[str, str]:
    """Write files, in directories where their names say so, and return the contract that is guessed, unquoted."""
    return {key: line.strip('"') for key, line in laid_out_quoted(directory, files).items()}


def laid_out_quoted(directory: Path, files: dict[str, str]) -> dict[str, str]:
    """Write files, in directories where their names say so, and return the contract that is guessed."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return looked_at(directory)
