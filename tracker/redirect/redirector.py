"""The redirector: a bare ASGI application that answers a tracked link with its destination.

Owns: the paths of readers and every answer given there: `/c/TOKEN`, `/c/app/TOKEN`, `/s/CODE`,
`/resolve`, `/robots.txt` and `/healthz`.
Does not own: tokens (`tokens`), codes (`tracker.minting.short_links`), what stands under `/.well-known/`
(`well_known`), which links were withdrawn or repaired (`tracker.decisions.overrides`), what a request says of its
client (`visitor`), keeping a click (`recorder`), or sockets and limits of HTTP (`listener`).

A token is taken as it stands in the request line: nothing is percent-decoded, no query read, no
stray character forgiven, and whatever is not a token of ours gets one and the same 404.
"""

import html
import json
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from config.addresses import Network
from config.schema import Config, IpPrivacy
from config.telemetry import observe
from tracker.decisions.overrides import Overrides
from tracker.events import Clicked, Opened
from tracker.minting import short_links
from tracker.redirect import visitor, well_known
from tracker.redirect.visitor import Request
from tracker.tokens import APP_PATH, PATH, PIXEL_NUMBER, BadToken, Keyring, Link, read
from tracker.urls.additions import NO_ADDITIONS, Additions

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Record = Callable[[Clicked | Opened], Coroutine[Any, Any, None]]
"""Keep a click or an open: returns when it is durable, or has waited long enough."""

ALLOWED_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response; its length is told to HEAD too."""

    status: int
    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def all_headers(self) -> list[tuple[bytes, bytes]]:
        """Give the headers of the response, those of its body included."""
        return [
            *self.headers,
            (b"content-type", self.content_type),
            (b"content-length", b"%d" % len(self.body)),
        ]


_TEXT = b"text/plain; charset=utf-8"
_HTML = b"text/html; charset=utf-8"
_JSON = b"application/json"
_GIF = b"image/gif"
_UNCACHED = ((b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex"))

NOT_FOUND = Answer(404, _TEXT, b"There is nothing here.\n", _UNCACHED)
METHOD_NOT_ALLOWED = Answer(
    405, _TEXT, b"Only GET and HEAD are served here.\n", ((b"allow", b"GET, HEAD"), *_UNCACHED)
)
ROBOTS = Answer(200, _TEXT, b"User-agent: *\nDisallow: /\n")
GONE = Answer(410, _TEXT, b"This link was withdrawn by its sender.\n", _UNCACHED)
HEALTHY = Answer(200, _TEXT, b"ok\n", _UNCACHED)
FIXED = {b"/robots.txt": ROBOTS, b"/healthz": HEALTHY}
PIXEL = Answer(
    200,
    _GIF,
    # GIF89a, 1 by 1; two colours, of which the one that is used is transparent.
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    _UNCACHED,
)
RESOLVE = b"/resolve"
"""Asked by an app that the system opened for a link: JSON instead of a redirect."""
_APP = APP_PATH.removeprefix(PATH)


def found(destination: str) -> Answer:
    """Answer with `destination`, octet for octet (RFC 9110 §15.4.3)."""
    shown = html.escape(destination)
    return Answer(
        302,
        _HTML,
        f'<!doctype html><title>Moved</title><a href="{shown}">{shown}</a>\n'.encode("ascii"),
        (
            (b"location", destination.encode("ascii")),
            (b"referrer-policy", b"no-referrer"),
            *_UNCACHED,
        ),
    )


def resolved(destination: str) -> Answer:
    """Answer an app with `destination`, in JSON."""
    body = json.dumps({"url": destination}).encode("ascii")
    return Answer(200, _JSON, body, _UNCACHED)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of clicks: what is kept of an address, and whom to believe.

    `additions` are the parameters that destinations were given, which a repair does not name.
    """

    ip_privacy: IpPrivacy
    trusted_proxies: tuple[Network, ...]
    prefixes: tuple[bytes, ...]
    """What may stand before our paths: nothing, or the path of a base URL."""
    additions: Additions = NO_ADDITIONS

    @classmethod
    def from_config(cls, config: Config) -> "Rules":
        """Read them from a configuration; a base URL may have a path of its own."""
        return cls(
            config.privacy.ip,
            config.tracker.trusted_proxies,
            _prefixes(config.base_urls),
            Additions.of(config),
        )


def _prefixes(base_urls: Iterable[str]) -> tuple[bytes, ...]:
    """Give them, the longest first: a path of `/c` must not be taken for ours."""
    paths = {"", *(urlsplit(url).path.rstrip("/") for url in base_urls)}
    return tuple(path.encode("ascii") for path in sorted(paths, key=len, reverse=True))


def _asked(query: bytes) -> bytes:
    """Give the path of the tracked link that an app asks about; no path where it asks about none."""
    try:
        (url,) = parse_qs(query.decode("ascii"), max_num_fields=10)["url"]
        return urlsplit(url).path.encode("ascii")
    except (KeyError, ValueError):
        return b""


