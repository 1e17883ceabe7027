"""Questions of one's own, by `sqlite3` and Datasette themselves, while clicks are counted."""

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from config.schema import Config, StoreConfig
from tests.support import explore
from tests.support.clients.programs import free_port, need, running, waypost
from tests.support.feeding import running as feeding
from tests.support.stack import initialised
from tests.support.waiting import until
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool
from tracker.store import database

DATASETTE = Path(sys.executable).with_name("datasette")
NOW_S = int(time.time()) - 9000
URL = "https://shop.example.net/"
READERS = ("ann@example.org", "bob@example.org", "eve@example.org")


def mail(number: int) -> Iterator[Event]:
    """Yield a message of the campaign to one of the readers, which the relay took."""
    to = (Recipient(1, READERS[number % len(READERS)]),)
    links = (SentLink(1, URL, None, "Shop"),)
    name = f"{number:016x}"
    yield MessagePending(name, NOW_S, "example.com", "Spring sale", False, to, links, sent_s=NOW_S)  # noqa: FBT003
    yield MessageAccepted(name, NOW_S, (1,), sent_s=NOW_S)


def click(number: int, event: int, agent: str = "Firefox", *signals: str) -> Clicked:
    """Return a click on it, an hour after it was sent."""
    at_s = NOW_S + 3600.0 + event
    return Clicked(
        *(f"{int(at_s * 1000):012x}{event:020x}", at_s, f"{number:016x}", 1, 1, NOW_S, URL, "GET"),
        human=True,
        reasons=(),
        ip="192.0.2.0",
        user_agent=agent,
        signals=signals,
        network="192.0.2.0",
    )


class Service:
    """A store, its spool, and who feeds the one from the other."""

    def __init__(self, folder: Path) -> None:
        """Write the configuration, and have mail and clicks counted."""
        for key in ("token.keys", "dkim.pem"):
            shutil.copy2(initialised() / key, folder)
        self.path = folder / "waypost.db"
        self.config = Config(store=StoreConfig(url=f"sqlite:///{self.path}"))
        self.file = folder / "waypost.toml"
        self.file.write_text(
            f'[store]\nurl = "sqlite:///{self.path}"\n[keys]\nfile = "{folder}/token.keys"\n'
        )
        self.spool = Spool.open(self.config.store.spool_dir, "tracker")

    def add(self, *events: Event) -> None:
        """Append events durably."""
        for event in events:
            self.spool.append(event).result(5)

    def clicks(self) -> int:
        """Return how many clicks are counted."""
        try:
            with database.reading(self.path) as db:
                return db["clicks"].count
        except database.StoreError:
            return 0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Feed a store with a campaign of six messages; clicks on some of them."""
    made = Service(tmp_path)
    for number in range(6):
        made.add(*mail(number))
    made.add(click(0, 1), click(1, 2), click(2, 3, "curl/8", "robot-agent"))
    with feeding(Ingester(made.config)):
        until(lambda: made.clicks() == 3)
        yield made
    made.spool.close()


@pytest.mark.parametrize("asked", explore.questions())
def test_each_question_of_the_page_is_answered(service: Service, asked: str) -> None:
    """By the program that the page names, with rows."""
    sqlite3 = need("sqlite3")
    told = [sqlite3, "-readonly", "-json", service.path, explore.questions()[asked]]
    done = subprocess.run(told, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)


def test_what_the_page_says_of_a_campaign(service: Service) -> None:
    """The answers are those of the report."""
    rows = {}
    for asked, sql in explore.questions().items():
        with database.reading(service.path) as db:
            rows[asked] = db.execute(sql).fetchall()
    assert rows["How a campaign did"] == [("Spring sale", 6, 2, 33.3, 2)]
    assert rows["Which links of it were clicked, by people"] == [(URL, "Shop", 2, 2, 1)]
    people = [person for person, _ in rows["Who was sent it and did not click"]]
    assert people == ["ann@example.org", "bob@example.org", "eve@example.org", "eve@example.org"]
    (ann,) = rows["What one person clicked"]
    assert ann[1:] == (URL, "human", "")
    assert rows["Which rules caught machines"] == [("robot-agent/1", 1)]


ANN = "/waypost.json?" + urlencode(
    {"sql": "SELECT person FROM clicks_v WHERE person LIKE 'ann@%'", "_shape": "array"}
)


class Explorer:
    """A Datasette over HTTP."""

    def __init__(self, port: int) -> None:
        """Ask at a port of the loopback."""
        self._port = port

    def get(self, path: str) -> Any:
        """Return what a page of JSON says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, body
        return json.loads(body)

    def count(self) -> int:
        """Return how many clicks it sees."""
        query = urlencode({"sql": "SELECT count(*) AS n FROM clicks_v", "_shape": "array"})
        return int(self.get(f"/waypost.json?{query}")[0]["n"])


