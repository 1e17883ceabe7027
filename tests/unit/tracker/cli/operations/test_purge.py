"""`waypost purge`: what goes, what stays, and what is said of it."""

import dataclasses
import json
import time
from pathlib import Path

from tests.support.clients.commands import LINKS, click, message, output, run, spooled
from tests.support.details import handled
from tests.support.earlier_stores import put
from tracker.events import Recipient


def test_purge_keeps_sums_and_forgets_people(filled: Path) -> None:
    """Later clicks on what was purged are counted as such, and nobody's."""
    before = json.loads(output(filled, "report", "--json"))
    said = output(filled, "purge", "--older-than", "1s", "--insist")
    assert said.startswith("Purged 2 messages and 4 clicks")
    assert json.loads(output(filled, "report", "--json")) == before
    assert output(filled, "export") == ""
    unknown = run(filled, "activity", "ann@example.org")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    spooled(filled, dataclasses.replace(click(9, 1, LINKS[0]), at_s=time.time()))
    after = json.loads(output(filled, "report", "--json"))
    assert after["totals"]["messages"] == before["totals"]["messages"]
    assert after["totals"]["unique_clickers"] == before["totals"]["unique_clickers"]
    (purged,) = (row for row in after["campaigns"] if row["campaign"] == "(purged)")
    assert (purged["messages"], purged["clicks"]["all"]) == (0, 1)


def test_purge_does_not_go_by_a_clock_that_is_years_ahead(filled: Path) -> None:
    """As it is here: the events are of 2023. Nothing is purged unless somebody insists."""
    result = run(filled, "purge", "--older-than", "1s")
    assert (result.exit_code, "2023-11-16 00:00 UTC" in result.stderr) == (1, True)
    assert "add --insist" in result.stderr
    assert len(output(filled, "export").splitlines()) == 4
    output(filled, "purge", "--older-than", "1s", "--insist")
    assert output(filled, "export") == ""


def test_purge_wants_a_duration(filled: Path) -> None:
    """Usage errors end with 2."""
    result = run(filled, "purge", "--older-than", "soon")
    assert (result.exit_code, "'soon' is not a duration" in result.stderr) == (2, True)
    result = run(filled, "purge", "--older-than", "800000d")
    assert (result.exit_code, "more than a hundred years" in result.stderr) == (2, True)


def test_purge_with_a_spool_that_cannot_be_read_is_a_clear_error(folder: Path) -> None:
    """As for a user who may not."""
    (folder / "waypost.db.spool").write_bytes(b"no folder")
    result = run(folder, "purge", "--older-than", "90d")
    assert (result.exit_code, "cannot be purged" in result.stderr) == (1, True)


def test_purge_brings_a_store_of_an_earlier_version_up_to_date_first(folder: Path) -> None:
    """Where no service does that; then it purges as ever."""
    put("last", folder / "waypost.db")
    messages = json.loads(output(folder, "report", "--json"))["totals"]["messages"]
    (folder / "waypost.db").unlink()
    put("last", folder / "waypost.db")
    done = run(folder, "purge", "--older-than", "1s", "--insist")
    assert (done.exit_code, "Purged 0 messages" in done.stdout) == (0, False)
    assert json.loads(output(folder, "report", "--json"))["totals"]["messages"] == messages > 0


def test_purge_without_a_store_has_nothing_to_do(folder: Path) -> None:
    """And makes none."""
    assert output(folder, "purge", "--older-than", "90d").startswith("Purged 0 messages")
    assert not (folder / "waypost.db").exists()


def test_purge_lets_go_of_details(folder: Path) -> None:
    """What became of each message goes with the message, and of one left untouched as well."""
    spooled(
        folder, *message(1, "news", "ann@example.org"), handled(1, Recipient(1, "ann@example.org"))
    )
    assert run(folder, "message", "4Fk2").exit_code == 0
    output(folder, "purge", "--older-than", "1s", "--insist")
    assert run(folder, "message", "4Fk2").exit_code == 1
