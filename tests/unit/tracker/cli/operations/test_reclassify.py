"""`waypost reclassify`: what is said of clicks that are judged anew."""

import json
from pathlib import Path

import pytest

from tests.support.clients.commands import output, run
from tracker.store import database

RULES: dict[str, dict[str, int]] = {}
"""No rule sees other clicks than before; one weighs more."""


@pytest.fixture
def counted(filled: Path) -> Path:
    """Return a store whose clicks were counted when `early` weighed less than it does now."""
    output(filled, "report")
    with (filled / "waypost.toml").open("a") as file:
        file.write("\n[clicks.points]\nearly = 150\ncompany = 0\n")
    return filled


def test_people_see_what_changed_by_rule_and_campaign(counted: Path) -> None:
    """The click of a minute after sending is a machine's now."""
    said = output(counted, "reclassify")
    assert "4 clicks were judged anew; 1 were changed." in said
    assert "news" in said
    assert "-1" in said
    assert json.loads(output(counted, "report", "--json"))["totals"]["clicks"]["human"] == 2


def test_a_dry_run_says_so_and_changes_nothing(counted: Path) -> None:
    """What it would change stands in JSON as well."""
    before = output(counted, "report", "--json")
    assert "1 would be changed" in output(counted, "reclassify", "--dry-run")
    planned = json.loads(output(counted, "reclassify", "--dry-run", "--json"))
    assert planned == {"clicks": 4, "changed": 1, "rules": RULES, "campaigns": {"news": -1}}
    assert output(counted, "report", "--json") == before
    assert json.loads(output(counted, "reclassify", "--json")) == planned


def test_a_second_time_changes_nothing(counted: Path) -> None:
    """Nor does what was sent before `--since`."""
    assert (
        json.loads(output(counted, "reclassify", "--json", "--since", "2023-11-15"))["clicks"] == 1
    )
    output(counted, "reclassify")
    assert json.loads(output(counted, "reclassify", "--json"))["changed"] == 0


def test_a_store_that_is_none_is_a_clear_error(counted: Path) -> None:
    """No traceback."""
    (counted / "waypost.db").write_bytes(b"no database at all, and longer than a page header" * 9)
    result = run(counted, "reclassify")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)


def test_without_a_store_nothing_is_judged(folder: Path) -> None:
    """As before the first message."""
    assert output(folder, "reclassify") == "0 clicks were judged anew; 0 were changed.\n"


@pytest.mark.parametrize(
    ("options", "told"), [(["--notify"], 1), ([], 0), (["--notify", "--dry-run"], 0)]
)
def test_webhooks_are_told_where_that_is_asked_for(
    filled: Path, options: list[str], told: int
) -> None:
    """Of the one click that becomes a machine's, of which they were told before."""
    with (filled / "waypost.toml").open("a") as file:
        file.write(
            '[[webhook]]\nurl = "https://example.com/"\nsecret_file = "s"\nmachines = true\n'
        )
    output(filled, "report")
    with database.changing(filled / "waypost.db") as opened, opened.transaction():
        opened.db.execute("DELETE FROM outbox")
    with (filled / "waypost.toml").open("a") as file:
        file.write("[clicks.points]\nearly = 150\ncompany = 0\n")
    output(filled, "reclassify", *options)
    with database.reading(filled / "waypost.db") as db:
        assert [row["number"] for row in db["outbox"].rows] == [1] * told
