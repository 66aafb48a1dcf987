"""The STUN and TURN servers of the moment, with credentials that are valid for a while.

Some are set for good; those of a shared secret are signed here for each call; those of Kinesis
Video are asked for with the first call and kept for half of their time, so that whoever gets them
has the other half. However many ask at once, the service is asked once.
"""

import asyncio
import base64
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from protocols.contract.errors import GatewayError, Unavailable
from protocols.webrtc.kinesis_video import Lease, SignalingChannel
from protocols.webrtc.options import IceServer, IceSource, KvsChannel, SharedSecret

FOREVER_SECONDS = 86_400  # is told of servers that are set for good

_LEAST_LEFT_SECONDS = 30.0
_AGAIN_AFTER_SECONDS = 5.0  # a service that refused is left alone for so long
_HOLDER_BYTES = 8
_SPARED_SECONDS = 20.0

_log = logging.getLogger(__name__)


class IceServers(Struct, frozen=True):
    """Servers, in the order of preference, and until when their credentials are good.

    ``expires_at`` is in seconds of the monotonic clock; None: for good. ``fault`` is why a service
    gave none of its own.
    """

    servers: tuple[IceServer, ...] = ()
    expires_at: float | None = None
    fault: GatewayError | None = None

    def check_relays(self) -> None:
        """Tell why there is no TURN server, if a service should have given some.

        Raises:
            GatewayError: that is why.
        """
        if self.fault is not None and not any(server.is_relay for server in self.servers):
            raise self.fault

    def seconds_left(self, now: float) -> int:
        """The time in which a call can be begun with them."""
        if self.expires_at is None:
            return FOREVER_SECONDS
        return max(0, int(self.expires_at - now))


