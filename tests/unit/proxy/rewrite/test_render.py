"""The copies of one message: tracked links, consent, signatures, and the event that tells of them."""

import dataclasses
import email
import re
from pathlib import Path

import pytest

from config.schema import (
    ProxyConfig,
)
from proxy.message.work_budget import BudgetExceeded, limit
from proxy.policy import Untouched
from proxy.rewrite.planned import CLIP_OCTETS, Plan
from proxy.rewrite.submission import CopyId, Fault
from proxy.signing.signer import Signable, Signer, SigningError
from tests.support.mail import html_message
from tests.support.outgoing import (
    HTML,
    NOW_S,
    ONE,
    OWN,
    SIGNER,
    TWO,
    URL,
    consenting,
    opening,
    outgoing,
    tokens,
    transformer,
    verifies,
)
from tracker.tokens import PIXEL_NUMBER


def test_its_event_is_told_between_reading_the_copy_and_signing_it(monkeypatch):
    """What is left to do then lets go of the interpreter, so that the spool's thread need not wait for it."""
    order: list[str] = []
    read, signature = Signable.read, Signer.signature
    monkeypatch.setattr(
        Signable, "read", lambda *args, **named: order.append("read") or read(*args, **named)
    )
    monkeypatch.setattr(
        Signer, "signature", lambda *args: order.append("signed") or signature(*args)
    )
    prepared = transformer().prepare(html_message(HTML), ONE, NOW_S, lambda _: order.append("told"))
    assert verifies(prepared.shared().content)
    assert order == ["read", "told", "signed"]


def test_a_tracked_message_is_signed_and_told():
    """The token holds what the click needs, the event what reports need."""
    out = outgoing(html_message(HTML, OWN))
    (token,) = tokens(out.content)
    assert (token.recipient, token.number, token.destination) == (1, 1, URL)
    assert (token.sent_at_s, token.preview) == (int(NOW_S), False)
    assert verifies(out.content)
    assert out.pending.message_id == token.message_id.hex()
    assert (out.pending.campaign, out.pending.sender_domain) == ("launch", "example.com")
    assert (out.pending.shared, out.pending.at_s) == (False, NOW_S)
    assert out.pending.sent_s == token.sent_at_s
    assert [(each.number, each.address, each.person) for each in out.pending.recipients] == [
        (1, "reader@example.org", None)
    ]
    (sent,) = out.pending.links
    plain = "https://example.com/a?x=1"
    assert (sent.number, sent.url, sent.group, sent.ignored) == (1, plain, None, ("uid",))


def test_a_pixel_alone_is_told_without_links():
    """Its token has number 0 and is its reader's own; our header goes."""
    message = html_message("<p>Hello</p>", "X-Track-Opens: on")
    out = opening().prepare(message, ONE, NOW_S).shared()
    (token,) = tokens(out.content)
    assert (token.number, token.recipient, token.preview) == (PIXEL_NUMBER, 1, False)
    assert out.pending.message_id == token.message_id.hex()
    assert (out.pending.links, out.pending.opens) == ((), True)
    assert b"X-Track-Opens" not in out.content


def test_the_pixel_of_a_shared_copy_is_nobodys():
    """As its links are."""
    shared = opening().prepare(html_message(HTML), TWO, NOW_S).shared()
    assert [(each.number, each.recipient) for each in tokens(shared.content)] == [
        (1, 0),
        (PIXEL_NUMBER, 0),
    ]
    assert (shared.pending.shared, shared.pending.opens) == (True, True)
    second = opening(copies="per-recipient").prepare(html_message(HTML), TWO, NOW_S).personal(1)
    assert [(each.number, each.recipient) for each in tokens(second.content)] == [
        (1, 2),
        (PIXEL_NUMBER, 2),
    ]


def test_what_is_told_of_links_is_put_together_once_for_all_copies():
    """It is the same whosever copy it is."""
    prepared = transformer(proxy=ProxyConfig(copies="per-recipient")).prepare(
        html_message(HTML), TWO, NOW_S
    )
    told = [prepared.personal(index).pending.links for index in (0, 1)]
    assert told[0] is told[1]
    assert len(told[0]) == 1


