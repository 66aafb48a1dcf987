"""The process that speaks: sentences on standard input, audio on standard output.

A process of its own, because SVOX Pico holds the interpreter while it speaks and can be sent into
a loop by odd text; this one can be killed. It imports nothing but Pico (15 MB, ready in 0.1 s) and
is started as a file, not as a module, so that no package of ours is loaded with it.

A request is a length (4 bytes, big endian) and UTF-8 text: voice, line feed, sentence. A reply is a
status byte (0 = spoken), a length and PCM16 mono at 16 kHz. It ends when the input ends.
"""

import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

REQUEST_HEAD = struct.Struct(">I")
REPLY_HEAD = struct.Struct(">BI")
SPOKEN = 0
FAILED = 1

# At its own loudness Pico's peaks are cut off at full scale, in every sentence tried.
VOLUME = 0.6


def serve(requests: BinaryIO, replies: BinaryIO, speak: Callable[[str, str], bytes]) -> None:
    """Answer until the input ends."""
    while len(head := requests.read(REQUEST_HEAD.size)) == REQUEST_HEAD.size:
        (size,) = REQUEST_HEAD.unpack(head)
        voice, _, sentence = requests.read(size).decode().partition("\n")
        try:
            status, audio = SPOKEN, speak(sentence, voice)
        except (RuntimeError, ValueError, MemoryError):
            # What Pico raises for a voice or text it cannot take; the next sentence may work.
            status, audio = FAILED, b""
        replies.write(REPLY_HEAD.pack(status, len(audio)))
        replies.write(audio)
        replies.flush()


def main() -> None:
    """Speak with SVOX Pico."""
    from py_nanotts import NanoTTS  # noqa: PLC0415 - only this process loads it

    pico = NanoTTS()

    def speak(sentence: str, voice: str) -> bytes:
        audio: bytes = pico.speak(sentence, voice=voice, volume=VOLUME)
        return audio

    serve(sys.stdin.buffer, sys.stdout.buffer, speak)


if __name__ == "__main__":
    main()
