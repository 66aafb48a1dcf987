"""``make bench``: measures beside other servers in one run and writes ``benchmarks/results.md``."""

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import start_up

RESULTS = Path(__file__).with_name("results.md")
PACKAGES = ("litestar", "uvicorn", "strands-agents", "bedrock-agentcore")


def main() -> int:
    """Run all benchmarks; 1 when a promised figure is missed."""
    section, kept = start_up.run()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    RESULTS.write_text(
        "# Benchmarks\n\n"
        "Written by `make bench`; every table was measured in one run on one machine.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d} · Python {platform.python_version()} · "
        f"{platform.system()} {platform.machine()} · {versions}\n\n"
        f"{section}"
    )
    print(section)
    print(f"written to {RESULTS.relative_to(Path.cwd())}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
