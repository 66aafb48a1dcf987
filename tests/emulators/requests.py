"""An HTTP request as both versions of HTTP give it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request; names of headers in lower case. The body of a stream is empty here."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """A header's value; several are joined by commas, none is empty text."""
        return ",".join(value for each, value in self.headers if each == name)
