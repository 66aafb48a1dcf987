"""HTTP to a gateway; errors of the library and refusals become ``CommandFailed`` here, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from gateway.cli.address import Address
from gateway.cli.event_stream import EventStreamReader
from gateway.cli.failures import CommandFailed
from gateway.cli.printable import one_line
from gateway.cli.received import RunFailed, decode

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0  # four times the keep-alive of a gateway


class _Refusal(Struct, frozen=True):
    error: str
    code: str = ""


def http_options(address: Address) -> dict[str, Any]:
    """What every client is made with; a proxy must not stand before this very machine."""
    return {
        "timeout": httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        "trust_env": not address.is_loopback,
    }


@contextmanager
def reaching(address: Address) -> Iterator[None]:
    """Turn what can go wrong on the way into one line."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise unreachable(address) from None
    except httpx.TimeoutException:
        raise CommandFailed(f"{address.base} did not answer in time; try again") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandFailed(f"the connection to {address.base} failed: {error}") from None


def unreachable(address: Address) -> CommandFailed:
    """Say that nobody listens there."""
    return CommandFailed(
        f"cannot reach {address.base}; is the gateway running? (`make run` starts it)"
    )


def refusal(status: int, body: bytes) -> CommandFailed:
    """Explain an answer that is not a success: an error object, or a stream of RUN_ERROR."""
    try:
        shown = msgspec.json.decode(body, type=_Refusal)
    except msgspec.MsgspecError:
        shown = _refusal_in_stream(body) or _Refusal("this is no answer of a gateway")
    return described(shown.error, shown.code, f"HTTP {status}")


def described(error: str, code: str = "", where: str = "") -> CommandFailed:
    """Show an error of a gateway: its words, its stable code, and where it came from."""
    notes = ", ".join(one_line(note) for note in (code, where) if note)
    return CommandFailed(one_line(error) + (f" ({notes})" if notes else ""), code)


def _refusal_in_stream(body: bytes) -> _Refusal | None:
    try:
        for frame in EventStreamReader().feed(body + b"\n\n"):
            event = decode(frame)
            if isinstance(event, RunFailed):
                return _Refusal(event.message, event.code)
    except CommandFailed:
        return None
    return None
