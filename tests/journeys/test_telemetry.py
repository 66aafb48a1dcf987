"""One trace a turn on every wire, the session on every span, and nothing of what was said."""

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import httpx
import pytest

from tests.emulators.otlp import OtlpReceiver, ReceivedSpan
from tests.journeys.wires import WIRES
from tests.server_process import serve

CALCULATES = "multiply"


@pytest.fixture(scope="module")
def collector() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def watched(collector: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a gateway whose telemetry goes to the collector."""
    log = tmp_path_factory.mktemp("watched") / "log"
    with serve(log, **collector.environment()) as url:
        yield url


def ancestors(span: ReceivedSpan, spans: list[ReceivedSpan]) -> list[str]:
    """The names of the spans above one, nearest first."""
    by_id = {each.span_id: each for each in spans}
    names = []
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        names.append(span.name)
    return names


@pytest.mark.parametrize("wire", ["http", "sse", "agui", "ws_agui", "ws_text"])
async def test_a_text_turn_is_one_trace_with_the_agents_spans_under_it(
    watched: str, collector: OtlpReceiver, wire: str
) -> None:
    session = str(uuid4())
    await WIRES[wire](watched, session, CALCULATES)
    spans = collector.wait_for(lambda: of_session(collector, session, "gateway.turn"))
    names = {span.name for span in spans}
    assert {"gateway.turn", "invoke_agent gateway", "chat", "execute_tool calculator"} <= names
    assert len({span.trace_id for span in spans}) == 1
    tool = next(span for span in spans if span.name == "execute_tool calculator")
    assert "gateway.turn" in ancestors(tool, spans)


@pytest.mark.parametrize("wire", ["spoken", "ws_voice", "webrtc"])
async def test_a_spoken_turn_is_in_the_trace_of_its_conversation(
    watched: str, collector: OtlpReceiver, wire: str
) -> None:
    session = str(uuid4())
    await WIRES[wire](watched, session, CALCULATES)
    spans = collector.wait_for(lambda: of_session(collector, session, "gateway.conversation"))
    names = {span.name for span in spans}
    assert {"gateway.turn", "bidi_session gateway", "execute_tool calculator"} <= names
    assert len({span.trace_id for span in spans}) == 1
    for name in ("gateway.turn", "execute_tool calculator"):
        span = next(span for span in spans if span.name == name)
        assert "gateway.conversation" in ancestors(span, spans)


def of_session(collector: OtlpReceiver, session: str, last: str) -> list[ReceivedSpan]:
    """All spans of a session's trace once its last one has come; each has to name the session."""
    spans = collector.spans()
    traces = {span.trace_id for span in spans if span.attributes.get("session.id") == session}
    found = [span for span in spans if span.trace_id in traces]
    if last not in {span.name for span in found}:
        return []
    nameless = [span.name for span in found if span.attributes.get("session.id") != session]
    return [] if [name for name in nameless if not name.startswith("WS ")] else found


async def test_nothing_of_what_was_said_or_calculated_leaves_the_process(
    watched: str, collector: OtlpReceiver
) -> None:
    session = str(uuid4())
    await WIRES["http"](watched, session, "name")
    await WIRES["spoken"](watched, session, "subtract")
    collector.wait_for(lambda: of_session(collector, session, "gateway.conversation"))
    exported = collector.raw()
    assert session.encode() in exported
    for secret in (b"David", b"thirty", b"90 - 35"):
        assert secret not in exported


async def test_refusals_ends_of_connections_and_calls_show_in_the_metrics(
    watched: str, collector: OtlpReceiver
) -> None:
    offer = {"action": "offer", "data": {"sdp": "no SDP", "type": "offer"}}
    async with httpx.AsyncClient(base_url=watched) as client:
        assert (await client.post("/invocations", json={"prompt": 1})).status_code == 400
        assert (await client.post("/invocations", json=offer)).json()["code"] == "VALIDATION_ERROR"
    await WIRES["ws_text"](watched, str(uuid4()), CALCULATES)
    await WIRES["webrtc"](watched, str(uuid4()), CALCULATES)
    for name, attribute, values in (
        ("gateway.rejected", "reason", {"schema"}),
        ("gateway.ws.close", "code", {"1000"}),
        ("gateway.webrtc.ice_connect_time", "ice_path", {"host", "prflx"}),
        ("gateway.webrtc.connect_failures", "stage", {"sdp"}),
    ):
        assert collector.wait_for(partial(recorded, collector, name, attribute, values)), name


def recorded(collector: OtlpReceiver, name: str, attribute: str, values: set[str]) -> set[str]:
    """Those of the values of an attribute that a metric was recorded with."""
    points = [point for metric in collector.metrics(name) for point, _ in metric.points]
    return {point[attribute] for point in points} & values


async def test_the_turns_show_in_the_metrics(watched: str, collector: OtlpReceiver) -> None:
    await WIRES["http"](watched, str(uuid4()), CALCULATES)
    await WIRES["spoken"](watched, str(uuid4()), CALCULATES)
    for name in (
        "gateway.turns",
        "gateway.turn.duration",
        "gateway.turn.time_to_first_token",
        "gateway.turn.time_to_first_audio",
        "gateway.gen_ai.tokens",
        "gateway.tool.calls",
        "gateway.tool.duration",
        "gateway.requests",
        "gateway.sessions.active",
    ):
        assert collector.wait_for(partial(collector.metrics, name)), name