class TurnService(Protocol):
    """Gives TURN servers with credentials that end."""

    async def fetch(self) -> Lease:
        """Ask for servers; raises a ``GatewayError`` that says what to mend."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...


class IceDirectory:
    """Gives the servers of all sources.

    Args:
        sources: of the setting, in its order.
        rest_seconds: how long credentials of shared secrets are valid.
        service_of: how a channel of Kinesis Video is asked; by default by boto3.
        clock: monotonic seconds.
        wall_clock: seconds since 1970; shared secrets count in them.
    """

    def __init__(
        self,
        sources: Iterable[IceSource],
        *,
        rest_seconds: int = 600,
        service_of: Callable[[KvsChannel], TurnService] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._sources = tuple(sources)
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._wall_clock = wall_clock
        service_of = service_of or _kinesis_video
        self._leased = {
            source: _Leased(service_of(source), clock)
            for source in self._sources
            if isinstance(source, KvsChannel)
        }

    async def servers(self) -> IceServers:
        """Give servers whose credentials are good for a while from now.

        Raises:
            GatewayError: none could be had, and some were set.
        """
        found: list[IceServer] = []
        ends: list[float] = []
        fault: GatewayError | None = None
        for source in self._sources:
            try:
                servers, expires_at = await self._of(source)
            except GatewayError as error:
                fault = fault or error
                continue
            found += servers
            ends += [] if expires_at is None else [expires_at]
        if fault is not None and not found:
            raise fault
        return IceServers(tuple(found), min(ends, default=None), fault)

    async def aclose(self) -> None:
        """Give up what is being asked. Idempotent."""
        await asyncio.gather(*(leased.aclose() for leased in self._leased.values()))

    async def _of(self, source: IceSource) -> tuple[tuple[IceServer, ...], float | None]:
        match source:
            case KvsChannel():
                return await self._leased[source].get()
            case SharedSecret():
                holder = secrets.token_hex(_HOLDER_BYTES)  # quotas of a TURN server are by user
                servers = sign(source, self._wall_clock() + self._rest_seconds, holder)
                return servers, self._clock() + self._rest_seconds
            case IceServer():
                return (source,), None


def sign(source: SharedSecret, expires_at: float, holder: str) -> tuple[IceServer, ...]:
    """Make credentials that a TURN server with the same secret takes until then.

    The user name is the time of the end and the holder, the password is its HMAC (coturn's
    ``use-auth-secret``; draft-uberti-behave-turn-rest-00, section 2.2).
    """
    username = f"{int(expires_at)}:{holder}"
    digest = hmac.digest(source.secret.encode(), username.encode(), "sha1")
    credential = base64.b64encode(digest).decode()
    return tuple(
        IceServer(each.scheme, each.host, each.port, each.transport, username, credential)
        for each in source.servers
    )


class _Leased:
    """What one service gave, asked for anew when half of its time is over."""

    def __init__(self, service: TurnService, clock: Callable[[], float]) -> None:
        self._service = service
        self._clock = clock
        self._lease: Lease | None = None
        self._asked_at = 0.0
        self._refused: tuple[GatewayError, float] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> tuple[tuple[IceServer, ...], float]:
        if self._seconds_left() < self._seconds_wanted():
            await self._ask_once()
        if self._lease is None or self._seconds_left() <= 0:
            raise Unavailable("The TURN servers gave no credentials. Try again in a moment.")
        return self._lease.servers, self._asked_at + self._lease.seconds

    async def aclose(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
        self._service.close()

    def _seconds_left(self) -> float:
        return 0.0 if self._lease is None else self._asked_at + self._lease.seconds - self._clock()

    def _seconds_wanted(self) -> float:
        return 1.0 if self._lease is None else self._lease.seconds / 2

    async def _ask_once(self) -> None:
        """Ask, or wait for the answer that is being waited for already."""
        is_enough = self._seconds_left() >= _LEAST_LEFT_SECONDS
        if self._refused is not None:
            error, at = self._refused
            if self._clock() < at + _AGAIN_AFTER_SECONDS:
                if is_enough:
                    return
                raise _again(error)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        # Who asked first may leave; the others still wait for the answer.
        await asyncio.shield(self._asking)
        if self._refused is not None and not is_enough:
            raise _again(self._refused[0])

    async def _ask(self) -> None:
        asked_at = self._clock()
        try:
            lease = await self._service.fetch()
        except GatewayError as error:
            _log.warning("no TURN credentials: %s", error)
            self._refused = error, self._clock()
        else:
            self._lease, self._asked_at, self._refused = lease, asked_at, None


def _again(error: GatewayError) -> GatewayError:
    """Give a new instance: an exception that is raised twice would collect tracebacks."""
    return type(error)(error.message)


def _kinesis_video(channel: KvsChannel) -> TurnService:
    return SignalingChannel(channel.name)


class Reachability:
    """Remembers which servers did not answer lately. One for a process.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spared_until: dict[str, float] = {}

    def note(self, server: IceServer, *, answered: bool) -> None:
        """Remember how a server did."""
        if answered:
            self._spared_until.pop(server.url, None)
        else:
            _log.info("%s did not answer in time", server.url)
            self._spared_until[server.url] = self._clock() + _SPARED_SECONDS

    def is_spared(self, server: IceServer) -> bool:
        """Tell whether a server did not answer lately."""
        return self._spared_until.get(server.url, 0.0) > self._clock()


class IcePlan(Struct, frozen=True, kw_only=True):
    """What one end of a call may use to be reached.

    ``servers`` in the order of preference; with ``relay_only`` nothing but TURN is used. Our own
    sockets are bound to ``ports``, or to any.
    """

    servers: tuple[IceServer, ...] = ()
    relay_only: bool = False
    loopback: bool = False
    ports: range | None = None
    reachability: Reachability | None = None
    expires_at: float | None = None

    def stun(self) -> IceServer | None:
        """The STUN server to ask."""
        if self.relay_only:
            return None
        servers = (s for s in self.servers if not s.is_relay and not self._is_spared(s))
        return next(servers, None)

    def relays(self) -> list[IceServer]:
        """The TURN servers to try, in order; those that did not answer lately come last.

        None is left out: where nothing but a relay works, one hiccup would refuse all calls.
        """
        usable = [server for server in self.servers if server.is_usable_relay]
        return sorted(usable, key=self._is_spared)  # keeps the order otherwise

    def note(self, server: IceServer, *, answered: bool) -> None:
        """Remember how a server did."""
        if self.reachability is not None:
            self.reachability.note(server, answered=answered)

    def _is_spared(self, server: IceServer) -> bool:
        return self.reachability is not None and self.reachability.is_spared(server)
