"""The admin listener's paths: what is there, and what is not."""

import contextlib
import re
import time
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from starlette.routing import Route

from config.schema import Config
from config.telemetry import observe
from tests.support import believable, http_server
from tests.support.clients.admin import Client, serving
from tests.support.waiting_in_loop import until
from tracker.access import files
from tracker.access.access import FORGETTING, Scope
from tracker.admin.admin import Admin
from tracker.events import MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.catch_up import catch_up
from tracker.listener import asgi
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.keys import message_text

PASSWORD = b"horse staple"
OPEN_TO_ALL = {
    *("/healthz", "/readyz", "/readyz/{role}", "/internal/ask"),
    *("/login", "/logout", "/static/{name}"),
}


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


async def test_nothing_but_what_is_public_needs_no_password(admin: Admin) -> None:
    """A web server asks for certificates, a supervisor for health; neither knows the password."""
    paths = [route.path for route in admin.app.routes if isinstance(route, Route)]
    async with serving(admin.app, PASSWORD) as client:
        statuses = {path: (await client.ask(path)).status for path in [*paths, "/x"]}
        open_to_all = {path for path, status in statuses.items() if status != 401}
        assert open_to_all == OPEN_TO_ALL - {"/readyz/{role}"}  # which is no role
        ask = await client.ask("/internal/ask?domain=click.example.com")
        assert ask.status == 200


PERSONAL = ("people", "message", "click", "identify", "consent", "forget")
"""Words in the paths of what is about single persons."""


async def test_every_page_asks_what_somebody_may_see(admin: Admin) -> None:
    """Whoever adds one that forgets it shows it to each token."""
    routes = [each for each in admin.app.routes if isinstance(each, Route)]
    async with http_server.serving(asgi.serving(admin.app)) as served:  # no guard: no access
        for route in routes:
            path = re.sub(r"\{[^}]*\}", "1", route.path)
            status = (await Client(served.port).ask(path)).status
            assert status == 403 or route.path in OPEN_TO_ALL, route.path


def test_every_operation_says_what_it_needs(admin: Admin) -> None:
    """And what is about persons needs their scope."""
    for each in admin.api.operations:
        assert each.scopes, each.path
        if any(word in each.path for word in PERSONAL):
            assert Scope.PERSONS in each.scopes, each.path
        if "forget" in each.path:
            assert set(FORGETTING) <= set(each.scopes)


async def test_a_token_for_figures_sees_no_person(admin: Admin, config: Config) -> None:
    """Nor makes a link."""
    token, _ = files.add(config.store.file, "grafana", [Scope.FIGURES], None)
    bearer = f"Bearer {token}"
    async with serving(admin.app, PASSWORD, store=config.store.path) as client:
        for path, status in {
            "/": 200,
            "/metrics": 200,
            "/api/v1/report": 200,
            "/api/v1/openapi.json": 200,
            "/api/v1/identify?id=x": 403,
            "/api/v1/consents": 403,
        }.items():
            assert (await client.ask(path, authorization=bearer)).status == status, path
        page = BeautifulSoup((await client.ask("/", authorization=bearer)).body, "html.parser")
        for link in page.select("header nav a"):
            assert (await client.ask(str(link["href"]), authorization=bearer)).status == 200
        wanted = b'{"url": "https://example.com/"}'
        json = {"authorization": bearer, "content_type": "application/json"}
        assert (await client.ask("/api/v1/links", "POST", wanted, **json)).status == 403


def _secrets_of(config: Config) -> set[bytes]:
    """Return what tells of single persons, messages and clicks in a store: no figure holds it."""
    with database.reading(config.store) as db:
        names = [row[0] for row in db.execute("SELECT name FROM persons WHERE name <> ''")]
        agents = [row[0] for row in db.execute("SELECT name FROM user_agents WHERE name <> ''")]
        messages = db.execute("SELECT DISTINCT message_id FROM messages")
        ids = [message_text(row[0]) for row in messages]
    assert min(map(len, (names, agents, ids))) > 0
    return {each.encode() for each in (*names, *agents, *ids)}


