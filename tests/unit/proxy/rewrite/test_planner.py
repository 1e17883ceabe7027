"""Plans: whether a message may be changed at all, by name, and what no input may break."""

import dataclasses
import email

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.message.editing import parse, splice
from proxy.message.work_budget import limit
from proxy.policy import Policy, Skip, Untouched
from proxy.policy.settings import Signing
from proxy.rewrite.eligibility import mentions_others
from proxy.rewrite.planner import plan, plan_message
from tests.support.checks.growth import is_linear
from tests.support.mail import html_message, html_part, link, multipart, text_part
from tests.support.plans import (
    ADDED,
    DKIM,
    KEY_OF_EXAMPLE_COM,
    PARAMS,
    TRACKED,
    URL,
    destinations,
)

HOSTILE = st.lists(
    st.sampled_from(
        [b'<a href="http://e.x/', b'">', b"'", b"<!--", b"-->", b"<![if !mso]>", b"&amp;", b"=3D",
         b"=\r\n", b"\r\n", b"\r", b"\0", b"--b", b"Content-Type: text/html\r\n", b"From: a@b.c\r\n",
         b"Content-Type: multipart/mixed; boundary=b\r\n", b"X-Track-Links: off\r\n",
         b"Content-Transfer-Encoding: quoted-printable\r\n", b"<a href=https://e.x/ class=untracked>",
         b"Content-Transfer-Encoding: base64\r\n", b"<v:rect href='https://e.x/'>", b"\xff", b"x"]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip


@given(st.one_of(st.binary(max_size=400), HOSTILE))
@example(html_message(link(URL), encoding="quoted-printable"))
def test_no_octets_make_a_plan_fail(message):
    """A plan is made of anything; undone, it is the original, and it is made again alike."""
    made = plan(message, Policy())
    assert made.failure is None
    assert made.render(lambda each: each.original) == message
    assert plan(message, Policy()) == made
    if made.untouched is not None:
        assert made.render(lambda _: TRACKED) is message
    assert len(splice(message, made.edits)) >= len(message) * (not made.edits)


def test_a_fault_of_ours_leaves_the_message_untouched(monkeypatch):
    """`plan` never raises; the cause is kept for the log."""
    monkeypatch.setattr("proxy.rewrite.planner.plan_message", lambda *_: 1 / 0)
    made = plan(b"x", Policy())
    assert made.untouched == Untouched.PLAN_FAILED
    assert isinstance(made.failure, ZeroDivisionError)


FAMILIES = {
    "links": lambda n: link(URL) * (n // 50),
    "classes": lambda n: link(URL, 'class="' + "a " * (n // 2) + '"'),
    "parameters": lambda n: link(URL + "?" + "a=b&" * (n // 4)),
    "references": lambda n: link(URL + "?" + "&amp;" * (n // 5)),
    "buttons": lambda n: (
        '<!--[if mso]><v:rect href="http://e.x/"></v:rect><![endif]-->' * (n // 64)
    ),
}


HEADER_FAMILIES = {
    "campaign": lambda n: "X-Track-Campaign: " + "=?utf-8?q?a?= " * (n // 14),
    "unsubscribe": lambda n: "List-Unsubscribe: " + "<http://e.x/>," * (n // 14),
    "json": lambda n: "X-SMTPAPI: " + '{"a":' * (n // 5),
    "from": lambda n: "From: " + "a@" * (n // 2),
}


@pytest.mark.parametrize("family", [*FAMILIES, *HEADER_FAMILIES])
def test_time_grows_with_the_size_alone(family):
    """Whatever of a message is hostile."""
    policy = dataclasses.replace(PARAMS, plain_text=True)

    def planned(octets: int) -> None:
        if family in FAMILIES:
            message = html_message(FAMILIES[family](octets), encoding="base64")
        else:
            message = html_message(link(URL), HEADER_FAMILIES[family](octets))
        plan(message, policy)

    assert is_linear(planned, 20_000)


UNTOUCHED = {
    Untouched.DISABLED: (html_message(link(URL)), Policy(enabled=False)),
    Untouched.OFF_BY_DEFAULT: (html_message(link(URL)), Policy(default=False)),
    Untouched.TRACKING_OFF: (html_message(link(URL), "X-Track-Links: off"), Policy()),
    Untouched.CONSENT_NONE: (html_message(link(URL), "X-Track-Person-Consent: none"), Policy()),
    Untouched.NO_FROM: (html_message(link(URL), head="To: a@example.org\r\n"), Policy()),
    Untouched.SEVERAL_FROM: (html_message(link(URL), "From: x@example.net"), Policy()),
    Untouched.REPORT: (multipart("report", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.SIGNED: (multipart("signed", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.ENCRYPTED: (multipart("encrypted", b"Content-Type: text/html\r\n\r\n" + link(URL).encode()), Policy()),
    Untouched.ARC_SEALED: (html_message(link(URL), "ARC-Seal: i=1; a=rsa-sha256; d=x.test"), Policy()),
    Untouched.FOREIGN_SIGNATURE: (html_message(link(URL), DKIM.format("example.com")), Policy()),
    Untouched.RELAY_WOULD_ALTER: (
        html_message(link(URL), head="From: a@example.com\r\nReply-To: root\r\n"),
        Policy(signing=KEY_OF_EXAMPLE_COM),
    ),
    Untouched.MALFORMED: (b"no header at all\r\n" + html_message(link(URL)), Policy()),
    Untouched.MAX_GROWTH: (html_message(link(URL)), Policy(max_growth=10)),
    Untouched.NO_LINKS: (html_message("text"), Policy()),
    Untouched.ALL_SKIPPED: (html_message(link(URL, 'class="untracked"')), Policy()),
}  # fmt: skip


@pytest.mark.parametrize("reason", UNTOUCHED)
def test_a_message_is_left_alone(reason):
    """Each reason by its name; no octet changes, and links are told all the same."""
    message, policy = UNTOUCHED[reason]
    made = plan(message, policy)
    assert made.untouched == reason
    assert made.links == ()
    assert made.render(lambda _: TRACKED) is message
    if reason not in {Untouched.NO_LINKS, Untouched.MALFORMED}:
        assert [each.destination for each in made.skipped] == [URL]


SPENT_ON_A_HEADER = 30
"""Steps of work; a link takes more."""
FINAL = UNTOUCHED.keys() - {Untouched.NO_LINKS, Untouched.ALL_SKIPPED, Untouched.MAX_GROWTH}


@pytest.mark.parametrize("reason", sorted(FINAL))
def test_where_nothing_can_change_links_are_looked_for_only_if_they_are_to_be_listed(reason):
    """A proxy need not read the HTML of such a message; all else in the plan is the same."""
    message, policy = UNTOUCHED[reason]
    parsed = parse(message)
    listed = plan_message(parsed, policy, mentions_others(parsed))
    with limit(SPENT_ON_A_HEADER):
        made = plan_message(parsed, policy, mentions_others(parsed), lists_links=False)
    assert made == dataclasses.replace(listed, skipped=())


def test_links_are_looked_for_where_parameters_are_still_added():
    """Tracking is off, and something changes all the same."""
    message = parse(html_message(link(URL), "X-Track-Links: off"))
    policy = Policy(params_when_off=True, url_params=(("utm_source", "mail"),))
    made = plan_message(message, policy, lists_links=False)
    assert made.untouched is None
    assert [each.destination for each in made.skipped] == [URL]


def test_a_reason_that_was_found_before_is_the_plans_reason():
    """The message's own reasons come after it; its links are told all the same."""
    message = html_message(link(URL), "X-Track-Links: off")
    made = plan_message(parse(message), Policy(), Untouched.UNKNOWN_SENDER)
    assert (made.untouched, made.links) == (Untouched.UNKNOWN_SENDER, ())
    assert [each.reason for each in made.skipped] == [Untouched.UNKNOWN_SENDER]


def test_a_final_off_cannot_be_lifted():
    """`enabled = false` beats the message's header."""
    made = plan(html_message(link(URL), "X-Track-Links: on"), Policy(enabled=False))
    assert made.untouched == Untouched.DISABLED


def test_a_message_can_do_without_parameters():
    """X-Track-URL-Params stops parameters, not tracking."""
    assert destinations(html_message(link(URL), "X-Track-URL-Params: off")) == [URL]
    assert destinations(html_message(link(URL), "X-Track-URL-Params: on")) == [f"{URL}?{ADDED}"]


def test_a_campaign_of_no_characters_is_no_obstacle():
    """It goes into URLs as what stands for a character that nobody knows."""
    message = html_message(link(URL)).replace(b"Spring", b"=?utf-7?q?=2B2AA-?=")
    made = plan(message, Policy(url_params=(("utm_campaign", "{campaign}"),)))
    assert made.failure is None
    assert made.links[0].destination.endswith("utm_campaign=%EF%BF%BD")


REENCODING = Policy(reencodes=True)
LONG = ("x" * 2000 + link(URL)) * 2 + "caf\u00e9 = \t\r\n"


def twice_decoded(message: bytes) -> list[bytes]:
    """Return what stands in each part."""
    return [
        bytes(part.get_payload(decode=True) or b"")
        for part in email.message_from_bytes(message).walk()
    ]


@pytest.mark.parametrize("encoding", ["7bit", "8bit"])
def test_a_part_with_long_lines_is_encoded_anew_where_that_is_wanted(encoding):
    """Decoded it is what it was, but for the links; without a link to track it stays."""
    html = LONG if encoding == "8bit" else LONG.replace("\u00e9", "e")
    message = html_message(html, encoding=encoding)
    assert [each.reason for each in plan(message, Policy()).skipped] == [Skip.LONG_LINE] * 2
    made = plan(message, REENCODING)
    assert len(made.links) == 2
    written = made.render(lambda each: f"https://t.example/{each.number}")
    assert max(map(len, written.split(b"\r\n"))) <= 998
    (before,), (after,) = twice_decoded(message), twice_decoded(written)
    assert after == before.replace(URL.encode(), b"https://t.example/1", 1).replace(
        URL.encode(), b"https://t.example/2"
    )
    plain = html_message("x" * 2000, encoding=encoding)
    assert plan(plain, REENCODING).render(lambda _: "") is plain


def test_long_lines_are_no_reason_to_leave_a_message_where_they_are_mended():
    """Those of other parts are; so are those of a part without a link."""
    signing = dataclasses.replace(REENCODING, signing=Signing(signs=True))
    first, second = html_part(LONG), text_part("x" * 2000)
    mended = plan(multipart("alternative", first, text_part("short")), signing)
    assert len(mended.links) == 2
    left = plan(multipart("alternative", first, second), signing)
    assert (left.untouched, left.diagnosis.what) == (Untouched.RELAY_WOULD_ALTER, "line_too_long")
    assert plan(html_message(LONG), dataclasses.replace(signing, reencodes=False)).links == ()


def test_lines_that_stay_short_enough_are_no_reason_to_encode_anew():
    """By the tokens as they will be."""
    html = "".join(f'<a href="https://example.com/newsletter/{each}">x</a> ' for each in range(6))
    made = plan(html_message(html, encoding="7bit"), REENCODING)
    assert len(made.links) == 6
    assert b"quoted-printable" not in made.render(lambda each: "x" * each.url_octets)


def test_what_encoding_adds_counts_as_growth():
    """`max_growth` is of the whole message."""
    many = html_message(link(URL) + "=" * 3000)
    assert plan(many, REENCODING).links
    bound = dataclasses.replace(REENCODING, max_growth=3000)
    assert plan(many, bound).untouched == Untouched.MAX_GROWTH


def test_a_message_without_mime_is_not_encoded_anew():
    """Not every program would decode it."""
    message = html_message(LONG).replace(b"MIME-Version: 1.0\r\n", b"")
    assert plan(message, REENCODING).links == ()
