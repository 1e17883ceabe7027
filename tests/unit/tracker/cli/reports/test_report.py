"""What was sent and clicked, from the command line."""

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from tests.support.clients.commands import LINKS, SENT_S, click, message, output, run, spooled
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.events import MessagePending, Opened, Recipient

ANN = "ann@example.org"
NOTHING_SHARED = {"messages": 0, "recipients": 0, "clicks": 0}


def test_report_without_a_store_is_all_zeros(folder: Path) -> None:
    """And leaves no trace of having been asked."""
    before = set(folder.iterdir())
    assert json.loads(output(folder, "report", "--json")) == {
        "totals": {
            "messages": 0,
            "deliveries": 0,
            "clicked_deliveries": 0,
            "clicks": {"human": 0, "doubtful": 0, "all": 0},
            "unique_clickers": {"human": 0, "doubtful": 0, "all": 0},
            "click_rate": None,
            "shared": NOTHING_SHARED,
        },
        "campaigns": [],
        "links": [],
        "links_total": 0,
        "days": [],
        "unknown_messages": 0,
    }
    assert set(folder.iterdir()) == before


def test_report_counts_what_is_still_in_the_spool(filled: Path) -> None:
    """Totals, campaigns and links, as agreed with those who read the JSON."""
    report = json.loads(output(filled, "report", "--json"))
    news = {
        "messages": 1,
        "deliveries": 1,
        "clicked_deliveries": 1,
        "clicks": {"human": 3, "doubtful": 0, "all": 3},
        "unique_clickers": {"human": 1, "doubtful": 0, "all": 1},
        "click_rate": 1.0,
        "shared": NOTHING_SHARED,
    }
    none = {
        "messages": 1,
        "deliveries": 1,
        "clicked_deliveries": 0,
        "clicks": {"human": 0, "doubtful": 0, "all": 1},
        "unique_clickers": {"human": 0, "doubtful": 0, "all": 1},
        "click_rate": 0.0,
        "shared": NOTHING_SHARED,
    }
    assert report["campaigns"] == [{"campaign": "news", **news}, {"campaign": None, **none}]
    assert report["totals"]["click_rate"] == 0.5
    assert report["links"][0] == {
        "link": "https://example.net/a",
        "url": "https://example.net/a",
        "text": "",
        "clicks": {"human": 2, "doubtful": 0, "all": 3},
        "unique_clickers": {"human": 1, "doubtful": 0, "all": 2},
    }
    (offer,) = (row for row in report["links"] if row["link"] == "offer")
    assert (offer["url"], offer["text"], offer["clicks"]["all"]) == (LINKS[1].url, "B", 1)
    assert report["links_total"] == 2
    assert report["days"] == [
        {"day": "2023-11-14", "clicks": {"human": 3, "doubtful": 0, "all": 3}},
        {"day": "2023-11-15", "clicks": {"human": 0, "doubtful": 0, "all": 1}},
    ]


def test_report_of_one_campaign(filled: Path) -> None:
    """Its totals are the campaign's own."""
    report = json.loads(output(filled, "report", "--json", "--campaign", "news"))
    assert (report["totals"]["messages"], len(report["links"])) == (1, 2)
    assert [row["campaign"] for row in report["campaigns"]] == ["news"]


def test_report_since_a_day(filled: Path) -> None:
    """Only messages sent since then, and the clicks on them."""
    report = json.loads(output(filled, "report", "--json", "--since", "2023-11-15"))
    assert [row["campaign"] for row in report["campaigns"]] == [None]
    assert report["totals"]["clicks"] == {"human": 0, "doubtful": 0, "all": 1}


def test_report_for_people_names_everything(filled: Path) -> None:
    """In tables, with markup of names taken literally."""
    spooled(filled, *message(3, "[red]sale[/red]", "cay@example.org"))
    text = output(filled, "report")
    for expected in ("news", "(none)", "[red]sale[/red]", "Total", "offer", "33.3%"):
        assert expected in text


def test_report_as_csv(filled: Path) -> None:
    """One row for the total, for each campaign, for each link."""
    rows = list(csv.DictReader(io.StringIO(output(filled, "report", "--csv"))))
    assert [row["of"] for row in rows] == ["total", *["campaign"] * 2, *["link"] * 2]
    assert rows[0]["clicks_human"] == "3"


