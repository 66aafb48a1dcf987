"""Why a command ends without success.

    CommandFailed             the thing asked for failed: exit code 1
    └── WrongUsage            the command line or a setting is wrong: exit code 2

The text is one line for the person at the terminal.
"""


class CommandFailed(Exception):
    """The thing asked for failed; ``code`` is the gateway's own, if it was the gateway's word."""

    exit_code = 1

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class WrongUsage(CommandFailed):
    """The command line or a setting is wrong; the text names which."""

    exit_code = 2
