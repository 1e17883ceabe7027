"""Whose mail is tracked, and under which policy."""

import dataclasses
from pathlib import Path

import pytest

from config.schema import (
    Config,
    DkimConfig,
    SenderConfig,
    TrackerConfig,
    TrackingConfig,
    WellKnownConfig,
)
from proxy.message.editing import parse
from proxy.policy import Untouched
from proxy.policy.accounts import Submitter
from proxy.rewrite.senders import Senders
from proxy.rewrite.transformer import Transformer
from tests.support.mail import HEAD, html_message, link
from tests.support.outgoing import (
    HTML,
    KEYRING,
    NOW_S,
    ONE,
    URL,
    outgoing,
    tokens,
)


@pytest.mark.parametrize(
    ("domain", "subdomains", "known"),
    [
        ("example.com", False, True),
        ("EXAMPLE.com", False, True),
        ("news.example.com", False, False),
        ("news.example.com", True, True),
        ("badexample.com", True, False),
        ("example.net", True, False),
    ],
)
def test_only_configured_senders_are_tracked(domain, subdomains, known):
    """Subdomains where they are meant too."""
    message = html_message(HTML, head=HEAD.replace("example.com>\r\nTo", f"{domain}>\r\nTo"))
    out = outgoing(message, subdomains=subdomains)
    assert out.untouched == (None if known else Untouched.UNKNOWN_SENDER)


def test_without_configured_senders_all_mail_is_tracked_unsigned():
    """The simplest set-up."""
    out = Transformer(Config(), KEYRING, {}).prepare(html_message(HTML), ONE, NOW_S).shared()
    assert out.pending.sender_domain == "example.com"
    assert b"DKIM-Signature" not in out.content


def test_a_sender_without_a_key_is_tracked_unsigned():
    """The relay may sign."""
    out = outgoing(html_message(HTML), signs=False)
    assert tokens(out.content)
    assert b"DKIM-Signature" not in out.content


def test_a_sender_has_its_own_tracking_host_and_switches():
    """base_url, enabled and default of the [[sender]]."""
    out = outgoing(html_message(HTML), base_url="https://go.example.com")
    assert b'href="https://go.example.com/c/' in out.content
    assert outgoing(html_message(HTML), enabled=False).untouched == Untouched.DISABLED
    assert outgoing(html_message(HTML), default="off").untouched == Untouched.OFF_BY_DEFAULT


@pytest.mark.parametrize(
    ("host", "opens"), [(None, True), ("t.example.net", True), ("go.example.com", False)]
)
def test_app_links_have_a_path_where_phones_know_the_app(host, opens):
    """On the host that the configuration says it of, or on all."""
    config = Config(
        tracking=TrackingConfig(base_url="https://t.example.net"),
        tracker=TrackerConfig(well_known=(WellKnownConfig(host=host, assetlinks=Path("a.json")),)),
    )
    message = html_message(link(URL, 'universal="true"') + link("https://example.com/b"))
    out = Transformer(config, KEYRING, {}).prepare(message, ONE, NOW_S).shared().content
    assert (b"https://t.example.net/c/app/" in out) is opens
    assert (URL.encode() in out) is not opens


def test_8bit_for_a_7bit_relay_is_not_signed_into_breakage():
    """Only where we sign."""
    message = html_message(link(URL, text="é"))
    seven = dataclasses.replace(ONE, relay_8bitmime=False)
    assert outgoing(message, seven).untouched == Untouched.RELAY_WOULD_ALTER
    assert outgoing(message, seven, signs=False).untouched is None


def senders(*, with_keys: tuple[str, ...] | None = None, **signs: str) -> Senders:
    """Return the senders of a configuration: `sign` of each, by its domain under `.test`."""
    configured = [SenderConfig(domain=f"{name}.test", sign=sign) for name, sign in signs.items()]
    return Senders(Config(sender=tuple(configured)), with_keys)


def test_the_closest_of_several_senders_is_found():
    """A subdomain of its own goes before one that its parent takes in."""
    known = Senders(
        Config(
            sender=(
                SenderConfig(domain="Example.com", subdomains=True),
                SenderConfig(domain="news.example.com", subdomains=True),
                SenderConfig(domain="shop.example.com"),
            )
        )
    )
    found = {
        name: getattr(known.find(name), "domain", None)
        for name in (
            "example.com",
            "a.example.com",
            "a.news.example.com",
            "shop.example.com",
            "a.shop.example.com",
            "example.net",
        )
    }
    assert found == {
        "example.com": "example.com",
        "a.example.com": "example.com",
        "a.news.example.com": "news.example.com",
        "shop.example.com": "shop.example.com",
        "a.shop.example.com": "example.com",
        "example.net": None,
    }


