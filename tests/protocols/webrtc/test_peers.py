"""Whole calls: a client and the wire, on loopback, with a scripted agent behind."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import ModelFailed, NotFound, TimedOut
from protocols.contract.events import (
    AudioDelta,
    BargeIn,
    ToolArguments,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    Transcript,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import LiveOptions, Text
from tests.protocols.webrtc.calls import (
    BOUND_SECONDS,
    CLIENT_RATE,
    INPUT_RATE,
    OUTPUT_RATE,
    SESSION,
    Client,
    Mouth,
    ScriptedConversation,
    Server,
    calling,
    loud_seconds,
    pitch,
    serving,
    settled,
    tone,
)

ASSISTANT_AND_USER = {"RUN_STARTED", "RUN_FINISHED", "TEXT_MESSAGE_CONTENT", "TOOL_CALL_START"}


def heard_seconds(client: Client) -> float:
    return loud_seconds(bytes(client.heard), CLIENT_RATE)


async def until_heard(client: Client, seconds: float) -> None:
    await client.until(lambda: heard_seconds(client) >= seconds)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_freed(server: Server) -> None:
    async with asyncio.timeout(5):
        while server.peers.count or server.busy.count or server.conversations.live:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.02)


async def test_what_the_user_says_reaches_the_model_at_its_rate() -> None:
    async with serving() as server, calling(server, Mouth(tone(440, 1.0, CLIENT_RATE))):
        conversation = server.conversation()
        second = INPUT_RATE * 2
        await conversation.until(lambda c: len(c.heard) >= 2 * second)
        spoken = bytes(conversation.heard)
        assert abs(loud_seconds(spoken, INPUT_RATE) - 1.0) <= 0.06
        assert abs(pitch(spoken[: 2 * second], INPUT_RATE) - 440) <= 3
        assert server.conversations.opened == [(SESSION, LiveOptions(), "webrtc")]


@pytest.mark.parametrize("output_rate", [16_000, 22_050, 24_000])
async def test_what_the_model_says_is_heard_by_the_user(
    output_rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedConversation, "output_sample_rate", output_rate)
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(
            TurnStarted("turn-1"),
            AudioDelta("m", tone(330, 0.5, output_rate)),
            AudioDelta("m", tone(330, 0.5, output_rate)),
            TurnEnded(),
        )
        await client.until_told("RUN_FINISHED")
        await client.until(lambda: heard_seconds(client) >= 0.96)
        assert abs(heard_seconds(client) - 1.0) <= 0.06
        assert abs(pitch(bytes(client.heard), CLIENT_RATE) - 330) <= 3


async def test_a_spoken_turn_is_told_on_the_data_channel() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(
            TurnStarted("turn-1"),
            Transcript("u", "user", "What is six times seven?"),
            Transcript("u", "user", "", final=True),
            ToolStarted("a", "call-1", "calculator"),
            ToolArguments("call-1", '{"expression": "6*7"}'),
            ToolRequested("call-1"),
            ToolFinished("call-1", (Text("42"),)),
            Transcript("a", "assistant", "Forty two."),
            AudioDelta("a", tone(330, 0.2, OUTPUT_RATE)),
            Transcript("a", "assistant", "", final=True),
            TurnEnded(),
        )
        finished = await client.until_told("RUN_FINISHED")
        assert finished["threadId"] == "session-1"
        assert (await client.until_told("gateway.session"))["sessionId"] == "session-1"
        told = [(d["type"], d.get("delta") or d.get("toolCallName")) for d in client.documents]
        assert [item for item in told if item[0] in ASSISTANT_AND_USER] == [
            ("RUN_STARTED", None),
            ("TEXT_MESSAGE_CONTENT", "What is six times seven?"),
            ("TOOL_CALL_START", "calculator"),
            ("TEXT_MESSAGE_CONTENT", "Forty two."),
            ("RUN_FINISHED", None),
        ]


async def test_text_typed_on_the_data_channel_reaches_the_model() -> None:
    async with serving() as server, calling(server) as client:
        client.say(type="input.text", text="Hello")
        await server.conversation().until(lambda c: c.said == [Text("Hello")])


async def test_the_user_stops_the_answer_by_a_message() -> None:
    async with serving() as server, calling(server) as client:
        client.say(type="response.cancel")
        await server.conversation().until(lambda c: c.cancelled == 1)


async def test_an_interruption_silences_the_voice_within_moments() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        conversation = server.conversation()
        conversation.emit(TurnStarted("turn-1"), AudioDelta("m", tone(330, 10.0, OUTPUT_RATE)))
        await client.until(lambda: heard_seconds(client) >= 0.5)
        conversation.emit(BargeIn(), TurnEnded("cancelled"))
        flushed = await client.until_told("gateway.audio.flush")
        assert (flushed["messageId"], flushed["reason"]) == ("m", "barge_in")
        at_flush = heard_seconds(client)
        await client.until_told("RUN_FINISHED")
        # What the next turn says comes after the silence, so its end tells that all was heard.
        conversation.emit(
            TurnStarted("turn-2"), AudioDelta("n", tone(660, 0.4, OUTPUT_RATE)), TurnEnded()
        )
        await client.until(lambda: client.kinds.count("RUN_FINISHED") == 2)
        await client.until(lambda: heard_seconds(client) >= at_flush + 0.36)
        # 80 ms wait in the client's jitter buffer, one packet may be on its way.
        assert heard_seconds(client) - at_flush - 0.4 <= 0.2


async def test_a_call_needs_no_data_channel() -> None:
    async with serving() as server, calling(server, Mouth(), label=None) as client:
        server.conversation().emit(
            TurnStarted("turn-1"), AudioDelta("m", tone(330, 0.3, OUTPUT_RATE)), TurnEnded()
        )
        await client.until(lambda: heard_seconds(client) >= 0.26)


async def test_a_channel_of_any_name_that_opens_late_is_told_what_it_missed() -> None:
    async with serving() as server, calling(server, Mouth(), label="chat") as client:
        await client.until_told("gateway.session")


async def test_a_bad_message_is_answered_and_the_channel_goes_on() -> None:
    async with serving() as server, calling(server) as client:
        client.say(type="nonsense")
        error = await client.until_told("gateway.error")
        assert (error["code"], error["retryable"]) == ("VALIDATION_ERROR", False)
        client.say(type="input.text", text="Still there?")
        await server.conversation().until(lambda c: c.said == [Text("Still there?")])


async def hang_up_by_action(server: Server, client: Client) -> None:
    answer = await server.act("disconnect", {"pc_id": client.pc_id})
    assert answer == {"status": "success"}


async def hang_up_by_message(server: Server, client: Client) -> None:
    client.say(type="session.stop")
    assert (await client.until_told("gateway.end"))["reason"] == "stopped"


async def hang_up_by_closing(server: Server, client: Client) -> None:
    await client.connection.close()


async def hang_up_by_the_model_ending(server: Server, client: Client) -> None:
    server.conversation().emit(None)
    assert (await client.until_told("gateway.end"))["reason"] == "ended"


@pytest.mark.parametrize(
    "hang_up",
    [hang_up_by_action, hang_up_by_message, hang_up_by_closing, hang_up_by_the_model_ending],
)
async def test_hanging_up_frees_everything(hang_up: Any) -> None:
    async with serving() as server:
        tasks = asyncio.all_tasks()
        async with calling(server, Mouth()) as client:
            assert (server.peers.count, server.busy.count) == (1, 1)
            server.conversation().emit(
                TurnStarted("turn-1"), AudioDelta("m", tone(330, 5.0, OUTPUT_RATE))
            )
            await client.until(lambda: heard_seconds(client) >= 0.1)
            await hang_up(server, client)
            await until_freed(server)
        await settled(tasks)


@pytest.mark.slow
async def test_many_calls_leave_no_file_and_no_task_behind() -> None:
    async with serving() as server:
        async with calling(server, Mouth()):
            pass  # what is made once is made by now
        await until_freed(server)
        tasks, files = asyncio.all_tasks(), open_files()
        for _ in range(10):
            async with calling(server, Mouth()) as client:
                await server.act("disconnect", {"pc_id": client.pc_id})
        await until_freed(server)
        await settled(tasks)
        assert open_files() <= files  # one of before may still have been closing


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelFailed("The model is gone."), "AGENT_ERROR"),
        (TimedOut("Nothing was said for long."), "TIMED_OUT"),
        (RuntimeError("secret"), "INTERNAL_ERROR"),
    ],
)
async def test_a_model_that_dies_is_told_and_ends_the_call(error: Exception, code: str) -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(TurnStarted("turn-1"), error)
        told = await client.until_told("gateway.error")
        ended = await client.until_told("gateway.end")
        assert (told["code"], ended["reason"]) == (code, "failed")
        assert "secret" not in str(client.documents)
        await until_freed(server)
        await client.until(lambda: client.connection.connectionState == "closed")


async def test_a_client_that_vanishes_is_noticed() -> None:
    async with serving(vanished_seconds=0.5) as server, calling(server, Mouth()) as client:
        for transceiver in client.connection.getTransceivers():
            ice = transceiver.receiver.transport.transport._connection
            for protocol in ice._protocols:  # the sockets go, without a word
                protocol.transport.abort()
        await until_freed(server)


async def test_a_client_that_never_connects_is_given_up() -> None:
    async with serving(connect_seconds=0.3) as server:
        client = Client(Mouth())
        await server.act("offer", {"sdp": await client.offer(), "type": "offer"})
        assert server.busy.count == 1
        await until_freed(server)
        await client.aclose()


async def test_hanging_up_before_the_call_is_connected_frees_it() -> None:
    async with serving() as server:
        client = Client(Mouth())
        answer = await server.act("offer", {"sdp": await client.offer(), "type": "offer"})
        await server.act("disconnect", {"pc_id": answer["pc_id"]})
        assert (server.peers.count, server.busy.count) == (0, 0)
        await client.aclose()


async def test_a_wrong_fingerprint_ends_the_call() -> None:
    async with serving() as server:
        client = Client(Mouth())
        sdp = await client.offer()
        line = next(text for text in sdp.splitlines() if text.startswith("a=fingerprint:sha-256"))
        wrong = line[:-2] + ("00" if line[-2:] != "00" else "11")
        answer = await server.act("offer", {"sdp": sdp.replace(line, wrong), "type": "offer"})
        await client.answered(answer)
        await until_freed(server)
        await client.aclose()


async def test_a_client_without_candidates_is_found_by_its_own_checks() -> None:
    async with serving() as server:
        client = Client(Mouth())
        sdp = await client.offer()
        bare = [line for line in sdp.splitlines() if not line.startswith("a=candidate")]
        answer = await server.act("offer", {"sdp": "\r\n".join([*bare, ""]), "type": "offer"})
        await server.act(
            "ice_candidate", {"pc_id": answer["pc_id"], "candidates": [None, {"candidate": ""}]}
        )
        await client.answered(answer)
        await client.until(lambda: client.connection.connectionState == "connected")
        await client.aclose()


async def test_a_new_offer_takes_the_call_over() -> None:
    async with serving() as server, calling(server, Mouth()) as first:
        conversation = server.conversation()
        conversation.emit(TurnStarted("turn-1"), AudioDelta("m", tone(330, 0.1, OUTPUT_RATE)))
        await first.until(lambda: heard_seconds(first) >= 0.06)
        async with calling(server, Mouth(), pc_id=first.pc_id) as second:
            await second.until_told("gateway.session")
            assert (server.conversation(), conversation.closed) == (conversation, False)
            assert second.pc_id != first.pc_id
            with pytest.raises(NotFound):
                await server.act("ice_candidate", {"pc_id": first.pc_id, "candidates": []})
            await first.until(lambda: first.connection.connectionState == "closed")
            conversation.emit(AudioDelta("m", tone(330, 0.3, OUTPUT_RATE)), TurnEnded())
            await second.until(lambda: heard_seconds(second) >= 0.26)
            assert len(server.conversations.opened) == 1
            second.say(type="input.text", text="Hello")
            await conversation.until(lambda c: c.said == [Text("Hello")])


async def test_a_take_over_that_never_connects_leaves_the_call_as_it_was() -> None:
    async with serving(connect_seconds=0.4) as server, calling(server, Mouth()) as client:
        for _ in range(2):
            stranger = Client(Mouth())
            await server.act("offer", {"sdp": await stranger.offer(), "pc_id": client.pc_id})
            await stranger.aclose()
        async with asyncio.timeout(BOUND_SECONDS):
            while len(next(iter(server.peers._peers)).ids) > 1:
                await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.05)
        client.say(type="input.text", text="Still there?")
        await server.conversation().until(lambda c: c.said == [Text("Still there?")])


async def test_two_calls_at_once_do_not_mix() -> None:
    other = SessionKey("caller", "session-2")
    low, high = Mouth(tone(440, 2.0, CLIENT_RATE)), Mouth(tone(880, 2.0, CLIENT_RATE))
    async with (
        serving() as server,
        calling(server, low) as first,
        calling(server, high, session=other) as second,
    ):
        for session, model_hertz in ((SESSION, 330), (other, 660)):
            server.conversation(session).emit(
                TurnStarted("turn"), AudioDelta("m", tone(model_hertz, 0.5, OUTPUT_RATE))
            )
        for client, model_hertz in ((first, 330), (second, 660)):
            await until_heard(client, 0.46)
            assert abs(pitch(bytes(client.heard), CLIENT_RATE) - model_hertz) <= 5
        for session, user_hertz in ((SESSION, 440), (other, 880)):
            conversation = server.conversation(session)
            await conversation.until(lambda c: len(c.heard) >= INPUT_RATE * 2)
            assert abs(pitch(bytes(conversation.heard), INPUT_RATE) - user_hertz) <= 5


async def test_a_drain_ends_calls_that_rest_and_lets_a_turn_finish() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(
            TurnStarted("turn-1"), AudioDelta("m", tone(330, 0.4, OUTPUT_RATE))
        )
        await client.until_told("gateway.audio.start")
        draining = asyncio.create_task(server.peers.drain(BOUND_SECONDS))
        await client.until_told("gateway.draining")
        server.conversation().emit(TurnEnded())
        await client.until_told("RUN_FINISHED")
        assert (await client.until_told("gateway.end"))["reason"] == "draining"
        await draining
        await until_freed(server)


async def test_a_call_whose_turn_does_not_end_before_the_server_stops_is_cut_in_order() -> None:
    async with serving() as server, calling(server, Mouth()) as client:
        server.conversation().emit(
            TurnStarted("turn-1"), AudioDelta("m", tone(330, 5.0, OUTPUT_RATE))
        )
        await client.until_told("gateway.audio.start")
        async with asyncio.timeout(BOUND_SECONDS):
            await server.peers.drain(0.01)
        assert server.peers.count == 0
        await client.until_told("gateway.draining")
        assert (await client.until_told("gateway.audio.flush"))["reason"] == "stopped"
        assert (await client.until_told("RUN_FINISHED"))["outcome"] == {"type": "cancelled"}
        assert (await client.until_told("gateway.end"))["reason"] == "draining"


def test_what_is_loaded_with_the_first_call_is_not_looked_at_again_in_calls() -> None:
    code = (
        "import gc\n"
        "from protocols.webrtc.peers import _load\n"
        "_load()\n"
        "first = gc.get_freeze_count()\n"
        "kept = [[] for _ in range(1000)]\n"
        "_load()\n"
        "print(first > 10_000, gc.get_freeze_count() - first < 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
