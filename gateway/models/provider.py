"""Who can answer: the list of providers, and the models of this process.

A provider is two optional factories, each in a module that is imported inside it: a library is
loaded, and a client made, only when a request needs the model.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from strands.bidi.models import BidiModel
from strands.models import Model

from gateway.models.cascade.model import CascadeModel
from gateway.models.choice import ModelChoice
from gateway.models.offline.speech import SpeechEngines
from gateway.settings import Settings, SettingsError
from protocols.contract.inputs import LiveOptions

type TextFactory = Callable[[ModelChoice], Model]
type VoiceFactory = Callable[[ModelChoice], BidiModel]


@dataclass(frozen=True)
class ModelProvider:
    """One provider: ``text`` and ``voice`` are ``module:function`` of its factories, or None.

    ``embedded_speech``: its voice is the embedded recogniser and synthesizer around a text model:
    the provider's own, or that of the setting ``GATEWAY_TEXT_MODEL`` if it has none.
    """

    name: str
    text: str | None = None
    voice: str | None = None
    embedded_speech: bool = False
    takes_images: bool = False


PROVIDERS: Mapping[str, ModelProvider] = {
    provider.name: provider
    for provider in (
        ModelProvider(
            "offline", text="gateway.models.offline.text:text_model", embedded_speech=True
        ),
        ModelProvider("cascade", embedded_speech=True),
        ModelProvider(
            "bedrock",
            text="gateway.models.bedrock:text_model",
            voice="gateway.models.bedrock:voice_model",
        ),
    )
}


def check(settings: Settings) -> None:
    """Refuse settings that name a model nobody provides; loads no library.

    Raises:
        SettingsError: with the names that are known.
    """
    text = PROVIDERS.get(ModelChoice(setting=settings.text_model).provider)
    if text is None or text.text is None:
        raise SettingsError(f"GATEWAY_TEXT_MODEL: no such provider; known: {_names('text')}")
    voice = PROVIDERS.get(ModelChoice(setting=settings.voice_model).provider)
    if voice is None or not (voice.voice or voice.embedded_speech):
        raise SettingsError(f"GATEWAY_VOICE_MODEL: no such provider; known: {_names('voice')}")


def _names(kind: str) -> str:
    def serves(provider: ModelProvider) -> bool:
        if kind == "text":
            return provider.text is not None
        return provider.voice is not None or provider.embedded_speech

    return ", ".join(provider.name for provider in PROVIDERS.values() if serves(provider))


class Models:
    """The models of this process, each made at the first request that needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._text: Model | None = None
        self._text_lock = asyncio.Lock()
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
        """Give the text model; made once, outside the event loop.

        Raises:
            Exception: whatever the provider's library raises; see ``gateway.agents.failures``.
        """
        async with self._text_lock:
            if self._text is None:
                self._text = await self._make_text(self._settings.text_model)
            return self._text

    async def voice(self, options: LiveOptions) -> BidiModel:
        """Make the voice model of one conversation; raises as ``text``."""
        choice = ModelChoice(
            setting=self._settings.voice_model,
            voice=options.voice or self._settings.voice,
            language=options.language or self._settings.language,
        )
        provider = self._voice_provider
        reference = provider.voice
        if reference is not None:
            return await asyncio.to_thread(lambda: _voice_factory(reference)(choice))
        return await self._embedded_voice(provider, choice)

    async def aclose(self) -> None:
        """Free what was made."""
        if self._speech is not None:
            await self._speech.aclose()

    @property
    def _voice_provider(self) -> ModelProvider:
        return PROVIDERS[ModelChoice(setting=self._settings.voice_model).provider]

    async def _embedded_voice(self, provider: ModelProvider, choice: ModelChoice) -> BidiModel:
        """Give a text model the embedded ears and voice."""
        text = await self.text() if provider.text is None else await self._own_text(provider)
        speech = self.speech
        if speech is None:
            raise SettingsError(f"{provider.name} has no voice")
        return CascadeModel(
            text, speech, voice=choice.voice or None, language=choice.language or None
        )

    async def _own_text(self, provider: ModelProvider) -> Model:
        if self._settings.text_model == provider.name:
            return await self.text()
        return await self._make_text(provider.name)

    async def _make_text(self, setting: str) -> Model:
        choice = ModelChoice(setting=setting)
        reference = PROVIDERS[choice.provider].text
        if reference is None:
            raise SettingsError(f"{choice.provider} has no text model")
        return await asyncio.to_thread(lambda: _text_factory(reference)(choice))


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
