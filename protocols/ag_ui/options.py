"""The limits of attachments."""

from typing import Annotated

from msgspec import Meta, Struct


class MediaOptions(Struct, frozen=True, kw_only=True):
    """How large an attachment may be, and whether addresses are opened."""

    fetch_urls: Annotated[
        bool,
        Meta(description="open http(s) addresses of attached media; only public ones ever are"),
    ] = True
    max_media_bytes: Annotated[
        int, Meta(ge=1, le=100_000_000, description="largest attached image, document or recording")
    ] = 5_000_000
    max_fetched_bytes: Annotated[
        int, Meta(ge=1, description="most bytes opened by address for one run")
    ] = 20_000_000
    fetch_seconds: Annotated[
        float, Meta(gt=0, le=60, description="longest a run waits for its addresses, all together")
    ] = 10.0
