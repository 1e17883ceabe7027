"""`waypost message`: one message's whole story, and several in a list."""

import csv
import io
import json
from pathlib import Path

from tests.support.clients.commands import LINKS, SENT_S, click, message, output, run, spooled
from tests.support.hostile import TITLE, obeyed
from tracker.events import MessageHandled, Recipient

ANN = "ann@example.org"


def handled(
    number: int, subject: str = "Your order", untouched: str | None = None
) -> MessageHandled:
    """Return what became of a message; the recipients of one left untouched are told with it."""
    return MessageHandled(
        message_id=f"{number:016x}",
        sent_s=SENT_S,
        number=1,
        sender="shop@example.com",
        outcome="delivered",
        reply="250 2.0.0 Ok: queued as 4Fk2",
        recipients=(Recipient(1, ANN),) if untouched else (),
        subject=subject,
        header_message_id=f"<{number}@example.com>",
        queue_id="4Fk2",
        relay="relay.example.com:25",
        client="192.0.2.7",
        account="shop",
        untouched=untouched,
    )


def test_a_message_is_told_for_people(folder: Path) -> None:
    """By its Message-ID: who handed it in, what the relay said, who clicked."""
    spooled(folder, *message(1, "news", ANN), handled(1), click(1, 1, LINKS[0]))
    said = output(folder, "message", "<1@example.com>")
    for line in ("message      0000000000000001", "campaign     news", "subject      Your order"):
        assert f"{line}\n" in said
    assert "queue id     4Fk2\n" in said
    assert "client       192.0.2.7\n" in said
    assert "account      shop\n" in said
    assert f"to           {ANN}: delivered, 1 click\n" in said
    assert "  clicked copy 1 by a human (early/1): https://example.net/a\n" in said


def test_several_messages_are_listed(folder: Path) -> None:
    """Those of an address, one left untouched among them, each with its id to ask for."""
    spooled(folder, *message(1, "news", ANN), handled(1), handled(2, untouched="several_from"))
    said = output(folder, "message", ANN.upper())
    assert "0000000000000001  delivered  1 recipient, 0 clicks  news  Your order\n" in said
    assert "0000000000000002  delivered  1 recipient, 0 clicks  -  Your order\n" in said
    assert "2 messages; `waypost message ID` tells all of one" in said
    told = json.loads(output(folder, "message", "--json", ANN))
    assert [each["tracked"] for each in told] == [False, True]
    assert told[0]["copies"][0]["untouched"] == "several_from"


def test_what_happened_is_csv_on_demand(folder: Path) -> None:
    """A row for each thing."""
    spooled(folder, *message(1, "news", ANN), handled(1), click(1, 1, LINKS[0]))
    rows = list(csv.DictReader(io.StringIO(output(folder, "message", "--csv", f"{1:016x}"))))
    assert [(row["event"], row["recipient"]) for row in rows] == [
        ("delivered", "1"),
        ("clicked", "1"),
    ]
    assert {row["message"] for row in rows} == {f"{1:016x}"}


def test_an_unknown_message_is_an_error(folder: Path) -> None:
    """Nothing on standard output."""
    result = run(folder, "message", "nobody@example.org")
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'no message "nobody@example.org" is known' in result.stderr


def test_a_hostile_subject_drives_no_terminal(folder: Path) -> None:
    """Whoever sent it."""
    spooled(folder, *message(1, "news", ANN), handled(1, subject=TITLE))
    assert obeyed(output(folder, "message", f"{1:016x}")) == set()
