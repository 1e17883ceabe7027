"""`waypost keys rotate-dkim`, with a real name server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys.dkim_keys import dkim_record
from config.loading.load import load
from tests.support.as_root import NOBODY
from tests.support.clinic import quoted
from tests.support.commands import run
from tests.support.name_server import NameServer

NEXT = "waypost2._domainkey.example.com"


@pytest.fixture
def server() -> Iterator[NameServer]:
    """Run a name server."""
    running = NameServer()
    yield running
    running.close()


def test_a_key_is_made_published_and_only_then_used(home: Path, server: NameServer) -> None:
    """Step by step, as the operator is told."""
    file, asked = home / "waypost.toml", f"127.0.0.1:{server.port}"
    before = file.read_text()
    rotate = ("keys", "rotate-dkim", "example.com", "--resolver", asked, "-c", file)
    said = run(*rotate)
    made = home / "dkim-waypost2.pem"
    assert said.startswith(f"{made} is made; waypost1 goes on signing. Publish:")
    assert f"{NEXT}. IN TXT ( " in said
    assert made.stat().st_mode & 0o077 == 0

    assert f"{NEXT}: missing; nothing is changed, waypost1 goes on signing" in run(
        *rotate, status=1
    )
    server.zone[NEXT, "TXT"] = ['"v=DKIM1; p=AAAA"']
    assert f"{NEXT}: different; nothing is changed" in run(*rotate, status=1)
    assert file.read_text() == before

    server.zone[NEXT, "TXT"] = [quoted(dkim_record(made.read_bytes()))]
    said = run(*rotate)
    assert "systemctl restart waypost-proxy" in said
    assert "Leave waypost1._domainkey.example.com in the DNS until 2" in said
    (key,) = load(file).sender[0].dkim
    assert (key.selector, key.key_file) == ("waypost2", made)
    assert (home / "dkim.pem").exists()


def test_a_key_that_is_not_clear_is_asked_for(home: Path) -> None:
    """One line, and nothing is made."""
    file = home / "waypost.toml"
    said = run("keys", "rotate-dkim", "example.org", "-c", file, status=1)
    assert "there is no such [[sender.dkim]]" in said
    assert not list(home.glob("dkim-*"))


def test_a_configuration_of_the_environment_is_changed_by_hand(
    home: Path, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to write is told."""
    file, asked = home / "waypost.toml", f"127.0.0.1:{server.port}"
    text = file.read_text()
    table = text[text.index("[[sender]]") :]
    file.write_text(text.replace(table, ""))
    monkeypatch.setenv("WAYPOST_SENDER__0__DOMAIN", "example.com")
    monkeypatch.setenv("WAYPOST_SENDER__0__DKIM__0__SELECTOR", "waypost1")
    monkeypatch.setenv("WAYPOST_SENDER__0__DKIM__0__KEY_FILE", str(home / "dkim.pem"))
    run("keys", "rotate-dkim", "--resolver", asked, "-c", file)
    made = home / "dkim-waypost2.pem"
    server.zone[NEXT, "TXT"] = [quoted(dkim_record(made.read_bytes()))]
    said = run("keys", "rotate-dkim", "--resolver", asked, "-c", file, status=1)
    assert f'write selector = "waypost2" and key_file = "{made}" there' in said


def test_a_domain_is_found_in_capitals_too(home: Path) -> None:
    """They are the same name (RFC 1035 §2.3.3)."""
    said = run("keys", "rotate-dkim", "Example.COM", "-c", home / "waypost.toml")
    assert "waypost1 goes on signing" in said


def test_of_a_domain_that_is_misspelt_the_known_ones_are_told(home: Path) -> None:
    """And no key is made."""
    said = run("keys", "rotate-dkim", "exmaple.com", "-c", home / "waypost.toml", status=1)
    assert "(there are: example.com waypost1)" in said
    assert not (home / "dkim-waypost2.pem").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_the_next_key_is_whose_the_old_one_is(home: Path) -> None:
    """Else the service, which reads the old one, would not start with the next."""
    os.chown(home / "dkim.pem", NOBODY, NOBODY)
    run("keys", "rotate-dkim", "-c", home / "waypost.toml")
    made = (home / "dkim-waypost2.pem").stat()
    assert (made.st_uid, made.st_gid) == (NOBODY, NOBODY)
    assert made.st_mode & 0o077 == 0
