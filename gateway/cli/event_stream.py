"""Server-sent events, read from bytes in pieces of any size; pure.

Only what AG-UI uses: the ``data`` lines of a frame are its value; comments and other fields are
skipped (https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6).
"""

from gateway.cli.failures import CommandFailed

MAX_FRAME_BYTES = 10_000_000  # the limit of the AG-UI client for one unfinished frame


class EventStreamReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Take a piece; give the data of each frame it completes.

        Raises:
            CommandFailed: a frame passes all bounds.
        """
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        frames: list[bytes] = []
        for line in lines:
            self._take(line.removesuffix(b"\r"), frames)
        if len(self._rest) + sum(map(len, self._data)) > MAX_FRAME_BYTES:
            raise CommandFailed("the gateway sent an event without end")
        return frames

    def _take(self, line: bytes, frames: list[bytes]) -> None:
        if not line and self._data:
            frames.append(b"\n".join(self._data))
            self._data = []
        elif line.startswith(b"data:"):
            self._data.append(line.removeprefix(b"data:").removeprefix(b" "))
