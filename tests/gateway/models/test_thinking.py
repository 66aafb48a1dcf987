"""Thinking of one provider is never shown to another, and comes back to its own unchanged."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from gateway.models.thinking import marking, recognised

SIGNED: Any = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}
OTHERS: Any = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln|of:gemini"}}}
SEALED: Any = {"reasoningContent": {"redactedContent": b"\0|of\xff"}}
ELSEWHERE: Any = {"reasoningContent": {"redactedContent": b"\0|of\xff|of:anthropic"}}
WORDS: Any = {"text": "So."}


def call(signature: str | None = None) -> Any:
    proof = {} if signature is None else {"reasoningSignature": signature}
    return {"toolUse": {"toolUseId": "c", "name": "add", "input": {}, **proof}}


async def marked(*chunks: Any) -> list[Any]:
    async def stream() -> AsyncGenerator[Any]:
        for chunk in chunks:
            yield chunk

    return [chunk async for chunk in marking(stream(), "gemini")]


def thought(**members: Any) -> Any:
    return {"contentBlockDelta": {"delta": {"reasoningContent": members}}}


STOP: Any = {"contentBlockStop": {}}


@pytest.mark.parametrize(
    ("provider", "is_first", "shown"),
    [
        ("bedrock", True, [SIGNED, SEALED, WORDS, call("c2VhbA=="), call(), call()]),
        ("gemini", False, [SIGNED, WORDS, call(), call("c2VhbA=="), call()]),
        ("anthropic", False, [SEALED, WORDS, call(), call(), call()]),
        ("openai", False, [WORDS, call(), call(), call()]),
        ("openai", True, [SIGNED, WORDS, call("c2VhbA=="), call(), call()]),
    ],
)
def test_each_provider_is_shown_its_own_thinking(
    provider: str, is_first: bool, shown: Sequence[Any]
) -> None:
    content = [
        SIGNED,
        OTHERS,
        SEALED,
        ELSEWHERE,
        WORDS,
        call("c2VhbA=="),
        call("c2VhbA==|of:gemini"),
        call(),
    ]
    assert recognised(content, provider, is_first=is_first) == shown


def test_thinking_that_nobody_signed_stays() -> None:
    unsigned: Any = {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    assert recognised([unsigned], "ollama", is_first=False) == [unsigned]


async def test_a_proof_is_marked_at_its_end_however_it_came() -> None:
    assert await marked(
        thought(text="hm"), thought(signature="c2"), thought(signature="ln"), STOP, STOP
    ) == [
        thought(text="hm"),
        thought(signature="c2"),
        thought(signature="ln"),
        thought(signature="|of:gemini"),
        STOP,
        STOP,
    ]
    assert await marked(thought(redactedContent=b"\0"), STOP) == [
        thought(redactedContent=b"\0"),
        thought(redactedContent=b"|of:gemini"),
        STOP,
    ]


async def test_the_proof_of_a_call_is_marked_and_nothing_else() -> None:
    begun: Any = {"contentBlockStart": {"start": call("c2VhbA=="), "contentBlockIndex": 1}}
    plain: Any = {"contentBlockStart": {"start": call()}}
    words: Any = {"contentBlockDelta": {"delta": {"text": "So."}}}
    opened: Any = {
        "contentBlockStart": {"start": call("c2VhbA==|of:gemini"), "contentBlockIndex": 1}
    }
    assert await marked(begun, plain, words, STOP) == [opened, plain, words, STOP]


async def test_who_leaves_closes_the_answer() -> None:
    closed: list[bool] = []

    async def stream() -> AsyncGenerator[Any]:
        try:
            yield STOP
            yield STOP
        finally:
            closed.append(True)

    answer = marking(stream(), "gemini")
    assert await anext(answer) == STOP
    await answer.aclose()
    assert closed == [True]
