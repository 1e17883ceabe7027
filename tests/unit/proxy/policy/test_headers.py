"""What the headers of a message say: switches, campaign, consent, List-Unsubscribe."""

import dataclasses
import json
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.editing import Edit, parse, splice
from proxy.policy import Policy, Skip, Untouched
from proxy.policy.headers import (
    SILENT,
    Switches,
    conventions,
    own_headers,
    switches,
    unsubscribe_urls,
    verdict,
)
from proxy.rewrite.planner import plan
from tests.support.mail import html_message, link
from tests.support.plans import (
    URL,
    reasons,
)
from tracker.decisions.consents import strictest


@pytest.mark.parametrize(("enable", "reason"), [(1, None), (0, Untouched.TRACKING_OFF)])
def test_json_headers_in_encoded_words_are_understood(enable, reason):
    """Python's email library writes a long value without spaces so."""
    api = {"x": "y" * 90, "filters": {"clicktrack": {"settings": {"enable": enable}}}}
    message = EmailMessage()
    message["From"] = "a@example.com"
    message["X-SMTPAPI"] = json.dumps({**api, "category": "spring"}, separators=(",", ":"))
    message.set_content(link(URL), subtype="html")
    assert b"=?utf-8?" in message.as_bytes()
    made = plan(message.as_bytes(), Policy())
    assert (made.untouched, made.campaign, made.asked.odd) == (reason, "spring", ())


def test_the_list_unsubscribe_url_is_left_alone():
    """Whatever its spelling in HTML, one click must go on unsubscribing."""
    header = "List-Unsubscribe: <mailto:u@example.com>,\r\n <https://example.com/u?a=1&b=2>"
    html = link("https://example.com/u?a=1&amp;b=2") + link("https://example.com/u?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


@pytest.mark.parametrize(
    "header",
    [
        "List-Unsubscribe: https://example.com/u?a=1",
        "List-Unsubscribe: <mailto:u@example.com>, <HTTPS://Example.COM/u?a=1>",
        "List-Unsubscribe: =?utf-8?q?=3Chttps=3A//example=2Ecom?=\r\n =?utf-8?q?/u=3Fa=3D1=3E?=",
    ],
)
def test_the_list_unsubscribe_url_is_known_however_it_is_written(header):
    """Without brackets, in capitals, or in encoded words, as libraries fold long ones."""
    html = link("https://example.com/u?a=1") + link("https://example.com/U?a=1")
    assert reasons(html_message(html, header)) == [Skip.LIST_UNSUBSCRIBE, None]


@pytest.mark.parametrize("value", ["on", "YES", "true", "1"])
def test_a_message_can_switch_tracking_on(value):
    """Where the default is off."""
    assert plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy(default=False)).links


@pytest.mark.parametrize("value", ["off", "No", "false", "0", "", "maybe", "on off"])
def test_a_message_can_switch_tracking_off(value):
    """Whatever is no clear yes counts as off."""
    made = plan(html_message(link(URL), f"X-Track-Links: {value}"), Policy())
    assert made.untouched == Untouched.TRACKING_OFF
    clear = value.lower() in {"off", "no", "false", "0"}
    assert made.asked.odd == (() if clear else ("x-track-links",))


def test_of_several_headers_off_wins():
    """The order does not matter, nor whose header it is."""
    for pair in (("X-Track-Links: on", "X-Track-Links: off"), ("X-Track-Links: on", "X-AMP: skip")):
        for headers in (pair, pair[::-1]):
            assert (
                plan(html_message(link(URL), *headers), Policy()).untouched
                == Untouched.TRACKING_OFF
            )


