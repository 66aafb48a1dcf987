"""Whether a TURN server takes our credentials: a relay is asked for, and given back."""

import asyncio

from aioice import stun, turn

from protocols.webrtc.options import IceServer

ALLOCATE_SECONDS = 3.0

_UNAUTHORIZED = 401
_WRONG_CREDENTIALS = 441
_QUOTA_REACHED = 486


async def refusal(server: IceServer) -> str | None:
    """Ask for a relay; give what is wrong, if anything."""
    try:
        async with asyncio.timeout(ALLOCATE_SECONDS):
            transport, relay = await turn.create_turn_endpoint(
                _Relay,
                (server.host, server.port),
                server.username,
                server.credential,
                ssl=server.scheme == "turns",
                transport=server.transport or "udp",
            )
            transport.close()
            await relay.is_closed.wait()
    except stun.TransactionFailed as error:
        return _said(error.response.error_code or 0)
    except (TimeoutError, stun.TransactionTimeout):
        return f"no relay within {ALLOCATE_SECONDS:g} s"
    except (OSError, ValueError):
        return "it gives no relay"
    return None


class _Relay(asyncio.DatagramProtocol):
    """Knows when the relay was given back."""

    def __init__(self) -> None:
        self.is_closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed.set()


def _said(code: int) -> str:
    if code in {_UNAUTHORIZED, _WRONG_CREDENTIALS}:
        return "it refuses the user or the password"
    if code == _QUOTA_REACHED:
        return "its quota is used up"
    return f"it gives no relay (STUN error {code})"
