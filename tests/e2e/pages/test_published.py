"""The pages behind Caddy, with a certificate and with single sign-on, as docs/access.md shows them.

oauth2-proxy and Authelia are no Debian packages: a server stands for each that answers as its
documentation says, to the very blocks of that page.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browser import Browser
from tests.support.clients.programs import free_port, need, running
from tests.support.guarded import PASSWORD, Told, ask, guarded, password_file, token
from tests.support.readers.web import chromium
from tests.support.recipes import recipe
from tests.support.stack import Stack
from tests.support.waiting import until

HOST = "waypost.example.com"
FORM = "application/x-www-form-urlencoded"
LOGGED_IN = "sso=ann"
"""The cookie of whoever logged in at the sign-on."""


@dataclass
class Front:
    """A web server in front of a tracker's admin listener."""

    stack: Stack
    port: int
    client: str = "127.0.0.1"

    @property
    def origin(self) -> str:
        """What the address bar of a browser begins with."""
        return f"https://{HOST}:{self.port}"

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Told:
        """Ask over HTTPS, whatever the certificate; `_` in a header's name stands for `-`."""
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30)
        connection.sock = _connected(self.port, self.client, trust)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, path, body or None, {"Host": f"{HOST}:{self.port}", **named})
            answer = connection.getresponse()
            return Told(answer.status, answer.headers, answer.read())


def _connected(port: int, client: str, trust: ssl.SSLContext) -> ssl.SSLSocket:
    return trust.wrap_socket(
        socket.create_connection(("127.0.0.1", port), 30, (client, 0)), server_hostname=HOST
    )


@contextlib.contextmanager
def published(folder: Path, section: str, sign_on: dict[str, str] | None = None) -> Iterator[Front]:
    """Run a recipe: Caddy from its Caddyfile, the tracker from its waypost.toml."""
    program, port = need("caddy"), free_port()
    own = {"/etc/waypost/admin.password": str(password_file(folder / "waypost"))}
    table = recipe(section, "/etc/waypost/waypost.toml", own, page="access.md")
    keys = [line for line in table.splitlines() if line.partition(" =")[0] not in NOT_OWN]
    stack = guarded(folder / "waypost", PASSWORD, "\n".join(keys))
    places = {"127.0.0.1:8081": f"127.0.0.1:{stack.admin}", **(sign_on or {})}
    site = recipe(section, "/etc/caddy/Caddyfile", places, page="access.md")
    alone = (
        f"{{\n    https_port {port}\n    http_port {free_port()}\n    admin off\n"
        f"    skip_install_trust\n    auto_https disable_redirects\n    local_certs\n"
        f"    storage file_system {folder}/caddy\n}}\n"
    )
    configuration = folder / "Caddyfile"
    configuration.write_text(alone + site)
    arguments = [program, "run", "--config", configuration, "--adapter", "caddyfile"]
    with stack.serving("tracker"), running(arguments, port, folder / "caddy.log"):
        front = Front(stack, port)
        until(lambda: _answers(front))
        yield front


NOT_OWN = frozenset({"[tracker]", "admin_password_file"})
"""What every stack of these tests has anyway."""


def _answers(front: Front) -> bool:
    try:
        return front.ask("/healthz").status < 500
    except OSError:  # no certificate yet
        return False