@pytest.mark.parametrize(
    ("headers", "policy", "campaign"),
    [
        ((), Policy(), "Spring"),
        (("X-Track-Campaign: =?utf-8?b?R3LDvMOfZQ==?=  &\r\n more",), Policy(), "Grüße & more"),
        (("X-Track-Campaign:",), Policy(), "Spring"),
        (("X-PM-Tag: tag", "X-Track-Campaign: own"), Policy(), "own"),
        (("X-PM-Tag: tag",), Policy(), "tag"),
        (("X-PM-Tag: tag",), Policy(dialects=frozenset()), "Spring"),
        (("List-Id: News of ours <news.example.com>",), Policy(campaign_from="list-id"), "news.example.com"),
        ((), Policy(campaign_from="list-id"), None),
        ((), Policy(campaign_from="subject"), "Spring"),
        ((), Policy(campaign_from="none"), None),
        (("X-Track-Campaign: x",), Policy(campaign_from="none"), "x"),
    ],
)  # fmt: skip
def test_a_message_has_a_campaign(headers, policy, campaign):
    """Our header, those of others, else what the configuration points at."""
    assert plan(html_message(link(URL), *headers), policy).campaign == campaign


def campaign_of(subject: str, *headers: str) -> str | None:
    """Return the campaign of a message with this subject."""
    head = "\r\n".join(("From: a@example.com", f"Subject: {subject}", *headers, ""))
    return plan(html_message(link(URL), head=head), Policy()).campaign


@pytest.mark.parametrize(
    ("headers", "campaign"),
    [
        (("To: Anna <a@example.net>",), "…, your order …"),
        (("To: =?utf-8?q?=22Anna=22_M=C3=BCller?= <a@example.net>",), "…, your order …"),
        (("To: anna@example.net",), "…, your order …"),
        (("To: Anna <a@example.net>, b@example.net",), "Anna, your order …"),
        (("To: Anna <a@example.net>", "Cc: b@example.net"), "Anna, your order …"),
        (("To: Anna <a@example.net>", "To: b@example.net"), "Anna, your order …"),
        (("To: undisclosed-recipients:;",), "Anna, your order …"),
        ((), "Anna, your order …"),
    ],
)
def test_the_one_reader_that_to_names_is_no_part_of_the_campaign(headers, campaign):
    """Of several recipients, nobody's name is taken out: all have the same subject."""
    assert campaign_of("Anna, your order 12345", *headers) == campaign


def test_a_name_at_the_end_of_a_long_subject_is_found():
    """The subject is cut to the length of a name when it is a campaign's, not before."""
    words = "x" * 195
    long = {
        campaign_of(f"{words} {name}", f"To: {name} <a@example.net>")
        for name in ("Annabella", "Christopher")
    }
    assert long == {f"{words} …"}
    assert campaign_of("y" * 300, "To: a@example.net") == "y" * 200


@pytest.mark.parametrize(
    "subject", ["=?utf-8?b?####?=", "=?nonsense?q?x?=", "\x01 \x7f", "x" * 9000]
)
def test_odd_subjects_make_no_trouble(subject):
    """A campaign is one short line, or nothing."""
    made = plan(
        html_message(link(URL), head=f"From: a@example.com\r\nSubject: {subject}\r\n"), Policy()
    )
    assert made.failure is None
    assert re.fullmatch(r"[^\x00-\x1f\x7f]{0,200}", made.campaign or "")


def test_consent_is_read():
    """The strictest of several counts, and what nobody defined counts as none."""
    for values, consent in {
        ("full",): "full",
        ("anonymous", "full"): "anonymous",
        ("?",): "none",
    }.items():
        headers = [f"X-Track-Person-Consent: {value}" for value in values]
        assert plan(html_message(link(URL), *headers), Policy()).asked.consent == consent


ASKS = [
    "X-Track-Links: on",
    "X-Track-Links: off",
    "X-PM-TrackLinks: HtmlOnly",
    "X-Mailgun-Track-Clicks: yes",
    "X-Track-URL-Params: off",
    "X-Track-Opens: on",
    "X-Track-Person-Consent: anonymous",
    "X-Track-Person-Consent: full",
    "X-Track-Links: perhaps",
    "Subject: none of our business",
]


def asked(*headers: str, policy: Policy | None = None) -> Switches:
    """Return what these headers ask for."""
    return switches(parse("\r\n".join([*headers, "", ""]).encode()), policy or Policy())


