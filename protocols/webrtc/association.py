"""What aiortc's data channel needs to open where packets are lost.

aiortc 1.16 repeats its INIT with the verification tag that it has learned from the peer's. It must
be zero (RFC 9260, section 8.5.1), so peers drop it: where both ends begin and both answers are
lost, the channel never opens. And it waits for three seconds before each repetition, where the RFC
begins with one, and doubles it (sections 6.3.3 and 16).

Attributes of one object are set; no class and no module of the library is changed.
"""

import logging
from typing import Any

INITIAL_RTO_SECONDS = 1.0
_LONGEST_RTO_SECONDS = 8.0  # aiortc gives up after eight repetitions

_RELIED_ON = ("_rto", "_local_port", "_remote_port", "_send_chunk", "transport")

_log = logging.getLogger(__name__)


def mend(sctp: Any) -> None:
    """Let an ``RTCSctpTransport`` that was not started yet repeat its INIT so that it is taken."""
    from aiortc import rtcsctptransport as library  # noqa: PLC0415 - loaded with the first call

    relied_on = all(hasattr(library, name) for name in ("InitChunk", "serialize_packet"))
    if not relied_on or not all(hasattr(sctp, name) for name in _RELIED_ON):
        _log.warning("aiortc has changed: data channels may open late where packets are lost")
        return
    send = sctp._send_chunk
    inits = 0

    async def send_chunk(chunk: Any) -> None:
        nonlocal inits
        if isinstance(chunk, library.InitChunk):
            # The wait after the first repetition was begun already: it is the next that is doubled.
            if inits:
                sctp._rto = min(2 * sctp._rto, _LONGEST_RTO_SECONDS)
            inits += 1
            packet = library.serialize_packet(sctp._local_port, sctp._remote_port, 0, chunk)
            await sctp.transport._send_data(packet)
            return
        if inits > 1:
            sctp._rto = INITIAL_RTO_SECONDS
        inits = 0
        await send(chunk)

    sctp._send_chunk = send_chunk
    sctp._rto = INITIAL_RTO_SECONDS
