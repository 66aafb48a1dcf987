"""``{"prompt": …}`` in, a JSON reply or the run's events out (interface, section 3.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response
from msgspec import UNSET, Struct, UnsetType

from protocols.ag_ui_events import RunTranslator, new_identifier
from protocols.contract.conversations import Conversations, Turn
from protocols.contract.errors import Detail, InvalidInput, TooLarge
from protocols.contract.inputs import Content, InterruptAnswer, Media, Text, UserTurn
from protocols.failures import error_object, failure_of
from protocols.invocation import Invocation
from protocols.refusals import CallerLeft
from protocols.reply import Reply
from protocols.streaming import EVENT_STREAM, event_stream, session_headers

type ReadContent = Callable[[Any], tuple[Content, ...]]
"""Reads a list of AG-UI content parts; raises ``InvalidInput``."""

type ReadAnswers = Callable[[list[Any]], tuple[InterruptAnswer, ...]]
"""Reads a list of AG-UI resume entries; raises ``InvalidInput``."""

type OpenAttachments = Callable[[UserTurn], Awaitable[UserTurn]]
"""Opens what the parts only point to; raises nothing."""


class Prompt(Struct, frozen=True):
    """The body of a request; members not named here are left to the caller."""

    prompt: str | list[Any]
    resume: list[Any] = []
    session_id: str | UnsetType = UNSET


class PromptProtocol:
    """The door's default: a prompt.

    Args:
        read_content: reads prompts that are lists of AG-UI content parts.
        read_answers: reads answers to what an earlier turn asked (AG-UI resume entries).
        open_attachments: opens what they point to.
        max_text_bytes: longest prompt, in UTF-8.
        keep_alive_seconds: silence after which an event stream sends a comment.
        in_band: whether errors travel under HTTP 200.
    """

    name = "http"

    def __init__(
        self,
        *,
        read_content: ReadContent,
        read_answers: ReadAnswers,
        open_attachments: OpenAttachments,
        max_text_bytes: int,
        keep_alive_seconds: float,
        in_band: bool,
    ) -> None:
        self._read_content = read_content
        self._read_answers = read_answers
        self._open_attachments = open_attachments
        self._max_text_bytes = max_text_bytes
        self._keep_alive_seconds = keep_alive_seconds
        self._in_band = in_band

    def accepts(self, invocation: Invocation) -> bool:
        """Anything with a prompt; whatever else came is refused with the ways to use the door."""
        return isinstance(invocation.document, dict) and "prompt" in invocation.document

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        """Answer a prompt."""
        said = await self._open_attachments(self._read(invocation.document))
        turn = await conversations.begin(invocation.session, said, "http")
        session_id = invocation.session.id
        if EVENT_STREAM in invocation.accept:
            translator = RunTranslator(session_id, new_identifier())
            return event_stream(
                turn,
                translator,
                session_id=session_id,
                keep_alive_seconds=self._keep_alive_seconds,
            )
        reply = Reply(session_id)
        await collect(turn, reply, invocation.left)
        return Response(reply.document(), status_code=200, headers=session_headers(session_id))

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        """Show an error as the error object."""
        return error_response(error, session_id, in_band=self._in_band)

    def _read(self, document: Any) -> UserTurn:
        try:
            asked = msgspec.convert(document, Prompt)
        except msgspec.ValidationError as error:
            raise invalid("prompt must be a string or a list of content parts", error) from None
        answers = self._read_answers(asked.resume)
        return UserTurn(content=self._content(asked, may_be_empty=bool(answers)), answers=answers)

    def _content(self, asked: Prompt, *, may_be_empty: bool) -> tuple[Content, ...]:
        prompt = asked.prompt
        if prompt in ("", []) and may_be_empty:
            return ()
        content = self._read_content(prompt) if isinstance(prompt, list) else (Text(prompt),)
        if not any(isinstance(part, Media) or part.text.strip() for part in content):
            raise InvalidInput(
                "The prompt is empty. Say something.", [Detail("$.prompt", "is empty")]
            )
        texts = (part.text for part in content if isinstance(part, Text))
        if sum(len(text.encode()) for text in texts) > self._max_text_bytes:
            raise TooLarge(
                f"The prompt is longer than {self._max_text_bytes} bytes "
                "(GATEWAY_MAX_TEXT_BYTES). Send less."
            )
        return content


async def collect(turn: Turn, reply: Reply, left: Callable[[], Awaitable[None]]) -> None:
    """Fold a turn into its reply, and close it; at once if the caller leaves.

    Raises:
        CallerLeft: the caller left; nobody will read it.
        GatewayError: whatever the turn raises.
    """
    folding = asyncio.create_task(_fold(turn, reply))
    leaving = asyncio.ensure_future(left())
    try:
        await asyncio.wait({folding, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not folding.done():
            raise CallerLeft("The caller left before the answer was complete.")
        folding.result()
    finally:
        folding.cancel()
        leaving.cancel()
        await asyncio.wait({folding, leaving})
        await turn.aclose()


async def _fold(turn: Turn, reply: Reply) -> None:
    async for event in turn:
        reply.add(event)


def error_response(error: Exception, session_id: str, *, in_band: bool) -> Response[Any]:
    """Show an error that came before the answer was started."""
    failure = failure_of(error)
    status = 200 if in_band else failure.http
    return Response(error_object(error), status_code=status, headers=session_headers(session_id))


def invalid(message: str, error: msgspec.ValidationError) -> InvalidInput:
    """Turn a fault that msgspec found into an error with the path of the fault."""
    problem, _, path = str(error).partition(" - at `")
    return InvalidInput(f"{message}.", [Detail(path.rstrip("`") or "$", problem)])
