"""The login form: what it takes, where it leads, and what it is not to be fooled by."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.clients.admin import Answer, Client, serving
from tests.support.state import beside
from tracker.access import files
from tracker.access.access import Scope
from tracker.access.authentication import MAX_WRONG_PASSWORDS
from tracker.access.files import ACCESS
from tracker.answers.errors import ERROR_HANDLERS
from tracker.pages.rendering.errors import page
from tracker.pages.rendering.page import render
from tracker.pages.views import login

PASSWORD = "horse staple ü&+%"
FORM = "application/x-www-form-urlencoded"
PAGE = "text/html"


@pytest.fixture
def app() -> Starlette:
    """Return the form, and a page that only shows what every page does."""
    shown = page("/links/7", lambda request: render(request, "error.html", head="A page", text="",
                                                    problems=(), advice=""))  # fmt: skip
    return Starlette(routes=[*login.routes(), Route("/x", shown.endpoint), shown],
                     exception_handlers=ERROR_HANDLERS)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store, beside which tokens are kept."""
    return tmp_path / "waypost.db"


@pytest.fixture
async def visitor(app: Starlette, store: Path) -> AsyncIterator[Client]:
    """Ask a listener with a password."""
    async with serving(app, PASSWORD.encode(), store=store) as client:
        yield client


async def send(visitor: Client, password: str = PASSWORD, **own: str) -> Answer:
    """Send the form."""
    body = urlencode({"password": password, **own}).encode()
    return await visitor.ask("/login", "POST", body, content_type=FORM, accept=PAGE)


def cookie_of(answer: Answer) -> str:
    """Return the cookie that an answer sets, as a browser sends it."""
    return answer.headers["set-cookie"].partition(";")[0]


async def test_the_form_leads_on_to_what_was_asked_for(visitor: Client) -> None:
    """With a session, by which the page is shown, and a way out."""
    asked = await visitor.ask("/links/7?period=7", accept=PAGE)
    form = await visitor.ask(asked.headers["location"], accept=PAGE)
    found = BeautifulSoup(form.body, "html.parser")
    to = found.select_one("input[name=to]")["value"]  # type: ignore[index]
    assert to == "/links/7?period=7"
    answer = await send(visitor, to=str(to))
    assert (answer.status, answer.headers["location"]) == (303, to)
    shown = await visitor.ask("/links/7", accept=PAGE, cookie=cookie_of(answer))
    assert shown.status == 200
    out = BeautifulSoup(shown.body, "html.parser").select_one("form[action='/logout'] button")
    assert out is not None
    assert out.string == "Log out"


async def test_the_form_alone_leads_to_the_overview(visitor: Client) -> None:
    """Nothing else was asked for."""
    assert (await send(visitor)).headers["location"] == "/"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD[:-1]])
async def test_a_wrong_password_leads_to_the_form_again(visitor: Client, password: str) -> None:
    """Which says so, remembers where to go, and repeats no password."""
    answer = await send(visitor, password, to="/links/7")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    form = BeautifulSoup(answer.body, "html.parser")
    assert form.select_one("[role=alert]").string.startswith("That is not")  # type: ignore[union-attr]
    assert form.select_one("input[name=to]")["value"] == "/links/7"  # type: ignore[index]
    assert "value" not in form.select_one("input[name=password]").attrs  # type: ignore[union-attr]


async def test_too_many_wrong_passwords_are_not_looked_at(visitor: Client) -> None:
    """Those at the form, and those of programs, are counted as one."""
    for _ in range(MAX_WRONG_PASSWORDS):
        assert (await send(visitor, "wrong")).status == 401
    answer = await send(visitor)
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert (await visitor.ask("/x", authorization="Bearer x")).status == 429


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", "/login", "/login?to=/login", "/logout", "\r\nSet-Cookie: a=b", "\udc80",
    ],
)  # fmt: skip
async def test_the_form_leads_to_no_other_site(visitor: Client, to: str) -> None:
    """Nor in a circle, nor out again."""
    answer = await send(visitor, to=to.encode("utf-8", "surrogateescape"))  # type: ignore[arg-type]
    assert answer.headers["location"] == "/"
    octets = to.encode("utf-8", "surrogateescape")
    form = await visitor.ask(f"/login?to={quote(octets)}", accept=PAGE)
    field = BeautifulSoup(form.body, "html.parser").select_one("input[name=to]")
    assert field is not None
    assert field["value"] == "/"


