"""Asks the chosen text models one short question each, and says how to mend what goes wrong."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from strands.types.content import Messages

from gateway.cli.doctor_remedies import Trouble, trouble_of
from gateway.cli.finding import Finding
from gateway.models.candidate import close_client
from gateway.models.choice import ModelChoice
from gateway.models.failures import fault_of
from gateway.models.provider import make_text
from gateway.models.stages import holds_token, staged
from gateway.settings import Settings
from protocols.contract.errors import ModelThrottled, Unavailable

NAME = "text call"
_EMBEDDED = "offline"
_QUESTION: Messages = [{"role": "user", "content": [{"text": "Answer with one word: ready?"}]}]
_BUSY = (ModelThrottled, Unavailable)


def call_findings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask each text model that is not embedded; reads no more than the first token."""
    for setting in (settings.text_model, *settings.fallback_models):
        choice = ModelChoice(setting=setting, options=settings.model)
        if choice.provider != _EMBEDDED:
            yield _called(choice, environ)


def _called(choice: ModelChoice, environ: Mapping[str, str]) -> Finding:
    began = time.monotonic()
    try:
        asyncio.run(_first_token(choice))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was asked for
        trouble: Trouble = trouble_of(error, choice, environ)
        busy = issubclass(fault_of(error).kind, _BUSY)
        return Finding("warn" if busy else "fail", NAME, trouble.text, trouble.remedy)
    seconds = time.monotonic() - began
    return Finding("ok", NAME, f"{choice.setting} began to answer after {seconds:.1f} s")


async def _first_token(choice: ModelChoice) -> None:
    """Ask, and leave at the first token.

    Raises:
        Exception: the library's own; see ``gateway.models.failures``.
    """
    async with asyncio.timeout(choice.options.first_token_seconds):
        model = await asyncio.to_thread(make_text, choice)
    try:
        answer = cast(Any, model.stream(_QUESTION))
        async with aclosing(staged(answer, choice.options, None)) as chunks:
            async for chunk in chunks:
                if holds_token(chunk):
                    return
    finally:
        await close_client(model)
