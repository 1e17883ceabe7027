"""Links for SMS, push and chat: made by command and by HTTP, followed, and found in reports."""

import contextlib
import http.client
import json
import re
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.checks.losses import delete, empty
from tests.support.clients.programs import waypost
from tests.support.readers.links import Links
from tests.support.waiting import until

URL = "https://www.example.com/sale?a=%7E&b=2#top"


def command(links: Links, *arguments: str) -> str:
    """Run a `waypost` command; gives what it printed."""
    done = waypost(arguments[0], "-c", links.stack.config, *arguments[1:])
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def posted(links: Links, **fields: object) -> Any:
    """Ask for a link by HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", links.stack.admin, timeout=60)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/links", json.dumps({"url": URL} | fields), headers)
        answer = connection.getresponse()
        assert answer.status == 201
        return json.loads(answer.read())


def leads(links: Links, url: str) -> str | None:
    """Follow a link; gives its destination."""
    return links.ask(urlsplit(url).path).location


def leads_within_seconds(links: Links, url: str) -> str | None:
    """Follow a link that another process has just made."""
    found = None

    def is_led() -> bool:
        nonlocal found
        found = leads(links, url)
        return found is not None

    until(is_led)
    return found


def test_reports_know_campaign_person_and_name(running: Links) -> None:
    """A link counts like a message with one link, whoever made it."""
    personal = command(running, "link", URL, "--campaign", "sms", "--person", "7", "--group", "go")
    shared = posted(running, campaign="sms")["url"]
    for url in (personal, shared, shared):
        assert leads(running, url) == URL
    report = running.stack.report()
    (campaign,) = report["campaigns"]
    assert campaign["campaign"] == "sms"
    assert (campaign["messages"], campaign["deliveries"]) == (2, 1)
    assert campaign["shared"] == {"messages": 1, "recipients": 0, "clicks": 2}
    assert campaign["clicks"]["human"] == 3
    assert campaign["unique_clickers"]["human"] == 1
    assert campaign["click_rate"] == 1.0
    assert {each["link"]: each["clicks"]["human"] for each in report["links"]} == {"go": 1, URL: 2}
    (clicker,) = json.loads(command(running, "clickers", "go", "--json"))
    assert "7" in clicker.values()


def test_a_sender_has_its_own_tracking_host(links: Links) -> None:
    """By command and by HTTP, and reports are told the domain; an unknown sender is refused."""
    own = f"http://127.0.0.1:{links.stack.http}/go"
    text = links.stack.config.read_text()
    links.stack.config.write_text(text.replace("[[sender]]\n", f'[[sender]]\nbase_url = "{own}"\n'))
    with links.stack.serving("tracker"):
        printed = command(links, "link", URL, "--sender", "example.com")
        made = posted(links, sender="Example.COM", short=True)["url"]
        assert printed.startswith(f"{own}/c/")
        assert made.startswith(f"{own}/s/")
        assert (leads(links, printed), leads(links, made)) == (URL, URL)
        assert links.stack.report()["totals"]["messages"] == 2
    refused = waypost("link", "-c", links.stack.config, URL, "--sender", "example.edu")
    assert (refused.returncode, refused.stderr) == (
        1, b'Error: --sender: "example.edu" is not a [[sender]]; configured: example.com\n',
    )  # fmt: skip
    with contextlib.closing(sqlite3.connect(links.stack.database)) as db:
        assert db.execute(
            "SELECT DISTINCT name FROM messages JOIN domains ON domains.id = domain_id"
        ).fetchall() == [("example.com",)]


def test_short_links_work_within_seconds_and_count(running: Links) -> None:
    """At once where they were made by the tracker, soon where by a command."""
    made, printed = posted(running, short=True)["url"], command(running, "link", URL, "--short")
    assert leads(running, made) == URL
    assert leads_within_seconds(running, printed) == URL
    assert all(len(url.rpartition("/s/")[2]) == 7 for url in (made, printed))
    assert running.stack.report()["totals"]["clicks"]["human"] == 2


def test_short_links_do_without_the_database(links: Links) -> None:
    """P8: with the store gone they live on their own file, and without that on memory."""
    with links.stack.serving("tracker"):
        url = posted(links, short=True)["url"]
    for file in links.stack.folder.glob("waypost.db*"):
        if file.is_file() and file.suffix != ".shortlinks":
            file.unlink()
    links.stack.database.write_text("not a database")
    with links.stack.serving("tracker"):
        assert leads(links, url) == URL
        (links.stack.folder / "waypost.db.shortlinks").unlink()
        time.sleep(1.5)
        assert leads(links, url) == URL


def metric(links: Links, name: str) -> float:
    """Return a gauge of short links, of the process that answers them, as Prometheus sees it."""
    url = f"http://127.0.0.1:{links.stack.admin}/metrics"
    with urllib.request.urlopen(url, timeout=60) as answered:
        text = answered.read().decode()
    found = re.findall(
        rf'^waypost_short_links_{name}{{process="([\w-]+)"}} (\S+)$', text, re.MULTILINE
    )
    (value,) = (float(value) for process, value in found if process != "feed")
    return value


def tear(file: Path) -> None:
    """Cut it in the middle of its first token."""
    file.write_bytes(file.read_bytes()[:60])


def replace(file: Path) -> None:
    """Put another into its place."""
    file.unlink()
    file.write_bytes(b"something else\n")


@pytest.mark.parametrize("lose", [delete, empty, tear, replace], ids=lambda lose: lose.__name__)
def test_short_links_outlive_their_file(links: Links, lose: Callable[[Path], None]) -> None:
    """Lost while the tracker runs: those from before and after lead on, also after a restart."""
    file = links.stack.folder / "waypost.db.shortlinks"
    with links.stack.serving("tracker"):
        urls = [posted(links, short=True)["url"], command(links, "link", URL, "--short")]
        assert leads_within_seconds(links, urls[1]) == URL
        until(lambda: copy_of(file).exists() and copy_of(file).read_bytes().count(b"\n") == 2)
        lose(file)
        links.stack.wait_for_log("short_links_lost")
        assert [leads(links, url) for url in urls] == [URL] * 2
        urls += [posted(links, short=True)["url"], command(links, "link", URL, "--short")]
        assert leads_within_seconds(links, urls[3]) == URL
        assert metric(links, "lost") == 2
        decoded = command(links, "decode", urls[0], "--json")
        assert json.loads(decoded)["destination"] == URL
    file.unlink()
    with links.stack.serving("tracker"):
        assert [leads(links, url) for url in urls] == [URL] * 4
        assert metric(links, "lost") == 4
        file.write_bytes(copy_of(file).read_bytes())
        links.stack.wait_for_log("short_links_found")
        assert metric(links, "lost") == 0


def copy_of(file: Path) -> Path:
    """Return the copy of a file."""
    return file.with_name(f"{file.name}.known")


NOWHERE = [
    "/", "//", "/c", "/c/", "/c/app", "/c/app/", "/s", "/s/", "/s/unknown", "/c/../robots.txt",
    "/index.html", "/favicon.ico", "/robots.txt/", "/healthz/", "/Robots.txt",
    "/.well-known/", "/.well-known/security.txt", "/.well-known/acme-challenge/x",
    "/.well-known/assetlinks.json/", "/.well-known/../healthz", "/resolve", "/resolve/",
    "/resolve?url=https://www.example.com/", "/metrics", "/api/v1/report", "/api/v1/links",
    "/api/v1/openapi.json", "/internal/ask", "/internal/ask?domain=127.0.0.1", "/docs",
    "/static/x", "/admin", "/c%2fx", "/%63/x", "/.env", "/.git/config", "/wp-login.php",
]  # fmt: skip


def test_the_public_listener_answers_these_paths_and_no_others(links: Links) -> None:
    """All of DESIGN §5, with everything configured; the rest gets one and the same 404."""
    for name in ("apple", "android"):
        (links.stack.folder / name).write_text(f'["{name}"]')
    text = links.stack.config.read_text()
    links.stack.config.write_text(
        f'{text}[[tracker.well_known]]\napple_app_site_association = "apple"\n'
        'assetlinks = "android"\n'
    )
    with links.stack.serving("tracker"):
        token = links.path(URL).removeprefix("/c/")
        short = urlsplit(posted(links, short=True)["url"]).path
        answers = {
            path: links.ask(path)
            for path in (
                f"/c/{token}", f"/c/app/{token}", short, f"/resolve?url=http://x/c/{token}",
                "/robots.txt", "/healthz", "/.well-known/apple-app-site-association",
                "/.well-known/assetlinks.json",
            )
        }  # fmt: skip
        statuses = [answer.status for answer in answers.values()]
        assert statuses == [302, 302, 302, 200, 200, 200, 200, 200]
        bodies = [answer.body for answer in answers.values()][3:]
        assert json.loads(bodies[0]) == {"url": URL}
        assert bodies[3:] == [b'["apple"]', b'["android"]']
        refused = [links.ask(path) for path in NOWHERE]
        alike = {
            (answer.status, answer.body, tuple(h for h in answer.headers if h[0] != "date"))
            for answer in refused
        }
        assert [status for status, _, _ in alike] == [404]


def test_a_short_link_is_decoded_and_withdrawn_like_any(running: Links) -> None:
    """By the link itself, as somebody holds it."""
    made = posted(running, short=True)
    facts = json.loads(command(running, "decode", made["url"], "--json"))
    assert (facts["destination"], facts["message_id"]) == (URL, made["message_id"])
    done = waypost("revoke", "message", "-c", running.stack.config, made["url"])
    assert done.returncode == 0, done.stderr.decode()
    until(lambda: running.ask(urlsplit(made["url"]).path).status == 410)
