"""What the relay gets: whose mail is tracked and signed, and what happens when a step fails."""

import base64
import dataclasses
from pathlib import Path

import dkim
import pytest
import structlog.testing

from config.keys.dkim_keys import new_dkim_key
from config.keys.token_keys import new_token_key, write_token_keys
from config.schema import (
    Config,
    DkimConfig,
    KeysConfig,
    ProxyConfig,
    RelayConfig,
    SenderConfig,
    StoreConfig,
    TrackerConfig,
    TrackingConfig,
    WellKnownConfig,
)
from config.telemetry.observe import CLIPPED_MESSAGES, LINKS, PLANNED_MESSAGES
from proxy.message.editing import parse
from proxy.message.work_budget import BudgetExceeded, limit
from proxy.policy import Untouched
from proxy.rewrite.planned import Plan
from proxy.rewrite.submission import Counts
from proxy.rewrite.transformer import SigningRefused, Submission, Transformer
from proxy.signing.signer import Signer, SigningError
from tests.support.checks.growth import is_linear
from tests.support.mail import HEAD, html_message, link
from tracker.decisions import files
from tracker.decisions.consents import Consent
from tracker.tokens import PATH, PIXEL_NUMBER, Keyring, read

URL = "https://example.com/a?x=1&uid=7"
HTML = link(URL.replace("&", "&amp;")) + link("https://example.com/b", 'class="untracked"')
NOW_S = 1_795_000_000.5
KEYRING = Keyring([new_token_key()])
PEM = new_dkim_key()
SIGNER = Signer("example.com", "s1", PEM)
ONE = Submission(b"bounce@example.com", (b"reader@example.org",), trusted=True)
TWO = dataclasses.replace(ONE, rcpt_to=(b"a@example.org", b"b@example.org"))
OWN = "X-Track-Campaign: launch"


@pytest.fixture(autouse=True)
def logged():
    """Give the lines that a test logs."""
    with structlog.testing.capture_logs() as lines:
        yield lines


def transformer(*, signs: bool = True, relay: RelayConfig | None = None, proxy=None, **sender):
    """Give one for example.com."""
    config = Config(
        sender=(SenderConfig(domain="example.com", **sender),),
        relay=relay or RelayConfig(),
        proxy=proxy or ProxyConfig(),
        tracking=TrackingConfig(base_url="https://t.example.net"),
    )
    return Transformer(config, KEYRING, {"example.com": [SIGNER] if signs else []})


def outgoing(message: bytes, submission: Submission = ONE, **settings):
    """Give the one copy."""
    return transformer(**settings).prepare(message, submission, NOW_S).shared()


def tokens(content: bytes):
    """Read back the links of a message."""
    found = content.split(b"https://t.example.net" + PATH.encode())[1:]
    return [read(KEYRING, each.split(b'"')[0].decode()) for each in found]


def verifies(content: bytes) -> bool:
    """Whether dkimpy finds the first signature good."""
    record = b"v=DKIM1; k=rsa; p=" + _public()
    return dkim.verify(content, dnsfunc=lambda *_, **__: record)


def _public() -> bytes:
    return base64.b64encode(SIGNER.public_key)


# --- one message


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
    assert [(each.number, each.address, each.person) for each in out.pending.recipients] == [
        (1, "reader@example.org", None)
    ]
    (sent,) = out.pending.links
    plain = "https://example.com/a?x=1"
    assert (sent.number, sent.url, sent.group, sent.ignored) == (1, plain, None, ("uid",))


def opening(*, copies="shared") -> Transformer:
    """Give one that adds pixels."""
    config = Config(
        proxy=ProxyConfig(copies=copies),
        tracking=TrackingConfig(base_url="https://t.example.net", opens=True),
    )
    return Transformer(config, KEYRING, {})


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


def test_without_opens_nothing_tells_of_them():
    """The switch is off by default."""
    assert not outgoing(html_message(HTML, "X-Track-Opens: on")).pending.opens


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


def consenting(tmp_path, **levels: str) -> Transformer:
    """Give one that knows what readers agreed to."""
    config = Config(
        store=StoreConfig(url=f"sqlite:///{tmp_path}/waypost.db"),
        tracking=TrackingConfig(base_url="https://t.example.net"),
        proxy=ProxyConfig(copies="per-recipient"),
    )
    for name, level in levels.items():
        person = name if name.isdigit() else f"{name}@Example.org"
        files.record(config.store.path, person, Consent(level))
    return Transformer(config, KEYRING, {})


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


def test_a_consent_is_in_force_with_the_next_message(tmp_path):
    """Nothing needs to be restarted."""
    at_work = consenting(tmp_path)
    assert at_work.prepare(html_message(HTML), ONE, NOW_S).shared().untouched is None
    files.record(tmp_path / "waypost.db", "reader@example.org", Consent.NONE)
    out = at_work.prepare(html_message(HTML), ONE, NOW_S).shared()
    assert out.untouched == Untouched.CONSENT_NONE


def test_where_nobody_knows_who_opted_out_mail_goes_as_it_came(tmp_path):
    """Neither held up nor tracked, until the list can be read."""
    (tmp_path / "waypost.db.consents").mkdir()
    at_work = consenting(tmp_path)
    out = at_work.prepare(html_message(HTML), ONE, NOW_S).shared()
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.PLAN_FAILED)
    (tmp_path / "waypost.db.consents").rmdir()
    assert at_work.prepare(html_message(HTML), ONE, NOW_S).shared().untouched is None


