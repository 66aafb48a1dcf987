"""What is remembered of one conversation, and how it is packed while nobody uses it.

Most conversations wait: packed, a short one takes a quarter of the memory of its objects, its size
is known exactly, and it can be kept anywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder, Ext
from strands.types.content import Message

from gateway.agents.history import from_strands, message_id
from gateway.agents.interrupts import Suspended
from protocols.contract import inputs
from protocols.contract.inputs import ToolResult
from tools.plain import plain_text

_FORM = 1
_LARGE_INTEGER = 1


class Memory(Struct, kw_only=True, array_like=True):
    """One conversation, as it is worked with.

    ``messages`` are those of strands (their types are more than msgspec can check); ``told`` is the
    last message that the client which owns the history (AG-UI) was told of: what other wires said
    since then is shown to it with its next turn. ``suspended`` is a turn that waits for answers of
    the user.
    """

    form: int = _FORM
    messages: list[Any] = msgspec.field(default_factory=list)
    state: dict[str, Any] = msgspec.field(default_factory=dict)
    told: str | None = None
    suspended: Suspended | None = None
    told_blocks: int | None = None

    def tell(self) -> None:
        """Note that the client which owns the history was told of all."""
        last = self.messages[-1] if self.messages else None
        self.told = None if last is None else message_id(last)
        self.told_blocks = None if last is None else len(last["content"])

    def unseen(self, known: Sequence[inputs.Message] = ()) -> tuple[inputs.Message, ...]:
        """What the client that owns the history was not told yet.

        It was told of what it has (``known``), though that turn may have failed. What is said after
        answers of the client's tools is in one message with them.
        """
        ids = [message_id(message) for message in self.messages]
        first = ids.index(self.told) if self.told in ids else -1
        added = _added(self.messages[first], self.told_blocks) if first >= 0 else []
        names = {each.id for each in known}.union(*map(_answered, known))
        return tuple(
            message
            for message in from_strands([*added, *self.messages[first + 1 :]])
            if names.isdisjoint({message.id, *_answered(message)})
        )


def _added(message: Message, told_blocks: int | None) -> list[Message]:
    """Give what was added to a message after it was told, as a message of its own."""
    more = [] if told_blocks is None else message["content"][told_blocks:]
    identifier = f"{message_id(message)}-{told_blocks}"
    return [{"role": message["role"], "content": more, "tracking_id": identifier}] if more else []


def _answered(message: inputs.Message) -> set[str]:
    """Name the calls that a message answers: answers have other identifiers with a client."""
    return {part.tool_call_id for part in message.content if isinstance(part, ToolResult)}


class UnreadableMemory(Exception):
    """These bytes were not packed here, or by a version of the gateway that packed otherwise."""


def pack(memory: Memory) -> bytes:
    """Write a memory as bytes (MessagePack); counts and marks of the models are left out."""
    lean = msgspec.structs.replace(memory, messages=[_lean(each) for each in memory.messages])
    try:
        return _ENCODER.encode(lean)
    except (OverflowError, UnicodeEncodeError):
        plain = msgspec.to_builtins(lean, builtin_types=(bytes,), enc_hook=str)
        return _ENCODER.encode(_writable(plain))


def unpack(packed: bytes) -> Memory:
    """Read what ``pack`` wrote; it is the caller's own.

    Raises:
        UnreadableMemory: it was not written by this form of ``pack``.
    """
    try:
        memory = _DECODER.decode(packed)
    except msgspec.MsgspecError as error:
        raise UnreadableMemory from error
    if memory.form != _FORM:
        raise UnreadableMemory
    return memory


def _lean(message: Message) -> Any:
    return {
        "role": message["role"],
        "content": message["content"],
        "tracking_id": message_id(message),
    }


def _writable(value: Any) -> Any:
    """MessagePack ends at 64 bits and knows whole characters only; JSON and Python do not."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, Mapping):
        return {_writable(name): _writable(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_writable(each) for each in value]
    if isinstance(value, int) and value.bit_length() > 63:
        return Ext(_LARGE_INTEGER, str(value).encode())
    return value


def _extension(code: int, data: memoryview) -> Any:
    if code != _LARGE_INTEGER:
        raise ValueError
    return int(bytes(data))


_ENCODER = Encoder(enc_hook=str)
_DECODER = Decoder(Memory, ext_hook=_extension)
