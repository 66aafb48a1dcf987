import asyncio
import importlib.util
import os
import threading
from collections.abc import Callable

import pytest

from gateway.models.offline import speech
from gateway.models.offline.endpointing import SpeechBegan, SpeechConfirmed
from gateway.models.offline.speech import VOICES_PER_CORE, SpeechEngines
from protocols.contract.errors import InvalidInput, TooManySessions, Unavailable
from tests.gateway.models.speech_fakes import (
    LIMIT_SECONDS,
    NOISE,
    detect,
    fake_engines,
    frame,
    silence,
)
from tests.gateway.models.speech_fakes import speech as spoken


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Take a package away."""

    def remove(missing: str) -> None:
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == missing else found(name)
        )

    return remove


def threads() -> list[int | None]:
    return [t.ident for t in threading.enumerate() if t.name.startswith("speech-")]


async def test_nothing_is_loaded_before_the_first_use() -> None:
    before = threads()
    engines, recogniser, synthesizer = fake_engines()
    assert engines.state == "not loaded"
    assert (recogniser.loads, synthesizer.said, threads()) == (0, [], before)
    await engines.aclose()


async def test_everyone_waits_for_the_same_loading() -> None:
    engines, recogniser, synthesizer = fake_engines()
    recogniser.may_load.clear()
    release = engines.admit()
    assert engines.state == "loading"
    waiting = [asyncio.create_task(engines.ready()) for _ in range(3)]
    waiting[0].cancel()
    recogniser.may_load.set()
    async with asyncio.timeout(LIMIT_SECONDS):
        await asyncio.gather(*waiting[1:])
    assert (engines.state, recogniser.loads) == ("ready", 1)
    assert synthesizer.said == [("Ready.", "en-US")]
    release()
    await engines.aclose()


async def test_a_failed_loading_is_told_and_tried_again() -> None:
    engines, recogniser, _ = fake_engines()
    recogniser.load_error = Unavailable("Its file is missing.")
    with pytest.raises(Unavailable, match="Its file is missing"):
        await engines.ready()
    assert engines.state == "failed: Its file is missing."
    recogniser.load_error = OSError("/secret/path")
    with pytest.raises(OSError, match="secret"):
        await engines.ready()
    assert engines.state == "failed: see the log"
    recogniser.load_error = None
    await engines.ready()
    assert (engines.state, recogniser.loads) == ("ready", 3)
    await engines.aclose()


@pytest.mark.parametrize(
    ("module", "package"),
    [("moonshine_voice", "moonshine-voice"), ("py_nanotts", "py-nanotts"), ("numpy", "numpy")],
)
async def test_a_missing_package_is_one_clear_sentence(
    packages: Callable[[str], None], module: str, package: str
) -> None:
    packages(module)
    engines, recogniser, _ = fake_engines()
    assert engines.state == "absent"
    with pytest.raises(Unavailable, match=rf"^The local voice needs {package}, not installed"):
        engines.admit()
    with pytest.raises(Unavailable, match="install the locked dependencies"):
        await engines.transcribe(b"")
    assert recogniser.loads == 0
    await engines.aclose()


async def test_no_more_voices_are_admitted_than_the_machine_bears() -> None:
    engines, _, _ = fake_engines(maximum_voices=2)
    releases = [engines.admit(), engines.admit()]
    with pytest.raises(TooManySessions, match=r"All 2 voices .* in use \(GATEWAY_MAX_VOICES\)"):
        engines.admit()
    releases[0]()
    releases[0]()
    assert engines.voices == 1
    releases.append(engines.admit())
    for release in releases:
        release()
    assert engines.voices == 0
    await engines.ready()
    await engines.aclose()


@pytest.mark.parametrize("has_affinity", [True, False])
async def test_the_cores_decide_how_many_voices(
    monkeypatch: pytest.MonkeyPatch, has_affinity: bool
) -> None:
    if has_affinity:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    else:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    engines, _, _ = fake_engines()
    assert engines.maximum_voices == 2 * VOICES_PER_CORE
    await engines.aclose()


async def test_speech_is_written_down_utterance_by_utterance() -> None:
    engines, recogniser, _ = fake_engines({1000: "My name is David.", 2000: "What is it?"})
    sound = silence() + spoken(1000) + silence(30) + spoken(3000) + silence() + spoken(2000)
    assert await engines.transcribe(sound) == "My name is David. What is it?"
    assert recogniser.heard == [1000, 3000, 2000]
    await engines.aclose()


@pytest.mark.parametrize(
    "sound", [b"", silence(100), frame(NOISE) * 100, spoken(1000, frames=5) + silence()]
)
async def test_silence_noise_and_clicks_are_never_given_to_the_recogniser(sound: bytes) -> None:
    engines, recogniser, _ = fake_engines({1000: "You"})
    assert await engines.transcribe(sound) == ""
    assert recogniser.heard == []
    await engines.aclose()


async def test_an_ear_hears_in_the_thread_of_detection() -> None:
    heard_in: set[str] = set()

    def new_detector() -> Callable[[bytes], float]:
        heard_in.add(threading.current_thread().name)
        return detect

    engines = SpeechEngines(new_detector=new_detector)
    ear = await engines.new_ear()
    frames = [frame(1000)] * 7
    assert await engines.hear(ear, frames) == [SpeechBegan(), SpeechConfirmed()]
    assert heard_in == {"speech-detection_0"}
    await engines.aclose()


async def test_a_text_is_said_sentence_by_sentence() -> None:
    engines, _, synthesizer = fake_engines(voice="en-GB")
    pieces = [len(pcm) async for pcm in engines.synthesize("It is 714. Anything else?")]
    assert pieces == [3 * 3200, 2 * 3200]
    assert synthesizer.said == [("It is 714. ", "en-GB"), ("Anything else?", "en-GB")]
    assert len(await engines.speak("One. Two.", "de-DE")) == 2 * 3200
    assert synthesizer.said[2:] == [("One. ", "de-DE"), ("Two.", "de-DE")]
    assert (engines.sample_rate, engines.voice) == (16_000, "en-GB")
    await engines.aclose()


async def test_sentences_without_sound_are_left_out() -> None:
    engines, _, _ = fake_engines()
    assert await engines.speak(" \n ") == b""
    await engines.aclose()


async def test_an_unknown_voice_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="no 'tiffany'"):
        SpeechEngines(voice="tiffany")


async def test_closing_ends_threads_and_engines_even_while_loading() -> None:
    before = threads()
    engines, recogniser, synthesizer = fake_engines()
    recogniser.may_load.clear()
    engines.admit()
    closing = asyncio.create_task(engines.aclose())
    await asyncio.sleep(0)
    recogniser.may_load.set()
    async with asyncio.timeout(LIMIT_SECONDS):
        await closing
        await engines.aclose()
    assert (recogniser.closed, synthesizer.closed, threads()) == (True, True, before)
    with pytest.raises(Unavailable, match="shutting down"):
        engines.admit()


async def test_a_cancelled_loading_is_neither_failed_nor_ready() -> None:
    engines, recogniser, _ = fake_engines()
    recogniser.may_load.clear()
    loading = asyncio.create_task(engines.ready())
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {loading, asyncio.current_task()}
    for task in others:
        task.cancel()
    recogniser.may_load.set()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert engines.state == "not loaded"
    await engines.aclose()


def test_the_packages_are_all_installed_here() -> None:
    assert speech.missing_packages() == []
