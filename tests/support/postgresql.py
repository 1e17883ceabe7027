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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.support.waiting import until
from tracker.sql.postgresql import PostgreSQL, connect
from tracker.store.server import schema

USER = "waypost"
_PROGRAMS = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
)
_NUMBERS = itertools.count(1)
QUICK = ("autovacuum=off", "max_connections=60")
"""Settings for tests: of tables that are known to be empty, one plan is as cheap as another."""
_NUMBERS_ANEW = """
    SELECT setval(seqrelid, seqstart, FALSE) FROM pg_sequence
"""


@dataclass(slots=True)
class Cluster:
    """A server that runs, and how it is stopped and started."""

    folder: Path
    programs: Path
    settings: Sequence[str] = QUICK
    template: str = ""
    _free: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """Where it keeps its databases."""
        return self.folder / "data"

    @property
    def is_running(self) -> bool:
        """Return whether it runs."""
        pid = self._pid()
        # What ended, and whose end nobody has asked for, has no command line any more.
        return pid is not None and bool(_read(Path(f"/proc/{pid}/cmdline")))

    def url(self, database: str) -> str:
        """Return how a database of it is reached."""
        return url_of(database, self)

    def make(self) -> None:
        """Make it, with nothing in it."""
        self._run(
            "initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8"
        )

    def start(self) -> None:
        """Start it; return once it answers."""
        settings = " ".join(f"-c {each}" for each in self.settings)
        options = f"-k {self.folder} -c listen_addresses='' {settings}"
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
        pid = self._pid()
        assert pid is not None
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
        """Yield a connection to an empty store, all that is done to which is undone at the end.

        Numbers begin anew, which no transaction takes back.
        """
        name = self._free.pop() if self._free else self.empty_store()
        with contextlib.closing(connect(self.url(name), by_index=True)) as db:
            db.execute(_NUMBERS_ANEW).fetchall()
            db.script("BEGIN")
            yield db
        self._free.append(name)

    @contextlib.contextmanager
    def lent_database(self) -> Iterator[str]:
        """Yield the name of an empty store, to which any number may connect; it is dropped at the end."""
        name = self.empty_store()
        yield name
        with contextlib.closing(connect(self.url("postgres"))) as db:
            db.script(f"DROP DATABASE {name} WITH (FORCE)")

    def want_password(self, password: str) -> None:
        """Let nobody in without it from now on, as servers of others do."""
        with contextlib.closing(connect(self.url("postgres"))) as db:
            db.script(f"ALTER ROLE {USER} PASSWORD '{password}'")
            (self.data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
            db.script("SELECT pg_reload_conf()")

    def another(self) -> contextlib.AbstractContextManager["Cluster"]:
        """Run another server, with nothing in it, that may be stopped and killed."""
        return running(self.settings)

    def place(self) -> contextlib.AbstractContextManager["Cluster"]:
        """Have another server that is still to be made, and whose url is known."""
        return _place(self.settings)

    def follow(self, primary: "Cluster") -> None:
        """Make it as a standby of another, which streams to it all that is committed there; start it."""
        source = (f"--host={primary.folder}", f"--username={USER}")
        how = ("--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf")
        self._run("pg_basebackup", *source, *how)
        self.start()

    def cut_off(self, primary: "Cluster") -> None:
        """Have a standby hear nothing more of its primary, once it has all of now."""
        with (
            contextlib.closing(connect(self.url("postgres"))) as db,
            contextlib.closing(connect(primary.url("postgres"))) as theirs,
        ):
            (upto,) = theirs.execute("SELECT pg_current_wal_lsn()").fetchone()
            has_it = "SELECT pg_last_wal_replay_lsn() >= CAST(:upto AS pg_lsn)"
            until(lambda: db.execute(has_it, {"upto": upto}).fetchone()[0], 60)
            db.script("ALTER SYSTEM SET primary_conninfo = ''")
            db.script("SELECT pg_reload_conf()")
            until(lambda: not db.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchall(), 60)

    def promote(self) -> None:
        """Have a standby take its primary's place."""
        self._run("pg_ctl", "--wait", "--timeout=300", "promote")

    def dump(self, name: str) -> Path:
        """Back a database up, as `pg_dump` does; return the file."""
        file = self.folder / f"{name}.dump"
        self._client("pg_dump", "--format=custom", f"--file={file}", name)
        return file

    def restore(self, file: Path) -> str:
        """Put a backup into a database of its own; return its name."""
        name = self.new()
        self._client("pg_restore", "--exit-on-error", f"--dbname={name}", file)
        return name

    def take_place(self, name: str, restored: str) -> None:
        """Have a database that was restored be the one of a name; who is connected to that is not asked."""
        with contextlib.closing(connect(self.url("postgres"))) as db:
            db.script(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            about = {"name": name}
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name",
                about,
            )
            left = "SELECT 1 FROM pg_stat_activity WHERE datname = :name"
            until(lambda: not db.execute(left, about).fetchall(), 60)
            db.script(f"ALTER DATABASE {name} RENAME TO {name}_before")
            db.script(f"ALTER DATABASE {restored} RENAME TO {name}")

    def end(self) -> None:
        """Stop it, however it is."""
        if self.is_running:
            self._run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _pid(self) -> int | None:
        """Return the process that the folder of its data is said to be used by."""
        said = _read(self.data / "postmaster.pid").split()
        return int(said[0]) if said else None

    def _client(self, program: str, *arguments: str | Path) -> None:
        self._do(program, f"--host={self.folder}", f"--username={USER}", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        self._do(program, f"--pgdata={self.data}", *arguments)

    def _do(self, program: str, *arguments: str | Path) -> None:
        found = subprocess.run(
            [self.programs / program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.folder,
            **_as_nobody(),
        )
        assert found.returncode == 0, found.stdout


def url_of(database: str, *servers: Cluster) -> str:
    """Return how a database is reached at whichever of its servers can be written to."""
    hosts = ",".join(str(each.folder) for each in servers)
    return f"postgresql:///{database}?host={hosts}&user={USER}"


def _read(path: Path) -> str:
    """Return what a file says; nothing where there is none."""
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _as_nobody() -> dict[str, object]:
    """Return as whom a server runs: never as root, which it refuses."""
    return {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.getuid() == 0 else {}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for a server, with a name that is short enough for that of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(settings: Sequence[str] = QUICK) -> Iterator[Cluster]:
    """Run a server with nothing in it until the block ends; skip where there is none to be had."""
    with _place(settings) as made:
        made.make()
        made.start()
        yield made


@contextlib.contextmanager
def _place(settings: Sequence[str]) -> Iterator[Cluster]:
    """Yield a server that is still to be made, and is stopped at the end; skip where there is none to be had."""
    if not _PROGRAMS:
        pytest.skip("no server of PostgreSQL: install Debian's package postgresql")
    with _folder() as folder:
        made = Cluster(folder, _PROGRAMS[-1], settings)
        try:
            yield made
        finally:
            made.end()


@cache
def cluster() -> Cluster:
    """Return the cluster of this session, which runs; skip the test where there is none to be had."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running())


def url_of_new_store() -> str:
    """Return the url of an empty store on a server, all tables made."""
    return cluster().url(cluster().empty_store())
