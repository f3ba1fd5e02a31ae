"""The socket helper: what every program of the course must do right and no lesson is about.

    lines.py       bytes <-> lines: framing, no input or output
    connection.py  lines over one TCP connection
    farewell.py    leaving politely: the last word is heard before the connection is closed
    sockets.py     listening, accepting, connecting
    stop.py        the bell that ends a program: Ctrl+C, a failure, the last word
    terminal.py    what a terminal may safely show; reading the keyboard
    announcer.py   what a server says about arrivals and departures, in order
    arguments.py   the two command lines
    program.py     from main() to an exit code

The sprints import it and never change it; a sprint that needs more writes it at home.
"""
