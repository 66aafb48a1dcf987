"""``GET /ping``: the one thing that always answers (HTTP protocol contract of AgentCore)."""

from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from gateway.activity import Activity


def ping_route(activity: Activity) -> HTTPRouteHandler:
    """Make the route; nothing it does can wait."""

    @get("/ping", sync_to_thread=False, include_in_schema=False)
    def ping() -> Response[Any]:
        body = {"status": activity.status, "time_of_last_update": activity.changed}
        return Response(body, headers={"Cache-Control": "no-store"})

    return ping
