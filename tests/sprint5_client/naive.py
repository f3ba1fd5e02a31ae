"""The client that everybody writes first: one thread for the keyboard, one that prints what arrives.

It works, and breaks the line being typed: two write to the same terminal, this program and the terminal's own echo,
and neither knows where the other stands.
"""

import socket
import sys
import threading


def main() -> None:
    """Take part until an empty line."""
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
        threading.Thread(target=show_lines, args=(connection,), daemon=True).start()
        connection.sendall(f"USER {input('your name: ')}\n".encode())
        while line := input("> "):
            connection.sendall(f"MSG {line}\n".encode())


def show_lines(connection: socket.socket) -> None:
    """Print what arrives, wherever the cursor happens to be."""
    for line in connection.makefile():
        _msg, name, text = line.rstrip("\n").split(" ", 2)
        print(f"{name}: {text}")


if __name__ == "__main__":
    main()
