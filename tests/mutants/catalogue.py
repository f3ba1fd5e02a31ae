"""Programs that are wrong on purpose, each in one way, with the check that is about it and the cause to be named.

A patch changes a few words of a reference program; a C mutant is one of the programs in c/, which are honest, with a
BUG compiled in. `SERVER` and `CLIENT` stand for the sprint's own files.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patch:
    """One change of a reference program."""

    sprint: int
    name: str
    file: str
    old: str
    new: str
    check: str
    cause: str = ""
    options: str = ""  # what the server's command line says besides


@dataclass(frozen=True)
class Compiled:
    """One of the programs in C: a server, and what both are compiled with."""

    sprint: int
    name: str
    flags: str
    check: str = ""  # the check that is about its bug; none: it is honest
    cause: str = ""
    client: str = "./client {host} {port}"


def everywhere(
    name: str, file: str, old: str, new: str, checks: tuple[str, str, str], cause: str = ""
) -> list[Patch]:
    """Return the same patch for all three sprints, each with the check that is about it."""
    return [
        Patch(sprint, name, file, old, new, f"s{sprint}-{check}", cause)
        for sprint, check in enumerate(checks, 1)
        if check
    ]


FRAMING = ("framing", "framing", "framing")
BAD_LINES = ("bad-lines", "bad-lines", "bad-lines")
SHUTDOWN = ("shutdown", "shutdown", "shutdown")
SCREEN = ("client-screen", "client-screen", "client-hostile")
CODES = ("client-codes", "client-codes", "client-codes")
EXIT_WORD = ("exit-word", "exit-word", "exit-word")

LINES, CONNECTION, SOCKETS = "common/lines.py", "common/connection.py", "common/sockets.py"
SPRINT5 = "sprint5_concurrency"
ROOM5, WIRE5, RECEPTION5 = f"{SPRINT5}/room.py", f"{SPRINT5}/protocol.py", f"{SPRINT5}/reception.py"
MEMBER5, QUEUED5, TICK5 = f"{SPRINT5}/member.py", f"{SPRINT5}/queued_member.py", f"{SPRINT5}/event_loop.py"

STOP, TERMINAL, PROGRAM = "common/stop.py", "common/terminal.py", "common/program.py"

PATCHES = [
    *everywhere(
        "no SO_REUSEADDR",
        SOCKETS,
        "SO_REUSEADDR, 1",
        "SO_REUSEADDR, 0",
        ("restart", "restart", "restart"),
        "no-reuseaddr",
    ),
    *everywhere(
        "stdout not flushed", TERMINAL, "        sys.stdout.flush()\n", "", ("ready", "ready", "counts")
    ),
    *everywhere(
        "CR kept",
        LINES,
        'raw.removesuffix(b"\\r").decode()',
        "raw.decode()",
        ("framing", "framing", "framing"),
    ),
    *everywhere(
        "a byte too many",
        LINES,
        "if len(raw) >= MAX_LINE_BYTES:",
        "if len(raw) > MAX_LINE_BYTES:",
        BAD_LINES,
    ),
    *everywhere(
        "control characters relayed",
        LINES,
        "    if control := CONTROL_CHARACTERS.search(text):\n        raise",
        "    if False and (control := CONTROL_CHARACTERS.search(text)):\n        raise",
        BAD_LINES,
    ),
    *everywhere("endless line", LINES, "if len(self._pending) > ENDLESS_BYTES:", "if False:", BAD_LINES),
    *everywhere(
        "recv is a message",
        LINES,
        "        return found\n\n    def _hold",
        "        if self._pending:\n            self._end_line(found)\n        return found\n\n    def _hold",
        FRAMING,
        "no-framing-cut",
    ),
    *everywhere(
        "bad UTF-8 replaced",
        LINES,
        'text = raw.removesuffix(b"\\r").decode()',
        'text = raw.removesuffix(b"\\r").decode(errors="replace")',
        BAD_LINES,
    ),
    *everywhere(
        "half a line taken at the end",
        CONNECTION,
        "        self.inbox.feed(chunk)",
        '        self.inbox.feed(chunk or b"\\n")',
        ("vanished", "framing", "framing"),
    ),
    *everywhere(
        "last typed line lost",
        TERMINAL,
        'self.inbox.feed(typed or b"\\n")',
        "self.inbox.feed(typed)",
        ("client-codes", "client-input", "client-input"),
    ),
    *everywhere(
        "escapes obeyed",
        TERMINAL,
        'return CONTROL_CHARACTERS.sub(lambda control: f"\\\\x{ord(control[0]):02x}", text)',
        "return text",
        SCREEN,
    ),
    *everywhere(
        "SIGTERM not handled",
        STOP,
        "SIGNALS = (signal.SIGINT, signal.SIGTERM)",
        "SIGNALS = (signal.SIGINT,)",
        SHUTDOWN,
    ),
    *everywhere(
        "second signal kills",
        STOP,
        'throw nothing into a half-done change."""',
        'throw nothing into a half-done change."""\n    signal.signal(_number, signal.SIG_DFL)',
        SHUTDOWN,
    ),
    *everywhere("Ctrl+C is no failure", PROGRAM, "SIGNAL_CODE + number if number else code", "code", CODES),
    *everywhere(
        "prompt on a pipe",
        TERMINAL,
        "self._prompting = self._on_terminal",
        "self._prompting = True",
        ("client-screen", "client-input", "client-input"),
    ),
    *everywhere("empty lines relayed", LINES, ' if line != "")', ")", FRAMING),
    *everywhere("no goodbye", "SERVER", "take_leave(", "[] and take_leave(", SHUTDOWN),
    *everywhere(
        "fin by prefix",
        "SERVER",
        "line in LEAVING",
        "str(line).startswith(LEAVING)",
        ("fin-prefix", "fin-prefix", "fin-prefix"),
        "prefix-is-fin",
    ),
    *everywhere("exit relayed", "SERVER", 'LEAVING = ("fin", EXIT)', 'LEAVING = ("fin",)', EXIT_WORD),
    *everywhere("fin relayed", "SERVER", 'LEAVING = ("fin", EXIT)', "LEAVING = (EXIT,)", EXIT_WORD),
    *everywhere(
        "accept queue of one",
        SOCKETS,
        "ACCEPT_QUEUE = 1024",
        "ACCEPT_QUEUE = 1",
        ("third", "third", "crowd"),
    ),
    *everywhere("client misses exit", "CLIENT", "if line == EXIT:", 'if line == "EXIT":', CODES),
    *everywhere(
        "server asks in a loop",
        STOP,
        "poller.poll(None if seconds is None else max(0, seconds) * 1000)",
        "poller.poll(0)",
        ("figures", "", ""),
        "busy",
    ),
    *everywhere(
        "thread asks in a loop",
        CONNECTION,
        "and self._stop.wait_for(self):\n            self.read()",
        "and not self._stop.is_set():\n            self.read()",
        ("", "threads", "threads"),
        "busy",
    ),
    *everywhere(
        "IPv4 only",
        SOCKETS,
        "socket.getaddrinfo(host, port, type",
        "socket.getaddrinfo(host, port, family=socket.AF_INET, type",
        ("ready", "ready", "usage"),
    ),
    # sprint 1
    Patch(1, "roles not swapped", "SERVER", "        self.turn = other\n", "", "s1-answer"),
    Patch(
        1,
        "echo",
        "SERVER",
        "            hearer.post(line)",
        "            hearer.post(line); speaker.post(line)",
        "s1-roles",
        "echo",
    ),
    Patch(
        1,
        "last line not given",
        "SERVER",
        "if place == self.turn and place in self.last_lines:",
        "if False:",
        "s1-last-line",
    ),
    Patch(
        1,
        "place never freed",
        "SERVER",
        "if is_leaving(client) or client.vanished:",
        "if False:",
        "s1-after-fin",
        "place-never-freed",
    ),
    Patch(
        1,
        "third one accepted",
        "SERVER",
        "if len(pair.clients) < len(OTHER):",
        "if True:",
        "s1-third",
    ),
    Patch(
        1,
        "not afresh",
        "SERVER",
        "                    self.start_afresh()",
        "                    pass",
        "s1-afresh",
    ),
    Patch(
        1,
        "ghost",
        "SERVER",
        "if is_leaving(client) or client.vanished:",
        "if self.started and (is_leaving(client) or client.vanished):",
        "s1-afresh",
    ),
    Patch(
        1,
        "server ends with a client",
        "SERVER",
        "                client.close()\n",
        "                client.close()\n                raise SystemExit\n",
        "s1-after-fin",
        "server-ended-by-fin",
    ),
    Patch(
        1,
        "line for nobody keeps the turn",
        "SERVER",
        "hearer = self.clients.get(other)\n",
        "hearer = self.clients.get(other)\n        if hearer is None:\n            return False\n",
        "s1-newcomer",
    ),
    Patch(1, "holds without bound", "SERVER", "HELD_LINES = 64", "HELD_LINES = 10**9", "s1-flood"),
    Patch(
        1,
        "client deaf at its prompt",
        "CLIENT",
        "interests: dict[Source, int] = {stop: POLLIN, self.connection: POLLIN}",
        "interests: dict[Source, int] = {stop: POLLIN} | ({} if self.role == EMI else {self.connection: POLLIN})",
        "s1-at-prompt",
    ),
    Patch(
        1,
        "emi as text changes the role",
        "CLIENT",
        "elif not self.role:",
        "elif not self.role or line in (EMI, REC):",
        "s1-client-screen",
    ),
    # sprint 2
    Patch(
        2,
        "echo",
        "SERVER",
        "pair.deliver(line, speaker, other)",
        "pair.deliver(line, speaker, 3 - other)",
        "s2-no-echo",
    ),
    Patch(
        2,
        "place never freed",
        "SERVER",
        "if self.clients.pop(place, None):",
        "if self.clients.get(place):",
        "s2-ready",
    ),
    Patch(
        2,
        "line for nobody dropped",
        "SERVER",
        "        hearer = self.wait_for_hearer(line, speaker, place)\n",
        "        hearer = self.clients.get(place)\n        if hearer is None:\n            return True\n",
        "s2-empty-place",
    ),
    Patch(
        2,
        "who gave up takes a place",
        "SERVER",
        "        if gave_up(newcomer):",
        "        if False:",
        "s2-third",
    ),
    Patch(
        2,
        "third one accepted",
        "SERVER",
        "        threads = [",
        "        threading.Thread(target=lambda: accept(listener, stop)).start()\n        threads = [",
        "s2-third",
    ),
    Patch(
        2,
        "two ghosts",
        "SERVER",
        "                if speaker.ended:\n",
        "                if False:\n",
        "s2-vanished",
        "busy",
    ),
    Patch(
        2,
        "no back-pressure",
        "SERVER",
        "hearer.send_line(line, speaker)",
        "(hearer.post(line) or True)",
        "s2-flood",
    ),
    Patch(
        2,
        "server ends with a client",
        "SERVER",
        "            pair.leave(place, newcomer, departure)",
        "            pair.leave(place, newcomer, departure)\n            stop.ring()",
        "s2-leave",
        "server-ended-by-fin",
    ),
    # sprint 3
    Patch(
        3,
        "echo",
        "SERVER",
        "client is speaker or client.outbox",
        "client.outbox",
        "s3-no-echo",
        "echo",
    ),
    Patch(
        3,
        "only to the next",
        "SERVER",
        "                client.post(line)\n",
        "                client.post(line)\n                break\n",
        "s3-three",
    ),
    Patch(3, "never taken out", "SERVER", "            self.clients.remove(client)\n", "", "s3-counts"),
    Patch(
        3,
        "sends while it holds the lock",
        "SERVER",
        "                client.post(line)\n                if client.outbox:\n                    client.hang_up()",
        "                client.send_line(line)",
        "s3-stalled",
    ),
    Patch(
        3,
        "drops single lines",
        "SERVER",
        "                    client.hang_up()",
        '                    client.outbox = b""',
        "s3-stalled",
    ),
    Patch(3, "no limit", "SERVER", "if len(self.clients) == self.max_clients:", "if False:", "s3-full"),
    Patch(
        3,
        "refuses in silence",
        "SERVER",
        '        take_leave([newcomer], f"*** server full: {room.max_clients} clients")\n',
        "        newcomer.close()\n",
        "s3-full",
    ),
    Patch(
        3,
        "descriptor kept",
        "SERVER",
        "        client.close()\n        self.announcer",
        '        client.hang_up()\n        self.kept = [*getattr(self, "kept", []), client]\n        self.announcer',
        "s3-counts",
    ),
    Patch(
        3,
        "bad line ignored",
        "SERVER",
        '        return f"was hung up on ({bad})"',
        "        return relay_lines(speaker, room)",
        "s3-bad-lines",
    ),
    Patch(
        3,
        "login in the accept loop",
        "SERVER",
        "            start_thread(newcomer, room, stop)",
        "            stop.wait_for(newcomer)\n            start_thread(newcomer, room, stop)",
        "s3-silent",
        "silent-client-blocks",
    ),
    # sprint 5
    Patch(5, "no SO_REUSEADDR", SOCKETS, "SO_REUSEADDR, 1", "SO_REUSEADDR, 0", "s5-restart", "no-reuseaddr"),
    Patch(5, "stdout not flushed", TERMINAL, "        sys.stdout.flush()\n", "", "s5-counts"),
    Patch(5, "CR kept", LINES, 'raw.removesuffix(b"\\r").decode()', "raw.decode()", "s5-limits"),
    Patch(5, "endless line", LINES, "if len(self._pending) > ENDLESS_BYTES:", "if False:", "s5-endless"),
    Patch(5, "echo", TICK5, "if self._size > start:", "if False:", "s5-relay"),
    Patch(
        5,
        "echo line by line",
        ROOM5,
        "for hearer in self.members if hearer is not member]",
        "for hearer in self.members]",
        "s5-relay",
        options="--strategy poll_loop",
    ),
    Patch(
        5,
        "recv is a message",
        MEMBER5,
        'self._decoder = None if chunk.endswith(b"\\n") else decoder',
        'self._decoder = None; chunk = chunk.removesuffix(b"\\n") + b"\\n"',
        "s5-cut",
        "no-framing-cut",
    ),
    Patch(
        5,
        "the nameless hear",
        TICK5,
        "list(self._room.members):",
        "self._room.nameless | self._room.members:",
        "s5-silent",
    ),
    Patch(
        5,
        "trusts control characters",
        WIRE5,
        "if UNRELAYABLE.search(block.decode()):",
        "if not block.decode():",
        "s5-bad-lines",
    ),
    Patch(5, "trusts UTF-8", WIRE5, "block.decode()", 'block.decode(errors="replace")', "s5-bad-lines"),
    Patch(5, "trusts lengths", WIRE5, " or is_line_too_long(block)", "", "s5-bad-lines"),
    Patch(5, "relays nothing", WIRE5, 'b"MSG \\n" in block or ', "", "s5-errors"),
    Patch(
        5,
        "text trimmed",
        WIRE5,
        "    return word, text\n",
        "    return word, text.strip()\n",
        "s5-text",
        options="--strategy poll_loop",
    ),
    Patch(
        5,
        "unknown words are text",
        WIRE5,
        '        raise Refused("unknown-command", "a line begins with USER or MSG")',
        "        return MSG, line",
        "s5-errors",
    ),
    Patch(
        5,
        "names differ by case",
        ROOM5,
        "if name_key(name) in self._taken:",
        "if name in self._taken:",
        "s5-names",
    ),
    Patch(5, "name kept", ROOM5, "            self._taken.remove(name_key(name))\n", "", "s5-name-freed"),
    Patch(5, "no limit", ROOM5, "self.max_clients = max_clients", "self.max_clients = 10**9", "s5-full"),
    Patch(5, "silent newcomers stay", ROOM5, "if since > latest:", "if True:", "s5-name-time"),
    Patch(
        5,
        "no bound for the nameless",
        ROOM5,
        "return len(self.nameless) < MAX_NAMELESS",
        "return True",
        "s5-nameless",
    ),
    Patch(
        5,
        "announces newcomers",
        ROOM5,
        "        self.nameless[member] = self._clock()\n",
        '        self.nameless[member] = self._clock()\n        self.notes.append("somebody, 0 present")\n',
        "s5-counts",
    ),
    Patch(
        5,
        "waits for a slow reader",
        MEMBER5,
        "sock.setblocking(False)",
        "sock.setblocking(True)",
        "s5-stalled",
    ),
    Patch(
        5,
        "outbox without bound",
        QUEUED5,
        "return len(self.outbox) <= UNSENT_BYTES",
        "return True",
        "s5-stalled",
    ),
    Patch(
        5,
        "drops single lines",
        QUEUED5,
        '            self.outbox = b"".join((self.outbox, *parts))[sent:]\n',
        "",
        "s5-stalled",
    ),
    Patch(
        5,
        "spins without descriptors",
        RECEPTION5,
        "if error.errno in OUT_OF_RESOURCES:",
        "if False:",
        "s5-descriptors",
    ),
    Patch(
        5,
        "leaves in silence",
        RECEPTION5,
        "        self.tell(self.room.end())\n",
        "        self.going |= dict.fromkeys(each.recipient for each in self.room.end())\n",
        "s5-shutdown",
    ),
    Patch(
        5,
        "closes with bytes unread",
        MEMBER5,
        "        self._shut_down(socket.SHUT_WR)",
        "        self.socket.close()",
        "s5-full",
    ),
    Patch(
        5,
        "descriptor kept",
        TICK5,
        "        selector.unregister(member)\n        member.close()\n",
        '        selector.unregister(member)\n        tick.kept = [*getattr(tick, "kept", []), member]\n',
        "s5-counts",
    ),
    Patch(
        5,
        "busy loop without a pause",
        f"{SPRINT5}/busy_loop.py",
        "        stop.wait(PAUSE_SECONDS)\n",
        "",
        "s5-idle",
        "busy",
        options="--strategy busy_loop",
    ),
    Patch(
        5,
        "a thread of the pool keeps its client",
        f"{SPRINT5}/thread_pool.py",
        "        done.put((member, reception.hear(member)))\n",
        "        while reception.hear(member):\n            continue\n        done.put((member, False))\n",
        "s5-relay",
        "busy",
        options="--strategy thread_pool",
    ),
    Patch(
        5,
        "one thread ends with its client's first silence",
        f"{SPRINT5}/thread_per_client.py",
        "        if not reception.hear(member):\n            member.close()\n            return\n",
        "        reception.hear(member)\n        return\n",
        "s5-relay",
        options="--strategy thread_per_client",
    ),
]

