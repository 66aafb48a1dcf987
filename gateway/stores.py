"""Where conversations wait between their turns: in this process, or in files.

A store keeps bytes under a ``SessionKey``. It knows nothing of what they mean.
"""

import asyncio
import contextlib
import logging
import os
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from gateway.settings import Settings, SettingsError
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import Unavailable

_log = logging.getLogger(__name__)

_SECONDS = 10.0
_UNUSABLE = (
    "The store of the conversations (GATEWAY_SESSION_STORE) cannot be used now. Try again; the log "
    "holds the reason."
)


class SessionStore(Protocol):
    """Keeps conversations; every method may raise ``Unavailable``."""

    async def read(self, key: SessionKey) -> bytes | None:
        """Give what was last written; None if there is nothing."""
        ...

    async def write(self, key: SessionKey, packed: bytes) -> None:
        """Keep this instead of what was there."""
        ...

    async def delete(self, key: SessionKey) -> bool:
        """Drop what is kept; tells whether there was anything."""
        ...


class MemoryStore:
    """Keeps conversations in this process; the longest unused are dropped when it is full.

    Args:
        max_sessions: how many are kept.
        max_bytes: how large all of them may be.
    """

    def __init__(self, max_sessions: int, max_bytes: int) -> None:
        self._max_sessions = max_sessions
        self._max_bytes = max_bytes
        self._kept: OrderedDict[SessionKey, bytes] = OrderedDict()
        self._bytes = 0

    async def read(self, key: SessionKey) -> bytes | None:
        """See ``SessionStore``; what is read is the last to be dropped."""
        packed = self._kept.get(key)
        if packed is not None:
            self._kept.move_to_end(key)
        return packed

    async def write(self, key: SessionKey, packed: bytes) -> None:
        """See ``SessionStore``; what was just written is never dropped for want of room."""
        self._drop(key)
        self._kept[key] = packed
        self._bytes += len(packed)
        while len(self._kept) > 1 and self._is_full():
            self._drop(next(iter(self._kept)))

    async def delete(self, key: SessionKey) -> bool:
        """See ``SessionStore``."""
        return self._drop(key)

    def _is_full(self) -> bool:
        return len(self._kept) > self._max_sessions or self._bytes > self._max_bytes

    def _drop(self, key: SessionKey) -> bool:
        dropped = self._kept.pop(key, None)
        self._bytes -= len(dropped or b"")
        return dropped is not None


class FileStore:
    """Keeps each conversation in a file, which other processes and later ones can read.

    A file is replaced as a whole. Its name is a digest, so that no name of a session can lead
    anywhere. Only the process's user can read it. Nothing removes old files but ``forget``.

    Args:
        folder: made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, key: SessionKey) -> bytes | None:
        """See ``SessionStore``."""
        path = self._path(key)
        with _InWords():
            return await asyncio.wait_for(asyncio.to_thread(_read, path), _SECONDS)

    async def write(self, key: SessionKey, packed: bytes) -> None:
        """See ``SessionStore``."""
        path = self._path(key)
        with _InWords():
            await asyncio.wait_for(asyncio.to_thread(_replace, path, packed), _SECONDS)

    async def delete(self, key: SessionKey) -> bool:
        """See ``SessionStore``."""
        path = self._path(key)
        with _InWords():
            return await asyncio.wait_for(asyncio.to_thread(_remove, path), _SECONDS)

    def _path(self, key: SessionKey) -> Path:
        # Lengths apart, so that no other caller and id can make the same text.
        named = f"{len(key.caller)}:{key.caller}{key.id}".encode(errors="surrogatepass")
        digest = sha256(named).hexdigest()
        return self._folder / digest[:2] / digest


class _InWords(contextlib.AbstractContextManager[None]):
    """Faults of the file system become an error that a caller may read."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):  # TimeoutError is one
            _log.error("the session store failed: %s", error)
            raise Unavailable(_UNUSABLE) from error


def open_store(settings: Settings) -> SessionStore:
    """Make the store that the settings name; nothing is read or made yet.

    Raises:
        SettingsError: they name none.
    """
    kind, _, place = settings.session_store.partition(":")
    if kind == "file" and place:
        return FileStore(Path(place).expanduser())
    if settings.session_store != "memory":
        raise SettingsError("GATEWAY_SESSION_STORE: must be memory or file:PATH")
    return MemoryStore(settings.limits.max_sessions, settings.limits.max_memory_bytes)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, packed: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{uuid4().hex}")
    try:
        with open(written, "xb", opener=_private) as file:
            file.write(packed)
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
