"""The redirector: answers a tracked link with its destination.

Owns: the paths of readers (`/c/TOKEN`, `/c/app/TOKEN`, `/s/CODE`, `/resolve`, `/robots.txt`,
`/healthz`), which answer each request gets, and the event that stands for a click or an open.
Does not own: the answers themselves (`answers`), tokens (`tracker.tokens`), codes
(`tracker.minting.short_links`), what stands under `/.well-known/` (`well_known`), which links were
withdrawn or repaired (`tracker.decisions.destinations`), what a request says of its client
(`visitor`), keeping a click (`recorder`), or sockets and limits of HTTP (`tracker.listener`).

A token is taken as it stands in the request line: nothing is percent-decoded, no query read, no
stray character forgiven, and whatever is not a token of ours gets one and the same 404.
"""

import random
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from config.addresses import Network, is_loopback
from config.filter_networks import Networks
from config.schema import Config, IpPrivacy, ReferrerPolicy
from config.telemetry import observe
from tracker.events import Clicked, Opened
from tracker.judging.judge import judge_alone
from tracker.judging.networks import built_in
from tracker.judging.rules import Settings
from tracker.listener.http1 import Answer, Request
from tracker.redirect import answers, known_networks, visitor, well_known
from tracker.tokens import APP_PATH, PATH, PIXEL_NUMBER, SHORT_PATH, BadToken, Keyring, Link, read
from tracker.urls.params import is_called, with_written, written_name
from tracker.urls.secrets.signed import is_signed

Record = Callable[[Clicked | Opened, Callable[[], None]], None]
"""Keeps a click or an open, and calls back once it is durable, or after having waited long enough."""

Ask = Callable[[str, Callable[[str | None], None]], None]
"""Asks other nodes for the token of a code, and calls back soon: with it, "" (none has it) or None (none could tell)."""

