"""What a sample's vocabulary consists of: pure translators from and to the native dialect.

The native wire is a promise, so a vocabulary is a table from its messages and nothing else: no
clock, no socket, no session. ``interpreting`` is the shell around it.
"""

from typing import Any, Protocol

import msgspec
from msgspec import Struct

from protocols.contract.errors import Detail, InvalidInput
from protocols.live.messages import ClientMessage
from protocols.websocket.connection import Frame

type Document = dict[str, Any]

MOST_AUDIO_BYTES = 7_200
"""PCM in one message: 9,600 characters of base64 (AWS's samples cut at 10,000), which decode alone
as they are a multiple of 3 bytes, into whole samples as they are even."""

_LONGEST_PROBLEM = 200


class Heard(Struct, frozen=True):
    """What one message of a client means.

    ``native`` goes on to the native dialect, sound as PCM16 bytes at the session's input rate;
    ``replies`` are answered at once, in the client's own vocabulary.
    """

    native: tuple[ClientMessage | bytes, ...] = ()
    replies: tuple[Document, ...] = ()


NOTHING = Heard()


class Reader(Protocol):
    """Understands a client."""

    def hear(self, frame: Frame) -> Heard:
        """Translate a message.

        Raises:
            InvalidInput: it is none of this vocabulary; the connection goes on.
        """
        ...

    @property
    def is_in_doubt(self) -> bool:
        """Whether only the next message tells what one of the client's means."""
        ...

    def settle(self) -> Heard:
        """Translate what is in doubt: nothing more comes for a while."""
        ...


class Writer(Protocol):
    """Speaks to a client."""

    def say(self, document: Document) -> list[Document]:
        """Translate a native message; nothing where the vocabulary has no word for it."""
        ...

    def play(self, pcm: bytes) -> list[Document]:
        """Write sound: PCM16 at the session's output rate."""
        ...


class Vocabulary(Struct, frozen=True):
    """Both ways. ``restarts``: a session that the client ended may be followed by another."""

    reader: Reader
    writer: Writer
    restarts: bool = False


def read_as[M](frame: Frame | str, kind: type[M]) -> M:
    """Read a JSON text as a message.

    Raises:
        InvalidInput: it is not JSON, or not of this kind.
    """
    if isinstance(frame, bytes):
        raise InvalidInput("Audio is sent as base64 in JSON here. Send text frames only.")
    try:
        return msgspec.json.decode(frame, type=kind)
    except msgspec.ValidationError as error:
        # msgspec writes "<problem> - at `<path>`", about our schema and the places of the input.
        problem, _, path = str(error).partition(" - at ")
        detail = Detail(path.strip("`") or "$", problem[:_LONGEST_PROBLEM])
        raise InvalidInput(
            f"The message is not as this vocabulary has it: {detail.problem} at {detail.path}.",
            [detail],
        ) from error
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise InvalidInput(
            "The message is not JSON that can be read. Send one JSON object in each text frame."
        ) from error


def audio_pieces(pcm: bytes) -> list[str]:
    """Cut sound into base64 texts that can each be decoded alone."""
    return [
        msgspec.to_builtins(pcm[start : start + MOST_AUDIO_BYTES])
        for start in range(0, len(pcm), MOST_AUDIO_BYTES)
    ]


def text_of(content: Any) -> str:
    """The words of a tool's result, as AG-UI shows it; what is no text is named."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part.get("text") or f"({part.get('type')})" for part in parts)
