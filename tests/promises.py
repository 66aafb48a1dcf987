"""What the gateway promises, each with its source.

A test that holds a promise is marked ``@pytest.mark.promise("H01")``. ``test_architecture.py``
checks both ways: every promise has a test, and no test names a promise that is not here. The checks
of any deployment (``tests/conformance``) print these words, one line a promise.

Sources: ``guide`` is the developer guide of Amazon Bedrock AgentCore Runtime, ``sdk`` what the
``bedrock_agentcore`` app does, ``sample`` the WebRTC sample of AWS, ``samples`` its WebSocket ones
(``strands sample``, ``sonic sample``), ``ag-ui`` the AG-UI 1.0 specification, ``ours`` this
project's word where the others are silent.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One sentence that a user may rely on."""

    source: str
    words: str


PROMISES: dict[str, Promise] = {
    # Health and routing
    "H01": Promise("guide: HTTP", "GET /ping answers 200 with the status Healthy"),
    "H02": Promise("guide: HTTP", "/ping has a whole time_of_last_update, not in the future"),
    "H03": Promise("guide: HTTP", "time_of_last_update stands still while nothing changes"),
    "H09": Promise("sdk", "POST /ping is 405"),
    "H10": Promise("sdk", "GET /invocations is 405"),
    "H11": Promise("sdk", "an unknown path is 404"),
    "H15": Promise("ours", "many pings at once are all answered 200"),
    # JSON invocations
    "J01": Promise("guide: HTTP", "a JSON prompt is answered with JSON and 200"),
    "J02": Promise("guide: HTTP", "a prompt without Content-Type counts as JSON"),
    "J03": Promise("sdk", "a JSON prompt sent as text/plain is answered, or refused with 415"),
    "J04": Promise("sdk", "broken JSON is an error object and 400"),
    "J05": Promise("sdk", "an empty body is an error object and 400"),
    "J06": Promise("sdk", "invalid UTF-8 is an error object and 400"),
    "J07": Promise("ours", "a list, a number or a string is answered in JSON, never by 500"),
    "J11": Promise("sdk", "text outside ASCII makes the round trip unchanged"),
    "J12": Promise("guide: sessions", "the session header counts in any letter case"),
    "J13": Promise("guide: sessions", "without a session header one is made up and told"),
    "J19": Promise("sdk", "parallel requests keep their sessions apart"),
    # Streaming
    "S01": Promise("guide: HTTP", "a stream is text/event-stream, each event one line of JSON"),
    "S03": Promise("guide: HTTP", "the first event arrives before the reply is finished"),
    # AG-UI
    "A01": Promise("ag-ui", "a run is framed by RUN_STARTED and RUN_FINISHED with its ids"),
    "A02": Promise("ag-ui", "threadId, runId and messages are enough"),
    "A03": Promise("ag-ui", "a run without messages ends in order"),
    "A04": Promise("guide: AG-UI", "a run without threadId or with wrong types is refused clearly"),
    "A07": Promise("ag-ui", "unknown fields and snake_case names are accepted"),
    "A08": Promise("ag-ui", "protobuf is what it says it is, or SSE"),
    "A11": Promise("sdk", "a run over WebSocket has the events of a run over SSE"),
    "A12": Promise("sdk", "a WebSocket whose first message is no JSON is closed with 1003"),
    "A13": Promise("ours", "a run with long faults is refused with a reason that fits a close"),
    "A14": Promise("sdk", "an agent that fails sends RUN_ERROR, then closes"),
    "A15": Promise("ag-ui", "every start of a run, message or tool call has its end"),
    "A17": Promise("ag-ui", "an attachment that cannot be opened fails no run"),
    # WebSocket
    "W01": Promise("guide: WebSocket", "an upgrade on /ws succeeds"),
    "W02": Promise("sdk", "an upgrade on another path is refused"),
    "W03": Promise("guide: WebSocket", "the session header names the conversation"),
    "W04": Promise("guide: WebSocket", "session id and custom headers may stand in the query"),
    "W05": Promise("guide: WebSocket", "the bearer subprotocol is selected, its token never told"),
    "W06": Promise("guide: WebSocket", "an unknown subprotocol is left out or refused"),
    "W07": Promise("sdk", "a hundred messages get a hundred replies in order"),
    "W08": Promise("sdk", "an agent that fails is told and closes with 1011"),
    "W09": Promise("ours", "a client that vanishes is idle again within 5 s"),
    "W10": Promise("samples", "broken JSON is answered, and the connection stays"),
    "W11": Promise("guide: WebSocket", "frames are at most 32 KB, and base64 decodes alone"),
    "W12": Promise("guide: WebSocket", "a frame above the limit closes with 1009"),
    "W13": Promise("guide: limits", "a flood of frames is survived, 250 a second are never sent"),
    "W14": Promise("samples", "messages that only servers send are ignored"),
    "W15": Promise("strands sample", "before config nothing is taken"),
    "W16": Promise("strands sample", "config, then sound, is answered with sound and transcripts"),
    "W17": Promise("strands sample", "a second config is refused and the session goes on"),
    "W18": Promise("strands sample", "typed text is answered"),
    "W19": Promise(
        "sonic sample", "a session, a prompt and sound are answered with stamped events"
    ),
    "W20": Promise("sonic sample", "an event wrapped in a body is the event"),
    "W21": Promise("sonic sample", "another session may follow on the same socket"),
    "W22": Promise("samples", "who is spoken over is told to stop before anything else is heard"),
    "W23": Promise("guide: WebSocket", "a ping is answered while nothing happens"),
    "W24": Promise("ours", "a server that is stopped closes with 1001"),
    # WebRTC signaling
    "R01": Promise("sample", "ice_config tells the ICE servers"),
    "R05": Promise("sample", "a browser's offer is answered with an SDP that has a candidate"),
    "R06": Promise("ours", "two offers get two unguessable peer ids"),
    "R07": Promise("ours", "an offer that is no SDP is an error object"),
    "R08": Promise("sample", "ICE candidates of a live peer are accepted"),
    "R09": Promise("sample", "the end of candidates is accepted"),
    "R10": Promise("ours", "a candidate for an unknown peer is an error object"),
    "R11": Promise("sample", "disconnect ends the peer"),
    "R12": Promise("sample", "a second disconnect is a success too"),
    "R13": Promise("ours", "an unknown action is an error that names the known ones"),
    "R14": Promise("ours", "the peer of another session is out of reach"),
}
