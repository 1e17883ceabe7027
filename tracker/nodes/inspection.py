"""The database that nodes share, looked at before a service needs it.

Owns: what may keep this node from using it, with the cure of each, and finding that without changing anything
there.
Does not own: what is wrong among nodes that run (`findings`), a start that is refused (`joining`), or how it is
printed (`tracker.cli.check`, `waypost_doctor.installation.store_place`).

Only what `stops` a service does so: mail and redirects need no database, once it was heard what is in force, and
what is to be counted waits in the spool until it can be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self

from config.keys.secret_files import KeyFileError
from config.schema import Config, StoreConfig
from config.store_url import masked
from tracker.decisions import heard
from tracker.nodes import findings, key, registry, vital_signs
from tracker.nodes.connecting import PATIENCE_S, connect
from tracker.nodes.key import BadNodeKey, known_key
from tracker.nodes.registry import NameTaken
from tracker.sql.errors import ServerError
from tracker.sql.spelling import VERSION
from tracker.store.opened import StoreError, cause_of
from tracker.store.server import schema, unfinished
from tracker.store.server.nodes import Node, VitalSigns, listing
from tracker.store.server.vacuuming import TABLES

if TYPE_CHECKING:
    from tracker.sql.postgresql import PostgreSQL

Tables = Literal["none", "earlier", "current", "later"]
"""Of which version the tables are."""

_IS_READ_ONLY = "SELECT current_setting('transaction_read_only') = 'on'"
_MAY = """
    SELECT current_user,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE),
        has_database_privilege(current_database(), 'TEMPORARY')
"""
_OF_OTHERS = """
    SELECT tablename, tableowner FROM pg_tables
    WHERE schemaname = current_schema() AND tablename IN (:tables) AND NOT pg_has_role(tableowner, 'USAGE')
    ORDER BY tablename