def test_without_senders_every_domain_is_known():
    """Its mail has no domain to be signed for."""
    sender = Senders(Config()).find("anything.example")
    assert sender is not None
    assert (sender.domain, sender.signs) == ("", False)


@pytest.mark.parametrize(
    ("sign", "has_key", "signs", "always"),
    [
        ("never", True, False, False),
        ("rewritten", True, True, False),
        ("always", True, True, True),
        ("rewritten", False, False, False),
        ("always", False, False, False),
    ],
)
def test_a_sender_signs_as_configured_where_it_has_a_key(sign, has_key, signs, always):
    """Without one the relay may sign."""
    known = senders(a=sign, with_keys=("a.test",) if has_key else ())
    sender = known.find("a.test")
    assert sender is not None
    assert (sender.signs, sender.signs_always, known.sign_always) == (signs, always, always)
    assert sender.policy.signing.domains == ({"a.test"} if has_key else frozenset())


def test_keys_are_those_of_the_configuration_unless_others_are_given(tmp_path):
    """What is read from files is known by who read it."""
    key = DkimConfig(selector="s1", key_file=tmp_path / "key.pem")
    config = Config(sender=(SenderConfig(domain="a.test", dkim=(key,)),))
    for known, signs in ((Senders(config), True), (Senders(config, []), False)):
        sender = known.find("a.test")
        assert sender is not None
        assert sender.signs is signs


@pytest.mark.parametrize(
    ("sender", "null", "untouched", "domain"),
    [
        ("x@a.test", True, Untouched.NULL_SENDER, "a.test"),
        ("x@b.test", False, Untouched.UNKNOWN_SENDER, "b.test"),
        ("nobody", False, Untouched.NO_FROM, ""),
        ("x@a.test, y@a.test", False, Untouched.SEVERAL_FROM, ""),
        ("x@a.test", False, None, "a.test"),
    ],
)
def test_a_message_is_assigned_by_its_from_domain(sender, null, untouched, domain):
    """A bounce keeps its sender, whose mail may have to be signed."""
    message = parse(html_message(link(URL), head=f"From: {sender}\r\n"))
    assigned = senders(a="never").assign(message, null_sender=null)
    assert (assigned.plan.untouched, assigned.domain) == (untouched, domain)
    assert (assigned.sender is None) is (domain != "a.test")


@pytest.mark.parametrize(
    ("sender", "untouched"),
    [
        ("x@a.test <x@a.test>", None),
        ("news@mail.a.test, <x@a.test>", None),
        ("x@a.test <news@mail.a.test>", None),
        ("ceo@bank.test, <x@a.test>", Untouched.SEVERAL_FROM),
        ("x@other.test <x@a.test>", Untouched.SEVERAL_FROM),
        ("x@sub.other.test <x@a.test>", Untouched.SEVERAL_FROM),
        ("x@a.test <ceo@bank.test>", Untouched.UNKNOWN_SENDER),
    ],
)
def test_addresses_beside_the_mailbox_are_the_same_senders(sender, untouched):
    """Else some reader may take the mail, and our signature, for another's."""
    config = Config(
        sender=(
            SenderConfig(domain="a.test", subdomains=True),
            SenderConfig(domain="other.test", subdomains=True),
        )
    )
    message = parse(html_message(link(URL), head=f"From: {sender}\r\n"))
    assert Senders(config).assign(message).plan.untouched is untouched


def test_a_domain_of_other_letters_is_its_senders():
    """It is written in punycode in the configuration, and as people write it in From (IDNA 2008)."""
    known = Senders(Config(sender=(SenderConfig(domain="xn--fa-hia.test"),)))
    message = parse(html_message(link(URL), head="From: x@faß.test\r\n"))
    assert known.assign(message).plan.untouched is None
    other = parse(html_message(link(URL), head="From: x@fass.test\r\n"))
    assert known.assign(other).plan.untouched is Untouched.UNKNOWN_SENDER


def test_a_message_left_alone_has_its_sender_all_the_same():
    """Nothing of it is planned."""
    message = parse(html_message(link(URL), head="From: x@a.test\r\n"))
    left = senders(a="never").left_alone(message, Untouched.PLAN_FAILED)
    assert left.sender is not None
    assert (left.plan.untouched, left.plan.skipped, left.domain) == (
        Untouched.PLAN_FAILED,
        (),
        "a.test",
    )
    nobody = senders(a="never").left_alone(parse(b"\r\n"), Untouched.PLAN_FAILED)
    assert (nobody.sender, nobody.plan.untouched) == (None, Untouched.PLAN_FAILED)


