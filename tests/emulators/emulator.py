"""AWS on the loopback: one TLS port behind which the emulated services are.

    with AwsEmulator() as aws:
        aws.converse.scripts.add(says("Hello."), THROTTLED)
        …  # run a client with aws.environment()
        aws.converse.calls.wait_for(lambda calls: len(calls) == 2)

HTTP/1.1 (Converse, Kinesis Video) or HTTP/2 (Nova Sonic) is decided by ALPN, as clients offer it.
The emulator lives in a thread with an event loop of its own, so that it answers whatever the test
does meanwhile.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import TracebackType
from typing import Self

import h2.exceptions
import h11

from tests.emulators.certificates import Certificates, make_certificates
from tests.emulators.converse.service import ConverseService
from tests.emulators.http1 import serve_http1
from tests.emulators.http2 import Http2Connection
from tests.emulators.kinesis_video import KinesisVideoService
from tests.emulators.routes import Routes
from tests.emulators.signatures import Credentials, Verifier, known
from tests.emulators.sonic.service import SonicService

_HOSTS = ("bedrock-runtime", "kinesisvideo")
_START_SECONDS = 10
_STOP_SECONDS = 5
_ACCESS_KEY = "AKIAEMULATOREXAMPLE0"
_SECRET_KEY = "emulator/secret/key/of/no/account/at/all"
_OTHERS = ("AWS_", "OTEL_", "SSL_CERT_", "GATEWAY_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without whatever could lead a client elsewhere than to the emulator."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(_OTHERS) and name.lower() not in _PROXIES
    }


class AwsEmulator:
    """The services of one region; listens while the block runs.

    ``accepted`` counts the connections of clients, ``faults`` are the emulator's own.

    Args:
        region: the region clients must sign for.
        port: the port to listen on; 0 picks a free one.
    """

    def __init__(self, *, region: str = "us-east-1", port: int = 0) -> None:
        self.region = region
        self.port = port
        self.credentials = {_ACCESS_KEY: Credentials(_ACCESS_KEY, _SECRET_KEY)}
        self.converse = ConverseService()
        self.sonic = SonicService()
        verifier = Verifier(region, partial(known, self.credentials))
        self.kinesis_video = KinesisVideoService(region)
        self.routes = Routes(verifier, self.converse, self.sonic, self.kinesis_video)
        self._folder = TemporaryDirectory(prefix="aws-emulator-")
        self._certificates: Certificates | None = None
        self._thread = Thread(target=self._run, name="aws-emulator")
        self._listening = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.accepted = 0
        self.faults: list[BaseException] = []

    def __enter__(self) -> Self:
        names = (f"{service}.{self.region}.amazonaws.com" for service in _HOSTS)
        self._certificates = make_certificates(Path(self._folder.name), *names)
        self._thread.start()
        if not self._listening.wait(_START_SECONDS) or self._loop is None:
            raise RuntimeError(f"the emulator did not start: {self.faults}")
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_SECONDS)
        self._folder.cleanup()
        if error is None and (self._thread.is_alive() or self.faults):
            raise RuntimeError(f"the emulator failed: {self.faults or 'it does not stop'}")

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The file of the certificate authority that clients must trust."""
        return Path(self._folder.name) / "authority.pem"

    def environment(self) -> dict[str, str]:
        """Variables that lead every AWS client of a process here, and nowhere else."""
        absent = str(Path(self._folder.name) / "absent")
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_KINESIS_VIDEO": self.url,
            "AWS_CA_BUNDLE": str(self.authority),
            "SSL_CERT_FILE": str(self.authority),
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": absent,
            "AWS_SHARED_CREDENTIALS_FILE": absent,
        }

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  # shown by who stops the emulator
            self.faults.append(error)
            self._listening.set()

    async def _serve(self) -> None:
        if self._certificates is None:
            raise RuntimeError("the emulator has no certificates yet")
        self._stop = asyncio.Event()
        context = self._certificates.server_context("h2", "http/1.1")
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=context, ssl_handshake_timeout=10
        )
        self.port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._listening.set()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio's logs an error when it is cancelled (fixed in Python 3.12.2).
        task = asyncio.create_task(self._attend(reader, writer))
        self._connections.add(task)
        self.accepted += 1
        task.add_done_callback(self._connections.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        try:
            if protocol == "h2":
                await Http2Connection(reader, writer, self.routes.stream).serve()
            else:
                await serve_http1(reader, writer, self.routes.answer)
        except (OSError, h11.RemoteProtocolError, h2.exceptions.ProtocolError):
            pass  # the client left, or spoke no HTTP: what it asked is in the records
        except Exception as error:  # noqa: BLE001  # shown by who stops the emulator
            self.faults.append(error)
        finally:
            writer.transport.abort()
