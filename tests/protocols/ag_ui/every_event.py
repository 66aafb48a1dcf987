"""Each event of AG-UI 1.0 twice: with what it must have, and with everything it may have."""

from typing import Any

TREE: dict[str, Any] = {
    "zulu": [1, -2.5, True, None, {"alpha": {}, "beta": []}, "x"],
    "": "",
    "alpha": 0,
}
_OWNER = {"subagentRunId": "sub"}
STATES: list[Any] = [TREE, {}, [], None, False, 0, -0.5, "", "text"]
_BASE = {"timestamp": 1764000000123, "rawEvent": {"from": ["provider", None]}, "metadata": TREE}
_SOURCES: list[dict[str, Any]] = [
    {"type": "data", "value": "AAEC", "mimeType": "image/png"},
    {"type": "url", "value": "https://example.com/a.png"},
    {"type": "url", "value": "https://example.com/a.png", "mimeType": "image/png"},
    {"type": "file", "value": "f-1", "provider": "openai", "mimeType": "image/png"},
]
PARTS: list[dict[str, Any]] = [
    {"type": "text", "text": "look"},
    {"type": "text", "text": "", "id": "p", "metadata": {"k": [1]}},
    *({"type": "image", "source": source} for source in _SOURCES),
    *(
        {"type": kind, "source": _SOURCES[0], "id": "p", "metadata": [kind]}
        for kind in ("image", "audio", "video", "document")
    ),
]
_MESSAGE: dict[str, Any] = {"metadata": TREE, "subagentRunId": "sub"}
_SEALED: dict[str, Any] = _MESSAGE | {"encryptedValue": "sealed"}
_CALL = {"type": "function", "function": {"name": "find", "arguments": '{"broken'}}
MESSAGES: list[dict[str, Any]] = [
    {"id": "1", "role": "developer", "content": "d"},
    {"id": "2", "role": "system", "content": "", "name": "n", **_SEALED},
    {"id": "3", "role": "user", "content": "question", "name": "n", **_SEALED},
    {"id": "4", "role": "user", "content": PARTS},
    {"id": "5", "role": "user", "content": []},
    {"id": "6", "role": "assistant"},
    {
        "id": "7",
        "role": "assistant",
        "content": "answer",
        "name": "n",
        "toolCalls": [
            {"id": "c1", **_CALL},
            {"id": "c2", **_CALL, "metadata": {"k": 1}, "encryptedValue": "sealed"},
        ],
        **_SEALED,
    },
    {"id": "8", "role": "tool", "toolCallId": "c1", "content": "found", "error": "e", **_SEALED},
    {"id": "9", "role": "tool", "toolCallId": "c2", "content": PARTS[:1]},
    {"id": "10", "role": "activity", "activityType": "plan", "content": {}},
    {"id": "11", "role": "activity", "activityType": "plan", "content": TREE, **_MESSAGE},
    {"id": "12", "role": "reasoning", "content": "because", **_SEALED},
]
PATCH: list[dict[str, Any]] = [
    {"op": "add", "path": "/a", "value": TREE},
    {"op": "add", "path": "", "value": None},
    {"op": "remove", "path": "/a"},
    {"op": "replace", "path": "/a", "value": False},
    {"op": "move", "path": "/b", "from": "/a"},
    {"op": "copy", "path": "/c", "from": ""},
    {"op": "test", "path": "/d", "value": 0},
]
USAGE: list[dict[str, Any]] = [
    {},
    {
        "provider": "bedrock",
        "model": "claude",
        "inputTokens": 12,
        "outputTokens": 0,
        "totalTokens": 12,
        "reasoningTokens": 2**40,
        "cachedInputTokens": 3,
        "cacheWriteInputTokens": 4,
    },
]
_INTERRUPTS: list[dict[str, Any]] = [
    {"id": "i1", "reason": "approval"},
    {
        "id": "i2",
        "reason": "input",
        "message": "May I?",
        "toolCallId": "c1",
        "responseSchema": {"type": "boolean"},
        "expiresAt": "2027-01-01T00:00:00Z",
        "metadata": TREE,
        "subagentRunId": "sub",
    },
]
INPUT: dict[str, Any] = {
    "threadId": "t",
    "runId": "r",
    "protocolVersion": "1.0",
    "parentRunId": "r0",
    "state": TREE,
    "messages": MESSAGES,
    "tools": [
        {"name": "find", "description": "Finds."},
        {"name": "go", "description": "", "parameters": {"type": "object"}, "metadata": {"k": 1}},
    ],
    "context": [{"description": "place", "value": "Berlin"}],
    "forwardedProps": TREE,
    "resume": [
        {"interruptId": "i1", "status": "cancelled"},
        {"interruptId": "i2", "status": "resolved", "payload": TREE, "metadata": {"k": 1}},
    ],
}

_RUN = {"threadId": "t", "runId": "r"}
_TEXT = {"messageId": "m"}
_TOOL = {"toolCallId": "c"}

