"""Tools that the client runs during a call, and calls that a client comes back to, with aiortc."""

from typing import Any

import pytest

from protocols.contract.conversations import SessionKey
from protocols.contract.errors import InvalidInput
from protocols.contract.events import (
    AudioDelta,
    TextDelta,
    ToolRequested,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from protocols.contract.inputs import ClientTool, Text, ToolResult
from tests.protocols.webrtc.calls import (
    CLIENT_RATE,
    OUTPUT_RATE,
    Client,
    Mouth,
    calling,
    loud_seconds,
    serving,
    tone,
)

PAINT: dict[str, Any] = {
    "name": "paint",
    "description": "Paints.",
    "parameters": {"type": "object"},
}


async def test_a_tool_of_the_offer_is_called_and_answered_on_the_data_channel() -> None:
    async with serving() as server, calling(server, tools=[PAINT]) as client:
        [(_, options, wire)] = server.conversations.opened
        assert wire == "webrtc"
        assert options.client_tools == (ClientTool("paint", "Paints.", {"type": "object"}),)
        conversation = server.conversation()
        conversation.emit(TurnStarted("t"), ToolStarted("m", "c", "paint", client=True))
        conversation.emit(ToolRequested("c"))
        await client.until_told("TOOL_CALL_END")
        client.say(type="tool.result", toolCallId="c", content="red")
        await conversation.until(lambda c: len(c.results) == 1)
        assert conversation.results == [ToolResult("c", (Text("red"),))]


async def test_a_client_that_was_cut_off_hears_the_rest_of_the_answer() -> None:
    async with serving(vanished_seconds=0.5, grace_seconds=10.0) as server:
        client = Client(Mouth())
        await client.call(server)
        conversation = server.conversation()
        conversation.emit(TurnStarted("t"), TextDelta("m", "one "))
        seen = await client.until_told("TEXT_MESSAGE_CONTENT")
        client.vanish()
        conversation.emit(AudioDelta("m", tone(330, 2.0, OUTPUT_RATE)), TurnEnded())
        await conversation.until(lambda c: c.parked)
        conversation.emit(TurnStarted("u"), TextDelta("n", "two"), TurnEnded())
        last_seq = seen["metadata"]["gateway"]["seq"]
        offer = {"pc_id": client.pc_id, "lastSeq": last_seq}
        async with calling(server, Mouth(), **offer) as again:
            greeting = await again.until_told("gateway.session")
            assert (greeting["resumed"], greeting["seq"]) == (True, last_seq)
            await again.until(lambda: again.kinds.count("RUN_FINISHED") == 2)
            assert loud_seconds(bytes(again.heard), CLIENT_RATE) >= 1.8
            deltas = [d["delta"] for d in again.documents if d["type"] == "TEXT_MESSAGE_CONTENT"]
            assert deltas == ["two"]
        await client.aclose()


async def test_a_client_may_ask_on_its_channel_for_what_it_missed() -> None:
    async with serving() as server, calling(server) as client:
        conversation = server.conversation()
        conversation.emit(TurnStarted("t"), TextDelta("m", "one"), TurnEnded())
        await client.until_told("RUN_FINISHED")
        client.say(type="session.start", lastSeq=2)
        await client.until(lambda: client.kinds.count("RUN_FINISHED") == 2)
        [greeting] = [place for place, d in enumerate(client.documents) if d.get("resumed")]
        again = client.kinds[greeting + 1 :]
        assert again[:2] == ["RUN_STARTED", "gateway.state"]


async def test_a_number_that_was_never_sent_is_refused() -> None:
    async with serving() as server, calling(server) as client:
        other = Client()
        sdp = await other.offer()
        await other.aclose()
        with pytest.raises(InvalidInput, match="lastSeq"):
            await server.act("offer", {"sdp": sdp, "pc_id": client.pc_id, "lastSeq": 1000})


async def test_a_call_that_waits_for_its_client_gives_way_when_no_more_fit() -> None:
    options = {"vanished_seconds": 0.5, "grace_seconds": 10.0, "max_peers": 1}
    async with serving(**options) as server:
        client = Client(Mouth())
        await client.call(server)
        client.vanish()
        await server.conversation().until(lambda c: c.parked)
        async with calling(server, Mouth(), session=SessionKey("caller", "another")):
            assert server.peers.count == 1
        await client.aclose()
