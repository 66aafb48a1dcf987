"""Log lines: JSON for machines, plain for a terminal; joined to traces, and without secrets.

One record is one line whatever its text holds: control characters are escaped, so that nobody can
write a line of ours. The names ``requestId`` and ``sessionId`` are those of AgentCore's SDK, so
that queries written for it go on working.
"""

import copy
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from opentelemetry import trace

from observability.correlation import request_id, session_id
from observability.redaction import redact, without_queries

MAX_TEXT = 16_384
"""Characters of one message or stack trace; what is longer is cut."""

_SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access")
_WIRES = (
    *_SERVERS,
    *("websockets", "httpcore", "httpx", "h2", "hpack", "urllib3", "botocore", "boto3"),
    *("aioice", "aiortc", "smithy_core", "smithy_http", "smithy_aws_core"),
    "smithy_aws_event_stream",
)
"""Their DEBUG lines hold headers and frames: who calls, and what is said."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class SecretsFilter(logging.Filter):
    """Passes a copy of each record whose text is complete and redacted."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        """Write message and stack trace out, redacted; what was logged stays as it is."""
        safe = copy.copy(record)
        message = redact(_cut(_message(record)))
        safe.msg = without_queries(message) if record.name in _SERVERS else message
        safe.args = None
        if record.exc_info and record.exc_info[0] is not None:
            safe.errorType = record.exc_info[0].__qualname__
            safe.exc_text = redact(_cut(_STACK.formatException(record.exc_info)))
            safe.exc_info = None
        for name, value in _extras(record).items():
            if not isinstance(value, bool | int | float | None):
                setattr(safe, name, redact(_cut(str(value))))
        return safe


class PingFilter(logging.Filter):
    """Drops access lines of /ping: a platform asks every few seconds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is worth keeping."""
        match record.args:
            case (_client, _method, path, _http_version, _status):
                return str(path).partition("?")[0] != "/ping"
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record, and what it belongs to."""
        line: dict[str, Any] = {
            "timestamp": _when(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **_belongs_to(),
            **_extras(record),
        }
        if record.exc_text:
            line["stackTrace"] = record.exc_text
        return json.dumps(line)


class PlainFormatter(logging.Formatter):
    """A short line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, where and what; a stack trace is indented below."""
        message = _escaped(record.getMessage())
        line = f"{_when(record):%H:%M:%S} {record.levelname:<7} {_escaped(record.name)}: {message}"
        for below in (record.exc_text or "").splitlines():
            line += f"\n    {_escaped(below)}"
        return line


_STACK = logging.Formatter()


def configure_logging(
    *, level: str = "INFO", json_lines: bool | None = None, stream: TextIO | None = None
) -> None:
    """Send all log lines to one stream, and nothing else anywhere.

    What goes over the wires is not logged, not even with the level DEBUG.
    ``json_lines`` None: plain lines if the stream is a terminal. The servers' own handlers are
    taken away, so run uvicorn with ``log_config=None``. Handlers of others on the root logger
    stay (an OpenTelemetry instrumentation's), and get redacted records as well.
    """
    target = sys.stdout if stream is None else stream
    as_json = not target.isatty() if json_lines is None else json_lines
    handler = logging.StreamHandler(target)
    handler.set_name("gateway")
    handler.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    root = logging.getLogger()
    root.handlers = [*(h for h in root.handlers if h.get_name() != "gateway"), handler]
    root.setLevel(level.upper())
    for each in root.handlers:
        if not any(isinstance(present, SecretsFilter) for present in each.filters):
            each.addFilter(SecretsFilter())
    for name in _SERVERS:
        server = logging.getLogger(name)
        server.handlers = []
        server.propagate = True
    for name in _WIRES:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
    access = logging.getLogger("uvicorn.access")
    if not any(isinstance(present, PingFilter) for present in access.filters):
        access.addFilter(PingFilter())


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a filter that raises would break the caller
        return f"{record.msg} (its arguments do not fit)"


def _belongs_to() -> dict[str, str]:
    span = trace.get_current_span().get_span_context()
    ids = {"requestId": request_id(), "sessionId": session_id()}
    if span.is_valid:
        ids["traceId"] = trace.format_trace_id(span.trace_id)
        ids["spanId"] = trace.format_span_id(span.span_id)
    return {name: value for name, value in ids.items() if value}


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _when(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … ({len(text)} characters)"


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
