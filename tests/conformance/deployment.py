"""What the checks share: a deployment seen only through its URL."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Deployment:
    """One running server, ours or not."""

    url: str
    http: httpx.Client
    headers: dict[str, str]

    def invoke(self, body: object, session: str | None = None, **headers: str) -> httpx.Response:
        """Post JSON to the one door."""
        named = {SESSION_HEADER: session} if session else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            "/invocations",
            content=content,
            headers={"Content-Type": "application/json"} | named | headers,
        )

    def act(
        self, action: str, data: dict[str, Any] | None = None, session: str | None = None
    ) -> Any:
        """Send a signaling or control action, which always answers under HTTP 200."""
        response = self.invoke({"action": action, "data": data or {}}, session)
        assert response.status_code == 200, response.text
        return response.json()

    def ping(self) -> Any:
        """The health document."""
        response = self.http.get("/ping")
        assert response.status_code == 200, response.text
        return response.json()

    @contextmanager
    def websocket(
        self, path: str = "/ws", *, subprotocols: Sequence[str] = (), **headers: str
    ) -> Iterator[ClientConnection]:
        """An open WebSocket."""
        url = "ws" + self.url.removeprefix("http") + path
        with connect(
            url,
            additional_headers=self.headers | headers,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            open_timeout=WAIT_SECONDS,
            close_timeout=5,
            max_size=2**20,
        ) as socket:
            yield socket


def new_session() -> str:
    """A session id as long as the platform demands."""
    return f"conformance-{uuid.uuid4().hex}"


def assert_error_object(response: httpx.Response, status: int) -> None:
    """The answer is an error in JSON; a deployment may send errors in band, under 200."""
    assert response.status_code in {200, status}, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    document = response.json()
    assert isinstance(document, dict)
    assert document.get("error"), document


def events_of(response: httpx.Response) -> list[Any]:
    """The events of a finished stream; anything but ``data:`` lines and comments is a fault."""
    assert response.headers["Content-Type"].startswith("text/event-stream"), response.text
    events = []
    for block in response.text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        data = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
        ours = all(line.startswith(("data:", "id:", "event:", "retry:")) for line in lines)
        assert ours, f"not an event: {block!r}"
        if data:
            events.append(json.loads("\n".join(data)))
    return events


def run_input(text: str | None, thread: str | None = None, **more: Any) -> dict[str, Any]:
    """A run of AG-UI with one question, or with none."""
    question = {"id": uuid.uuid4().hex, "role": "user", "content": text}
    return {
        "threadId": thread or new_session(),
        "runId": uuid.uuid4().hex,
        "messages": [] if text is None else [question],
    } | more
