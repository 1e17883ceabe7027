"""The redirector: every path, method and fault, as the HTTP server would ask it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

from config.keys.token_keys import TokenKey
from config.schema import Config, TrackerConfig
from config.telemetry.observe import REGISTRY
from tracker.decisions.destinations import Destinations
from tracker.decisions.overrides import Overrides, decision
from tracker.events import Clicked, Opened
from tracker.listener.http1 import Answer, Request
from tracker.privacy.pseudonyms import is_pseudonym
from tracker.redirect.redirector import Redirector, Rules, event_id
from tracker.tokens import PIXEL_NUMBER, Keyring, Link, mint

KEYRING = Keyring([TokenKey(1, bytes(range(64)), date(2026, 11, 1))])
LINK = Link(
    b"\x01\x02\x03\x04\x05\x06\x07\x08", 5, 3, 1_795_430_400, "https://example.com/?a=1&b=2#c"
)
AGENT = b"Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0"
BROWSER = ((b"user-agent", AGENT), (b"accept", b"text/html"), (b"accept-language", b"en"))


@dataclass
class Response:
    """What a reader was answered; `reply` is called once."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def reply(self, answer: Answer) -> None:
        """Take the answer."""
        assert self.status == 0
        self.status, self.headers, self.body = answer.status, answer.all_headers, answer.body

    def __getitem__(self, name: str) -> str:
        """Return a header's only value."""
        (value,) = (value for key, value in self.headers if key == name.encode())
        return value.decode("ascii")


@dataclass
class Reader:
    """Asks a redirector and keeps the clicks and opens that it recorded."""

    config: Config = field(default_factory=Config)
    clicks: list[Clicked] = field(default_factory=list)
    opens: list[Opened] = field(default_factory=list)
    overrides: Overrides = field(default_factory=Overrides)
    codes: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str | None] | None = None
    """Codes that other nodes know, None for one about which none can tell; None: there are no others."""
    asked: list[str] = field(default_factory=list)
    fault: Exception | None = None
    well_known: dict[tuple[str, bytes], bytes] = field(default_factory=dict)

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: tuple[tuple[bytes, bytes], ...] = BROWSER,
        peer: str | None = "192.0.2.77",
    ) -> Response:
        """Make one request."""

        def record(event: Clicked | Opened, then: Callable[[], None]) -> None:
            if self.fault is not None:
                raise self.fault
            if isinstance(event, Opened):
                self.opens.append(event)
            else:
                self.clicks.append(event)
            then()

        app = Redirector(
            lambda: KEYRING,
            Rules.from_config(self.config),
            record,
            Destinations(lambda: self.overrides, self.config),
            self.codes.get,
        )
        app.well_known = lambda host, path: self.well_known.get((host, path))
        if self.elsewhere is not None:
            app.ask = self._asked
        path, _, query = path.partition("?")
        response = Response()
        app(Request(method, path.encode(), query.encode(), list(headers), peer), response)
        return response

    def _asked(self, code: str, then: Callable[[str | None], None]) -> None:
        self.asked.append(code)
        then((self.elsewhere or {}).get(code, ""))


@pytest.fixture
def reader() -> Reader:
    """Ask a redirector with the default configuration."""
    return Reader()


def token(**changes: object) -> str:
    """Mint a link that differs from LINK in this."""
    return mint(KEYRING, replace(LINK, **changes))


def test_a_link_redirects_to_its_destination(reader: Reader) -> None:
    """The answer of DESIGN §4, header by header."""
    answer = reader.ask(f"/c/{token()}")
    assert answer.status == 302
    assert answer["location"] == LINK.destination
    assert answer["cache-control"] == "no-store"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["x-robots-tag"] == "noindex"
    assert int(answer["content-length"]) == len(answer.body)
    assert not {b"set-cookie", b"server"} & {name for name, _ in answer.headers}


def test_a_click_says_who_what_and_when(reader: Reader) -> None:
    """The event holds what the token says, and what the request says of its reader."""
    reader.ask(f"/c/{token()}")
    (click,) = reader.clicks
    assert (click.message_id, click.recipient, click.link) == ("0102030405060708", 5, 3)
    assert (click.sent_at_s, click.destination) == (LINK.sent_at_s, LINK.destination)
    assert (click.method, click.human, click.reasons) == ("GET", True, ())
    assert click.ip == "192.0.2.0"
    assert (click.signals, click.network) == ((), "192.0.2.0")
    assert click.user_agent == AGENT.decode()


