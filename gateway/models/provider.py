"""Who can answer: the list of providers, and the models of this process.

A provider is two optional factories, each in a module that is imported inside it: a library is
loaded, and a client made, only when a request needs the model.
"""

import asyncio
import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from strands.bidi.models import BidiModel
from strands.models import Model

from gateway.models.breaker import CircuitBreaker
from gateway.models.candidate import Candidate
from gateway.models.cascade.model import CascadeModel
from gateway.models.chain import ModelChain
from gateway.models.choice import ModelChoice
from gateway.models.offline.speech import SpeechEngines
from gateway.models.offline.synthesizer import choose_voice
from gateway.settings import Settings, SettingsError
from protocols.contract.errors import InvalidInput, NotConfigured
from protocols.contract.inputs import LiveOptions

_EMBEDDED = "offline"

type TextFactory = Callable[[ModelChoice], Model]
type VoiceFactory = Callable[[ModelChoice], BidiModel]


@dataclass(frozen=True)
class ModelProvider:
    """One provider: ``text`` and ``voice`` are ``module:function`` of its factories, or None.

    ``has_models``: there are several, and a setting may name one after a slash; ``names_model``: it
    has to. ``library``: a module that its text model needs and that is not always installed, and
    ``voice_library`` one for its voice; ``extra`` of this project brings it.
    ``embedded_speech``: its voice is the embedded recogniser and synthesizer around a text model:
    the provider's own, or that of the setting ``GATEWAY_TEXT_MODEL`` if it has none.
    """

    name: str
    text: str | None = None
    voice: str | None = None
    has_models: bool = False
    names_model: bool = False
    library: str | None = None
    voice_library: str | None = None
    extra: str | None = None
    embedded_speech: bool = False
    takes_images: bool = False


def _remote(
    name: str, library: str | None = None, *, extra: str | None = None, names_model: bool = False
) -> ModelProvider:
    """A text model of strands, with a library of its own or without."""
    return ModelProvider(
        name,
        text=f"gateway.models.text.{name}:text_model",
        has_models=True,
        names_model=names_model,
        library=library,
        extra=extra or name,
    )


PROVIDERS: Mapping[str, ModelProvider] = {
    provider.name: provider
    for provider in (
        ModelProvider(
            "offline", text="gateway.models.offline.text:text_model", embedded_speech=True
        ),
        ModelProvider("cascade", embedded_speech=True),
        ModelProvider(
            "bedrock",
            text="gateway.models.text.bedrock:text_model",
            voice="gateway.models.nova_sonic.factory:voice_model",
            has_models=True,
        ),
        replace(
            _remote("openai", "openai"),
            voice="gateway.models.openai_realtime:voice_model",
            takes_images=True,
        ),
        _remote("openai_responses", "openai", extra="openai"),
        _remote("anthropic", "anthropic"),
        _remote("ollama", "ollama", names_model=True),
        replace(
            _remote("gemini", "google.genai"),
            voice="gateway.models.gemini_live:voice_model",
            voice_library="google.genai",
            takes_images=True,
        ),
        _remote("litellm", "litellm", names_model=True),
        _remote("llamacpp"),
        _remote("mistral", "mistralai"),
        _remote("writer", "writerai"),
        _remote("sagemaker", "mypy_boto3_sagemaker_runtime", names_model=True),
        _remote("llamaapi", "llama_api_client"),
    )
}


def check(settings: Settings) -> None:
    """Refuse settings that name a model nobody provides; loads no library.

    Raises:
        SettingsError: with the names that are known.
    """
    _check("GATEWAY_TEXT_MODEL", settings.text_model, _answers_text)
    _check_library("GATEWAY_TEXT_MODEL", settings.text_model)
    for fallback in settings.fallback_models:
        _check("GATEWAY_FALLBACK_MODELS", fallback, _answers_text)
        _check_library("GATEWAY_FALLBACK_MODELS", fallback)
    _check("GATEWAY_VOICE_MODEL", settings.voice_model, _answers_speech)
    voice = PROVIDERS[ModelChoice(setting=settings.voice_model).provider]
    if voice.voice_library is not None and not _is_installed(voice.voice_library):
        raise SettingsError(f"GATEWAY_VOICE_MODEL: {missing_library(voice)}")
    if voice.embedded_speech:
        _check_voice("GATEWAY_VOICE", settings.voice, None)
        _check_voice("GATEWAY_LANGUAGE", None, settings.language)


def _check(variable: str, setting: str, serves: Callable[[ModelProvider], bool]) -> None:
    choice = ModelChoice(setting=setting)
    provider = PROVIDERS.get(choice.provider)
    if provider is None or not serves(provider):
        known = ", ".join(each.name for each in PROVIDERS.values() if serves(each))
        raise SettingsError(f"{variable}: no such provider; known: {known}")
    if choice.model_id is not None and not provider.has_models:
        raise SettingsError(f"{variable}: {provider.name} has one model; write {provider.name}")


