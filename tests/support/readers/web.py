"""The web as a reader's browser meets it: every host is one site of ours, and it keeps notes."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.clients.programs import need

ARRIVED = "there"
MAIL_HOST = "webmail.test"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium without a screen, that calls nobody."""
_READER_FLAGS = (
    "--ignore-certificate-errors",
    "--incognito",  # visited links would show in another colour
    "--window-size=800,1600",
)


@contextlib.contextmanager
def chromium(profile: str, *flags: str) -> Iterator[WebDriver]:
    """Start Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = need("chromium")
    for flag in (*_FLAGS, *flags, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(need("chromedriver", "chromium-driver")))
    try:
        yield driver
    finally:
        driver.quit()


@dataclass
class Web:
    """Answers for every host, over HTTP and HTTPS; `pages` are the mails that are shown."""

    pages: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    http_port: int = 0
    https_port: int = 0

    @contextlib.contextmanager
    def open(self) -> Iterator["Web"]:
        """Serve on two free ports of the loopback."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("anything.test").configure_cert(context)
        with contextlib.ExitStack() as servers:
            for secure in (False, True):
                server = ThreadingHTTPServer(
                    ("127.0.0.1", 0), self._handler("https" if secure else "http")
                )
                if secure:
                    server.socket = context.wrap_socket(server.socket, server_side=True)
                    self.https_port = server.server_port
                else:
                    self.http_port = server.server_port
                thread = threading.Thread(target=server.serve_forever)
                thread.start()
                servers.callback(server.server_close)
                servers.callback(thread.join)
                servers.callback(server.shutdown)
            yield self

    def _handler(self, scheme: str) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = web.pages.get(self.path) if self.headers["Host"] == MAIL_HOST else None
                if page is None and "Upgrade-Insecure-Requests" in self.headers:  # no image
                    web.requests.append(f"{scheme}://{self.headers['Host']}{self.path}")
                body, content_type = page or (f"<title>{ARRIVED}</title>".encode(), "text/html")
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Security-Policy", "script-src 'none'")  # as in mail
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    @contextlib.contextmanager
    def browser(self, profile: str, tracker_port: int) -> Iterator[WebDriver]:
        """Start Chromium; every host but the tracker's is this web."""
        rules = (
            f"MAP *:443 127.0.0.1:{self.https_port},MAP *:80 127.0.0.1:{self.http_port},"
            f"MAP *:{tracker_port} 127.0.0.1:{tracker_port},MAP * 127.0.0.1:{self.http_port}"
        )
        with chromium(profile, *_READER_FLAGS, f"--host-resolver-rules={rules}") as driver:
            yield driver


_HREFS = """
const hrefs = [];
for (const link of document.querySelectorAll('a[href], area[href]'))
    hrefs.push(link.getAttribute('href'));
return hrefs;
"""
_CLICK = """
const link = document.querySelectorAll('a[href], area[href]')[arguments[0]];
link.removeAttribute('target');
link.click();
"""


@dataclass
class Reader:
    """Somebody who reads mail in a browser."""

    driver: WebDriver
    web: Web

    def read(self, page: str) -> list[str]:
        """Open a mail; give the values of its hrefs."""
        self.driver.get(f"http://{MAIL_HOST}{page}")
        hrefs: list[str] = self.driver.execute_script(_HREFS)  # type: ignore[no-untyped-call]
        return hrefs

    def sees(self, page: str) -> bytes:
        """Return the pixels of a mail."""
        self.driver.get(f"http://{MAIL_HOST}{page}")
        picture: bytes = self.driver.get_screenshot_as_png()
        return picture

    def clicks(self, page: str, number: int) -> tuple[str, str]:
        """Open a mail and click on a link; give what a site was asked, and the address bar."""
        self.driver.get(f"http://{MAIL_HOST}{page}")
        self.web.requests.clear()
        self.driver.execute_script(_CLICK, number)  # type: ignore[no-untyped-call]
        WebDriverWait(self.driver, 15).until(lambda seen: seen.title == ARRIVED)
        return self.web.requests[-1], self.driver.current_url
