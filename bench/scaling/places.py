"""Where the stores of `scale.py` are: a file of SQLite, and two nodes on one database of PostgreSQL.

Owns: their configurations, and what the server's processes have used.
Does not own: starting a server (`tests.support.postgresql`), or what stores hold (`at_size.big_store`).
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.support.processes import cpu_s
from config.keys import token_keys
from config.schema import Config, KeysConfig, StoreConfig
from tests.support.nodes import node
from tests.support.postgresql import Cluster, running
from tracker.sql.postgresql import connect

AS_INSTALLED = ()
"""Settings of the server are PostgreSQL's own: 128 MB of buffers, autovacuum, a commit that waits for the disk."""
_HEARD = "SELECT count(*) FROM nodes WHERE seen_at_s IS NOT NULL"
_WRITTEN = "SELECT CAST(pg_current_wal_lsn() - '0/0' AS bigint)"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL that runs."""

    cluster: Cluster

    @property
    def used_s(self) -> float:
        """CPU seconds of all its processes, those included that have ended."""
        return cpu_s([int((self.cluster.data / "postmaster.pid").read_text().split()[0])])

    @property
    def written_octets(self) -> int:
        """Octets of its write-ahead log."""
        with contextlib.closing(connect(self.cluster.url("postgres"))) as db:
            return int(db.execute(_WRITTEN).fetchone()[0])

    def heard(self, url: str) -> int:
        """Return how many nodes on a database have said that they are there."""
        with contextlib.closing(connect(url)) as db:
            return int(db.execute(_HEARD).fetchone()[0])

    @property
    def version(self) -> str:
        """What it calls itself."""
        with contextlib.closing(connect(self.cluster.url("postgres"))) as db:
            return str(db.execute("SHOW server_version").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Places:
    """A store in a file, and one on a server with its nodes, of which the first counts alone at times."""

    file: Config
    nodes: tuple[Config, Config]

    @property
    def node(self) -> Config:
        """The node that counts alone."""
        return self.nodes[0]


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a PostgreSQL until the block ends; skip where none is installed."""
    with running(AS_INSTALLED) as cluster:
        yield Server(cluster)


def in_file(folder: Path) -> Config:
    """Return the configuration of a store in a file, in a folder that is made, with keys beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "token.keys"
    if not secret.exists():
        token_keys.write_token_keys(secret, [token_keys.new_token_key()])
    url = f"sqlite:///{folder}/waypost.db"
    return _keeps_details(Config(store=StoreConfig(url=url), keys=KeysConfig(file=secret)))


def on_server(folder: Path, where: Server, names: Sequence[str] = ("a", "b")) -> list[Config]:
    """Return the configurations of nodes on a new database, with nothing in it."""
    folder.mkdir(parents=True, exist_ok=True)
    url = where.cluster.url(where.cluster.new())
    return [_keeps_details(node(folder, url, name)) for name in names]


def places(folder: Path, where: Server) -> Places:
    """Return places of stores, of which there is nothing yet."""
    one, other = on_server(folder / "nodes", where)
    return Places(in_file(folder / "file"), (one, other))


def _keeps_details(config: Config) -> Config:
    """Return a configuration by which no click of a store of size is old.

    One that is settled keeps its label: so stores would differ by when a service came to it.
    """
    privacy = config.privacy.model_copy(update={"details": config.privacy.retention})
    return config.model_copy(update={"privacy": privacy})
