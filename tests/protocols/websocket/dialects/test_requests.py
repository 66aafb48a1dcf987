"""One request after the other, and what ends it."""

import asyncio
from typing import cast

import pytest

from protocols.ag_ui.attachments import left_alone
from protocols.ag_ui.responses import known_events
from protocols.ag_ui.run_input import parse, read_answers
from protocols.contract.errors import ModelFailed, SessionBusy
from protocols.websocket.connection import Close, Connection, Frame, Gone
from protocols.websocket.connections import DRAINING, Connections
from protocols.websocket.dialects.requests import IDLE, Requests
from protocols.websocket.services import WebSocketServices
from tests.protocols.scripted import ScriptedConversations


class Frames:
    """Stands for a connection: gives frames, then waits or is gone."""

    def __init__(self, *frames: Frame, gone: bool = False) -> None:
        self._frames = list(frames)
        self._gone = gone

    async def receive(self) -> Frame:
        await asyncio.sleep(0)
        if self._frames:
            return self._frames.pop(0)
        if self._gone:
            raise Gone
        await asyncio.Event().wait()
        raise AssertionError


def services(idle_seconds: float = 5, connections: Connections | None = None) -> WebSocketServices:
    return WebSocketServices(
        conversations=ScriptedConversations(),
        caller_of=lambda _: "caller",
        allows=lambda _: True,
        parse_run=parse,
        read_answers=read_answers,
        open_attachments=left_alone,
        known_events=known_events,
        idle_seconds=idle_seconds,
        connections=connections or Connections(),
    )


class Answers:
    """Notes what is answered; the gate holds each answer back."""

    def __init__(self, *, open_: bool = True) -> None:
        self.answered: list[Frame] = []
        self.gate = asyncio.Event()
        self.stopped = False
        if open_:
            self.gate.set()

    async def __call__(self, frame: Frame) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.stopped = True
            raise
        if frame == "fail":
            raise ModelFailed("It failed.")
        self.answered.append(frame)


async def served(frames: Frames, with_services: WebSocketServices, answers: Answers) -> Close:
    requests = Requests(cast(Connection, frames), with_services, answers)
    async with asyncio.timeout(5):
        return await requests.serve("first")


async def test_requests_are_answered_in_order_until_nothing_is_asked() -> None:
    answers = Answers()
    close = await served(Frames("second", b"third"), services(idle_seconds=0.05), answers)
    assert close == IDLE == Close(1008, "TIMED_OUT")
    assert answers.answered == ["first", "second", b"third"]


async def test_a_client_that_leaves_stops_the_answer() -> None:
    answers = Answers(open_=False)
    with pytest.raises(Gone):
        await served(Frames(gone=True), services(), answers)
    assert answers.stopped


async def test_an_answer_that_fails_ends_the_rest() -> None:
    answers = Answers()
    with pytest.raises(ModelFailed):
        await served(Frames("fail", "never"), services(), answers)
    assert answers.answered == ["first"]


async def test_too_many_waiting_requests_are_busy() -> None:
    answers = Answers(open_=False)
    with pytest.raises(SessionBusy, match="More than 4"):
        await served(Frames(*"abcdef"), services(), answers)
    assert answers.stopped


async def test_a_server_about_to_stop_answers_what_waits_and_no_more() -> None:
    connections = Connections()
    connections.draining.set()
    answers = Answers()
    close = await served(Frames(), services(connections=connections), answers)
    assert close == DRAINING == Close(1001, "UNAVAILABLE")
    assert answers.answered == ["first"]
