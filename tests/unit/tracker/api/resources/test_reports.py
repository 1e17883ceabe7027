"""The report over HTTP: the command's, and what it lacks."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from config.schema import Config
from tests.support.clients.admin import Client
from tests.support.engines import IN_A_FILE, engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.cli.reports.report import report

__all__ = ["engine", "gives_back", "store_table"]


async def test_the_report_is_that_of_the_command(
    client: Client, config: Config, store_table: dict[str, str]
) -> None:
    """The same JSON as `waypost report --json`, with what the spool holds."""
    spool_message(config, "sale", 1)
    spool_message(config, "news", 2)
    answer = await client.ask("/api/v1/report")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["totals"]["messages"] == 2
    file = config.store.path.with_name("waypost.toml")
    lines = (f'{name} = "{value}"\n' for name, value in store_table.items())
    file.write_text(f"[store]\n{''.join(lines)}")
    said = await asyncio.to_thread(
        CliRunner().invoke, report, ["-c", str(file), "--json"], catch_exceptions=False
    )
    assert json.loads(said.stdout) == answer.json


async def test_a_report_can_be_of_a_campaign_or_since_a_day(client: Client, config: Config) -> None:
    """The questions of the command, as a query."""
    spool_message(config, "sale", 1)
    one = (await client.ask("/api/v1/report?campaign=sale")).json
    assert [each["campaign"] for each in one["campaigns"]] == ["sale"]
    for since in ("2100-01-01", "2100-01-01T00:00:00%2B02:00"):
        none = (await client.ask(f"/api/v1/report?since={since}")).json
        assert none["totals"]["messages"] == 0


async def test_a_report_can_end_before_a_day(client: Client, config: Config) -> None:
    """Which is not of the period itself; a moment is of its day, and in UTC without a time zone."""
    for number, at_s in enumerate((1_790_000_000.0, 1_790_086_400.0), 1):
        spool_message(config, "sale", number, at_s=at_s)
    for until, messages in (
        ("2026-09-21", 0),
        ("2026-09-22T14:13:20", 1),
        ("2026-09-23T01:00:00%2B02:00", 1),
        ("2026-09-23T02:00:00%2B02:00", 2),
    ):
        answer = await client.ask(f"/api/v1/report?until={until}")
        assert answer.json["totals"]["messages"] == messages
    both = await client.ask("/api/v1/report?since=2026-09-22&until=2026-09-23")
    assert both.json["totals"]["messages"] == 1


async def test_what_cannot_be_counted_yet_is_said(
    client: Client, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store takes nothing, the report is answered, and its header says what it lacks."""
    spool_message(config, "sale", 1)
    await client.ask("/api/v1/report")
    spool_message(config, "sale", 2)
    monkeypatch.setattr("tracker.api.current.BRIEF_S", 0.1)
    monkeypatch.setattr("tracker.ingest.catch_up.Ingester.drain", lambda _self: False)
    answer = await client.ask("/api/v1/report")
    assert answer.json["totals"]["messages"] == 1
    octets = int(answer.headers["waypost-not-counted-octets"])
    assert answer.headers["waypost-not-counted"] == (
        f"Not counted yet: {octets} octets of the spool (another process is feeding the store)"
    )
    assert octets > 0


@IN_A_FILE
async def test_what_is_not_counted_is_named_in_a_header_that_can_be_sent(
    client: Client, config: Config
) -> None:
    """Whatever a path holds."""
    spool_message(config, "sale", 1)
    await client.ask("/api/v1/report")
    config.store.path.with_name("waypost.db.emptied-\n\u201320261128T000000.000000Z").touch()
    answer = await client.ask("/api/v1/report")
    assert "waypost.db.emptied- \\u201320261128" in answer.headers["waypost-not-counted"]
    assert "waypost-not-counted-octets" not in answer.headers
