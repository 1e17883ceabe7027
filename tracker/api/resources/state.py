"""The API about the state: what waits to be counted, the store, webhooks, the stream, versions.

Owns: this operation.
Does not own: how the store is (`tracker.reports.state`), what waits (`tracker.ingest.catch_up`), or how
webhooks (`tracker.outbox.standing`) and the stream (`tracker.stream.standing`) stand.
"""

import platform
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from pydantic import BaseModel
from starlette.responses import Response

from config.schema import Config
from tracker.access.access import Scope
from tracker.api.current import COUNTED, NOT_COUNTED, NOT_COUNTED_WHY, current
from tracker.api.models import Moment
from tracker.api.operations import Json, Operation
from tracker.outbox import standing
from tracker.reports.clicks import moment
from tracker.reports.state import State as Found
from tracker.reports.state import state
from tracker.stream.standing import standing as stream_standing


class NotCounted(BaseModel):
    """What figures lack now: octets of the spool, and why, in words (null: nothing)."""

    octets: int
    why: str | None


class Store(BaseModel):
    """Octets on disk, what was ever counted, and when what is kept was sent."""

    octets: int
    messages: int
    deliveries: int
    clicks: int
    oldest_message: Moment | None
    latest_message: Moment | None
    purged_before: Moment | None


class Webhook(BaseModel):
    """How a webhook stands, as `waypost webhook list` says, less what its receiver answered."""

    name: str
    state: Literal["working", "failing", "stopped", "removed"]
    waiting: int
    given_up: int
    sent: int
    sent_at: Moment | None
    failed_at: Moment | None
    next_at: Moment | None


class Stream(BaseModel):
    """How the stream stands: octets of the spool that are counted and wait, and events that were taken."""

    state: Literal["working", "failing", "stopped"]
    waiting_octets: int
    events: int
    sent_at: Moment | None
    error: str
    failing_since: Moment | None


class Versions(BaseModel):
    """Of what is at work; `postgresql` is null where the store is a file of SQLite."""

    waypost: str
    tables: str
    sqlite: str
    postgresql: str | None
    python: str


class State(BaseModel):
    """How Waypost is."""

    not_counted: NotCounted
    store: Store
    webhooks: list[Webhook]
    stream: Stream | None
    versions: Versions


@dataclass(frozen=True, slots=True)
class States:
    """The operation; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the API does here."""
        return (
            Operation(
                "GET", "/state", self.state, State, "The state", (Scope.FIGURES,), also=COUNTED
            ),
        )

    def state(self, response: Response) -> Json:
        """Tell what waits to be counted, how the store is, how webhooks and the stream stand, and versions."""
        config = self.config()
        with current(config, response) as db:
            found = state(db, config.store.path)
            webhooks = standing.webhooks(db, config)
            stream = stream_standing(db, config)
        return {
            "not_counted": {
                "octets": int(response.headers.get(NOT_COUNTED, "0")),
                "why": response.headers.get(NOT_COUNTED_WHY),
            },
            "store": _store(found),
            "webhooks": webhooks,
            "stream": stream,
            "versions": {
                "waypost": metadata.version("waypost"),
                "tables": found.step,
                "sqlite": sqlite3.sqlite_version,
                "postgresql": found.version if found.engine == "postgresql" else None,
                "python": platform.python_version(),
            },
        }


def _store(found: Found) -> Json:
    return {
        "octets": found.octets,
        "messages": found.messages,
        "deliveries": found.deliveries,
        "clicks": found.clicks,
        "oldest_message": _moment(found.oldest_s),
        "latest_message": _moment(found.latest_s),
        "purged_before": _moment(found.purged_before_s or None),
    }


def _moment(at_s: float | None) -> str | None:
    return None if at_s is None else moment(at_s)