ALLOWED_METHODS = ("GET", "HEAD")
FIXED = {b"/robots.txt": answers.ROBOTS, b"/healthz": answers.HEALTHY}
RESOLVE = b"/resolve"
"""Asked by an app that the system opened for a link: JSON instead of a redirect."""
_SENDABLE = re.compile(r"[\x21-\x7e]{1,500}").fullmatch
"""A parameter that may stand in a header field; no advertising network needs as much."""
_CODE = re.compile(rb"[A-Za-z0-9]{1,7}").fullmatch
_PATH, _SHORT_PATH = PATH.encode("ascii"), SHORT_PATH.encode("ascii")
_APP = APP_PATH.removeprefix(PATH)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of clicks.

    `ip_privacy` says how much of an address is kept, `trusted_proxies` whose word about a client's
    address is believed. `prefixes` may stand before our paths: nothing, or the path of a base URL.
    `networks` are those of mail filters, `judging` says what the signals of a machine weigh.
    `pass_query` are parameters that go along from a short link, in lower case; `referrer_policy` is
    what destinations are told of where a reader comes from; `heeds_gpc`: who asks not to be tracked is heard.
    """

    ip_privacy: IpPrivacy
    trusted_proxies: tuple[Network, ...]
    prefixes: tuple[bytes, ...]
    links_are_https: bool = False
    networks: Networks = field(default_factory=built_in)
    judging: Settings = field(default_factory=Settings)
    pass_query: frozenset[str] = frozenset()
    referrer_policy: ReferrerPolicy = "no-referrer"
    heeds_gpc: bool = False

    @classmethod
    def from_config(cls, config: Config) -> "Rules":
        """Return the rules of a configuration; raises OSError and ValueError."""
        return cls(
            config.privacy.ip,
            config.tracker.trusted_proxies,
            _prefixes(config.base_urls),
            _are_https(config.base_urls),
            known_networks.load(config),
            Settings.of(config),
            frozenset(name.lower() for name in config.tracker.pass_query),
            config.tracker.referrer_policy,
            config.privacy.heed_gpc,
        )

    def passed(self, query: bytes) -> list[str]:
        """Return the parameters of a query that go along, as they are written."""
        if not self.pass_query or not query:
            return []
        pairs = reversed(query.decode("latin-1").split("&"))  # the first of a name counts
        found = [each for each in pairs if is_called(each, self.pass_query) and _SENDABLE(each)]
        return list({written_name(each): each for each in found}.values())


def _prefixes(base_urls: Iterable[str]) -> tuple[bytes, ...]:
    """Return the paths of base URLs, the longest first: one that is `/c` is not taken for ours."""
    paths = {"", *(urlsplit(url).path.rstrip("/") for url in base_urls)}
    return tuple(path.encode("ascii") for path in sorted(paths, key=len, reverse=True))


def _are_https(base_urls: Iterable[str]) -> bool:
    """Return whether all links that lead to this service from elsewhere are HTTPS."""
    urls = map(urlsplit, base_urls)
    return all(url.scheme == "https" or is_loopback(url.hostname or "") for url in urls)


def _path_asked_about(query: bytes) -> bytes:
    """Return the path of the tracked link that an app asks about; b"" where it asks about none."""
    try:
        (url,) = parse_qs(query.decode("ascii"), max_num_fields=10)["url"]
        return urlsplit(url).path.encode("ascii")
    except (KeyError, ValueError):
        return b""


class Client(Protocol):
    """Whoever made a request."""

    def reply(self, answer: Answer) -> None:
        """Send the answer; called once."""


class Redirector:
    """Answers the requests of readers. `rules` and `well_known` may be replaced while it runs.

    `keyring`, `destination` (where a link leads now, None if it was withdrawn) and `short_links` (which
    returns the token of a code) are called for each click, as their files may change. Where several nodes
    make short links, `ask` is set, for codes of which this one has not heard yet.
    """

    def __init__(
        self,
        keyring: Callable[[], Keyring],
        rules: Rules,
        record: Record,
        destination: Callable[[Link], str | None],
        short_links: Callable[[str], str | None] = lambda _code: None,
    ) -> None:
        self._keyring = keyring
        self._destination = destination
        self._short_links = short_links
        self.ask: Ask | None = None
        self.rules = rules
        self.well_known: well_known.WellKnown = well_known.nothing
        self._record = record

    def __call__(self, request: Request, client: Client) -> None:
        """Answer one request, at once or when its click is kept."""
        path = request.path
        by_app = path == RESOLVE
        asked = _path_asked_about(request.query) if by_app else path
        token = self._token(asked)
        answer = None if token else FIXED.get(path) or self._well_known(request)
        if token is None and answer is None and not by_app:
            client.reply(answers.NOT_FOUND)
        elif request.method not in ALLOWED_METHODS:
            client.reply(answers.METHOD_NOT_ALLOWED)
        elif answer is not None:
            client.reply(answer)
        elif token == "" and self.ask is not None and (code := self._code(asked)):
            self.ask(code, partial(self._told, request, client))
        else:
            self._follow(request, client, token or "")

    def _told(self, request: Request, client: Client, token: str | None) -> None:
        """Answer a request for a short link, once other nodes were asked for its token."""
        if token is None:
            _NOT_KNOWN_YET.inc()
            client.reply(answers.NOT_KNOWN_YET)
        else:
            self._follow(request, client, token)

    def _code(self, path: bytes) -> str:
        """Return the code in the path of a short link, as far as it can be one; "" where it cannot."""
        code = path.rpartition(b"/")[2]
        return code.decode("latin-1") if self._is_short(path) and _CODE(code) else ""

    def _leading_to(self, destination: str, request: Request) -> Answer:
        """Return the answer that leads whoever made a request to a destination."""
        if request.path == RESOLVE:
            return answers.resolution(destination)
        query = request.query
        more = self.rules.passed(query) if query and self._is_short(request.path) else []
        if more and not is_signed(destination):
            destination = with_written(destination, more)
        return answers.redirection(destination, self.rules.referrer_policy)

    def _is_short(self, path: bytes) -> bool:
        return any(path.startswith(prefix + _SHORT_PATH) for prefix in self.rules.prefixes)

    def _well_known(self, request: Request) -> Answer | None:
        if not request.path.startswith(b"/.well-known/"):
            return None
        host = next((value for name, value in request.headers if name == b"host"), b"")
        content = self.well_known(host.decode("latin-1"), request.path)
        return None if content is None else answers.well_known(content)

    def _token(self, path: bytes) -> str | None:
        """Return the token that a path holds or stands for; "" (no token) for an unknown code."""
        for prefix in self.rules.prefixes:
            if path.startswith(prefix):
                rest = path[len(prefix) :]
                if rest.startswith(_PATH):
                    return rest[len(_PATH) :].decode("latin-1").removeprefix(_APP)
                if rest.startswith(_SHORT_PATH):
                    return self._short_links(rest[len(_SHORT_PATH) :].decode("latin-1")) or ""
        return None

    def _follow(self, request: Request, client: Client, token: str) -> None:
        """Answer a request for a link, once the click is kept."""
        try:
            link = read(self._keyring(), token)
        except BadToken:
            _REFUSED.inc()
            client.reply(answers.NOT_FOUND)
            return
        destination = self._destination(link)
        if destination is None:
            _REVOKED.inc()
            client.reply(answers.GONE)
            return
        is_pixel = link.number == PIXEL_NUMBER
        answer = answers.PIXEL if is_pixel else self._leading_to(destination, request)
        if link.preview:
            _PREVIEWED.inc()
            client.reply(answer)
        else:
            (_OPENED if is_pixel else _REDIRECTED).inc()
            self._keep(request, link, partial(client.reply, answer))

    def _keep(self, request: Request, link: Link, then: Callable[[], None]) -> None:
        """Keep the click or open. No fault of ours, whichever it is, may cost a redirect (P8)."""
        try:
            is_pixel = link.number == PIXEL_NUMBER
            event = (opened if is_pixel else clicked)(request, link, self.rules)
            self._record(event, then)
        except Exception as error:  # noqa: BLE001 - see above
            observe.CLICKS_FAILED.inc()
            observe.log(observe.CLICK_FAILED, error=repr(error))
            then()


def clicked(request: Request, link: Link, rules: Rules, at_s: float | None = None) -> Clicked:
    """Return the event of a click on `link`, made at `at_s`, seconds since 1970; None: now."""
    at_s = time.time() if at_s is None else at_s
    visit = visitor.visit(request, rules.trusted_proxies, links_are_https=rules.links_are_https)
    signals = visitor.signals(visit, rules.networks, of_page=request.path != RESOLVE)
    verdict = judge_alone(signals, max(0.0, at_s - link.sent_at_s), rules.judging)
    kept = visitor.kept(visit.address, rules.ip_privacy, at_s)
    return Clicked(  # by place, which takes a third of the time
        event_id(at_s),
        at_s,
        link.message_id.hex(),
        link.recipient,
        link.number,
        link.sent_at_s,
        link.destination,
        request.method,
        verdict.human,
        verdict.reasons,
        kept.ip,
        visit.agent,
        signals,
        kept.network,
        rules.heeds_gpc and visitor.asks_for_privacy(visit),
    )


def opened(request: Request, link: Link, rules: Rules) -> Opened:
    """Return the event of a request for a pixel; nothing is kept of who asked."""
    at_s = time.time()
    visit = visitor.visit(request, rules.trusted_proxies, links_are_https=rules.links_are_https)
    signals = visitor.signals(visit, rules.networks, of_page=False)
    return Opened(
        event_id=event_id(at_s),
        at_s=at_s,
        message_id=link.message_id.hex(),
        recipient=link.recipient,
        sent_at_s=link.sent_at_s,
        human=judge_alone(signals, None, rules.judging).human,
    )


def event_id(at_s: float) -> str:
    """Return a new id that sorts by time, so that the store's index grows at its end.

    To ask the system for random octets takes twice as long, with each click. A process that is forked seeds
    the generator anew.
    """
    return f"{int(at_s * 1000) << 80 | random.getrandbits(80):032x}"


_REDIRECTED = observe.REDIRECTS.labels("redirected")
_OPENED = observe.REDIRECTS.labels("opened")
_PREVIEWED = observe.REDIRECTS.labels("preview")
_REFUSED = observe.REDIRECTS.labels("refused")
_REVOKED = observe.REDIRECTS.labels("revoked")
_NOT_KNOWN_YET = observe.REDIRECTS.labels("not_known_yet")
