"""A reader asks to be forgotten, while Waypost is at work; through real sockets."""

import http.client
import json
import re
import smtplib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.clients.programs import waypost
from tests.support.mail import HEAD, html_message, link
from tests.support.readers.readers import BROWSER
from tests.support.stack import Mailbox, Stack
from tracker.store import database

TRACKING = """\
[tracking.identify]
param = "wp_id"
hosts = ["shop.example.net"]
"""
HTML = link("https://shop.example.net/a") + link("https://www.example.net/?to=ann%40example.org")
TRACKED = re.compile(rb'href="(http://127\.0\.0\.1:\d+/c/[\w-]+)"')
TRACES = (b"ann@example.org", b"Ann@example.org", b"ann%40example.org")


@pytest.fixture
def telling(tmp_path: Path, mailbox: Mailbox) -> Stack:
    """Furnish a Waypost that tells a shop who comes."""
    stack = Stack(folder=tmp_path / "waypost", relay=mailbox.port)
    return stack.furnish(proxy='copies = "per-recipient"', tracking=TRACKING)


def followed(content: bytes, user_agent: str = "", **headers: str) -> list[str]:
    """Click every tracked link; gives where they lead."""
    found = []
    for url in TRACKED.findall(content):
        parts = urlsplit(url.decode())
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request(
            "GET", parts.path, headers=BROWSER | {"User-Agent": user_agent} | headers
        )
        found.append(connection.getresponse().getheader("Location") or "")
        connection.close()
    return found


def forgotten(stack: Stack) -> dict[str, int]:
    """Forget Ann."""
    done = waypost("forget", "-c", stack.config, "--json", "Ann@Example.org")
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def test_nobody_is_a_usage_error(telling: Stack):
    """A script whose variable is empty must not take somebody for forgotten."""
    done = waypost("forget", "-c", telling.config, "")
    assert (done.returncode, b"ADDRESS is empty" in done.stderr) == (2, True)


def test_a_reader_is_forgotten_and_their_links_live(telling: Stack, mailbox: Mailbox):
    """No file of ours tells of her; the links in her mail lead on, and count as nobody's."""
    with telling.serving():
        with smtplib.SMTP("127.0.0.1", telling.smtp, timeout=60) as client:
            readers = ["ann@example.org", "bob@example.org"]
            client.sendmail("bounces@example.com", readers, html_message(HTML))
        waypost("consent", "-c", telling.config, "ann@example.org", "anonymous")
        copies = mailbox.wait_for(2)
        places = [followed(content) for content in copies]
        before = telling.report()["totals"]
        done = forgotten(telling)
        assert {name: done[name] for name in ("persons", "deliveries", "clicks", "consents")} == {
            "persons": 1,
            "deliveries": 1,
            "clicks": 2,
            "consents": 1,
        }
        assert done["spool_records"] >= 2
        assert telling.report()["totals"] == before
        assert [followed(content) for content in copies] == places
        after = telling.report()["totals"]
        assert after["clicks"]["all"] == before["clicks"]["all"] + 4
        assert after["unique_clickers"] == before["unique_clickers"]
        again = forgotten(telling)
        assert (again["persons"], again["deliveries"], again["consents"]) == (0, 0, 0)
        asked = waypost("activity", "-c", telling.config, "--json", "ann@example.org")
        assert (asked.returncode, asked.stdout) == (1, b"")
        kept = waypost("consent", "-c", telling.config, "ann@example.org").stdout
        assert kept == b"ann@example.org: anonymous\n"
    assert not files_with(telling, *TRACES)
    assert b"bob@example.org" in telling.database.read_bytes()


def files_with(stack: Stack, *traces: bytes) -> list[Path]:
    """Return the files beside the store, and the store's own, in whose octets any of these stands."""
    files = [
        each
        for file in stack.folder.glob("waypost.db*")
        for each in (file.rglob("*") if file.is_dir() else [file])
    ]
    return [
        file for file in files if file.is_file() and any(t in file.read_bytes() for t in traces)
    ]


JANE = "jane.doe@example.net"
JANES_TRACES = (JANE.encode(), b"jane.doe%40example.net", b"pers-4711x", b"Jane's browser")
JANES_MAIL = html_message(
    link("https://www.example.com/own?id=pers-4711x", text=f"Offer for {JANE}")
    + link("https://www.example.com/of/pers-4711x/basket", 'data-link-group="basket"')
    + link("https://www.example.com/to/pers-4711x", text="pers-4711x"),
    f"Subject: Hello {JANE}",
    "X-Track-Person: pers-4711x",
    head=HEAD.replace("Subject: Spring\r\n", ""),
)