HONEST = [
    Compiled(1, "NUL at the end", "-DWIRE=0"),
    Compiled(1, "length first, one byte a write", "-DWIRE=1 -DONE_BYTE_A_WRITE"),
    Compiled(1, "padded buffers, chatty", "-DWIRE=2 -DCHATTY"),
    Compiled(1, "lines, port first", "-DWIRE=3 -DPORT_FIRST", client="./client {port} {host}"),
    Compiled(2, "NUL at the end, chatty", "-DWIRE=0 -DCHATTY"),
    Compiled(2, "length first", "-DWIRE=1"),
    Compiled(2, "padded buffers, one byte a write", "-DWIRE=2 -DONE_BYTE_A_WRITE"),
    Compiled(2, "lines, slow", "-DWIRE=3 -DSLOW"),
    Compiled(3, "NUL at the end", "-DWIRE=0"),
    Compiled(3, "length first, chatty", "-DWIRE=1 -DCHATTY"),
    Compiled(3, "padded buffers, port first", "-DWIRE=2 -DPORT_FIRST", client="./client {port} {host}"),
    Compiled(3, "lines", "-DWIRE=3"),
]

FAULTY = [
    Compiled(1, "prefix", "-DBUG_PREFIX", "s1-fin-prefix", "prefix-is-fin"),
    Compiled(1, "residue", "-DBUG_RESIDUE", "s1-short-after-long", "residue"),
    Compiled(1, "SIGPIPE", "-DWIRE=1 -DBUG_SIGPIPE", "s1-killed", "sigpipe"),
    Compiled(1, "echo", "-DBUG_ECHO", "s1-answer", "echo"),
    Compiled(1, "server ends", "-DBUG_SERVER_ENDS", "s1-after-fin", "server-ended-by-fin"),
    Compiled(1, "crash", "-DBUG_CRASH", "s1-after-fin", "crash"),
    Compiled(1, "both wait", "-DBUG_BOTH_READING", "s1-first-line", "both-reading"),
    Compiled(1, "wrong port", "-DBUG_PORT", "s1-first-line", "port-not-bound"),
    Compiled(2, "no framing", "-DBUG_NO_FRAMING", "s2-joined", "no-framing-joined"),
    Compiled(2, "no framing, cut", "-DBUG_NO_FRAMING", "s2-cut", "no-framing-cut"),
    Compiled(2, "residue", "-DBUG_RESIDUE", "s2-short-after-long", "residue"),
    Compiled(2, "echo", "-DBUG_ECHO", "s2-no-echo", "echo"),
    Compiled(2, "one thread", "-DBUG_ONE_THREAD", "s2-either-first", "waits-for-keyboard"),
    Compiled(2, "not flushed", "-DBUG_NOT_FLUSHED", "s2-either-first", "not-flushed"),
    Compiled(2, "place kept", "-DBUG_PLACE_KEPT", "s2-leave", "place-never-freed"),
    Compiled(2, "fin ends all", "-DBUG_FIN_ENDS_ALL", "s2-leave", "fin-ends-everybody"),
    Compiled(2, "server ends", "-DBUG_SERVER_ENDS", "s2-leave", "server-ended-by-fin"),
    Compiled(2, "client loops", "-DBUG_CLIENT_LOOPS", "s2-server-end", "client-loops"),
    Compiled(2, "no SO_REUSEADDR", "-DBUG_NO_REUSE", "s2-restart", "no-reuseaddr"),
    Compiled(2, "no line feed", "-DWIRE=3 -DBUG_NO_NEWLINE", "s2-framing", "no-newline"),
    Compiled(2, "NUL in the line", "-DWIRE=3 -DBUG_NUL", "s2-framing", "nul-or-garbage"),
    Compiled(3, "only the next", "-DBUG_ONLY_NEXT", "s3-three"),
    Compiled(3, "three at most", "-DMOST=3", "s3-five"),
    Compiled(3, "lock kept", "-DBUG_LOCK_KEPT", "s3-leave", "lock-kept"),
    Compiled(3, "login first", "-DBUG_LOGIN_FIRST", "s3-silent", "silent-client-blocks"),
    Compiled(3, "server ends", "-DBUG_SERVER_ENDS", "s3-leave", "server-ended-by-fin"),
]
