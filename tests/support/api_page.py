"""The table of operations in `docs/api.md`, from their declarations: `python -m tests.support.api_page` writes it."""

from collections.abc import Iterator

from config.schema import Config
from tests.support.repository import DOCS
from tracker.api.api import PREFIX, Api
from tracker.api.operations import Operation
from tracker.minting.mint import Minted

PAGE = DOCS / "api.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end -->"


def operations() -> tuple[Operation, ...]:
    """Return all that the API does."""
    return Api(Config, _no_link).operations


def _no_link(*_: object) -> Minted:
    raise RuntimeError("nothing is asked here")


def table() -> str:
    """Return the table."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield "| | Needs | |"
    yield "|---|---|---|"
    for each in operations():
        needed = ", ".join(f"`{scope}`" for scope in each.scopes)
        summary = (each.endpoint.__doc__ or "").partition("\n")[0]
        yield f"| `{each.method} {PREFIX}{each.path}` | {needed} | {summary} |"


def written() -> str:
    """Return the page with the table as it is to be."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written())
