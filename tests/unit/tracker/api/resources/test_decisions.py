"""Links withdrawn and repaired over HTTP."""

import json
from typing import Any

import pytest

from config.schema import Config
from tests.support.clients.admin import JSON, Answer, Client
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Overrides

__all__ = ["engine", "gives_back", "store_table"]

OLD, NEW = "https://example.com/", "https://example.com/new"


async def post(client: Client, noun: str, **body: Any) -> Answer:
    """Ask for a decision."""
    return await client.ask(f"/api/v1/{noun}", "POST", json.dumps(body).encode(), content_type=JSON)


def in_force(config: Config) -> Overrides:
    """Return what is in force."""
    return Overrides.of(DECISIONS.merged(config.store.file).records)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("message", "00000000000000AB", "00000000000000ab"),
        ("host", "EXAMPLE.com", "example.com"),
        ("campaign", "sale", "sale"),
    ],
)
async def test_links_are_withdrawn_and_restored(
    client: Client, config: Config, kind: str, value: str, kept: str
) -> None:
    """As by the command; of a campaign, those of its messages up to now."""
    spool_message(config, "sale", 1)
    answer = await post(client, "revocations", kind=kind, value=value)
    assert answer.status == 201, answer.body
    assert answer.json["messages"] == (1 if kind == "campaign" else 0)
    assert (answer.json["action"], answer.json["value"]) == ("revoke", kept)
    assert in_force(config).holds(kind, kept)
    back = await post(client, "revocations", kind=kind, value=value, undo=True)
    assert (back.status, back.json["action"]) == (201, "restore")
    assert not in_force(config).holds(kind, kept)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "host", "value": "*.example.com"}, "value"),
        ({"kind": "host", "value": "example.com", "undo": True}, "value"),
        ({"kind": "message", "value": "no link"}, "value"),
        ({"kind": "campaign", "value": "nothing is called so"}, "value"),
        ({"kind": "destination", "value": OLD}, "kind"),
        ({"kind": "host"}, "value"),
        ({"kind": "host", "value": "example.com", "force": True}, "force"),
    ],
)
async def test_a_withdrawal_that_makes_no_sense_is_refused(
    client: Client, config: Config, body: dict[str, Any], field: str
) -> None:
    """By its field, and nothing is written down."""
    answer = await post(client, "revocations", **body)
    assert (answer.status, [each["field"] for each in answer.json["problems"]]) == (400, [field])
    assert not DECISIONS.merged(config.store.file).records


async def test_links_are_led_elsewhere_and_back(client: Client, config: Config) -> None:
    """And whether such a link is known is told."""
    for number in (1, 2):
        spool_message(config, "sale", number)
    answer = await post(client, "redirects", old=OLD, new=NEW)
    assert (answer.status, answer.json["new"], answer.json["known"]) == (201, NEW, True)
    assert in_force(config).destinations == {OLD: NEW}
    circle = await post(client, "redirects", old=NEW, new=OLD)
    assert (circle.status, circle.json["problems"][0]["field"]) == (400, "new")
    back = await post(client, "redirects", old=OLD, undo=True)
    assert (back.status, back.json["action"], back.json["new"]) == (201, "restore", None)
    assert in_force(config).destinations == {}


@pytest.mark.parametrize(
    "body", [{"old": OLD}, {"old": OLD, "new": NEW, "undo": True}, {"old": "x", "new": NEW}]
)
async def test_a_repair_that_makes_no_sense_is_refused(client: Client, body: Any) -> None:
    """400."""
    assert (await post(client, "redirects", **body)).status == 400


@IN_A_FILE
async def test_links_are_led_elsewhere_while_the_store_is_lost(
    client: Client, config: Config
) -> None:
    """It is when nothing else works that links must be mended."""
    config.store.path.write_bytes(b"no database " * 100)
    answer = await post(client, "redirects", old=OLD, new=NEW)
    assert (answer.status, answer.json["known"]) == (201, None)
    assert in_force(config).destinations == {OLD: NEW}
