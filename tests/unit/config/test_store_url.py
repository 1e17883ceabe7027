"""The URL of the store: files of SQLite, and what one of PostgreSQL says before anything connects."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from config.store_url import Server, StoreUrl, engine_of, masked

ADAPTER: TypeAdapter[str] = TypeAdapter(StoreUrl)


def read(url: object) -> str:
    """Return what a URL in a file of /etc/waypost becomes."""
    return ADAPTER.validate_python(url, context={"folder": Path("/etc/waypost")})


def refusal(url: object) -> str:
    """Return what is said about one that is refused."""
    with pytest.raises(ValidationError) as refused:
        read(url)
    (error,) = refused.value.errors()
    return f"{error['msg']} ({error['ctx']['hint']})"


def test_a_relative_file_starts_from_the_folder_of_the_configuration() -> None:
    """A configuration can be moved together with its store."""
    assert read("sqlite:///w.db") == "sqlite:////etc/waypost/w.db"
    assert read("sqlite:////srv/w.db") == "sqlite:////srv/w.db"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "waypost.db",
        "sqlite://waypost.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///folder/",
        "sqlite:///w.db?mode=ro",
        "mysql://h/db",
        7,
    ],
)
def test_what_is_neither_a_file_nor_a_postgresql_is_refused(url: object) -> None:
    """Neither memory, nor a folder, nor another server, nor options of SQLite."""
    assert "is not the URL of a database" in refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:waypost",
        "postgresql://h/way post",
        "postgresql://h/db?sslmode",
        "postgresql://[::1/db",
        "postgresql://h:port/db",
        "postgresql://u:se@cret@h/db",
        "postgresql://u:100%@h/db",
        "postgresql://u:a%00b@h/db",
    ],
)
def test_what_libpq_would_not_take_is_refused(url: str) -> None:
    """No host, a blank, a parameter without a value, half a bracket, a port that is none.

    A password that is not written as a URL has it as well: libpq would tell the log half of it, or all.
    """
    assert "is not the URL of a PostgreSQL database" in refusal(url)


def test_a_password_file_has_a_key_of_its_own() -> None:
    """There a systemd credential is found as well."""
    assert "passfile = " in refusal("postgresql://h/db?passfile=/etc/pgpass")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql:///waypost", ("",)),
        ("postgres://waypost@db.example.com/waypost", ("db.example.com",)),
        ("postgresql://a.example.com:5432,b.example.com/w", ("a.example.com", "b.example.com")),
        ("postgresql://[2001:db8::1]:5432/w", ("2001:db8::1",)),
        ("postgresql://%2Frun%2Fpostgresql/w", ("/run/postgresql",)),
        ("postgresql://a.example.com/w?host=/run/postgresql", ("/run/postgresql",)),
        ("postgresql://localhost/w?hostaddr=192.0.2.1", ("192.0.2.1",)),
    ],
)
def test_hosts_are_those_that_libpq_would_connect_to(url: str, hosts: tuple[str, ...]) -> None:
    """Several, a socket's folder, an address that takes the place of a name."""
    assert Server.of(read(url)).hosts == hosts


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("postgresql:///waypost", True),
        ("postgresql://localhost/w", True),
        ("postgresql://[::1]/w", True),
        ("postgresql://%2Frun%2Fpostgresql/w", True),
        ("postgresql://localhost,db.example.com/w", False),
        ("postgresql://localhost/w?hostaddr=192.0.2.1", False),
    ],
)
def test_only_sockets_and_the_loopback_are_here(url: str, *, is_here: bool) -> None:
    """Of several hosts, every one."""
    assert Server.of(url).is_here is is_here


@pytest.mark.parametrize(
    ("query", "sslmode", "is_verified"),
    [
        ("", "prefer", False),
        ("?sslmode=require", "require", False),
        ("?ssl=true", "require", False),
        ("?sslmode=verify-full", "verify-full", True),
        ("?sslmode=verify-full&sslmode=disable", "disable", False),
    ],
)
def test_only_a_looked_at_certificate_with_the_hosts_name_is_verified(
    query: str, sslmode: str, *, is_verified: bool
) -> None:
    """Of a parameter that stands twice, the last counts, as for libpq."""
    server = Server.of(f"postgresql://db.example.com/w{query}")
    assert (server.sslmode, server.is_verified) == (sslmode, is_verified)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://waypost:hunter2@h/w",
        "postgresql://h/w?password=hunter2",
        "postgresql://:hunter2@h/w?sslmode=require&password=hunter2",
    ],
)
def test_a_password_is_seen_and_never_shown(url: str) -> None:
    """Neither by `waypost show` nor by `waypost check`."""
    assert Server.of(url).has_password
    assert "hunter2" not in masked(url)
    assert "hunter2" not in str(ADAPTER.dump_python(url, mode="json"))
    assert Server.of(masked(url)).hosts == ("h",)


def test_without_a_password_a_url_is_shown_as_it_is() -> None:
    """It can be read again."""
    url = "postgresql://waypost@h:5432/w?sslmode=verify-full"
    assert not Server.of(url).has_password
    assert masked(url) == url


def test_the_engine_is_told_by_the_scheme() -> None:
    """`postgres:` is the same as `postgresql:`."""
    urls = ("sqlite:////srv/w.db", "postgresql:///w", "postgres:///w")
    assert list(map(engine_of, urls)) == ["sqlite", "postgresql", "postgresql"]


@given(st.text() | st.text().map("postgresql://{}".format) | st.integers() | st.none())
def test_whatever_stands_in_a_file_is_read_or_refused(value: object) -> None:
    """With what is wrong and what would be right, never with a traceback."""
    try:
        read(value)
    except ValidationError as error:
        (told,) = error.errors()
        assert told["ctx"]["what"]
        assert told["ctx"]["hint"]
