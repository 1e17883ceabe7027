"""A real browser on a tracked link arrives where it would have arrived without us (P4)."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from proxy.links.urls import destination
from tests.support.readers.links import Links
from tests.support.readers.web import chromium

TAILS = [
    "/",
    "",
    "/path?a=1&copy=2&region=eu#fragment",
    "/?q=%22quoted%22&x='single'&y=\"double\"",
    "/%7Euser/~user/./a/../b//c;p=1",
    "/#",
    "/?",
    "/?#",
    "/a|b^c`d{e}<f>",
    "/back\\slash?back\\slash#back\\slash",
    "/caf\u00e9?\u00fc=\u20ac#stra\u00dfe",
    "/%E2%82%AC/%ff%zz?%",
    "/#:~:text=words",
    "/" + "long/" * 250,
]


MAIL = b"<title>mail</title><a id=link>link</a>"
THERE = b"<title>there</title>"


@dataclass(frozen=True)
class Visit:
    """What a click came to: the target that the site was asked for, by whom, and the final URL."""

    target: str
    referrer: str | None
    url: str


@dataclass
class Site:
    """Where links lead, and the web mail at `/mail` where they stand."""

    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Serve on a free port of the loopback."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path not in {"/favicon.ico", "/mail"}:
                    site.requests.append((self.path, self.headers["Referer"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(MAIL if self.path == "/mail" else THERE)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield
            server.shutdown()
            thread.join()

    def visited_by(self, browser: WebDriver, url: str) -> Visit:
        """Click on a link to `url` in the web mail."""
        self.requests.clear()
        browser.get(f"{self.url}/mail")
        script = (
            "const link = document.getElementById('link');"
            "link.setAttribute('href', arguments[0]); link.click();"
        )
        browser.execute_script(script, url)
        WebDriverWait(browser, 15).until(lambda page: page.title == "there")
        ((target, referrer),) = self.requests
        return Visit(target, referrer, browser.current_url)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """Start Chromium."""
    with chromium(str(tmp_path_factory.mktemp("chromium"))) as started:
        yield started


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Open the site that links lead to."""
    site = Site()
    with site.open():
        yield site


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Links]:
    """Run `waypost tracker`."""
    links = Links.furnish(tmp_path_factory.mktemp("browser") / "waypost")
    with links.stack.serving("tracker"):
        yield links


@pytest.mark.parametrize("tail", TAILS)
def test_a_click_opens_exactly_what_the_link_would_have(
    browser: WebDriver, site: Site, links: Links, tail: str
) -> None:
    """The same request reaches the site, and the same URL stands in the address bar."""
    direct = site.visited_by(browser, site.url + tail)
    minted = destination(site.url + tail)
    assert minted is not None
    tracked = site.visited_by(browser, f"http://127.0.0.1:{links.stack.http}{links.path(minted)}")
    assert (tracked.target, tracked.url) == (direct.target, direct.url)


def test_the_destination_does_not_learn_of_mail_or_token(
    browser: WebDriver, site: Site, links: Links
) -> None:
    """Directly the site hears of the web mail; through us it hears of nobody."""
    assert site.visited_by(browser, f"{site.url}/a").referrer is not None
    tracked = f"http://127.0.0.1:{links.stack.http}{links.path(f'{site.url}/a')}"
    assert site.visited_by(browser, tracked).referrer is None
