"""The page of the state: what waits to be counted, the store, keys and certificates, versions.

Owns: what it shows.
Does not own: how the store is (`tracker.reports.state`), what waits (`tracker.ingest.catch_up`), how webhooks
stand (`tracker.outbox.standing`), how the stream does (`tracker.stream.standing`), or what it looks like (`templates/state.html`).
"""

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from cryptography import x509
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.keys.secret_files import KeyFileError, read_public
from config.keys.token_keys import TokenKey, read_token_keys
from config.schema import Config
from tracker.outbox import standing
from tracker.pages.query import View
from tracker.pages.reading import asking
from tracker.pages.rendering import numbers
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.reports.figures import Json
from tracker.reports.state import State, state
from tracker.stream.standing import standing as stream_standing

_UNITS = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
DAY_S = 86400
SOON_DAYS = 14
"""A certificate that ends within so many days is warned of."""

Fact = tuple[str, str]


class StateView(View):
    """Nothing may be asked of it."""


@dataclass(frozen=True, slots=True)
class StatePage:
    """The page; `config` is called for each request."""

    config: Callable[[], Config]

    @property
    def routes(self) -> list[Route]:
        """Where it is."""
        return [page("/state", self._show)]

    def _show(self, request: Request) -> Response:
        StateView.of(request)
        config = self.config()
        with asking(config) as store:
            now = state(store.db, config.store.path)
            webhooks = standing.webhooks(store.db, config)
            stream = stream_standing(store.db, config)
        return render(
            request,
            "state.html",
            not_counted=(),
            waiting=store.not_counted,
            webhooks=[_webhook(each) for each in webhooks],
            stream=list(_stream(stream)) if stream else [],
            last_click=numbers.moment(now.last_click_s) if now.last_click_s else None,
            store=list(_store(config, now)),
            keys=list(_keys(config)),
            certificate=list(_certificate(config)),
            versions=_versions(now),
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a webhook stands, as a row has it; moments are in words."""

    name: str
    state: str
    waiting: str
    given_up: str
    sent: str
    sent_at: str
    error: str
    failed_at: str
    next_at: str


def _webhook(row: Json) -> Webhook:
    moments = {name: _moment(row[name]) for name in ("sent_at", "failed_at", "next_at")}
    counts = {name: _counted(row[name]) for name in ("waiting", "given_up", "sent")}
    return Webhook(
        name=row["name"], state=row["state"], error=row["error"] or "", **moments, **counts
    )


def _stream(row: Json) -> Iterator[Fact]:
    """Yield how the stream stands; what is quoted of its failure is our own words."""
    state, since = row["state"], _moment(row["failing_since"])
    why = f", since {since}: {row['error']}" if row["error"] else ""
    yield "State", f"{state}{why}"
    yield "Counted, and not taken yet", size(row["waiting_octets"])
    yield "Events taken", numbers.number(row["events"])
    yield "Last taken", _moment(row["sent_at"]) or "never"


def _moment(text: str | None) -> str:
    return f"{numbers.when(text)} UTC" if text else ""


def _counted(count: int) -> str:
    more = " or more" if count == standing.COUNTED else ""
    return f"{numbers.number(count)}{more}"


def size(octets: int) -> str:
    """Return a size in the unit that people would use."""
    for unit, name in _UNITS:
        if octets >= unit:
            return f"{octets / unit:.1f} {name}"
    return f"{octets} octets"


def _store(config: Config, now: State) -> Iterator[Fact]:
    yield "On disk", size(now.octets)
    yield "Messages counted", numbers.number(now.messages)
    yield "Deliveries counted", numbers.number(now.deliveries)
    yield "Clicks counted", f"{numbers.number(now.clicks)}, machines included"
    if now.oldest_s is not None and now.latest_s is not None:
        yield "Oldest message kept", numbers.moment(now.oldest_s)
        yield "Latest message", numbers.moment(now.latest_s)
    if now.purged_before_s:
        yield "Purged", f"what was sent before {numbers.moment(now.purged_before_s)}; figures stay"
    yield "Messages and clicks are kept", _days(config.privacy.retention)
    yield "What became of messages is kept", _days(config.privacy.details)


def _days(duration_s: float) -> str:
    return f"for {numbers.plural(int(duration_s // DAY_S), 'day')}"


def _keys(config: Config) -> Iterator[Fact]:
    """Yield what is known of the keys of links, but no secret."""
    path = config.keys.file
    if path is None:
        return
    try:
        keys = read_token_keys(path)
    except KeyFileError as error:
        yield "Key file", f"cannot be read now: {error}"
        return
    for key in keys:
        yield f"Key {key.id}", _told(key, newest=key is keys[-1])


def _told(key: TokenKey, *, newest: bool) -> str:
    made = f"of {numbers.day(key.created)}"
    if key.revoked:
        return f"{made}, revoked: its links lead nowhere"
    return f"{made}, new links have it" if newest else f"{made}, for links in earlier mail"


def _certificate(config: Config) -> Iterator[Fact]:
    """Yield until when the certificate of the readers' listener holds, where it has one."""
    path = config.tracker.tls_cert
    if path is None:
        return
    try:
        found = x509.load_pem_x509_certificate(read_public(path))
    except (KeyFileError, ValueError) as error:
        yield "Certificate", f"cannot be read now: {error}"
        return
    ends = found.not_valid_after_utc
    left = (ends - datetime.now(UTC)).days
    warning = f", in {numbers.plural(left, 'day')}" if 0 <= left < SOON_DAYS else ""
    ended = "ended" if left < 0 else "holds until"
    yield "Certificate", f"{ended} {numbers.moment(ends.timestamp())}{warning}"


def _versions(now: State) -> list[Fact]:
    return [
        ("Waypost", metadata.version("waypost")),
        ("Tables of the store", now.step),
        ("SQLite" if now.engine == "sqlite" else "PostgreSQL", now.version),
        ("Python", platform.python_version()),
    ]
