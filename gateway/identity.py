"""Who calls: the owner of the sessions a request may reach.

With ``none`` and ``platform`` there is one caller: everybody on this machine, or everybody whom
AgentCore let through to this microVM.
"""

import ipaddress
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from gateway.settings import Settings, SettingsError

EVERYBODY = "everybody"


def caller_of(connection: ASGIConnection) -> str:
    """Name the caller of a request or WebSocket."""
    return EVERYBODY


def check(settings: Settings) -> None:
    """Refuse to listen to the network without a word about who may call.

    Raises:
        SettingsError: the address is not loopback and ``GATEWAY_AUTH`` is not set.
    """
    if settings.auth is None and not is_loopback(settings.host):
        raise SettingsError(
            f"GATEWAY_AUTH: must be set to listen on {settings.host}: `platform` behind Amazon "
            "Bedrock AgentCore, or `none` to let everybody in"
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Origins:
    """Which web pages may call; requests without an Origin are no browser's.

    Args:
        allowed: origins besides our own; ``*`` for all.
        loopback_only: we listen on loopback, so that our own page has a loopback name: a page
            whose name was made to point here (DNS rebinding) is not ours.
    """

    def __init__(self, allowed: tuple[str, ...], *, loopback_only: bool = False) -> None:
        self.allowed = allowed
        self._loopback_only = loopback_only

    def allows(self, connection: ASGIConnection) -> bool:
        """Tell whether the page that sends this request may do so.

        A page may send some requests to any server without asking first, so CORS alone is no guard.
        """
        origin = connection.headers.get("origin")
        if origin is None or "*" in self.allowed or origin in self.allowed:
            return True
        try:
            place = urlsplit(origin)
        except ValueError:
            return False
        if self._loopback_only and not is_loopback(place.hostname or ""):
            return False
        return bool(place.netloc) and place.netloc == connection.headers.get("host")
