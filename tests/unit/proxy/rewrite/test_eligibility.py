"""Whether a message may be changed: its sender, signatures of others, what a relay would alter."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import parse
from proxy.message.mailbox import MAX_OCTETS
from proxy.policy import Policy, Untouched
from proxy.rewrite.eligibility import from_domain, mentions_others, reason_untouched
from proxy.rewrite.planner import plan
from tests.support.mail import HEAD, html_message, link
from tests.support.plans import (
    DKIM,
    KEY_OF_EXAMPLE_COM,
    URL,
)

PKCS7 = HEAD + "Content-Type: application/pkcs7-mime; smime-type={}\r\n\r\nAAAA\r\n"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("signed-data", Untouched.SIGNED), ("enveloped-data", Untouched.ENCRYPTED)],
)
def test_opaque_smime_is_left_alone(kind, reason):
    """S/MIME without multipart says in a parameter what it is."""
    assert plan(PKCS7.format(kind).encode(), Policy()).untouched == reason


@pytest.mark.parametrize(
    "senders",
    [
        "a@example.com, b@example.com",
        "a@example.com <b@example.net>",
        "x: a@example.com, b@example.com;",
    ],
)
def test_several_addresses_in_from_are_several_senders(senders):
    """Nobody could say whose mail it is; some versions of Python read no address in odd ones."""
    message = html_message(link(URL), head=f"From: {senders}\r\n")
    assert plan(message, Policy()).untouched in {Untouched.SEVERAL_FROM, Untouched.NO_FROM}


@pytest.mark.parametrize(
    "value", ["(a" * 3000, "a" * 20_000 + "@example.com", "nobody", "<>", "a@", "", "(no address)"]
)
def test_a_from_that_names_no_domain_is_as_none(value):
    """However odd it is."""
    made = plan(html_message(link(URL), head=f"From: {value}\r\n"), Policy())
    assert (made.untouched, made.failure) == (Untouched.NO_FROM, None)


def test_a_message_signed_with_our_own_key_may_change():
    """The signature is made anew."""
    message = html_message(link(URL), DKIM.format("example.com"))
    assert plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched is None


def test_one_foreign_signature_among_ours_is_enough():
    """What another domain signed stays whole."""
    message = html_message(link(URL), DKIM.format("example.com"), DKIM.format("example.net"))
    made = plan(message, Policy(signing=KEY_OF_EXAMPLE_COM))
    assert made.untouched == Untouched.FOREIGN_SIGNATURE


@pytest.mark.parametrize(
    ("sender", "signed_by", "subdomains", "foreign"),
    [
        ("example.com", "mail.example.com", True, False),
        ("news.example.com", "mail.example.com", True, False),
        ("mail.example.com", "mail.example.com", True, True),
        ("example.com", "mail.example.com", False, True),
        ("example.com", "badexample.com", True, True),
    ],
)
def test_a_signature_of_an_own_subdomain_is_replaced_but_for_froms_own(
    sender, signed_by, subdomains, foreign
):
    """DMARC may ask that From's domain itself signs; whoever else of ours did, did no more than we do."""
    head = HEAD.replace("news@example.com", f"news@{sender}")
    message = html_message(link(URL), DKIM.format(signed_by), head=head)
    signing = dataclasses.replace(KEY_OF_EXAMPLE_COM, subdomains=subdomains)
    made = plan(message, Policy(signing=signing))
    assert made.untouched == (Untouched.FOREIGN_SIGNATURE if foreign else None)


@pytest.mark.parametrize(
    "message",
    [
        html_message(link(URL), head=HEAD.replace("Subject: Spring", f"Subject: {'x' * 999}")),
        html_message(
            link(URL),
            head=HEAD.replace("reader@example.org", "reader").replace(
                "Subject", "Reply-To: help\r\nSubject"
            ),
        ),
        html_message(link(URL) + "x" * 999),
    ],
)
def test_what_the_relay_would_alter_is_not_signed_into_breakage(message):
    """Without a signature of ours at stake, the same messages are tracked."""
    assert (
        plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched == Untouched.RELAY_WOULD_ALTER
    )
    assert plan(message, Policy()).untouched is None