def test_a_copy_has_the_id_that_an_earlier_try_told_of(tmp_path: Path) -> None:
    """In its tokens and in its event; where nobody may be told apart, in the event alone."""
    ids = CopyId(b"earlier1", 7, 5), CopyId(b"earlier2", 9, 6)
    again = dataclasses.replace(TWO, copy_ids=ids)
    knowing = consenting(tmp_path, b="anonymous")
    prepared = knowing.prepare(html_message(HTML), again, NOW_S)
    for index, number in enumerate((7, 0)):
        copy = prepared.personal(index)
        (token,) = tokens(copy.content)
        assert (token.message_id, token.recipient) == (ids[index].message_id, number)
        (recipient,) = copy.pending.recipients
        assert copy.pending.message_id == ids[index].message_id.hex()
        assert token.sent_at_s == copy.pending.sent_s == ids[index].sent_s
        assert (recipient.number, recipient.address.encode()) == (
            ids[index].number,
            TWO.rcpt_to[index],
        )
    shared = prepared.shared()
    assert [each.number for each in shared.pending.recipients] == [1, 2]
    assert shared.pending.message_id not in {each.message_id.hex() for each in ids}


def test_without_opens_nothing_tells_of_them():
    """The switch is off by default."""
    assert not outgoing(html_message(HTML, "X-Track-Opens: on")).pending.opens


def test_nothing_to_track_gives_the_original_object():
    """Promise 1, without even a copy."""
    message = html_message("<p>text</p>")
    assert outgoing(message).content is message


def test_a_person_is_told_for_one_recipient_only():
    """Of several nobody knows who is meant."""
    message = html_message(HTML, "X-Track-Person: 4711")
    assert [each.person for each in outgoing(message).pending.recipients] == ["4711"]
    assert [each.person for each in outgoing(message, TWO).pending.recipients] == [None, None]


def test_several_recipients_share_a_copy():
    """Its clicks belong to no one person."""
    out = outgoing(html_message(HTML), TWO)
    assert [each.recipient for each in tokens(out.content)] == [0]
    assert (out.pending.shared, [each.number for each in out.pending.recipients]) == (True, [1, 2])


def test_many_recipients_are_work():
    """Each is asked for consent, and told."""
    many = dataclasses.replace(ONE, rcpt_to=(b"a@example.org",) * 3000)
    with limit(3000), pytest.raises(BudgetExceeded):
        outgoing(html_message(HTML), many)
    with limit(3000):
        outgoing(html_message(HTML), TWO)


def test_copies_of_their_own_are_one_message():
    """Each has its recipient's number; message, campaign and links are the same."""
    prepared = transformer(proxy=ProxyConfig(copies="per-recipient")).prepare(
        html_message(HTML), TWO, NOW_S
    )
    copies = [prepared.personal(0), prepared.personal(1)]
    assert [tokens(copy.content)[0].recipient for copy in copies] == [1, 2]
    assert [copy.pending.recipients[0].address for copy in copies] == [
        "a@example.org",
        "b@example.org",
    ]
    assert len({copy.pending.message_id for copy in copies}) == 1
    assert copies[0].pending.links == copies[1].pending.links
    assert all(verifies(copy.content) for copy in copies)


def test_anonymous_consent_counts_without_a_person():
    """The token names nobody, and the header is not passed on."""
    message = html_message(HTML, "X-Track-Person-Consent: anonymous", "X-Track-Person: 4711")
    out = outgoing(message)
    assert [each.recipient for each in tokens(out.content)] == [0]
    assert out.pending.shared
    assert out.pending.recipients[0].person is None
    assert b"X-Track" not in out.content


def test_a_person_who_agreed_to_nothing_gets_untouched_mail(tmp_path):
    """By address, whatever its case, or by the application's own id."""
    at_work = consenting(tmp_path, reader="none", **{"4711": "none"})
    out = at_work.prepare(html_message(HTML), ONE, NOW_S).shared()
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.CONSENT_NONE)
    other = dataclasses.replace(ONE, rcpt_to=(b"other@example.org",))
    assert at_work.prepare(html_message(HTML), other, NOW_S).shared().untouched is None
    named = html_message(HTML, "X-Track-Person: 4711")
    assert at_work.prepare(named, other, NOW_S).shared().untouched == Untouched.CONSENT_NONE


def test_each_copy_follows_its_own_reader(tmp_path):
    """One is tracked, one anonymously, one not at all; together they get what the strictest allows."""
    at_work = consenting(tmp_path, b="anonymous", c="none")
    everyone = tuple(f"{name}@example.org".encode() for name in "abc")
    prepared = at_work.prepare(
        html_message(HTML), dataclasses.replace(ONE, rcpt_to=everyone), NOW_S
    )
    a, b, c = (prepared.personal(index) for index in range(3))
    assert [each.recipient for each in tokens(a.content)] == [1]
    assert [each.recipient for each in tokens(b.content)] == [0]
    assert b.pending.shared
    assert c.content == html_message(HTML)
    assert prepared.shared().untouched == Untouched.CONSENT_NONE


