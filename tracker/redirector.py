"""The redirector: a bare ASGI application that answers a tracked link with its destination.

Owns: the paths `/c/TOKEN`, `/robots.txt` and `/healthz`, and every answer given there.
Does not own: tokens (`tokens`), which links were withdrawn or repaired (`overrides`), what a request
says of its client (`clicks`), keeping a click (`recorder`), or sockets and limits of HTTP
(`listener`).

A token is taken as it stands in the request line: nothing is percent-decoded, no query read, no
stray character forgiven, and whatever is not a token of ours gets one and the same 404.
"""

import html
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config import observe
from config.schema import Config, IpPrivacy
from config.values import Network
from tracker import clicks
from tracker.clicks import Facts
from tracker.events import Clicked
from tracker.overrides import Overrides
from tracker.tokens import PATH, BadToken, Keyring, Link, read

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Record = Callable[[Clicked], Coroutine[Any, Any, None]]
"""Keep a click: returns when it is durable, or has waited long enough."""

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
_UNCACHED = ((b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex"))

NOT_FOUND = Answer(404, _TEXT, b"There is nothing here.\n", _UNCACHED)
METHOD_NOT_ALLOWED = Answer(
    405, _TEXT, b"Only GET and HEAD are served here.\n", ((b"allow", b"GET, HEAD"), *_UNCACHED)
)
ROBOTS = Answer(200, _TEXT, b"User-agent: *\nDisallow: /\n")
GONE = Answer(410, _TEXT, b"This link was withdrawn by its sender.\n", _UNCACHED)
HEALTHY = Answer(200, _TEXT, b"ok\n", _UNCACHED)
FIXED = {b"/robots.txt": ROBOTS, b"/healthz": HEALTHY}


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


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of clicks: what is kept of an address, and whom to believe."""

    ip_privacy: IpPrivacy
    trusted_proxies: tuple[Network, ...]
    prefixes: tuple[bytes, ...]

    @classmethod
    def from_config(cls, config: Config) -> "Rules":
        """Read them from a configuration; a base URL may have a path of its own."""
        base_urls = (config.tracking.base_url, *(sender.base_url for sender in config.sender))
        return cls(
            config.privacy.ip,
            config.tracker.trusted_proxies,
            _prefixes(url for url in base_urls if url is not None),
        )


def _prefixes(base_urls: Iterable[str]) -> tuple[bytes, ...]:
    paths = dict.fromkeys(["", *(urlsplit(url).path.rstrip("/") for url in base_urls)])
    return tuple(f"{path}{PATH}".encode("ascii") for path in paths)


class Redirector:
    """The ASGI application. `rules` may be replaced while it runs.

    `keyring` and `overrides` are asked anew for each click, as their files may change.
    """

    def __init__(
        self,
        keyring: Callable[[], Keyring],
        rules: Rules,
        record: Record,
        overrides: Callable[[], Overrides] = Overrides,
    ) -> None:
        self._keyring = keyring
        self._overrides = overrides
        self.rules = rules
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
        text = self._token(path)
        answer = FIXED.get(path)
        if text is None and answer is None:
            return NOT_FOUND
        if scope["method"] not in ALLOWED_METHODS:
            return METHOD_NOT_ALLOWED
        return answer or await self._follow(scope, text or "")

    def _token(self, path: bytes) -> str | None:
        for prefix in self.rules.prefixes:
            if path.startswith(prefix):
                return path[len(prefix) :].decode("latin-1")
        return None

    async def _follow(self, scope: "Scope", text: str) -> Answer:
        try:
            link = read(self._keyring(), text)
        except BadToken:
            _REFUSED.inc()
            return NOT_FOUND
        destination = self._overrides().destination(link)
        if destination is None:
            _REVOKED.inc()
            return GONE
        if link.preview:
            _PREVIEWED.inc()
        else:
            _REDIRECTED.inc()
            await self._keep(scope, link)
        return found(destination)

    async def _keep(self, scope: "Scope", link: Link) -> None:
        """Keep the click. No fault of ours, whichever it is, may cost a redirect (P8)."""
        try:
            await self._record(clicked(scope, link, self.rules))
        except Exception as error:  # noqa: BLE001 - see above
            observe.CLICKS_FAILED.inc()
            observe.log(observe.CLICK_FAILED, error=repr(error))


def clicked(scope: "Scope", link: Link, rules: Rules) -> Clicked:
    """Tell what a request for `link` says, as the event to be kept."""
    peer = scope["client"]
    facts = Facts(scope["method"], scope["headers"], peer[0] if peer else None)
    verdict = clicks.classify(facts)
    address = clicks.client_address(facts, rules.trusted_proxies)
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
        ip=clicks.private_ip(address, rules.ip_privacy),
        user_agent=clicks.user_agent(facts.headers),
    )


def event_id(at_s: float) -> str:
    """Give a new id that sorts by time, so that the store's index grows at its end."""
    return f"{int(at_s * 1000):012x}{secrets.token_hex(10)}"


_REDIRECTED = observe.REDIRECTS.labels("redirected")
_PREVIEWED = observe.REDIRECTS.labels("preview")
_REFUSED = observe.REDIRECTS.labels("refused")
_REVOKED = observe.REDIRECTS.labels("revoked")
