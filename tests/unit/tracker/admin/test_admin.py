"""The admin listener, asked over real sockets: who may ask, and what is answered."""

import asyncio
import base64
import contextlib
import http.client
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.keys import token_keys
from config.schema import Config, KeysConfig
from config.telemetry import observe
from config.values import Address
from tracker import listener
from tracker.admin import overview
from tracker.admin.admin import Admin
from tracker.admin.guard import Guard
from tracker.cli.report import report
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.minting.mint import Mint
from tracker.minting.short_links import ShortLinks
from tracker.reports.clicks import Figures, LinkFigures, Report
from tracker.spool.writer import Spool
from tracker.tokens import Keyring, read
from tracker.urls.reader_id import Identifier

PASSWORD = "horse:staple ü".encode()
KEYRING = Keyring([token_keys.new_token_key()])


@dataclass
class Answer:
    """One answer; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """Asks one listener, each time on a new connection."""

    port: int

    async def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Make one request; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        def request() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            with contextlib.closing(connection):
                connection.request(method, path, body, named)
                answer = connection.getresponse()
                told = {name.lower(): value for name, value in answer.getheaders()}
                return Answer(answer.status, told, answer.read())

        return await asyncio.to_thread(request)


@contextlib.asynccontextmanager
async def serving(app: Any, password: bytes | None = None) -> AsyncIterator[Client]:
    """Serve an application behind the guard, on a free port of the loopback."""
    sockets, stop = listener.bind([Address("127.0.0.1", 0)]), asyncio.Event()
    guarded = Guard(app, None if password is None else lambda: password)
    task = asyncio.create_task(
        listener.serve(guarded, sockets, stop, protocol=listener.BodyProtocol)
    )
    try:
        yield Client(listener.names(sockets)[0].port)
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Give a configuration with a store of its own and two tracking hosts."""
    return Config.model_validate(
        {
            "tracking": {"base_url": "https://click.example.com"},
            "sender": [
                {"domain": "example.net", "base_url": "https://GO.example.net:8443/mail"},
                {"domain": "example.org"},
            ],
            "store": {"url": f"sqlite:///{tmp_path}/waypost.db"},
        }
    )


@pytest.fixture
def admin(config: Config) -> Iterator[Admin]:
    """Give the application; its spool is closed in the end, and tries nothing any more."""
    short_links = ShortLinks(config.store.path.with_name("codes"))
    spool = Spool.open(config.store.spool_dir, "tracker")
    identifier = partial(Identifier, secret=bytes(32))
    mint = Mint(lambda: KEYRING, Consents, spool.append, short_links, identifier)
    yield Admin(config, mint.link)
    spool.close()


@pytest.fixture
async def client(admin: Admin) -> AsyncIterator[Client]:
    """Ask an admin listener without a password."""
    async with serving(admin.app) as client:
        yield client


def sent(config: Config, campaign: str, number: int) -> None:
    """Put a message to one recipient into the spool."""
    spool = Spool.open(config.store.spool_dir, "proxy")
    pending = MessagePending(
        f"{number:016x}", time.time(), "example.com", campaign, shared=False,
        recipients=(Recipient(1, "reader@example.net"),),
        links=(SentLink(1, "https://example.com/", None, "text"),),
    )  # fmt: skip
    spool.append(pending)
    spool.append(MessageAccepted(pending.message_id, time.time(), (1,)))
    spool.close()


async def test_the_report_is_that_of_the_command(client: Client, config: Config) -> None:
    """The same JSON as `waypost report --json`, with what the spool holds."""
    sent(config, "sale", 1)
    sent(config, "news", 2)
    answer = await client.ask("/api/v1/report")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["totals"]["messages"] == 2
    file = config.store.path.with_name("waypost.toml")
    file.write_text(f'[store]\nurl = "{config.store.url}"\n')
    said = await asyncio.to_thread(
        CliRunner().invoke, report, ["-c", str(file), "--json"], catch_exceptions=False
    )
    assert json.loads(said.stdout) == answer.json


