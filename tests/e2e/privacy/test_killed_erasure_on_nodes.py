"""A reader is being forgotten on one of two nodes, and whoever does it is killed: at any step."""

import contextlib
import multiprocessing
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.loading.load import load
from config.schema import Config
from tests.support.checks import dying
from tests.support.checks.facts import SENT_S, accepted, clicked, pending
from tests.support.checks.people import ANN
from tests.support.engines import dumped
from tests.support.nodes import exchange, node
from tests.support.postgresql import cluster
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.decisions.files import FORGOTTEN
from tracker.decisions.forgotten import Forgotten
from tracker.erasure import tasks
from tracker.erasure.forget import erase
from tracker.events import Event, Recipient
from tracker.ingest import waiting
from tracker.ingest.catch_up import catch_up
from tracker.nodes.connecting import connected
from tracker.reports import summary
from tracker.spool.writer import Spool
from tracker.sql.postgresql import connect

pytestmark = pytest.mark.timeout(600)
ID = "crm-4711"
"""What the application calls her; her address is found by it."""
TRACES = (b"ann@example.net", b"ann%40example.net", ID.encode(), b"192.0.2.7", b"Ann's browser")
URL = "https://www.example.net/?to=ann%40example.net"
STRIDE = 11


@dataclass
class Pair:
    """Two nodes whose folders and database can be had again as they were."""

    folder: Path
    kept: Path
    template: str

    @contextlib.contextmanager
    def restored(self) -> Iterator[tuple[Config, Config]]:
        """Yield both nodes, as they were."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        name = cluster().new(self.template)
        yield configured(self.folder, name, "a"), configured(self.folder, name, "b")
        with contextlib.closing(connect(cluster().url("postgres"))) as db:
            db.script(f"DROP DATABASE {name} WITH (FORCE)")


def configured(folder: Path, database: str, name: str) -> Config:
    """Return a node as its file has it."""
    made = node(folder, cluster().url(database), name)
    file = made.store.path.with_name("waypost.toml")
    file.write_text(
        f'[store]\nurl = "{made.store.url}"\nnode = "{name}"\nstate = "{file.parent}"\n'
        f'[keys]\nfile = "{made.keys.file}"\n'
    )
    return load(file)


def spooled(config: Config, *events: Event) -> None:
    """Put events into the spool of a node."""
    with contextlib.closing(Spool.open(config.store.spool_dir, "proxy")) as spool:
        for each in events:
            spool.append(each).result(10)


def told_of_ann(number: int) -> tuple[Event, ...]:
    """Return what a node hears of mail to her, in which she clicked, as another reader did."""
    message = f"m{number}"
    to = (Recipient(1, ANN, ID), Recipient(2, "bob@example.net"))
    return (
        pending(message, campaign="Hello ann@example.net", recipients=to),
        accepted(message),
        clicked(f"u{number}", message, user_agent="Ann's browser"),
        clicked(f"a{number}", message, destination=URL, ip="192.0.2.7"),
        clicked(f"b{number}", message, recipient=2),
    )


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Have Ann in the database, in what both have counted, and in what b has not counted yet."""
    template = cluster().empty_store()
    nodes = (
        configured(tmp_path / "nodes", template, "a"),
        configured(tmp_path / "nodes", template, "b"),
    )
    for number, each in enumerate(nodes):
        spooled(each, *told_of_ann(number))
        assert not catch_up(each).why
    files.record(nodes[0].store.file, ANN, Consent.NONE)
    exchange(*nodes)
    spooled(nodes[1], *told_of_ann(2))
    shutil.copytree(tmp_path / "nodes", tmp_path / "kept")
    return Pair(tmp_path / "nodes", tmp_path / "kept", template)


def killed_at(config: Config, step: int) -> bool:
    """Have somebody forget Ann who dies before a step; return False where all was done before it."""
    start = multiprocessing.get_context("forkserver")
    start.set_forkserver_preload([dying.__name__])
    file = config.store.path.with_name("waypost.toml")
    process = start.Process(target=dying.forget, args=(file, ID, step))
    process.start()
    process.join()
    assert process.exitcode in (0, -9)
    return process.exitcode == -9


def counted(nodes: tuple[Config, Config]) -> None:
    """Have both nodes do what they have to, and count all that they have."""
    exchange(*nodes)
    for each in nodes:
        assert not catch_up(each).why


def left(nodes: tuple[Config, Config]) -> list[str]:
    """Name the files of both nodes that tell of Ann, and rows of the database that do."""
    paths = [each for one in nodes for each in one.store.path.parent.rglob("*") if each.is_file()]
    found = [each.name for each in paths if any(of in each.read_bytes() for of in TRACES)]
    with connected(nodes[0].store) as db:
        rows = list(dumped(db))
    return found + [row for row in rows if any(of.decode() in row for of in TRACES)]


def told(config: Config) -> list[object]:
    """Return the figures of each campaign, and of all."""
    with connected(config.store) as db:
        found = summary.report(db, until_s=SENT_S + 2 * 86400)
    return [found.totals, *((each.campaign, each.figures) for each in found.campaigns)]


def logged(config: Config) -> set[str]:
    """Return the names of Ann that the log of all nodes knows as forgotten."""
    with connected(config.store) as db:
        lines = db.execute("SELECT line FROM shared_log WHERE kind = 'forgotten'").fetchall()
    records = FORGOTTEN.parse(b"\n".join(bytes(line) for (line,) in lines)).records
    return Forgotten.from_records(records).among([ANN, ID])


def knows(config: Config) -> bool:
    """Return whether the database has Ann."""
    with connected(config.store) as db:
        found = db.execute("SELECT 1 FROM persons WHERE name = :name", {"name": ID})
        return found.fetchone() is not None


def test_killed_at_any_step_it_ends_as_if_it_had_not_been(pair: Pair) -> None:
    """Done again it is all done; and where the nodes start instead, she is known, or wholly forgotten."""
    with pair.restored() as nodes:
        erase(nodes[0], ID)
        counted(nodes)
        unkilled = told(nodes[0])
    step, died = STRIDE, True
    while died:
        with pair.restored() as nodes:
            died = killed_at(nodes[0], step)
            if knows(nodes[0]):
                assert logged(nodes[0]) == set()
            counted(nodes)
            assert (logged(nodes[0]) == {ANN, ID}) is not knows(nodes[0])
            erase(nodes[0], ID)
            counted(nodes)
            waiting.for_rewriting(nodes[0], lambda _progress: None)
            assert (left(nodes), logged(nodes[0])) == ([], {ANN, ID})
            assert told(nodes[0]) == unkilled
            with connected(nodes[0].store) as db:
                assert tasks.nodes_left(db) == []
        step += STRIDE
    assert step > 5 * STRIDE
