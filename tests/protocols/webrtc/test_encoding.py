import pytest

from protocols.webrtc import encoding
from protocols.webrtc.encoding import new_encoding
from protocols.webrtc.libopus import Decoder, NoLibopus
from tests.protocols.webrtc.calls import pitch, tone


def no_encoder(*arguments: object) -> None:
    raise NoLibopus("libopus cannot be used")


@pytest.mark.parametrize("has_libopus", [True, False])
@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_sound_is_encoded_with_libopus_or_without(
    rate: int, has_libopus: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_libopus:
        monkeypatch.setattr(encoding, "Encoder", no_encoder)
    stream = new_encoding(rate)
    stream.set_complexity(0)
    stream.expect_loss(10)
    sound, size = tone(440, 1.0, rate), rate // 50 * 2
    packets = [p for at in range(0, len(sound), size) for p in stream.encode(sound[at : at + size])]
    assert len(packets) == 50
    decoder = Decoder(16_000)
    assert abs(pitch(b"".join(map(decoder.decode, packets)), 16_000) - 440) <= 3