def test_a_pixel_is_an_image_and_an_open(reader: Reader) -> None:
    """Link number 0 leads nowhere: a transparent GIF that nobody keeps, and no click."""
    answer = reader.ask(f"/c/{token(number=PIXEL_NUMBER)}")
    assert (answer.status, answer["content-type"]) == (200, "image/gif")
    assert answer["cache-control"] == "no-store"
    assert int(answer["content-length"]) == len(answer.body)
    assert answer.body[:10] == b"GIF89a\x01\x00\x01\x00"
    assert answer.body.endswith(b"\x00;")
    assert reader.clicks == []
    (opened,) = reader.opens
    assert (opened.message_id, opened.recipient, opened.human) == ("0102030405060708", 5, True)


def test_a_pixel_is_not_asked_for_by_browsers_alone(reader: Reader) -> None:
    """Mail programs open mail too; mail filters do not, nor does HEAD."""
    program = ((b"user-agent", b"Microsoft Outlook 16.0"), (b"accept", b"image/*"))
    path = f"/c/{token(number=PIXEL_NUMBER)}"
    reader.ask(path, headers=program)
    reader.ask(path, headers=program, peer="209.222.82.1")
    reader.ask(path, "HEAD")
    assert [opened.human for opened in reader.opens] == [True, False, False]


def test_a_pixel_of_a_preview_or_a_withdrawn_message_is_not_counted(reader: Reader) -> None:
    """As with links."""
    answer = reader.ask(f"/c/{token(number=PIXEL_NUMBER, preview=True)}")
    assert (answer.status, answer["content-type"]) == (200, "image/gif")
    reader.overrides = Overrides(messages={LINK.message_id.hex()})
    assert (reader.ask(f"/c/{token(number=PIXEL_NUMBER)}")).status == 410
    assert reader.opens == []


def test_head_redirects_and_is_a_machines(reader: Reader) -> None:
    """HEAD gets the headers of GET; the body is left out on the wire."""
    path = f"/c/{token()}"
    head, get = reader.ask(path, "HEAD"), reader.ask(path)
    assert (head.status, head.headers) == (get.status, get.headers)
    assert [(click.method, click.human) for click in reader.clicks] == [
        ("HEAD", False),
        ("GET", True),
    ]


def test_a_preview_redirects_and_is_never_counted(reader: Reader) -> None:
    """What `rewrite` and `explain` mint leads on, but leaves no click."""
    assert (reader.ask(f"/c/{token(preview=True)}"))["location"] == LINK.destination
    assert reader.clicks == []


def test_an_app_link_is_a_link(reader: Reader) -> None:
    """The path tells a phone which app it is for; a browser is redirected as ever."""
    assert (reader.ask(f"/c/app/{token()}"))["location"] == LINK.destination
    assert len(reader.clicks) == 1


def test_a_code_of_another_node_redirects_as_one_of_ours(reader: Reader) -> None:
    """It is asked for once it is not known here; what nobody knows is the same 404 as ever."""
    reader.codes, reader.elsewhere = {"aBc1234": token()}, {"xYz9876": token()}
    assert reader.ask("/s/aBc1234")["location"] == LINK.destination
    assert reader.asked == []
    assert reader.ask("/s/xYz9876?x=1")["location"] == LINK.destination
    assert len(reader.clicks) == 2
    assert reader.ask("/s/unknown").status == 404
    assert reader.asked == ["xYz9876", "unknown"]


def test_a_code_about_which_nobody_can_tell_may_be_tried_again(reader: Reader) -> None:
    """It may lead somewhere: nobody is told that there is nothing, and nothing counts."""
    reader.elsewhere = {"xYz9876": None}
    answer = reader.ask("/s/xYz9876")
    assert (answer.status, answer["retry-after"]) == (503, "3")
    assert reader.clicks == []


def test_only_what_can_be_a_code_is_asked_for(reader: Reader) -> None:
    """Whoever tries paths at random costs other nodes nothing."""
    reader.elsewhere = {}
    for path in ("/s/", "/s/a b", "/s/%61Bc1234", f"/s/{token()}", "/c/unknown", "/s/aBc1234/"):
        assert reader.ask(path).status == 404
    assert reader.ask("/s/aBc1234", "POST").status == 405
    assert reader.asked == []


