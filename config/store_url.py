"""Where the store is, as `[store] url` says it: a file of SQLite, or a database of PostgreSQL.

Owns: reading both kinds of URL, and what a PostgreSQL one says before anything connects: which hosts, how
their certificate is looked at, whether there is a password in it. Does no I/O.
Does not own: which of that is allowed (`config.loading.rules`), or connecting (`tracker.sql`). What a
PostgreSQL URL means is libpq's to say: https://www.postgresql.org/docs/current/libpq-connect.html
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core.core_schema import ValidationInfo

from config.addresses import is_loopback
from config.values import Kind, wrong

Engine = Literal["sqlite", "postgresql"]

SQLITE = "sqlite:///"
VERIFIED = "verify-full"
"""The one `sslmode` with which nobody on the way can be the database."""
_POSTGRESQL = re.compile(r"postgres(?:ql)?://(?:[\x21-\x24\x26-\x7e]|%(?!00)[0-9A-Fa-f]{2})*\Z")
_PARTS = re.compile(
    r"postgres(?:ql)?://(?:(?P<login>[^@/?]*)@)?(?P<hosts>[^@/?]*)(?P<database>/[^?]*)?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::[0-9]*)?")
_SECRETS = re.compile(r"(?<=://)([^:@/?]*):[^@/?]*@|([?&](?:ssl)?password=)[^&]*")


@dataclass(frozen=True, slots=True)
class Server:
    """What a PostgreSQL URL says. A host is "" or a folder where it is a socket of this machine."""

    hosts: tuple[str, ...]
    sslmode: str
    has_password: bool
    parameters: frozenset[str]

    @classmethod
    def of(cls, url: str) -> "Server":
        """Read a URL of the form that libpq takes; raises ValueError for what is none."""
        parts = _PARTS.fullmatch(url)
        if parts is None:
            raise ValueError(url)
        query = _parameters(parts["query"])
        named = query.get("hostaddr") or query.get("host")
        hosts = unquote(parts["hosts"]) if named is None else named
        _, colon, password = (parts["login"] or "").partition(":")
        sslmode = "require" if query.get("ssl") == "true" else "prefer"
        return cls(
            tuple(map(_host, hosts.split(","))),
            query.get("sslmode", sslmode),
            bool(colon and password) or "password" in query,
            frozenset(query),
        )

    @property
    def is_here(self) -> bool:
        """Whether nothing leaves this machine on the way to it."""
        return all(not host or host[0] in "/@" or is_loopback(host) for host in self.hosts)

    @property
    def is_verified(self) -> bool:
        """Whether nobody else can be taken for it on the way."""
        return self.sslmode == VERIFIED


def engine_of(url: str) -> Engine:
    """Return the engine of a URL that was read."""
    return "sqlite" if url.startswith(SQLITE) else "postgresql"


def masked(url: str) -> str:
    """Return a URL as it may be shown: without its password."""
    return _SECRETS.sub(
        lambda found: f"{found[1]}:***@" if found[2] is None else f"{found[2]}***", url
    )


def _parameters(query: str | None) -> dict[str, str]:
    """Return the parameters of a query. A + stands for itself, and of two of a name the last counts."""
    parameters = {}
    for each in filter(None, (query or "").split("&")):
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError(each)
        parameters[unquote(name)] = unquote(value)
    return parameters


def _host(written: str) -> str:
    """Return the host of `host:port`, `[IPv6]:port`, or one of the two alone."""
    if written.startswith(("/", "@")) or (written.count(":") > 1 and not written.startswith("[")):
        return written
    found = _HOST.fullmatch(written)
    if found is None:
        raise ValueError(written)
    return found[1].removeprefix("[").removesuffix("]")


def _store_url(value: object, info: ValidationInfo) -> str:
    hint = 'write "sqlite:////abs/path/waypost.db"; with three slashes the path is relative'
    if isinstance(value, str) and value.startswith(("postgresql:", "postgres:")):
        return _postgresql_url(value)
    if not isinstance(value, str) or not re.fullmatch(r"sqlite:///[^?#\0:]*[^?#\0/:]", value):
        raise wrong("is not the URL of a database", hint)
    folder = (info.context or {}).get("folder", Path())
    return f"{SQLITE}{Path(folder, value.removeprefix(SQLITE))}"


def _postgresql_url(value: str) -> str:
    hint = 'write "postgresql://USER@HOST/DATABASE?sslmode=verify-full", other characters as %XX'
    try:
        server = Server.of(value) if _POSTGRESQL.match(value) else None
    except ValueError:
        server = None
    if server is None:
        raise wrong("is not the URL of a PostgreSQL database", hint)
    if "passfile" in server.parameters:
        raise wrong("names a password file", 'that is a key of its own: passfile = "/path/pgpass"')
    return value


StoreUrl = Annotated[
    str, BeforeValidator(_store_url), PlainSerializer(masked, when_used="json"), Kind("URL")
]
