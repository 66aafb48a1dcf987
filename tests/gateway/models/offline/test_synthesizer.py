import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway.models.offline.synthesizer import SynthesisFailed, Synthesizer, choose_voice
from protocols.contract.errors import InvalidInput

LIMIT_SECONDS = 10

# Speaks the protocol of the helper: "hang" never answers, "die" ends, "bad" fails, "slow" waits for
# a file, anything else comes back with the number of the process in front.
HELPER = """
import os, pathlib, struct, sys, time
while len(head := sys.stdin.buffer.read(4)) == 4:
    voice, text = sys.stdin.buffer.read(struct.unpack(">I", head)[0]).decode().split("\\n")
    if text == "die":
        sys.exit()
    while text == "hang" or (text == "slow" and not pathlib.Path(sys.argv[1]).exists()):
        time.sleep(0.01)
    audio = f"{os.getpid()} {voice} {text}".encode()
    status = 1 if text == "bad" else 0
    sys.stdout.buffer.write(struct.pack(">BI", status, len(audio)) + audio)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def synthesizer(gate: Path) -> Synthesizer:
    return Synthesizer((sys.executable, "-c", HELPER, str(gate)), timeout_seconds=LIMIT_SECONDS)


def is_running(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    return True


async def let_tasks_begin() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_process_says_all_sentences_and_ends_with_the_synthesizer(
    synthesizer: Synthesizer,
) -> None:
    first, voice, text = (await synthesizer.speak("Hello!", "de-DE")).decode().split()
    second, *_ = (await synthesizer.speak("Bye.")).decode().split()
    assert (voice, text, second) == ("de-DE", "Hello!", first)
    assert is_running(first)
    await synthesizer.aclose()
    await synthesizer.aclose()
    assert not is_running(first)


async def test_nothing_is_started_for_text_that_cannot_be_said(synthesizer: Synthesizer) -> None:
    assert await synthesizer.speak("你好") == b""
    await synthesizer.aclose()


async def test_sentences_at_the_same_time_get_their_own_sound(synthesizer: Synthesizer) -> None:
    texts = [f"number{count}" for count in range(20)]
    async with asyncio.timeout(LIMIT_SECONDS):
        spoken = await asyncio.gather(*(synthesizer.speak(text) for text in texts))
    assert [sound.decode().split()[2] for sound in spoken] == texts
    await synthesizer.aclose()


async def test_long_text_is_said_in_several_requests(synthesizer: Synthesizer) -> None:
    spoken = (await synthesizer.speak("word " * 200)).decode()
    assert spoken.count("en-US") == 3
    assert spoken.count("word") == 200
    await synthesizer.aclose()


async def test_a_sentence_that_fails_leaves_the_process_in_order(synthesizer: Synthesizer) -> None:
    process, *_ = (await synthesizer.speak("one")).decode().split()
    with pytest.raises(SynthesisFailed, match="could not say this"):
        await synthesizer.speak("bad")
    assert (await synthesizer.speak("two")).decode().split() == [process, "en-US", "two"]
    await synthesizer.aclose()


async def test_a_process_that_dies_is_replaced(synthesizer: Synthesizer) -> None:
    first, *_ = (await synthesizer.speak("one")).decode().split()
    with pytest.raises(SynthesisFailed, match="did not answer"):
        await synthesizer.speak("die")
    second, *_ = (await synthesizer.speak("two")).decode().split()
    assert second != first
    await synthesizer.aclose()


async def test_a_process_that_hangs_is_killed_and_replaced(gate: Path) -> None:
    command = (sys.executable, "-c", HELPER, str(gate))
    synthesizer = Synthesizer(command, timeout_seconds=1.0)
    first, *_ = (await synthesizer.speak("one")).decode().split()
    with pytest.raises(SynthesisFailed, match="did not answer"):
        await synthesizer.speak("hang")
    assert not is_running(first)
    second, *_ = (await synthesizer.speak("two")).decode().split()
    assert second != first
    await synthesizer.aclose()


async def test_a_caller_that_goes_away_leaves_the_pipe_in_order(
    synthesizer: Synthesizer, gate: Path
) -> None:
    process, *_ = (await synthesizer.speak("one")).decode().split()
    slow = asyncio.create_task(synthesizer.speak("slow"))
    waiting = asyncio.create_task(synthesizer.speak("two"))
    await let_tasks_begin()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    gate.touch()  # noqa: ASYNC240 - an empty file
    async with asyncio.timeout(LIMIT_SECONDS):
        assert (await waiting).decode().split() == [process, "en-US", "two"]
    await synthesizer.aclose()


async def test_closing_ends_requests_under_way(synthesizer: Synthesizer) -> None:
    process, *_ = (await synthesizer.speak("one")).decode().split()
    hanging = asyncio.create_task(synthesizer.speak("hang"))
    waiting = asyncio.create_task(synthesizer.speak("two"))
    await let_tasks_begin()
    async with asyncio.timeout(LIMIT_SECONDS):
        await synthesizer.aclose()
    with pytest.raises(SynthesisFailed, match="did not answer"):
        await hanging
    with pytest.raises(SynthesisFailed, match="shut down"):
        await waiting
    assert not is_running(process)


async def test_a_program_that_does_not_start_is_a_failed_sentence() -> None:
    synthesizer = Synthesizer(("/nowhere/to/be/found",))
    with pytest.raises(SynthesisFailed, match="did not answer"):
        await synthesizer.speak("one")
    await synthesizer.aclose()


@pytest.mark.parametrize(
    ("voice", "language", "chosen"),
    [
        (None, None, "en-US"),
        ("", "", "en-US"),
        ("en-GB", "de-DE", "en-GB"),
        ("en_gb", None, "en-GB"),
        (None, "de", "de-DE"),
        (None, "en-AU", "en-US"),
        (None, "fr-FR", "fr-FR"),
        ("it", None, "it-IT"),
    ],
)
def test_a_voice_is_chosen_by_name_or_language(
    voice: str | None, language: str | None, chosen: str
) -> None:
    assert choose_voice(voice, language) == chosen


@pytest.mark.parametrize(("voice", "language"), [("tiffany", "en-US"), ("en-AU", ""), ("", "ja")])
def test_an_unknown_voice_is_refused_with_the_choice(voice: str, language: str) -> None:
    with pytest.raises(InvalidInput, match="choose one of en-US, en-GB, de-DE, es-ES, fr-FR"):
        choose_voice(voice, language)
