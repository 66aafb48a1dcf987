"""A chat in the terminal: an AG-UI client over server-sent events.

Ctrl-C stops the answer being given; once more, ``/quit`` or the end of the input leaves. Without
a terminal each line of the input is one turn, and the exit code tells whether all succeeded.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing

import httpx
from msgspec import Struct

from gateway.cli.address import Address
from gateway.cli.client import SESSION_HEADER, described, http_options, reaching, refusal
from gateway.cli.conversation import Conversation, new_identifier
from gateway.cli.event_stream import EventStreamReader
from gateway.cli.failures import CommandFailed
from gateway.cli.received import Received, RunFailed, RunFinished, decode
from gateway.cli.run_text import RunText

CANCEL_SECONDS = 5.0
PROMPT = "> "


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
        if options.once is not None:
            return 0 if chat.turn(options.once) else 1
        if sys.stdin.isatty():
            return chat.interactive()
        succeeded = [chat.turn(line.strip()) for line in sys.stdin if line.strip()]
        return 0 if all(succeeded) else 1


class _Chat:
    def __init__(self, address: Address, client: httpx.Client, conversation: Conversation) -> None:
        self._address = address
        self._client = client
        self._conversation = conversation
        self._headers = {SESSION_HEADER: conversation.thread_id, "Accept": "text/event-stream"}
        self._began = False

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

    def turn(self, question: str) -> bool:
        """Ask and show the answer; tell whether it was given."""
        text = RunText()
        self._began = False
        try:
            with reaching(self._address), closing(self._events(question)) as events:
                for event in events:
                    self._began = True
                    self._conversation.apply(event)
                    _write(text.show(event))
        except KeyboardInterrupt:
            _write(text.end_line() + "[cancelled]\n")
            self._forget_unheard()
            self._cancel()
            return False
        except CommandFailed as failure:
            _write(text.end_line())
            self._forget_unheard()
            print(f"error: {failure}", file=sys.stderr)
            return False
        return True

    def _events(self, question: str) -> Generator[Received]:
        body = self._conversation.ask(question)
        with self._client.stream(
            "POST", self._address.invocations, json=body, headers=self._headers
        ) as response:
            if response.status_code != 200:
                raise refusal(response.status_code, response.read())
            yield from _decoded(response)

    def _forget_unheard(self) -> None:
        """Drop a question that no run has taken up, so that it is not asked again with the next."""
        if not self._began:
            self._conversation.retract()

    def _cancel(self) -> None:
        """Ask the gateway to stop; it does so anyway when it notices that we are gone."""
        try:
            with reaching(self._address):
                self._client.post(
                    self._address.invocations,
                    json={"action": "cancel"},
                    headers=self._headers,
                    timeout=CANCEL_SECONDS,
                )
        except CommandFailed as failure:
            print(f"error: the answer may go on: {failure}", file=sys.stderr)


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
