"""Whose mail is worked on, with which keys, and what happens when anything fails."""

import dataclasses
from pathlib import Path
from unittest.mock import Mock

import pytest

from config.keys.dkim_keys import write_dkim_key
from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import (
    Config,
    DkimConfig,
    KeysConfig,
    ProxyConfig,
    SenderConfig,
    TrackingConfig,
)
from proxy.message import fields, parser
from proxy.policy import Untouched
from proxy.rewrite import planned
from proxy.rewrite.submission import Fault
from proxy.rewrite.transformer import Transformer, within
from proxy.scheduling.dispatch import MAX_STEPS_IN_LOOP
from proxy.signing import canonicalization
from proxy.signing.self_check import ProbeFailed
from tests.support.mail import html_message
from tests.support.outgoing import (
    HTML,
    KEYRING,
    NOW_S,
    ONE,
    OWN,
    PEM,
    SIGNER,
    TWO,
    consenting,
    outgoing,
    transformer,
    verifies,
)
from tests.support.slow_mail import KINDS
from tests.support.state import beside
from tracker.decisions import files
from tracker.decisions.consents import Consent, Consents


def test_a_consent_is_in_force_with_the_next_message(tmp_path):
    """Nothing needs to be restarted."""
    at_work = consenting(tmp_path)
    assert at_work.prepare(html_message(HTML), ONE, NOW_S).shared().untouched is None
    files.record(beside(tmp_path / "waypost.db"), "reader@example.org", Consent.NONE)
    out = at_work.prepare(html_message(HTML), ONE, NOW_S).shared()
    assert out.untouched == Untouched.CONSENT_NONE


def test_work_that_takes_too_many_steps_is_broken_off():
    """It can be done anew elsewhere; the same message asks for the same number of steps."""
    at_work = transformer()

    def work():
        return at_work.prepare(html_message(HTML * 100), ONE, NOW_S)

    assert within(1_000, work) is None
    made = within(1_000_000, work)
    assert made is not None
    assert made.shared().untouched is None


@pytest.mark.parametrize("submission", [ONE, TWO])
def test_reading_what_is_on_links_is_work_on_the_message(submission):
    """It is done, and counted, before copies are made, however many get one of their own."""
    at_work = transformer(signs=False, proxy=ProxyConfig(copies="per-recipient"))
    message = KINDS["labels of images"](200_000)
    assert within(MAX_STEPS_IN_LOOP, lambda: at_work.prepare(message, submission, NOW_S)) is None


@pytest.mark.parametrize(
    ("submission", "copies", "reason"),
    [
        (ONE, "shared", Untouched.REWRITE_FAILED),
        (TWO, "per-recipient", Untouched.PLAN_FAILED),
    ],
)
def test_a_link_that_cannot_be_read_is_a_fault(monkeypatch, submission, copies, reason):
    """After which the message goes out as it came, less our own headers, and signed."""
    monkeypatch.setattr(planned, "label", Mock(side_effect=LookupError))
    at_work = transformer(signs=False, proxy=ProxyConfig(copies=copies))
    with pytest.raises(Fault) as fault:
        at_work.prepare(html_message(HTML), submission, NOW_S)
    assert fault.value.reason == reason


def test_nothing_is_tracked_while_nobody_knows_who_opted_out(tmp_path):
    """Until the list can be read."""
    (tmp_path / "waypost.db.consents").mkdir()
    at_work = consenting(tmp_path)
    with pytest.raises(Fault) as fault:
        at_work.prepare(html_message(HTML), ONE, NOW_S)
    assert fault.value.reason == Untouched.PLAN_FAILED
    (tmp_path / "waypost.db.consents").rmdir()
    assert at_work.prepare(html_message(HTML), ONE, NOW_S).shared().untouched is None


@pytest.mark.parametrize(
    ("submission", "reason"),
    [
        (dataclasses.replace(ONE, trusted=False), Untouched.UNTRUSTED),
        (dataclasses.replace(ONE, mail_from=b""), Untouched.NULL_SENDER),
    ],
)
def test_the_session_can_forbid_everything(submission, reason):
    """Forged mail and bounces are neither tracked nor signed."""
    message = html_message(HTML)
    out = outgoing(message, submission)
    assert (out.content, out.pending, out.untouched) == (message, None, reason)


def test_an_untrusted_message_even_keeps_our_headers():
    """We do not touch it at all."""
    message = html_message(HTML, OWN)
    assert outgoing(message, dataclasses.replace(ONE, trusted=False)).content is message


