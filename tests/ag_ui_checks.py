"""What a server of AG-UI 1.0 has to get right, seen from outside.

A test that makes a check is marked ``@pytest.mark.check("C01")``. Those that need nothing but a URL
are in ``tests/conformance``; those that need a model, a tool or a setting of their own are in
``tests/ag_ui``. Tests that show a feature of the dojo, AG-UI's collection of demonstrations, are
marked ``@pytest.mark.feature("shared-state")``. ``tests/test_ag_ui_checks.py`` sees to it that each
has its test.
"""

CHECKS: dict[str, str] = {
    # A run
    "C01": "a run is one RUN_STARTED first and one RUN_FINISHED last, as text/event-stream",
    "C02": "both repeat threadId and runId",
    "C03": "RUN_STARTED says protocolVersion 1.0",
    "C04": "frames end with LF only, hold one JSON object each, and the last one is closed",
    "C05": "no optional member is null",
    "C06": "no member and no type is unknown: the client warns of nothing",
    "C07": "text comes in several pieces, in several reads",
    "C08": "RUN_STARTED comes before the model says anything",
    # Input
    "C09": "tools, context, state and forwardedProps may be absent",
    "C10": "a run without messages ends in order, or is refused",
    "C11": "unknown members are accepted at every level",
    "C12": "a protocolVersion of ours, older, newer in its minor, or unreadable is served",
    "C13": "another major protocolVersion is served, or refused before the run",
    "C14": "a run without threadId, runId or messages is refused",
    "C15": "what is no JSON object is refused",
    "C16": "a known member of a wrong type is refused",
    "C17": "a refusal is JSON or RUN_ERROR, and the client rejects with its status",
    "C18": "GET and PUT are 405",
    "C19": "text/plain is 415, or counts as JSON",
    "C20": "a charset in the Content-Type is accepted",
    # Tools of the server
    "C21": "a call is START, ARGS, END and RESULT of one id, then text",
    "C22": "the pieces of the arguments make JSON",
    "C23": "a result has a message id of its own",
    "C24": "the client's history has the call, right after it the result, then the answer",
    "C25": "two calls of one model turn have one parent",
    "C26": "a call after words has the message of the words as its parent",
    "C27": "a tool that raises is a result, and the run goes on",
    "C28": "a tool that returns an image fails no run",
    # Tools of the client
    "C29": "a client's tool has no result, and the run ends as a success right after the call",
    "C30": "pendingToolCallIds are the open calls in order",
    "C31": "a tool message reaches the model, and the tool is not called again",
    "C32": "a tool message with an error, or with parts, reaches the model",
    "C33": "a user who types on instead of answering can go on",
    "C34": "a client's tool that is not offered any more is not called",
    "C35": "a client's tool named like one of the server has exactly one owner",
    "C36": "of a mixed batch the server's calls are answered and the client's are pending",
    "C37": "tools without parameters, of odd names, twice or many are served or refused clearly",
    # History
    "C38": "system and developer messages reach the model",
    "C39": "context reaches the model",
    "C40": "the client keeps every message of its history unchanged",
    "C41": "what the client removed from its history the model does not know",
    "C42": "over many turns ids stay unique and messages unchanged",
    # State and media
    "C43": "a state that no tool touches stays as it is, whatever JSON it is",
    "C44": "a tool's change of the state reaches the client",
    "C45": "a part that the model does not take fails no run",
    "C46": "a private address is not opened",
    "C47": "broken base64 fails no run",
    # Reasoning
    "C48": "reasoning is balanced",
    "C49": "signed reasoning comes back to the provider unchanged",
    # Interrupts
    "C50": "a tool that interrupts ends the run with the outcome interrupt and nothing open",
    "C51": "a resolved interrupt runs the tool once, without a second START",
    "C52": "a cancelled interrupt performs nothing",
    "C53": "a run is resumed after a restart",
    "C54": "an unknown resume entry is ignored",
    "C55": "an open interrupt is not abandoned by an input without resume",
    # Ends
    "C56": "a failure in mid-message is RUN_ERROR, last and without internals",
    "C57": "a client that leaves cancels the model's call and frees the thread",
    "C58": "clients that leave at any moment leave a healthy server",
    "C59": "a stop request ends the run as cancelled, everything closed",
    "C60": "concurrent runs do not mix",
    "C61": "a second run on a busy thread is served or refused, a third works",
    # Transports
    "C62": "protobuf is served as its exact type, in frames that can be read",
    "C63": "protobuf with quality 0 is SSE",
    "C64": "any or no Accept gets a run that can be read",
    "C65": "protobuf and SSE have the same events",
    "C66": "silence is filled with comments, not with events",
    "C67": "usage adds up, and says nothing of what is unknown",
    "C68": "text of any script arrives unchanged",
    "C69": "large messages are answered or refused",
    "C70": "odd ids are echoed or refused, and touch no file",
    "C71": "nodes at work side by side are told apart as steps",
    "C72": "an agent called as a tool is a subagent, closed before the run",
    "C73": "origins that are listed may call, others may not",
    "C74": "a WebSocket has the events of SSE, one JSON object a message",
    "C75": "what the capabilities declare holds",
    "C76": "a reader that stalls costs bounded memory, and its run ends",
}

FEATURES: dict[str, str] = {
    # The demonstrations of AG-UI's dojo
    "agentic-chat": "a chat whose model may call tools of the page (A2A, crew and vnext chat too)",
    "backend-tool-rendering": "calls of the server's tools and their results, for the page to show",
    "human-in-the-loop": "a tool of the page lets the user choose before the model goes on",
    "interrupt": "a tool of the server asks the user, and the run is resumed",
    "agentic-generative-ui": "a tool that works in steps tells the state as it goes",
    "tool-based-generative-ui": "the arguments of a page's tool come while they are written",
    "shared-state": "page and agent change one state",
    "predictive-state-updates": "the page shows a state while its value is still written",
    "reasoning-chat": "the page shows what the model thinks",
    "multimodal-chat": "images, documents, audio and video of the user",
    "subgraphs": "the work of other agents, told apart",
    "background-agents": "progress that is no part of the conversation",
    "a2ui": "surfaces of a catalog of the page, written by the model",
    "error-flow": "a failure has a code and a message without internals",
    # What the protocol has beyond the dojo
    "cancel": "a run is stopped on purpose",
    "usage": "tokens are counted",
    "capabilities": "the server says what it can do",
    "protobuf": "the binary form",
    "websocket": "runs over a WebSocket",
    "data-channel": "runs of a call, over its data channel",
    "keep-alive": "silence is filled",
}
"""The table of features, each with what a user sees of it."""
