"""Programs that more than one test of the grader plays with, in Python, as a submission has them."""

SILENT = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
taken = []
while True:
    taken.append(listener.accept()[0])
"""
"""A server that lets everybody in, and says nothing."""
