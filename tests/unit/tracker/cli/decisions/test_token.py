"""`waypost token`: added, listed and revoked."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import run as command
from tests.support.state import beside
from tracker.access.files import ACCESS
from tracker.access.tokens import Tokens, digest_of

Run = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs `waypost token` on a store of its own."""
    path = tmp_path / "waypost.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/waypost.db"\n')
    return lambda verb, *args, **own: command("token", verb, "-c", path, *args, **own)


def add(run: Run, *args: str) -> str:
    """Add a token, and return it."""
    (token,) = re.findall("wpt_[A-Za-z0-9_-]{43}", run("add", *args))
    return token


def known(store: Path) -> Tokens:
    """Return what the file comes to."""
    return Tokens.from_records(ACCESS.merged(beside(store)).records)


def listed(run: Run) -> list[dict[str, object]]:
    """Return the rows of the list."""
    rows: list[dict[str, object]] = json.loads(run("list", "--json"))
    return rows


def test_a_token_is_printed_once(run: Run, store: Path) -> None:
    """What can be recognised by is kept; with several scopes."""
    token = add(run, "crm", "--scope", "persons", "--scope", "links")
    found = known(store).by_digest(digest_of(token))
    assert found is not None
    assert (found.name, list(found.scopes)) == ("crm", ["persons", "links"])
    assert token not in run("list") + ACCESS.file_of(beside(store)).read_text()


def test_tokens_are_listed_with_what_became_of_them(run: Run) -> None:
    """Also those that open nothing any more."""
    add(run, "old", "--scope", "figures")
    run("revoke", "old")
    add(run, "new", "--scope", "figures", "--expires", "90d")
    states = [(row["name"], row["scopes"], row["state"]) for row in listed(run)]
    assert states == [("old", ["figures"], "revoked"), ("new", ["figures"], "in force")]
    assert "in force" in run("list")


def test_a_revoked_token_opens_nothing(run: Run, store: Path) -> None:
    """Its name may be given again."""
    first = add(run, "crm", "--scope", "figures")
    assert "Token crm: revoked." in run("revoke", "crm")
    assert known(store).by_digest(digest_of(first)) is None
    second = add(run, "crm", "--scope", "figures")
    assert known(store).by_digest(digest_of(second)) is not None


def test_a_name_is_of_one_token(run: Run) -> None:
    """Or nobody could say which is revoked; one that is unknown is told."""
    add(run, "crm", "--scope", "figures")
    assert "there is a token crm already" in run("add", "crm", "--scope", "links", status=1)
    assert "no token lost is in use" in run("revoke", "lost", status=1)


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["crm"], "Missing option '--scope'"),
        (["crm", "--scope", "all"], "'all' is not one of"),
        (["a b", "--scope", "links"], "a name has up to 64 of"),
        (["crm", "--scope", "links", "--expires", "soon"], "neither a duration like 90d nor a day"),
        (["crm", "--scope", "links", "--expires", "2020-01-01"], "2020-01-01 is over"),
        (["crm", "--scope", "links", "--expires", "0s"], "0s is over"),
    ],
)
def test_what_makes_no_sense_is_told(run: Run, store: Path, args: list[str], what: str) -> None:
    """With exit status 2, and nothing is written."""
    assert what in run("add", *args, status=2)
    assert not ACCESS.file_of(beside(store)).exists()


def test_a_day_is_when_a_token_ends(run: Run, store: Path) -> None:
    """As which it begins, in UTC."""
    add(run, "crm", "--scope", "links", "--expires", "2101-12-31")
    assert next(known(store).named("crm")).expires == "2101-12-31T00:00:00+00:00"


def test_without_a_password_tokens_keep_nobody_out(run: Run, tmp_path: Path) -> None:
    """The operator is told."""
    sentence = "Without tracker.admin_password_file nobody is asked for a token"
    assert sentence in run("add", "crm", "--scope", "links")
    with (tmp_path / "waypost.toml").open("a") as file:
        file.write('[tracker]\nadmin_password_file = "password"\n')
    assert sentence not in run("add", "other", "--scope", "links")


def test_a_file_that_cannot_be_read_is_told(run: Run, store: Path) -> None:
    """In one line."""
    ACCESS.file_of(beside(store)).mkdir()
    for arguments in (["list"], ["add", "crm", "--scope", "links"], ["revoke", "crm"]):
        assert "waypost.db.access: Is a directory" in run(*arguments, status=1)
