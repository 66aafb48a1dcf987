"""Who is called: the gateway, and three others with the same echo.

FastRTC and pipecat bring hundreds of packages that nothing here needs: they are installed, at the
first run, into a folder that is not part of the project.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server_process import Server, serve

ENVIRONMENT = Path(__file__).parents[1] / ".cache" / "call-servers"
PACKAGES = ("fastrtc==0.0.34", "pipecat-ai[webrtc]==1.14.0", "fastapi", "uvicorn")


@dataclass(frozen=True)
class CallServer:
    """One of those who are called.

    ``wire`` is how it is offered a call; ``is_foreign``: it needs what is installed for it.
    """

    name: str
    module: str
    wire: str
    is_foreign: bool = False


OURS = CallServer("Agent Gateway", "call_gateway", "gateway")
OBVIOUS = CallServer("the obvious aiortc server", "call_obvious", "plain")
FASTRTC = CallServer("FastRTC", "call_fastrtc", "fastrtc", is_foreign=True)
PIPECAT = CallServer("pipecat, small WebRTC transport", "call_pipecat", "plain", is_foreign=True)


@contextmanager
def answering(server: CallServer, bot: str = "echo", *, loses: bool = False) -> Iterator[Server]:
    """Start a server.

    Args:
        server: which one.
        bot: ``echo`` says what it hears, ``silent`` nothing; ``interrupted`` (ours alone) speaks
            until it hears a word.
        loses: whether one packet of a sound is lost on its way to it, see ``servers.losing``.
    """
    python = str(ENVIRONMENT / "bin" / "python") if server.is_foreign else sys.executable
    arguments = ["-m", f"benchmarks.servers.{server.module}"]
    with serve(arguments, python=python, BOT=bot, LOSES=str(int(loses))) as process:
        yield process


def servers() -> Sequence[CallServer]:
    """All who can be called here; those that cannot be installed are left out."""
    try:
        _install()
    except subprocess.CalledProcessError as error:
        print(f"FastRTC and pipecat are left out, they cannot be installed: {error}", flush=True)
        return (OURS, OBVIOUS)
    return (OURS, OBVIOUS, FASTRTC, PIPECAT)


def _install() -> None:
    """Install the others, once for each list of packages."""
    stamp = ENVIRONMENT / "packages.txt"
    wanted = "\n".join(PACKAGES)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    print(f"installing {', '.join(PACKAGES)} into {ENVIRONMENT}", flush=True)
    uv = _uv()
    python = ENVIRONMENT / "bin" / "python"
    if uv is not None:
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, ENVIRONMENT], check=True)
        install: list[str | Path] = [uv, "pip", "install", "-q", "--python", python]
        subprocess.run([*install, *PACKAGES], check=True, env=os.environ | {"UV_SYSTEM_CERTS": "1"})
    else:
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    stamp.write_text(wanted)


def _uv() -> str | None:
    ours = Path(__file__).parents[1] / ".cache" / "uv-venv" / "bin" / "uv"
    return str(ours) if ours.exists() else shutil.which("uv")
