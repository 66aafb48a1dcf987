"""The least that Litestar and uvicorn need to answer ``/ping``."""

import os

import uvicorn
from litestar import Litestar, get


@get("/ping")
async def ping() -> dict[str, str]:
    """Be healthy."""
    return {"status": "Healthy"}


if __name__ == "__main__":
    uvicorn.run(Litestar([ping]), host="127.0.0.1", port=int(os.environ["PORT"]))
