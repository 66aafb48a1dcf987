"""The command line: what may be typed, and its values as typed options.

Wrong usage is one line on standard error and exit code 2. Nothing of a command is imported here,
so that ``--help`` stays fast.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, NoReturn

from gateway.cli.address import DEFAULT_URL
from gateway.cli.failures import WrongUsage

URL_HELP = f"address of the gateway (default: {DEFAULT_URL})"
SESSION_HELP = "id of the conversation to go on with (default: a new one)"


class _Parser(ArgumentParser):
    """Raises instead of printing two lines and leaving."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(f"{self.prog}: {message} (see --help)")


class _CommandParser(_Parser):
    """Takes options in any place: ``talk QUESTION.wav -o ANSWER.wav URL``.

    The parser of the library takes an optional argument only right behind the one before it,
    unless its two passes of "intermixed" parsing are asked for; these call this method again.
    """

    _is_in_pass = False

    def parse_known_args(  # type: ignore[override]  # the stub's overloads say the same
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        if self._is_in_pass:
            return super().parse_known_args(args, namespace)
        self._is_in_pass = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_in_pass = False


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """Read the command line; ``command`` holds the command's name.

    Raises:
        WrongUsage: it is not one of ours.
        SystemExit: help was asked for and printed.
    """
    return vars(_parser().parse_args(arguments))


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="python -m gateway",
        description="One agent behind HTTP, AG-UI, WebSocket and WebRTC.",
        epilog="Exit codes: 0 success, 1 the thing asked for failed, 2 wrong usage or settings.",
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_CommandParser
    )
    _add_serve(commands.add_parser("serve", help="run the server"))
    _add_chat(commands.add_parser("chat", help="chat in the terminal, over AG-UI"))
    _add_talk(commands.add_parser("talk", help="say a WAV to the agent and record the answer"))
    _add_tools(commands.add_parser("tools", help="list the tools with their schemas"))
    commands.add_parser("doctor", help="check settings, models, network and credentials")
    _add_dashboard(commands.add_parser("dashboard", help="print the CloudWatch dashboard as JSON"))
    return parser


def _add_serve(parser: ArgumentParser) -> None:
    parser.description = "Run the server. Everything else is set in the environment."
    parser.add_argument("--host", help="address to listen on (instead of GATEWAY_HOST)")
    parser.add_argument("--port", help="port to listen on (instead of GATEWAY_PORT)")


def _add_chat(parser: ArgumentParser) -> None:
    parser.description = (
        "Chat with the agent. Ctrl-C stops an answer; once more, Ctrl-D or /quit leaves. "
        "Without a terminal, each line of the input is one turn."
    )
    parser.add_argument("url", metavar="URL", nargs="?", default=DEFAULT_URL, help=URL_HELP)
    parser.add_argument("--session", metavar="ID", help=SESSION_HELP)
    parser.add_argument("--once", metavar="TEXT", help="ask this, print the answer and leave")


def _add_talk(parser: ArgumentParser) -> None:
    parser.description = (
        "Say a WAV to the agent in real time. Prints both transcripts, the tool calls and a "
        "table of latencies; exit code 1 when nothing was answered."
    )
    parser.add_argument("question", metavar="QUESTION.wav", help="what to say")
    parser.add_argument("url", metavar="URL", nargs="?", default=DEFAULT_URL, help=URL_HELP)
    parser.add_argument("-o", "--output", metavar="ANSWER.wav", help="where to record the answer")
    parser.add_argument(
        "--via", choices=("webrtc", "ws", "http"), default="webrtc", help="wire (default: webrtc)"
    )
    parser.add_argument(
        "--turn-only", action="store_true", help="let WebRTC go through TURN servers alone"
    )
    parser.add_argument("--session", metavar="ID", help=SESSION_HELP)


def _add_tools(parser: ArgumentParser) -> None:
    parser.description = "List the tools of GATEWAY_TOOLS."
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_dashboard(parser: ArgumentParser) -> None:
    parser.description = (
        "Print a CloudFormation template of all dashboards and alarms, as JSON; or one dashboard "
        "alone, for `aws cloudwatch put-dashboard`."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--only", dest="name", choices=("service", "voice", "cost"), help="this dashboard alone"
    )
    what.add_argument("--alarms", action="store_true", help="the alarms alone")