# By type: what it must have, and what it may have beside the members that all may have.
MEMBERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("RUN_STARTED", _RUN, {"protocolVersion": "1.0", "parentRunId": "r0", "input": INPUT}),
    ("RUN_FINISHED", _RUN, {"result": TREE, "outcome": {"type": "success"}, "usage": USAGE}),
    ("RUN_FINISHED", _RUN, {"outcome": {"type": "success", "pendingToolCallIds": ["c", "d"]}}),
    ("RUN_FINISHED", _RUN, {"outcome": {"type": "interrupt", "interrupts": _INTERRUPTS}}),
    ("RUN_FINISHED", _RUN, {"outcome": {"type": "cancelled"}, "usage": USAGE[1:]}),
    ("RUN_ERROR", {"message": "No."}, {"code": "AGENT_ERROR", "usage": USAGE}),
    ("STEP_STARTED", {"stepName": "s"}, _OWNER),
    ("STEP_FINISHED", {"stepName": "s"}, _OWNER),
    ("TEXT_MESSAGE_START", _TEXT, {"role": "user", "name": "n", **_OWNER}),
    ("TEXT_MESSAGE_CONTENT", {**_TEXT, "delta": "Hello"}, _OWNER),
    ("TEXT_MESSAGE_CONTENT", {**_TEXT, "delta": ""}, {}),
    ("TEXT_MESSAGE_END", _TEXT, _OWNER),
    ("TEXT_MESSAGE_CHUNK", {}, {**_TEXT, "role": "user", "name": "n", "delta": "d", **_OWNER}),
    ("TOOL_CALL_START", {**_TOOL, "toolCallName": "f"}, {"parentMessageId": "m", **_OWNER}),
    ("TOOL_CALL_ARGS", {**_TOOL, "delta": '{"a":'}, _OWNER),
    ("TOOL_CALL_END", _TOOL, _OWNER),
    (
        "TOOL_CALL_CHUNK",
        {},
        {**_TOOL, "toolCallName": "f", "parentMessageId": "m", "delta": "{}", **_OWNER},
    ),
    ("TOOL_CALL_RESULT", {**_TEXT, **_TOOL, "content": ""}, {"role": "tool", **_OWNER}),
    ("TOOL_CALL_RESULT", {**_TEXT, **_TOOL, "content": PARTS}, {"role": "tool"}),
    ("TOOL_CALL_RESULT", {**_TEXT, **_TOOL, "content": []}, {}),
    *(("STATE_SNAPSHOT", {"snapshot": state}, _OWNER) for state in STATES),
    ("STATE_DELTA", {"delta": PATCH}, _OWNER),
    ("STATE_DELTA", {"delta": []}, {}),
    ("MESSAGES_SNAPSHOT", {"messages": MESSAGES}, {}),
    ("MESSAGES_SNAPSHOT", {"messages": []}, {}),
    (
        "ACTIVITY_SNAPSHOT",
        {**_TEXT, "activityType": "plan", "content": TREE},
        {"replace": False, **_OWNER},
    ),
    ("ACTIVITY_SNAPSHOT", {**_TEXT, "activityType": "plan", "content": {}}, {"replace": True}),
    ("ACTIVITY_DELTA", {**_TEXT, "activityType": "plan", "patch": PATCH}, _OWNER),
    ("RAW", {"event": TREE}, {"source": "bedrock", **_OWNER}),
    ("RAW", {"event": None}, {}),
    ("CUSTOM", {"name": "n", "value": TREE}, _OWNER),
    ("CUSTOM", {"name": "n", "value": None}, {}),
    ("REASONING_START", _TEXT, _OWNER),
    ("REASONING_MESSAGE_START", {**_TEXT, "role": "reasoning"}, _OWNER),
    ("REASONING_MESSAGE_CONTENT", {**_TEXT, "delta": "hm"}, _OWNER),
    ("REASONING_MESSAGE_END", _TEXT, _OWNER),
    ("REASONING_MESSAGE_CHUNK", {}, {**_TEXT, "delta": "hm", **_OWNER}),
    ("REASONING_END", _TEXT, _OWNER),
    (
        "REASONING_ENCRYPTED_VALUE",
        {"subtype": "tool-call", "entityId": "c", "encryptedValue": "sealed"},
        _OWNER,
    ),
    (
        "SUBAGENT_STARTED",
        {"subagentRunId": "sub", "name": "searcher"},
        {
            "description": "Searches.",
            "parentSubagentRunId": "sub0",
            "parentToolCallId": "c",
            "parentMessageId": "m",
        },
    ),
    ("SUBAGENT_FINISHED", _OWNER, {"result": TREE, "outcome": {"type": "success"}}),
    ("SUBAGENT_FINISHED", _OWNER, {"outcome": {"type": "suspended", "interruptIds": ["i1"]}}),
    ("SUBAGENT_ERROR", {**_OWNER, "message": "No."}, {"code": "X"}),
]


def bare() -> list[dict[str, Any]]:
    """Every event with what it must have."""
    return [{"type": kind, **required} for kind, required, _ in MEMBERS]


def full() -> list[dict[str, Any]]:
    """Every event with everything it may have."""
    return [{"type": kind, **_BASE, **required, **optional} for kind, required, optional in MEMBERS]
