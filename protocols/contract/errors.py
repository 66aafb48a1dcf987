"""What can go wrong, named for the situation of the caller.

    GatewayError
    ├── InvalidInput          the caller sent something we cannot take
    │   ├── TooLarge          … because a limit of size was passed
    │   ├── TooSlow           … because it took too long to arrive
    │   ├── NotSupported      … because the media type or form is not served
    │   └── NotAcceptable     … because nothing we can answer with is accepted
    ├── NotAuthorized         the caller did not say who they are
    ├── NotFound              the thing named does not exist for this caller
    ├── SessionBusy           a turn is already running on this session
    ├── TooManySessions       the process is full
    ├── ModelThrottled        the model's service asked us to slow down
    ├── ModelFailed           the model answered with an error, or not at all
    ├── TimedOut              a limit of time was passed
    ├── NotConfigured         a part that is needed is missing or not set up
    └── Unavailable           a part that is needed is not there now, or is shutting down

The text of every one of these is written by us and safe to show to the caller: it says what is
wrong and how to mend it. Text from inside (exceptions of libraries, paths, prompts, keys) never
goes in.
"""

from collections.abc import Sequence

from msgspec import Struct


class Detail(Struct, frozen=True):
    """One fault in an input.

    ``path`` in JSON form (``$.messages[0].role``) and what is wrong there.
    """

    path: str
    problem: str


class GatewayError(Exception):
    """Root of the errors that callers may see."""

    def __init__(self, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class InvalidInput(GatewayError):
    """The caller sent something that cannot be taken as it is."""


class TooLarge(InvalidInput):
    """A limit of size was passed; the message names the setting that holds it."""


class TooSlow(InvalidInput):
    """What the caller sends did not arrive within the limit of time."""


class NotSupported(InvalidInput):
    """The media type, method or form is not served here."""


class NotAcceptable(InvalidInput):
    """Nothing that we can answer with is accepted."""


class NotAuthorized(GatewayError):
    """The caller is not known, or may not do this."""


class NotFound(GatewayError):
    """The thing named does not exist for this caller."""


class SessionBusy(GatewayError):
    """Another turn is running on the same session."""


class TooManySessions(GatewayError):
    """No more sessions, turns or peers fit into this process."""


class ModelThrottled(GatewayError):
    """The model's service refused because of its rate or capacity."""


class ModelFailed(GatewayError):
    """The model failed, or its service could not be reached."""


class TimedOut(GatewayError):
    """Something took longer than its limit."""


class NotConfigured(GatewayError):
    """A needed part is missing or not set up; asking again will not help."""


class Unavailable(GatewayError):
    """A needed part is not there now, or is shutting down."""
