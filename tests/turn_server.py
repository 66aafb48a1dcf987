"""A real coturn on the loopback, with a configuration of its own."""

import base64
import hmac
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aioice import stun

from tests.emulators.certificates import make_certificates
from tests.server_process import free_port

SECRET = "shared with the TURN server"
REALM = "gateway.test"
START_SECONDS = 30
STOP_SECONDS = 10
_FIRST_RELAY_PORT = 49_160
_LAST_RELAY_PORT = 49_960


@dataclass(frozen=True)
class TurnServer:
    """Where it listens: UDP and TCP on one port, TLS on another; and who vouches for it."""

    port: int
    tls_port: int
    authority: Path
    log: Path
    process: subprocess.Popen[bytes]

    def setting(self, transport: str) -> str:
        """The item of GATEWAY_ICE_SERVERS that leads to it by ``udp``, ``tcp`` or ``tls``."""
        port = self.tls_port if transport == "tls" else self.port
        secret = SECRET.replace(" ", "%20")
        return f"turn-rest:{secret}@127.0.0.1:{port}?transport={transport}"

    def credentials(self, seconds: int = 600) -> tuple[str, str]:
        """User name and password that it takes until they expire."""
        username = f"{int(time.time()) + seconds}:test"
        digest = hmac.digest(SECRET.encode(), username.encode(), "sha1")
        return username, base64.b64encode(digest).decode()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to trust its certificate."""
        return {"SSL_CERT_FILE": str(self.authority)}


@contextmanager
def turn_server(folder: Path, *options: str) -> Iterator[TurnServer]:
    """Serve while the block runs; skips the test where there is no coturn.

    Args:
        folder: for its certificate, database and log.
        options: of ``turnserver``, further ones.
    """
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("coturn is not installed: `make test` does, as root on Debian")
    certificates = make_certificates(folder)
    port, tls_port, log = free_port(), free_port(), folder / "coturn.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *_arguments(port, tls_port, certificates.server, folder), *options],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = TurnServer(port, tls_port, certificates.authority, log, process)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _arguments(port: int, tls_port: int, certificate: Path, folder: Path) -> list[str]:
    empty = folder / "turnserver.conf"  # not the one of the machine
    empty.touch()
    return [
        "-c", str(empty), "--no-cli", "--log-file=stdout", "--simple-log", "--verbose",
        f"--pidfile={folder / 'turnserver.pid'}", f"--userdb={folder / 'turndb'}",
        "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers",
        f"--listening-port={port}", f"--tls-listening-port={tls_port}",
        f"--min-port={_FIRST_RELAY_PORT}", f"--max-port={_LAST_RELAY_PORT}",
        "--use-auth-secret", f"--static-auth-secret={SECRET}", f"--realm={REALM}",
        f"--cert={certificate}", f"--pkey={certificate}", "--relay-threads=1", "--fingerprint",
    ]  # fmt: skip


def _wait_until_it_answers(server: TurnServer) -> None:
    """Return when it answers a binding request and takes connections."""
    request = bytes(
        stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(0.2)
            try:
                datagrams.sendto(request, ("127.0.0.1", server.port))
                datagrams.recv(2048)
                for port in (server.port, server.tls_port):
                    socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
            except OSError:
                continue
            return
    told = server.log.read_text(errors="replace")
    raise AssertionError(f"coturn did not begin to serve:\n{told}")
