"""What is tried of a message that was sent. The whole way: `tests/e2e/operations/test_doctor.py`."""

import time
from collections.abc import Iterator

import pytest

from config.keys.dkim_keys import dkim_record
from config.loading.load import load
from proxy.signing import Signer
from tests.support.clinic import Clinic, quoted, website
from tracker.tokens import Link, mint, new_message_id, tracked_url
from waypost_doctor.findings import Kind, Result
from waypost_doctor.message import following
from waypost_doctor.patient import Patient

MESSAGE = b"From: a@example.com\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n\r\nHi.\r\n"


def patient(clinic: Clinic) -> Patient:
    """Return it as the command does."""
    return Patient(load(clinic.stack.config), clinic.names.resolver())


def signed(clinic: Clinic, domain: str = "example.com") -> bytes:
    """Return a message that is signed with the key of the clinic."""
    pem = (clinic.stack.folder / "dkim.pem").read_bytes()
    return Signer(domain, "waypost1", pem).sign(MESSAGE)


def kinds(results: Iterator[Result]) -> list[str]:
    """Return the findings' names, or what is well."""
    return [each.kind or each.what for each in results]


def test_a_signature_verifies_by_the_key_in_the_dns(clinic: Clinic) -> None:
    """And not by that in the file."""
    message = signed(clinic)
    told = kinds(following.signatures(patient(clinic), message))
    assert told == ["its signature for example.com verifies"]
    clinic.names.zone.clear()
    (told_of_none,) = following.signatures(patient(clinic), message)
    assert told_of_none.kind is Kind.SIGNATURE_INVALID
    assert "the DNS gives no key at waypost1._domainkey.example.com" in told_of_none.what
    assert told_of_none.cure.startswith("publish the record that `waypost dns` prints")


def test_a_message_that_was_altered_does_not_verify(clinic: Clinic) -> None:
    """One octet is enough."""
    altered = signed(clinic).replace(b"Hi.", b"Ho.")
    (told,) = following.signatures(patient(clinic), altered)
    assert (told.kind, told.cure) == (Kind.SIGNATURE_INVALID, Kind.SIGNATURE_INVALID.cure)


def test_of_several_signatures_ours_is_verified(clinic: Clinic) -> None:
    """The relay may sign as well, with a key that is no matter of ours."""
    ours = signed(clinic)
    pem = (clinic.stack.folder / "dkim.pem").read_bytes()
    both = Signer("relay.example.net", "x", pem).sign(ours)
    told = kinds(following.signatures(patient(clinic), both))
    assert told == ["its signature for example.com verifies"]


def test_a_message_without_our_signature(clinic: Clinic) -> None:
    """Whoever else signed it."""
    other = signed(clinic, "relay.example.net")
    clinic.names.zone["waypost1._domainkey.relay.example.net", "TXT"] = [
        quoted(dkim_record((clinic.stack.folder / "dkim.pem").read_bytes()))
    ]
    assert kinds(following.signatures(patient(clinic), other)) == [Kind.NOT_SIGNED]


@pytest.mark.parametrize(("status", "kind"), [(404, Kind.LINKS_ELSEWHERE), (302, Kind.CLICK_LOST)])
def test_a_click_that_another_server_took(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, status: int, kind: Kind
) -> None:
    """If it redirects, nobody would notice but by counting."""
    monkeypatch.setattr(following, "COUNTED_WITHIN_S", 0.3)
    of = patient(clinic)
    link = Link(new_message_id(), 1, 1, int(time.time()), "https://example.com/")
    with website(status=status) as port:
        url = tracked_url(f"http://127.0.0.1:{port}", mint(of.keyring, link))
        assert kinds(following.click(of, url))[-1] == kind


def test_a_link_at_which_nothing_answers(clinic: Clinic) -> None:
    """As at the test of links."""
    of = patient(clinic)
    link = Link(new_message_id(), 1, 1, int(time.time()), "https://example.com/")
    url = tracked_url("http://127.0.0.1:1", mint(of.keyring, link))
    assert kinds(following.click(of, url)) == [Kind.LINKS_UNREACHABLE]
