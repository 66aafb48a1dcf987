"""Why a command ends without success.

    CommandFailed             the thing asked for failed: exit code 1
    └── WrongUsage            the command line or a setting is wrong: exit code 2

The text is one line for the person at the terminal.
"""


class CommandFailed(Exception):
    """The thing asked for failed."""

    exit_code = 1


class WrongUsage(CommandFailed):
    """The command line or a setting is wrong; the text names which."""

    exit_code = 2
