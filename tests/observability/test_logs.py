import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace

from observability.correlation import bind_request, bind_session
from observability.logs import (
    _WIRES,
    MAX_TEXT,
    JsonFormatter,
    PlainFormatter,
    SecretsFilter,
    configure_logging,
)
from observability.turns import observe_turn


@pytest.fixture
def own_logging() -> Iterator[None]:
    """The loggers as they were, after the test."""
    loggers = [logging.getLogger(name) for name in ("", *_WIRES)]
    before = [
        (each, each.handlers, each.filters[:], each.level, each.propagate) for each in loggers
    ]
    filters = [(handler, handler.filters[:]) for handler in logging.getLogger().handlers]
    yield
    for logger, handlers, own_filters, level, propagate in before:
        logger.handlers, logger.filters, logger.propagate = handlers, own_filters, propagate
        logger.setLevel(level)
    for handler, own_filters in filters:
        handler.filters = own_filters


def terminal() -> io.StringIO:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]  # a terminal without one
    return stream


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.usefixtures("own_logging")
def test_a_line_tells_when_what_and_where(recorded: Any) -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    bind_request("r1")
    with observe_turn(protocol="http", session_id="s1", model="offline"):
        span = trace.get_current_span().get_span_context()
        logging.getLogger("gateway.sessions").info("Turn %s begins", 1, extra={"event": "turn"})
    bind_request("")
    (line,) = written(stream)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "message": "Turn 1 begins",
        "logger": "gateway.sessions",
        "requestId": "r1",
        "sessionId": "s1",
        "traceId": trace.format_trace_id(span.trace_id),
        "spanId": trace.format_span_id(span.span_id),
        "event": "turn",
    }


@pytest.mark.usefixtures("own_logging")
def test_without_telemetry_lines_still_name_the_session() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    with observe_turn(protocol="http", session_id="s1", model="offline"):
        logging.getLogger("gateway").warning("busy")
    (line,) = written(stream)
    assert (line["sessionId"], "traceId" in line, "requestId" in line) == ("s1", False, False)


@pytest.mark.usefixtures("own_logging")
def test_secrets_reach_neither_message_stack_nor_extras() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    try:
        raise ValueError("password=hunter2hunter2")
    except ValueError:
        logging.getLogger("gateway").exception(
            "Bearer %s failed",
            "hunter2hunter2",
            extra={"headers": {"authorization": "hunter2hunter2"}, "attempt": 3},
        )
    (line,) = written(stream)
    assert "hunter2" not in stream.getvalue()
    assert (line["message"], line["errorType"], line["attempt"]) == (
        "Bearer [redacted] failed",
        "ValueError",
        3,
    )
    assert "ValueError: password=[redacted]" in line["stackTrace"]


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("as_json", [True, False])
def test_no_text_can_forge_a_line(as_json: bool) -> None:
    stream = io.StringIO()
    configure_logging(stream=stream, json_lines=as_json)
    evil = 'x\r\n{"level": "INFO", "message": "forged"}\x1b[2J\x85\u2028end\x00'
    bind_session(evil)
    logging.getLogger("gateway\nforged").error("%s", evil)
    bind_session("")
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


@pytest.mark.usefixtures("own_logging")
def test_a_terminal_gets_plain_lines_with_the_stack_indented() -> None:
    stream = terminal()
    configure_logging(stream=stream)
    try:
        raise ValueError("one\ntwo")
    except ValueError:
        logging.getLogger("gateway").exception("It failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(" ERROR   gateway: It failed")
    assert lines[1] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in lines[1:])


@pytest.mark.usefixtures("own_logging")
def test_access_lines_of_ping_are_dropped_and_others_kept() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    access = logging.getLogger("uvicorn.access")
    line = '%s - "%s %s HTTP/%s" %d'
    for path in ("/ping", "/ping?x=1", "/pingpong", "/invocations"):
        access.info(line, "127.0.0.1:5", "GET", path, "1.1", 200)
    access.info("a line of another form")
    messages = [each["message"] for each in written(stream)]
    assert [message.split()[3] for message in messages[:2]] == ["/pingpong", "/invocations"]
    assert messages[2:] == ["a line of another form"]


@pytest.mark.usefixtures("own_logging")
def test_queries_of_accepted_connections_are_not_logged() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    line = '%s - "WebSocket %s" [accepted]'
    logging.getLogger("uvicorn.error").info(line, "127.0.0.1:5", "/ws?pass=SECRET")
    (logged,) = written(stream)
    assert logged["message"] == '127.0.0.1:5 - "WebSocket /ws?[redacted]" [accepted]'


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("name", ["uvicorn.error", "websockets.server", "httpcore.http11", "h2"])
@pytest.mark.parametrize(("level", "heard"), [("debug", ["told"]), ("warning", [])])
def test_frames_are_not_logged_at_any_level(name: str, level: str, heard: list[str]) -> None:
    stream = io.StringIO()
    configure_logging(stream=stream, level=level)
    logging.getLogger(name).debug("< TEXT '%s'", "a prompt")
    logging.getLogger(name).info("told")
    assert [line["message"] for line in written(stream)] == heard


@pytest.mark.usefixtures("own_logging")
def test_configuring_twice_writes_each_line_once_and_keeps_handlers_of_others() -> None:
    kept: list[str] = []

    class Exporter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    logging.getLogger().addHandler(Exporter())
    streams = [io.StringIO(), io.StringIO()]
    for stream in streams:
        configure_logging(stream=stream, level="warning")
    logging.getLogger("gateway").info("too low")
    logging.getLogger("uvicorn.error").warning("Bearer hunter2hunter2")
    assert [len(stream.getvalue().splitlines()) for stream in streams] == [0, 1]
    assert kept == ["Bearer [redacted]"]


@pytest.mark.usefixtures("own_logging")
def test_lines_go_to_standard_output_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("gateway").info("hello")
    out, error = capsys.readouterr()
    assert (json.loads(out)["message"], error) == ("hello", "")


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("gateway", logging.INFO, __file__, 1, message, arguments, None)


def test_arguments_that_do_not_fit_are_no_reason_to_fail() -> None:
    safe = SecretsFilter().filter(record("%d turns", "three"))
    assert safe.getMessage() == "%d turns (its arguments do not fit)"


def test_long_texts_are_cut() -> None:
    message = SecretsFilter().filter(record("%s", "x" * (MAX_TEXT + 5))).getMessage()
    assert message == "x" * MAX_TEXT + f" … ({MAX_TEXT + 5} characters)"


def test_what_was_logged_is_not_changed_for_others() -> None:
    original = record("Bearer %s", "hunter2hunter2")
    SecretsFilter().filter(original)
    assert original.getMessage() == "Bearer hunter2hunter2"


def test_formatters_also_take_records_that_no_filter_saw() -> None:
    assert json.loads(JsonFormatter().format(record("hello")))["message"] == "hello"
    assert PlainFormatter().format(record("hello")).endswith("gateway: hello")