async def test_a_report_can_be_of_a_campaign_or_since_a_day(client: Client, config: Config) -> None:
    """The questions of the command, as a query."""
    sent(config, "sale", 1)
    one = (await client.ask("/api/v1/report?campaign=sale")).json
    assert [each["campaign"] for each in one["campaigns"]] == ["sale"]
    for since in ("2100-01-01", "2100-01-01T00:00:00%2B02:00"):
        none = (await client.ask(f"/api/v1/report?since={since}")).json
        assert none["totals"]["messages"] == 0


async def test_a_query_that_makes_no_sense_names_its_field(client: Client) -> None:
    """400, and each problem with the field that it is in."""
    answer = await client.ask("/api/v1/report?since=yesterday&campain=x")
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} == {"since", "campain"}
    assert "campain" in answer.json["error"]


async def test_a_store_that_cannot_be_read_is_said(client: Client, config: Config) -> None:
    """503 with one clear sentence in JSON, not a traceback."""
    config.store.path.write_bytes(b"no database " * 100)
    answer = await client.ask("/api/v1/report")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert str(config.store.path) in answer.json["error"]


async def test_what_cannot_be_counted_yet_is_said(
    client: Client, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store takes nothing, the report is answered, and its header says what it lacks."""
    sent(config, "sale", 1)
    await client.ask("/api/v1/report")
    sent(config, "sale", 2)
    monkeypatch.setattr("tracker.admin.admin.BRIEF_S", 0.1)
    monkeypatch.setattr("tracker.ingest.catch_up.Ingester.drain", lambda _self: False)
    answer = await client.ask("/api/v1/report")
    assert answer.json["totals"]["messages"] == 1
    assert int(answer.headers["waypost-not-counted-octets"]) > 0


async def test_people_see_an_overview(client: Client, config: Config) -> None:
    """Totals, campaigns and links, in a page that loads nothing and believes no name."""
    empty = (await client.ask("/")).body.decode()
    assert "Nothing was sent yet." in empty
    for number in (1, 2):
        sent(config, "<script>alert(1)</script>", number)
    answer = await client.ask("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = BeautifulSoup(answer.body, "html.parser")
    assert page.find("script") is None
    campaigns, links = (
        [[cell.get_text() for cell in row.find_all("td")] for row in table.find_all("tr")[1:]]
        for table in page.find_all("table")
    )
    assert [row[:3] for row in campaigns] == [["<script>alert(1)</script>", "2", "2"]]
    assert links == [["https://example.com/", "<script>alert(1)</script>", "0", "0", "0"]]
    assert all(head.get("scope") == "col" for head in page.find_all("th"))
    named = [each["aria-label"] for each in page.find_all(role="region", tabindex="0")]
    assert named == ["Campaigns", "Links"]


def test_a_long_overview_is_cut() -> None:
    """And says how much there is; large numbers can be read."""
    figures = Figures(messages=1_234_567, personal=3, unique_human=1)
    links = tuple(
        LinkFigures(f"link {n}", "https://example.com/", None, figures) for n in range(150)
    )
    page = overview.page(Report(figures, (), links), 5)
    assert "and 50 more links" in page
    assert "link 100" not in page
    assert "5 octets of the spool are not counted yet" in page
    assert "1\u202f234\u202f567" in page
    assert "33.3%" in page


async def test_metrics_are_told(client: Client) -> None:
    """In the text format of Prometheus, whatever is declared."""
    answer = await client.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert b"# HELP waypost_redirects_total " in answer.body


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("click.example.com", 200),
        ("CLICK.example.com.", 200),
        ("go.example.net", 200),
        ("example.net", 404),
        ("example.com", 404),
        ("x.click.example.com", 404),
        ("", 404),
    ],
)
async def test_certificates_are_for_tracking_hosts_only(
    client: Client, domain: str, status: int
) -> None:
    """What Caddy asks before it gets a certificate for a name."""
    assert (await client.ask(f"/internal/ask?domain={domain}")).status == status


async def test_the_openapi_document_tells_each_operation(admin: Admin) -> None:
    """What it lists is what there is."""
    async with serving(admin.app) as client:
        document = (await client.ask("/api/v1/openapi.json")).json
        assert document["openapi"].startswith("3.1")
        told = {
            (method.upper(), path) for path, each in document["paths"].items() for method in each
        }
        assert told == {(each.method, each.path) for each in admin.operations}
        for method, path in told:
            assert (await client.ask(path, method)).status not in {404, 405}
        parameters = document["paths"]["/api/v1/report"]["get"]["parameters"]
        assert [each["name"] for each in parameters] == ["campaign", "since"]
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
            assert "enum" in document["components"]["schemas"][name]
        assert '"#/$defs/' not in json.dumps(document)


@pytest.mark.parametrize("path", ["/api/v1/other", "//", "/c/x", "/healthz/", "/docs"])
async def test_other_paths_are_not_found_in_json(client: Client, path: str) -> None:
    """No redirect, no page, no token is looked at."""
    answer = await client.ask(path)
    assert (answer.status, answer.json) == (404, {"error": "Not Found"})


async def test_other_methods_are_not_allowed(client: Client) -> None:
    """405 says which are (RFC 9110 §15.5.6)."""
    answer = await client.ask("/api/v1/report", "DELETE")
    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)


async def test_nothing_is_kept_by_caches(client: Client) -> None:
    """Who clicked what is for nobody else."""
    for path in ("/api/v1/report", "/metrics", "/healthz", "/internal/ask", "/x"):
        assert (await client.ask(path)).headers["cache-control"] == "no-store"


JSON = "application/json"


async def test_a_link_is_made(client: Client) -> None:
    """JSON in, JSON out: the link, where it leads, and what revokes it."""
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
async def test_a_wish_that_makes_no_sense_names_its_fields(
    client: Client, body: bytes, fields: set[str]
) -> None:
    """400, and what is wrong with which field."""
    answer = await client.ask("/api/v1/links", "POST", body, content_type=JSON)
    assert answer.status == 400
    assert {each["field"] for each in answer.json["problems"]} == fields


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
async def test_only_json_is_taken(client: Client, content_type: str) -> None:
    """A form of somebody else's page cannot make links with a visitor's password (CSRF)."""
    body = b'{"url": "https://example.com/"}'
    answer = await client.ask("/api/v1/links", "POST", body, content_type=content_type)
    assert (answer.status, list(answer.json)) == (415, ["error"])


async def test_a_body_has_bounds(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """In size and in time."""
    answer = await client.ask("/api/v1/links", "POST", b" " * 70_000, content_type=JSON)
    assert answer.status == 413
    monkeypatch.setattr("tracker.admin.requests.BODY_TIMEOUT_S", 0.1)
    answer = await client.ask(
        "/api/v1/links", "POST", b"{", content_type=JSON, content_length="100"
    )
    assert answer.status == 408


async def test_consent_is_noted_and_listed(client: Client, config: Config) -> None:
    """The last word of each person counts, for the proxy as well."""
    for consent in ("none", "anonymous"):
        body = json.dumps({"person": "a@example.org", "consent": consent}).encode()
        answer = await client.ask("/api/v1/consents", "POST", body, content_type=JSON)
        assert (answer.status, answer.json["consent"]) == (201, consent)
    listed = (await client.ask("/api/v1/consents")).json
    assert [(each["person"], each["consent"]) for each in listed] == [
        ("a@example.org", "anonymous")
    ]
    known = Consents.summed(CONSENTS.known(config.store.path).made)
    assert known.of("a@example.org") is Consent.ANONYMOUS
    body = b'{"person": " ", "consent": "some"}'
    refused = await client.ask("/api/v1/consents", "POST", body, content_type=JSON)
    assert {each["field"] for each in refused.json["problems"]} == {"person", "consent"}


async def test_the_person_behind_an_id_is_told(
    client: Client, admin: Admin, tmp_path: Path
) -> None:
    """As `waypost identify` does; 404 for an id of nobody."""
    file = tmp_path / "token.keys"
    token_keys.write_token_keys(file, [token_keys.new_token_key()])
    admin.config = admin.config.model_copy(update={"keys": KeysConfig(file=file)})
    sent(admin.config, "sale", 1)
    person_id = Identifier.load("", file).hashed("reader@example.net")
    answer = await client.ask(f"/api/v1/identify?id={person_id}")
    assert answer.json == {
        "id": person_id,
        "person": "reader@example.net",
        "addresses": ["reader@example.net"],
    }
    assert (await client.ask("/api/v1/identify?id=nobody")).status == 404
    assert (await client.ask("/api/v1/identify")).status == 400


async def test_no_link_is_given_that_reports_would_not_know(config: Config, admin: Admin) -> None:
    """While the spool cannot be written, 503 says so."""
    config.store.spool_dir.write_text("in the way")
    body = b'{"url": "https://example.com/"}'
    async with serving(admin.app) as client:
        answer = await client.ask("/api/v1/links", "POST", body, content_type=JSON)
    assert (answer.status, list(answer.json)) == (503, ["error"])


def basic(user: str, password: bytes) -> str:
    """Write an Authorization field."""
    return "Basic " + base64.b64encode(user.encode() + b":" + password).decode()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (basic("", PASSWORD), 200),
        (basic("anybody", PASSWORD), 200),
        (b"Bearer ".decode() + PASSWORD.decode("latin-1"), 200),
        (b"bearer ".decode() + PASSWORD.decode("latin-1"), 200),
        (basic("", PASSWORD[:-1]), 401),
        (basic("", b""), 401),
        (basic(PASSWORD.decode(), b""), 401),
        ("Basic %%%", 401),
        ("Basic \xe9\xff", 401),
        ("Bearer", 401),
        ("Digest x", 401),
        ("", 401),
    ],
)
async def test_the_password_opens(authorization: str, status: int, admin: Admin) -> None:
    """Basic or bearer; nothing else, and no part of it."""
    async with serving(admin.app, PASSWORD) as client:
        answer = await client.ask("/metrics", authorization=authorization)
        assert answer.status == status
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_nothing_but_what_is_public_needs_no_password(admin: Admin) -> None:
    """A web server asks for certificates, a supervisor for health; neither knows the password."""
    paths = [route.path for route in admin.app.routes if isinstance(route, Route)]
    async with serving(admin.app, PASSWORD) as client:
        statuses = {path: (await client.ask(path)).status for path in [*paths, "/x"]}
        open_to_all = {path for path, status in statuses.items() if status != 401}
        assert open_to_all == {"/healthz", "/internal/ask"}
        ask = await client.ask("/internal/ask?domain=click.example.com")
        assert ask.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("rebound.example.com", 421),
        ("127.0.0.1.example.com", 421),
        ("192.0.2.1", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_without_a_password_only_the_loopback_is_a_host(
    client: Client, host: str, status: int
) -> None:
    """A page whose name was bound anew to 127.0.0.1 sends its own name (DNS rebinding)."""
    assert (await client.ask("/healthz", host=host)).status == status


async def test_with_a_password_any_host_will_do(admin: Admin) -> None:
    """Behind a web server the name is its own."""
    async with serving(admin.app, PASSWORD) as client:
        answer = await client.ask(
            "/metrics", host="admin.example.com", authorization=basic("", PASSWORD)
        )
        assert answer.status == 200


async def test_refusals_are_counted(client: Client) -> None:
    """Somebody who tries passwords or hosts is seen."""
    before = observe.REGISTRY.get_sample_value("waypost_admin_refused_total", {"reason": "host"})
    await client.ask("/metrics", host="example.com")
    after = observe.REGISTRY.get_sample_value("waypost_admin_refused_total", {"reason": "host"})
    assert after == (before or 0) + 1


async def test_a_fault_of_ours_is_a_500_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, admin: Admin
) -> None:
    """Neither the client nor the log gets a traceback."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    observe.configure()
    monkeypatch.setattr("tracker.reports.clicks.report", fail)
    async with serving(admin.app) as client:
        answer = await client.ask("/api/v1/report")
        assert (answer.status, list(answer.json)) == (500, ["error"])
        assert (await client.ask("/healthz")).status == 200
    said = capsys.readouterr().err
    assert "admin_failed" in said
    assert "Traceback" not in said


async def test_bodies_arrive_whole() -> None:
    """In pieces or at once, on a connection that goes on."""

    async def length(request: Request) -> Response:
        return Response(str(len(await request.body())))

    async with serving(Starlette(routes=[Route("/", length, methods=["POST"])])) as client:
        for octets in (0, 10, 100_000):
            assert (await client.ask("/", "POST", b"x" * octets)).body == str(octets).encode()
