"""A chat in the terminal: an AG-UI client over server-sent events.

Ctrl-C stops the answer being given; once more, ``/quit`` or the end of the input leaves. Without
a terminal each line of the input is one turn, and the exit code tells whether all succeeded.
"""

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from gateway.cli.address import Address
from gateway.cli.client import SESSION_HEADER, described, http_options, reaching, refusal
from gateway.cli.conversation import Conversation, new_identifier
from gateway.cli.event_stream import EventStreamReader
from gateway.cli.failures import CommandFailed
from gateway.cli.received import MessagesSnapshot, Received, RunFailed, RunFinished, decode
from gateway.cli.run_text import RunText

ACTION_SECONDS = 5.0
BUSY_SECONDS = 3.0  # a cancelled turn needs a moment to let go of its session
_BUSY_PAUSE_SECONDS = 0.1
PROMPT = "> "
BUSY = "SESSION_BUSY"


class ChatOptions(Struct, frozen=True):
    """What the command line said."""

    address: Address
    session: str | None = None
    once: str | None = None


def run(options: ChatOptions) -> int:
    """Chat until the user leaves; give the exit code."""
    conversation = Conversation(options.session or new_identifier())
    with httpx.Client(**http_options(options.address)) as client:
        chat = _Chat(options.address, client, conversation)
        if options.session is not None:
            chat.recall()
        if options.once is not None:
            return 0 if chat.turn(options.once) else 1
        if sys.stdin.isatty():
            return chat.interactive()
        succeeded = [chat.turn(line.strip()) for line in sys.stdin if line.strip()]
        return 0 if all(succeeded) else 1


class _History(Struct, frozen=True):
    messages: list[dict[str, Any]]


class _Chat:
    def __init__(self, address: Address, client: httpx.Client, conversation: Conversation) -> None:
        self._address = address
        self._client = client
        self._conversation = conversation
        self._headers = {SESSION_HEADER: conversation.thread_id, "Accept": "text/event-stream"}
        self._began = False
        self._busy_until = 0.0

    def recall(self) -> None:
        """Fetch what the session remembers: the client sends the whole history with each run.

        A server that does not tell is taken to remember nothing.
        """
        with reaching(self._address):
            response = self._post("history")
        try:
            known = msgspec.json.decode(response.content, type=_History)
        except msgspec.MsgspecError:
            return
        self._conversation.apply(MessagesSnapshot(known.messages))

    def interactive(self) -> int:
        print(f"Session {self._conversation.thread_id} at {self._address.base}")
        print("Ctrl-C stops an answer; Ctrl-C here, Ctrl-D or /quit leaves.")
        try:
            while (line := input(PROMPT).strip()) != "/quit":
                if line:
                    self.turn(line)
        except (EOFError, KeyboardInterrupt):
            print()
        return 0

    def turn(self, line: str) -> bool:
        """Ask, or answer the agent, and show what it says; tell whether it came to its end."""
        question = self._conversation.ask(line)
        if question is None:
            return True  # the agent asked for more than this
        while True:
            text = RunText()
            self._began = False
            try:
                self._ask(question, text)
            except KeyboardInterrupt:
                self._leave(text)
                print("[cancelled]")
                self._cancel()
            except CommandFailed as failure:
                if failure.code == BUSY and time.monotonic() < self._busy_until:
                    time.sleep(_BUSY_PAUSE_SECONDS)
                    continue
                self._leave(text)
                print(f"error: {failure}", file=sys.stderr)
            else:
                return True
            return False

    def _ask(self, question: dict[str, Any], text: RunText) -> None:
        with reaching(self._address), closing(self._events(question)) as events:
            for event in events:
                self._began = True
                is_known = isinstance(event, MessagesSnapshot) and self._conversation.knows(event)
                self._conversation.apply(event)
                _write("" if is_known else text.show(event))

    def _events(self, question: dict[str, Any]) -> Generator[Received]:
        with self._client.stream(
            "POST", self._address.invocations, json=question, headers=self._headers
        ) as response:
            if response.status_code != 200:
                raise refusal(response.status_code, response.read())
            yield from _decoded(response)

    def _leave(self, text: RunText) -> None:
        """End the line, and drop a question that no run has taken up: else it is asked twice."""
        _write(text.end_line())
        if not self._began:
            self._conversation.retract()

    def _cancel(self) -> None:
        """Ask the gateway to stop; it does so anyway when it notices that we are gone."""
        self._busy_until = time.monotonic() + BUSY_SECONDS
        try:
            with reaching(self._address):
                self._post("cancel")
        except CommandFailed as failure:
            print(f"error: the answer may go on: {failure}", file=sys.stderr)

    def _post(self, action: str) -> httpx.Response:
        return self._client.post(
            self._address.invocations,
            json={"action": action},
            headers=self._headers,
            timeout=ACTION_SECONDS,
        )


def _decoded(response: httpx.Response) -> Iterator[Received]:
    """Read the run up to its end.

    Raises:
        CommandFailed: the run failed, or broke off before its end.
    """
    reader = EventStreamReader()
    for piece in response.iter_bytes():
        for frame in reader.feed(piece):
            event = decode(frame)
            if isinstance(event, RunFailed):
                raise described(event.message, event.code)
            if event is not None:
                yield event
            if isinstance(event, RunFinished):
                return
    raise CommandFailed("the answer broke off; ask again")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
