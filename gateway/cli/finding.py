"""What a check found, and how it is shown: one line each; pure."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from gateway.cli.printable import one_line

type Level = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """One line of the doctor. ``remedy`` says what to do where not all is fine."""

    level: Level
    name: str
    text: str
    remedy: str = ""


def shown(findings: Iterable[Finding]) -> str:
    """Show findings, aligned."""
    listed = list(findings)
    width = max((len(finding.name) for finding in listed), default=0)
    return "\n".join(
        f"{finding.level:<4}  {finding.name:<{width}}  {_text(finding)}" for finding in listed
    )


def _text(finding: Finding) -> str:
    text = one_line(finding.text)
    return f"{text} -> {one_line(finding.remedy)}" if finding.remedy else text
