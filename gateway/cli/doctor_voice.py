"""Checks a voice model that is a service, end to end: one short question, answered with sound."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing, suppress

from strands.bidi.models import BidiModel
from strands.bidi.models.model import ConnectionTimeoutError, Restartable
from strands.bidi.types.content import BidiMessage
from strands.types.content import Message, TextBlock

from gateway.agents.failures import contract_error
from gateway.cli.finding import Finding
from gateway.models.choice import ModelChoice
from gateway.models.provider import PROVIDERS, Models
from gateway.settings import Settings
from protocols.contract.errors import GatewayError, ModelFailed, TimedOut
from protocols.contract.inputs import LiveOptions

NAME = "voice call"
_SECONDS = 20.0
_STOP_SECONDS = 5.0
_SETTLE_SECONDS = 1.0
_PROMPT = "Answer with one word."
_QUESTION = "Say yes."
_ASKED: Message = {"role": "user", "content": [{"text": _QUESTION}]}
_ANSWER = "bidi_audio_delta"

_POLICY = (
    "`aws iam put-role-policy --role-name ROLE --policy-name models --policy-document "
    "file://deploy/policies/models.json`, and ask for the model under Model access of the console "
    "of Amazon Bedrock"
)
_AGAIN = "run `doctor` again in a moment"
# By words of the messages, which say what is wrong but not yet which command mends it.
_REMEDIES: Mapping[str, str] = {
    "InvokeModelWithBidirectionalStream": _POLICY,
    "does not know these AWS credentials": "`aws sts get-caller-identity` shows whose they are; "
    "`aws configure` sets others",
    "have expired": "`aws sso login`, or renew the keys",
    "No AWS credentials": "`aws configure` or `aws sso login`",
    "not known in this region": "`aws bedrock list-foundation-models --by-output-modality SPEECH` "
    "lists what the region has; set AWS_REGION and GATEWAY_VOICE_MODEL",
    "AWS_CA_BUNDLE": "`openssl s_client -connect bedrock-runtime.REGION.amazonaws.com:443` shows "
    "whether the service is reached, and whose certificate it has",
    "GATEWAY_VOICE": "mend these settings; the README lists them",
    "API_KEY": "set the variable to a key of the service",
    "cannot be reached": "see whether a firewall or a proxy is between; it is TLS on port 443",
}


def voice_findings(settings: Settings) -> Iterator[Finding]:
    """Ask the voice model something, if that costs no more than a call; embedded ones are not."""
    if PROVIDERS[ModelChoice(setting=settings.voice_model).provider].embedded_speech:
        return
    try:
        asyncio.run(_ask(settings))
    except GatewayError as error:
        yield Finding("fail", NAME, error.message, remedy(error.message))
    else:
        yield Finding("ok", NAME, f"{settings.voice_model} answered with sound")


def remedy(message: str) -> str:
    """Give what mends a failure."""
    return next((how for words, how in _REMEDIES.items() if words in message), _AGAIN)


async def _ask(settings: Settings) -> None:
    """Hold the shortest conversation there is.

    Raises:
        GatewayError: it cannot be held.
    """
    models = Models(settings)
    try:
        model = await models.voice(LiveOptions())
        await _converse(model)
    except Exception as error:
        raise contract_error(error) from error
    finally:
        await models.aclose()
        await _settle()


async def _converse(model: BidiModel) -> None:
    if not isinstance(model, Restartable):
        raise ModelFailed("The voice model cannot be asked by the doctor.")
    try:
        async with asyncio.timeout(_SECONDS):
            await model.start(_PROMPT)
            await model.send(BidiMessage([TextBlock(_QUESTION)]))
            while not await _has_answered(model):
                # What does not pass the model tells itself, after a few times.
                await model.restart(_PROMPT, None, [_ASKED])
    except TimeoutError as error:
        raise TimedOut("The voice model did not answer in time.") from error
    finally:
        with suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(_STOP_SECONDS):
                await model.stop()


async def _settle() -> None:
    """Let libraries end what they have in hand: the loop would cancel it in the middle."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=_SETTLE_SECONDS)


async def _has_answered(model: BidiModel) -> bool:
    """Wait for the first sound; False if the connection has to be made again."""
    events = model.receive()
    try:
        async with aclosing(events):  # type: ignore[type-var]  # strands' are generators
            async for event in events:
                if event.get("type") == _ANSWER:
                    return True
    except ConnectionTimeoutError:
        return False
    raise ModelFailed("The voice model hung up without an answer.")
