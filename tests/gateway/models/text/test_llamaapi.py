"""Llama by Meta: asked in a thread, for its client blocks."""

import asyncio
import threading
from typing import Any

import pytest

from gateway.models.text.llamaapi import MODEL, ThreadedLlamaModel, text_model
from tests.gateway.models.streams import says
from tests.gateway.models.text.making import forget_keys, named, refusal


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_keys(monkeypatch)


def test_without_a_key_it_is_said_which() -> None:
    assert refusal(text_model, "llamaapi") == "There is no key for llamaapi. Set LLAMA_API_KEY."


async def test_the_model_is_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_API_KEY", "example")
    assert await named(text_model, "llamaapi") == MODEL
    assert await named(text_model, "llamaapi/Llama-x") == "Llama-x"


async def test_it_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    answer = says("Hello")

    async def stream(model: Any, *arguments: Any, **options: Any) -> Any:
        threads.append(threading.current_thread())
        for chunk in answer:
            yield chunk

    monkeypatch.setattr(ThreadedLlamaModel.__mro__[1], "stream", stream)
    model = ThreadedLlamaModel.__new__(ThreadedLlamaModel)
    async with asyncio.timeout(10):
        assert [chunk async for chunk in model.stream([])] == answer
    assert threading.main_thread() not in threads
