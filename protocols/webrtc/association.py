"""What aiortc's data channel needs to open where packets are lost.

aiortc 1.16 repeats its INIT with the verification tag that it has learned from the peer's. It must
be zero (RFC 9260, section 8.5.1), so peers drop it: where both ends begin and both answers are
lost, the channel never opens. And it waits for three seconds before it repeats anything, where the
RFC begins with one (section 16).

Attributes of one object are set; no class and no module of the library is changed.
"""

import logging
from typing import Any

INITIAL_RTO_SECONDS = 1.0

_RELIED_ON = ("_rto", "_local_port", "_remote_port", "_send_chunk", "transport")

_log = logging.getLogger(__name__)


def mend(sctp: Any) -> None:
    """Let an ``RTCSctpTransport`` that was not started yet repeat its INIT so that it is taken."""
    from aiortc.rtcsctptransport import InitChunk, serialize_packet  # noqa: PLC0415 - heavy

    if not all(hasattr(sctp, name) for name in _RELIED_ON):
        _log.warning("aiortc has changed: data channels may open late where packets are lost")
        return
    send = sctp._send_chunk

    async def send_chunk(chunk: Any) -> None:
        if isinstance(chunk, InitChunk):
            packet = serialize_packet(sctp._local_port, sctp._remote_port, 0, chunk)
            await sctp.transport._send_data(packet)
        else:
            await send(chunk)

    sctp._send_chunk = send_chunk
    sctp._rto = INITIAL_RTO_SECONDS
