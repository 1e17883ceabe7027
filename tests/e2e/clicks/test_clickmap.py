"""A click map in Chromium: hostile mail does nothing there, whatever it is made of."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from config.schema import Config
from proxy.clickmap.links import NoMap, marked
from proxy.clickmap.page import Map, Row, page
from tests.support.clients.programs import need
from tests.support.mail import html_message
from tests.support.readers.web import chromium
from tests.support.waiting import until

HOSTILE = """
<html><head><title>x</title><base href="http://base.test/"><meta http-equiv="refresh" content="0;url=http://meta.test/">
<link rel="stylesheet" href="http://link.test/"><link rel="prefetch" href="http://prefetch.test/">
<style>@import "http://import.test/"; body { background: url(http://css.test/); } @font-face
{ font-family: f; src: url(http://font.test/); } p { font-family: f; background: \\75rl(http://escape.test/); }
* { display: none !important; }</style></head>
<body background="http://body.test/" onload="document.title = 'owned'">
<script>document.title = 'owned'; fetch('http://script.test/');</script>
<img src="http://img.test/" onerror="document.title = 'owned'" alt="Alt">
<img src=x onerror=alert(1)><svg onload="document.title='owned'"><image href="http://svg.test/"/></svg>
<p style="background:url('http://style.test/')">Text</p>
<table background="http://table.test/"><tr><td>Cell</td></tr></table>
<iframe src="http://iframe.test/"></iframe><object data="http://object.test/"></object>
<embed src="http://embed.test/"><video src="http://video.test/" autoplay></video>
<form action="http://form.test/" method="post"><input autofocus onfocus="document.title='owned'"><button>Go</button></form>
<a href="https://example.net/a" onclick="document.title='owned'" ping="http://ping.test/" target="_top">Tracked</a>
<a href="javascript:document.title='owned'">Script</a> <a href="data:text/html,<script>x</script>">Data</a>
</template></div></main><script>document.title = 'owned'</script>
<noscript><p title="</noscript><img src=http://noscript.test/>"></noscript>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=http://mxss.test/ onerror=alert(1)&gt;">
</body></html>
"""
ROWS = {1: Row("https://example.net/a", "Tracked", "7 people", "14.0%", "", 1.0)}


class Net:
    """Every host there is; it keeps notes of who asked for what."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        net = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                net.requests.append(f"{self.headers['Host']}{self.path}")
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @contextlib.contextmanager
    def open(self) -> Iterator["Net"]:
        """Answer on a port of the loopback."""
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """Return all hosts."""
    with Net().open() as opened:
        yield opened


@pytest.fixture(scope="module")
def driver(net: Net, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """Return a browser for which every host is `net`."""
    need("chromium")
    rules = f"--host-resolver-rules=MAP * 127.0.0.1:{net.server.server_port}"
    with chromium(
        str(tmp_path_factory.mktemp("profile")), rules, "--window-size=1000,1400"
    ) as made:
        yield made


def opened(driver: WebDriver, folder: Path, html: str) -> None:
    """Open the click map of a message, as a file."""
    drawn = Map("Spring", [("deliveries", "50")], ROWS, ())
    file = folder / "map.html"
    file.write_text(page(marked(html_message(html), Config(), None), drawn), encoding="utf-8")
    driver.get(f"file://{file}")


_CLICK_ALL = """
for (const each of document.querySelector('.mail').shadowRoot.querySelectorAll('*')) each.click?.();
"""
_SHADOW = "return document.querySelector('.mail').shadowRoot.querySelector(arguments[0])"


def test_the_browser_of_this_test_would_tell(driver: WebDriver, net: Net, tmp_path: Path) -> None:
    """The same mail, shown as it is, asks many hosts and runs its scripts."""
    file = tmp_path / "mail.html"
    file.write_text(HOSTILE)
    net.requests.clear()
    with contextlib.suppress(Exception):
        driver.get(f"file://{tmp_path / 'mail.html'}")
    with contextlib.suppress(Exception):
        driver.switch_to.alert.accept()
    assert any("link.test" in each or "img.test" in each for each in net.requests)
    # The page goes elsewhere by itself; not only when the next test has begun.
    until(lambda: any("meta.test" in each for each in net.requests))
    driver.get("about:blank")


def test_hostile_mail_asks_for_nothing_and_runs_nothing(
    driver: WebDriver, net: Net, tmp_path: Path
) -> None:
    """Neither when it is opened nor when somebody clicks on it."""
    driver.get_log("browser")  # type: ignore[no-untyped-call]
    net.requests.clear()
    opened(driver, tmp_path, HOSTILE)
    address = driver.current_url
    driver.execute_script(_CLICK_ALL)  # type: ignore[no-untyped-call]
    assert driver.title == "Spring: click map"
    assert driver.current_url == address
    assert net.requests == []
    messages = [str(each) for each in driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert messages == []


def test_what_people_read_of_it_is_there_with_its_figures(
    driver: WebDriver, tmp_path: Path
) -> None:
    """Though its style sheet hides everything: what is drawn is ours."""
    opened(driver, tmp_path, HOSTILE)
    link = driver.execute_script(_SHADOW, "a")  # type: ignore[no-untyped-call]
    assert link.get_property("textContent") == "Tracked 7 people · 14.0%"
    opened(driver, tmp_path, HOSTILE.replace("* { display: none !important; }", ""))
    link = driver.execute_script(_SHADOW, "a")  # type: ignore[no-untyped-call]
    assert link.text == "Tracked 7 people · 14.0%"


def test_mail_cannot_change_the_page_around_it(driver: WebDriver, tmp_path: Path) -> None:
    """Its style sheets end with it, and nothing of it stands outside of its frame."""
    over = (
        "<style>h1, .mail {display: none} p {position: fixed; top: 0; left: 0}</style><p>Over</p>"
    )
    opened(driver, tmp_path, over)
    assert driver.find_element("css selector", "h1").is_displayed()
    frame = driver.find_element("css selector", ".mail").rect
    text = driver.execute_script(_SHADOW, "p").rect  # type: ignore[no-untyped-call]
    assert text["y"] >= frame["y"]


def test_real_newsletters_ask_for_nothing(
    driver: WebDriver, net: Net, tmp_path: Path, corpus: Path
) -> None:
    """One of each kind of the corpus, with all that they load."""
    documents = sorted({path.parent: path for path in (corpus / "html").rglob("*.html")}.values())
    net.requests.clear()
    for document in documents[:25]:
        with contextlib.suppress(NoMap):
            opened(driver, tmp_path, document.read_text(encoding="utf-8", errors="replace"))
            assert driver.execute_script(_SHADOW, "*") is not None, document  # type: ignore[no-untyped-call]
    assert net.requests == []
    assert len(documents) > 5
