"""Who answers which path, and only callers whose signature is right."""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from tests.emulators.converse.service import ConverseService
from tests.emulators.http1 import Exchange
from tests.emulators.http2 import Http2Stream
from tests.emulators.kinesis_video import OPERATIONS, KinesisVideoService
from tests.emulators.requests import Request
from tests.emulators.responses import error_response
from tests.emulators.scripting import Records, Refusal
from tests.emulators.signatures import Signature, SignatureRefused, Verifier
from tests.emulators.sonic.service import SonicService

_CONVERSE = re.compile(r"/model/(?P<model>[^/]+)/(?P<operation>converse|converse-stream)")
_SONIC = re.compile(r"/model/(?P<model>[^/]+)/invoke-with-bidirectional-stream")
_NO_OPERATION = Refusal(404, "UnknownOperationException", "The emulator has no such operation.")

type Operation = Callable[[Exchange], Awaitable[None]]


class Routes:
    """Checks each request and hands it to its service."""

    def __init__(
        self,
        verifier: Verifier,
        converse: ConverseService,
        sonic: SonicService,
        kinesis_video: KinesisVideoService,
    ) -> None:
        self.refused: Records[SignatureRefused] = Records()
        self._verifier = verifier
        self._converse = converse
        self._sonic = sonic
        self._kinesis_video = kinesis_video

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        found = self._find(exchange.request)
        if found is None:
            await exchange.respond(*error_response(_NO_OPERATION))
            return
        service, operation = found
        try:
            self._check(exchange.request, service)
        except SignatureRefused as error:
            refusal = Refusal(403, error.code, error.message)
            await exchange.respond(*error_response(refusal))
            return
        await operation(exchange)

    async def stream(self, stream: Http2Stream) -> None:
        """Answer one stream of HTTP/2."""
        found = _SONIC.fullmatch(stream.request.path)
        if stream.request.method != "POST" or found is None:
            await stream.respond(*error_response(_NO_OPERATION))
            return
        try:
            signature = self._check(stream.request, "bedrock")
        except SignatureRefused as error:
            await stream.respond(*error_response(Refusal(403, error.code, error.message)))
            return
        await self._sonic.answer(stream, unquote(found["model"]), signature)

    def _check(self, request: Request, service: str) -> Signature:
        """Check the signature for a service.

        Raises:
            SignatureRefused: it is wrong; it is recorded too.
        """
        try:
            return self._verifier.check(request, service)
        except SignatureRefused as error:
            self.refused.add(error)
            raise

    def _find(self, request: Request) -> tuple[str, Operation] | None:
        if request.method == "POST" and request.path in OPERATIONS:
            return "kinesisvideo", self._kinesis_video.answer
        found = _CONVERSE.fullmatch(request.path)
        if request.method != "POST" or found is None:
            return None
        model, streaming = unquote(found["model"]), found["operation"] == "converse-stream"

        async def converse(exchange: Exchange) -> None:
            await self._converse.answer(exchange, model, streaming=streaming)

        return "bedrock", converse
