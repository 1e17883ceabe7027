"""The services of compose.yaml as processes: the same arguments, the same environment, no file."""

import http.client
import json
import os
import re
import smtplib
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import compose
from tests.support.clients.programs import WAYPOST, free_port, need, running, waypost
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.postgresql import cluster
from tests.support.readers.readers import BROWSER
from tests.support.repository import ROOT
from tests.support.stack import Mailbox
from tests.support.waiting import until

TRACKED = re.compile(rb'href="https://click\.example\.com(/c/[A-Za-z0-9_-]+)"')


@dataclass
class Composed:
    """The services, not running yet; `ports` are ours in the place of those of the file."""

    folder: Path
    services: dict[str, compose.Service]
    ports: dict[str, int]

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a service, in which its ports are free ones."""
        told = {key: self._own(value) for key, value in self.services[name].environment.items()}
        # What the Containerfile sets; secrets are found by their names there.
        told["CREDENTIALS_DIRECTORY"] = str(self.folder / "secrets")
        told.setdefault("WAYPOST_STORE__URL", f"sqlite:///{self.folder}/state/waypost.db")
        if "WAYPOST_STORE__STATE" in told:
            told["WAYPOST_STORE__STATE"] = str(self.folder / "state")
        told["PATH"] = f"{WAYPOST.parent}:/usr/bin:/bin"
        return {name: os.environ[name] for name in os.environ if name == "PYTHONPATH"} | told

    def _own(self, value: str) -> str:
        for port, ours in self.ports.items():
            value = value.replace(f"0.0.0.0:{port}", f"127.0.0.1:{ours}")
        return value

    def start(self, name: str, within: ExitStack) -> None:
        """Run a service until `within` ends."""
        command = ["env", "-i", "-C", str(self.folder / "state")]
        command += [f"{key}={value}" for key, value in self.environment(name).items()]
        port = self.ports["2525" if name == "proxy" else "8080"]
        log = self.folder / f"{name}.log"
        within.enter_context(
            running([*command, "waypost", *self.services[name].command], port, log)
        )

    def healthy(self, name: str) -> subprocess.CompletedProcess[bytes]:
        """Ask for the health of a service as the engine does."""
        assert self.services[name].health[0] == "CMD"
        return subprocess.run(
            self.services[name].health[1:],
            env=self.environment(name),
            cwd=self.folder / "state",
            capture_output=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def composed(tmp_path: Path, mailbox: Mailbox) -> Composed:
    """Make the secrets as the page says; return the services."""
    made = waypost("keys", "init", tmp_path / "secrets", "--domain", "example.com")
    assert made.returncode == 0, made.stderr
    (tmp_path / "secrets" / "admin.password").write_text("correct horse battery staple\n")
    for secret in (tmp_path / "secrets").iterdir():
        secret.chmod(0o644)  # as engines hand them over
    (tmp_path / "state").mkdir(mode=0o750)
    names = {"DOMAIN": "example.com", "TRACKING_HOST": "click.example.com"}
    names |= {"RELAY_HOST": "127.0.0.1", "RELAY_PORT": str(mailbox.port), "RELAY_TLS": "none"}
    ports = {name: free_port() for name in ("2525", "8080", "8081")}
    return Composed(tmp_path, compose.services(names), ports)


@pytest.fixture
def started(composed: Composed) -> Iterator[Composed]:
    """Run both services."""
    with ExitStack() as within:
        for name in composed.services:
            composed.start(name, within)
        yield composed


def ask(port: int, path: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    """Ask a listener for a path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_a_message_is_tracked_and_its_click_arrives(started: Composed, mailbox: Mailbox) -> None:
    """Through a proxy and a tracker that share nothing but a volume and secrets."""
    response = ask(started.ports["8080"], send(started, mailbox), BROWSER)
    assert (response.status, response.headers["Location"]) == (302, ORDER_LINK.decode())


@pytest.fixture
def node(composed: Composed, mailbox: Mailbox) -> Iterator[Composed]:
    """Run both with the second file beside the first, on a server that wants the password of `pgpass`."""
    names = {"DOMAIN": "example.com", "TRACKING_HOST": "click.example.com", "NODE": "a"}
    names |= {"RELAY_HOST": "127.0.0.1", "RELAY_PORT": str(mailbox.port), "RELAY_TLS": "none"}
    secret = composed.folder / "secrets" / "pgpass"
    secret.write_text("*:*:*:waypost:battery staple\n")
    secret.chmod(0o644)
    with cluster().another() as server, ExitStack() as within:
        url = server.url(server.new())
        server.want_password("battery staple")
        services = compose.services(names | {"STORE_URL": url}, node=True)
        made = Composed(composed.folder, services, composed.ports)
        made.start("tracker", within)
        until(lambda: listed(made) == ["a"], 60)
        made.start("proxy", within)
        yield made


