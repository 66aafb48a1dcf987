"""The emulated Bedrock in a process of its own, so that it takes no time of who is measured.

Prints the variables that lead clients to it as one line of JSON; ends when its input does.
"""

import json
import sys

from tests.emulators.converse.scripts import Reply, Text
from tests.emulators.emulator import AwsEmulator


def main(words: int, pause_seconds: float) -> None:
    """Answer every question with so many words, with a pause before each."""
    with AwsEmulator() as aws:
        answer = Text(" ".join(["word"] * words))
        aws.converse.scripts.standing = Reply((answer,), pause_seconds=pause_seconds)
        print(json.dumps(aws.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
