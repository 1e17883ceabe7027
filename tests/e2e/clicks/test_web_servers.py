"""The tracker behind nginx and Caddy, as docs/tracker.md shows them."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.clients.programs import free_port, need, running, waypost
from tests.support.readers.links import Links
from tests.support.readers.readers import BROWSER
from tests.support.recipes import recipe
from tests.support.stack import Stack

HOST = "click.example.com"
READER = "127.0.0.2"
DESTINATION = "https://example.com/%7Ea//b/../c?q=%22&x=a+b#!/%2F"


@pytest.fixture
def links(tmp_path: Path) -> Iterator[Links]:
    """Run a tracker that believes its web server, for one tracking host."""
    links = Links(Stack(folder=tmp_path / "waypost", relay=9).furnish())
    text = links.stack.config.read_text()
    text = text.replace("[store]\n", 'trusted_proxies = ["127.0.0.1/32"]\n[store]\n')
    text = text.replace("[[sender]]\n", f'[[sender]]\nbase_url = "https://{HOST}"\n', 1)
    links.stack.config.write_text(f'{text}\n[privacy]\nip = "full"\n')
    with links.stack.serving("tracker"):
        yield links


@dataclass
class WebServer:
    """A web server in front, and how a reader gets there."""

    port: int

    def get(self, path: str, host: str = HOST) -> subprocess.CompletedProcess[bytes]:
        """Request a path of a host, from a reader's own address."""
        return subprocess.run(
            [need("curl"), "-gsSki", "--path-as-is", "--max-time", "20", "--interface", READER,
             "-A", BROWSER["User-Agent"], "--resolve", f"{host}:{self.port}:127.0.0.1", f"https://{host}:{self.port}{path}"],
            capture_output=True, check=False,
        )  # fmt: skip


NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""


@contextmanager
def nginx(links: Links, folder: Path) -> Iterator[WebServer]:
    """Run nginx with the block of the page."""
    program, port = need("nginx"), free_port()
    certificate = trustme.CA().issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
    own = {
        "443": f"127.0.0.1:{port}",
        "/etc/ssl/click.example.com.pem": str(folder / "tls.pem"),
        "/etc/ssl/click.example.com.key": str(folder / "tls.pem"),
        "127.0.0.1:8080": f"127.0.0.1:{links.stack.http}",
    }
    server = recipe("nginx", "/etc/nginx/conf.d/waypost.conf", own, page="tracker.md")
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, server=server))
    arguments = [program, "-e", folder / "nginx.log", "-p", folder, "-c", configuration]
    with running(arguments, port, folder / "log"):
        yield WebServer(port)


@contextmanager
def caddy(links: Links, folder: Path) -> Iterator[WebServer]:
    """Run Caddy with the block of the page, its certificates from a CA of its own."""
    program, port = need("caddy"), free_port()
    alone = f"https_port {port}\n    http_port {free_port()}\n    admin off\n    skip_install_trust"
    own = {
        "    on_demand_tls": (
            f"    {alone}\n    auto_https disable_redirects\n"
            f"    storage file_system {folder}/caddy\n    on_demand_tls"
        ),
        "127.0.0.1:8081": f"127.0.0.1:{links.stack.admin}",
        "127.0.0.1:8080": f"127.0.0.1:{links.stack.http}",
        "        on_demand\n": "        issuer internal\n        on_demand\n",
    }
    configuration = folder / "Caddyfile"
    configuration.write_text(recipe("Caddy", "/etc/caddy/Caddyfile", own, page="tracker.md"))
    arguments = [program, "run", "--config", configuration, "--adapter", "caddyfile"]
    with running(arguments, port, folder / "log"):
        yield WebServer(port)


@pytest.mark.parametrize("server", [nginx, caddy])
def test_a_click_passes_through_unharmed(links: Links, tmp_path: Path, server) -> None:
    """The token arrives, the destination leaves octet for octet, the reader is the reader."""
    with server(links, tmp_path) as front:
        answer = front.get(links.path(DESTINATION))
        assert answer.returncode == 0, answer.stderr
        assert b" 302 " in answer.stdout.splitlines()[0]
        assert f"location: {DESTINATION}\r\n".encode() in answer.stdout.replace(b"Loc", b"loc")
        assert b" 404 " in front.get("/c/none").stdout.splitlines()[0]
    exported = waypost("export", "-c", links.stack.config).stdout
    (click,) = [json.loads(line) for line in exported.splitlines()]
    assert (click["destination"], click["ip"]) == (DESTINATION, READER)


@pytest.mark.parametrize("server", [nginx, caddy])
def test_who_says_no_more_than_a_browsers_name_is_known(
    links: Links, tmp_path: Path, server: Callable[..., AbstractContextManager[WebServer]]
) -> None:
    """The web server tells that the reader came by HTTPS, where browsers send Fetch Metadata."""
    with server(links, tmp_path) as front:
        assert front.get(links.path(DESTINATION)).returncode == 0
        (click,) = links.spooled()
    assert click.signals == ("no-fetch-metadata", "no-html", "no-language")


def test_caddy_gets_certificates_for_tracking_hosts_only(links: Links, tmp_path: Path) -> None:
    """On demand, as Waypost says; anybody can point a name of theirs at us."""
    with caddy(links, tmp_path) as front:
        assert front.get("/healthz").stdout.endswith(b"\r\n\r\nok\n")
        stranger = front.get("/healthz", "stranger.example.net")
        assert (stranger.returncode, stranger.stdout) == (35, b"")