async def test_no_page_and_no_operation_for_figures_names_anybody(
    admin: Admin, config: Config
) -> None:
    """Of a sender with real traffic: no address, no message, no reader's browser."""
    believable.spool(config, time.time())
    catch_up(config)
    secrets = _secrets_of(config)
    token, _ = files.add(config.store.file, "grafana", [Scope.FIGURES], None)
    paths = [each.path for each in admin.app.routes if isinstance(each, Route)]
    paths += [f"/api/v1{each.path}" for each in admin.api.operations if each.method == "GET"]
    shown = 0
    async with serving(admin.app, PASSWORD, store=config.store.path) as client:
        for path in paths:
            for number in "123":
                url = re.sub(r"\{[^}]*\}", number, path)
                answer = await client.ask(url, authorization=f"Bearer {token}")
                found = {each for each in secrets if each in answer.body}
                assert (url, found) == (url, set())
                shown += answer.status == 200
    assert shown > 20


async def test_the_url_of_a_named_link_is_not_for_figures(admin: Admin, config: Config) -> None:
    """It is an example, and may be one reader's own."""
    with contextlib.closing(Spool.open(config.store.spool_dir, "proxy")) as spool:
        own = "https://example.com/orders?email=ann@example.com"
        sent = MessagePending(
            *("1" * 16, time.time(), "example.com", "sale"),
            shared=False,
            recipients=(Recipient(1, "ann@example.com"),),
            links=(SentLink(1, own, "My orders", "Orders"),),
        )
        spool.append(sent)
        spool.append(MessageAccepted(sent.message_id, time.time(), (1,)))
    catch_up(config)
    with database.reading(config.store) as db:
        (sale,) = db.execute("SELECT id FROM campaigns WHERE name = 'sale'").fetchone()
    both = (Scope.FIGURES, Scope.PERSONS)
    tokens = [files.add(config.store.file, each, [each], None)[0] for each in both]
    told = {}
    async with serving(admin.app, PASSWORD, store=config.store.path) as client:
        for path in (
            *("/links/1", f"/campaigns/{sale}/links.csv"),
            *("/api/v1/report", f"/api/v1/links?campaign={sale}", "/api/v1/links/1"),
        ):
            answers = [await client.ask(path, authorization=f"Bearer {token}") for token in tokens]
            assert [each.status for each in answers] == [200, 200], path
            assert all(b"My orders" in each.body for each in answers), path
            told[path] = [b"ann@example.com" in each.body for each in answers]
        for text, found in (("orders?email=ann", [False, True]), ("MY orders", [True, True])):
            path = f"/links?q={quote(text)}"
            answers = [await client.ask(path, authorization=f"Bearer {token}") for token in tokens]
            assert [b"My orders" in each.body for each in answers] == found, text
    assert set(map(tuple, told.values())) == {(False, True)}, told


async def _said(capsys: pytest.CaptureFixture[str], text: str) -> str:
    """Return the log once it says this: a fault is answered first, and told when its threads are done."""
    heard: list[str] = []

    def says() -> bool:
        heard.append(capsys.readouterr().err)
        return text in "".join(heard)

    await until(says)
    return "".join(heard)


async def test_a_fault_of_ours_is_a_500_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, admin: Admin
) -> None:
    """Neither the client nor the log gets a traceback."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    observe.configure()
    monkeypatch.setattr("tracker.reports.summary.report", fail)
    async with serving(admin.app) as client:
        answer = await client.ask("/api/v1/report")
        assert (answer.status, list(answer.json)) == (500, ["error"])
        assert (await client.ask("/healthz")).status == 200
        said = await _said(capsys, "admin_failed")
    assert "Traceback" not in said


async def test_the_log_of_a_fault_names_no_person(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, admin: Admin
) -> None:
    """It is kept when they are forgotten."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    observe.configure()
    monkeypatch.setattr("tracker.reports.known.person", fail)
    async with serving(admin.app) as client:
        assert (await client.ask("/people/ann@example.com")).status == 500
        said = await _said(capsys, "path=/people/{person}")
    assert "ann" not in said
