"""What Bedrock refuses of a Converse request beyond its shape; pure."""

import base64
import hmac
from itertools import pairwise

import msgspec
from msgspec import UNSET, UnsetType

from tests.emulators.converse.shapes import Block, ConverseRequest, Message, Reasoning, ToolConfig
from tests.emulators.scripting import Refusal

_SIGNING_SECRET = b"reasoning of the emulator"


class InvalidRequest(Exception):
    """Bedrock would answer with a ValidationException; the text is its message."""

    @property
    def refusal(self) -> Refusal:
        """The answer."""
        return Refusal(400, "ValidationException", str(self))


def reasoning_signature(text: str) -> str:
    """Sign reasoning, so that it can be seen whether it comes back unchanged."""
    return base64.b64encode(hmac.digest(_SIGNING_SECRET, text.encode(), "sha256")).decode()


def read_request(body: bytes) -> ConverseRequest:
    """Decode and check the body of a request.

    Raises:
        InvalidRequest: Bedrock would refuse it.
    """
    try:
        request = msgspec.json.decode(body, type=ConverseRequest)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"Malformed input request: {error}") from error
    _check_roles(request.messages)
    for index, message in enumerate(request.messages):
        for position, block in enumerate(message.content):
            _check_block(message, block, f"messages.{index}.content.{position}")
    _check_tool_turns(request)
    _check_tools(request)
    return request


def _check_roles(messages: list[Message]) -> None:
    if messages[0].role != "user":
        raise InvalidRequest("A conversation must start with a user message.")
    for before, after in pairwise(messages):
        if before.role == after.role:
            raise InvalidRequest("A conversation must alternate between user and assistant roles.")
    if messages[-1].role != "user":
        raise InvalidRequest(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )


def _check_block(message: Message, block: Block, where: str) -> None:
    if isinstance(block.text, str) and not block.text.strip():
        raise InvalidRequest(f"The text field in the ContentBlock object at {where} is blank.")
    of_assistant = {"tool_use", "reasoning_content"}
    of_user = {"tool_result", "image", "document", "video", "guard_content"}
    wrong = of_assistant if message.role == "user" else of_user
    (kind,) = block.members()
    if kind in wrong:
        raise InvalidRequest(f"{where}: a message of the {message.role} cannot hold {kind}.")
    if kind == "document" and not any(isinstance(each.text, str) for each in message.content):
        raise InvalidRequest("A message with a document must hold a text block too.")
    if isinstance(block.reasoning_content, Reasoning):
        _check_reasoning(block.reasoning_content, where)


def _check_reasoning(reasoning: Reasoning, where: str) -> None:
    said = reasoning.reasoning_text
    if isinstance(said, UnsetType):
        return
    if said.signature != reasoning_signature(said.text):
        raise InvalidRequest(f"{where}: Invalid `signature` in `thinking` block")


def _check_tool_turns(request: ConverseRequest) -> None:
    """Each use is answered in the next message, and only there."""
    asked: list[str] = []
    for index, message in enumerate(request.messages):
        uses = [b.tool_use.tool_use_id for b in message.content if b.tool_use is not UNSET]
        results = [b.tool_result.tool_use_id for b in message.content if b.tool_result is not UNSET]
        if len(set(uses)) != len(uses) or len(set(results)) != len(results):
            raise InvalidRequest(f"messages.{index} contains duplicate toolUse or toolResult ids.")
        if missing := sorted(set(asked) - set(results)):
            raise InvalidRequest(
                f"Expected toolResult blocks at messages.{index}.content for the following Ids: "
                f"{', '.join(missing)}"
            )
        if unasked := sorted(set(results) - set(asked)):
            raise InvalidRequest(
                f"The number of toolResult blocks at messages.{index}.content exceeds the number "
                f"of toolUse blocks of previous turn: {', '.join(unasked)}"
            )
        asked = uses


def _check_tools(request: ConverseRequest) -> None:
    blocks = [block for message in request.messages for block in message.content]
    used = any({"tool_use", "tool_result"} & set(block.members()) for block in blocks)
    if not isinstance(request.tool_config, ToolConfig):
        if used:
            raise InvalidRequest(
                "The toolConfig field must be defined when using toolUse and toolResult "
                "content blocks."
            )
        return
    names = request.tool_names
    if len(set(names)) != len(names):
        raise InvalidRequest("The tools contain duplicate tool names.")
    for tool in request.tool_config.tools:
        if tool.tool_spec is not UNSET and tool.tool_spec.input_schema.json.get("type") != "object":
            raise InvalidRequest(
                "The value at toolConfig.tools.inputSchema.json.type must be one of: object."
            )
