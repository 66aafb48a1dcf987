"""Who can answer, and when it is made."""

import asyncio
import os
import sys
import threading
import types
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import NoCredentialsError
from strands.bidi.models import BidiModel
from strands.models import BedrockModel

from gateway.models.candidate import Candidate
from gateway.models.cascade.model import CascadeModel
from gateway.models.chain import ModelChain
from gateway.models.choice import ModelChoice
from gateway.models.offline.speech import SpeechEngines
from gateway.models.offline.text import OfflineTextModel
from gateway.models.provider import PROVIDERS, ModelProvider, Models, check
from gateway.settings import Limits, Settings, SettingsError
from protocols.contract.errors import InvalidInput, NotConfigured
from protocols.contract.inputs import LiveOptions
from tests.scripted import ScriptedModel
from tests.scripted_voice import ScriptedVoice


class Maker:
    """A module of factories, and what they were asked for."""

    def __init__(self) -> None:
        self.texts: list[ModelChoice] = []
        self.voices: list[ModelChoice] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None

    def text_model(self, choice: ModelChoice) -> ScriptedModel:
        self.threads.add(threading.current_thread().name)
        self.texts.append(choice)
        if self.error is not None:
            raise self.error
        return ScriptedModel()

    def voice_model(self, choice: ModelChoice) -> ScriptedVoice:
        self.threads.add(threading.current_thread().name)
        self.voices.append(choice)
        return ScriptedVoice()


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    """A provider called ``scripted`` with both models, and ``mute`` with none."""
    maker = Maker()
    module = types.ModuleType("scripted_provider")
    for name in ("text_model", "voice_model"):
        setattr(module, name, getattr(maker, name))
    monkeypatch.setitem(sys.modules, "scripted_provider", module)
    table = cast("dict[str, ModelProvider]", PROVIDERS)
    scripted = ModelProvider(
        "scripted",
        text="scripted_provider:text_model",
        voice="scripted_provider:voice_model",
        takes_images=True,
    )
    monkeypatch.setitem(table, "scripted", scripted)
    monkeypatch.setitem(table, "mute", ModelProvider("mute"))
    return maker


def models(text: str = "offline", voice: str = "offline", **settings: Any) -> Models:
    return Models(Settings(text_model=text, voice_model=voice, **settings))


def first_of(chain: Any) -> Candidate:
    """The model that is asked first; it is made when it is asked for."""
    assert isinstance(chain, ModelChain)
    return chain.candidates[0]


# Settings

TEXTS = (
    "offline, bedrock, openai, openai_responses, anthropic, ollama, gemini, litellm, llamacpp, "
    "mistral, writer, sagemaker, llamaapi"
)


