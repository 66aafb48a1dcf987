"""What Claude's answers hold comes through AG-UI whole, and goes back to Bedrock as it demands."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.ag_ui_verifier import verify
from tests.emulators.converse.scripts import (
    Reasoning,
    RedactedReasoning,
    Reply,
    Text,
    ToolUse,
    Usage,
    calls,
    says,
)
from tests.emulators.emulator import AwsEmulator
from tests.emulators.text_wires import Seen, ag_ui, gateway_on, http_json, run_input

pytestmark = pytest.mark.slow

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
PDF = base64.b64encode(b"%PDF-1.7 nothing").decode()
BLOCKED = {
    "inputAssessment": {
        "g1": {
            "topicPolicy": {
                "topics": [{"name": "x", "type": "DENY", "action": "BLOCKED", "detected": True}]
            }
        }
    }
}
LAST: Mapping[str, Any] = {"cachePoint": {"type": "default"}}


class Gateway:
    def __init__(self, url: str, aws: AwsEmulator) -> None:
        self.url = url
        self.aws = aws

    async def answer(self, *replies: Reply, run: Mapping[str, Any] | None = None) -> Seen:
        """What a run of AG-UI is told when the model replies so."""
        self.aws.converse.scripts.add(*replies)
        seen = await ag_ui(self.url, run or run_input("Hi"))
        verify([dict(event) for event in seen.events])
        return seen

    def asked(self) -> list[list[Any]]:
        """The content of the messages that the model was last shown."""
        messages = self.aws.converse.calls.all()[-1].body["messages"]
        return [message["content"] for message in messages]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    log = tmp_path_factory.mktemp("gateway") / "log"
    with (
        AwsEmulator() as aws,
        gateway_on(aws.environment(), log, GATEWAY_TEXT_MODEL="bedrock") as url,
    ):
        yield Gateway(url, aws)


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    running.aws.converse.calls.take()
    yield running
    assert running.aws.converse.violations == []


def of_kind(seen: Seen, *kinds: str) -> list[Mapping[str, Any]]:
    return [event for event in seen.events if event["type"] in kinds]


async def test_tools_make_a_round_trip(gateway: Gateway) -> None:
    uses = (
        ToolUse("calculator", {"expression": "6*7"}, "a"),
        ToolUse("calculator", {"expression": "1/0"}, "b"),
    )
    seen = await gateway.answer(calls(*uses, before="One moment."))
    started = of_kind(seen, "TOOL_CALL_START")
    arguments = of_kind(seen, "TOOL_CALL_ARGS")
    results = {each["toolCallId"]: each["content"] for each in of_kind(seen, "TOOL_CALL_RESULT")}
    assert [(each["toolCallId"], each["toolCallName"]) for each in started] == [
        ("a", "calculator"),
        ("b", "calculator"),
    ]
    assert "".join(each["delta"] for each in arguments) == (
        '{"expression": "6*7"}{"expression": "1/0"}'
    )
    assert results["a"] == "42"
    assert seen.words.startswith("One moment.The tools answered: ")
    shown = gateway.asked()[-1]
    assert shown[-1] == LAST
    assert {
        each["toolResult"]["toolUseId"]: each["toolResult"]["status"] for each in shown[:-1]
    } == {
        "a": "success",
        "b": "error",
    }


def message_of(seen: Seen) -> Sequence[dict[str, Any]]:
    """The messages that a client keeps of an answer with reasoning."""
    [value] = of_kind(seen, "REASONING_ENCRYPTED_VALUE")
    thoughts = of_kind(seen, "REASONING_MESSAGE_CONTENT")
    [text] = of_kind(seen, "TEXT_MESSAGE_START")
    return (
        {
            "id": value["entityId"],
            "role": "reasoning",
            "content": "".join(each["delta"] for each in thoughts),
            "encryptedValue": value["encryptedValue"],
        },
        {"id": text["messageId"], "role": "assistant", "content": seen.words},
    )


async def test_reasoning_comes_back_with_its_signature_by_the_client(gateway: Gateway) -> None:
    run = run_input("Is it so?")
    seen = await gateway.answer(Reply((Reasoning("Let me see."), Text("Yes."))), run=run)
    again = run_input("Sure?", thread=run["threadId"])
    again["messages"] = [*run["messages"], *message_of(seen), *again["messages"]]
    assert (await gateway.answer(run=again)).words == "You said: Sure?"
    [_, answer, _] = gateway.asked()
    signed = answer[0]["reasoningContent"]["reasoningText"]
    assert (signed["text"], answer[1]) == ("Let me see.", {"text": "Yes."})
    assert signed["signature"]  # a wrong one would be a violation


async def test_reasoning_comes_back_with_its_signature_after_a_tool(gateway: Gateway) -> None:
    thought = Reply((Reasoning("I count."), ToolUse("calculator", {"expression": "6*7"}, "a")))
    seen = await gateway.answer(thought)
    assert seen.words == "The tools answered: 42"
    assert "reasoningText" in gateway.asked()[1][0]["reasoningContent"]


async def test_reasoning_that_only_the_model_can_read_stays_between_its_calls(
    gateway: Gateway,
) -> None:
    hidden = RedactedReasoning(b"sealed")
    seen = await gateway.answer(Reply((hidden, ToolUse("calculator", {"expression": "1+1"}, "a"))))
    assert seen.words == "The tools answered: 2"
    sealed = gateway.asked()[1][0]["reasoningContent"]["redactedContent"]
    assert base64.b64decode(sealed) == b"sealed"


async def test_images_and_documents_are_shown_to_the_model(gateway: Gateway) -> None:
    image = {"type": "image", "source": {"type": "data", "value": PNG, "mimeType": "image/png"}}
    document = {
        "type": "document",
        "source": {"type": "data", "value": PDF, "mimeType": "application/pdf"},
    }
    run = run_input({"type": "text", "text": "What is this?"}, image, document)
    seen = await gateway.answer(says("Nothing much."), run=run)
    [shown] = gateway.asked()
    assert seen.words == "Nothing much."
    assert shown == [
        {"text": "What is this?"},
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"document": {"format": "pdf", "name": "document", "source": {"bytes": PDF}}},
        LAST,
    ]


async def test_tokens_are_counted_with_those_of_the_cache(gateway: Gateway) -> None:
    counted = Usage(20, 5, cache_read_tokens=900, cache_write_tokens=70)
    seen = await gateway.answer(says("Hello", usage=counted))
    assert seen.events[-1]["usage"] == [
        {
            "inputTokens": 990,
            "outputTokens": 5,
            "totalTokens": 995,
            "cachedInputTokens": 900,
            "cacheWriteInputTokens": 70,
        }
    ]


async def test_the_beginning_of_the_prompt_is_marked_for_the_cache(gateway: Gateway) -> None:
    await gateway.answer()
    body = gateway.aws.converse.calls.all()[-1].body
    assert [body["system"][-1], body["toolConfig"]["tools"][-1], gateway.asked()[-1][-1]] == (
        [LAST] * 3
    )


@pytest.mark.parametrize("reason", ["max_tokens", "content_filtered", "stop_sequence"])
async def test_an_answer_that_was_stopped_says_why(gateway: Gateway, reason: str) -> None:
    seen = await gateway.answer(says("So far so", stop_reason=reason))
    finished = seen.events[-1]
    assert (seen.words, finished["type"]) == ("So far so", "RUN_FINISHED")
    assert finished["metadata"] == {"gateway": {"stopReason": reason}}


async def test_what_a_guardrail_blocked_is_not_shown_to_the_model_again(gateway: Gateway) -> None:
    blocked = says("I cannot talk of that.", stop_reason="guardrail_intervened", trace=BLOCKED)
    run = run_input("Something bad")
    seen = await gateway.answer(blocked, run=run)
    assert seen.words == "I cannot talk of that."
    assert seen.events[-1]["metadata"] == {"gateway": {"stopReason": "guardrail_intervened"}}
    # The session's own memory, as the wires use it whose clients keep no history.
    await http_json(gateway.url, run_input("And now?", thread=run["threadId"]))
    assert gateway.asked()[0] == [{"text": "[User input redacted.]"}]
