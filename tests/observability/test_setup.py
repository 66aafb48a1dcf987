import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from observability.recording import recorder
from observability.setup import (
    Telemetry,
    TelemetryMisconfigured,
    check,
    configure,
    telemetry_lifespan,
    telemetry_wanted,
)
from tests.emulators.otlp import OtlpReceiver, ReceivedSpan

SECRET = b"xyzzy-4711"
PROGRAM = [sys.executable, "-m", "tests.observability.agents_program"]
INSTRUMENT = [str(Path(sys.executable).with_name("opentelemetry-instrument"))]
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def run(command: list[str], variables: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What the program printed, and its log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        command, env=kept | variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed, done.stderr


@pytest.fixture(scope="module")
def exported() -> Iterator[tuple[OtlpReceiver, dict[str, Any], str]]:
    with OtlpReceiver() as collector:
        printed, log = run(PROGRAM, collector.environment())
        yield collector, printed, log


def tree(spans: list[ReceivedSpan]) -> set[str]:
    """Each span as the path of names from its root."""
    by_id = {span.span_id: span for span in spans}

    def path(span: ReceivedSpan) -> str:
        parent = by_id.get(span.parent_id)
        return f"{path(parent)} > {span.name}" if parent else span.name

    return {path(span) for span in spans}


def test_a_text_turn_is_one_trace_with_the_agents_spans_under_it(exported: Any) -> None:
    spans = [s for s in exported[0].spans() if s.attributes["session.id"] == "session-text"]
    agent = "gateway.turn > invoke_agent Strands Agents"
    assert tree(spans) == {
        "gateway.turn",
        agent,
        f"{agent} > execute_event_loop_cycle",
        f"{agent} > execute_event_loop_cycle > chat",
        f"{agent} > execute_event_loop_cycle > execute_tool repeat",
    }
    assert len({span.trace_id for span in spans}) == 1


def test_a_conversation_is_one_trace_with_its_turns_and_the_agents_spans(exported: Any) -> None:
    spans = [s for s in exported[0].spans() if s.attributes["session.id"] == "session-voice"]
    session = "gateway.conversation > bidi_session Strands Agents"
    assert tree(spans) == {
        "gateway.conversation",
        "gateway.conversation > gateway.turn",
        session,
        f"{session} > bidi_connect",
        f"{session} > bidi_response",
        f"{session} > execute_tool repeat",
    }
    assert len({span.trace_id for span in spans}) == 1


def test_every_span_carries_its_session_and_the_service(exported: Any) -> None:
    spans = exported[0].spans()
    assert {span.attributes.get("session.id") for span in spans} == {
        "session-text",
        "session-voice",
    }
    assert {span.resource["service.name"] for span in spans} == {"agent-gateway"}


def test_metrics_are_exported_and_never_carry_a_session(exported: Any) -> None:
    metrics = exported[0].metrics()
    names = {metric.name for metric in metrics}
    assert names >= {
        "gateway.turns",
        "gateway.turn.duration",
        "gateway.turn.time_to_first_token",
        "gateway.gen_ai.tokens",
        "gateway.sessions.active",
        "gateway.session.duration",
        "gateway.process.rss",
        "strands.event_loop.cycle_count",
    }
    keys = {key for metric in metrics for attributes, _ in metric.points for key in attributes}
    assert "session.id" not in keys


def test_log_lines_name_the_trace_of_the_turn_they_belong_to(exported: Any) -> None:
    collector, _, log = exported
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    of_text = {line["traceId"] for line in lines if line.get("sessionId") == "session-text"}
    (turn,) = [s for s in collector.spans("gateway.turn") if not s.parent_id]
    assert of_text == {turn.trace_id}
    assert "Failed to detach context" not in log


def test_what_was_said_is_in_no_exported_byte(exported: Any) -> None:
    collector, printed, _ = exported
    assert printed == {"on": True, "sdk": True, "stop": "end_turn"}
    assert len(collector.raw()) > 1_000
    assert SECRET not in collector.raw()


def test_what_was_said_is_exported_when_that_is_asked_for() -> None:
    with OtlpReceiver() as collector:
        run(PROGRAM, {**collector.environment(), "CAPTURE": "yes"})
        assert SECRET in collector.raw()


def test_the_providers_of_auto_instrumentation_are_used_and_content_still_kept_out() -> None:
    with OtlpReceiver() as collector:
        run([*INSTRUMENT, *PROGRAM], collector.environment())
        spans = collector.spans()
        assert {span.attributes.get("session.id") for span in spans} == {
            "session-text",
            "session-voice",
        }
        assert all("telemetry.auto.version" in span.resource for span in spans)
        assert collector.metrics("gateway.turns")
        assert SECRET not in collector.raw()


@pytest.mark.parametrize("variables", [{}, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}])
def test_when_off_nothing_of_the_sdk_is_imported(variables: dict[str, str]) -> None:
    printed, _ = run(PROGRAM, variables)
    assert printed == {"on": False, "sdk": False, "stop": "end_turn"}


