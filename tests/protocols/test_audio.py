"""Sample rates, WAV files and raw L16, with tones that tell clicks and lost samples."""

import math
import struct
from array import array

import pytest

from protocols.audio import Resampler, parse_l16, read_l16, read_wav, resample, write_wav
from protocols.contract.errors import InvalidInput, NotSupported, TooLarge

RATES = (8_000, 16_000, 24_000, 44_100, 48_000)
LOUD = 12_000


def tone(rate: int, seconds: float, hertz: float = 440.0) -> bytes:
    count = round(rate * seconds)
    return array(
        "h", (round(LOUD * math.sin(2 * math.pi * hertz * n / rate)) for n in range(count))
    ).tobytes()


def worst_error(pcm: bytes, rate: int, hertz: float = 440.0, skip: int = 200) -> float:
    samples = array("h", pcm)
    return max(
        abs(samples[n] - LOUD * math.sin(2 * math.pi * hertz * n / rate))
        for n in range(skip, len(samples) - skip)
    )


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(tag: int, channels: int, rate: int, bits: int, extra: bytes = b"") -> bytes:
    block = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits) + extra
    )


@pytest.mark.parametrize("to_rate", RATES)
@pytest.mark.parametrize("from_rate", RATES)
def test_a_stream_keeps_its_length_and_has_no_clicks(from_rate: int, to_rate: int) -> None:
    sound = tone(from_rate, 0.5)
    resampler = Resampler(from_rate, to_rate)
    step = from_rate // 50 * 2 + 2
    pieces = [resampler.feed(sound[at : at + step]) for at in range(0, len(sound), step)]
    streamed = b"".join([*pieces, resampler.flush()])
    assert abs(len(streamed) / 2 - len(sound) / 2 * to_rate / from_rate) <= 1
    assert worst_error(streamed, to_rate) < 12
    assert streamed == resample(sound, from_rate, to_rate)


def test_equal_rates_pass_through_untouched() -> None:
    resampler = Resampler(16_000, 16_000)
    assert resampler.feed(b"\1\2\3\4") == b"\1\2\3\4"
    assert resampler.flush() == b""


def test_nothing_in_is_nothing_out() -> None:
    resampler = Resampler(8_000, 16_000)
    assert (resampler.feed(b""), resampler.flush()) == (b"", b"")


def test_after_a_reset_nothing_is_left_of_the_old_stream() -> None:
    resampler = Resampler(8_000, 16_000)
    resampler.feed(tone(8_000, 0.1))
    resampler.reset()
    assert resampler.flush() == b""
    silence = resampler.feed(b"\0\0" * 800) + resampler.flush()
    assert silence == b"\0\0" * 1600


def test_a_stream_may_follow_a_stream() -> None:
    resampler = Resampler(8_000, 24_000)
    sound = tone(8_000, 0.1)
    first = resampler.feed(sound) + resampler.flush()
    assert resampler.feed(sound) + resampler.flush() == first


@pytest.mark.parametrize("rate", RATES)
def test_what_was_written_is_read_back(rate: int) -> None:
    sound = tone(rate, 0.05)
    assert read_wav(write_wav(sound, rate)) == (sound, rate)


def _samples(bits: int) -> bytes:
    values = array("h", tone(16_000, 0.2))
    match bits:
        case 8:
            return bytes((v >> 8) + 128 for v in values)
        case 24:
            return b"".join((v << 8).to_bytes(3, "little", signed=True) for v in values)
        case 32:
            return b"".join((v << 16).to_bytes(4, "little", signed=True) for v in values)
        case _:
            return values.tobytes()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_of_any_width_are_read(bits: int) -> None:
    wav = riff(form(1, 1, 16_000, bits), chunk(b"data", _samples(bits)))
    pcm, rate = read_wav(wav)
    assert (rate, len(pcm)) == (16_000, 6400)
    assert worst_error(pcm, rate) <= (257 if bits == 8 else 1)


@pytest.mark.parametrize("code", ["f", "d"])
def test_floats_are_read(code: str) -> None:
    floats = array(code, (v / 32768 for v in array("h", tone(16_000, 0.2))))
    wav = riff(form(3, 1, 16_000, floats.itemsize * 8), chunk(b"data", floats.tobytes()))
    pcm, rate = read_wav(wav)
    assert (rate, len(pcm)) == (16_000, 6400)
    assert worst_error(pcm, rate) <= 1


