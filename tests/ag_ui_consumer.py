"""The published AG-UI client as whoever runs our agent; it lives in ``tests/node``."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

import pytest

from tests.ag_ui_schema import check
from tests.ag_ui_verifier import FOLDER

LONGEST_SECONDS = 30
SSE = "text/event-stream"


@dataclass(frozen=True)
class Run:
    """One run: what came over the wire, and what the client made of it.

    ``reads`` are the pieces of the body as they came; ``told`` the client's events, which are those
    of the body; ``finished`` what ``onRunFinishedEvent`` says; ``failure`` what the promise was
    rejected with.
    """

    status: int | None
    headers: Mapping[str, str]
    reads: Sequence[bytes]
    told: Sequence[dict[str, Any]]
    messages: Sequence[dict[str, Any]]
    state: Any
    finished: Any
    failure: Any

    @property
    def body(self) -> bytes:
        """The answer."""
        return b"".join(self.reads)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the body, if that is a stream of events."""
        return events_of(self.body)

    @property
    def kinds(self) -> list[str]:
        """The types of the events; neighbours of one type count once."""
        return kinds_of(self.told)

    @property
    def outcome(self) -> Any:
        """How the run ended by its own word; None when it did not end in order."""
        last = self.told[-1] if self.told else {}
        return last.get("outcome") if last.get("type") == "RUN_FINISHED" else None

    @property
    def text(self) -> str:
        """All that was written, of whoever."""
        return "".join(self.all("TEXT_MESSAGE_CONTENT", "delta"))

    def all(self, kind: str, member: str) -> list[Any]:
        """A member of all events of a type."""
        return [event[member] for event in self.told if event["type"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        """The only event of a type."""
        (event,) = [event for event in self.told if event["type"] == kind]
        return event


class Consumer:
    """A process in which the client runs agents, one at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lock = Lock()

    def run(
        self,
        url: str,
        run_input: Mapping[str, Any],
        *,
        sends: str | None = None,
        leave_on: str | None = None,
        may_fail: bool = False,
        **headers: str,
    ) -> Run:
        """Run an agent; fails when the client warns of anything, or cannot read the answer.

        Args:
            url: of the gateway.
            run_input: what the client knows; it adds what is missing.
            sends: the body instead of the client's own.
            leave_on: the type of event at which the client goes away.
            may_fail: whether the client may reject, which ``failure`` then tells.
            headers: sent besides the client's own.
        """
        asked = {"input": run_input, "sends": sends, "leaveOn": leave_on, "headers": headers}
        seen = self._ask({"url": f"{url}/invocations", **asked})
        assert may_fail or seen.failure is None, seen.failure
        return seen

    def replay(self, body: bytes, run_input: Mapping[str, Any], content_type: str = SSE) -> Run:
        """Read an answer that came otherwise; fails as ``run`` does."""
        replayed = {"contentType": content_type, "body": base64.b64encode(body).decode()}
        seen = self._ask({"url": "http://nowhere", "input": run_input, "replay": replayed})
        assert seen.failure is None, seen.failure
        return seen

    def judge(self, events: Sequence[Mapping[str, Any]], run_input: Mapping[str, Any]) -> Run:
        """Read events that came on a wire which the client does not know; fails as ``run`` does."""
        body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
        seen = self.replay(body, run_input)
        assert list(seen.told) == list(events)
        return seen

    def _ask(self, request: Mapping[str, Any]) -> Run:
        sent, answers = self._process.stdin, self._process.stdout
        assert sent is not None
        assert answers is not None
        guard = Timer(LONGEST_SECONDS, self._process.kill)
        with self._lock:
            guard.start()
            try:
                sent.write(json.dumps(request).encode() + b"\n")
                sent.flush()
                answer = answers.readline()
            finally:
                guard.cancel()
        assert answer, "the client did not answer in time"
        return _judged(json.loads(answer))


@contextmanager
def consuming() -> Iterator[Consumer]:
    """Start the client; skips when it is not installed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").exists():
        pytest.skip("the npm packages are not installed: `make test` does")
    with subprocess.Popen(
        [node, "run_agents.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Consumer(process)
        finally:
            process.kill()


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream as the specification frames it: LF, one JSON object a frame."""
    assert b"\r" not in body
    assert body.endswith(b"\n\n")
    frames = [frame for frame in body.split(b"\n\n") if frame and not frame.startswith(b":")]
    assert [frame for frame in frames if not frame.startswith(b"data: ") or b"\n" in frame] == []
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]


def kinds_of(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The types of events; neighbours of one type count once."""
    kinds: list[str] = []
    for event in events:
        if not kinds or event["type"] != kinds[-1]:
            kinds.append(event["type"])
    return kinds


def _judged(answer: dict[str, Any]) -> Run:
    assert answer["warnings"] == [], answer["warnings"]
    for event in answer["events"]:
        check(event)
    return Run(
        status=answer["status"],
        headers=answer["headers"],
        reads=[base64.b64decode(piece) for piece in answer["reads"]],
        told=answer["events"],
        messages=answer["messages"],
        state=answer["state"],
        finished=answer["finished"],
        failure=answer["failure"],
    )
