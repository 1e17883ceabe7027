"""What people are given for questions of their own: `docs/explore.md`, and what Datasette shows.

`python -m tests.support.explore` writes the columns of the views into both, and the questions of the page into
the second.
"""

import json
import re
from collections.abc import Iterator

from tests.support.checks.facts import TEMPLATE
from tests.support.repository import DOCS, ROOT
from tracker.store.views import VIEWS

PAGE = DOCS / "explore.md"
METADATA = ROOT / "contrib" / "datasette" / "metadata.json"
BEGIN, END = "<!-- written by make docs -->\n", "<!-- end -->\n"
_QUESTION = re.compile(
    r"^([^\n`]+)(?: \([^\n]*\))?:\n\n```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def questions() -> dict[str, str]:
    """Return the questions of the page: what each asks, and its SQL."""
    return dict(_QUESTION.findall(PAGE.read_text()))


def queries() -> dict[str, dict[str, str]]:
    """Return them as Datasette has them, by the names in their paths."""
    return {
        re.sub(r"\W+", "-", asked.lower()).strip("-"): {"title": asked, "sql": sql}
        for asked, sql in questions().items()
    }


def _chapter(view: str) -> Iterator[str]:
    about, columns, _ = VIEWS[view]
    yield from ("", f"### `{view}`", about, "", "| Column | Means |", "|---|---|")
    yield from (f"| `{column}` | {means} |" for column, (_, means) in columns.items())


def written(page: str) -> str:
    """Return the page with the columns that there are."""
    before, _, rest = page.partition(BEGIN)
    lines = [line for view in VIEWS for line in _chapter(view)]
    return "".join((before, BEGIN, *(f"{line}\n" for line in lines), END, rest.partition(END)[2]))


def metadata() -> str:
    """Return what Datasette is told of a store, whose file is called `waypost.db`."""
    views = {
        view: {
            "description": about,
            "columns": {column: means.replace("`", "") for column, (_, means) in columns.items()},
        }
        for view, (about, columns, _) in VIEWS.items()
    }
    hidden = {table: {"hidden": True} for table in sorted(TEMPLATE.table_names())}
    told = {
        "title": "Waypost",
        "description": "The views are a contract; the tables behind them change with versions.",
        "databases": {"waypost": {"tables": {**views, **hidden}, "queries": queries()}},
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
    METADATA.write_text(metadata())