@pytest.mark.parametrize(
    "where", ["proxy.rewrite.transformer.parse", "proxy.rewrite.render.header_edits"]
)
def test_whatever_fails_is_a_fault(where, monkeypatch):
    """Whoever asked decides what becomes of the message."""
    monkeypatch.setattr(where, lambda *_, **__: 1 / 0)
    with pytest.raises(Fault) as fault:
        outgoing(html_message(HTML, OWN))
    assert isinstance(fault.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("sign", ["rewritten", "always"])
def test_what_is_left_alone_is_signed_where_all_of_its_sender_is(sign):
    """Less our own headers."""
    made = transformer(sign=sign).left_alone(
        html_message(HTML, OWN), ONE, NOW_S, Fault(Untouched.PLAN_FAILED)
    )
    assert made.content.endswith(html_message(HTML))
    assert verifies(made.content) is (sign == "always")
    assert (made.untouched, made.pending) == (Untouched.PLAN_FAILED, None)


def test_keys_come_from_the_files_of_the_configuration(tmp_path):
    """Token keys and DKIM keys, read once."""
    dkim_file, token_file = tmp_path / "dkim.pem", tmp_path / "token.keys"
    dkim_file.write_bytes(PEM)
    dkim_file.chmod(0o600)
    write_token_keys(token_file, [new_token_key()])
    config = Config(
        keys=KeysConfig(file=token_file),
        sender=(
            SenderConfig(
                domain="example.com", dkim=(DkimConfig(selector="s1", key_file=dkim_file),)
            ),
        ),
    )
    out = Transformer.from_config(config, Consents).prepare(html_message(HTML), ONE, NOW_S).shared()
    assert verifies(out.content)


def test_without_token_keys_there_is_no_start():
    """A clear error, before any mail is taken."""
    with pytest.raises(ValueError, match=r"\[keys\] file"):
        Transformer.from_config(Config(), Consents)


def test_no_proxy_starts_with_signatures_that_do_not_verify(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The keys of the configuration are tried before the first message comes."""
    write_dkim_key(tmp_path / "dkim.pem")
    write_token_keys(tmp_path / "token.keys", [new_token_key()])
    key = DkimConfig(selector="s1", key_file=tmp_path / "dkim.pem")
    config = Config(
        keys=KeysConfig(file=tmp_path / "token.keys"),
        sender=(SenderConfig(domain="example.com", dkim=(key,)),),
    )
    Transformer.from_config(config, Consents)
    monkeypatch.setattr(
        "proxy.signing.signer.relaxed_pieces", lambda message, start: [message[start:]]
    )
    with pytest.raises(ProbeFailed):
        Transformer.from_config(config, Consents)


def test_each_header_block_is_read_once(monkeypatch):
    """That of a message whose signature is replaced, and that of the finished message, for all keys."""
    read: list[bytes] = []

    def reading(raw: bytes) -> fields.HeaderBlock | None:
        read.append(raw)
        return fields.read_usual(raw)

    message = SIGNER.sign(html_message(HTML))
    monkeypatch.setattr(parser, "read_usual", reading)
    monkeypatch.setattr(canonicalization, "read_usual", reading)
    config = Config(
        sender=(SenderConfig(domain="example.com", dkim=()),),
        tracking=TrackingConfig(base_url="https://t.example.net"),
    )
    signing = Transformer(config, KEYRING, {"example.com": [SIGNER, SIGNER]})
    out = signing.prepare(message, ONE, NOW_S).shared()
    assert out.content.count(b"DKIM-Signature:") == 2
    finished = out.content[out.content.index(b"From:") :]
    assert read == [message, finished]


BOUND = {"accounts": ("alice",)}


@pytest.mark.parametrize("sign", ["rewritten", "always"])
def test_mail_of_others_loses_our_headers_and_gets_nothing(sign):
    """Where all mail of the domain is signed, it is refused instead."""
    out = outgoing(html_message(HTML, OWN), sign=sign, **BOUND)
    assert out.untouched == Untouched.NOT_ITS_ACCOUNT
    assert (out.pending, out.refused) == (None, sign == "always")
    assert out.content == html_message(HTML, *[OWN] * (sign == "always"))


@pytest.mark.parametrize("sign", ["rewritten", "always"])
def test_a_fault_signs_nothing_of_others(sign):
    """The original that goes on instead is not its sender's either."""
    made = transformer(sign=sign, **BOUND).left_alone(
        html_message(HTML, OWN), ONE, NOW_S, Fault(Untouched.PLAN_FAILED)
    )
    assert made.refused == (sign == "always")
    assert b"DKIM-Signature" not in made.content
