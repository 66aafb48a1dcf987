from typing import Any

import pytest
from strands.bidi.models import AudioCapable
from strands.bidi.types.content import BidiMessage
from strands.bidi.types.media import AudioDelta
from strands.types.content import TextBlock
from strands.types.media import ImageBlock

from gateway.models.cascade import CascadeModel
from protocols.contract.errors import InvalidInput, TooManySessions
from tests.gateway.models.speech_fakes import ScriptedModel, fake_engines


def a_model(**options: Any) -> CascadeModel:
    return CascadeModel(ScriptedModel(), fake_engines()[0], **options)


def test_it_names_the_text_model_behind_it_and_its_voice() -> None:
    model = a_model()
    assert model.model_id == "cascade/scripted"
    assert model.get_config() == {"model_id": "cascade/scripted", "voice": "en-US"}
    assert model.get_connection_config() == {}


@pytest.mark.parametrize("config", [None, {}])
def test_a_text_model_without_a_name_is_called_by_its_class(config: object) -> None:
    class Nameless(ScriptedModel):
        def get_config(self) -> Any:
            return config

    assert CascadeModel(Nameless(), fake_engines()[0]).model_id == "cascade/Nameless"


def test_it_hears_and_speaks_sixteen_kilohertz() -> None:
    model = a_model()
    assert isinstance(model, AudioCapable)
    form = {"sample_rate": 16_000, "channels": 1, "format": "pcm"}
    assert model.get_audio_config() == {"input": form, "output": form}


@pytest.mark.parametrize(
    ("options", "voice"),
    [
        ({"voice": "en-GB", "language": "de-DE"}, "en-GB"),
        ({"voice": None, "language": "de-DE"}, "de-DE"),
        ({"voice": "", "language": ""}, "en-US"),
    ],
)
def test_its_voice_is_chosen_by_name_or_language(options: Any, voice: str) -> None:
    assert a_model(**options).get_config()["voice"] == voice


def test_the_voice_can_be_changed_and_nothing_else() -> None:
    model = a_model()
    model.update_config(voice="it-IT")
    assert model.get_config()["voice"] == "it-IT"
    with pytest.raises(ValueError, match="no setting pitch"):
        model.update_config(pitch=2)
    with pytest.raises(InvalidInput, match="no 'tiffany'"):
        model.update_config(voice="tiffany")


async def test_it_is_open_between_start_and_stop() -> None:
    model = a_model()
    message = BidiMessage(content=[TextBlock("Hi")])
    with pytest.raises(RuntimeError, match="not open"):
        await model.send(message)
    with pytest.raises(RuntimeError, match="not open"):
        await model.interrupt()
    with pytest.raises(RuntimeError, match="not open"):
        _ = [event async for event in model.receive()]
    await model.stop()
    await model.start()
    with pytest.raises(RuntimeError, match="stop it before"):
        await model.start()
    await model.stop()
    await model.stop()
    await model.start()
    await model.stop()


async def test_a_conversation_too_many_is_refused_until_another_ends() -> None:
    engines, _, _ = fake_engines(maximum_voices=1)
    first, second = (CascadeModel(ScriptedModel(), engines) for _ in range(2))
    await first.start()
    with pytest.raises(TooManySessions, match="All 1 voices"):
        await second.start()
    await second.stop()
    await first.stop()
    await second.start()
    await second.stop()
    assert engines.voices == 0
    await engines.aclose()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (AudioDelta(format="mp3", source={"bytes": b""}), "PCM16 mono at 16 kHz only"),
        (BidiMessage(content=[ImageBlock("png", {"bytes": b""})]), "takes no images"),
    ],
)
async def test_what_it_cannot_take_is_refused(content: Any, reason: str) -> None:
    model = a_model()
    await model.start()
    with pytest.raises(ValueError, match=reason):
        await model.send(content)
    await model.stop()


async def test_blank_text_asks_for_nothing() -> None:
    brain = ScriptedModel()
    model = CascadeModel(brain, fake_engines()[0])
    await model.start()
    await model.send(BidiMessage(content=[TextBlock(" "), TextBlock("\n")]))
    await model.stop()
    assert brain.asked == []