def test_two_messages_have_two_ids():
    """Identical octets sent twice are two messages."""
    message = html_message(HTML)
    assert outgoing(message).pending.message_id != outgoing(message).pending.message_id


# --- whose mail


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


# --- signatures


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


class BrokenSigner(Signer):
    """A key that has gone."""

    def signature(self, message: bytes, now_s: int | None = None) -> bytes:
        """Fail."""
        raise SigningError("no")


@pytest.mark.parametrize("broken", [True, False])
def test_a_signing_error_sends_the_original_or_nothing(broken, monkeypatch):
    """As `sign` says; our headers are gone either way."""
    monkeypatch.setattr(Signer, "signature", BrokenSigner.signature)
    message = html_message(HTML, OWN)
    out = outgoing(message)
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.SIGNING_FAILED)
    assert out.pending is None
    with pytest.raises(SigningRefused):
        outgoing(message if broken else html_message("text"), sign="always")


# --- faults and limits


def test_a_fault_in_rendering_sends_the_original(monkeypatch):
    """Less our own headers, which are no part of the trouble."""
    monkeypatch.setattr(Plan, "changes", lambda *_: 1 / 0)
    out = outgoing(html_message(HTML, OWN))
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.REWRITE_FAILED)


def test_a_fault_in_planning_sends_the_original(monkeypatch, logged):
    """The reason says that it is ours, the log what it was."""
    monkeypatch.setattr("proxy.rewrite.senders.plan_message", lambda *_: 1 / 0)
    out = outgoing(html_message(HTML, OWN))
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.PLAN_FAILED)
    (line,) = logged
    assert (line["event"], line["reason"]) == ("message_untouched", "plan_failed")
    assert isinstance(line["exc_info"], ZeroDivisionError)


@pytest.mark.parametrize(
    "where", ["proxy.rewrite.transformer.parse", "proxy.rewrite.render.header_edits"]
)
def test_any_other_fault_sends_the_original(where, monkeypatch):
    """But never unsigned what must be signed."""
    monkeypatch.setattr(where, lambda *_, **__: 1 / 0)
    message = html_message(HTML, OWN)
    assert outgoing(message).content == message
    if where == "proxy.rewrite.transformer.parse":
        with pytest.raises(SigningRefused):
            outgoing(message, sign="always")
    else:
        assert verifies(outgoing(message, sign="always").content)


def test_a_message_too_large_for_the_relay_goes_out_as_it_came():
    """Growth is ours, so the refusal would be our fault."""
    message = html_message(HTML, OWN)
    submission = dataclasses.replace(ONE, relay_size_octets=len(message))
    out = outgoing(message, submission)
    assert (out.content, out.untouched) == (html_message(HTML), Untouched.TOO_LARGE)
    assert outgoing(message, dataclasses.replace(ONE, relay_size_octets=0)).untouched is None


def test_8bit_for_a_7bit_relay_is_not_signed_into_breakage():
    """Only where we sign."""
    message = html_message(link(URL, text="é"))
    seven = dataclasses.replace(ONE, relay_8bitmime=False)
    assert outgoing(message, seven).untouched == Untouched.RELAY_WOULD_ALTER
    assert outgoing(message, seven, signs=False).untouched is None


# --- the service behind the relay

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


# --- what operators see


def test_an_odd_header_is_logged_by_name(logged):
    """The message is left alone, and its author can be told."""
    outgoing(html_message(HTML, "X-Track-Links: perhaps"))
    assert {"header_odd", "message_left"} == {line["event"] for line in logged}
    assert logged[0]["header"] == "x-track-links"


@pytest.mark.parametrize(
    ("octets", "clipped"), [(101_950, True), (50_000, False), (103_000, False)]
)
def test_clipping_by_our_doing_is_logged_and_counted(octets, clipped, logged):
    """Not what was too long before, nor what stays below."""
    filled = HTML + "x\r\n" * ((octets - len(HTML)) // 3)
    out = outgoing(html_message(filled, encoding="base64"), signs=False)
    assert any(line["event"] == "message_clipped" for line in logged) is clipped
    assert out.counts.clipped == clipped


def test_decisions_are_counted_by_reason():
    """Metrics tell what became of links and messages, in whichever process they are kept."""
    counts = outgoing(html_message(HTML)).counts
    assert counts.outcome == "changed"
    assert counts.links == {"tracked": 1, "untracked_class": 1}


def test_what_was_counted_is_added_to_the_metrics():
    """Each decision under its name."""
    metrics = (PLANNED_MESSAGES.labels("changed"), LINKS.labels("tracked"), CLIPPED_MESSAGES)
    before = [metric._value.get() for metric in metrics]
    Counts("changed", {"tracked": 3}, clipped=1).add()
    assert [metric._value.get() for metric in metrics] == [
        before[0] + 1,
        before[1] + 3,
        before[2] + 1,
    ]


# --- from the configuration


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
    out = Transformer.from_config(config).prepare(html_message(HTML), ONE, NOW_S).shared()
    assert verifies(out.content)


def test_without_token_keys_there_is_no_start():
    """A clear error, before any mail is taken."""
    with pytest.raises(ValueError, match=r"\[keys\] file"):
        Transformer.from_config(Config())
