"""The state over HTTP."""

from importlib import metadata

import pytest

from config.schema import Config, StreamConfig, WebhookConfig
from tests.support.clients.admin import Client
from tests.support.engines import engine, gives_back, store_table
from tests.support.feeding import spool_message
from tracker.admin.admin import Admin
from tracker.spool.stream_offset import StreamOffset

__all__ = ["engine", "gives_back", "store_table"]


async def test_what_is_there_is_told(client: Client, config: Config) -> None:
    """What was counted, when it was sent, and versions."""
    empty = (await client.ask("/api/v1/state")).json
    assert (empty["store"]["messages"], empty["store"]["oldest_message"]) == (0, None)
    spool_message(config, "sale", 1, at_s=1_790_000_000)
    told = (await client.ask("/api/v1/state")).json
    assert told["store"]["messages"] == 1
    assert told["store"]["latest_message"] == "2026-09-21T14:13:20.000+00:00"
    assert told["not_counted"] == {"octets": 0, "why": None}
    assert told["versions"]["waypost"] == metadata.version("waypost")
    assert (told["webhooks"], told["stream"]) == ([], None)


async def test_what_waits_to_be_counted_is_told(
    client: Client, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much, and why."""
    spool_message(config, "sale", 1)
    monkeypatch.setattr("tracker.api.current.BRIEF_S", 0.1)
    monkeypatch.setattr("tracker.ingest.catch_up.Ingester.drain", lambda _self: False)
    waiting = (await client.ask("/api/v1/state")).json["not_counted"]
    assert waiting["octets"] > 0
    assert "another process" in waiting["why"]


async def test_webhooks_stand_with_their_names_alone(client: Client, admin: Admin) -> None:
    """Whatever receivers answered is not told to whoever may see figures."""
    hook = WebhookConfig.model_validate(
        {"url": "https://example.com/hook", "secret_file": "hook.secret"}
    )
    admin.config = admin.config.model_copy(update={"webhook": (hook,)})
    (told,) = (await client.ask("/api/v1/state")).json["webhooks"]
    assert (told["state"], told["waiting"]) == ("working", 0)
    assert "error" not in told


async def test_the_stream_stands_with_what_waits(
    client: Client, admin: Admin, config: Config
) -> None:
    """And why."""
    admin.config = config.model_copy(update={"stream": StreamConfig(url="https://a.example/")})
    config.store.spool_dir.mkdir(exist_ok=True)
    StreamOffset(events=7, failing="answered 500", failing_since_s=1_790_000_000.0).save(
        config.store.spool_dir
    )
    told = (await client.ask("/api/v1/state")).json["stream"]
    assert told == {
        "state": "failing",
        "waiting_octets": 0,
        "events": 7,
        "sent_at": None,
        "error": "answered 500",
        "failing_since": "2026-09-21T14:13:20.000+00:00",
    }