def test_a_node_counts_into_the_database_that_it_shares(node: Composed, mailbox: Mailbox) -> None:
    """A message, and its click; `check` says who answers, both services are well."""
    href = send(node, mailbox)
    response = ask(node.ports["8080"], href, BROWSER)
    assert (response.status, response.headers["Location"]) == (302, ORDER_LINK.decode())
    until(lambda: totals(node) == (1, 1), 60)
    checked = run(node, "check")
    assert (checked.returncode, b"as the role waypost" in checked.stdout) == (0, True), checked
    for name in node.services:
        assert node.healthy(name).returncode == 0


def totals(composed: Composed) -> tuple[int, int]:
    """Return how many messages and clicks were counted."""
    said = json.loads(run(composed, "report", "--json").stdout or '{"totals": null}')["totals"]
    return (said["messages"], said["clicks"]["all"]) if said else (0, 0)


def send(composed: Composed, mailbox: Mailbox) -> str:
    """Send a message through the proxy; return the path of its link."""
    with smtplib.SMTP("127.0.0.1", composed.ports["2525"], timeout=60) as client:
        client.sendmail("bounces@example.com", "reader@example.net", ORDER)
    (content,) = mailbox.wait_for(1)
    assert content.startswith(b"DKIM-Signature:")
    found = TRACKED.search(content)
    assert found is not None
    return found[1].decode()


def listed(composed: Composed) -> list[str]:
    """Return the nodes that share the database."""
    said = json.loads(run(composed, "nodes", "--json").stdout or '{"nodes": []}')
    return [each["node"] for each in said["nodes"]]


def run(composed: Composed, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in the tracker's container."""
    return subprocess.run(
        ["waypost", *arguments],
        env=composed.environment("tracker"),
        cwd=composed.folder / "state",
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_readers_come_through_caddy(started: Composed) -> None:
    """With its file for containers, but for the certificate."""
    port = free_port()
    text = (ROOT / "contrib" / "containers" / "Caddyfile").read_text()
    assert "reverse_proxy tracker:8080" in text
    own = text.replace("tracker:8080", f"127.0.0.1:{started.ports['8080']}")
    alone = f"{{\n\tadmin off\n\tstorage file_system {started.folder}/caddy\n}}\n"
    (started.folder / "Caddyfile").write_text(alone + own)
    command = ["env", f"TRACKING_HOST=http://click.example.com:{port}", need("caddy"), "run"]
    command += ["--config", str(started.folder / "Caddyfile"), "--adapter", "caddyfile"]
    with running(command, port, started.folder / "caddy.log"):
        assert ask(port, "/healthz", {"Host": f"click.example.com:{port}"}).status == 200


def test_the_operators_pages_want_the_password(started: Composed) -> None:
    """They are published, though for this machine alone."""
    assert ask(started.ports["8081"], "/api/v1/report", {}).status == 401


def test_the_health_check_knows_a_service_that_runs(started: Composed) -> None:
    """Exit status 0, as engines want it."""
    for name in started.services:
        done = started.healthy(name)
        assert (done.returncode, done.stdout) == (0, b"ok\n"), done


def test_the_health_check_knows_one_that_does_not(composed: Composed) -> None:
    """Exit status 1, and which address it is."""
    for name, port in (("proxy", "2525"), ("tracker", "8080")):
        done = composed.healthy(name)
        assert done.returncode == 1
        assert f"127.0.0.1:{composed.ports[port]} does not answer".encode() in done.stderr


def test_show_says_which_variables_are_in_force(composed: Composed) -> None:
    """And no secret."""
    environment = composed.environment("proxy")
    done = subprocess.run(
        ["waypost", "show"],
        env=environment,
        cwd=composed.folder / "state",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert 'file = "/run/secrets/token.keys"  # WAYPOST_KEYS__FILE' in done.stdout
    assert 'domain = "example.com"  # WAYPOST_SENDER__0__DOMAIN' in done.stdout
    assert "correct horse" not in done.stdout
