import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import pytest
from strands.bidi.types.events import (
    BidiAudioStartEvent,
    BidiAudioStopEvent,
    BidiBargeInEvent,
    BidiResponseStartEvent,
    BidiToolUseBlocksEvent,
    BidiTranscriptDeltaEvent,
    BidiTranscriptStartEvent,
    BidiTranscriptStopEvent,
)

from gateway.models.cascade import outbox as outbox_module
from gateway.models.cascade.outbox import PIECE_BYTES, Outbox

LIMIT_SECONDS = 10


@pytest.fixture
def taken() -> list[int]:
    return []


@pytest.fixture
def outbox(taken: list[int]) -> Outbox:
    return Outbox(taken.append)


async def take(outbox: Outbox, count: int) -> list[Any]:
    events: list[Any] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        async for event in outbox:
            events.append(event)
            if len(events) == count:
                break
    return events


async def rest(outbox: Outbox) -> list[str]:
    """Names of all that is left."""
    outbox.put(BidiBargeInEvent())
    names: list[str] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        async for event in outbox:
            if event["type"] == "bidi_barge_in":
                break
            names.append(f"{event['type']} {event.get('content_id', '')}".strip())
    return names


def put_answer(outbox: Outbox, words: Sequence[str] = ("One.", "Two.")) -> None:
    outbox.put(BidiTranscriptStartEvent("assistant", "t"))
    for word in words:
        outbox.put(BidiTranscriptDeltaEvent(word, "assistant", "t"))


async def test_events_come_out_in_order(outbox: Outbox) -> None:
    events = [BidiResponseStartEvent("1"), BidiResponseStartEvent("2")]
    for event in events:
        outbox.put(event)
    assert await take(outbox, 2) == events


async def test_sound_comes_in_pieces_and_is_reported_when_taken(
    outbox: Outbox, taken: list[int]
) -> None:
    pcm = bytes(range(256)) * 55  # 440 ms
    await outbox.put_audio(pcm, "a")
    assert taken == []
    events = await take(outbox, 3)
    assert b"".join(base64.b64decode(event["audio"]) for event in events) == pcm
    assert [len(base64.b64decode(event["audio"])) for event in events] == [
        PIECE_BYTES, PIECE_BYTES, len(pcm) - 2 * PIECE_BYTES,
    ]  # fmt: skip
    assert {(e["content_id"], e["sample_rate"], e["channels"], e["format"]) for e in events} == {
        ("a", 16_000, 1, "pcm")
    }
    assert taken == [PIECE_BYTES, PIECE_BYTES, len(pcm) - 2 * PIECE_BYTES]


async def test_sound_waits_while_too_much_is_not_taken(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MOST_WAITING_BYTES", 2 * PIECE_BYTES)
    putting = asyncio.create_task(outbox.put_audio(bytes(5 * PIECE_BYTES), "a"))
    await asyncio.sleep(0)
    assert not putting.done()
    await take(outbox, 2)
    assert not putting.done()
    await take(outbox, 3)
    async with asyncio.timeout(LIMIT_SECONDS):
        await putting


async def test_a_drop_lets_go_of_who_waits(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MOST_WAITING_BYTES", 2 * PIECE_BYTES)
    putting = asyncio.create_task(outbox.put_audio(bytes(PIECE_BYTES * 3), "a"))
    await asyncio.sleep(0)
    outbox.drop_unheard()
    async with asyncio.timeout(LIMIT_SECONDS):
        await putting


async def test_an_answer_nobody_took_is_dropped_as_a_whole(outbox: Outbox) -> None:
    outbox.put(BidiResponseStartEvent("1"))
    put_answer(outbox)
    outbox.put(BidiAudioStartEvent("a"))
    await outbox.put_audio(bytes(PIECE_BYTES), "a")
    outbox.put(BidiTranscriptStopEvent("assistant", "t"))
    outbox.put(BidiToolUseBlocksEvent([]))
    outbox.drop_unheard()
    outbox.put(BidiAudioStopEvent("a"))
    assert await rest(outbox) == ["bidi_response_start"]
    outbox.put(BidiAudioStopEvent("a"))
    assert await rest(outbox) == ["bidi_audio_stop a"]


async def test_what_the_user_said_is_never_dropped(outbox: Outbox) -> None:
    outbox.put(BidiTranscriptStartEvent("user", "u"))
    outbox.put(BidiTranscriptDeltaEvent("Hello", "user", "u"))
    outbox.put(BidiTranscriptStopEvent("user", "u"))
    outbox.drop_unheard()
    assert await rest(outbox) == [
        "bidi_transcript_start u", "bidi_transcript_delta u", "bidi_transcript_stop u",
    ]  # fmt: skip


async def test_streams_that_were_begun_keep_their_end(outbox: Outbox) -> None:
    put_answer(outbox)
    outbox.put(BidiAudioStartEvent("a"))
    await take(outbox, 4)
    outbox.put(BidiTranscriptDeltaEvent("Three.", "assistant", "t"))
    await outbox.put_audio(bytes(PIECE_BYTES), "a")
    outbox.put(BidiTranscriptStopEvent("assistant", "t"))
    outbox.drop_unheard()
    outbox.put(BidiAudioStopEvent("a"))
    assert await rest(outbox) == ["bidi_transcript_stop t", "bidi_audio_stop a"]


async def test_a_transcript_that_was_begun_keeps_its_first_words(outbox: Outbox) -> None:
    put_answer(outbox)
    await take(outbox, 1)
    outbox.drop_unheard()
    assert await rest(outbox) == ["bidi_transcript_delta t"]


async def test_a_failure_is_raised_behind_what_is_queued(outbox: Outbox) -> None:
    outbox.put(BidiResponseStartEvent("1"))
    outbox.fail(ValueError("first"))
    outbox.fail(ValueError("second"))
    assert len(await take(outbox, 1)) == 1
    with pytest.raises(ValueError, match="first"):
        await take(outbox, 1)


async def test_closing_ends_a_waiting_reader(outbox: Outbox) -> None:
    reading = asyncio.create_task(take(outbox, 1))
    await asyncio.sleep(0)
    outbox.close()
    outbox.close()
    assert await reading == []
