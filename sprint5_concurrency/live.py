"""The client on a terminal: one loop waits for the keys and for the server.

    keys   ---> editing ---+                     +--> screen    10:43 name: text
                           +--- conversation ----+
    server ---> link ------+                     +--> link ---> server    MSG text

Nothing here waits for one thing only, and there is one thread: so what arrives is shown between two keys, never in
the middle of one.
"""

import asyncio
import signal
from types import FrameType

from common.lines import BadLine
from common.stop import Failure, Stop, Stopped, heeded_signals
from sprint5_concurrency.conversation import Conversation, End, Leave, Message, Note, Send
from sprint5_concurrency.editing import Editing
from sprint5_concurrency.history import History, history_path
from sprint5_concurrency.loop_link import LoopLink
from sprint5_concurrency.screen import Screen
from sprint5_concurrency.terminal_mode import TerminalMode
from sprint5_concurrency.visible import visible

LOST = "server lost: it closed the connection"


def converse(host: str, port: int, reconnect: bool, stop: Stop, mode: TerminalMode) -> None:
    """Take part until the user or the server ends it. Raises Failure."""
    link = LoopLink(host, port, stop)
    try:
        asyncio.run(Live(link, reconnect, stop, mode).run())
    finally:
        link.close()


class Live:
    """One user at a terminal."""

    def __init__(self, link: LoopLink, reconnect: bool, stop: Stop, mode: TerminalMode) -> None:
        self._link = link
        self._reconnect = reconnect
        self._stop = stop
        self._typed = asyncio.Event()
        self._conversation = Conversation()
        self._editing = Editing(History(history_path()), self._type, self._tell, self._end)
        self._editing.names = self._conversation.names
        keys = self._editing.keys(mode.suspend)
        self._screen = Screen(self._editing.buffer, keys, self._prompt, self._status)

    async def run(self) -> None:
        """Talk until the bell rings."""
        self._take_signals(asyncio.get_running_loop())
        self._screen.note(f"connected to {self._link.peer}; /help tells what can be typed")
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen())
            await self._screen.run()
            self._end()
            listening.cancel()
        for line in self._link.held:
            self._screen.note(f"never sent, as the server is lost: {visible(line)}")
        await self._screen.printed()

    def _take_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let signals end the conversation in the loop; the bell cannot hear them while asyncio does."""

        def end_in_the_loop(number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._end, number)

        for number in heeded_signals():
            signal.signal(number, end_in_the_loop)

    def _end(self, number: int = 0) -> None:
        """End the conversation: for a signal, for a key that stands for one, or for none."""
        self._stop.ring_on_signals()
        if number:
            signal.raise_signal(number)
        self._stop.ring()
        self._screen.close()

    async def _listen(self) -> None:
        """Hear the server, and find it again when it is lost, until somebody ends the conversation."""
        try:
            while True:
                await self._hear_until_lost()
                await self._find_again()
        except Failure as failure:
            self._stop.fail(failure)
        except Stopped:
            self._stop.ring()
        self._end()

    async def _hear_until_lost(self) -> None:
        while (lines := await self._link.receive()) is not None:
            for line in lines:
                self._show(self._conversation.heard(line))
            await self._screen.printed()

    async def _find_again(self) -> None:
        """Wait until there is a server again, if that is wanted, and tell it all that it has missed."""
        self._link.drop()
        self._screen.draw()
        if self._conversation.is_late:
            await self._has_name()
        elif self._reconnect:
            self._screen.note(LOST)
        else:
            raise Failure(LOST)
        await self._link.find_again(self._screen.draw)
        self._screen.note(f"connected to {self._link.peer}")
        if greeting := self._conversation.greeting():
            self._link.send(greeting)
        self._link.send_held()

    async def _has_name(self) -> None:
        """Wait for a name, for longer than the server does."""
        while not self._conversation.name:
            self._typed.clear()
            await self._typed.wait()

    def _show(self, heard: Message | Note | End) -> None:
        """Show what the server says. Raises Stopped when it ends the conversation, Failure when it must."""
        match heard:
            case Message(name, text):
                self._screen.message(name, text)
            case Note(lines):
                for line in lines:
                    self._screen.note(line)
            case End(reason, is_failure):
                if is_failure:
                    raise Failure(reason)
                self._screen.note(reason)
                raise Stopped

    def _type(self, line: str) -> None:
        """Do what a typed line asks for; offer it again when that cannot be done."""
        try:
            self._obey(self._conversation.typed(line), line)
        except BadLine as bad:
            self._screen.note(f"not sent: {bad} (arrow up: the line again)")
            self._editing.history.offer(line)
        self._typed.set()

    def _obey(self, typed: Send | Note | Leave | None, line: str) -> None:
        match typed:
            case Send(message=Message() as message):
                is_sent = self._link.send(typed.line)
                self._screen.message(*message)
                self._editing.history.append_string(line)
                if not is_sent:
                    self._screen.note("the server is lost: it will be told when it is back")
            case Send(name_line):
                self._give_name(name_line)
            case Note():
                self._show(typed)
            case Leave():
                self._end()

    def _tell(self, text: str) -> None:
        self._screen.note(text)

    def _give_name(self, line: str) -> None:
        """Send the name; a lost server is given it first of all when it is back."""
        if self._link.is_connected():
            self._link.send(line)

    def _prompt(self) -> str:
        return "> " if self._conversation.name else "your name: "

    def _status(self) -> str:
        name = visible(self._conversation.name)
        return " · ".join(word for word in (self._link.peer, self._link.state, name) if word)