@pytest.mark.parametrize(
    ("unsaid", "header", "recipients"),
    [
        ("full", "", [1]),
        ("anonymous", "", [0]),
        ("none", "", []),
        ("none", "X-Track-Person-Consent: full", [1]),
        ("anonymous", "X-Track-Person-Consent: none", []),
        ("full", "X-Track-Person-Consent: anonymous", [0]),
    ],
)
def test_who_never_said_is_taken_to_agree_to_what_the_configuration_says(
    tmp_path, unsaid, header, recipients
):
    """Unless the message speaks for them."""
    at_work = consenting(tmp_path, unsaid=unsaid)
    message = html_message(HTML, *filter(None, [header]))
    out = at_work.prepare(message, ONE, NOW_S).shared()
    assert [each.recipient for each in tokens(out.content)] == recipients
    assert out.untouched == (None if recipients else Untouched.CONSENT_NONE)


def test_who_said_is_not_who_never_said(tmp_path):
    """One of them agreed to all; together they get what the strictest allows."""
    at_work = consenting(tmp_path, unsaid="none", a="full")
    both = dataclasses.replace(ONE, rcpt_to=(b"A@example.org", b"b@example.org"))
    prepared = at_work.prepare(html_message(HTML), both, NOW_S)
    assert [each.recipient for each in tokens(prepared.personal(0).content)] == [1]
    assert prepared.personal(1).content == html_message(HTML)
    assert prepared.shared().untouched == Untouched.CONSENT_NONE


def test_a_message_has_the_id_of_its_submission():
    """By which the log knows it too; identical octets sent twice are two messages."""
    message, other = html_message(HTML), dataclasses.replace(ONE, message_id=b"12345678")
    assert outgoing(message).pending.message_id == ONE.message_id.hex()
    assert outgoing(message, other).pending.message_id == b"12345678".hex()


def test_never_signs_where_the_relay_does():
    """A signature of ours that we break is removed even so."""
    out = outgoing(SIGNER.sign(html_message(HTML)), sign="never")
    assert tokens(out.content)
    assert b"DKIM-Signature" not in out.content


def test_always_signs_what_is_not_tracked_too():
    """Nothing but the signature is added."""
    message = html_message("<p>text</p>")
    out = outgoing(message, sign="always")
    assert verifies(out.content)
    assert out.content.endswith(message)


def test_a_message_that_cannot_be_signed_is_a_fault(monkeypatch):
    """Told from other faults, as its cure is another."""
    monkeypatch.setattr(Signer, "signature", cannot_sign)
    with pytest.raises(Fault) as fault:
        outgoing(html_message(HTML, OWN))
    assert fault.value.reason == Untouched.SIGNING_FAILED


def cannot_sign(_self: Signer, _message: object, _now_s: int | None = None) -> bytes:
    """Fail as a key does that has gone."""
    raise SigningError("no")


def test_a_failure_in_rendering_is_a_fault(monkeypatch):
    """Named for its step."""
    monkeypatch.setattr(Plan, "written", lambda *_: 1 / 0)
    with pytest.raises(Fault) as fault:
        outgoing(html_message(HTML, OWN))
    assert fault.value.reason == Untouched.REWRITE_FAILED


def test_the_event_is_told_before_the_copy_is_signed(monkeypatch: pytest.MonkeyPatch):
    """It is the one that comes with the copy, which is what it is where nobody is told."""
    order: list[object] = []
    signature = Signer.signature

    def noted(*args: object) -> bytes:
        order.append("signed")
        return signature(*args)

    monkeypatch.setattr(Signer, "signature", noted)
    at_work = transformer()
    told = at_work.prepare(html_message(HTML), ONE, NOW_S, order.append).shared()
    assert order == [told.pending, "signed"]
    assert told.pending is order[0]
    assert told == at_work.prepare(html_message(HTML), ONE, NOW_S).shared()
    assert verifies(told.content)


def test_the_event_of_each_copy_is_told():
    """In the order in which they are made."""
    told: list[object] = []
    at_work = transformer(proxy=ProxyConfig(copies="per-recipient"))
    prepared = at_work.prepare(html_message(HTML), TWO, NOW_S, told.append)
    assert told == []
    assert [prepared.personal(index).pending for index in (1, 0)] == told


