"""The protobuf messages of AG-UI 1.0, described in one table.

They are those of ``@ag-ui/proto`` (https://github.com/ag-ui-protocol/ag-ui), except that objects
are lists of entries, which is the same on the wire: the library's own have no order. The library is
loaded when it is needed: it is 20 MB that servers without such clients need not pay for.
"""

import functools
from typing import Any

from msgspec import Struct


class Member(Struct, frozen=True):
    """A member of a message; ``kind`` is a message or a key of the simple kinds below."""

    name: str
    kind: str
    repeated: bool


# The arms of ``Event`` in order: type, number in the enum ``EventType``, members from field 2 on.
# A member is written name:kind, text where no kind is given, with a star if it is repeated.
_EVENTS = (
    ("TEXT_MESSAGE_START", 0, "messageId role name subagentRunId"),
    ("TEXT_MESSAGE_CONTENT", 1, "messageId delta subagentRunId"),
    ("TEXT_MESSAGE_END", 2, "messageId subagentRunId"),
    ("TOOL_CALL_START", 3, "toolCallId toolCallName parentMessageId subagentRunId"),
    ("TOOL_CALL_ARGS", 4, "toolCallId delta subagentRunId"),
    ("TOOL_CALL_END", 5, "toolCallId subagentRunId"),
    ("STATE_SNAPSHOT", 6, "snapshot:Value subagentRunId"),
    ("STATE_DELTA", 7, "delta:JsonPatchOperation* subagentRunId"),
    ("MESSAGES_SNAPSHOT", 8, "messages:Message*"),
    ("RAW", 9, "event:Value source subagentRunId"),
    ("CUSTOM", 10, "name value:Value subagentRunId"),
    ("RUN_STARTED", 11, "threadId runId parentRunId input:RunAgentInput protocolVersion"),
    (
        "RUN_FINISHED",
        12,
        "threadId runId result:Value outcome interrupts:Interrupt* usage:Usage* "
        "pendingToolCallIds*",
    ),
    ("RUN_ERROR", 13, "code message usage:Usage*"),
    ("STEP_STARTED", 14, "stepName subagentRunId"),
    ("STEP_FINISHED", 15, "stepName subagentRunId"),
    ("TEXT_MESSAGE_CHUNK", 19, "messageId role delta name subagentRunId"),
    ("TOOL_CALL_CHUNK", 20, "toolCallId toolCallName parentMessageId delta subagentRunId"),
    (
        "SUBAGENT_STARTED",
        16,
        "subagentRunId name description parentSubagentRunId parentToolCallId parentMessageId",
    ),
    ("SUBAGENT_FINISHED", 17, "subagentRunId result:Value outcome interruptIds*"),
    ("SUBAGENT_ERROR", 18, "subagentRunId message code"),
    (
        "TOOL_CALL_RESULT",
        21,
        "subagentRunId messageId toolCallId content role contentParts:InputContent*",
    ),
    (
        "ACTIVITY_SNAPSHOT",
        22,
        "subagentRunId messageId activityType content:Struct replace:bool",
    ),
    ("ACTIVITY_DELTA", 23, "subagentRunId messageId activityType patch:JsonPatchOperation*"),
    ("REASONING_START", 24, "subagentRunId messageId"),
    ("REASONING_MESSAGE_START", 25, "subagentRunId messageId role"),
    ("REASONING_MESSAGE_CONTENT", 26, "subagentRunId messageId delta"),
    ("REASONING_MESSAGE_END", 27, "subagentRunId messageId"),
    ("REASONING_MESSAGE_CHUNK", 28, "subagentRunId messageId delta"),
    ("REASONING_END", 29, "subagentRunId messageId"),
    ("REASONING_ENCRYPTED_VALUE", 30, "subagentRunId subtype entityId encryptedValue"),
)

MESSAGES = {
    "Event": " ".join(f"{name}:{name}" for name, _, _ in _EVENTS),
    **{name: f"baseEvent:BaseEvent {members}" for name, _, members in _EVENTS},
    "BaseEvent": "type:EventType timestamp:int rawEvent:Value metadata:Struct",
    "Usage": (
        "provider model inputTokens:int outputTokens:int totalTokens:int reasoningTokens:int "
        "cachedInputTokens:int cacheWriteInputTokens:int"
    ),
    "Interrupt": (
        "id reason message toolCallId responseSchema:Value expiresAt metadata:Value subagentRunId"
    ),
    "JsonPatchOperation": "op:Operation path from value:Value",
    "Message": (
        "id role content name toolCalls:ToolCall* toolCallId error contentParts:InputContent* "
        "metadata:Struct subagentRunId encryptedValue activityType activityContent:Struct"
    ),
    "ToolCall": "id type function:Function metadata:Struct encryptedValue",
    "Function": "name arguments",
    "InputContent": "text:TextPart image:Medium audio:Medium video:Medium document:Medium",
    "TextPart": "text id metadata:Value",
    "Medium": "source:Source metadata:Value id",
    "Source": "data:Data url:Data file:File",
    "Data": "value mimeType",
    "File": "value provider mimeType",
    "RunAgentInput": (
        "threadId runId parentRunId state:Value messages:Message* tools:Tool* context:Context* "
        "forwardedProps:Value resume:ResumeEntry* protocolVersion"
    ),
    "Tool": "name description parameters:Value metadata:Struct",
    "Context": "description value",
    "ResumeEntry": "interruptId status payload:Value metadata:Struct",
    # google.protobuf.Struct as it is on the wire; the library's own has a map without order.
    "Struct": "fields:Entry*",
    "Entry": "key value:Value",
    "Value": "null:int number:double text bool:bool object:Struct list:List",
    "List": "values:Value*",
}

EVENT_TYPES = {name: number for name, number, _ in _EVENTS}
OPERATIONS = {"add": 0, "remove": 1, "replace": 2, "move": 3, "copy": 4, "test": 5}


def members(message: str) -> list[Member]:
    """Read the members of a message in the order of their field numbers, from 1 on."""
    read = []
    for member in MESSAGES[message].split():
        name, _, kind = member.rstrip("*").partition(":")
        read.append(Member(name, kind or "text", repeated=member.endswith("*")))
    return read


@functools.cache
def event_class() -> Any:
    """Make the class of ``Event`` from the table.

    Every member has explicit presence (``proto2``): what an event says is written, be it empty.
    """
    from google.protobuf import (  # type: ignore[import-untyped]  # noqa: PLC0415
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    field = descriptor_pb2.FieldDescriptorProto
    simple = {
        "text": field.TYPE_STRING,
        "int": field.TYPE_INT64,
        "bool": field.TYPE_BOOL,
        "double": field.TYPE_DOUBLE,
        "EventType": field.TYPE_INT32,
        "Operation": field.TYPE_INT32,
    }
    file = descriptor_pb2.FileDescriptorProto(name="ag_ui.proto", package="ag_ui", syntax="proto2")
    for message in MESSAGES:
        described = file.message_type.add(name=message)
        for number, member in enumerate(members(message), 1):
            added = described.field.add(name=member.name, number=number)
            added.label = field.LABEL_REPEATED if member.repeated else field.LABEL_OPTIONAL
            if member.kind in simple:
                added.type = simple[member.kind]
            else:
                added.type_name = f".ag_ui.{member.kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ag_ui.Event"))
