"""Writes the table of settings into the README, between its markers."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- settings -->", "<!-- /settings -->"


def main() -> None:
    """Replace what stands between the markers by the generated table."""
    sys.path.insert(0, str(ROOT))
    from gateway.settings import markdown_table  # noqa: PLC0415  # the repository is no package

    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(START)
    _, after = rest.split(END)
    readme.write_text(f"{before}{START}\n{markdown_table().strip()}\n{END}{after}")


if __name__ == "__main__":
    main()
