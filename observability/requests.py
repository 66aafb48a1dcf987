"""Counts requests, refusals and connections, whatever the wire. Each is nothing when off."""

from collections.abc import Iterator
from contextlib import contextmanager

from observability import catalog
from observability.outcomes import outcome_of_exception, outcome_of_status
from observability.recording import recorder


class RequestObservation:
    """What becomes known about a request while it is handled."""

    def __init__(self, protocol: str, action: str) -> None:
        self.protocol = protocol
        self.action = action
        self.outcome: str | None = None

    def is_for(self, protocol: str, action: str = "run") -> None:
        """The protocol was chosen."""
        self.protocol = protocol
        self.action = action

    def answered(self, status: int) -> None:
        """The answer is made, or begins, with this status of ``protocols.failures`` or 200."""
        self.outcome = outcome_of_status(status)


@contextmanager
def observe_request(protocol: str = "http", action: str = "run") -> Iterator[RequestObservation]:
    """Watch a request until it is answered, or a streamed answer begins."""
    request = RequestObservation(protocol, action)
    to = recorder()
    if to is None:
        yield request
        return
    started_at = to.clock()
    raised: type[BaseException] | None = None
    try:
        yield request
    except BaseException as error:
        raised = type(error)
        raise
    finally:
        outcome = request.outcome or outcome_of_exception(raised)
        to.add(catalog.REQUESTS, 1, request.protocol, request.action, outcome)
        to.record(
            catalog.REQUEST_DURATION, to.clock() - started_at, request.protocol, request.action
        )


def request_rejected(protocol: str, reason: str) -> None:
    """A request or a connection was refused before any work: a REJECT_REASON."""
    to = recorder()
    if to is not None:
        to.add(catalog.REJECTED, 1, protocol, reason)


def websocket_closed(code: int) -> None:
    """A WebSocket closed, by either side."""
    to = recorder()
    if to is not None:
        to.add(catalog.WEBSOCKET_CLOSE, 1, str(code))


def peer_connected(ice_path: str, seconds: float) -> None:
    """A WebRTC peer connected so long after its offer, over host, srflx, prflx or relay."""
    to = recorder()
    if to is not None:
        to.record(catalog.ICE_CONNECT_TIME, seconds, ice_path)


def peer_failed(stage: str) -> None:
    """A WebRTC peer did not get connected: sdp, ice, dtls or timeout."""
    to = recorder()
    if to is not None:
        to.add(catalog.CONNECT_FAILURES, 1, stage)