class Redirector:
    """The ASGI application. `rules` and `well_known` may be replaced while it runs.

    `keyring`, `overrides` and `short_links` (which gives the token of a code) are asked anew for
    each click, as their files may change.
    """

    def __init__(
        self,
        keyring: Callable[[], Keyring],
        rules: Rules,
        record: Record,
        overrides: Callable[[], Overrides] = Overrides,
        short_links: Callable[[str], str | None] = lambda _code: None,
    ) -> None:
        self._keyring = keyring
        self._overrides = overrides
        self._short_links = short_links
        self.rules = rules
        self.well_known: well_known.WellKnown = well_known.nothing
        self._record = record

    async def __call__(self, scope: "Scope", _receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        answer = await self._answer(scope)
        headers = answer.all_headers
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: "Scope") -> Answer:
        path: bytes = scope["raw_path"]
        asks = path == RESOLVE
        text = self._token(_asked(scope["query_string"]) if asks else path)
        answer = FIXED.get(path) or self._found_well_known(scope, path)
        if text is None and answer is None and not asks:
            return NOT_FOUND
        if scope["method"] not in ALLOWED_METHODS:
            return METHOD_NOT_ALLOWED
        return answer or await self._follow(scope, text or "", resolved if asks else found)

    def _found_well_known(self, scope: "Scope", path: bytes) -> Answer | None:
        if not path.startswith(b"/.well-known/"):
            return None
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        content = self.well_known(host.decode("latin-1"), path)
        return None if content is None else Answer(200, _JSON, content)

    def _token(self, path: bytes) -> str | None:
        """Give the token that a path holds or stands for; no token of ours is empty."""
        for prefix in self.rules.prefixes:
            if path.startswith(prefix):
                rest = path[len(prefix) :].decode("latin-1")
                if rest.startswith(PATH):
                    return rest.removeprefix(PATH).removeprefix(_APP)
                if rest.startswith(short_links.PATH):
                    return self._short_links(rest.removeprefix(short_links.PATH)) or ""
        return None

    async def _follow(self, scope: "Scope", text: str, answered: Callable[[str], Answer]) -> Answer:
        try:
            link = read(self._keyring(), text)
        except BadToken:
            _REFUSED.inc()
            return NOT_FOUND
        destination = self._overrides().destination(link, self.rules.additions)
        if destination is None:
            _REVOKED.inc()
            return GONE
        is_pixel = link.number == PIXEL_NUMBER
        if link.preview:
            _PREVIEWED.inc()
        else:
            (_OPENED if is_pixel else _REDIRECTED).inc()
            await self._keep(scope, link)
        return PIXEL if is_pixel else answered(destination)

    async def _keep(self, scope: "Scope", link: Link) -> None:
        """Keep the click or open. No fault of ours, whichever it is, may cost a redirect (P8)."""
        try:
            is_pixel = link.number == PIXEL_NUMBER
            event = opened(scope, link) if is_pixel else clicked(scope, link, self.rules)
            await self._record(event)
        except Exception as error:  # noqa: BLE001 - see above
            observe.CLICKS_FAILED.inc()
            observe.log(observe.CLICK_FAILED, error=repr(error))


def clicked(scope: "Scope", link: Link, rules: Rules) -> Clicked:
    """Tell what a request for `link` says, as the event to be kept."""
    facts = _facts(scope)
    verdict = visitor.classify(facts)
    address = visitor.client_address(facts, rules.trusted_proxies)
    at_s = time.time()
    return Clicked(
        event_id=event_id(at_s),
        at_s=at_s,
        message_id=link.message_id.hex(),
        recipient=link.recipient,
        link=link.number,
        sent_at_s=link.sent_at_s,
        destination=link.destination,
        method=facts.method,
        human=verdict.human,
        reasons=verdict.reasons,
        ip=visitor.private_ip(address, rules.ip_privacy),
        user_agent=visitor.user_agent(facts.headers),
    )


def opened(scope: "Scope", link: Link) -> Opened:
    """Tell of a request for a pixel; nothing is kept of who asked."""
    at_s = time.time()
    return Opened(
        event_id=event_id(at_s),
        at_s=at_s,
        message_id=link.message_id.hex(),
        recipient=link.recipient,
        sent_at_s=link.sent_at_s,
        human=visitor.classify(_facts(scope)).human,
    )


def _facts(scope: "Scope") -> Request:
    peer = scope["client"]
    return Request(scope["method"], scope["headers"], peer[0] if peer else None)


def event_id(at_s: float) -> str:
    """Give a new id that sorts by time, so that the store's index grows at its end."""
    return f"{int(at_s * 1000):012x}{secrets.token_hex(10)}"


_REDIRECTED = observe.REDIRECTS.labels("redirected")
_OPENED = observe.REDIRECTS.labels("opened")
_PREVIEWED = observe.REDIRECTS.labels("preview")
_REFUSED = observe.REDIRECTS.labels("refused")
_REVOKED = observe.REDIRECTS.labels("revoked")
