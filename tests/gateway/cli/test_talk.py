import wave
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import talk
from gateway.cli.address import Address, parse_address
from gateway.cli.answer import Answer, Question
from gateway.cli.failures import CommandFailed, WrongUsage
from gateway.cli.talk import TalkOptions, read_question
from protocols.audio import read_wav

HERE = parse_address("http://127.0.0.1:8080")
ANSWER = Answer(
    session_id="s", question="What?", reply="714.", pcm=b"\1\0" * 480, sample_rate=24_000
)


def wav(path: Path, sample_rate: int = 16_000, channels: int = 1, seconds: float = 1.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(b"\x00\x20" * round(sample_rate * channels * seconds))
    return path


@pytest.fixture
def question(tmp_path: Path) -> Path:
    return wav(tmp_path / "question.wav")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Question, Address, str]]:
    """Who was asked what, by which wire; everybody gives the same answer."""
    calls: list[tuple[str, Question, Address, str]] = []

    def wire(name: str) -> Any:
        async def ask(question: Question, address: Address, session: str, **more: bool) -> Answer:
            calls.append(("+".join([name, *more]), question, address, session))
            return ANSWER

        return ask

    for name in ("talk_webrtc", "talk_ws", "talk_http"):
        module = getattr(talk, name)
        monkeypatch.setattr(module, "ask", wire(name))
    return calls


@pytest.mark.parametrize(
    ("via", "module"), [("webrtc", "talk_webrtc"), ("ws", "talk_ws"), ("http", "talk_http")]
)
def test_the_question_is_said_over_the_wire_chosen(
    via: talk.Wire,
    module: str,
    question: Path,
    asked: list[tuple[str, Question, Address, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = TalkOptions(question=str(question), address=HERE, via=via, session="mine")
    assert talk.run(options) == 0
    assert [(name, address, session) for name, _, address, session in asked] == [
        (module, HERE, "mine")
    ]
    assert capsys.readouterr().out.startswith("You:   What?\nAgent: 714.\n")


def test_relays_alone_are_for_webrtc_alone(
    question: Path, asked: list[tuple[str, Question, Address, str]]
) -> None:
    options = TalkOptions(question=str(question), address=HERE, turn_only=True)
    assert talk.run(options) == 0
    assert [name for name, *_ in asked] == ["talk_webrtc+turn_only"]
    with pytest.raises(WrongUsage, match="--turn-only"):
        talk.run(TalkOptions(question=str(question), address=HERE, turn_only=True, via="ws"))


def test_the_answer_is_recorded(
    question: Path, asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "answer.wav"
    options = TalkOptions(question=str(question), address=HERE, output=str(output))
    assert talk.run(options) == 0
    assert read_wav(output.read_bytes()) == (ANSWER.pcm, 24_000)
    assert capsys.readouterr().out.endswith(f"Recorded {output}\n")
    assert len(asked[0][3]) >= 33


def test_an_answer_without_audio_cannot_be_recorded(
    question: Path, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.ANSWER", Answer(session_id="s", question="", reply="x"))
    options = TalkOptions(question=str(question), address=HERE, output=str(tmp_path / "a.wav"))
    with pytest.raises(CommandFailed, match="came without audio"):
        talk.run(options)


def test_a_recording_that_cannot_be_written_is_said(
    question: Path, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    options = TalkOptions(question=str(question), address=HERE, output=str(tmp_path / "a.wav"))
    with pytest.raises(CommandFailed, match=r"^-o: .*a\.wav: No space left on device$"):
        talk.run(options)


@pytest.mark.parametrize("output", ["", "nowhere/answer.wav"])
def test_a_wrong_output_is_said_before_anything_is_asked(
    output: str, question: Path, asked: list[Any], tmp_path: Path
) -> None:
    options = TalkOptions(question=str(question), address=HERE, output=str(tmp_path / output))
    with pytest.raises(WrongUsage, match=r"^-o: "):
        talk.run(options)
    assert asked == []


def test_a_question_is_read_with_the_end_of_its_speech(question: Path) -> None:
    read = read_question(question)
    assert (read.pcm, read.sample_rate) == (b"\x00\x20" * 16_000, 16_000)
    assert read.wav == question.read_bytes()
    assert read.speech_end_seconds == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("sample_rate", "channels", "taken"),
    [(8_000, 1, 8_000), (48_000, 2, 48_000), (44_100, 2, 16_000), (11_025, 1, 16_000)],
)
def test_common_forms_of_wav_are_taken(
    sample_rate: int, channels: int, taken: int, tmp_path: Path
) -> None:
    question = read_question(wav(tmp_path / "q.wav", sample_rate, channels))
    assert question.sample_rate == taken
    assert len(question.pcm) / 2 / taken == pytest.approx(1.0, abs=0.01)


def test_what_is_no_wav_is_said(tmp_path: Path) -> None:
    (tmp_path / "q.wav").write_bytes(b"hello")
    with pytest.raises(WrongUsage, match=r"^QUESTION\.wav: .*q\.wav: "):
        read_question(tmp_path / "q.wav")
    with pytest.raises(WrongUsage, match=r"none\.wav: No such file or directory$"):
        read_question(tmp_path / "none.wav")
