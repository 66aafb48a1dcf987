from gateway.cli.answer import Question
from gateway.cli.microphone import Microphone

FRAME = 640


def test_it_is_silent_before_and_after_the_question() -> None:
    microphone = Microphone(Question(b"\1\0" * 500, 16_000, 0.02, b""))
    before = microphone.frame()
    microphone.start(now=5.0)
    said = [microphone.frame() for _ in range(3)]
    assert before == bytes(FRAME)
    assert said == [b"\1\0" * 320, b"\1\0" * 180 + bytes(280), bytes(FRAME)]


def test_it_knows_when_the_speech_and_the_recording_end() -> None:
    microphone = Microphone(Question(bytes(32_000), 16_000, 0.4, b""))
    assert (microphone.speech_ends_at, microphone.said_at, microphone.sample_rate) == (
        None,
        None,
        16_000,
    )
    microphone.start(now=5.0)
    assert (microphone.speech_ends_at, microphone.said_at) == (5.4, 6.0)
