"""``python -m gateway``: the command line, and the one place that ends the process.

Exit codes: 0 success, 1 the thing asked for failed, 2 wrong usage or settings. Commands are
imported when they are called: the server must not pay for its clients, nor they for it.
"""

# ruff: noqa: PLC0415 - see above
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.cli.command_line import parse
from gateway.cli.failures import CommandFailed
from gateway.settings import Settings, SettingsError

type Options = dict[str, Any]  # the values of one command's arguments, by their names


def main(arguments: Sequence[str]) -> int:
    """Run one command; give the exit code."""
    try:
        options = parse(arguments)
        return _COMMANDS[options.pop("command")](options)
    except CommandFailed as failure:
        return _complain(str(failure), failure.exit_code)
    except SettingsError as error:
        return _complain(str(error), 2)
    except BrokenPipeError:
        # Whoever read our output has left (`tools | head`); Python would complain once more
        # when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 1


def _serve(options: Options) -> int:
    environ = dict(os.environ)
    for name in ("host", "port"):
        if options[name] is not None:
            environ[f"GATEWAY_{name.upper()}"] = options[name]
    settings = Settings.from_environ(environ)
    from gateway.app import serve

    try:
        serve(settings)
    except KeyboardInterrupt:
        return 0  # Ctrl-C is how a server in a terminal is told to stop
    return 0


def _chat(options: Options) -> int:
    from gateway.cli import address, chat

    where = address.parse_address(options.pop("url"))
    return chat.run(chat.ChatOptions(address=where, **options))


def _talk(options: Options) -> int:
    from gateway.cli import address, talk

    where = address.parse_address(options.pop("url"))
    return talk.run(talk.TalkOptions(address=where, **options))


def _tools(options: Options) -> int:
    from gateway.cli import tool_list

    return tool_list.run(Settings.from_environ(os.environ), as_json=options["json"])


def _doctor(_: Options) -> int:
    from gateway.cli import doctor

    return doctor.run(os.environ)


def _dashboard(options: Options) -> int:
    from gateway.cli import dashboard

    return dashboard.run(**options)


_COMMANDS: Mapping[str, Callable[[Options], int]] = {
    "serve": _serve,
    "chat": _chat,
    "talk": _talk,
    "tools": _tools,
    "doctor": _doctor,
    "dashboard": _dashboard,
}


def _complain(text: str, exit_code: int) -> int:
    sys.stderr.write(f"error: {text}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
