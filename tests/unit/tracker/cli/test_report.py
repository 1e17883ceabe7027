"""What people get to see of the store, from the command line."""

import contextlib
import csv
import dataclasses
import errno
import io
import json
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from config.loading.load import load
from config.schema import Config
from tracker.cli import common, consent, identify, purge, report
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessagePending,
    Opened,
    Recipient,
    SentLink,
)
from tracker.ingest.catch_up import catch_up
from tracker.spool.writer import Spool
from tracker.store import database

SENT_S = 1_700_000_000
"""14 November 2023, 22:13:20 UTC"""
COMMANDS = {
    "report": report.report,
    "activity": report.activity,
    "clickers": report.clickers,
    "export": report.export,
    "purge": purge.purge,
    "consent": consent.consent,
    "identify": identify.identify,
}
LINKS = (
    SentLink(1, "https://example.net/a", None, "A"),
    SentLink(2, "https://example.net/b?who=1", "offer", "B"),
)


def run(folder: Path, name: str, *arguments: str) -> Result:
    """Run one command."""
    config = str(folder / "waypost.toml")
    return CliRunner().invoke(COMMANDS[name], ["-c", config, *arguments])


def output(folder: Path, name: str, *arguments: str) -> str:
    """Run one command that succeeds."""
    result = run(folder, name, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def spooled(folder: Path, *events: Event) -> None:
    """Put events into the spool, as proxy and tracker do."""
    spool = Spool.open(load(folder / "waypost.toml").store.spool_dir, "proxy")
    for event in events:
        spool.append(event).result(5)
    spool.close()


def message(
    number: int, campaign: str | None, address: str, at_s: int = SENT_S
) -> list[MessagePending | MessageAccepted]:
    """Give a message to one reader that the relay took."""
    message_id = f"{number:016x}"
    return [
        MessagePending(
            *(message_id, at_s, "example.com", campaign),
            shared=False,
            recipients=(Recipient(1, address),),
            links=LINKS,
        ),
        MessageAccepted(message_id, at_s, (1,)),
    ]


def click(number: int, message: int, link: SentLink, **changes: Any) -> Clicked:
    """Give a click of that message's reader."""
    facts: dict[str, Any] = {"method": "GET", "human": True, "reasons": (), "user_agent": "B/1"}
    return Clicked(
        event_id=f"c{number}",
        at_s=SENT_S + 60 + number,
        message_id=f"{message:016x}",
        recipient=1,
        link=link.number,
        sent_at_s=SENT_S,
        destination=link.url,
        ip="192.0.2.0",
        **{**facts, **changes},
    )


@pytest.fixture
def filled(folder: Path) -> Path:
    """Give a folder whose spool holds two messages and four clicks."""
    spooled(
        folder,
        *message(1, "news", "ann@example.org"),
        *message(2, None, "bob@example.org", SENT_S + 86400),
        click(1, 1, LINKS[0]),
        click(2, 1, LINKS[0]),
        click(3, 1, LINKS[1]),
        click(4, 2, LINKS[0], method="HEAD", human=False, reasons=("head",)),
    )
    return folder


def test_report_without_a_store_is_all_zeros(folder: Path) -> None:
    """And leaves no trace of having been asked."""
    before = set(folder.iterdir())
    assert json.loads(output(folder, "report", "--json")) == {
        "totals": {
            "messages": 0,
            "recipients": 0,
            "clicks": {"human": 0, "all": 0},
            "unique_clickers": {"human": 0, "all": 0},
            "click_rate": None,
        },
        "campaigns": [],
        "links": [],
    }
    assert set(folder.iterdir()) == before


def test_report_counts_what_is_still_in_the_spool(filled: Path) -> None:
    """Totals, campaigns and links, as agreed with those who read the JSON."""
    report = json.loads(output(filled, "report", "--json"))
    news = {
        "messages": 1,
        "recipients": 1,
        "clicks": {"human": 3, "all": 3},
        "unique_clickers": {"human": 1, "all": 1},
        "click_rate": 1.0,
    }
    none = {
        "messages": 1,
        "recipients": 1,
        "clicks": {"human": 0, "all": 1},
        "unique_clickers": {"human": 0, "all": 1},
        "click_rate": 0.0,
    }
    assert report["campaigns"] == [{"campaign": "news", **news}, {"campaign": None, **none}]
    assert report["totals"]["click_rate"] == 0.5
    assert report["links"][0] == {
        "link": "https://example.net/a",
        "url": "https://example.net/a",
        "campaign": "news",
        "clicks": {"human": 2, "all": 2},
        "unique_clickers": {"human": 1, "all": 1},
    }
    offers = {row["campaign"]: row for row in report["links"] if row["link"] == "offer"}
    assert {each["url"] for each in offers.values()} == {LINKS[1].url}
    assert (offers["news"]["clicks"]["all"], offers[None]["clicks"]["all"]) == (1, 0)


def test_report_of_one_campaign(filled: Path) -> None:
    """Its totals are the campaign's own."""
    report = json.loads(output(filled, "report", "--json", "--campaign", "news"))
    assert (report["totals"]["messages"], len(report["links"])) == (1, 2)
    assert [row["campaign"] for row in report["campaigns"]] == ["news"]


def test_report_since_a_day(filled: Path) -> None:
    """Only messages sent since then, and the clicks on them."""
    report = json.loads(output(filled, "report", "--json", "--since", "2023-11-15"))
    assert [row["campaign"] for row in report["campaigns"]] == [None]
    assert report["totals"]["clicks"] == {"human": 0, "all": 1}


def test_report_for_people_names_everything(filled: Path) -> None:
    """In tables, with markup of names taken literally."""
    spooled(filled, *message(3, "[red]sale[/red]", "cay@example.org"))
    text = output(filled, "report")
    for expected in ("news", "(none)", "[red]sale[/red]", "Total", "offer", "33.3%"):
        assert expected in text


def test_report_as_csv(filled: Path) -> None:
    """One row for the total, for each campaign, for each link."""
    rows = list(csv.DictReader(io.StringIO(output(filled, "report", "--csv"))))
    assert [row["of"] for row in rows] == ["total", *["campaign"] * 2, *["link"] * 4]
    assert rows[0]["clicks_human"] == "3"


def test_clickers_of_a_link_by_its_url_and_by_its_group(filled: Path) -> None:
    """Under the names that the report gives."""
    by_url = json.loads(output(filled, "clickers", "https://example.net/a", "--json"))
    assert by_url == [
        {"person": "ann@example.org", "human": 2, "all": 2},
        {"person": "bob@example.org", "human": 0, "all": 1},
    ]
    (offer,) = json.loads(output(filled, "clickers", "offer", "--json"))
    assert offer["person"] == "ann@example.org"


def test_activity_of_an_address(filled: Path) -> None:
    """What was sent and what was clicked, the latest first; the domain in any case."""
    rows = json.loads(output(filled, "activity", "ann@EXAMPLE.org", "--json"))
    assert [row["event"] for row in rows] == ["clicked"] * 3 + ["sent"]
    assert rows[0]["link"] == "offer"
    assert rows[-1]["campaign"] == "news"
    assert "nothing" in output(filled, "activity", "nobody@example.org")


def test_export_gives_every_click(filled: Path) -> None:
    """A line of JSON each, or CSV."""
    lines = output(filled, "export").splitlines()
    clicks = [json.loads(line) for line in lines]
    assert [row["event_id"] for row in clicks] == ["c1", "c2", "c3", "c4"]
    assert clicks[3]["reasons"] == ["head"]
    assert clicks[0]["at"] == "2023-11-14T22:14:21.000+00:00"
    assert len(output(filled, "export", "--csv").splitlines()) == 5


@pytest.mark.parametrize(
    "arguments",
    [
        ("activity", "ann@example.org"),
        ("clickers", "offer"),
        ("export",),
        ("report", "--opens"),
        ("report",),
        ("consent",),
    ],
)
def test_csv_has_a_head_even_where_it_has_no_rows(filled: Path, arguments: tuple[str, ...]) -> None:
    """The same as with rows, so that programs need not tell the two apart."""
    files.record(filled / "waypost.db", "ann@example.org", Consent.NONE)
    full = output(filled, *arguments, "--csv").splitlines()
    for file in (filled / "waypost.db", filled / "waypost.db.consents"):
        file.unlink(missing_ok=True)
    empty = output(filled, *arguments, "--csv").splitlines()
    assert len(full) > len(empty) or arguments == ("report", "--opens")
    assert empty[0] == full[0]


@pytest.mark.parametrize("name", ["activity", "clickers", "export", "consent"])
def test_csv_has_the_columns_of_json(filled: Path, name: str) -> None:
    """None is left out."""
    files.record(filled / "waypost.db", "ann@example.org", Consent.NONE)
    whose = {"activity": ["ann@example.org"], "clickers": ["offer"]}.get(name, [])
    head, *_ = output(filled, name, *whose, "--csv").splitlines()
    text = output(filled, name, *whose, "--json")
    row = json.loads(text.splitlines()[0]) if name == "export" else json.loads(text)[0]
    assert head.split(",") == list(row)


def test_opens_are_printed_as_clicks_are(folder: Path) -> None:
    """With names for people, and a share in per cent."""
    sent = [each for number in (1, 2, 3) for each in message(number, "news", f"{number}@x.org")]
    spooled(
        folder,
        *(dataclasses.replace(each, opens=True) for each in sent),
        Opened("o1", SENT_S + 60, f"{1:016x}", 1, SENT_S, human=True),
    )
    text = output(folder, "report", "--opens")
    for expected in ("Opens", "Campaign", "Open rate", "human / all", "1 / 1", "33.3%", "Total"):
        assert expected in text
    assert "open_rate" not in text


@pytest.mark.parametrize("name", ["report", "export", "activity", "clickers", "identify"])
def test_a_spool_that_is_no_folder_is_a_clear_error(folder: Path, name: str) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db.spool").write_bytes(b"no folder")
    result = run(folder, name, *(["x"] if name in ("activity", "clickers", "identify") else []))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Not a directory" in result.stderr


def test_a_spool_that_fails_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the disk has to say."""

    def fails(_config: Config) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(common, "catch_up", fails)
    result = run(folder, "report")
    assert (result.exit_code, "Input/output error" in result.stderr) == (1, True)


def test_report_while_another_process_writes(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers do not wait for writers; what cannot be fed is said, not hidden."""
    monkeypatch.setattr(common, "catch_up", partial(catch_up, patience_s=0.1))
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    output(filled, "report")
    other = sqlite3.connect(filled / "waypost.db")
    other.execute("BEGIN IMMEDIATE")
    spooled(filled, click(5, 1, LINKS[0]))
    result = run(filled, "report", "--json")
    other.close()
    assert result.exit_code == 0
    assert json.loads(result.stdout)["totals"]["clicks"]["all"] == 4
    assert "Not counted yet" in result.stderr
    assert "locked" in result.stderr


def test_report_on_a_malformed_store_is_a_clear_error(folder: Path) -> None:
    """With exit status 1, and without a traceback."""
    (folder / "waypost.db").write_bytes(b"not a database " * 1000)
    result = run(folder, "report", "--json")
    assert result.exit_code == 1
    assert "file is not a database" in result.stderr
    assert "Traceback" not in result.output


def test_purge_keeps_sums_and_forgets_people(filled: Path) -> None:
    """Later clicks on what was purged are counted as such, and nobody's."""
    before = json.loads(output(filled, "report", "--json"))
    said = output(filled, "purge", "--older-than", "1s")
    assert said.startswith("Purged 2 messages and 4 clicks")
    assert json.loads(output(filled, "report", "--json")) == before
    assert output(filled, "export") == ""
    assert "nothing" in output(filled, "activity", "ann@example.org")
    spooled(filled, click(9, 1, LINKS[0]))
    after = json.loads(output(filled, "report", "--json"))
    assert after["totals"]["messages"] == before["totals"]["messages"]
    assert after["totals"]["unique_clickers"] == before["totals"]["unique_clickers"]
    (purged,) = (row for row in after["campaigns"] if row["campaign"] == "(purged)")
    assert (purged["messages"], purged["clicks"]["all"]) == (0, 1)


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


def test_purge_of_a_store_of_an_earlier_version_is_a_clear_error(filled: Path) -> None:
    """Its tables are not changed behind the back of a service that may still be running."""
    output(filled, "report")
    with contextlib.closing(sqlite3.connect(filled / "waypost.db")) as db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'names_less_parameters'")
        db.commit()
    result = run(filled, "purge", "--older-than", "1s")
    assert (result.exit_code, "start `waypost tracker` once" in result.stderr) == (1, True)


def test_purge_without_a_store_has_nothing_to_do(folder: Path) -> None:
    """And makes none."""
    assert output(folder, "purge", "--older-than", "90d").startswith("Purged 0 messages")
    assert not (folder / "waypost.db").exists()
