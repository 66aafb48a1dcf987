"""Several text models that answer as one: the first that can, before its first token.

Retries, failover and renewal of credentials happen here and nowhere else, and only while nothing of
the answer was told: what was said is never said twice.

strands has a ``ModelRouter`` for failover. It hears of failures when the answer has begun too,
knows no time after which a model may be tried again, and its API is provisional.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from random import SystemRandom
from typing import Any, NamedTuple, override

from strands.models import Model
from strands.types.content import Messages
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolSpec

from gateway.models.candidate import Candidate
from gateway.models.failures import Fault, fault_of
from gateway.models.media import shown_to
from gateway.models.retrying import in_order, next_pause
from gateway.models.stages import StagedAnswer, holds_token
from gateway.models.thinking import marking, recognised
from gateway.settings import ModelOptions

_log = logging.getLogger(__name__)
_NAP_SECONDS = 0.05

# A process restored from a snapshot would share the seed of any other.
_chance = SystemRandom().random


class _Request(NamedTuple):
    """What ``Model.stream`` was called with."""

    messages: Messages
    tool_specs: list[ToolSpec] | None
    system_prompt: str | None
    cancelled: threading.Event | None
    options: dict[str, Any]


class _Begun(NamedTuple):
    """An answer that has begun: what came up to its first token, and the rest."""

    chunks: list[StreamEvent]
    rest: StagedAnswer


class ModelChain(Model):
    """Models in the order in which they are to be asked.

    Args:
        candidates: at least one.
        options: how long each stage of an answer may take.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        options: ModelOptions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.candidates = tuple(candidates)
        self._options = options
        self._clock = clock

    async def aclose(self) -> None:
        """Close the clients of the models that were made."""
        for candidate in self.candidates:
            await candidate.aclose()

    @property
    def config(self) -> Any:
        """The first model's; strands names it in its traces."""
        return self.get_config()

    @override
    def get_config(self) -> Any:
        first = self.candidates[0]
        if first.made is not None:
            return first.made.get_config()
        return {"model_id": first.choice.model_id or first.name}

    @override
    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError("the settings configure the models")

    @override
    def structured_output(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError("agents of the gateway ask for no structured output")

    @override
    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,
        system_prompt: str | None = None,
        *,
        cancel_signal: threading.Event | None = None,
        **options: Any,
    ) -> AsyncGenerator[StreamEvent]:
        """Ask one model after the other until one answers; see ``strands.models.Model``.

        Raises:
            GatewayError: the answer came too late, or broke off.
            Exception: what the last model failed with; see ``gateway.models.failures``.
        """
        request = _Request(messages, tool_specs, system_prompt, cancel_signal, options)
        begun = await self._first_to_begin(request)
        try:
            for chunk in begun.chunks:
                yield chunk
            while (more := await begun.rest.next()) is not None:
                yield more
        finally:
            await begun.rest.aclose()

    async def _first_to_begin(self, request: _Request) -> _Begun:
        began_at = self._clock()
        asked = in_order(list(self.candidates), lambda each: each.breaker.open)
        attempts = rounds = 0
        while True:
            rounds += 1
            again: list[Candidate] = []
            for candidate in asked:
                attempts += 1
                try:
                    return await self._ask(candidate, request)
                except Exception as error:  # noqa: BLE001 - the last is raised again
                    last, fault = error, fault_of(error)
                self._note(candidate, last, fault)
                if not fault.down:
                    raise last
                again += [candidate] if fault.again else []
            elapsed = self._clock() - began_at
            pause = next_pause(rounds, attempts, elapsed, _chance()) if again else None
            if pause is None:
                raise last
            await self._pause(pause, request.cancelled)
            asked = again

    async def _ask(self, candidate: Candidate, request: _Request) -> _Begun:
        """Ask one model; once more at once with new credentials if the old ones have expired."""
        candidate.breaker.asked()
        model = await self._model(candidate)
        try:
            begun = await self._begin(candidate, model, request)
        except Exception as error:
            if not fault_of(error).expired:
                raise
            _log.info("the credentials of %s have expired; looking for new ones", candidate.name)
            candidate.outdated(model)
            begun = await self._begin(candidate, await self._model(candidate), request)
        candidate.breaker.succeeded()
        return begun

    async def _model(self, candidate: Candidate) -> Model:
        async with asyncio.timeout(self._options.first_token_seconds):
            return await candidate.model()

    async def _begin(self, candidate: Candidate, model: Model, request: _Request) -> _Begun:
        answer: Any = model.stream(
            [
                {"role": each["role"], "content": self._shown(each["content"], candidate)}
                for each in request.messages
            ],
            request.tool_specs,
            request.system_prompt,
            cancel_signal=request.cancelled,
            **request.options,
        )
        if not self._is_of_first(candidate):
            answer = marking(answer, candidate.choice.provider)
        rest = StagedAnswer(aiter(answer), self._options, request.cancelled)
        chunks: list[StreamEvent] = []
        try:
            while (chunk := await rest.next()) is not None:
                chunks.append(chunk)
                if holds_token(chunk):
                    break
        except BaseException:
            await rest.aclose()
            raise
        return _Begun(chunks, rest)

    def _shown(self, content: Sequence[Any], candidate: Candidate) -> list[Any]:
        """What of a message a model can be shown: media that it takes, thinking that is its own."""
        shown = shown_to(content, candidate.kinds)
        provider = candidate.choice.provider
        return recognised(shown, provider, is_first=self._is_of_first(candidate))

    def _is_of_first(self, candidate: Candidate) -> bool:
        return candidate.choice.provider == self.candidates[0].choice.provider

    def _note(self, candidate: Candidate, error: Exception, fault: Fault) -> None:
        if fault.down:
            candidate.breaker.failed()
        else:
            candidate.breaker.succeeded()  # it is there: it refused this request alone
        _log.warning(
            "%s did not answer: %s (%s)",
            candidate.name,
            type(error).__name__,
            fault.kind.__name__,
        )

    async def _pause(self, seconds: float, cancelled: threading.Event | None) -> None:
        """Wait, but not for somebody who has gone."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            if cancelled is not None and cancelled.is_set():
                return
            await asyncio.sleep(min(left, _NAP_SECONDS))
