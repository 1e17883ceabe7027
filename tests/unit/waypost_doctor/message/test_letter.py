"""The test message. Sent and followed: `tests/e2e/operations/test_doctor.py`."""

import email
from email import policy

import pytest

from config.loading.load import load
from config.schema import Config, ProxyConfig, SenderConfig
from proxy.policy import Policy
from proxy.rewrite import plan
from tests.support.clinic import Clinic
from tests.support.stack import Mailbox
from tracker.details import lookup
from tracker.ingest.catch_up import catch_up
from tracker.store import database
from waypost_doctor.findings import Kind
from waypost_doctor.message import letter
from waypost_doctor.message.letter import CAMPAIGN, Letter, sender_of
from waypost_doctor.patient import Patient


def test_it_is_from_a_sender_of_the_configuration() -> None:
    """Else from this machine, as any program on it."""
    named = Config(sender=(SenderConfig(domain="example.com"), SenderConfig(domain="example.org")))
    assert sender_of(named) == "postmaster@example.com"
    nobody = Config(proxy=ProxyConfig(hostname="mail.example.net"))
    assert sender_of(nobody) == "postmaster@mail.example.net"


def test_it_has_one_link_that_would_be_tracked_and_a_campaign_of_its_own() -> None:
    """Apart from all figures that somebody looks at."""
    made = Letter.to("reader@example.net", "postmaster@example.com")
    message = email.message_from_bytes(made.content, policy=policy.default)
    assert message["X-Track-Campaign"] == CAMPAIGN
    assert message["Message-ID"] == made.message_id
    (link,) = plan(made.content, Policy()).links
    assert link.destination == "https://example.com/"


def test_it_is_made_again_octet_by_octet_as_it_went_to_the_relay(
    clinic: Clinic, mailbox: Mailbox
) -> None:
    """Its signature and its links included: what is tried of it is tried of what was sent."""
    sent = Letter.to("reader@example.net", "postmaster@example.com")
    config = load(clinic.stack.config)
    with clinic.stack.serving("proxy"):
        letter._send(config, sent)
        (content,) = mailbox.wait_for(1)
    catch_up(config)
    with database.reading(config.store) as db:
        (key,) = lookup.find(db, sent.message_id)
    assert letter.as_sent(config, sent, key) == content


def test_a_proxy_that_does_not_run(clinic: Clinic) -> None:
    """Nothing is sent."""
    patient = Patient(load(clinic.stack.config), clinic.names.resolver())
    sent = Letter.to("reader@example.net", "postmaster@example.com")
    (result,) = letter.follow(patient, sent)
    assert result.kind is Kind.NOT_TAKEN


def test_a_message_of_which_the_store_hears_nothing(
    clinic: Clinic, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another configuration is in force than the one that was named."""
    monkeypatch.setattr(letter, "HEARD_WITHIN_S", 0.5)
    with clinic.stack.serving("proxy"):
        clinic.change("/waypost.db", "/other.db")
        patient = Patient(load(clinic.stack.config), clinic.names.resolver())
        sent = Letter.to("reader@example.net", "postmaster@example.com")
        *_, last = letter.follow(patient, sent)
    assert last.kind is Kind.NOT_FOLLOWED
    assert len(mailbox.wait_for(1)) == 1
