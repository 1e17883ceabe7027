"""Two nodes share a PostgreSQL: what is decided on one holds on both; real processes and sockets."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.keys.token_keys import new_token_key, write_token_keys
from tests.support.clients.programs import WAYPOST, running, waypost
from tests.support.nodes import furnished
from tests.support.postgresql import cluster, url_of_new_store
from tests.support.readers.links import Links
from tests.support.waiting import until

URL = "https://www.example.com/sale"
BAD = "https://bad.example.org/"
MESSAGE = "0102030405060708"
WITHIN_S = 60.0
"""How long a busy machine may take for what is to take two seconds."""


@pytest.fixture
def nodes(tmp_path: Path) -> tuple[Links, Links]:
    """Furnish two nodes; nothing of them runs yet."""
    url = url_of_new_store()
    return furnished(tmp_path, url, "a"), furnished(tmp_path, url, "b")


@contextlib.contextmanager
def trackers(*nodes: Links) -> Iterator[None]:
    """Run `waypost tracker` on each, until the block ends, once all know each other."""
    with contextlib.ExitStack() as ending:
        for each in nodes:
            ending.enter_context(each.stack.serving("tracker"))
        until(lambda: heard(nodes[0]) == len(nodes), WITHIN_S)
        yield


def heard(node: Links) -> int:
    """Return how many nodes have said that they are there."""
    listed = waypost("nodes", "--json", "-c", node.stack.config).stdout
    return sum(
        each["seen_s_ago"] is not None for each in json.loads(listed or b'{"nodes": []}')["nodes"]
    )


def do(node: Links, *arguments: str, status: int = 0) -> str:
    """Run a command on a node; return what it says."""
    done = waypost(*arguments, "-c", node.stack.config)
    assert done.returncode == status, (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


def services(node: Links) -> list[str]:
    """Return what runs on each node, as a node knows it."""
    return [each["services"] for each in json.loads(do(node, "nodes", "--json"))["nodes"]]


def short(node: Links) -> tuple[int, dict[str, str], str | None]:
    """Ask a node for a short link; return its status, its answer, and when to try again."""
    connection = http.client.HTTPConnection("127.0.0.1", node.stack.admin, timeout=60)
    with contextlib.closing(connection):
        asked = json.dumps({"url": URL, "short": True})
        connection.request("POST", "/api/v1/links", asked, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.getheader("Retry-After")


def opened(node: Links, path: str) -> str | None:
    """Return where a short link leads; a busy machine may take longer than the reader is to wait (503)."""
    until(lambda: node.ask(path).status != 503)
    return node.ask(path).location


def test_what_is_decided_on_one_node_holds_on_the_other(nodes: tuple[Links, Links]) -> None:
    """A withdrawn link is 410, a short link opens at once, a consent is known."""
    one, other = nodes
    path = other.path(BAD)
    with trackers(one, other):
        assert other.ask(path).location == BAD
        do(one, "revoke", "host", "bad.example.org")
        until(lambda: other.ask(path).status == 410, WITHIN_S)
        status, made, _ = short(one)
        assert status == 201
        assert opened(other, urlsplit(made["url"]).path) == URL
        do(other, "consent", "ann@example.org", "none")
        until(lambda: "ann@example.org: none" in do(one, "consent", "ann@example.org"), WITHIN_S)
        assert '"problems": []' in do(one, "nodes", "--json")
        until(lambda: services(one) == ["feed tracker"] * 2, WITHIN_S)


def test_while_the_database_is_gone_each_node_goes_on(tmp_path: Path) -> None:
    """What is decided holds where it was decided, and on both nodes once it is back."""
    with cluster().another() as server:
        url = server.url(server.empty_store())
        one, other = furnished(tmp_path, url, "a"), furnished(tmp_path, url, "b")
        path = one.path(BAD)
        with trackers(one, other):
            _, known, _ = short(one)
            code = urlsplit(known["url"]).path
            until(lambda: other.ask(code).location == URL, WITHIN_S)
            server.kill()
            do(one, "revoke", "host", "bad.example.org")
            do(other, "revoke", "message", MESSAGE)
            until(lambda: one.ask(path).status == 410, WITHIN_S)
            assert other.ask(path).location == BAD
            assert other.ask(code).location == URL
            assert other.ask("/s/unknown").status == 503  # it may be a link of another node
            status, refused, again = short(one)
            assert (status, bool(refused["error"]), bool(again)) == (503, True, True)
            server.start()
            until(lambda: other.ask(path).status == 410, WITHIN_S)
            revoked = one.path(URL, message_id=bytes.fromhex(MESSAGE))
            until(lambda: one.ask(revoked).status == 410, WITHIN_S)
            files = [each.stack.folder / "waypost.db.overrides.shared" for each in (one, other)]
            until(lambda: files[0].read_bytes() == files[1].read_bytes(), WITHIN_S)
            until(lambda: short(one)[0] == 201, WITHIN_S)


def test_who_is_forgotten_on_one_node_is_forgotten_on_the_other(
    nodes: tuple[Links, Links],
) -> None:
    """Nothing in the files of either tells of them; what they agreed to holds on both."""
    one, other = nodes
    with trackers(one, other):
        do(one, "consent", "ann@example.org", "none")
        made = do(other, "link", URL, "--person", "ann@example.org", "--campaign", "for ann")
        do(other, "consent", "ann@example.net", "anonymous")
        until(lambda: b"ann@example.org" in said(other), WITHIN_S)
        assert made
        do(one, "forget", "ann@example.org")
        until(lambda: not tells(one) and not tells(other), WITHIN_S)
        for each in nodes:
            assert "ann@example.org: none" in do(each, "consent", "ann@example.org")


def said(node: Links) -> bytes:
    """Return what a node has heard of consents."""
    path = node.stack.folder / "waypost.db.consents.shared"
    return path.read_bytes() if path.exists() else b""


def tells(node: Links) -> list[str]:
    """Name the files of a node that tell of the person."""
    files = [each for each in node.stack.folder.rglob("waypost.db*") if each.is_file()]
    files += [each for each in node.stack.folder.rglob("waypost.db.spool/*") if each.is_file()]
    return [each.name for each in files if b"ann@example.org" in each.read_bytes()]


def test_a_second_machine_of_one_name_does_not_start(
    nodes: tuple[Links, Links], tmp_path: Path
) -> None:
    """It hears what to do."""
    one, other = nodes
    text = other.stack.config.read_text().replace('node = "b"', 'node = "a"')
    other.stack.config.write_text(text)
    with trackers(one):
        for service in ("tracker", "feed"):
            assert "delete node.key here" in do(other, service, status=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_proxy_whose_node_never_heard_the_others_does_not_start(
    nodes: tuple[Links, Links], workers: int
) -> None:
    """It says that `waypost feed` comes first; once that ran, the database may be gone."""
    one, other = nodes
    config = other.stack.config
    config.write_text(config.read_text().replace("[proxy]\n", f"[proxy]\nworkers = {workers}\n"))
    with trackers(one):
        do(one, "consent", "ann@example.org", "none")
        assert "start `waypost feed`" in do(other, "proxy", status=1)
        with running([WAYPOST, "feed", "-c", config], one.stack.http, other.stack.log):
            until(lambda: b"ann@example.org" in said(other), WITHIN_S)
    with other.stack.serving("proxy"):
        assert "ann@example.org: none" in do(other, "consent", "ann@example.org")


def test_a_node_whose_first_start_finds_no_database_takes_no_mail(tmp_path: Path) -> None:
    """Nor does `waypost serve`; links are answered by its tracker."""
    url = f"postgresql:///none?host={tmp_path}"
    node = furnished(tmp_path, url, "a")
    assert "no mail is taken before" in do(node, "serve", status=1)
    with node.stack.serving("tracker"):
        assert node.ask(node.path(URL)).location == URL


def test_a_key_that_one_node_lacks_is_told(nodes: tuple[Links, Links]) -> None:
    """Links of one would be dead on the other."""
    one, other = nodes
    keys = other.stack.folder / "token.keys"
    keys.unlink()
    write_token_keys(keys, [new_token_key()])
    with trackers(one, other):
        assert "is missing on b" in do(one, "nodes", status=1)


def test_a_node_without_a_tracker_shares_by_its_feeder(nodes: tuple[Links, Links]) -> None:
    """`waypost feed`, beside a proxy."""
    one, other = nodes
    feed = [WAYPOST, "feed", "-c", other.stack.config]
    with trackers(one), running(feed, one.stack.http, other.stack.log):
        until(lambda: heard(one) == 2, WITHIN_S)
        do(one, "consent", "ann@example.org", "none")
        until(lambda: "none" in do(other, "consent", "ann@example.org"), WITHIN_S)
        assert heard(one) == 2
