"""Every metric of the gateway: the one table that code, dashboards, alarms, docs and tests read.

A metric is here only if something records it. Durations are seconds. Each attribute becomes a
billed CloudWatch dimension, so values come from closed sets: an unknown one is recorded as
``other``, and a session id is never one of them. Gauges are observable gauges only: CloudWatch's
exporter publishes deltas, which makes nonsense of an up-down counter.
"""

from dataclasses import dataclass
from enum import Enum

NAMESPACE = "AgentGateway"
"""CloudWatch namespace of the metrics, unless the exporter is told another."""

OTHER = "other"
"""What is recorded in place of a value outside its dimension's set."""


class Instrument(Enum):
    """The kinds of OpenTelemetry instruments in use."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    OBSERVABLE_GAUGE = "observable gauge"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One attribute of a metric.

    ``values`` is its closed set. None: the set is known only at run time (names of tools) and
    closes itself after ``at_most`` different values.
    """

    name: str
    values: tuple[str, ...] | None
    at_most: int = 64


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; ``unit`` is UCUM, ``buckets`` are the bounds of a histogram."""

    name: str
    unit: str
    instrument: Instrument
    dimensions: tuple[Dimension, ...]
    description: str
    buckets: tuple[float, ...] | None = None


MODEL_FAMILIES = {
    "nova-sonic": "nova-sonic",
    "nova-2-sonic": "nova-sonic",
    "nova": "nova",
    "claude": "claude",
    "realtime": "gpt-realtime",
    "gpt": "gpt",
    "gemini-live": "gemini-live",
    "gemini": "gemini",
    "llama": "llama",
    "mistral": "mistral",
    "qwen": "qwen",
    "deepseek": "deepseek",
    "cascade": "cascade",
    "offline": "offline",
}
"""A part of a model's name and its family; the first part that is found decides."""


def model_family(model: str) -> str:
    """Name the family of a model: the value of the metrics' ``model`` dimension."""
    name = model.lower()
    for part, family in MODEL_FAMILIES.items():
        if part in name:
            return family
    return OTHER


PROTOCOL = Dimension("protocol", ("http", "agui", "ws", "webrtc"))
OUTCOME = Dimension("outcome", ("ok", "client_error", "server_error", "cancelled", "timeout"))
MODEL = Dimension("model", tuple(dict.fromkeys(MODEL_FAMILIES.values())))
ACTION = Dimension(
    "action",
    (
        "run",
        "cancel",
        "history",
        "forget",
        "ice_config",
        "offer",
        "ice_candidate",
        "disconnect",
    ),
)
END_REASON = Dimension("end_reason", OUTCOME.values)
TOKEN_TYPE = Dimension("token_type", ("input", "output", "cache_read", "cache_write"))
TOOL = Dimension("tool", None)
TOOL_OUTCOME = Dimension("outcome", ("ok", "error", "timeout", "cancelled"))
ICE_PATH = Dimension("ice_path", ("host", "srflx", "prflx", "relay"))
DIRECTION = Dimension("direction", ("up", "down"))
RECEIVE_PATH = Dimension("receive_path", ("own", "stock"))
CONNECT_STAGE = Dimension("stage", ("sdp", "ice", "dtls", "timeout"))
CLOSE_CODE = Dimension(
    "code",
    ("1000", "1001", "1002", "1003", "1005", "1006", "1007", "1008", "1009", "1011", "1012"),
)
REJECT_REASON = Dimension(
    "reason", ("auth", "origin", "rate", "size", "slow", "schema", "busy", "capacity", "draining")
)

_TURN_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 900.0)
_LATENCY_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_SESSION_SECONDS = (1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 300.0, 900.0, 1800.0, 3600.0)
_LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
_JITTER_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.5)
_LOSS_PERCENT = (0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0)
_TOKENS = (10.0, 50.0, 100.0, 500.0, 1e3, 5e3, 1e4, 5e4, 1e5, 5e5, 1e6)


def _counter(name: str, unit: str, dimensions: tuple[Dimension, ...], description: str) -> Metric:
    return Metric(name, unit, Instrument.COUNTER, dimensions, description)


def _gauge(name: str, unit: str, dimensions: tuple[Dimension, ...], description: str) -> Metric:
    return Metric(name, unit, Instrument.OBSERVABLE_GAUGE, dimensions, description)


def _seconds(
    name: str, dimensions: tuple[Dimension, ...], description: str, buckets: tuple[float, ...]
) -> Metric:
    return Metric(name, "s", Instrument.HISTOGRAM, dimensions, description, buckets)