async def test_a_token_logs_in_to_what_it_is_for(visitor: Client, store: Path) -> None:
    """Its name stands on each page; what it lacks it does not show."""
    token, _ = files.add(beside(store), "ann", [Scope.FIGURES], None)
    shown = await visitor.ask("/links/7", cookie=cookie_of(await send(visitor, token)))
    assert shown.status == 200
    assert b"<span>ann</span>" in shown.body
    other, _ = files.add(beside(store), "cms", [Scope.LINKS], None)
    shown = await visitor.ask("/links/7", cookie=cookie_of(await send(visitor, other)))
    assert shown.status == 403


async def test_logging_out_ends_the_session_for_good(visitor: Client) -> None:
    """Also for whoever kept the cookie."""
    cookie = cookie_of(await send(visitor))
    assert (await visitor.ask("/logout", "GET", cookie=cookie)).status == 405
    assert (await visitor.ask("/links/7", cookie=cookie)).status == 200
    out = await visitor.ask("/logout", "POST", b"", cookie=cookie)
    assert (out.status, out.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await visitor.ask("/links/7", cookie=cookie)).status == 401


async def test_whoever_is_logged_in_gets_no_form(visitor: Client) -> None:
    """As after a link of another site, or with the form in a second tab."""
    cookie = cookie_of(await send(visitor))
    answer = await visitor.ask("/login?to=/links/7", cookie=cookie)
    assert (answer.status, answer.headers["location"]) == (303, "/links/7")


async def test_without_a_password_there_is_nothing_to_log_in_to(app: Starlette) -> None:
    """The form leads on."""
    async with serving(app) as client:
        for answer in (await client.ask("/login?to=/links/7"), await send(client, to="/links/7")):
            assert (answer.status, answer.headers["location"]) == (303, "/links/7")
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"password": "x"}', 415),
        ("multipart/form-data; boundary=x", b"--x", 415),
        ("text/plain", b"password=x", 415),
        ("", b"password=x", 415),
        (FORM, b"x" * (login.MAX_FORM_OCTETS + 1), 413),
        (FORM, b"&".join(b"%d=1" % number for number in range(100)), 400),
        (FORM, b"password=\xff", 400),
        (FORM, b"password=%ff%00", 401),
        (FORM, b"", 401),
        (FORM, b"password=a&password=b", 401),
        (f"{FORM}; charset=utf-16", b"password=x", 401),
    ],
)
async def test_other_forms_are_refused(
    visitor: Client, content_type: str, body: bytes, status: int
) -> None:
    """With a status that says why; never with a fault of ours."""
    answer = await visitor.ask("/login", "POST", body, content_type=content_type, accept=PAGE)
    assert answer.status == status
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}]
)
async def test_forms_of_other_sites_log_nobody_in_or_out(
    visitor: Client, headers: dict[str, str]
) -> None:
    """Somebody would click about in another's session."""
    body = urlencode({"password": PASSWORD}).encode()
    answer = await visitor.ask("/login", "POST", body, content_type=FORM, **headers)
    assert (answer.status, "set-cookie" in answer.headers) == (403, False)
    cookie = cookie_of(await send(visitor))
    assert (await visitor.ask("/logout", "POST", b"", cookie=cookie, **headers)).status == 403
    assert (await visitor.ask("/links/7", cookie=cookie)).status == 200


async def test_tokens_that_cannot_be_read_are_told(app: Starlette, store: Path) -> None:
    """Whoever has a session, or wants one by a token, is told to wait."""
    ACCESS.file_of(beside(store)).mkdir()
    async with serving(app, PASSWORD.encode(), store=store) as client:
        assert (await send(client, "wpt_x")).status == 503
        cookie = cookie_of(await send(client))
        assert (await client.ask("/login", cookie=cookie)).status == 503
        assert (await client.ask("/links/7", cookie=cookie)).status == 503
        assert (await client.ask("/logout", "POST", b"", cookie=cookie)).status == 503


async def test_a_session_ends_though_that_cannot_be_written_down(
    app: Starlette, store: Path
) -> None:
    """Until the next start; and whoever logged out is told."""
    async with serving(app, PASSWORD.encode(), store=store) as client:
        cookie = cookie_of(await send(client))
        ACCESS.file_of(beside(store)).mkdir()
        assert (await client.ask("/logout", "POST", b"", cookie=cookie)).status == 503
        assert (await client.ask("/links/7", cookie=cookie)).status == 401