@dataclass
class SignOn:
    """Stands for oauth2-proxy or Authelia: `known` and `unknown` are its answers to a cookie."""

    known: tuple[int, dict[str, str]]
    unknown: tuple[int, dict[str, str]]
    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @contextlib.contextmanager
    def open(self) -> Iterator["SignOn"]:
        """Answer on a free port."""
        sign_on = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sign_on.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                is_known = LOGGED_IN in self.headers.get("Cookie", "")
                status, headers = sign_on.known if is_known else sign_on.unknown
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run the recipe that publishes the pages."""
    section = "Publish the pages, with a certificate"
    with published(tmp_path_factory.mktemp("published"), section) as front:
        yield front


def test_the_cookie_is_bound_to_its_host_over_https(front: Front, tmp_path: Path) -> None:
    """A browser takes and keeps it: secure, of this host alone, out of the reach of scripts."""
    flags = ("--ignore-certificate-errors", f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
    with chromium(str(tmp_path / "profile"), *flags) as driver:
        visitor = Browser(driver, front.origin, tmp_path)
        visitor.open("/?period=7")
        assert visitor.path == "/login?to=/%3Fperiod%3D7"
        visitor.press(PASSWORD, Keys.ENTER)
        until(lambda: visitor.path == "/?period=7")
        (cookie,) = driver.get_cookies()  # type: ignore[no-untyped-call]
        assert cookie["name"] == "__Host-waypost"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        assert (cookie["domain"], cookie["path"]) == (HOST, "/")
        driver.find_element(By.CSS_SELECTOR, "form.account button").click()
        until(lambda: visitor.path == "/login")
        assert driver.get_cookies() == []  # type: ignore[no-untyped-call]


def test_programs_ask_through_it_with_password_or_token(front: Front) -> None:
    """As without a web server."""
    right = f"Bearer {PASSWORD}".encode().decode("latin-1")
    assert front.ask("/api/v1/report", authorization=right).status == 200
    made = token(front.stack, "published", "figures")
    assert front.ask("/api/v1/report", authorization=f"Bearer {made}").status == 200
    assert front.ask("/api/v1/consents", authorization=f"Bearer {made}").status == 403
    assert front.ask("/api/v1/report").status == 401


def test_forms_of_other_origins_are_refused(front: Front) -> None:
    """Also by browsers that say no more than the origin; our own is taken."""
    body = urlencode({"password": PASSWORD}).encode()
    for origin, status in {front.origin: 303, "https://evil.example": 403, "null": 403}.items():
        told = front.ask("/login", "POST", body, content_type=FORM, origin=origin)
        assert told.status == status, origin


def test_wrong_passwords_lock_out_their_own_address(front: Front) -> None:
    """Caddy says whose they are, whatever the client says; others go on."""
    other = replace(front, client="127.0.0.2")
    for number in range(10):
        forwarded = f"198.51.100.{number}"
        told = other.ask("/metrics", authorization="Bearer wrong", x_forwarded_for=forwarded)
        assert told.status == 401
    assert other.ask("/metrics", authorization="Bearer wrong").status == 429
    right = f"Bearer {PASSWORD}".encode().decode("latin-1")
    assert other.ask("/metrics", authorization=right).status == 429
    assert front.ask("/metrics", authorization=right).status == 200


OAUTH2 = SignOn(
    known=(202, {"X-Auth-Request-User": "1234", "X-Auth-Request-Email": "ann@example.com"}),
    unknown=(401, {}),
)
AUTHELIA = SignOn(
    known=(200, {"Remote-User": "ann", "Remote-Groups": "staff"}),
    unknown=(302, {"Location": "https://auth.example.com/?rd=x"}),
)


@pytest.fixture(scope="module")
def oauth2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run the recipe for oauth2-proxy."""
    with OAUTH2.open() as sign_on:
        places = {"127.0.0.1:4180": f"127.0.0.1:{sign_on.port}"}
        section = "Single sign-on: oauth2-proxy"
        with published(tmp_path_factory.mktemp("oauth2"), section, places) as front:
            yield front