def test_clickers_of_a_link_by_its_url_and_by_its_group(filled: Path) -> None:
    """Under the names that the report gives."""
    url = "https://example.net/a"
    (ann,) = json.loads(output(filled, "clickers", url, "--json"))
    assert (ann["person"], ann["addresses"], ann["human"]) == (ANN, [ANN], 2)
    everybody = json.loads(output(filled, "clickers", url, "--all", "--json"))
    assert [row["person"] for row in everybody] == [ANN, "bob@example.org"]
    segment = output(filled, "clickers", "--campaign", "news", "--csv").splitlines()
    assert [row.split(",")[1] for row in segment] == ["addresses", ANN]
    (offer,) = json.loads(output(filled, "clickers", "offer", "--json"))
    assert offer["person"] == "ann@example.org"


def test_activity_of_an_address(filled: Path) -> None:
    """What was sent and what was clicked, the latest first; the domain in any case."""
    rows = json.loads(output(filled, "activity", "ann@EXAMPLE.org", "--json"))
    assert [row["event"] for row in rows] == ["clicked"] * 3 + ["sent"]
    assert rows[0]["link"] == "offer"
    assert rows[-1]["campaign"] == "news"


@pytest.mark.parametrize(
    ("sent_to", "person", "asked"),
    [
        ("Cay@Example.ORG", None, "cay@example.org"),
        ("Cay@example.org", None, "CAY@example.org"),
        ("JÖRG@bücher.example", None, "jörg@BÜCHER.example"),
        ("cay@example.org", "Cay@Example.ORG", "cay@example.org"),
        ("cay@example.org", "Cay@Example.ORG", "Cay@Example.ORG"),
        ("other@example.org", "Cay@Example.ORG", "cay@example.org"),
        ("Cay@example.org", "4711", "cay@example.org"),
        ("Cay@example.org", "4711", "4711"),
        ("cay@example.org", "KUNDE-Ä", "KUNDE-Ä"),
    ],
)
def test_activity_finds_a_person_whatever_the_case(
    filled: Path, sent_to: str, person: str | None, asked: str
) -> None:
    """Of an address or an id that looks like one; each message once, though both lead to it."""
    pending, accepted = message(3, "sale", sent_to)
    assert isinstance(pending, MessagePending)
    pending = dataclasses.replace(pending, recipients=(Recipient(1, sent_to, person),))
    spooled(filled, pending, accepted, click(9, 3, LINKS[0]))
    rows = json.loads(output(filled, "activity", asked, "--json"))
    assert [(row["event"], row["campaign"]) for row in rows] == [
        ("clicked", "sale"),
        ("sent", "sale"),
    ]


def test_activity_joins_what_is_written_in_several_ways(filled: Path) -> None:
    """As whoever asks means the person."""
    spooled(filled, *message(3, "sale", "Ann@example.org"))
    rows = json.loads(output(filled, "activity", "ann@example.org", "--json"))
    assert sorted(row["campaign"] for row in rows if row["event"] == "sent") == ["news", "sale"]
    assert "Activity of Ann@example.org, ann@example.org" in output(
        filled, "activity", "ann@example.org"
    )


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "--campaign", "nwes"], 'no campaign "nwes" is known; did you mean "news"?'),
        (["report", "--campaign", "x"], 'no campaign "x" is known\n'),
        (["report", "--opens", "--campaign", "NEWS"], 'did you mean "news"?'),
        (
            ["activity", "anne@example.org"],
            'no person "anne@example.org" is known; did you mean "ann@',
        ),
        (["export", "--campaign", "nwes"], 'did you mean "news"?'),
        (["clickers", "offer", "--campaign", "nwes"], 'did you mean "news"?'),
        (["activity", "4711"], 'no person "4711" is known\n'),
        (["clickers", "https://example.net/"], 'did you mean "https://example.net/a"?'),
        (["clickers", "x"], "is known; one that only a single message had is known once it was"),
        (["clickers", "offr"], 'no link "offr" is known; did you mean "offer"?'),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(
    filled: Path, arguments: list[str], said: str, form: list[str]
) -> None:
    """An empty table would say that nobody clicked; a script sees the exit status."""
    result = run(filled, *arguments, *form)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_a_campaign_and_a_link_without_clicks_are_known(filled: Path) -> None:
    """Nobody clicked, and that is the answer."""
    spooled(filled, *message(3, "quiet", "cay@example.org"))
    assert json.loads(output(filled, "report", "--campaign", "quiet", "--json"))["campaigns"]
    assert json.loads(output(filled, "clickers", LINKS[1].url, "--json")) != []
    assert "nothing" not in output(filled, "report", "--campaign", "quiet")


