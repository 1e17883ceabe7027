"""Certificates that are renewed while they are in use."""

import asyncio
import shutil
import ssl
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.keys import certificates
from tracker.records.certificates import PATIENCE_S, InForce, Renewal, renewing

Lines = list[MutableMapping[str, Any]]


def write(folder: Path, name: str, *, certificate: bool = True, key: bool = True) -> None:
    """Write a new certificate for `name`, and its key, in the place of the former ones."""
    issued = trustme.CA().issue_cert(name)
    if certificate:
        issued.cert_chain_pems[0].write_to_path(folder / "new")
        (folder / "new").replace(folder / "cert.pem")
    if key:
        issued.private_key_pem.write_to_path(folder / "new")
        (folder / "new").replace(folder / "key.pem")


@pytest.fixture
def in_force(tmp_path: Path) -> InForce:
    """Return a certificate in force."""
    write(tmp_path, "first.example")
    paths = (tmp_path / "cert.pem", tmp_path / "key.pem")
    return InForce(certificates.server_context(*paths), *paths)


def name_shown(context: ssl.SSLContext) -> str:
    """Return the name in the certificate that a client is shown."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = context.wrap_bio(a, b, server_side=True), client.wrap_bio(b, a)
    for _ in range(4):
        for each in (theirs, ours):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = theirs.getpeercert(binary_form=True)
    assert shown is not None
    return next(name for name in ("first.example", "second.example") if name.encode() in shown)


def test_a_renewed_certificate_is_loaded(in_force: InForce, tmp_path: Path, logged: Lines) -> None:
    """Once its files have changed; the log says so once."""
    renewal = Renewal(lambda: in_force)
    renewal.look()
    renewal.look()
    assert logged == []
    write(tmp_path, "second.example")
    renewal.look()
    renewal.look()
    assert name_shown(in_force.context) == "second.example"
    assert [line["event"] for line in logged] == ["file_reloaded"]


def test_half_a_renewal_is_waited_for(in_force: InForce, tmp_path: Path, logged: Lines) -> None:
    """The certificate is written before its key, or the other way; the former pair stays."""
    renewal = Renewal(lambda: in_force)
    renewal.look()
    whole = tmp_path / "whole"
    whole.mkdir()
    write(whole, "second.example")
    shutil.copy(whole / "cert.pem", tmp_path / "cert.pem")
    renewal.look()
    assert (name_shown(in_force.context), logged) == ("first.example", [])
    shutil.copy(whole / "key.pem", tmp_path / "key.pem")
    renewal.look()
    assert name_shown(in_force.context) == "second.example"


def test_a_pair_that_stays_wrong_is_told_once(
    in_force: InForce, tmp_path: Path, logged: Lines
) -> None:
    """What was in force stays so."""
    renewal = Renewal(lambda: in_force)
    renewal.look()
    write(tmp_path, "second.example", certificate=False)
    for _ in range(5):
        renewal.look(PATIENCE_S / 2)
    assert [line["event"] for line in logged] == ["file_unusable"]
    assert name_shown(in_force.context) == "first.example"


def test_files_that_are_gone_change_nothing(in_force: InForce, logged: Lines) -> None:
    """They may come back."""
    renewal = Renewal(lambda: in_force)
    renewal.look()
    in_force.certificate.unlink()
    renewal.look()
    assert (name_shown(in_force.context), logged) == ("first.example", [])


def test_a_listener_without_a_certificate_has_none_to_renew() -> None:
    """Nothing is looked at."""
    Renewal(lambda: None).look()


async def test_it_is_looked_for_all_the_time(
    in_force: InForce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the listener is there."""
    monkeypatch.setattr("tracker.records.certificates.INTERVAL_S", 0.01)
    async with renewing(lambda: in_force):
        write(tmp_path, "second.example")
        async with asyncio.timeout(10):
            while name_shown(in_force.context) != "second.example":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
