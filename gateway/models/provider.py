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
from gateway.models.offline.synthesizer import choose_voice
from gateway.settings import Settings, SettingsError
from protocols.contract.errors import InvalidInput
from protocols.contract.inputs import LiveOptions

type TextFactory = Callable[[ModelChoice], Model]
type VoiceFactory = Callable[[ModelChoice], BidiModel]


@dataclass(frozen=True)
class ModelProvider:
    """One provider: ``text`` and ``voice`` are ``module:function`` of its factories, or None.

    ``has_models``: there are several, and a setting may name one after a slash.
    ``embedded_speech``: its voice is the embedded recogniser and synthesizer around a text model:
    the provider's own, or that of the setting ``GATEWAY_TEXT_MODEL`` if it has none.
    """

    name: str
    text: str | None = None
    voice: str | None = None
    has_models: bool = False
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
            has_models=True,
        ),
    )
}


def check(settings: Settings) -> None:
    """Refuse settings that name a model nobody provides; loads no library.

    Raises:
        SettingsError: with the names that are known.
    """
    _check("GATEWAY_TEXT_MODEL", settings.text_model, _answers_text)
    _check("GATEWAY_VOICE_MODEL", settings.voice_model, _answers_speech)
    if PROVIDERS[ModelChoice(setting=settings.voice_model).provider].embedded_speech:
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
        self._texts: dict[ModelChoice, Model] = {}
        self._making = asyncio.Lock()
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
        return await self._text_model(ModelChoice(setting=self._settings.text_model))

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
        setting = self._settings.text_model if provider.text is None else provider.name
        text = await self._text_model(ModelChoice(setting=setting, spoken=True))
        speech = self.speech
        if speech is None:
            raise SettingsError(f"{provider.name} has no voice")
        return CascadeModel(
            text, speech, voice=choice.voice or None, language=choice.language or None
        )

    async def _text_model(self, choice: ModelChoice) -> Model:
        """Give a text model; made once, however many ask at the same time."""
        async with self._making:
            if choice not in self._texts:
                self._texts[choice] = await asyncio.to_thread(_make_text, choice)
            return self._texts[choice]


def _make_text(choice: ModelChoice) -> Model:
    reference = PROVIDERS[choice.provider].text
    if reference is None:
        raise SettingsError(f"{choice.provider} has no text model")
    return _text_factory(reference)(choice)


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
