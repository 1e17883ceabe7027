"""The header block on its way out: our headers, signatures that break, the service's off switch."""

import pytest

from config.schema import (
    RelayConfig,
)
from proxy.message.editing import parse, splice
from proxy.policy import Untouched
from proxy.rewrite.header_edits import header_edits
from proxy.rewrite.missing_fields import MissingFields
from proxy.signing.signer import Signer
from tests.support.checks.growth import is_linear
from tests.support.mail import html_message
from tests.support.outgoing import (
    HTML,
    NOW_S,
    ONE,
    OWN,
    PEM,
    SIGNER,
    outgoing,
    transformer,
    verifies,
)
from tests.support.plans import DKIM


def test_our_headers_are_removed_and_all_others_stay():
    """The header block differs by those lines and by the signature alone."""
    message = html_message(HTML, OWN, "X-PM-Tag: kept", "X-Track-Person: 7")
    out = outgoing(message, signs=False)
    head = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    kept = [line for line in head if not line.startswith(b"X-Track-")]
    assert out.content.partition(b"\r\n\r\n")[0].split(b"\r\n") == kept


def test_a_message_that_is_off_only_loses_that_header():
    """Nothing else differs, and nothing is signed."""
    plain = html_message(HTML)
    out = outgoing(html_message(HTML, "X-Track-Links: off"))
    assert (out.content, out.pending, out.untouched) == (plain, None, Untouched.TRACKING_OFF)


def test_a_signature_that_we_break_is_replaced():
    """Ours of before goes, the new one verifies."""
    signed = SIGNER.sign(html_message(HTML))
    out = outgoing(signed)
    assert out.content.count(b"DKIM-Signature:") == 1
    assert verifies(out.content)


def test_a_signature_that_stays_keeps_what_it_covers():
    """A message that is not changed is not broken by taking away a header."""
    covering = "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from:x-track-links; bh=AA==; b=AA=="
    message = html_message(HTML, covering, "X-Track-Links: off", "X-Track-Person: 7")
    out = outgoing(message)
    assert out.content == message.replace(b"X-Track-Person: 7\r\n", b"")


@pytest.mark.parametrize(
    "signature",
    ["d=example.com; h=from", "d=example.com; h=x; l=0"],
    ids=["broken", "standing"],
)
def test_time_to_look_at_signatures_is_linear(signature):
    """However many a message brought along, and however many headers they may cover."""
    headers = [f"DKIM-Signature: {signature}", "X-Track-Links: on"]
    signs = transformer(sign="never")
    assert is_linear(
        lambda n: signs.prepare(html_message(HTML, *headers * n), ONE, NOW_S).shared(), 600
    )


def test_a_message_of_a_foreign_signer_is_left_whole():
    """Own headers that its signature does not cover are removed all the same."""
    foreign = Signer("example.net", "s1", PEM)
    message = foreign.sign(html_message(HTML))
    out = outgoing(message.replace(b"\r\n\r\n", b"\r\nX-Track-Person: 7\r\n\r\n", 1))
    assert (out.content, out.untouched) == (message, Untouched.FOREIGN_SIGNATURE)


OFF = {
    "postmark": b"X-PM-TrackLinks: None",
    "mailgun": b"X-Mailgun-Track-Clicks: no",
    "mailjet": b"X-Mailjet-TrackClick: 0",
    "mandrill": b"X-MC-Track: none",
    "sendgrid": b'X-SMTPAPI: {"filters": {"clicktrack": {"settings": {"enable": 0}}}}',
    "sparkpost": b'X-MSYS-API: {"options": {"click_tracking": false}}',
}


@pytest.mark.parametrize("provider", OFF)
def test_the_service_is_told_not_to_track_again(provider):
    """Only of what we track; the signature covers what it can."""
    relay = RelayConfig(provider=provider)
    out = outgoing(html_message(HTML), relay=relay)
    assert OFF[provider] in out.content.split(b"\r\n")
    assert verifies(out.content)
    message = html_message("<p>text</p>")
    assert outgoing(message, relay=relay).content is message


def test_ses_knows_no_such_header():
    """There it is a matter of the configuration set."""
    plain = outgoing(html_message(HTML), signs=False)
    out = outgoing(html_message(HTML), relay=RelayConfig(provider="ses"), signs=False)
    names = [[header.name for header in parse(each.content).headers] for each in (plain, out)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("provider", "before", "after"),
    [
        ("postmark", "X-PM-TrackLinks: HtmlAndText", b"X-PM-TrackLinks: None"),
        ("mandrill", "X-MC-Track: opens,clicks_all", b"X-MC-Track: opens"),
        (
            "sendgrid",
            'X-SMTPAPI: {"a": ["b"], "filters": {"x": 1}}',
            b'X-SMTPAPI: {"a": ["b"], "filters": {"x": 1, "clicktrack": {"settings": {"enable": 0}}}}',
        ),
        (
            "sendgrid",
            "X-SMTPAPI: =?utf-8?q?=7B=22category=22=3A=22s?=\r\n =?utf-8?q?pring=22=7D?=",
            b'X-SMTPAPI: {"category": "spring", "filters": {"clicktrack": {"settings": {"enable": 0}}}}',
        ),
    ],
)
def test_a_switch_that_is_there_is_turned_off(provider, before, after):
    """There is one header of the name afterwards, and it says off."""
    out = outgoing(html_message(HTML, before), relay=RelayConfig(provider=provider))
    name = before.partition(":")[0].encode()
    assert [line for line in out.content.split(b"\r\n") if line.startswith(name)] == [after]


