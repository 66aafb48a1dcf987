"""``make bench``: measures beside other servers in one run and writes ``benchmarks/results.md``."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import ag_ui_servers, bedrock, calls, in_process, over_websocket, start_up

RESULTS = Path(__file__).with_name("results.md")
PACKAGES = (
    "litestar",
    "uvicorn",
    "strands-agents",
    "bedrock-agentcore",
    "ag-ui-strands",
    "fastapi",
    "websockets",
    "aiortc",
    "av",
)


def main() -> int:
    """Run all benchmarks; 1 when a promised figure is missed."""
    parts = (start_up, in_process, bedrock, ag_ui_servers, over_websocket, calls)
    measured = [part.run() for part in parts]
    sections = "\n".join(section for section, _ in measured)
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    RESULTS.write_text(
        "# Benchmarks\n\n"
        "Written by `make bench`; every table was measured in one run on one machine.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d} · Python {platform.python_version()} · "
        f"{platform.system()} {platform.machine()} · {os.cpu_count()} cores · {versions}\n\n"
        f"{sections}"
    )
    print(sections)
    print(f"written to {RESULTS.relative_to(Path.cwd())}")
    return 0 if all(kept for _, kept in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