def test_a_code_redirects_and_counts_like_its_token(reader: Reader) -> None:
    """GET, HEAD, what was withdrawn, what is unknown: as under /c/."""
    reader.codes = {"aBc1234": token(), "gone": token(preview=True), "bad": "AQ"}
    plain = reader.ask(f"/c/{token()}")
    short = reader.ask("/s/aBc1234?x=1")
    assert (short.status, short.headers) == (plain.status, plain.headers)
    assert [click.message_id for click in reader.clicks] == [LINK.message_id.hex()] * 2
    unknown = reader.ask("/c/unknown")
    for path in ("/s/", "/s/unknown", "/s/bad", "/s/aBc1234/", "/s/%61Bc1234", f"/s/{token()}"):
        answer = reader.ask(path)
        assert (answer.status, answer.headers, answer.body) == (404, unknown.headers, unknown.body)
    reader.overrides.messages.add(LINK.message_id.hex())
    assert (reader.ask("/s/aBc1234")).status == 410


@pytest.mark.parametrize(
    "path", ["/c/TOKEN", "/c/app/TOKEN", "/s/code", "/c/TOKEN?utm=1%26x#top", "/go/c/TOKEN"]
)
def test_an_app_is_told_where_a_link_leads(path: str) -> None:
    """In JSON, and the click counts."""
    base_url = {"tracking": {"base_url": "https://click.example.com/go"}}
    reader = Reader(Config.model_validate(base_url), codes={"code": token()})
    url = quote("https://click.example.com" + path.replace("TOKEN", token()), safe="")
    answer = reader.ask(f"/resolve?url={url}")
    assert (answer.status, answer["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {"url": LINK.destination}
    assert len(reader.clicks) == 1


def test_an_app_is_no_robot(reader: Reader) -> None:
    """It asks by a library of its own, because somebody followed the link."""
    asks = ((b"user-agent", b"Shop/7 CFNetwork/1568.100.1 Darwin/24.0.0"), (b"accept", b"*/*"))
    url = quote(f"https://click.example.com/c/{token()}", safe="")
    reader.ask(f"/resolve?url={url}", headers=asks)
    reader.ask(f"/c/{token()}", headers=asks)
    assert [(click.human, click.signals) for click in reader.clicks] == [
        (True, ()),
        (False, ("no-html", "no-language", "robot-agent")),
    ]


@pytest.mark.parametrize(
    "query",
    ["", "url=", "url=x", "url=/c/x", "url=%FF", "URL=1", "url=/c/TOKEN&url=/c/TOKEN", "\xff",
     "url=https://[/c/TOKEN", "url=/x/c/TOKEN", "&".join(["a=b"] * 50)],
)  # fmt: skip
def test_an_app_that_asks_about_no_link_gets_the_404(reader: Reader, query: str) -> None:
    """The same as for any path that is not ours."""
    other = reader.ask("/other")
    answer = reader.ask(f"/resolve?{query.replace('TOKEN', token())}")
    assert (answer.status, answer.headers, answer.body) == (404, other.headers, other.body)
    assert reader.clicks == []


def test_phones_find_what_belongs_to_their_app(reader: Reader) -> None:
    """As JSON, on its host alone; nothing else is under /.well-known/."""
    path = "/.well-known/apple-app-site-association"
    reader.well_known = {("app.test", path.encode()): b"{}"}
    answer = reader.ask(path, headers=((b"host", b"app.test"),))
    assert (answer.status, answer["content-type"], answer.body) == (200, "application/json", b"{}")
    head = reader.ask(path, "HEAD", headers=((b"host", b"app.test"),))
    assert (head.status, head.headers) == (200, answer.headers)
    assert (reader.ask(path, "POST", headers=((b"host", b"app.test"),))).status == 405
    other = reader.ask("/other")
    for headers in (((b"host", b"other.test"),), ()):
        missing = reader.ask(path, headers=headers)
        assert (missing.status, missing.headers, missing.body) == (404, other.headers, other.body)


@pytest.mark.parametrize("query", ["", "utm_source=x", "a=1&b=2", "/c/x", "%00"])
def test_query_strings_are_ignored(reader: Reader, query: str) -> None:
    """Parameters that others append to every link change nothing."""
    assert (reader.ask(f"/c/{token()}?{query}"))["location"] == LINK.destination


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"]
)
@pytest.mark.parametrize(
    "path", ["/c/x", "/c/app/x", "/s/x", "/resolve", "/robots.txt", "/healthz"]
)
def test_other_methods_are_not_allowed(reader: Reader, path: str, method: str) -> None:
    """405 says which methods are (RFC 9110 §15.5.6), and nothing is counted."""
    path = path.replace("/c/x", f"/c/{token()}")
    answer = reader.ask(path, method)
    assert (answer.status, answer["allow"]) == (405, "GET, HEAD")
    assert reader.clicks == []


def test_no_fault_of_ours_costs_a_redirect(reader: Reader) -> None:
    """P8: whatever breaks in keeping the click, the reader arrives, and it is counted."""
    before = REGISTRY.get_sample_value("waypost_clicks_failed_total")
    reader.fault = RuntimeError("a fault of ours")
    assert (reader.ask(f"/c/{token()}"))["location"] == LINK.destination
    assert REGISTRY.get_sample_value("waypost_clicks_failed_total") == (before or 0) + 1


def bad_paths() -> dict[str, str]:
    """Name all kinds of paths that lead nowhere."""
    good = mint(KEYRING, LINK)
    altered = base64.urlsafe_b64encode(b"\x01\x01" + bytes(60)).decode().rstrip("=")
    foreign = mint(Keyring([TokenKey(1, b"x" * 64, date(2026, 1, 1))]), LINK)
    return {
        "no token": "/c/",
        "forged": f"/c/{altered}",
        "foreign": f"/c/{foreign}",
        "truncated": f"/c/{good[:-1]}",
        "one letter": f"/c/{good[:-2]}{'B' if good[-2] == 'A' else 'A'}{good[-1]}",
        "trailing slash": f"/c/{good}/",
        "trailing bracket": f"/c/{good})",
        "trailing dot": f"/c/{good}.",
        "trailing comma": f"/c/{good},",
        "trailing padding": f"/c/{good}==",
        "trailing encoded quote": f"/c/{good}%22",
        "percent-encoded letter": f"/c/%{ord(good[0]):02X}{good[1:]}",
        "double slash": f"//c/{good}",
        "upper case": f"/C/{good}",
        "another prefix": f"/t/c/{good}",
        "dot segments": f"/x/../c/{good}",
        "very long": "/c/" + "A" * 14_000,
        "nothing": "/",
        "empty": "",
        "other": "/favicon.ico",
        "below robots": "/robots.txt/",
        "encoded robots": "/robots%2Etxt",
        "star": "*",
    }


@pytest.mark.parametrize("name", bad_paths())
def test_every_bad_link_gets_the_one_404(reader: Reader, name: str) -> None:
    """P10: nothing in status, headers or body tells one bad link from another."""
    answer = reader.ask(bad_paths()[name])
    assert answer == reader.ask("/c/" + "A" * 80)
    assert answer.status == 404
    assert answer["cache-control"] == "no-store"
    assert reader.clicks == []


def test_robots_are_asked_to_stay_away(reader: Reader) -> None:
    """Tracked links are nothing to index."""
    answer = reader.ask("/robots.txt")
    assert (answer.status, answer.body) == (200, b"User-agent: *\nDisallow: /\n")


def test_health_is_told(reader: Reader) -> None:
    """Load balancers and monitors ask here."""
    answer = reader.ask("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_withdrawn_link_is_gone_and_not_counted(reader: Reader) -> None:
    """410 with a plain page, for readers and machines alike."""
    reader.overrides.messages.add(LINK.message_id.hex())
    answer = reader.ask(f"/c/{token()}")
    assert (answer.status, answer.body) == (410, b"This link was withdrawn by its sender.\n")
    assert answer["cache-control"] == "no-store"
    assert reader.clicks == []


def test_a_repaired_link_leads_on_and_counts_as_itself(reader: Reader) -> None:
    """The reader goes to the new destination; reports keep the link that was sent."""
    new = "https://example.com/new"
    reader.overrides.apply(decision("redirect", "destination", LINK.destination, to=new))
    assert (reader.ask(f"/c/{token()}"))["location"] == "https://example.com/new"
    assert [click.destination for click in reader.clicks] == [LINK.destination]


def test_base_urls_may_have_paths() -> None:
    """Links under a prefix are served there, with or without the web server stripping it."""
    config = Config.model_validate(
        {
            "tracking": {"base_url": "https://example.com/t"},
            "sender": [{"domain": "example.org", "base_url": "https://example.org/go/to/"}],
        }
    )
    reader = Reader(config)
    for prefix, status in (("", 302), ("/t", 302), ("/go/to", 302), ("/go", 404), ("/t/t", 404)):
        assert (reader.ask(f"{prefix}/c/{token()}")).status == status


@pytest.mark.parametrize("path", ["/c", "/s", "/c/app", "/c/s/c"])
def test_a_path_of_a_base_url_may_look_like_ours(path: str) -> None:
    """Whatever it is, links of every kind live below it, and as before without it."""
    config = Config.model_validate({"tracking": {"base_url": f"https://example.com{path}"}})
    reader = Reader(config, codes={"code": token()})
    for link in (f"/c/{token()}", f"/c/app/{token()}", "/s/code"):
        assert (reader.ask(path + link)).status == 302
        assert (reader.ask(link)).status == 302


@pytest.mark.parametrize(
    "destination",
    [
        "https://example.com/?q=%22&copy=2&region=eu",
        "HTTPS://EXAMPLE.COM/%7Euser/~user/%7euser",
        "https://example.com/'\"<script>alert(1)</script>",
        "http://[2001:db8::1]:8080/#fragment?not-a-query",
        "https://example.com/?",
        "https://example.com/#",
        "https://user:pass@example.com:443//a/../b/./c;p=1?x=a+b%20c&&#",
        "https://example.com/\\back`tick{brace}|pipe^caret",
        "https://xn--bcher-kva.example/" + "a" * 1270,
    ],
)
def test_destinations_arrive_octet_for_octet(reader: Reader, destination: str) -> None:
    """P4: Location is the destination as it is, and the page's link says the same."""
    answer = reader.ask(f"/c/{token(destination=destination)}")
    assert answer["location"] == destination
    anchor = BeautifulSoup(answer.body, "html.parser").find_all("a")[-1]
    assert (anchor["href"], anchor.get_text()) == (destination, destination)


@pytest.mark.parametrize(
    ("privacy", "kept"), [("truncate", "198.51.100.0"), ("full", "198.51.100.9"), ("none", None)]
)
def test_configuration_says_what_is_kept_of_an_address(privacy: str, kept: str | None) -> None:
    """`[privacy] ip` and `[tracker] trusted_proxies` reach the click."""
    config = Config.model_validate(
        {"privacy": {"ip": privacy}, "tracker": {"trusted_proxies": ["192.0.2.0/24"]}}
    )
    reader = Reader(config)
    reader.ask(f"/c/{token()}", headers=((b"x-forwarded-for", b"198.51.100.9"),))
    assert reader.clicks[0].ip == kept


@pytest.mark.parametrize(
    ("privacy", "network"), [("truncate", "3.24.133.0"), ("full", "3.24.133.0"), ("none", None)]
)
def test_signals_are_those_of_the_whole_address(privacy: str, network: str | None) -> None:
    """Half of a /24 of Amazon's is a filter's: what is kept of the address would not tell."""
    reader = Reader(Config.model_validate({"privacy": {"ip": privacy}}))
    reader.ask(f"/c/{token()}", peer="3.24.133.200")
    reader.ask(f"/c/{token()}", peer="3.24.133.2")
    assert [(click.human, click.signals) for click in reader.clicks] == [
        (False, ("scanner-network:barracuda",)),
        (True, ("cloud-network:aws",)),
    ]
    (told,) = {click.network for click in reader.clicks}
    assert told == network or (network is None and is_pseudonym(told))


@pytest.mark.parametrize(
    ("heeds", "header", "asks"),
    [
        (True, (b"sec-gpc", b"1"), True),
        (True, (b"dnt", b"1"), True),
        (True, (b"dnt", b"0"), False),
        (True, (b"sec-gpc", b""), False),
        (False, (b"sec-gpc", b"1"), False),
    ],
)
def test_who_asks_not_to_be_tracked_is_heard_where_that_is_heeded(
    *, heeds: bool, header: tuple[bytes, bytes], asks: bool
) -> None:
    """`[privacy] heed_gpc`; the redirect is the same."""
    reader = Reader(Config.model_validate({"privacy": {"heed_gpc": heeds}}))
    assert reader.ask(f"/c/{token()}", headers=(header,)).status == 302
    assert reader.clicks[0].asks_for_privacy is asks


def test_points_of_the_configuration_count_at_once() -> None:
    """A click is labelled by what is in force."""
    tables = {"clicks": {"points": {"robot-agent": 0, "no-html": 0, "no-language": 20}}}
    reader = Reader(Config.model_validate(tables))
    reader.ask(f"/c/{token()}", headers=())
    (click,) = reader.clicks
    assert (click.human, click.reasons) == (True, ("no-language/1",))
    assert click.signals == ("no-html", "no-language", "robot-agent")


def test_browsers_are_known_by_what_they_send_over_https() -> None:
    """A web server in front says that the reader used it."""
    tables = {
        "tracking": {"base_url": "https://click.example.com"},
        "tracker": {"trusted_proxies": ["192.0.2.77"]},
    }
    reader = Reader(Config.model_validate(tables))
    told = (*BROWSER, (b"x-forwarded-proto", b"https"), (b"x-forwarded-for", b"198.51.100.9"))
    for headers in (told, (*told, (b"sec-fetch-mode", b"navigate"))):
        reader.ask(f"/c/{token()}", headers=headers)
    assert [click.signals for click in reader.clicks] == [("no-fetch-metadata",), ()]


def test_a_peer_without_an_address_is_served(reader: Reader) -> None:
    """Behind a Unix socket there is no peer address."""
    assert (reader.ask(f"/c/{token()}", peer=None)).status == 302
    assert reader.clicks[0].ip is None


def test_event_ids_are_unique_and_sort_by_time() -> None:
    """The store's index grows at its end, and two clicks never share an id."""
    ids = [event_id(at_s) for at_s in (1.0, 2.0, 1_795_430_400.123, 1_795_430_400.124)]
    assert ids == sorted(ids)
    assert len({event_id(1.0) for _ in range(1000)}) == 1000
    assert {len(identifier) for identifier in ids} == {32}


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("gclid=Cj0&x=1", "https://example.com/?a=1&b=2&gclid=Cj0#c"),
        ("GCLID=Cj0", "https://example.com/?a=1&b=2&GCLID=Cj0#c"),
        ("gclid=1&gclid=2", "https://example.com/?a=1&b=2&gclid=1#c"),
        ("a=9", LINK.destination),
        ("x=1", LINK.destination),
        ("", LINK.destination),
    ],
)
def test_a_short_link_passes_parameters_on(query: str, location: str) -> None:
    """Those that are named, where the destination has none of the name; others' links pass none."""
    config = Config(tracker=TrackerConfig(pass_query=("gclid", "a")))
    reader = Reader(config, codes={"AbCdEf1": mint(KEYRING, LINK)})
    assert reader.ask(f"/s/AbCdEf1?{query}")["location"] == location
    assert reader.clicks[0].destination == LINK.destination
    assert reader.ask(f"/c/{mint(KEYRING, LINK)}?{query}")["location"] == LINK.destination


def test_what_cannot_stand_in_a_header_is_not_passed_on() -> None:
    """Nor is anything to a destination that somebody signed."""
    config = Config(tracker=TrackerConfig(pass_query=("gclid",)))
    signed = replace(LINK, destination="https://example.com/f?Expires=1&Signature=a&Key-Pair-Id=K")
    codes = {"AbCdEf1": mint(KEYRING, LINK), "AbCdEf2": mint(KEYRING, signed)}
    reader = Reader(config, codes=codes)
    assert reader.ask("/s/AbCdEf1?gclid=\u00e9")["location"] == LINK.destination
    assert reader.ask("/s/AbCdEf2?gclid=1")["location"] == signed.destination
    assert reader.ask("/s/AbCdEf1")["location"] == LINK.destination


def test_the_referrer_policy_is_the_operators() -> None:
    """Destinations learn nothing unless they are to."""
    config = Config(tracker=TrackerConfig(referrer_policy="origin"))
    assert Reader(config).ask(f"/c/{mint(KEYRING, LINK)}")["referrer-policy"] == "origin"
