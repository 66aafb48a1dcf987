"""How our side of a call finds the addresses at which it can be reached.

aioice waits five seconds for a STUN or TURN server that does not answer, takes one TURN server and
no second, and leaves 127.0.0.1 out. So candidates are gathered here, with its own parts: the first
STUN answer is enough; TURN servers are tried one after the other, the next one a moment after the
last, as browsers try IPv6 and IPv4 (RFC 8305); whoever did not answer is spared for a while.
"""

import asyncio
import errno
import logging
import random
import socket
import time
from ipaddress import ip_address

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, relayed_candidate, server_reflexive_candidate

from protocols.webrtc.guard import Gate, GuardedProtocol
from protocols.webrtc.ice_servers import IcePlan
from protocols.webrtc.options import IceServer

LOOPBACK = "127.0.0.1"

_GATHER_SECONDS = 0.9
_RELAY_SECONDS = 5.0  # where nothing but a relay will do
_NEXT_RELAY_SECONDS = 0.25
_LATE_STUN_SECONDS = 0.1

type _Relay = tuple[Candidate, StunProtocol]

_log = logging.getLogger(__name__)


class Gathering:
    """Gathers for one ICE connection, in place of its own way.

    Sets one method of one object; nothing of the library is replaced.
    """

    def __init__(self, connection: Connection, plan: IcePlan) -> None:
        self.gate = Gate(connection)
        self._connection = connection
        self._plan = plan
        vars(connection)["get_component_candidates"] = self._gather

    async def _gather(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[Candidate]:
        """Stand for ``Connection.get_component_candidates``."""
        own = [LOOPBACK] if self._plan.loopback and not self._plan.relay_only else []
        hosts = await self._hosts(component, [*addresses, *own])
        limit = _RELAY_SECONDS if self._plan.relay_only else _GATHER_SECONDS
        reflexive, relayed = await asyncio.gather(
            self._reflexive(hosts), self._relayed(component, limit)
        )
        return [*(host.local_candidate for host in hosts), *reflexive, *relayed]

    async def _hosts(self, component: int, addresses: list[str]) -> list[GuardedProtocol]:
        hosts = []
        for address in addresses:
            try:
                host = await self._host(component, address)
            except OSError:
                _log.debug("cannot bind to %s", address)
                continue
            hosts.append(host)
            self._connection._protocols.append(host)  # at once: it is closed with the connection
        return hosts

    async def _host(self, component: int, address: str) -> GuardedProtocol:
        transport, host = await self._bound(address)
        name, port = transport.get_extra_info("sockname")[:2]
        host.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", name),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=name,
            port=port,
            type="host",
        )
        return host

    async def _bound(self, address: str) -> tuple[asyncio.DatagramTransport, GuardedProtocol]:
        """Bind to one of the ports that may be used; raises ``OSError`` if all are taken."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        ports = self._plan.ports or (0,)
        begin = random.randrange(len(ports))  # noqa: S311 - spreads calls, hides nothing
        for at in range(len(ports)):
            port = ports[(begin + at) % len(ports)]
            bound = socket.socket(family, socket.SOCK_DGRAM)
            try:
                bound.setblocking(False)
                bound.bind((address, port))  # here: uvloop leaves a socket open that it cannot bind
                return await loop.create_datagram_endpoint(self._new_protocol, sock=bound)
            except OSError as error:
                bound.close()
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError(errno.EADDRINUSE, "every port is taken")

    async def _reflexive(self, hosts: list[GuardedProtocol]) -> list[Candidate]:
        """Ask the STUN server from each address; one that got an answer waits little for others."""
        server = self._plan.stun()
        asking = [host for host in hosts if server and _can_ask(host.local_candidate.host, server)]
        if server is None or not asking:
            return []
        place = (server.host, server.port)
        tasks = [asyncio.create_task(server_reflexive_candidate(host, place)) for host in asking]
        found = [candidate for candidate, _ in await _first_results(tasks)]
        self._plan.note(server, answered=bool(found))
        return found

    async def _relayed(self, component: int, limit_seconds: float) -> list[Candidate]:
        """Take the first relay that is to be had."""
        attempts: list[tuple[IceServer, asyncio.Task[_Relay]]] = []
        deadline = time.monotonic() + limit_seconds
        servers = self._plan.relays()
        try:
            while (left := deadline - time.monotonic()) > 0:
                if servers:
                    server = servers.pop(0)
                    attempt = asyncio.create_task(self._allocate(component, server))
                    attempts.append((server, attempt))
                running = {task for _, task in attempts if not task.done()}
                if not running:
                    break
                pause = min(left, _NEXT_RELAY_SECONDS) if servers else left
                await asyncio.wait(running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if any(_has_result(task) for _, task in attempts):
                    break
        finally:
            found = await self._end(attempts)
        return found

    async def _end(self, attempts: list[tuple[IceServer, asyncio.Task[_Relay]]]) -> list[Candidate]:
        """Stop those that still try; those that had more time than the first did not answer."""
        for _, task in attempts:
            task.cancel()
        await asyncio.gather(*(task for _, task in attempts), return_exceptions=True)
        found: list[Candidate] = []
        for server, task in attempts:
            if _has_result(task):
                candidate, protocol = task.result()
                found.append(candidate)
                self._connection._protocols.append(protocol)
                self._plan.note(server, answered=True)
            elif not (task.cancelled() and found):
                self._plan.note(server, answered=False)
        return found

    async def _allocate(self, component: int, server: IceServer) -> _Relay:
        return await relayed_candidate(
            component=component,
            hide_related_address=self._plan.relay_only,
            protocol_factory=self._new_protocol,
            turn_server=(server.host, server.port),
            turn_username=server.username,
            turn_password=server.credential,
            turn_ssl=server.scheme == "turns",
            turn_transport=server.transport or "udp",
        )

    def _new_protocol(self) -> GuardedProtocol:
        return GuardedProtocol(self._connection, self.gate)


async def _first_results[T](tasks: list[asyncio.Task[T]]) -> list[T]:
    """Wait for the first result, and a moment more for the others."""
    deadline = time.monotonic() + _GATHER_SECONDS
    pending = set(tasks)
    try:
        while pending and (left := deadline - time.monotonic()) > 0:
            done, pending = await asyncio.wait(
                pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if any(_has_result(task) for task in done):
                deadline = min(deadline, time.monotonic() + _LATE_STUN_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks if _has_result(task)]


def _has_result[T](task: asyncio.Task[T]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _can_ask(address: str, server: IceServer) -> bool:
    """A STUN server tells of IPv4 addresses only; from loopback just loopback can be asked."""
    own = ip_address(address)
    return own.version == 4 and (not own.is_loopback or server.host == LOOPBACK)
