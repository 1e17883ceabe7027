"""Logging in and out as people do, in a browser, with scripts and without."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from config.keys import password_hash
from tests.support.browser import DESK, PHONE, SCHEMES, Browser, browsing
from tests.support.guarded import PASSWORD, guarded, keep_password, other_site, token
from tests.support.stack import Stack

VIEW = "/?period=7"
PATIENCE_S = 30
FORM = "/login?to=/%3Fperiod%3D7"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a tracker whose password is kept as a hash."""
    stack = guarded(tmp_path_factory.mktemp("guarded") / "waypost", kept=_hashed())
    with stack.serving("tracker"):
        yield stack


def _hashed(password: str = PASSWORD) -> str:
    return password_hash.make(password.encode())


@pytest.fixture(scope="module", params=[True, False], ids=["scripts", "no-scripts"])
def started(
    request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Start a browser at its pages."""
    folder = tmp_path_factory.mktemp("browser")
    with browsing(stack.admin, folder, scripts=request.param) as browser:
        yield browser


@pytest.fixture
def visitor(started: Browser) -> Browser:
    """Be somebody who was never here."""
    started.open("/static/waypost.svg")
    started.driver.delete_all_cookies()
    return started


def fill_in(visitor: Browser, password: str) -> None:
    """Type a password into the form, which has the focus, and send it."""
    form = visitor.driver.find_element(By.CSS_SELECTOR, "form.login")
    visitor.press(password, Keys.ENTER)
    WebDriverWait(visitor.driver, PATIENCE_S).until(lambda _: _is_gone(form))


def _is_gone(element: object) -> bool:
    try:
        element.is_enabled()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - whatever the driver calls it, the page is another
        return True
    return False


def cookies(visitor: Browser) -> list[tuple[str, object, object]]:
    """Return the cookies: name, whether scripts are kept from it, and for which sites."""
    found = visitor.driver.get_cookies()  # type: ignore[no-untyped-call]
    return [(each["name"], each["httpOnly"], each["sameSite"]) for each in found]


def test_somebody_logs_in_with_the_keyboard_alone(visitor: Browser) -> None:
    """What was asked for comes after the form; a wrong password is told, and forgotten."""
    visitor.open(VIEW)
    assert visitor.path == FORM
    fill_in(visitor, "wrong")
    assert visitor.texts("[role=alert]") == [
        "That is not the password, and no token that is in use."
    ]
    assert cookies(visitor) == []
    fill_in(visitor, PASSWORD)
    assert visitor.path == VIEW
    assert cookies(visitor) == [("waypost", True, "Strict")]


def test_somebody_logs_out(visitor: Browser) -> None:
    """And is asked again."""
    visitor.open(VIEW)
    fill_in(visitor, PASSWORD)
    visitor.driver.find_element(By.CSS_SELECTOR, "form.account button").click()
    WebDriverWait(visitor.driver, PATIENCE_S).until(lambda _: visitor.path == "/login")
    assert cookies(visitor) == []
    visitor.open(VIEW)
    assert visitor.path == FORM


def test_a_link_of_another_site_leads_to_its_view(visitor: Browser) -> None:
    """Where a browser keeps the cookie back at first; whoever is not logged in gets the form."""
    with other_site(f'<a href="{visitor.origin}{VIEW}">See this view</a>') as url:
        visitor.driver.get(url)
        visitor.follow("See this view", "body")
        WebDriverWait(visitor.driver, PATIENCE_S).until(lambda _: visitor.path == FORM)
        fill_in(visitor, PASSWORD)
        assert visitor.path == VIEW
        visitor.driver.get(url)
        visitor.follow("See this view", "body")
        WebDriverWait(visitor.driver, PATIENCE_S).until(lambda _: visitor.path == VIEW)


def test_a_form_of_another_site_logs_nobody_out(visitor: Browser) -> None:
    """The browser says whose form it is."""
    visitor.open(VIEW)
    fill_in(visitor, PASSWORD)
    form = f'<form method="post" action="{visitor.origin}/logout"><button>Win</button></form>'
    with other_site(form) as url:
        visitor.driver.get(url)
        visitor.driver.find_element(By.TAG_NAME, "button").click()
        WebDriverWait(visitor.driver, PATIENCE_S).until(lambda _: visitor.path == "/logout")
        assert "a page of another site sent this" in visitor.driver.page_source
    visitor.open(VIEW)
    assert visitor.path == VIEW


def test_a_colleague_logs_in_with_a_token(visitor: Browser, stack: Stack) -> None:
    """Their name stands on each page; what the token lacks is not shown, on a page that says so."""
    name = f"ann-{id(visitor.driver)}"
    made = token(stack, name, "links")
    visitor.open(VIEW)
    fill_in(visitor, made)
    assert visitor.path == VIEW
    assert visitor.texts("h1") == ["This is not for you"]
    assert visitor.texts("form.account span") == [name]
    assert f"this needs the scope figures, which {name} has not" in visitor.texts("main")[0]


def test_a_new_password_ends_all_sessions(visitor: Browser, stack: Stack) -> None:
    """Within seconds, in every browser."""
    visitor.open(VIEW)
    fill_in(visitor, PASSWORD)
    keep_password(stack.folder, _hashed("another"))

    def is_asked(_: object) -> bool:
        visitor.open(VIEW)
        return visitor.path == FORM

    try:
        WebDriverWait(visitor.driver, PATIENCE_S).until(is_asked)
        fill_in(visitor, "another")
        assert visitor.path == VIEW
    finally:
        keep_password(stack.folder, _hashed())
    WebDriverWait(visitor.driver, PATIENCE_S).until(is_asked)


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("password", [None, "wrong"])
@pytest.mark.parametrize("started", [True], ids=["scripts"], indirect=True, scope="module")
def test_the_form_can_be_used_by_everybody(
    visitor: Browser, width: int, scheme: str, password: str | None
) -> None:
    """Axe-core finds nothing, nothing is wider than the screen; a picture is left."""
    visitor.open(FORM)
    if password is not None:
        fill_in(visitor, password)
    visitor.looks(width, scheme)
    assert visitor.findings() == []
    assert visitor.overflow() == 0
    name = "login" if password is None else "login-refused"
    assert visitor.shoot(name, width, scheme).stat().st_size > 3_000


@pytest.mark.parametrize("started", [True], ids=["scripts"], indirect=True, scope="module")
def test_whoever_is_logged_in_sees_who_they_are(visitor: Browser, stack: Stack) -> None:
    """However long the name of their token is; and no page that the token does not open."""
    name = "somebody.with.a.rather.long.name@marketing.example.com"
    visitor.open("/")
    fill_in(visitor, token(stack, name, "figures"))
    for width in (DESK, PHONE):
        for scheme in SCHEMES:
            visitor.looks(width, scheme)
            assert visitor.findings() == []
            assert visitor.overflow() == 0
            assert visitor.texts("form.account span") == [name]
            assert visitor.shoot("logged-in", width, scheme).stat().st_size > 5_000
    assert "People" not in visitor.texts("header nav a")
