"""Speech to text on this machine: Moonshine tiny-en, whose weights are inside its package.

The package is pinned, because later releases hold no weights and download them instead. So the
files and their hashes are checked before anything is loaded: an exchanged package gives one clear
sentence, not a download.

Moonshine writes "You" when it is given silence: ask it only about audio that passed the detector.
One instance serves everyone. It answers one call at a time, uses two threads of its own for it, and
releases the interpreter meanwhile, so calls belong into one worker thread.
"""

import hashlib
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protocols.contract.errors import ModelFailed, Unavailable

logger = logging.getLogger(__name__)

PACKAGE = "moonshine_voice"
SAMPLE_RATE = 16_000

# Of moonshine-voice 0.1.0, in its folder assets/tiny-en.
WEIGHTS: Mapping[str, str] = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}

_REMEDY = "install the locked moonshine-voice 0.1.0, whose package holds them"


class Recogniser:
    """Moonshine, loaded once. All methods block: call them from one worker thread."""

    def __init__(self, folder: Path | None = None, weights: Mapping[str, str] = WEIGHTS) -> None:
        self._folder = folder
        self._weights = weights
        self._transcriber: Any = None

    def load(self) -> None:
        """Check the weights and load them; nothing if that is done.

        Raises:
            Unavailable: The package or its weights are missing, exchanged or do not load here.
        """
        if self._transcriber is not None:
            return
        folder = self._folder or _packaged_weights()
        check_weights(folder, self._weights)
        try:
            from moonshine_voice import ModelArch  # noqa: PLC0415 - loads a 20 MB library
            from moonshine_voice.transcriber import Transcriber  # noqa: PLC0415 - as above
        except (ImportError, OSError) as error:
            logger.exception("moonshine-voice does not load")
            raise Unavailable(
                "The speech recogniser does not load on this machine (it needs glibc 2.34 and "
                "libstdc++); see the log."
            ) from error
        # The option switches its own segmentation off: the audio is one utterance already.
        self._transcriber = Transcriber(
            str(folder), ModelArch.TINY, options={"vad_threshold": "0.0"}
        )

    def transcribe(self, pcm: bytes) -> str:
        """Write down PCM16 mono at 16 kHz that holds speech.

        Raises:
            ModelFailed: The recogniser could not read this audio.
        """
        import numpy  # noqa: PLC0415 - its import belongs to the loading, in the worker
        from moonshine_voice import MoonshineError  # noqa: PLC0415 - as above

        samples = (numpy.frombuffer(pcm, dtype="<i2").astype(numpy.float32) / 32768).tolist()
        try:
            transcript = self._transcriber.transcribe_without_streaming(samples, SAMPLE_RATE)
        except MoonshineError as error:
            logger.exception("recognition failed on %d bytes", len(pcm))
            raise ModelFailed("The speech recogniser failed; say it again.") from error
        # A comma at the end only says that the voice stayed up.
        return " ".join(line.text.strip() for line in transcript.lines).strip(" ,")

    def close(self) -> None:
        """Free the model; idempotent."""
        if self._transcriber is not None:
            self._transcriber.close()
            self._transcriber = None


def check_weights(folder: Path, weights: Mapping[str, str]) -> None:
    """Refuse weights that are missing or not the ones that were measured.

    Raises:
        Unavailable: Which file, and what to do.
    """
    for name, expected in weights.items():
        path = folder / name
        if not path.is_file():
            raise Unavailable(f"The speech recogniser's file {name} is missing: {_REMEDY}.")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise Unavailable(f"The speech recogniser's file {name} was exchanged: {_REMEDY}.")


def _packaged_weights() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise Unavailable(f"The speech recogniser's package is missing: {_REMEDY}.")
    return Path(spec.origin).parent / "assets" / "tiny-en"
