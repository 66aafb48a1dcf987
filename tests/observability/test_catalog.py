import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from observability import catalog
from observability.calls import CallQuality, call_carried
from observability.catalog import Instrument, model_family
from observability.conversations import observe_conversation
from observability.process import measuring_process
from observability.requests import (
    observe_request,
    peer_connected,
    peer_failed,
    request_rejected,
    websocket_closed,
)
from observability.tools import observe_tool
from observability.turns import observe_turn
from observability.voice import barge_in_silenced, speech_dropped


def use_turn() -> None:
    with observe_turn(protocol="http", session_id="s", model="offline") as turn:
        turn.user_stopped(0.1)
        turn.first_token()
        turn.first_audio()
        turn.barge_in()
        turn.usage(input_tokens=1, output_tokens=1)


def use_conversation() -> None:
    with observe_conversation(protocol="ws", session_id="s", model="offline") as conversation:
        conversation.usage(input_tokens=1, output_tokens=1)


def use_tool() -> None:
    with observe_tool("calculator"):
        pass


def use_request() -> None:
    with observe_request():
        pass


def carry_call() -> None:
    call_carried(
        CallQuality(
            receive_path="own",
            ice_path="host",
            underruns=1,
            made_up_seconds=0.1,
            loss_up=0.1,
            jitter_up_seconds=0.01,
            round_trip_seconds=0.1,
        )
    )


RECORDED_BY: dict[str, Callable[[], None]] = {
    "gateway.sessions.active": use_turn,
    "gateway.sessions.opened": use_conversation,
    "gateway.session.duration": use_conversation,
    "gateway.session.tokens": use_conversation,
    "gateway.requests": use_request,
    "gateway.request.duration": use_request,
    "gateway.turns": use_turn,
    "gateway.turn.duration": use_turn,
    "gateway.turn.time_to_first_token": use_turn,
    "gateway.turn.time_to_first_audio": use_turn,
    "gateway.voice.user_stop_to_bot_audio": use_turn,
    "gateway.voice.barge_ins": use_turn,
    "gateway.voice.barge_in_to_silence": lambda: barge_in_silenced(0.1),
    "gateway.voice.speech_dropped": lambda: speech_dropped(0.1),
    "gateway.gen_ai.tokens": use_turn,
    "gateway.tool.calls": use_tool,
    "gateway.tool.duration": use_tool,
    "gateway.rejected": lambda: request_rejected("http", "busy"),
    "gateway.webrtc.ice_connect_time": lambda: peer_connected("host", 0.1),
    "gateway.webrtc.connect_failures": lambda: peer_failed("ice"),
    **dict.fromkeys(
        (
            "gateway.webrtc.calls",
            "gateway.webrtc.packet_loss",
            "gateway.webrtc.jitter",
            "gateway.webrtc.round_trip",
            "gateway.webrtc.underruns",
            "gateway.webrtc.made_up_speech",
        ),
        carry_call,
    ),
    "gateway.ws.close": lambda: websocket_closed(1000),
}
BY_THE_PROCESS = {
    "gateway.loop.lag",
    "gateway.process.rss",
    "gateway.process.fds",
    "gateway.process.tasks",
}


def test_the_table_of_this_test_names_every_metric() -> None:
    names = [metric.name for metric in catalog.METRICS]
    assert sorted(names) == sorted({*RECORDED_BY, *BY_THE_PROCESS})


@pytest.mark.parametrize("name", sorted(RECORDED_BY))
def test_each_metric_is_recorded_by_its_function_with_its_dimensions(
    recorded: Any, name: str
) -> None:
    RECORDED_BY[name]()
    metric = next(metric for metric in catalog.METRICS if metric.name == name)
    points = recorded.metrics()[name]
    assert points
    assert {len(values) for values in points} == {len(metric.dimensions)}
    assert all(catalog.OTHER not in values for values in points)


async def test_metrics_of_the_process_are_recorded_while_it_is_measured(recorded: Any) -> None:
    sample = recorded.next_sample()
    async with measuring_process(recorded.recorder, sample_seconds=0), asyncio.timeout(5):
        await sample
        assert recorded.metrics().keys() >= BY_THE_PROCESS


def test_names_units_and_dimensions_keep_the_rules_of_the_table() -> None:
    for metric in catalog.METRICS:
        assert re.fullmatch(r"gateway(\.[a-z_]+)+", metric.name), metric
        assert len(metric.dimensions) <= 4, metric
        assert metric.unit in {"s", "By"} or re.fullmatch(r"\{[a-z]+\}", metric.unit), metric
        assert (metric.buckets is not None) == (metric.instrument is Instrument.HISTOGRAM), metric
        assert list(metric.buckets or ()) == sorted(set(metric.buckets or ())), metric
        assert not any("session" in dimension.name for dimension in metric.dimensions), metric
        assert metric.description


def test_dimensions_have_closed_sets_and_only_tools_close_theirs_at_run_time() -> None:
    dimensions = {d.name: d for metric in catalog.METRICS for d in metric.dimensions}
    assert [name for name, d in dimensions.items() if d.values is None] == ["tool"]
    assert all(len(set(d.values)) == len(d.values) for d in dimensions.values() if d.values)
    assert all(catalog.OTHER not in (d.values or ()) for d in dimensions.values())


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("offline", "offline"),
        ("us.anthropic.claude-sonnet-5-v1:0", "claude"),
        ("amazon.nova-2-sonic-v1:0", "nova-sonic"),
        ("amazon.nova-sonic-v1:0", "nova-sonic"),
        ("us.amazon.nova-pro-v1:0", "nova"),
        ("gpt-realtime-2", "gpt-realtime"),
        ("OpenAI/GPT-5", "gpt"),
        ("gemini-live-2.5-flash", "gemini-live"),
        ("gemini-3-pro", "gemini"),
        ("something-new", "other"),
    ],
)
def test_a_model_is_counted_by_its_family(model: str, family: str) -> None:
    assert model_family(model) == family