def test_export_gives_every_click(filled: Path) -> None:
    """A line of JSON each, or CSV."""
    lines = output(filled, "export").splitlines()
    clicks = [json.loads(line) for line in lines]
    assert [row["cursor"] for row in clicks] == [1, 2, 3, 4]
    assert (clicks[3]["reasons"], clicks[3]["score"]) == (["head/1"], 100)
    assert clicks[0]["at"] == "2023-11-14T22:14:21.000+00:00"
    assert len(output(filled, "export", "--csv").splitlines()) == 5


@pytest.mark.parametrize(
    "arguments",
    [
        ("export",),
        ("report", "--opens"),
        ("report",),
        ("consent",),
    ],
)
def test_csv_has_a_head_even_where_it_has_no_rows(filled: Path, arguments: tuple[str, ...]) -> None:
    """The same as with rows, so that programs need not tell the two apart."""
    files.record(beside(filled / "waypost.db"), "ann@example.org", Consent.NONE)
    full = output(filled, *arguments, "--csv").splitlines()
    for file in (filled / "waypost.db", filled / "waypost.db.consents"):
        file.unlink(missing_ok=True)
    empty = output(filled, *arguments, "--csv").splitlines()
    assert len(full) > len(empty) or arguments == ("report", "--opens")
    assert empty[0] == full[0]


@pytest.mark.parametrize("name", ["activity", "clickers", "export", "consent"])
def test_csv_has_the_columns_of_json(filled: Path, name: str) -> None:
    """None is left out."""
    files.record(beside(filled / "waypost.db"), "ann@example.org", Consent.NONE)
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


def test_a_report_may_be_broken_down(filled: Path) -> None:
    """In a period as well; CSV has the same columns."""
    rows = json.loads(output(filled, "report", "--by", "day", "--json"))
    assert rows == [
        {"day": "2023-11-14", "clicks_human": 3, "clicks_doubtful": 0, "clicks_all": 3},
        {"day": "2023-11-15", "clicks_human": 0, "clicks_doubtful": 0, "clicks_all": 1},
    ]
    head, *links = output(
        filled, "report", "--by", "link", "--campaign", "news", "--csv"
    ).splitlines()
    assert (head.split(",")[:3], len(links)) == (["link", "url", "text"], 2)
    early = json.loads(
        output(filled, "report", "--by", "sender", "--until", "2023-11-15", "--json")
    )
    assert [(row["sender"], row["deliveries"]) for row in early] == [("example.com", 1)]
    totals = json.loads(output(filled, "report", "--until", "2023-11-15", "--json"))["totals"]
    assert (totals["messages"], totals["clicks"]["all"]) == (1, 3)


def test_an_export_goes_on_after_a_cursor(filled: Path) -> None:
    """And may be of a campaign, or of what was sent in a period."""
    first, *_ = output(filled, "export").splitlines()
    rest = output(filled, "export", "--after", str(json.loads(first)["cursor"])).splitlines()
    assert len(rest) == 3
    assert len(output(filled, "export", "--campaign", "news").splitlines()) == 3
    assert len(output(filled, "export", "--since", "2023-11-15").splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["report", "--by", "week"], "--by"),
        (["report", "--since", "soon"], "--since"),
        (["report", "--until", "2023-13-01"], "--until"),
        (["report", "--opens", "--by", "day"], "--opens"),
        (["export", "--after", "x"], "--after"),
        (["reclassify", "--since", "x"], "--since"),
        (["clickers", "--until", "2023-11-14"], "--until"),
    ],
)
def test_what_makes_no_sense_ends_with_2_and_names_the_field(
    folder: Path, arguments: list[str], field: str
) -> None:
    """Nothing is read."""
    result = run(folder, *arguments)
    assert (result.exit_code, field in result.stderr) == (2, True)