@pytest.fixture(scope="module")
def authelia(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run the recipe for Authelia."""
    with AUTHELIA.open() as sign_on:
        places = {"127.0.0.1:9091": f"127.0.0.1:{sign_on.port}"}
        section = "Single sign-on: Authelia"
        with published(tmp_path_factory.mktemp("authelia"), section, places) as front:
            yield front


def test_oauth2_proxy_says_who_somebody_is(oauth2: Front) -> None:
    """Their name stands on the page; they may what `login_header_scopes` says."""
    told = oauth2.ask("/", cookie=LOGGED_IN, accept="text/html")
    assert told.status == 200
    assert b"<span>ann@example.com</span>" in told.body
    assert oauth2.ask("/api/v1/consents", cookie=LOGGED_IN).status == 200
    made = oauth2.ask(
        "/api/v1/links", "POST", b"{}", cookie=LOGGED_IN, content_type="application/json"
    )
    assert made.status == 403
    assert any(path == "/oauth2/auth" for path, _ in OAUTH2.asked)


def test_oauth2_proxy_leads_who_is_unknown_to_its_own_form(oauth2: Front) -> None:
    """Which is told where to lead on to, with all of the query."""
    OAUTH2.asked.clear()
    told = oauth2.ask("/links/7?period=7&sort=url", accept="text/html")
    assert (told.status, told.body) == (401, b"")
    paths = [path for path, _ in OAUTH2.asked]
    assert paths == ["/oauth2/auth?period=7&sort=url", "/oauth2/sign_in"]
    headers = OAUTH2.asked[-1][1]
    assert headers["x-auth-request-redirect"] == "/links/7?period=7&sort=url"
    assert headers["x-forwarded-proto"] == "https"
    OAUTH2.asked.clear()
    oauth2.ask("/oauth2/callback?code=1&state=2")
    assert [path for path, _ in OAUTH2.asked] == ["/oauth2/callback?code=1&state=2"]


def test_authelia_says_who_somebody_is(authelia: Front) -> None:
    """Or leads to its portal."""
    told = authelia.ask("/", cookie=LOGGED_IN, accept="text/html")
    assert (told.status, b"<span>ann</span>" in told.body) == (200, True)
    told = authelia.ask("/", accept="text/html")
    assert (told.status, told.headers["location"]) == (302, "https://auth.example.com/?rd=x")


@pytest.mark.parametrize("front", ["oauth2", "authelia"])
def test_nobody_says_themselves_who_they_are(front: str, request: pytest.FixtureRequest) -> None:
    """Neither past the sign-on, nor with a token that is none, nor to the listener itself."""
    gate: Front = request.getfixturevalue(front)
    boss = {"remote_user": "boss"}
    assert gate.ask("/", accept="text/html", **boss).status in {302, 401}
    assert gate.ask("/metrics", authorization="Bearer wpt_made-up", **boss).status == 401
    told = gate.ask("/", cookie=LOGGED_IN, accept="text/html", **boss)
    assert b"<span>ann" in told.body
    assert b"boss" not in told.body


@pytest.mark.parametrize("front", ["oauth2", "authelia"])
def test_programs_go_past_the_sign_on_with_a_token(
    front: str, request: pytest.FixtureRequest
) -> None:
    """They have no browser to log in with."""
    gate: Front = request.getfixturevalue(front)
    made = token(gate.stack, "program", "figures")
    assert gate.ask("/api/v1/report", authorization=f"Bearer {made}").status == 200
    assert gate.ask("/api/v1/consents", authorization=f"Bearer {made}").status == 403


def test_from_another_address_the_header_says_nothing(tmp_path: Path) -> None:
    """The listener trusts another machine than this one, whatever this one says of itself."""
    keys = 'trusted_proxies = ["192.0.2.1"]\nlogin_header = "Remote-User"'
    stack = guarded(tmp_path / "waypost", PASSWORD, keys)
    with stack.serving("tracker"):
        headers = {"remote_user": "ann", "x_forwarded_for": "192.0.2.1"}
        for _ in range(2):
            assert ask(stack, "/metrics", **headers).status == 401
        stack.wait_for_log("admin_login_header_ignored")
        right = f"Bearer {PASSWORD}".encode().decode("latin-1")
        metrics = ask(stack, "/metrics", authorization=right).body.decode()
    assert "waypost_admin_login_headers_ignored_total" in metrics
    assert stack.log.read_text().count("admin_login_header_ignored") == 1