def test_stereo_becomes_the_mean_of_both_sides() -> None:
    left = array("h", tone(16_000, 0.2))
    both = array("h", (v for sample in left for v in (sample, sample)))
    one = array("h", (v for sample in left for v in (sample, 0)))
    pcm, _ = read_wav(riff(form(1, 2, 16_000, 16), chunk(b"data", both.tobytes())))
    assert worst_error(pcm, 16_000) <= 1
    pcm, _ = read_wav(riff(form(1, 2, 16_000, 16), chunk(b"data", one.tobytes())))
    assert max(array("h", pcm)) == pytest.approx(LOUD / 2, rel=0.01)


def test_the_extensible_form_and_odd_chunks_are_read() -> None:
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    extra = struct.pack("<HHI", 22, 16, 4) + guid
    sound = tone(24_000, 0.1)
    wav = riff(
        chunk(b"JUNK", b"odd"),
        form(0xFFFE, 1, 24_000, 16, extra),
        chunk(b"LIST", b"INFOISFT\x05\0\0\0test\0"),
        chunk(b"data", sound),
        chunk(b"id3 ", b"x"),
    )
    assert read_wav(wav) == (sound, 24_000)


def test_a_stream_of_unknown_length_is_read_to_its_end() -> None:
    sound = tone(16_000, 0.1)
    wav = bytearray(write_wav(sound, 16_000))
    wav[4:8] = wav[40:44] = b"\xff\xff\xff\xff"
    assert read_wav(bytes(wav)) == (sound, 16_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"not a wav at all" * 100,
        riff(),
        riff(chunk(b"data", b"\0\0" * 100)),
        riff(form(1, 1, 16_000, 16)),
        riff(form(1, 1, 16_000, 16), chunk(b"data", b"")),
        riff(form(1, 0, 16_000, 16), chunk(b"data", b"\0\0" * 100)),
        riff(form(1, 1, 0, 16), chunk(b"data", b"\0\0" * 100)),
        riff(form(1, 1, 2_000_000, 16), chunk(b"data", b"\0\0" * 100)),
        riff(form(1, 99, 16_000, 16), chunk(b"data", b"\0\0" * 990)),
        b"\x1aE\xdf\xa3" + b"\0" * 100,
    ],
)
def test_what_is_no_wav_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_wav(data)


def test_compressed_wavs_are_refused_by_name() -> None:
    wav = riff(form(0x55, 1, 16_000, 16, struct.pack("<H", 0)), chunk(b"data", b"\0" * 400))
    with pytest.raises(NotSupported, match="compressed"):
        read_wav(wav)


def test_a_recording_that_is_too_long_is_refused() -> None:
    wav = write_wav(b"\0\0" * 16_000 * 3, 16_000)
    assert len(read_wav(wav, longest_seconds=3)[0]) == 96_000
    with pytest.raises(TooLarge, match="longer than 2 seconds"):
        read_wav(wav, longest_seconds=2)


@pytest.mark.parametrize(
    ("content_type", "form_"),
    [
        ("audio/l16;rate=16000", (16_000, 1)),
        ("audio/L16; Rate=44100; channels=2", (44_100, 2)),
        ('rate="8000"', (8_000, 1)),
    ],
)
def test_the_form_of_l16_is_read(content_type: str, form_: tuple[int, int]) -> None:
    assert parse_l16(content_type) == form_


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/l16",
        "audio/l16;rate=x",
        "audio/l16;rate=1",
        "audio/l16;rate=999999",
        "audio/l16;rate=16000;channels=3",
        "audio/l16;rate=16000;channels=x",
    ],
)
def test_a_wrong_form_of_l16_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidInput, match="rate=16000"):
        parse_l16(content_type)


def test_l16_is_big_endian_on_the_wire() -> None:
    assert read_l16(b"\x01\x02\x03\x04", "audio/l16;rate=8000") == (b"\x02\x01\x04\x03", 8_000)


def test_l16_in_stereo_becomes_mono() -> None:
    samples = array("h", tone(16_000, 0.2))
    both = array("h", (v for sample in samples for v in (sample, sample)))
    both.byteswap()
    pcm, rate = read_l16(both.tobytes(), "audio/l16;rate=16000;channels=2")
    assert (rate, len(pcm)) == (16_000, 6400)
    assert worst_error(pcm, rate) <= 1


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0"])
def test_l16_that_ends_in_a_sample_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="ends inside a sample"):
        read_l16(data, "audio/l16;rate=8000")
