"""One event loop of the AWS CRT for all connections of this process.

The SDK makes one for each connection, with two threads; and what awscrt 0.32 keeps of a connection
that was cut holds them for ever. Shared, they are two in all.
"""

from functools import cache
from typing import Any

from smithy_http.aio import crt

_NAME = "_AWSCRTEventLoop"

# Taken at import: an SDK that has lost the name would make threads for each connection in silence.
_make = getattr(crt, _NAME)


def share_threads() -> None:
    """Let connections made from now on share their threads; may be called again."""
    setattr(crt, _NAME, _shared)


@cache
def _shared() -> Any:
    return _make()
