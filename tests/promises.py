"""What the gateway promises, each with its source.

A test that holds a promise is marked ``@pytest.mark.promise("H01")``. ``test_architecture.py``
checks both ways: every promise has a test, and no test names a promise that is not here. The checks
of any deployment (``tests/conformance``) print these words, one line a promise.

Sources: ``guide`` is the developer guide of Amazon Bedrock AgentCore Runtime, ``sdk`` what the
``bedrock_agentcore`` app does, ``sample`` the WebRTC sample of AWS, ``ag-ui`` the AG-UI 1.0
specification, ``ours`` this project's word where the others are silent.
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
    "A12": Promise("ag-ui", "an attachment that cannot be opened fails no run"),
    "A15": Promise("ag-ui", "every start of a run, message or tool call has its end"),
    # WebSocket
    "W01": Promise("guide: WebSocket", "an upgrade on /ws succeeds"),
    "W02": Promise("sdk", "an upgrade on another path is refused"),
    "W03": Promise("guide: WebSocket", "the session header names the conversation"),
    "W07": Promise("sdk", "a hundred messages get a hundred replies in order"),
    "W12": Promise("guide: WebSocket", "a frame above the limit closes with 1009"),
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
