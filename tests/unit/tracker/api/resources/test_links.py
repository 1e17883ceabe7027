"""Links over HTTP: listed, and made."""

import json

import pytest

from config.schema import Config
from tests.support.clients.admin import JSON, KEYRING, Client, serving
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.admin.admin import Admin
from tracker.ingest.catch_up import catch_up
from tracker.nodes.sharing import hear_nothing
from tracker.reports import summary
from tracker.reports.figures import Figures
from tracker.store import database
from tracker.tokens import read

__all__ = ["engine", "gives_back", "store_table"]


async def test_a_link_is_made(client: Client, config: Config) -> None:
    """JSON in, JSON out: the link, where it leads, and what revokes it."""
    if config.store.engine == "postgresql":
        hear_nothing(config)  # nobody has said anything on another node
    asked = {"url": "https://example.com/?a=1", "person": "42", "campaign": "sms"}
    answer = await client.ask(
        "/api/v1/links", "POST", json.dumps(asked).encode(), content_type=f"{JSON}; charset=utf-8"
    )
    assert answer.status == 201, answer.body
    base, _, token = answer.json["url"].rpartition("/c/")
    assert base == "https://click.example.com"
    link = read(KEYRING, token)
    assert (link.destination, link.recipient) == (asked["url"], 1)
    assert answer.json == {
        "url": answer.json["url"],
        "destination": asked["url"],
        "tracked": True,
        "message_id": link.message_id.hex(),
    }


async def test_a_short_link_that_was_not_made_is_in_no_figure(
    client: Client, config: Config
) -> None:
    """Nor is there anything that nobody knows of."""
    config.store.path.with_name("codes.shortlinks").mkdir()
    asked = {"url": "https://example.com/", "short": True, "campaign": "sms"}
    answer = await client.ask(
        "/api/v1/links", "POST", json.dumps(asked).encode(), content_type=JSON
    )
    assert answer.status == 503
    assert catch_up(config).octets == 0
    with database.reading(config.store) as db:
        assert summary.report(db).totals == Figures()
        assert db.execute("SELECT 1 FROM messages WHERE unknown = 1").fetchone() is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{}", {"url"}),
        (b'{"url": "ftp://example.com/"}', {"url"}),
        (b'{"url": "https://example.com/", "prson": "1"}', {"prson"}),
        (b'{"url": "https://example.com/", "short": "yes", "group": ""}', {"short", "group"}),
        (b'{"url": "https://example.com/%s"}' % (b"x" * 1300), {"url"}),
        (b'{"url": "https://example.com/", "sender": "example.edu"}', {"sender"}),
        (b"[]", {"body"}),
        (b"{", {"body"}),
        (b"\xff", {"body"}),
        (b"", {"body"}),
    ],
)
async def test_a_request_that_makes_no_sense_names_its_fields(
    client: Client, body: bytes, fields: set[str]
) -> None:
    """400, and what is wrong with which field."""
    answer = await client.ask("/api/v1/links", "POST", body, content_type=JSON)
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} == fields


async def test_no_link_is_given_that_reports_would_not_know(config: Config, admin: Admin) -> None:
    """While the spool cannot be written, 503 says so."""
    config.store.spool_dir.write_text("in the way")
    body = b'{"url": "https://example.com/"}'
    async with serving(admin.app) as client:
        answer = await client.ask("/api/v1/links", "POST", body, content_type=JSON)
    assert (answer.status, list(answer.json)) == (503, ["error"])


async def test_links_are_listed_with_their_campaigns(client: Client, config: Config) -> None:
    """All of them, or those of a campaign; each has a number."""
    for number, campaign in enumerate(("a", "a", "b", "b"), 1):
        spool_message(config, campaign, number)
    (link,) = (await client.ask("/api/v1/links")).json["data"]
    assert (link["link"], link["text"]) == ("https://example.com/", "<b>text</b>")
    told = (await client.ask(f"/api/v1/links/{link['id']}")).json
    numbers = {each["campaign"]: each["id"] for each in told["campaigns"]}
    assert set(numbers) == {"a", "b"}
    of_b = numbers["b"]
    assert (await client.ask(f"/api/v1/links?campaign={of_b}")).json["data"] == [link]
    unknown = await client.ask("/api/v1/links?campaign=999")
    assert (unknown.status, unknown.json["problems"][0]["field"]) == (400, "campaign")
    assert (await client.ask("/api/v1/links/999")).status == 404
