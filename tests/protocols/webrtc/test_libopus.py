import ctypes
from pathlib import Path
from typing import Any

import av
import pytest

from protocols.webrtc import libopus
from protocols.webrtc.libopus import Decoder, Encoder, NoLibopus, library_path
from tests.protocols.webrtc.calls import loud_seconds, pitch, tone

SILENCE = b"\xf8\xff\xfe"


def encoded(pcm: bytes, **options: str) -> list[bytes]:
    """Packets of 20 ms of sound at 48 kHz."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip", **options}
    packets = []
    for at in range(0, len(pcm), 1_920):
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(pcm[at : at + 1_920].ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate = 48_000
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_sound_comes_at_the_rate_that_is_wanted(rate: int) -> None:
    decoder = Decoder(rate)
    pcm = b"".join(decoder.decode(packet) for packet in encoded(tone(440, 1.0, 48_000)))
    assert len(pcm) == rate * 2
    assert abs(pitch(pcm, rate) - 440) <= 3


def test_digital_silence_is_silent() -> None:
    decoder = Decoder(16_000)
    assert decoder.decode(SILENCE) == decoder.silence(960) == bytes(640)


def test_a_lost_packet_is_recovered_from_the_copy_in_the_next_one() -> None:
    # A tone that begins in the packet that is lost: nothing before it tells of it.
    pcm = bytes(9_600) + tone(440, 0.3, 48_000)
    packets = encoded(pcm, fec="1", packet_loss="30")
    onset = next(at for at, packet in enumerate(packets) if len(packet) > 60)
    decoder = Decoder(16_000)
    before = b"".join(decoder.decode(packet) for packet in packets[: onset + 1])
    assert loud_seconds(before, 16_000) <= 0.02
    recovered = decoder.recover(packets[onset + 2], 960)
    assert (len(recovered), loud_seconds(recovered, 16_000)) == (640, 0.02)


def test_what_cannot_be_recovered_is_made_up_from_what_was_heard() -> None:
    decoder = Decoder(16_000)
    for packet in encoded(tone(440, 0.5, 48_000)):
        decoder.decode(packet)
    made_up = decoder.conceal(960)
    assert (len(made_up), loud_seconds(made_up, 16_000)) == (640, 0.02)


@pytest.mark.parametrize("payload", [b"", b"\xff", bytes([255, 255]) + bytes(40)])
def test_a_damaged_packet_gives_nothing_or_noise_of_its_length(payload: bytes) -> None:
    assert len(Decoder(16_000).decode(payload)) in {0, 640}


def test_a_rate_that_opus_does_not_have_is_refused() -> None:
    with pytest.raises(NoLibopus, match="decode at 22050"):
        Decoder(22_050)
    with pytest.raises(NoLibopus, match="encode at 22050"):
        Encoder(22_050, 32_000)


def test_packets_carry_a_copy_of_the_one_before_once_losses_are_expected() -> None:
    pcm = tone(440, 0.1, 24_000) + bytes(960 * 5) + tone(880, 0.2, 24_000)
    recovered = []
    for percent in (0, 20):
        encoder = Encoder(24_000, 32_000)
        encoder.expect_loss(percent)
        packets = [encoder.encode(pcm[at : at + 960]) for at in range(0, len(pcm), 960)]
        decoder = Decoder(16_000)
        for packet in packets[:10]:
            decoder.decode(packet)
        # The first packet of the second tone is lost.
        recovered.append(loud_seconds(decoder.recover(packets[11], 960), 16_000))
    assert recovered == [0.0, 0.02]


def test_less_care_changes_the_packets_but_not_what_is_heard() -> None:
    pcm = tone(440, 0.5, 24_000)
    heard = []
    for complexity in (0, 10):
        encoder, decoder = Encoder(24_000, 32_000), Decoder(16_000)
        encoder.set_complexity(complexity)
        packets = [encoder.encode(pcm[at : at + 960]) for at in range(0, len(pcm), 960)]
        heard.append(b"".join(map(decoder.decode, packets)))
    assert heard[0] != heard[1]
    assert [round(pitch(sound, 16_000), -1) for sound in heard] == [440, 440]


@pytest.fixture
def unloaded() -> Any:
    """The library is looked for anew, before and after."""
    libopus._library.cache_clear()
    library_path.cache_clear()
    yield
    libopus._library.cache_clear()
    library_path.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_the_library_comes_with_pyav() -> None:
    path = library_path()
    assert path is not None
    assert Path(path).is_relative_to(Path(av.__file__).parents[1])


@pytest.mark.usefixtures("unloaded")
def test_without_pyav_the_library_of_the_system_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocols.webrtc.libopus.find_spec", lambda name: None)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: f"lib{name}.so.0")
    assert library_path() == "libopus.so.0"


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("path", [None, "/nowhere/libopus.so", ctypes.util.find_library("c")])
def test_without_a_usable_library_nothing_can_be_decoded(
    path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocols.webrtc.libopus.library_path", lambda: path)
    with pytest.raises(NoLibopus, match="libopus"):
        Decoder(16_000)
