"""A cluster of PostgreSQL for tests: a real one, in a folder of its own, and databases in it.

It is started once a session, over a Unix socket alone, and writes to the disk as in production. Where
Debian's package is missing, tests skip.
"""

import atexit
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.support.sending import until
from tracker.sql.postgresql import PostgreSQL, connect
from tracker.store.server import schema

USER = "waypost"
_PROGRAMS = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
)
_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Cluster:
    """A server that runs, and how it is stopped and started."""

    folder: Path
    programs: Path
    template: str = ""
    _free: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """Where it keeps its databases."""
        return self.folder / "data"

    @property
    def is_running(self) -> bool:
        """Return whether it runs."""
        return (self.data / "postmaster.pid").exists()

    def url(self, database: str) -> str:
        """Return how a database of it is reached."""
        return f"postgresql:///{database}?host={self.folder}&user={USER}"

    def make(self) -> None:
        """Make it, with nothing in it."""
        self._run(
            "initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8"
        )

    def start(self) -> None:
        """Start it; return once it answers."""
        # Of tables that are known to be empty, one plan is as cheap as another.
        options = f"-k {self.folder} -c listen_addresses='' -c autovacuum=off -c max_connections=60"
        patience = "--timeout=300"  # a busy machine takes long to recover what was killed
        log = f"--log={self.folder}/log"
        self._run("pg_ctl", "--wait", patience, f"--options={options}", log, "start")

    def stop(self) -> None:
        """Stop it, in order."""
        self._run("pg_ctl", "--wait", "--mode=fast", "stop")

    def kill(self) -> None:
        """Kill its postmaster: connections end, and what was not committed is gone.

        Return once all of its processes have noticed, as before that no other can take its place.
        """
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{each}").exists() for each in children))

    def new(self, template: str = "template0") -> str:
        """Make a database; return its name."""
        name = f"test_{next(_NUMBERS)}"
        with contextlib.closing(connect(self.url("postgres"))) as db:
            db.script(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def empty_store(self) -> str:
        """Make a store with nothing in it; return its name."""
        if not self.template:
            name = self.new()
            with contextlib.closing(connect(self.url(name))) as db:
                schema.apply(db)
            self.template = name
        return self.new(self.template)

    @contextlib.contextmanager
    def lent_store(self) -> Iterator[PostgreSQL]:
        """Yield a connection to an empty store, all that is done to which is undone at the end."""
        name = self._free.pop() if self._free else self.empty_store()
        with contextlib.closing(connect(self.url(name), by_index=True)) as db:
            db.script("BEGIN")
            yield db
        self._free.append(name)

    @contextlib.contextmanager
    def another(self) -> Iterator["Cluster"]:
        """Yield another server, with nothing in it, that may be stopped and killed."""
        with _folder() as folder:
            made = Cluster(folder, self.programs)
            made.make()
            made.start()
            try:
                yield made
            finally:
                made.end()

    def end(self) -> None:
        """Stop it, however it is."""
        if self.is_running:
            self._run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        found = subprocess.run(
            [self.programs / program, f"--pgdata={self.data}", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.folder,
            **_as_nobody(),
        )
        assert found.returncode == 0, found.stdout


def _as_nobody() -> dict[str, object]:
    """Return as whom a server runs: never as root, which it refuses."""
    return {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.getuid() == 0 else {}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for a server, with a name that is short enough for that of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@cache
def cluster() -> Cluster:
    """Return the cluster of this session, which runs; skip the test where there is none to be had."""
    if not _PROGRAMS:
        pytest.skip("no server of PostgreSQL: install Debian's package postgresql")
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    made = Cluster(stack.enter_context(_folder()), _PROGRAMS[-1])
    made.make()
    made.start()
    stack.callback(made.end)
    return made


def url_of_new_store() -> str:
    """Return the url of an empty store on a server, all tables made."""
    return cluster().url(cluster().empty_store())
