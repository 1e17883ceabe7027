"""`waypost dns`: the DNS records that a configuration needs, and whether they are there."""

import json
from pathlib import Path

import pytest

from tests.support.commands import run


def test_dns_as_json(home: Path) -> None:
    """One object a record; the value of a host is the operator's to know."""
    dkim, host = json.loads(run("dns", "--json", "-c", home / "waypost.toml"))
    assert dkim["name"] == "waypost1._domainkey.example.com"
    assert dkim["value"].startswith("v=DKIM1; k=rsa; p=")
    assert (host["name"], host["value"]) == ("click.example.com", None)


def test_dns_as_csv(home: Path) -> None:
    """A header, and a line for each record."""
    head, *rows = run("dns", "--csv", "-c", home / "waypost.toml").splitlines()
    assert head == "name,type,value,purpose"
    assert len(rows) == 2


def test_dns_check_fails_while_records_are_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of a server that nobody runs: status 1, and each record named."""
    monkeypatch.setattr("config.keys.dns_records.PATIENCE_S", 0.2)
    file = home / "waypost.toml"
    said = run("dns", "--check", "--resolver", "127.0.0.1:1", "-c", file, status=1)
    assert "waypost1._domainkey.example.com TXT: could not be asked" in said


def test_dns_check_refuses_a_resolver_that_is_none(home: Path) -> None:
    """A usage error."""
    run("dns", "--check", "--resolver", "nowhere", "-c", home / "waypost.toml", status=2)


def test_dns_without_a_key_says_so(home: Path) -> None:
    """No traceback."""
    (home / "dkim.pem").unlink()
    assert "does not exist" in run("dns", "-c", home / "waypost.toml", status=1)