@pytest.mark.parametrize("value", ["[]", '{"options": []}', '{"options": {}}\r\nX-MSYS-API: {}'])
def test_a_switch_that_is_odd_is_left_alone(value):
    """What we do not understand we do not write into."""
    message = html_message(HTML, f"X-MSYS-API: {value}", "X-Track-Links: on")
    relay = RelayConfig(provider="sparkpost")
    settings = {"relay": relay, "signs": False}
    before = message.count(b"X-MSYS-API")
    assert outgoing(message, **settings).content.count(b"X-MSYS-API") == before
    assert b"click_tracking" not in outgoing(message, **settings).content


def test_long_values_are_folded():
    """No line of ours exceeds 998 octets; unfolded, the value is the same."""
    many = ",\r\n ".join(f'"reader-{n}@example.org"' for n in range(200))
    message = html_message(HTML, f'X-SMTPAPI: {{"to": [{many}]}}')
    out = outgoing(message, relay=RelayConfig(provider="sendgrid"))
    assert max(map(len, out.content.split(b"\r\n"))) <= 998
    (value,) = parse(out.content).values(b"x-smtpapi")
    assert value.count(b"reader-") == 200
    assert value.endswith(b'"enable": 0}}}}')


def test_time_to_fold_does_not_depend_on_words():
    """A value of few long words takes no more of it than one of many short ones."""
    signs = transformer(relay=RelayConfig(provider="sendgrid"), signs=False)

    def send(word_octets: int) -> None:
        words = " ".join(["x" * word_octets] * (400_000 // word_octets))
        signs.prepare(html_message(HTML, f'X-SMTPAPI: {{"a": "{words}"}}'), ONE, NOW_S)

    assert is_linear(send, 250)


SIGNED = DKIM.format("example.com")
COVERING = SIGNED.replace("h=from", "h=from:x-track-links:x-pm-tracklinks")
NO_BODY = COVERING + "; l=0"
"""A signature that no change of the body breaks."""


def edited(*headers: str, provider: str | None = None, body_changes: bool = True) -> list[str]:
    """Return the lines that stand before the body of a message with these headers."""
    head = "".join(f"{line}\r\n" for line in headers)
    message = parse(f"{head}\r\nbody\r\n".encode())
    edits = header_edits(message, provider, body_changes=body_changes)
    return splice(message.raw, edits).decode().partition("\r\n\r\n")[0].split("\r\n")


@pytest.mark.parametrize("body_changes", [True, False])
def test_a_header_without_anything_of_ours_stays(body_changes):
    """There is nothing to edit."""
    headers = ["From: a@example.com", "X-PM-Tag: theirs", "Received: from x"]
    assert edited(*headers, body_changes=body_changes) == headers


def test_a_folded_header_of_ours_goes_as_a_whole():
    """Its last line stands at the end of the block."""
    assert edited("From: a", "X-Track-Person:\r\n 7") == ["From: a"]


@pytest.mark.parametrize(
    ("signature", "body_changes", "left"),
    [
        (SIGNED, True, ["From: a"]),
        (SIGNED, False, [SIGNED, "From: a"]),
        (COVERING, True, ["From: a"]),
        (COVERING, False, [COVERING, "From: a", "X-Track-Links: on"]),
        (NO_BODY, True, [NO_BODY, "From: a", "X-Track-Links: on"]),
    ],
    ids=["broken", "kept", "broken that covers", "kept that covers", "without the body"],
)
def test_what_a_signature_covers_stays_as_long_as_the_signature(signature, body_changes, left):
    """One that we break goes, and what it covered with it."""
    assert edited(signature, "From: a", "X-Track-Links: on", body_changes=body_changes) == left


def test_the_switch_of_a_service_comes_first_and_once():
    """It takes the place of those that are there."""
    headers = ("From: a", "X-PM-TrackLinks: HtmlOnly", "To: b", "x-pm-tracklinks: TextOnly")
    assert edited(*headers, provider="postmark") == ["X-PM-TrackLinks: None", "From: a", "To: b"]


def test_a_service_is_told_nothing_of_a_message_that_stays():
    """Its own tracking is then as the application wants it."""
    headers = ["From: a", "X-PM-TrackLinks: HtmlOnly"]
    assert edited(*headers, provider="postmark", body_changes=False) == headers


def test_a_switch_that_a_signature_covers_is_not_replaced():
    """The signature is worth more: it is another's, or it leaves the body out."""
    headers = [NO_BODY, "From: a", "X-PM-TrackLinks: HtmlOnly"]
    assert edited(*headers, provider="postmark") == headers


@pytest.mark.parametrize("body_changes", [True, False])
def test_what_is_missing_is_added_above_all(body_changes):
    """Also above a header of ours that goes; and not what a signature that stays names."""
    missing = MissingFields(0, b"\0", "example.com")
    for signature, names in (
        ("X: y", ["Message-ID", "Date"]),
        (NO_BODY + "; h=date", ["Message-ID"]),
    ):
        message = parse(f"X-Track-Links: on\r\n{signature}\r\nFrom: a@b.c\r\n\r\n".encode())
        edits = header_edits(message, None, body_changes=body_changes, missing=missing)
        found = parse(splice(message.raw, edits)).headers
        assert [each.name.decode() for each in found][: len(names)] == names
        assert len(found) == len(names) + 2
