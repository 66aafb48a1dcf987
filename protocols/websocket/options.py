"""The limits of the WebSocket."""

from typing import Annotated

from msgspec import Meta, Struct


class WebSocketOptions(Struct, frozen=True, kw_only=True):
    """What a connection may take, and how long it is waited for."""

    max_frame_bytes: Annotated[
        int, Meta(ge=1024, le=16_000_000, description="largest WebSocket message of a client")
    ] = 65_536
    first_message_seconds: Annotated[
        float, Meta(gt=0, description="how long a WebSocket may stay silent after it was opened")
    ] = 900.0  # pages connect when they are opened, and people take their time
    stalled_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="how long a client may take nothing of what is sent until its turn, or "
            "its WebSocket, is ended",
        ),
    ] = 10.0
    resume_seconds: Annotated[
        float, Meta(ge=0, description="how long a WebSocket that was cut off may be resumed")
    ] = 60.0
