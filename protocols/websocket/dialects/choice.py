"""Which dialect a connection speaks: decided once, by subprotocol or first message. Pure."""

from enum import Enum
from typing import Any

import msgspec

from protocols.ag_ui_events import is_run_input
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import Json
from protocols.live.messages import KINDS
from protocols.websocket.connection import Frame
from protocols.websocket.handshake import NATIVE_SUBPROTOCOL

_STRANDS_TYPES = {"config", "text_input"}
_STRANDS_PREFIX = "bidi_"


class Dialect(Enum):
    """The dialects served."""

    NATIVE = "native"
    AG_UI = "ag_ui"
    PROMPT = "prompt"
    STRANDS = "strands"
    SONIC = "sonic"


def choose(first: Frame, subprotocol: str | None) -> Dialect:
    """Choose by the first message.

    Raises:
        InvalidInput: it belongs to none.
    """
    if subprotocol == NATIVE_SUBPROTOCOL or isinstance(first, bytes):
        return Dialect.NATIVE
    document = read_object(first)
    kind = document.get("type")
    if isinstance(kind, str) and (dialect := _choose_by_type(kind)) is not None:
        return dialect
    if is_run_input(document):
        return Dialect.AG_UI
    if "prompt" in document:
        return Dialect.PROMPT
    if "event" in document or "body" in document:
        return Dialect.SONIC
    raise _not_understood()


def read_object(text: Frame) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidInput: it is none.
    """
    try:
        document: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise InvalidInput(
            "The message is not JSON that can be read. Send one JSON object in each text frame."
        ) from error
    if not isinstance(document, dict):
        raise InvalidInput("The message is JSON, but no object. Send one JSON object a frame.")
    return document


def _choose_by_type(kind: str) -> Dialect | None:
    if kind in KINDS:
        return Dialect.NATIVE
    if kind in _STRANDS_TYPES or kind.startswith(_STRANDS_PREFIX):
        return Dialect.STRANDS
    return None


def _not_understood() -> InvalidInput:
    return InvalidInput(
        'The first message chooses the dialect and was not understood. Send {"type": '
        '"session.start"} or another gateway.v1 message, an AG-UI run (threadId, runId, '
        'messages), {"prompt": "…"}, a binary frame of PCM16 audio, or what the samples of AWS '
        'begin with: {"type": "config"} or {"event": {"sessionStart": {…}}}.'
    )
