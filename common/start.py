"""The first thing that a program does: from now on Ctrl+C ends it without a word, until it can say goodbye.

Python's own answer to Ctrl+C is a KeyboardInterrupt wherever the program happens to be. While modules are still
being imported that is a traceback, or even nothing: one thrown into a callback of the import system is lost.
"""

import signal
import sys

if (
    sys.argv[0] == "-m"
):  # so Python calls a program while it looks for it: this is no test, and no other program
    signal.signal(signal.SIGINT, signal.SIG_DFL)