def test_nothing_is_told_of_what_is_left_alone():
    """Without links, or too large for the relay with them."""
    told: list[object] = []
    full = dataclasses.replace(ONE, relay_size_octets=len(html_message(HTML)))
    for message, submission in ((html_message("<p>text</p>"), ONE), (html_message(HTML), full)):
        out = transformer().prepare(message, submission, NOW_S, told.append).shared()
        assert (out.pending, out.untouched is None) == (None, False)
    assert told == []


def test_a_message_too_large_for_the_relay_goes_out_as_it_came():
    """Growth is ours, so the refusal would be our fault."""
    message = html_message(HTML, OWN)
    submission = dataclasses.replace(ONE, relay_size_octets=len(message))
    out = outgoing(message, submission)
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.TOO_LARGE)
    assert outgoing(message, dataclasses.replace(ONE, relay_size_octets=0)).untouched is None


def test_an_odd_header_is_named():
    """The message is left alone, and its author can be told."""
    out = outgoing(html_message(HTML, "X-Track-Links: perhaps"))
    assert out.untouched == Untouched.TRACKING_OFF
    assert out.findings.odd_headers == ("x-track-links",)


@pytest.mark.parametrize(
    ("octets", "clipped"), [(101_950, True), (50_000, False), (103_000, False)]
)
def test_clipping_by_our_doing_is_found(octets, clipped):
    """Not what was too long before, nor what stays below."""
    filled = HTML + "x\r\n" * ((octets - len(HTML)) // 3)
    found = outgoing(html_message(filled, encoding="base64"), signs=False).findings.clipped
    assert [before <= CLIP_OCTETS < after for before, after in found] == [True] * clipped


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_document_is_clipped_from_one_octet_past_the_limit_on(beyond):
    """As it was, it may have just as many; as it becomes, it may as well."""

    def found(octets: int) -> tuple[tuple[int, int], ...]:
        filled = HTML + "x" * (octets - len(HTML))
        return outgoing(html_message(filled, encoding="base64"), signs=False).findings.clipped

    ((before, after),) = found(CLIP_OCTETS)
    assert before == CLIP_OCTETS
    assert found(CLIP_OCTETS + 1) == ()
    fits = CLIP_OCTETS - (after - before)
    assert bool(found(fits + beyond)) == bool(beyond)


def test_links_are_counted_by_reason():
    """For metrics, in whichever process they are kept."""
    findings = outgoing(html_message(HTML)).findings
    assert (findings.links, findings.skipped) == (1, {"untracked_class": 1})


BARE = html_message(HTML, OWN, head="From: a@example.com\r\nSubject: x\r\n")
"""No Date, no Message-ID."""


def identity(content: bytes) -> list[str]:
    """Return the Message-IDs and Dates of a message."""
    message = email.message_from_bytes(content)
    return [*message.get_all("Message-ID", []), *message.get_all("Date", [])]


def test_a_message_without_date_and_message_id_gets_both_and_they_are_signed():
    """Once, at the top; the rest is what it was."""
    out = outgoing(BARE)
    assert out.untouched is None
    assert len(identity(out.content)) == 2
    assert verifies(out.content)
    assert re.search(rb"h=[^;]*\bdate:[^;]*message-id", out.content)


def test_all_copies_of_a_submission_have_one_message_id():
    """Also after a fault, and whoever makes them; another submission has another."""
    bodies = transformer(proxy=ProxyConfig(copies="per-recipient"), sign="always")
    fault = Fault(Untouched.REWRITE_FAILED)
    copies = [bodies.prepare(BARE, TWO, NOW_S).personal(each).content for each in (0, 1)]
    copies.append(bodies.left_alone(BARE, TWO, NOW_S, fault).content)
    assert len({tuple(identity(each)) for each in copies}) == 1
    again = dataclasses.replace(TWO, unique=b"another")
    assert identity(bodies.prepare(BARE, again, NOW_S).shared().content) != identity(copies[0])


def test_a_message_that_we_neither_change_nor_sign_gets_nothing():
    """It leaves as it came."""
    plain = html_message("<p>no link</p>", head="From: a@example.com\r\nSubject: x\r\n")
    assert outgoing(plain).content == plain
    signed = transformer(sign="always").prepare(plain, ONE, NOW_S).shared()
    assert len(identity(signed.content)) == 2
    assert verifies(signed.content)


def test_the_operator_may_have_nothing_added():
    """`add_missing = false`."""
    out = transformer(proxy=ProxyConfig(add_missing=False)).prepare(BARE, ONE, NOW_S).shared()
    assert identity(out.content) == []
    assert tokens(out.content)
    assert verifies(out.content)