SESSIONS_ACTIVE = _gauge(
    "gateway.sessions.active",
    "{session}",
    (PROTOCOL,),
    "Turns and live conversations that hold their session now",
)
SESSIONS_OPENED = _counter(
    "gateway.sessions.opened", "{session}", (PROTOCOL,), "Live conversations opened"
)
SESSION_DURATION = _seconds(
    "gateway.session.duration",
    (PROTOCOL, END_REASON),
    "A live conversation, from open to close",
    _SESSION_SECONDS,
)
SESSION_TOKENS = Metric(
    "gateway.session.tokens",
    "{token}",
    Instrument.HISTOGRAM,
    (PROTOCOL, TOKEN_TYPE),
    "Tokens of a live conversation, one sample at its end",
    _TOKENS,
)
REQUESTS = _counter(
    "gateway.requests",
    "{request}",
    (PROTOCOL, ACTION, OUTCOME),
    "Requests answered or refused",
)
REQUEST_DURATION = _seconds(
    "gateway.request.duration",
    (PROTOCOL, ACTION),
    "From a request to its answer, or to the start of a streamed answer",
    _TURN_SECONDS,
)
TURNS = _counter("gateway.turns", "{turn}", (PROTOCOL, MODEL, OUTCOME), "Turns ended")
TURN_DURATION = _seconds(
    "gateway.turn.duration",
    (PROTOCOL, MODEL),
    "From the user's input being complete to the reply being complete",
    _TURN_SECONDS,
)
TIME_TO_FIRST_TOKEN = _seconds(
    "gateway.turn.time_to_first_token",
    (PROTOCOL, MODEL),
    "From the user's input being complete to the first words of the reply",
    _LATENCY_SECONDS,
)
TIME_TO_FIRST_AUDIO = _seconds(
    "gateway.turn.time_to_first_audio",
    (PROTOCOL, MODEL),
    "From the user's input being complete to the first audio of the reply",
    _LATENCY_SECONDS,
)
USER_STOP_TO_BOT_AUDIO = _seconds(
    "gateway.voice.user_stop_to_bot_audio",
    (PROTOCOL, MODEL),
    "From the last voiced sound of the user to the first audio of the reply",
    _LATENCY_SECONDS,
)
BARGE_INS = _counter(
    "gateway.voice.barge_ins", "{event}", (PROTOCOL,), "Replies the user spoke over"
)
BARGE_IN_TO_SILENCE = _seconds(
    "gateway.voice.barge_in_to_silence",
    (),
    "From a barge-in being noticed to the voice being cut on the wire",
    _LAG_SECONDS,
)
SPEECH_DROPPED = _counter(
    "gateway.voice.speech_dropped",
    "s",
    (),
    "Speech of users dropped because the model did not take it in time",
)
TOKENS = _counter(
    "gateway.gen_ai.tokens",
    "{token}",
    (PROTOCOL, MODEL, TOKEN_TYPE),
    "Tokens spent; those of the cache are part of the input",
)
TOOL_CALLS = _counter("gateway.tool.calls", "{call}", (TOOL, TOOL_OUTCOME), "Tools called")
TOOL_DURATION = _seconds("gateway.tool.duration", (TOOL,), "One call of a tool", _LATENCY_SECONDS)
REJECTED = _counter(
    "gateway.rejected",
    "{request}",
    (PROTOCOL, REJECT_REASON),
    "Requests and connections refused before any work was done",
)
ICE_CONNECT_TIME = _seconds(
    "gateway.webrtc.ice_connect_time",
    (ICE_PATH,),
    "From an accepted offer to a connected peer",
    _LATENCY_SECONDS,
)
CONNECT_FAILURES = _counter(
    "gateway.webrtc.connect_failures",
    "{event}",
    (CONNECT_STAGE,),
    "Peers that did not get connected, by the stage that failed",
)
CALLS = _counter(
    "gateway.webrtc.calls",
    "{connection}",
    (RECEIVE_PATH,),
    "Connections that carried a call, by who received its sound: our own receiver or aiortc's",
)
PACKET_LOSS = Metric(
    "gateway.webrtc.packet_loss",
    "{percent}",
    Instrument.HISTOGRAM,
    (DIRECTION,),
    "Packets of a call that were lost on the way to us (up) or to the client (down)",
    _LOSS_PERCENT,
)
JITTER = _seconds(
    "gateway.webrtc.jitter",
    (DIRECTION,),
    "Interarrival jitter at the end of a call, as RFC 3550 has it",
    _JITTER_SECONDS,
)
ROUND_TRIP = _seconds(
    "gateway.webrtc.round_trip",
    (ICE_PATH,),
    "Round trip between us and the client, smoothed over the call",
    _LATENCY_SECONDS,
)
UNDERRUNS = _counter(
    "gateway.webrtc.underruns",
    "{event}",
    (),
    "Times that the voice of a call ran dry in the middle of a message",
)
MADE_UP_SPEECH = _counter(
    "gateway.webrtc.made_up_speech",
    "s",
    (),
    "Sound of users that was recovered or made up in place of lost packets",
)
WEBSOCKET_CLOSE = _counter(
    "gateway.ws.close", "{connection}", (CLOSE_CODE,), "WebSockets closed, by close code"
)
LOOP_LAG = _seconds(
    "gateway.loop.lag", (), "Delay of the event loop, sampled four times a second", _LAG_SECONDS
)
PROCESS_MEMORY = _gauge("gateway.process.rss", "By", (), "Resident memory of the process")
PROCESS_FILES = _gauge("gateway.process.fds", "{fd}", (), "Open file descriptors")
PROCESS_TASKS = _gauge("gateway.process.tasks", "{task}", (), "Tasks on the event loop")

METRICS = (
    SESSIONS_ACTIVE,
    SESSIONS_OPENED,
    SESSION_DURATION,
    SESSION_TOKENS,
    REQUESTS,
    REQUEST_DURATION,
    TURNS,
    TURN_DURATION,
    TIME_TO_FIRST_TOKEN,
    TIME_TO_FIRST_AUDIO,
    USER_STOP_TO_BOT_AUDIO,
    BARGE_INS,
    BARGE_IN_TO_SILENCE,
    SPEECH_DROPPED,
    TOKENS,
    TOOL_CALLS,
    TOOL_DURATION,
    REJECTED,
    ICE_CONNECT_TIME,
    CONNECT_FAILURES,
    CALLS,
    PACKET_LOSS,
    JITTER,
    ROUND_TRIP,
    UNDERRUNS,
    MADE_UP_SPEECH,
    WEBSOCKET_CLOSE,
    LOOP_LAG,
    PROCESS_MEMORY,
    PROCESS_FILES,
    PROCESS_TASKS,
)
