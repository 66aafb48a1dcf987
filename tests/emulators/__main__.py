"""Serve the emulated AWS by hand: `python -m tests.emulators [--port PORT]`.

Prints the environment that leads clients to it, ready for a shell, and serves until Ctrl-C.
"""

import argparse
import shlex
import signal
import sys
from threading import Event

from tests.emulators.emulator import AwsEmulator


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks one")
    parser.add_argument("--region", default="us-east-1", help="region clients must sign for")
    options = parser.parse_args()
    stopped = Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stopped.set())
    with AwsEmulator(region=options.region, port=options.port) as aws:
        for name, value in aws.environment().items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.write(
            "# then: GATEWAY_TEXT_MODEL=bedrock GATEWAY_VOICE_MODEL=bedrock make run\n"
        )
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