def test_a_message_that_asks_for_nothing_is_silent():
    """Most are."""
    assert asked("Subject: x", "From: a@example.com") is SILENT


@given(
    st.lists(st.sampled_from(ASKS)).flatmap(
        lambda each: st.tuples(st.just(each), st.permutations(each))
    )
)
def test_the_order_of_headers_does_not_matter(orders):
    """To switches and consent, of which the strictest of several holds."""
    first, other = (asked(*each) for each in orders)
    assert dataclasses.replace(first, odd=()) == dataclasses.replace(other, odd=())
    assert sorted(first.odd) == sorted(other.odd)


@given(st.lists(st.sampled_from(ASKS)), st.sampled_from(ASKS))
def test_one_more_header_never_switches_on_what_is_off(headers, more):
    """An off beats every on, and the strictest consent holds."""
    before, after = asked(*headers), asked(*headers, more)
    for name in ("html", "text", "params", "opens"):
        assert getattr(before, name) is not False or getattr(after, name) is False
    said = [each.consent for each in (before, after) if each.consent is not None]
    assert before.consent is None or strictest(*said) is after.consent


def test_the_persons_id_is_ours_before_that_of_others():
    """An id is one line of text, encoded words decoded."""
    theirs = "X-GreenArrow-Click-Tracking-ID: theirs"
    assert asked(theirs).person == "theirs"
    assert asked(theirs, "X-Track-Person: =?utf-8?q?=C3=BC?=\r\n 7").person == "\u00fc 7"


def test_headers_of_dialects_that_are_off_are_silent():
    """Our own speak whatever the configuration says."""
    plain = Policy(dialects=frozenset())
    assert asked("X-PM-TrackLinks: None", policy=plain) is SILENT
    assert asked("X-Track-Links: off", policy=plain).html is False
    assert all(name.startswith(b"x-track-") for name in conventions(frozenset()))


def test_our_own_headers_are_found_by_their_offsets():
    """Whole fields, folded lines included, so that cutting them out leaves all others."""
    message = parse(
        b"From: a@example.com\r\nX-TRACK-Person:\r\n 7\r\nX-PM-Tag: x\r\nx-track-opens: on\r\n\r\n"
    )
    found = own_headers(message)
    assert [name for _, _, name in found] == [b"x-track-person", b"x-track-opens"]
    cut = splice(message.raw, [Edit(start, end, b"") for start, end, _ in found])
    assert cut == b"From: a@example.com\r\nX-PM-Tag: x\r\n\r\n"


@pytest.mark.parametrize(
    ("header", "urls"),
    [
        ("List-Unsubscribe: <mailto:a@example.com>", set()),
        ("List-Unsubscribe: <HTTPS://Example.com/U?a=1>, <http://b.example/>", {"https://example.com/U?a=1", "http://b.example/"}),
        ("List-Unsubscribe: https://a.example/,https://b.example/", {"https://a.example/", "https://b.example/"}),
        ("List-Unsubscribe: <https://example.com/\r\n a>", {"https://example.com/a"}),
        ("List-Unsubscribe: <https://a.example/>\r\nList-Unsubscribe: <https://b.example/>", {"https://a.example/", "https://b.example/"}),
        ("List-Unsubscribe: <not a URL>, <>", set()),
    ],
)  # fmt: skip
def test_unsubscribe_urls_are_compared_without_case_of_the_host(header, urls):
    """Those of all headers of the name; other schemes are nothing to click on."""
    assert unsubscribe_urls(parse(f"{header}\r\n\r\n".encode())) == urls


@pytest.mark.parametrize(
    ("switch", "default", "reason"),
    [
        (None, True, None),
        (None, False, Untouched.OFF_BY_DEFAULT),
        (True, True, None),
        (True, False, None),
        (False, True, Untouched.TRACKING_OFF),
        (False, False, Untouched.TRACKING_OFF),
    ],
)
def test_a_header_goes_before_the_default(switch, default, reason):
    """Where no header speaks, the default decides."""
    assert verdict(switch=switch, default=default) is reason