def test_8bit_needs_a_relay_with_8bitmime_to_be_signed():
    """A relay that has to re-encode the body breaks the signature."""
    message = html_message(link(URL, text="é"))
    seven = dataclasses.replace(KEY_OF_EXAMPLE_COM, relay_8bitmime=False)
    assert plan(message, Policy(signing=KEY_OF_EXAMPLE_COM)).untouched is None
    assert plan(message, Policy(signing=seven)).untouched == Untouched.RELAY_WOULD_ALTER


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("a@example.com", "example.com"),
        ("Shop <a@EXAMPLE.Com.>", "example.com"),
        ('"Shop, the \\"best\\"" <a@example.com>', "example.com"),
        ('"a@example.net" <a@example.com>', "example.com"),
        ("(of example.net) a@example.com (Shop)", "example.com"),
        ("=?utf-8?q?a=40example=2Enet?= <a@example.com>", "example.com"),
        ("Shop\r\n <a@example.com>", "example.com"),
        ("a@b\u00fccher.example", "xn--bcher-kva.example"),
        ("a@fa\u00df.example", "xn--fa-hia.example"),
        ("Shop, Inc. <a@example.com>", "example.com"),
        ("a@example.com, <b@example.com>", "example.com"),
        ("a@example.com, b@example.com", Untouched.SEVERAL_FROM),
        ("a@example.com,", "example.com"),
        ("x" * MAX_OCTETS + " <a@example.com>", Untouched.NO_FROM),
    ],
)
def test_the_domain_is_that_of_the_one_address(sender, domain):
    """Lower case, without a final dot; names, comments and quotes do not count."""
    assert from_domain(parse(f"From: {sender}\r\n\r\n".encode())) == domain


def test_a_sender_that_is_known_is_not_asked_for_again():
    """By whoever found it before."""
    message = parse(b"To: a@example.com\r\n\r\n")
    assert reason_untouched(message, Policy()) is Untouched.NO_FROM
    assert reason_untouched(message, Policy(), sender_known=True) is None


@pytest.mark.parametrize("octets", [100, 1000])
@pytest.mark.parametrize(
    ("sender", "domain"),
    [("<a@example.com>", "example.com"), ("<a@x.org>, <b@c.de>", Untouched.SEVERAL_FROM)],
)
def test_what_was_found_before_is_found_again(octets, sender, domain):
    """Whether it is short enough to be remembered or not."""
    message = parse(f"From: {'x' * octets} {sender}\r\n\r\n".encode())
    assert [from_domain(message), from_domain(message)] == [domain, domain]


def test_no_header_and_several_are_told_apart():
    """With none there is nobody to ask, with several nobody knows whom."""
    assert from_domain(parse(b"To: a@example.com\r\n\r\n")) is Untouched.NO_FROM
    assert from_domain(parse(b"From: a@example.com\r\n" * 2 + b"\r\n")) is Untouched.SEVERAL_FROM


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("a@example.com <a@example.com>", None),
        ("a@bank.test, <a@example.com>", Untouched.SEVERAL_FROM),
        ("a@example.com", None),
        ("root", None),
    ],
)
def test_an_address_of_another_domain_is_anothers(sender, reason):
    """Where no [[sender]] says which domains are one."""
    assert mentions_others(parse(f"From: {sender}\r\n\r\n".encode())) is reason
    if reason:
        assert (
            plan(html_message(link(URL), head=f"From: {sender}\r\n"), Policy()).untouched is reason
        )


@given(st.text(max_size=60))
def test_whatever_stands_in_from_is_a_domain_or_a_reason(text):
    """Never an empty domain, nor a fault."""
    found = from_domain(parse(b"From: " + text.encode() + b"\r\n\r\n"))
    assert found
    assert isinstance(found, Untouched) or found == found.lower().rstrip(".")