def test_an_endpoint_that_never_answers_holds_the_end_up_for_the_flush_at_most() -> None:
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        port = black_hole.getsockname()[1]
        _, log = run(PROGRAM, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert "Telemetry was not exported within 3.0 s" in log


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "None"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "True "}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_the_variables_say_whether_telemetry_is_wanted(
    environ: dict[str, str], wanted: bool
) -> None:
    assert telemetry_wanted(environ) is wanted


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc needs opentelemetry-exporter-otlp-proto-grpc; "
            "use http/protobuf",
        ),
        (
            "OTEL_METRICS_EXPORTER",
            "otlp, pigeon",
            "OTEL_METRICS_EXPORTER=pigeon: no such exporter is installed; use otlp or none",
        ),
    ],
)
def test_an_exporter_that_is_not_installed_is_refused_with_the_remedy(
    variable: str, value: str, message: str
) -> None:
    environ = {**ENDPOINT, variable: value}
    for refusing in (check, configure):
        with pytest.raises(TelemetryMisconfigured) as refused:
            refusing(environ)
        assert str(refused.value) == message


@pytest.mark.parametrize("environ", [{}, ENDPOINT, {"OTEL_TRACES_EXPORTER": "console"}])
def test_variables_that_can_work_pass_the_check(environ: dict[str, str]) -> None:
    check(environ)


def test_what_the_sdk_refuses_is_told_as_a_fault_of_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier/pigeon")
    with pytest.raises(TelemetryMisconfigured, match=r"mend the OTEL_\* variables: .*pigeon"):
        configure(os.environ)


async def test_the_lifespan_of_telemetry_that_is_off_does_nothing() -> None:
    async with telemetry_lifespan({}) as telemetry:
        assert (telemetry.on, recorder()) == (False, None)
        assert await telemetry.flush()


class Provider:
    """Flushes when it is let."""

    def __init__(self, result: bool | Exception = True, opened: bool = True) -> None:
        self.calls: list[str] = []
        self.gate = Event()
        self._result = result
        if opened:
            self.gate.set()

    def force_flush(self) -> bool:
        self.calls.append("flush")
        self.gate.wait(5)
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def shutdown(self) -> None:
        self.calls.append("shutdown")


async def test_flushing_takes_the_providers_in_order_and_closing_does_it_once() -> None:
    providers = (Provider(), Provider())
    telemetry = Telemetry(None, providers)
    await telemetry.aclose()
    await telemetry.aclose()
    assert [provider.calls for provider in providers] == [["flush"], ["flush"]]


async def test_a_provider_that_fails_does_not_keep_the_next_from_flushing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing, refusing, last = Provider(Exception("no")), Provider(False), Provider()
    with caplog.at_level(logging.WARNING):
        assert not await Telemetry(None, (failing, refusing, last)).flush()
    assert last.calls == ["flush"]
    assert "Telemetry could not be exported" in caplog.text


async def test_a_provider_that_hangs_is_waited_for_no_longer_than_said() -> None:
    hanging = Provider(opened=False)
    async with asyncio.timeout(5):
        assert not await Telemetry(None, (hanging,)).flush(timeout_seconds=0.01)
    hanging.gate.set()