"""


class Trouble(StrEnum):
    """What may be wrong, by name; `cure` is what to do, `stops` whether no service starts."""

    cure: str
    stops: bool

    def __new__(cls, name: str, cure: str, stops: bool = False) -> Self:  # noqa: FBT001, FBT002 - as below
        """Return a member whose value is `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.cure, member.stops = cure, stops
        return member

    UNREACHABLE = (
        "unreachable",
        "start it, correct the host and port of [store] url, or let the firewall pass it",
    )
    REFUSED = (
        "refused",
        (
            "see that the role is there (createuser), that [store] passfile has a line HOST:PORT:DATABASE:ROLE:PASSWORD"
            " for it, and that the server's pg_hba.conf lets it in"
        ),
    )
    NO_DATABASE = ("no_database", "make it: createdb -E UTF8 -O ROLE DATABASE")
    UNFIT = (
        "unfit",
        "make a database in UTF-8 on PostgreSQL 15 or newer: createdb -E UTF8 -O ROLE DATABASE",
    )
    POOLED = (
        "pooled",
        "name the server itself in [store] url, or let the pooler give each connection a session: pool_mode = session",
    )
    READ_ONLY = (
        "read_only",
        "name the server that can be written to in [store] url, or all of them (@db-1,db-2): of these it is found",
    )
    RIGHTS = (
        "rights",
        "let the role of [store] url own the database and its tables: ALTER DATABASE … OWNER TO, REASSIGN OWNED BY",
    )
    UNFINISHED = ("unfinished", unfinished.CURE, True)
    NAME_TAKEN = (
        "name_taken",
        "give this machine another [store] node, and delete node.key where it is a copy; or give up the other one",
        True,
    )
    UNHEARD = (
        "unheard",
        "have the database in reach, and start `waypost feed` or `waypost tracker` before the proxy",
        True,
    )
    BAD_KEY = ("bad_key", key.CURE, True)
    CLOCK = ("clock", "have chrony or systemd-timesyncd set the clocks of both")
    KEYS = ("keys", "copy the key file to all nodes; give a new key to trackers before proxies")
    SILENT = (
        "silent",
        "start its services; where it is gone for good: waypost nodes forget NAME",
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A trouble, and what was seen of it, without the cure."""

    trouble: Trouble
    what: str


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers, as whom we ask it, how far our clock is ahead of its, and whose tables it has."""

    version: str
    role: str
    clock_s: float
    tables: Tables

    def __str__(self) -> str:
        """Return it in words."""
        tables = {
            "none": "no tables yet, which the first service makes",
            "earlier": "tables of an earlier version, to which the first service of this one adds what is new",
            "current": "tables of this version",
            "later": "tables of a later version, with which this one works",
        }[self.tables]
        clocks = f"clocks {abs(self.clock_s):.1f} s apart"
        return f"PostgreSQL {self.version}, as the role {self.role}; {clocks}; {tables}"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found; `server` is None where nothing could be asked."""

    found: tuple[Found, ...]
    server: Server | None = None


def inspect(config: Config) -> Inspection:
    """Look at the database of a configuration whose store is on a server; change nothing there."""
    try:
        db = connect(config.store)
    except (ServerError, KeyFileError) as error:
        return _unanswered(config.store, _refusal(error), error)
    try:
        db.execute(f"SET statement_timeout = '{PATIENCE_S}s'")
        return _asked(db, config)
    except ServerError as error:
        trouble = Trouble.RIGHTS if cause_of(error) == "not allowed" else Trouble.UNREACHABLE
        return _unanswered(config.store, trouble, error)
    finally:
        db.close()


def _refusal(error: Exception) -> Trouble:
    if isinstance(error, KeyFileError):
        return Trouble.REFUSED
    causes = {"not allowed": Trouble.REFUSED, "not there": Trouble.NO_DATABASE}
    return causes.get(cause_of(error), Trouble.UNREACHABLE)


def _unanswered(store: StoreConfig, trouble: Trouble, error: Exception) -> Inspection:
    """Return why the database says nothing, and whether this node has to hear something before it takes mail."""
    found = Found(trouble, f"{masked(store.url)}: {error}")
    return Inspection((*_unheard(store), found))


def _unheard(store: StoreConfig) -> Iterator[Found]:
    """Yield that this node has never heard what is in force on the others, where so it is."""
    try:
        heard.require(store)
    except heard.NeverHeard as error:
        yield Found(Trouble.UNHEARD, error.what)
    except OSError:
        pass  # only the user of the service may look


def _asked(db: "PostgreSQL", config: Config) -> Inspection:
    from tracker.sql.postgresql import shares_session  # noqa: PLC0415 - its library is an extra
    from tracker.store.server.server_store import POOLED, require_usable  # noqa: PLC0415 - as above

    try:
        require_usable(db, config.store)
    except StoreError as error:
        return Inspection((Found(Trouble.UNFIT, str(error)),))
    if shares_session(db, lambda: connect(config.store)):
        return Inspection((Found(Trouble.POOLED, f"{masked(config.store.url)}: {POOLED}"),))
    (role, may_make, may_make_temporary) = db.execute(_MAY).fetchone()
    found = [*_rights(db, role, may_make=may_make, may_make_temporary=may_make_temporary)]
    if found and schema.is_begun(db):  # whoever may not write there is told nothing, either
        found += _unheard(config.store)
    if (copy := unfinished.find(db)) is not None:
        found.append(Found(Trouble.UNFINISHED, f"it is an unfinished copy of {copy.source}"))
    clock_s = registry.clock_distance_s(db)
    found += _clock(clock_s)
    tables = _tables(db)
    if "nodes" not in schema.pending(db):
        found += _among_nodes(db, config, clock_s)
    version = db.execute(VERSION["postgresql"]).fetchone()[0].split()[0]
    return Inspection(tuple(found), Server(version, role, clock_s, tables))


def _rights(
    db: "PostgreSQL", role: str, *, may_make: bool, may_make_temporary: bool
) -> Iterator[Found]:
    """Yield what a role may not do that feeding, upgrades and housekeeping do."""
    if db.execute(_IS_READ_ONLY).fetchone()[0]:
        yield Found(Trouble.READ_ONLY, "nothing can be written there: it is a standby, or set so")
    if not may_make:
        yield Found(Trouble.RIGHTS, f"the role {role} may not make tables there")
    if not may_make_temporary:
        yield Found(Trouble.RIGHTS, f"the role {role} may not make temporary tables there")
    ours = ["migrations", "nodes", "shared_log", *TABLES]
    if of_others := db.execute(_OF_OTHERS, {"tables": ours}).fetchall():
        table, owner = of_others[0]
        what = f"{len(of_others)} tables, as {table}, belong to {owner}: {role} cannot see to them"
        yield Found(Trouble.RIGHTS, what)


def _clock(clock_s: float) -> Iterator[Found]:
    if abs(clock_s) > findings.CLOCKS_S:
        where = "ahead of" if clock_s > 0 else "behind"
        yield Found(
            Trouble.CLOCK, f"this machine's clock is {abs(clock_s):.1f} s {where} the database's"
        )


def _tables(db: "PostgreSQL") -> Tables:
    pending = schema.pending(db)
    if len(pending) == len(schema.STEPS):
        return "none"
    if pending:
        return "earlier"
    return "later" if schema.later(db) else "current"


def _among_nodes(db: "PostgreSQL", config: Config, clock_s: float) -> Iterator[Found]:
    """Yield what is wrong with this machine as one of several."""
    name = config.store.node or ""
    try:
        registry.require_free(db, name, known_key(config.store))
    except NameTaken as error:
        yield Found(Trouble.NAME_TAKEN, error.what)
        return  # what that machine says is no matter of ours
    except BadNodeKey as error:
        yield Found(Trouble.BAD_KEY, error.what)
    except OSError:
        pass  # only the user of the service may read it
    others = [each for each in listing(db) if each.name != name]
    for each in findings.keys_missing([*others, _ourselves(config, clock_s)]):
        yield Found(Trouble.KEYS, each)
    yield from _silent(others)


def _ourselves(config: Config, clock_s: float) -> Node:
    """Return this machine as it would tell of itself now."""
    keys, mints = vital_signs.fingerprints(config)
    return Node(config.store.node or "", 0.0, VitalSigns("", (), 0, 0, clock_s, keys, mints))


def _silent(others: Sequence[Node]) -> Iterator[Found]:
    for each in filter(findings.is_silent, others):
        yield Found(Trouble.SILENT, f"the node {each.name} {findings.silence(each)}")