ALICE = Submitter(logged_in=True, account="alice")
MALLORY = Submitter(logged_in=True, account="mallory")


def bound(sign: str = "rewritten") -> Senders:
    """Return the senders of a configuration in which alice alone may send as a.test."""
    sender = SenderConfig(domain="a.test", subdomains=True, sign=sign, accounts=("alice",))
    return Senders(Config(sender=(sender,)), ["a.test"])


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("domain", ["a.test", "news.a.test"])
@pytest.mark.parametrize(("sign", "refused"), [("rewritten", False), ("always", True)])
def test_mail_of_others_is_no_senders(null, domain, sign, refused):
    """It is neither tracked nor signed, whatever its envelope says; with "always" it is refused."""
    message = parse(html_message(HTML, head=f"From: x@{domain}\r\n"))
    found = bound(sign).assign(message, MALLORY, null_sender=null)
    assert (found.sender, found.domain, found.refused) == (None, domain, refused)
    assert found.plan.untouched == Untouched.NOT_ITS_ACCOUNT
    own = bound(sign).assign(message, ALICE, null_sender=null)
    assert (own.sender is not None, own.refused) == (True, False)
    assert (own.plan.untouched == Untouched.NULL_SENDER) == null


def test_other_domains_are_anybodys():
    """`accounts` is of one sender."""
    message = parse(html_message(HTML, head="From: x@b.test\r\n"))
    found = bound("always").assign(message, MALLORY)
    assert (found.plan.untouched, found.refused) == (Untouched.UNKNOWN_SENDER, False)


def test_without_a_submitter_a_message_is_judged_as_its_senders_own():
    """For `waypost explain`."""
    message = parse(html_message(HTML, head="From: x@a.test\r\n"))
    assert bound().assign(message).sender is not None


@pytest.mark.parametrize(("sign", "refused"), [("rewritten", False), ("always", True)])
def test_what_failed_is_no_senders_either(sign, refused):
    """Else a message that we stumble over would be signed for anybody."""
    message = parse(html_message(HTML, head="From: x@a.test\r\n"))
    found = bound(sign).left_alone(message, Untouched.PLAN_FAILED, MALLORY)
    assert (found.sender, found.refused) == (None, refused)
    own = bound(sign).left_alone(message, Untouched.PLAN_FAILED, ALICE)
    assert (own.sender is not None, own.plan.untouched) == (True, Untouched.PLAN_FAILED)


OWN = "x@a.test"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (f"From: {OWN}\r\nFrom: y@b.test\r\n", Untouched.SEVERAL_FROM),
        (f"From: y@b.test\r\nFrom: {OWN}\r\n", Untouched.SEVERAL_FROM),
        (f"From: A <{OWN}>, B <y@a.test>\r\n", Untouched.SEVERAL_FROM),
        (f"From: B <y@b.test>, A <{OWN}>\r\n", Untouched.SEVERAL_FROM),
        (f"From: y@b.test <{OWN}>\r\n", Untouched.SEVERAL_FROM),
        (f"From: {OWN}\r\nSubject : odd\r\nno field\r\n", Untouched.UNSIGNABLE),
        (f"From: {OWN}\r\nX: a\nb\r\n", Untouched.UNSIGNABLE),
        (f"From: {OWN}\r\n" + "Cc: x@b.test\r\n" * 500, Untouched.UNSIGNABLE),
        ("Subject: x\r\n", Untouched.NO_FROM),
    ],
)
@pytest.mark.parametrize("null", [False, True])
def test_what_has_to_be_signed_and_cannot_be_is_refused(head, reason, null):
    """With "always", also where it failed before; else it is left as it is, and passes."""
    message = parse(html_message(HTML, head=head))
    found = bound("always").assign(message, null_sender=null)
    assert (found.plan.untouched, found.refused) == (reason, True)
    assert found.plan.diagnosis.cure
    failed = bound("always").left_alone(message, Untouched.PLAN_FAILED)
    assert (failed.plan.untouched, failed.refused) == (reason, True)
    assert not bound().assign(message, null_sender=null).refused


@pytest.mark.parametrize(
    "head",
    [
        "From: x@b.test\r\n",
        "From: x@b.test\r\nFrom: y@b.test\r\n",
        'From: "x@a.test" <x@b.test>, y@b.test\r\n',
        "From: x@b.test\r\nX: a\nb\r\n",
        "From: x@a.test.b.test, y@b.test\r\n",
        "From:\r\n",
    ],
)
def test_mail_of_others_is_not_refused_for_want_of_a_signature(head):
    """Whoever signs everything signs nothing of theirs."""
    assert not bound("always").assign(parse(html_message(HTML, head=head))).refused
