"""What an emulator should do next, and what it has seen: shared between it and the tests.

A script is taken from a queue for each request or connection; when the queue is empty, the standing
one is used. An emulator runs in a thread of its own, so both ends are guarded.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from threading import Condition, Lock


class Break(Enum):
    """Ways a connection ends that no protocol foresees."""

    TCP_CUT = auto()
    RST_STREAM = auto()  # HTTP/2 only
    END_STREAM = auto()  # cleanly, but before its time
    TRUNCATED_MESSAGE = auto()  # cleanly, within a message
    BAD_CHECKSUM = auto()
    SILENCE = auto()  # nothing more, for ever


@dataclass(frozen=True)
class StreamException:
    """A modelled exception within a stream, such as ``throttlingException``."""

    kind: str
    message: str = "scripted by the test"


type Fault = Break | StreamException

MODEL_TIMEOUT = StreamException(
    "modelTimeoutException", "Model has timed out in processing the request."
)
SILENT_USER = StreamException(
    "validationException",
    "Timed out waiting for audio bytes or interactive content. "
    "InternalErrorCode=531::RST_STREAM closed stream.",
)


@dataclass(frozen=True)
class Refusal:
    """An error instead of an answer, at connect."""

    status: int
    code: str
    message: str = "scripted by the test"


THROTTLED = Refusal(
    429, "ThrottlingException", "Too many requests, please wait before trying again."
)
DENIED = Refusal(
    403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
)
UNAVAILABLE = Refusal(
    503, "ServiceUnavailableException", "Bedrock is unable to process your request."
)
TOO_LONG = Refusal(400, "ValidationException", "Input is too long for requested model.")


class Scripts[S]:
    """A queue of scripts with a standing one behind it."""

    def __init__(self, standing: S) -> None:
        self.standing = standing
        self._queue: deque[S] = deque()
        self._lock = Lock()

    def add(self, *scripts: S) -> None:
        """Queue scripts, one for each of the next requests."""
        with self._lock:
            self._queue.extend(scripts)

    def take(self) -> S:
        """The next script."""
        with self._lock:
            return self._queue.popleft() if self._queue else self.standing

    @property
    def left(self) -> int:
        """How many scripts nobody asked for yet."""
        return len(self._queue)


class Records[R]:
    """What has been seen, in order."""

    def __init__(self) -> None:
        self._records: list[R] = []
        self._condition = Condition()

    def add(self, record: R) -> R:
        """Keep a record; it may be changed later within ``changing``."""
        with self._condition:
            self._records.append(record)
            self._condition.notify_all()
        return record

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock while a record is changed; who waits looks again afterwards."""
        with self._condition:
            yield
            self._condition.notify_all()

    def all(self) -> list[R]:
        """All records so far."""
        with self._condition:
            return list(self._records)

    def take(self) -> list[R]:
        """All records so far; they are forgotten."""
        with self._condition:
            taken, self._records = self._records, []
            return taken

    def wait_for[T](self, ready: Callable[[list[R]], T], timeout_seconds: float = 5.0) -> T:
        """What ``ready`` makes of the records, as soon as it is true.

        Raises:
            TimeoutError: it did not become true in time; the text holds the records.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: bool(ready(self._records)), timeout_seconds):
                raise TimeoutError(f"not seen within {timeout_seconds} s: {self._records}")
            return ready(self._records)
