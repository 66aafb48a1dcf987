"""The AG-UI protocol at the door: a run in, its events out, as SSE or in protobuf frames."""

import asyncio
from collections.abc import Sequence
from typing import Any, override

from litestar import Request, Response
from litestar.response.base import ASGIResponse

from protocols.ag_ui import protobuf
from protocols.ag_ui.attachments import OpenAttachments, left_alone
from protocols.ag_ui.run_input import DEFAULT_LIMITS, RunInput, RunLimits, parse
from protocols.ag_ui_events import AgUiEvent, RunTranslator, is_run_input
from protocols.ag_ui_history import ag_ui_messages
from protocols.contract.conversations import Conversations
from protocols.contract.inputs import Message
from protocols.failures import failure_of
from protocols.invocation import Invocation
from protocols.streaming import SERVER_SENT, Form, event_stream, session_headers

PROTOBUF = Form(protobuf.MEDIA_TYPE, protobuf.frame)


class AgUiProtocol:
    """The door for AG-UI runs.

    Args:
        keep_alive_seconds: silence after which the stream sends a comment.
        in_band: whether errors travel under HTTP 200.
        open_attachments: opens what a run only points to; by default it is named.
        limits: how much a run may bring.
    """

    name = "agui"

    def __init__(
        self,
        *,
        keep_alive_seconds: float,
        in_band: bool,
        open_attachments: OpenAttachments = left_alone,
        limits: RunLimits = DEFAULT_LIMITS,
    ) -> None:
        self._open_attachments = open_attachments
        self._limits = limits
        self._keep_alive_seconds = keep_alive_seconds
        self._in_band = in_band

    def accepts(self, invocation: Invocation) -> bool:
        """A JSON object with ``threadId``, ``runId`` and ``messages``."""
        return is_run_input(invocation.document)

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        """Run."""
        run = parse(invocation.document, self._limits)
        form = _form(invocation.accept)
        if form is PROTOBUF:
            await asyncio.to_thread(protobuf.load)
        said = await self._open_attachments(run.said)
        turn = await conversations.begin(invocation.session, said, "agui")
        return event_stream(
            turn,
            RunTranslator(run.thread_id, run.run_id),
            session_id=invocation.session.id,
            keep_alive_seconds=self._keep_alive_seconds,
            known=known_events(run, turn.unseen),
            form=form,
        )

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        """Show an error as AgentCore's AG-UI contract does: the status, and one RUN_ERROR."""
        failed = RunTranslator("", "").fail(error)
        return _Refusal(
            failed,
            status_code=200 if self._in_band else failure_of(error).http,
            headers=session_headers(session_id),
        )


def known_events(run: RunInput, unseen: Sequence[Message]) -> list[AgUiEvent]:
    """Tell the client what was said on other wires since it was last told.

    A snapshot declares the complete conversation, so it stands in the order the model is shown: the
    client's messages, then what it had not seen, then its question.
    """
    if not unseen:
        return []
    earlier, question = list(run.messages), []
    if earlier and earlier[-1].get("role") == "user":
        question = [earlier.pop()]
    return [
        {
            "type": "MESSAGES_SNAPSHOT",
            "messages": [*earlier, *ag_ui_messages(unseen), *question],
        }
    ]


class _Refusal(Response[Any]):
    """Events in the form that the request asks for, which is known when they are sent."""

    @override
    def to_asgi_response(self, app: Any, request: Request, **options: Any) -> ASGIResponse:
        form = _form(request.headers.get("accept", ""))
        self.content, self.media_type = form.frame(self.content), form.media_type
        return super().to_asgi_response(app, request, **options)


def _form(accept: str) -> Form:
    return PROTOBUF if protobuf.is_asked_for(accept) else SERVER_SENT
