"""What Bedrock refuses, said of the request; nothing is sent anywhere."""

import json
from typing import Any

import pytest

from tests.emulators.converse.checks import InvalidRequest, read_request, reasoning_signature

CALCULATOR = {"toolSpec": {"name": "calculator", "inputSchema": {"json": {"type": "object"}}}}
USE = {"toolUse": {"toolUseId": "t1", "name": "calculator", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "4"}]}}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks or ({"text": "Hi"},))}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks or ({"text": "Hello"},))}


def request(*messages: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"messages": list(messages), **more}).encode()


def thinking(signature: str) -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": signature}}}


def test_a_whole_conversation_is_taken() -> None:
    body = request(
        user({"text": "Look"}, {"image": {"format": "png", "source": {"bytes": "aGk="}}}),
        assistant(thinking(reasoning_signature("Hm.")), USE),
        user(RESULT, {"cachePoint": {"type": "default"}}),
        system=[{"text": "Be short."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
        toolConfig={"tools": [CALCULATOR], "toolChoice": {"auto": {}}},
        inferenceConfig={"maxTokens": 100, "temperature": 0.5, "topP": 1},
    )
    read = read_request(body)
    assert (read.tool_names, [message.role for message in read.messages]) == (
        ["calculator"],
        ["user", "assistant", "user"],
    )


TOOLS = {"tools": [CALCULATOR]}
REFUSED = {
    "no JSON": (b"{", "Malformed input request"),
    "no message": (request(), "length >= 1"),
    "an unknown field": (request(user(), temperature=1), "unknown field `temperature`"),
    "two members in a block": (request(user({"text": "a"} | RESULT)), "exactly one member"),
    "an empty block": (request(user({})), "exactly one member must be set, not 0"),
    "an unknown role": (request({"role": "system", "content": [{"text": "a"}]}), "Invalid enum"),
    "bytes that are no base64": (
        request(user({"image": {"format": "png", "source": {"bytes": "!"}}})),
        "Invalid base64",
    ),
    "the assistant first": (request(assistant(), user()), "start with a user message"),
    "the assistant last": (request(user(), assistant()), "assistant message prefill"),
    "two users in a row": (request(user(), user()), "must alternate"),
    "blank text": (request(user({"text": " \n"})), "messages.0.content.0 is blank"),
    "a picture from the assistant": (
        request(user(), assistant({"image": {"format": "png", "source": {"bytes": ""}}}), user()),
        "a message of the assistant cannot hold image",
    ),
    "a document without words": (
        request(user({"document": {"name": "a", "source": {"bytes": "aGk="}}})),
        "must hold a text block too",
    ),
    "reasoning with another's signature": (
        request(user(), assistant(thinking("bm8=")), user()),
        "Invalid `signature` in `thinking` block",
    ),
    "a use without a result": (
        request(user(), assistant(USE), user(), toolConfig=TOOLS),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    ),
    "a result without a use": (
        request(user(), assistant(), user(RESULT), toolConfig=TOOLS),
        "exceeds the number of toolUse blocks of previous turn: t1",
    ),
    "two uses of one id": (
        request(user(), assistant(USE, USE), user(RESULT), toolConfig=TOOLS),
        "duplicate toolUse",
    ),
    "tools that are not offered": (
        request(user(), assistant(USE), user(RESULT)),
        "toolConfig field must be defined",
    ),
    "two tools of one name": (
        request(user(), toolConfig={"tools": [CALCULATOR] * 2}),
        "duplicate tool names",
    ),
    "a tool that takes no object": (
        request(
            user(),
            toolConfig={"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {}}}}]},
        ),
        "must be one of: object",
    ),
    "a tool with a space in its name": (
        request(
            user(),
            toolConfig={"tools": [{"toolSpec": {"name": "a b", "inputSchema": {"json": {}}}}]},
        ),
        "matching regex",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused(case: str) -> None:
    body, message = REFUSED[case]
    with pytest.raises(InvalidRequest) as refused:
        read_request(body)
    assert message in str(refused.value)
    assert (refused.value.refusal.status, refused.value.refusal.code) == (
        400,
        "ValidationException",
    )