def send(stack: Stack, content: bytes, *to: str) -> None:
    """Hand in a message."""
    with smtplib.SMTP("127.0.0.1", stack.smtp, timeout=60) as client:
        client.sendmail("bounces@example.com", to, content)


def test_nothing_names_somebody_whose_mail_was_full_of_them(telling: Stack, mailbox: Mailbox):
    """Campaign, anchor, URLs, records that were damaged or under way: no octet of any file does."""
    spool = telling.folder / "waypost.db.spool"
    with telling.serving():
        for content in (JANES_MAIL, JANES_MAIL.replace(b"<1@", b"<2@")):
            send(telling, content, JANE)
        send(telling, html_message(HTML), "bob@example.org")
        copies = mailbox.wait_for(3)
        browsers = ("Jane's browser", "Jane's browser", "Bob's")
        places = list(map(followed, copies, browsers))
        waypost("consent", "-c", telling.config, "pers-4711x", "anonymous")
        mailbox.later.add("cay@example.org")
        with pytest.raises(smtplib.SMTPDataError):
            send(telling, html_message(HTML, "X-Track-Person: x"), JANE, "cay@example.org")
        damaged = spool / "proxy-1700000000-1-0123456789abcdef.log"
        damaged.write_bytes(
            b'00000000 {"kind":"pending","person":"pers-4711x","x":"%b"}\n' % JANES_TRACES[0]
        )
        before = telling.report()
        telling_files = {file.name for file in files_with(telling, *JANES_TRACES[:3])}
        assert telling_files >= {"waypost.db.consents", damaged.name}
        # The report counts by itself where the service does not yet, and leaves no log behind.
        assert telling_files & {"waypost.db", "waypost.db-wal"}
        done = waypost("forget", "-c", telling.config, "--json", JANE)
        assert (done.returncode, json.loads(done.stdout)["campaigns"]) == (0, 1), done.stderr
        assert not files_with(telling, *JANES_TRACES)
        after = telling.report()
        assert after["totals"] == before["totals"]
        assert sums(after, "campaign") == sums(before, "campaign")
        assert {each["campaign"] for each in after["campaigns"]} == {"Hello erased", "Spring"}
        assert list(map(followed, copies, browsers)) == places
        later = telling.report()["totals"]["clicks"]["all"]
        assert later == before["totals"]["clicks"]["all"] + sum(map(len, places))
        assert not files_with(telling, *JANES_TRACES)
    kept = waypost("consent", "-c", telling.config, "pers-4711x").stdout
    assert kept == b"pers-4711x: anonymous\n"


LESS_KEPT = """
[privacy]
ip = "none"
user_agent = "family"
heed_gpc = true
"""


def told_apart_by(stack: Stack) -> list[bytes]:
    """Return the octets, and their digits, by which visitors are compared who are not kept."""
    with database.reading(stack.database) as db:
        rows = db.execute("SELECT network, agent FROM pseudonyms").fetchall()
    octets = [each for row in rows for each in row]
    return [*octets, *(each.hex().encode() for each in octets)]


def test_nothing_is_left_of_somebody_of_whom_less_is_kept(telling: Stack, mailbox: Mailbox):
    """No pseudonym of network or agent, in store or spool; who asked not to be tracked left none."""
    telling.config.write_text(telling.config.read_text() + LESS_KEPT)
    with telling.serving():
        send(telling, JANES_MAIL, JANE)
        send(telling, html_message(HTML), "bob@example.org")
        janes, bobs = mailbox.wait_for(2)
        clicked = len(followed(janes, "Jane's browser"))
        before = telling.report()
        theirs = told_apart_by(telling)
        assert len(theirs) == 4 * clicked
        assert files_with(telling, *theirs)
        browser = {"User-Agent": "Bob's browser", "Sec-GPC": "1"}
        asking = len(followed(bobs, **browser))
        counted = telling.report()["totals"]
        assert counted["clicks"]["all"] == before["totals"]["clicks"]["all"] + asking
        assert counted["unique_clickers"] == before["totals"]["unique_clickers"]
        assert len(told_apart_by(telling)) == len(theirs)
        assert not files_with(telling, b"Bob's browser")
        done = waypost("forget", "-c", telling.config, "--json", JANE)
        assert done.returncode == 0, done.stderr
        assert told_apart_by(telling) == []
        assert not files_with(telling, *JANES_TRACES, *theirs)
        assert telling.report()["totals"] == counted


def sums(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the figures of a report's campaigns without what these are called."""
    return [{**each, name: None} for each in report[f"{name}s"]]