def _check_library(variable: str, setting: str) -> None:
    """Refuse a text model that could not be made; looks for its library without loading it."""
    choice = ModelChoice(setting=setting)
    provider = PROVIDERS[choice.provider]
    if provider.names_model and choice.model_id is None:
        raise SettingsError(f"{variable}: name the model, as in {provider.name}/MODEL")
    if provider.library is not None and not _is_installed(provider.library):
        raise SettingsError(f"{variable}: {missing_library(provider)}")


def missing_library(provider: ModelProvider) -> str:
    """Say how to install what a provider needs."""
    return (
        f"{provider.name} needs a library that is not installed. It is in the extra "
        f"{provider.extra}: `make run` installs it, and so does "
        f"`uv sync --inexact --extra {provider.extra}`"
    )


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # what is before its last dot is not there
        return False


def _check_voice(variable: str, voice: str | None, language: str | None) -> None:
    try:
        choose_voice(voice, language)
    except InvalidInput as error:
        raise SettingsError(f"{variable}: {error.message}") from error


def _answers_text(provider: ModelProvider) -> bool:
    return provider.text is not None


def _answers_speech(provider: ModelProvider) -> bool:
    return provider.voice is not None or provider.embedded_speech


class Models:
    """The models of this process, each made at the first request that needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._texts: dict[bool, ModelChain] = {}
        self._speech: SpeechEngines | None = None

    @property
    def text_name(self) -> str:
        """The text model as the settings name it."""
        return self._settings.text_model

    @property
    def voice_name(self) -> str:
        """The voice model as the settings name it."""
        return self._settings.voice_model

    @property
    def voice_takes_images(self) -> bool:
        """Whether the voice model can be shown images."""
        return self._voice_provider.takes_images

    @property
    def speech(self) -> SpeechEngines | None:
        """The embedded speech engines, if the voice model uses them; not loaded by asking."""
        if self._voice_provider.embedded_speech and self._speech is None:
            self._speech = SpeechEngines(maximum_voices=self._settings.limits.max_voices)
        return self._speech

    async def text(self) -> Model:
        """Give the text model: all that the settings name, as one; each is made when it is asked.

        Raises:
            Exception: whatever the provider's library raises; see ``gateway.models.failures``.
        """
        return await self._text_model(self._settings.text_model, spoken=False)

    async def voice(self, options: LiveOptions) -> BidiModel:
        """Make the voice model of one conversation.

        Raises:
            Exception: whatever the provider's library raises; see ``gateway.agents.failures``.
        """
        choice = ModelChoice(
            setting=self._settings.voice_model,
            voice=options.voice or self._settings.voice,
            language=options.language or self._settings.language,
            speech=self._settings.speech,
        )
        provider = self._voice_provider
        reference = provider.voice
        if reference is not None:
            return await asyncio.to_thread(lambda: _voice_factory(reference)(choice))
        return await self._embedded_voice(provider, choice)

    async def aclose(self) -> None:
        """Free what was made."""
        for chain in self._texts.values():
            await chain.aclose()
        if self._speech is not None:
            await self._speech.aclose()

    @property
    def _voice_provider(self) -> ModelProvider:
        return PROVIDERS[ModelChoice(setting=self._settings.voice_model).provider]

    async def _embedded_voice(self, provider: ModelProvider, choice: ModelChoice) -> BidiModel:
        """Give a text model the embedded ears and voice."""
        setting = self._settings.text_model if provider.text is None else provider.name
        text = await self._text_model(setting, spoken=True)
        speech = self.speech
        if speech is None:
            raise SettingsError(f"{provider.name} has no voice")
        return CascadeModel(
            text, speech, voice=choice.voice or None, language=choice.language or None
        )

    async def _text_model(self, setting: str, *, spoken: bool) -> Model:
        """Give a text model; whatever it needs is made when it is asked for the first time."""
        if spoken not in self._texts:
            settings = (setting, *self._settings.fallback_models)
            candidates = [self._candidate(each, spoken=spoken) for each in settings]
            self._texts[spoken] = ModelChain(candidates, self._settings.model)
        chain = self._texts[spoken]
        if setting == _EMBEDDED:
            return await chain.candidates[0].model()  # it is never down, and never late
        return chain

    def _candidate(self, setting: str, *, spoken: bool) -> Candidate:
        choice = ModelChoice(setting=setting, spoken=spoken, options=self._settings.model)
        return Candidate(choice, make_text, CircuitBreaker(time.monotonic))


def make_text(choice: ModelChoice) -> Model:
    """Make a text model; blocks: it reads files and may ask servers.

    Raises:
        NotConfigured: its library is missing, or its key.
        Exception: whatever the provider's library raises; see ``gateway.models.failures``.
    """
    provider = PROVIDERS[choice.provider]
    if provider.text is None:
        raise SettingsError(f"{choice.provider} has no text model")
    try:
        factory = _text_factory(provider.text)
    except ModuleNotFoundError as error:
        if provider.library is None:
            raise
        raise NotConfigured(missing_library(provider)) from error
    return factory(choice)


def _text_factory(reference: str) -> TextFactory:
    factory: TextFactory = _load(reference)
    return factory


def _voice_factory(reference: str) -> VoiceFactory:
    factory: VoiceFactory = _load(reference)
    return factory


def _load(reference: str) -> Any:
    """Import what ``module:name`` names."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
