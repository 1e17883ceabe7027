"""`waypost dns`: the DNS records that a configuration needs, and whether they are there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.cli import dns
from config.keys.dkim_keys import dkim_record
from tests.support.commands import run
from tests.support.hostile import obeyed
from tests.support.name_server import NameServer

NAME = "waypost1._domainkey.example.com"


@pytest.fixture
def server() -> Iterator[NameServer]:
    """Run a name server."""
    running = NameServer()
    yield running
    running.close()


def published(home: Path) -> list[str]:
    """Return the TXT record of the DKIM key, in strings that a zone can hold."""
    text = dkim_record((home / "dkim.pem").read_bytes())
    return [f'"{text[:200]}" "{text[200:]}"']


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
    monkeypatch.setattr("config.keys.dns_answers.PATIENCE_S", 0.2)
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


def test_dns_prints_lines_of_a_zone_file(home: Path) -> None:
    """To be copied as they are; what only the operator knows stands as a comment."""
    said = run("dns", "-c", home / "waypost.toml").splitlines()
    assert any(line.startswith(f"{NAME}. IN TXT ( ") for line in said)
    assert any(line.startswith("; click.example.com. IN CNAME, A or AAAA") for line in said)


def test_dns_says_so_where_nothing_is_needed(tmp_path: Path) -> None:
    """On one machine, without keys."""
    (tmp_path / "waypost.toml").write_text("")
    assert run("dns", "-c", tmp_path / "waypost.toml").startswith("; nothing is needed")
    assert json.loads(run("dns", "--json", "-c", tmp_path / "waypost.toml")) == []


def test_dns_check_ends_with_0_when_all_is_there(home: Path, server: NameServer) -> None:
    """One line for each record."""
    server.zone[NAME, "TXT"] = published(home)
    server.zone["click.example.com", "A"] = ["192.0.2.1"]
    asked = f"127.0.0.1:{server.port}"
    said = run("dns", "--check", "--resolver", asked, "-c", home / "waypost.toml").splitlines()
    assert said == [f"{NAME} TXT: ok", "click.example.com CNAME, A or AAAA: ok"]


def test_dns_check_shows_both_where_they_differ(home: Path, server: NameServer) -> None:
    """What is there and what should be, to compare by eye."""
    server.zone[NAME, "TXT"] = ['"v=DKIM1; p=AAAA"']
    asked = f"127.0.0.1:{server.port}"
    file = home / "waypost.toml"
    said = run("dns", "--check", "--resolver", asked, "-c", file, status=1).splitlines()
    assert said[0] == f"{NAME} TXT: different"
    assert said[1] == "  answer   v=DKIM1; p=AAAA"
    assert said[2].startswith("  expected v=DKIM1; k=rsa; p=")
    assert said[3] == "click.example.com CNAME, A or AAAA: missing"


def test_dns_check_shows_what_a_terminal_would_obey(home: Path, server: NameServer) -> None:
    """Whoever runs the zone writes the answer."""
    server.zone[NAME, "TXT"] = [r'"\027]0;owned\007\010v=DKIM1"']
    asked = f"127.0.0.1:{server.port}"
    said = run("dns", "--check", "--resolver", asked, "-c", home / "waypost.toml", status=1)
    assert r"  answer   \u001b]0;owned\u0007\nv=DKIM1" in said.splitlines()
    assert obeyed(said) == set()


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_dns_check_answers_tools_too(home: Path, server: NameServer, form: str) -> None:
    """With the state of each record, and the same exit status."""
    server.zone[NAME, "TXT"] = published(home)
    asked = f"127.0.0.1:{server.port}"
    file = home / "waypost.toml"
    said = run("dns", "--check", form, "--resolver", asked, "-c", file, status=1)
    if form == "--json":
        assert [row["state"] for row in json.loads(said)] == ["ok", "missing"]
    else:
        head, first, second = said.splitlines()
        assert head == "name,type,value,purpose,state,found"
        assert ",ok," in first
        assert second.endswith(",missing,")


@pytest.mark.parametrize(
    ("resolver", "server", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:db8::53]", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(
    resolver: str, server: str, port: int
) -> None:
    """As people write them; without a port it is that of DNS."""
    asked = dns._resolver(resolver)
    assert (asked.nameservers, asked.port) == ([server], port)
