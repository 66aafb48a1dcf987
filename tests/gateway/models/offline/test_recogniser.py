import importlib.machinery
import importlib.util
import sys
import wave
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.models.offline.recogniser import WEIGHTS, Recogniser, check_weights
from protocols.contract.errors import ModelFailed, Unavailable

AUDIO = Path(__file__).parents[3] / "audio"


class FakeTranscriber:
    made: list[tuple[Any, ...]] = []  # noqa: RUF012 - emptied by the fixture
    lines: tuple[str, ...] = ()
    error: Exception | None = None
    closed = 0

    def __init__(self, folder: str, architecture: object, options: dict[str, str]) -> None:
        self.made.append((folder, architecture, options))

    def transcribe_without_streaming(self, samples: list[float], sample_rate: int) -> object:
        if self.error is not None:
            raise self.error
        self.made.append((samples, sample_rate))
        return SimpleNamespace(lines=[SimpleNamespace(text=line) for line in self.lines])

    def close(self) -> None:
        type(self).closed += 1


class MoonshineError(Exception):
    pass


@pytest.fixture
def moonshine(monkeypatch: pytest.MonkeyPatch) -> type[FakeTranscriber]:
    class Transcriber(FakeTranscriber):
        made: list[tuple[Any, ...]] = []  # noqa: RUF012 - one class per test

    package: Any = SimpleNamespace(
        ModelArch=SimpleNamespace(TINY="tiny"), MoonshineError=MoonshineError
    )
    module: Any = SimpleNamespace(Transcriber=Transcriber)
    monkeypatch.setitem(sys.modules, "moonshine_voice", package)
    monkeypatch.setitem(sys.modules, "moonshine_voice.transcriber", module)
    return Transcriber


def test_it_is_loaded_once_from_checked_weights(
    tmp_path: Path, moonshine: type[FakeTranscriber]
) -> None:
    (tmp_path / "weights").write_bytes(b"good")
    recogniser = Recogniser(tmp_path, {"weights": sha256(b"good").hexdigest()})
    recogniser.load()
    recogniser.load()
    assert moonshine.made == [(str(tmp_path), "tiny", {"vad_threshold": "0.0"})]


def test_it_writes_down_sixteen_bit_samples(
    tmp_path: Path, moonshine: type[FakeTranscriber]
) -> None:
    recogniser = Recogniser(tmp_path, {})
    recogniser.load()
    moonshine.lines = (" Hello. ", "Bye, ")
    assert recogniser.transcribe(b"\x00\x40\x00\x80") == "Hello. Bye"
    assert moonshine.made[1:] == [([0.5, -1.0], 16_000)]


def test_a_failure_is_told_without_its_inner_text(
    tmp_path: Path, moonshine: type[FakeTranscriber]
) -> None:
    recogniser = Recogniser(tmp_path, {})
    recogniser.load()
    moonshine.error = MoonshineError("secret")
    with pytest.raises(ModelFailed, match=r"^The speech recogniser failed; say it again\.$"):
        recogniser.transcribe(bytes(2))


def test_closing_frees_it_once(tmp_path: Path, moonshine: type[FakeTranscriber]) -> None:
    recogniser = Recogniser(tmp_path, {})
    recogniser.close()
    recogniser.load()
    recogniser.close()
    recogniser.close()
    assert moonshine.closed == 1


def test_a_library_that_does_not_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moonshine_voice", None)
    with pytest.raises(Unavailable, match="does not load on this machine"):
        Recogniser(tmp_path, {}).load()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"encoder_model\.ort is missing: install the locked"):
        check_weights(tmp_path, WEIGHTS)


def test_an_exchanged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "encoder_model.ort").write_bytes(b"something else")
    with pytest.raises(Unavailable, match=r"encoder_model\.ort was exchanged: install the locked"):
        check_weights(tmp_path, WEIGHTS)


@pytest.mark.parametrize("spec", [None, importlib.machinery.ModuleSpec("moonshine_voice", None)])
def test_a_missing_package_is_told(
    monkeypatch: pytest.MonkeyPatch, spec: importlib.machinery.ModuleSpec | None
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(Unavailable, match="package is missing: install the locked"):
        Recogniser().load()


@pytest.mark.slow
def test_the_packaged_weights_understand_a_question() -> None:
    recogniser = Recogniser()
    recogniser.load()
    with wave.open(str(AUDIO / "time_paris.wav")) as recording:
        pcm = recording.readframes(recording.getnframes())
    assert recogniser.transcribe(pcm) == "What time is it in Paris?"
    recogniser.close()
