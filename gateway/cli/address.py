"""Where a gateway listens, as a person types it."""

from urllib.parse import urlsplit

from msgspec import Struct

from gateway.cli.failures import WrongUsage

DEFAULT_URL = "http://127.0.0.1:8080"

_LOOPBACK_NAMES = ("localhost", "::1")
_PORTS = {"http": 80, "https": 443}


class Address(Struct, frozen=True):
    """A gateway. ``base`` is its URL without a slash at the end."""

    base: str
    host: str
    port: int

    @property
    def invocations(self) -> str:
        """The door for HTTP."""
        return f"{self.base}/invocations"

    @property
    def websocket(self) -> str:
        """The door for WebSocket."""
        return f"ws{self.base.removeprefix('http')}/ws"

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is this machine, so that no proxy lies between."""
        return self.host in _LOOPBACK_NAMES or self.host.startswith("127.")


def parse_address(url: str) -> Address:
    """Read a URL.

    Raises:
        WrongUsage: it is not the URL of a gateway.
    """
    if url.startswith("arn:"):
        raise WrongUsage(
            f"URL: {url} is a runtime ARN; give the URL of a gateway, such as {DEFAULT_URL}"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WrongUsage(f"URL: {url} has no valid host and port") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise WrongUsage(f"URL: {url} is not an http or https URL, such as {DEFAULT_URL}")
    if parts.query or parts.fragment or parts.username is not None:
        raise WrongUsage("URL: no user name, query or fragment belongs in the URL of a gateway")
    path = parts.path.rstrip("/").removesuffix("/invocations")
    return Address(
        base=f"{parts.scheme}://{parts.netloc}{path}",
        host=parts.hostname,
        port=_PORTS[parts.scheme] if port is None else port,
    )
