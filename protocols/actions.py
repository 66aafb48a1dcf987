"""``{"action": …}``: control and signaling requests at the door (interface, sections 3 and 5).

Answers and errors travel under HTTP 200: a managed proxy replaces the body of any other status,
and the caller of an action needs to read it.
"""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from protocols.ag_ui_history import ag_ui_messages
from protocols.contract.conversations import Conversations
from protocols.contract.errors import Detail, InvalidInput
from protocols.contract.inputs import Json
from protocols.failures import error_object
from protocols.invocation import ActionHandler, ActionRequest, Invocation
from protocols.streaming import SESSION_HEADER, session_headers


class ActionsProtocol:
    """The door for actions.

    Args:
        handlers: more actions than those of this module, by name.
    """

    name = "http"

    def __init__(self, handlers: Mapping[str, ActionHandler]) -> None:
        self._handlers: dict[str, ActionHandler] = {**_CONTROL, **handlers}

    def accepts(self, invocation: Invocation) -> bool:
        """A JSON object with a string ``action``."""
        document = invocation.document
        return isinstance(document, dict) and isinstance(document.get("action"), str)

    async def respond(self, invocation: Invocation, conversations: Conversations) -> Response[Any]:
        """Do the action."""
        handler = self._handlers.get(invocation.document["action"])
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            fault = Detail("$.action", "unknown")
            raise InvalidInput(f"No such action. Known are: {known}.", [fault])
        data = invocation.document.get("data")
        if data is not None and not isinstance(data, dict):
            raise InvalidInput("data must be an object.", [Detail("$.data", "not an object")])
        answer = await handler(
            ActionRequest(data or {}, invocation.session, invocation.session_given, conversations)
        )
        return Response(answer, status_code=200, headers=session_headers(invocation.session.id))

    def refuse(self, error: Exception, session_id: str) -> Response[Any]:
        """Show an error as the error object, under HTTP 200."""
        return Response(error_object(error), status_code=200, headers=session_headers(session_id))


async def _cancel(request: ActionRequest) -> Json:
    """Stop the session's running turn; ``cancelled`` tells whether there was one."""
    _need_session(request)
    return {"status": "success", "cancelled": request.conversations.cancel(request.session)}


async def _history(request: ActionRequest) -> Json:
    """What the session remembers, as AG-UI messages."""
    _need_session(request)
    messages = await request.conversations.history(request.session)
    return {"status": "success", "messages": ag_ui_messages(messages)}


async def _forget(request: ActionRequest) -> Json:
    """Drop the session; ``forgotten`` tells whether there was one."""
    _need_session(request)
    forgotten = await request.conversations.forget(request.session)
    return {"status": "success", "forgotten": forgotten}


_CONTROL: Mapping[str, ActionHandler] = {
    "cancel": _cancel,
    "history": _history,
    "forget": _forget,
}


def _need_session(request: ActionRequest) -> None:
    if not request.session_given:
        raise InvalidInput(f"Name the session in the header {SESSION_HEADER} or in session_id.")
