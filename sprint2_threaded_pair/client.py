"""The client of sprints 2 and 3: one thread reads the keyboard and sends, one more receives and shows.

    keyboard ---> main thread ------> server
    screen  <--- receiving thread <-- server

Each waits for one thing only, so neither holds up the other: lines come and go in any order.
"""

import threading

from common.arguments import client_arguments
from common.connection import Connection
from common.farewell import take_leave
from common.lines import BadLine
from common.program import run_client
from common.sockets import connect
from common.stop import Failure, Stop
from common.terminal import Keyboard, Screen, complain

FIN, EXIT = "fin", "exit"

LEAVING = (FIN, EXIT)
"""What a user types to leave."""


def main(stop: Stop) -> None:
    """Take part in a conversation until its user or the server ends it."""
    arguments = client_arguments().parse_args()
    with connect(arguments.host, arguments.port, stop) as connection, Screen(stop) as screen:
        screen.note(f"connected to {connection.peer}; when it has no place left, you wait for one")
        receiver = threading.Thread(target=show_lines, args=(connection, screen, stop))
        receiver.start()
        send_typed_lines(Keyboard(), connection, screen, stop)
        user_leaves = not stop.is_set() or stop.signal_number()
        stop.ring()
        receiver.join()
        if user_leaves:
            take_leave([connection], FIN, hurried=stop.signal_number)


def send_typed_lines(keyboard: Keyboard, connection: Connection, screen: Screen, stop: Stop) -> None:
    """Send what the user types until he leaves, or the bell rings."""
    screen.prompt()
    while keyboard.wait_for_line(stop):
        try:
            line = keyboard.inbox.take()
            if line is None or line in LEAVING:
                return
            connection.send_line(line)
        except BadLine as bad:
            complain(f"not sent: {bad}")
        screen.prompt()


def show_lines(connection: Connection, screen: Screen, stop: Stop) -> None:
    """Show what the server sends until it says `exit`; whatever else ends it is a failure."""
    try:
        for line in connection:
            if line == EXIT:
                screen.note("the server has ended the conversation")
                stop.ring()
                return
            screen.show(line)
        if not stop.is_set():
            stop.fail(Failure("server lost: it closed the connection"))
    except BadLine as bad:
        stop.fail(Failure(f"server lost: {bad}"))
    except Failure as failure:
        stop.fail(failure)


if __name__ == "__main__":
    run_client(main)
