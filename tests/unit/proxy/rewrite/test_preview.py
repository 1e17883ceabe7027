"""What would become of one message, without sending it."""

from config.keys.token_keys import new_token_key
from config.schema import Config
from proxy.rewrite.preview import Preview
from tests.support.mail import html_message, link
from tracker.tokens import PATH, Keyring, read

URL = "https://example.com/a"
NOW_S = 1_700_000_000
KEYRING = Keyring([new_token_key()])
MESSAGE = html_message(link(URL), "X-Track-Person: 7")


def preview(content: bytes, **tables: object) -> Preview:
    """Return the preview of a message under a configuration with these tables."""
    return Preview.of(content, Config.model_validate(tables), KEYRING, NOW_S)


def test_a_preview_redirects_and_never_counts() -> None:
    """Whoever tries it leaves no click, and arrives."""
    shown = preview(MESSAGE)
    (planned,) = shown.plan.links
    token = read(KEYRING, shown.url_for(planned).partition(PATH)[2])
    assert (token.destination, token.sent_at_s, token.preview) == (URL, NOW_S, True)


def test_it_is_what_the_relay_would_get_but_unsigned() -> None:
    """Our own headers go, the links are ours, and the growth is that of the body."""
    shown = preview(MESSAGE)
    written = shown.rewritten()
    assert b"X-Track-Person" not in written
    assert shown.url_for(shown.plan.links[0]).encode() in written
    _, _, body = MESSAGE.partition(b"\r\n\r\n")
    assert len(written.partition(b"\r\n\r\n")[2]) - len(body) == shown.growth_octets()


def test_a_message_that_is_left_alone_is_shown_with_its_links() -> None:
    """The proxy does not look for them; whoever asks why nothing is tracked wants to see them."""
    shown = preview(MESSAGE, sender=[{"domain": "other.test"}])
    assert (shown.sender, shown.plan.skipped) == (None, ())
    (skipped,) = shown.plan_in_full().skipped
    assert (skipped.destination, skipped.reason) == (URL, shown.plan.untouched)
    assert shown.growth_octets() == 0
    assert b"X-Track-Person" not in shown.rewritten()


def test_the_service_behind_the_relay_is_told_not_to_track_again() -> None:
    """As for mail that is sent."""
    shown = preview(MESSAGE, relay={"host": "relay.test", "provider": "sendgrid"})
    assert b"X-SMTPAPI" in shown.rewritten()
