"""What is told of a message beside the figures."""

from ipaddress import ip_address

import pytest

from proxy.delivery.details import details
from proxy.delivery.outcomes import Handover
from proxy.policy.accounts import Submitter
from proxy.policy.reasons import Untouched
from proxy.rewrite.submission import Outgoing
from proxy.smtp.replies import Reply
from tests.support.checks.facts import pending
from tests.support.delivering import transaction
from tracker.events import Outcome, Recipient

HANDOVER = Handover(
    transaction(b"<a@example.net>", b"<b@example.net>"),
    Submitter(ip_address("192.0.2.7"), logged_in=True, account="shop"),
    "relay.example.com:25",
    "full",
)
CONTENT = b"Subject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nbody"
REPLY = Reply(250, (b"2.0.0 Ok: queued as 4Fk2",))


def test_a_message_left_untouched_is_told_with_its_recipients() -> None:
    """Nothing else tells of them."""
    outgoing = Outgoing(CONTENT, None, Untouched.UNTRUSTED)
    told = details("delivered", REPLY, outgoing, HANDOVER, None, 5.9)
    assert told.message_id == HANDOVER.transaction.message_id.hex()
    assert (told.sent_s, told.number) == (5, 1)
    assert told.recipients == (Recipient(1, "a@example.net"), Recipient(2, "b@example.net"))
    assert (told.subject, told.header_message_id) == ("Hello", "<1@example.com>")
    assert (told.client, told.account, told.relay) == ("192.0.2.7", "shop", "relay.example.com:25")
    assert (told.untouched, told.queue_id) == (Untouched.UNTRUSTED, "4Fk2")


def test_a_tracked_message_is_told_as_its_links_know_it() -> None:
    """By its id, its second, and the number of its first recipient."""
    event = pending("00000000000000aa", recipients=(Recipient(3, "b@example.net"),), sent_s=4)
    told = details("delivered", REPLY, Outgoing(CONTENT, event), HANDOVER, (b"b@example.net",), 9.0)
    assert (told.message_id, told.sent_s, told.number) == ("00000000000000aa", 4, 3)
    assert told.recipients == ()


@pytest.mark.parametrize("outcome", ["refused", "in_doubt"])
def test_what_was_not_delivered_has_no_queue_id(outcome: Outcome) -> None:
    """Whatever stands in the reply."""
    told = details(outcome, REPLY, Outgoing(CONTENT, None), HANDOVER, None, 1.0)
    assert (told.outcome, told.queue_id) == (outcome, None)