@pytest.fixture
def explorer(service: Service, tmp_path: Path) -> Iterator[Explorer]:
    """Serve the store as the page says."""
    if not DATASETTE.exists():
        pytest.skip("datasette is not installed")
    port = free_port()
    with serving(service, port, tmp_path / "datasette.log"):
        yield Explorer(port)


def serving(
    service: Service, port: int, log: Path, *more: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run Datasette on the store until the block ends."""
    told = ("--metadata", explore.METADATA, "--host", "127.0.0.1", "--port", str(port))
    return running([DATASETTE, service.path, *told, *more], port, log)


def test_datasette_shows_the_views_with_what_columns_mean(explorer: Explorer) -> None:
    """And the questions of the page, while tables are out of the way."""
    shown = explorer.get("/waypost.json")
    assert {view["name"] for view in shown["views"]} >= {"clicks_v", "messages_v", "campaigns_v"}
    assert [table["name"] for table in shown["tables"] if not table["hidden"]] == []
    assert {query["title"] for query in shown["queries"]} == set(explore.questions())
    (row,) = explorer.get("/waypost/campaigns_v.json?_shape=array")
    assert (row["campaign"], row["deliveries"], row["click_rate"]) == ("Spring sale", 6, 2 / 6)
    meant = explorer.get("/-/metadata.json")["databases"]["waypost"]["tables"]["clicks_v"]
    assert meant["columns"]["verdict"].startswith("human, doubtful")


@pytest.mark.parametrize("query", explore.queries())
def test_datasette_answers_the_questions_of_the_page(explorer: Explorer, query: str) -> None:
    """By their names."""
    assert explorer.get(f"/waypost/{query}.json?_shape=array")


def test_datasette_writes_nothing(explorer: Explorer, service: Service) -> None:
    """Whatever it is asked."""
    query = urlencode({"sql": "DELETE FROM clicks"})
    connection = http.client.HTTPConnection("127.0.0.1", explorer._port, timeout=60)
    connection.request("GET", f"/waypost.json?{query}")
    assert connection.getresponse().status == 400
    connection.close()
    assert service.clicks() == 3


def test_clicks_are_counted_while_datasette_is_asked(explorer: Explorer, service: Service) -> None:
    """It sees them as they come, and none waits for it."""
    for number in range(20):
        service.add(click(number % 6, 100 + number))
        assert explorer.count() >= 3
    until(lambda: explorer.count() == 23)
    assert service.clicks() == 23


@pytest.mark.skipif(not DATASETTE.exists(), reason="datasette is not installed")
def test_after_forgetting_datasette_is_to_be_restarted(service: Service, tmp_path: Path) -> None:
    """Until then it answers from the former file; the store is sound, and clicks are counted."""
    port, one_connection = free_port(), ("--setting", "num_sql_threads", "1")
    with serving(service, port, tmp_path / "datasette.log", *one_connection):
        _forget_ann(service, Explorer(port))
    port = free_port()
    with serving(service, port, tmp_path / "restarted.log"):
        restarted = Explorer(port)
        assert (restarted.count(), restarted.get(ANN)) == (4, [])
    with database.reading(service.path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _forget_ann(service: Service, explorer: Explorer) -> None:
    """Forget somebody, and count another click, while Datasette has the store open."""
    known = explorer.get(ANN)
    done = waypost("forget", "-c", service.file, "ann@example.org")
    assert done.returncode == 0, done.stderr.decode()
    service.add(click(1, 500))
    until(lambda: service.clicks() == 4)
    assert (explorer.count(), explorer.get(ANN)) == (3, [])
    assert known
