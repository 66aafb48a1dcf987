"""What strangers send does not reach the call."""

import asyncio
import random
import struct
import time
from typing import Any

import pytest
from aioice import Candidate, Connection, stun

from protocols.webrtc.guard import Gate, GuardedProtocol

CLIENT = ("192.0.2.1", 5000)
STRANGER = ("192.0.2.1", 5001)
HELLO = bytes([22, 254, 253]) + bytes(50)  # as a DTLS handshake begins
VOICE = bytes([0x80]) + bytes(50)


class Transport:
    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def sendto(self, data: bytes, addr: Any) -> None:
        self.sent.append((data, addr))


class Socket:
    """A guarded socket whose client is known."""

    def __init__(self) -> None:
        self.connection = Connection(ice_controlling=False)
        self.gate = Gate(self.connection)
        self.protocol = GuardedProtocol(self.connection, self.gate)
        self.transport = Transport()
        transport: Any = self.transport
        self.protocol.connection_made(transport)
        self.protocol.local_candidate = candidate(("192.0.2.9", 4000))
        self.connection._remote_candidates.append(candidate(CLIENT))
        self.connection._remote_candidates[0]._network_host = CLIENT[0]

    def arrived(self) -> list[bytes]:
        queue = self.connection._queue
        items = [queue.get_nowait() for _ in range(queue.qsize())]
        return [item[0] for item in items if item is not None]


def candidate(address: tuple[str, int]) -> Candidate:
    return Candidate("f", 1, "udp", 1, address[0], address[1], "host")


def check(username: str, password: str) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 1
    message.add_message_integrity(password.encode())
    return bytes(message)


@pytest.fixture
async def socket() -> Socket:
    return Socket()


async def test_media_and_handshakes_of_the_client_pass(socket: Socket) -> None:
    for data in (HELLO, VOICE):
        socket.protocol.datagram_received(data, CLIENT)
    assert socket.arrived() == [HELLO, VOICE]
    assert socket.gate.dropped == 0


@pytest.mark.parametrize("data", [HELLO, VOICE, b"", b"\x00", b"\x01" * 19, b"garbage"])
async def test_nothing_else_of_a_stranger_passes(data: bytes, socket: Socket) -> None:
    socket.protocol.datagram_received(data, STRANGER)
    assert (socket.arrived(), socket.gate.dropped) == ([], 1)


async def test_an_empty_datagram_passes_from_nobody(socket: Socket) -> None:
    socket.protocol.datagram_received(b"", CLIENT)
    assert (socket.arrived(), socket.gate.dropped) == ([], 1)


async def test_checks_reach_the_library_from_everywhere(socket: Socket) -> None:
    connection = socket.connection
    good = check(f"{connection.local_username}:them", connection.local_password)
    socket.protocol.datagram_received(good, (*STRANGER, 0, 0))
    socket.protocol.datagram_received(check("wrong:them", "x" * 22), STRANGER)
    codes = [stun.parse_message(data).message_class for data, _ in socket.transport.sent]
    assert codes == [stun.Class.RESPONSE, stun.Class.ERROR]
    assert socket.gate.dropped == 0


async def test_who_proved_to_be_the_client_passes_from_then_on(socket: Socket) -> None:
    socket.protocol.datagram_received(HELLO, STRANGER)
    learned = candidate(STRANGER)
    learned._network_host = STRANGER[0]
    socket.connection._remote_candidates.append(learned)
    socket.protocol.datagram_received(VOICE, STRANGER)
    assert socket.arrived() == [VOICE]


async def test_a_check_that_came_too_early_is_sent_again_when_the_client_is_heard(
    socket: Socket,
) -> None:
    connection = socket.connection
    ours = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    asking = asyncio.create_task(socket.protocol.request(ours, CLIENT, integrity_key=b"theirs"))
    await asyncio.sleep(0)
    good = check(f"{connection.local_username}:them", connection.local_password)
    for data, source in ((check("wrong:them", "x" * 22), CLIENT), (good, STRANGER), (good, CLIENT)):
        socket.protocol.datagram_received(data, source)
    request, error, yes = stun.Class.REQUEST, stun.Class.ERROR, stun.Class.RESPONSE
    sent = [(stun.parse_message(data).message_class, to) for data, to in socket.transport.sent]
    assert sent == [
        (request, CLIENT),
        (error, CLIENT),
        (yes, STRANGER),
        (yes, CLIENT),
        (request, CLIENT),
    ]
    assert socket.transport.sent[-1] == socket.transport.sent[0]
    asking.cancel()
    await asyncio.wait({asking})
    socket.protocol.datagram_received(good, CLIENT)
    assert len(socket.transport.sent) == len(sent) + 1, "nothing is asked any more"


async def test_only_the_client_counts_as_heard(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = socket.gate.heard_at
    monkeypatch.setattr(time, "monotonic", lambda: before + 5)
    for data in (VOICE, check("wrong:them", "x" * 22)):
        socket.protocol.datagram_received(data, STRANGER)
    socket.protocol.datagram_received(b"", CLIENT)
    assert socket.gate.heard_at == before
    socket.protocol.datagram_received(VOICE, CLIENT)
    assert socket.gate.heard_at == before + 5


async def test_ten_thousand_mutants_of_checks_raise_nothing(socket: Socket) -> None:
    """Of these, aioice alone lets one in five raise into the event loop."""
    template = check("abcd:efgh", "x" * 22)
    for seed in range(10_000):
        dice = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        data = bytearray(template)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(2, len(data))] = dice.randrange(256)
        del data[dice.randrange(20, len(data) + 1) :]
        data[2:4] = struct.pack("!H", len(data) - 20)
        socket.protocol.datagram_received(bytes(data), dice.choice([CLIENT, STRANGER]))
    assert socket.arrived() == []