@pytest.mark.parametrize(
    "text", ["offline", "bedrock", "bedrock/eu.anthropic.claude-x", "openai/any/name", "llamacpp"]
)
@pytest.mark.parametrize(
    "voice", ["offline", "cascade", "bedrock/amazon.nova-2-sonic", "openai", "gemini/live"]
)
def test_what_is_provided_is_accepted(text: str, voice: str) -> None:
    check(Settings(text_model=text, voice_model=voice))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"text_model": "open_ai"},
            f"GATEWAY_TEXT_MODEL: no such provider; known: {TEXTS}",
        ),
        (
            {"text_model": "cascade"},
            f"GATEWAY_TEXT_MODEL: no such provider; known: {TEXTS}",
        ),
        (
            {"fallback_models": ("bedrock", "nobody")},
            f"GATEWAY_FALLBACK_MODELS: no such provider; known: {TEXTS}",
        ),
        ({"text_model": "ollama"}, "GATEWAY_TEXT_MODEL: name the model, as in ollama/MODEL"),
        (
            {"voice_model": "anthropic/live"},
            "GATEWAY_VOICE_MODEL: no such provider; known: offline, cascade, bedrock, openai, "
            "gemini",
        ),
        ({"text_model": "offline/big"}, "GATEWAY_TEXT_MODEL: offline has one model; write offline"),
        (
            {"voice_model": "cascade/bedrock"},
            "GATEWAY_VOICE_MODEL: cascade has one model; write cascade",
        ),
    ],
    ids=str,
)
def test_what_is_not_provided_is_refused_with_what_is(settings: Any, fault: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check(Settings(**settings))
    assert str(refused.value) == fault


def test_a_missing_library_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = cast("dict[str, ModelProvider]", PROVIDERS)
    for library in ("library_of_nobody", "nobody.library"):
        lacking = ModelProvider("rare", text="nobody:nothing", library=library, extra="rare")
        monkeypatch.setitem(table, "rare", lacking)
        for settings in (Settings(text_model="rare"), Settings(fallback_models=("rare",))):
            with pytest.raises(SettingsError, match="uv sync --inexact --extra rare"):
                check(settings)


def test_a_voice_whose_library_is_missing_is_refused_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.models.provider._is_installed", lambda _: False)
    check(Settings(voice_model="openai"))  # it needs none
    with pytest.raises(SettingsError, match=r"GATEWAY_VOICE_MODEL: gemini .*--extra gemini"):
        check(Settings(voice_model="gemini"))


@pytest.mark.usefixtures("maker")
def test_a_provider_without_a_voice_is_none_for_speech() -> None:
    with pytest.raises(SettingsError, match=r"known: .*bedrock, openai, gemini, scripted$"):
        check(Settings(voice_model="mute"))


# Making


async def test_nothing_is_made_before_it_is_needed(maker: Maker) -> None:
    made = models("scripted", "scripted")
    assert (made.text_name, made.voice_name, made.speech) == ("scripted", "scripted", None)
    assert (maker.texts, maker.voices) == ([], [])


async def test_requests_at_once_share_one_text_model_made_outside_the_loop(maker: Maker) -> None:
    made = models("scripted")
    async with asyncio.timeout(5):
        chains = await asyncio.gather(*(made.text() for _ in range(5)))
        assert maker.texts == []
        several = await asyncio.gather(*(first_of(chain).model() for chain in chains))
    assert len({id(model) for model in several}) == 1
    assert maker.texts == [ModelChoice(setting="scripted")]
    assert threading.main_thread().name not in maker.threads


async def test_what_could_not_be_made_is_tried_again(maker: Maker) -> None:
    first = first_of(await models("scripted").text())
    maker.error = NoCredentialsError()
    with pytest.raises(NoCredentialsError):
        await first.model()
    maker.error = None
    assert isinstance(await first.model(), ScriptedModel)


@pytest.mark.usefixtures("maker")
async def test_the_fallback_models_stand_behind_the_first() -> None:
    chain = await models("scripted", fallback_models=("bedrock/x", "offline")).text()
    assert isinstance(chain, ModelChain)
    assert [each.name for each in chain.candidates] == ["scripted", "bedrock/x", "offline"]


async def test_the_embedded_model_needs_nobody_behind_it() -> None:
    assert isinstance(await models(fallback_models=("bedrock",)).text(), OfflineTextModel)


async def test_a_library_that_vanished_is_told_as_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = cast("dict[str, ModelProvider]", PROVIDERS)
    for library, error in (("nobody", NotConfigured), (None, ModuleNotFoundError)):
        rare = ModelProvider("rare", text="nobody:nothing", library=library, extra="rare")
        monkeypatch.setitem(table, "rare", rare)
        with pytest.raises(error):
            await first_of(await models("rare").text()).model()


async def test_each_conversation_has_a_voice_of_its_own_as_it_chose(maker: Maker) -> None:
    made = models(voice="scripted")
    first = await made.voice(LiveOptions())
    second = await made.voice(LiveOptions(voice="anna", language="de-DE"))
    assert first is not second
    assert maker.voices == [
        ModelChoice(setting="scripted", voice="", language="en-US"),
        ModelChoice(setting="scripted", voice="anna", language="de-DE"),
    ]
    assert threading.main_thread().name not in maker.threads


async def test_the_settings_choose_the_voice_unless_the_caller_does(maker: Maker) -> None:
    made = Models(Settings(voice_model="scripted", voice="otto", language="de-AT"))
    await made.voice(LiveOptions())
    assert maker.voices == [ModelChoice(setting="scripted", voice="otto", language="de-AT")]


@pytest.mark.usefixtures("maker")
def test_what_the_voice_can_be_shown_is_known_without_making_it() -> None:
    assert models(voice="scripted").voice_takes_images
    assert not models().voice_takes_images


@pytest.mark.usefixtures("maker")
async def test_the_offline_voice_answers_itself_whatever_answers_text() -> None:
    made = models("scripted", "offline")
    voice = await made.voice(LiveOptions())
    assert isinstance(voice, CascadeModel)
    assert isinstance(voice._text_model, OfflineTextModel)
    assert voice._speech is made.speech
    await made.aclose()


async def test_a_cascade_gives_the_text_model_a_voice(maker: Maker) -> None:
    made = models("scripted", "cascade")
    first = await made.voice(LiveOptions(voice="en-GB"))
    second = await made.voice(LiveOptions(voice="de-DE"))
    assert isinstance(first, CascadeModel)
    assert isinstance(second, CascadeModel)
    assert first is not second
    assert first._text_model is second._text_model
    await first_of(first._text_model).model()
    assert maker.texts == [ModelChoice(setting="scripted", spoken=True)]
    assert [each.get_config()["voice"] for each in (first, second)] == ["en-GB", "de-DE"]
    await made.aclose()


async def test_a_voice_that_nobody_has_is_refused_with_those_there_are() -> None:
    made = models()
    with pytest.raises(InvalidInput, match="choose one of"):
        await made.voice(LiveOptions(voice="darth"))
    await made.aclose()


def test_the_speech_engines_are_shared_and_bounded_and_not_loaded_by_asking() -> None:
    made = models(limits=Limits(max_voices=3))
    assert made.speech is made.speech
    assert made.speech is not None
    assert (made.speech.state, made.speech.maximum_voices) == ("not loaded", 3)


async def test_closing_frees_the_engines_if_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []

    async def aclose(engines: Any) -> None:
        closed.append(engines)

    monkeypatch.setattr(SpeechEngines, "aclose", aclose)
    unused, used = models(), models()
    speech = used.speech
    await unused.aclose()
    await used.aclose()
    assert closed == [speech]


async def test_closing_closes_the_models_that_were_made(maker: Maker) -> None:
    made = models("scripted")
    model: Any = await first_of(await made.text()).model()
    closed: list[str] = []
    model.client = types.SimpleNamespace(close=lambda: closed.append("client"))
    await made.aclose()
    await made.aclose()
    assert closed == ["client"]


async def test_bedrock_is_made_of_what_boto3_finds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "absent"))
    made = models("bedrock/claude-x", "bedrock")
    first = first_of(await made.text())
    with pytest.raises(NoCredentialsError):
        await first.model()
    with pytest.raises(NoCredentialsError):
        await made.voice(LiveOptions())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    text, voice = await first.model(), await made.voice(LiveOptions(voice="tiffany"))
    assert isinstance(text, BedrockModel)
    assert isinstance(voice, BidiModel)
    assert text.get_config()["model_id"] == "claude-x"
    assert made.speech is None
    await made.aclose()


@pytest.mark.usefixtures("maker")
async def test_a_provider_that_was_not_checked_is_a_fault_of_the_settings() -> None:
    with pytest.raises(SettingsError, match="mute has no text model"):
        await first_of(await models("mute").text()).model()
    with pytest.raises(SettingsError, match="mute has no voice"):
        await models(voice="mute").voice(LiveOptions())
