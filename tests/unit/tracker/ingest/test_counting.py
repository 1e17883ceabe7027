"""What events mean together, free of SQL."""

from tracker.ingest.counting import Click, Message, MessageTotals
from tracker.store.reserved import PURGED

SENT_S = 1_790_000_000.0


def message(*, shared: bool = False, recipients: int = 1) -> Message:
    """Return a message whose own event has come."""
    known = Message(1, "m", SENT_S)
    known.describe(SENT_S, "example.com", 7, shared=shared)
    known.link_set_id = 1
    for number in range(1, recipients + 1):
        known.delivery(number).person_id = 100 + number
    return known


def test_pending_message_counts_for_nothing() -> None:
    """Until the relay took it, a message is in no sum."""
    assert MessageTotals.of(message()) is None


def test_accepted_recipients_count() -> None:
    """Only those recipients whom the relay's 250 covered."""
    known = message(recipients=3)
    known.delivery(1).accepted = known.delivery(3).accepted = True
    assert (known.recipients, known.personal) == (2, 2)


def test_click_makes_a_pending_message_count() -> None:
    """Who clicked has got it."""
    known = message(recipients=2)
    known.delivery(2).clicked = True
    assert (known.counted, known.recipients) == (True, 1)


def test_click_on_a_shared_copy_counts_all_its_recipients_as_nobody() -> None:
    """They all got the same copy; none of them is personal."""
    known = message(shared=True, recipients=3)
    known.delivery(0).clicked = True
    assert (known.recipients, known.personal) == (3, 0)


def test_shared_click_is_nobodys() -> None:
    """Whatever recipient number a click on a shared message carries, it makes no person."""
    click = Click(1, SENT_S, 1, 1, "https://example.net/", human=True)
    click.attribute(message(shared=True), 5)
    assert (click.person_id, click.campaign_id, click.link_id) == (None, 7, 5)


def test_nobody_knows_of_a_message_before_all_of_it_was_refused_or_some_taken() -> None:
    """A copy each may end differently."""
    several = message(recipients=2)
    assert several.unknown
    several.delivery(1).refused = True
    assert several.unknown
    several.delivery(2).refused = True
    assert not several.unknown
    several.delivery(2).clicked = True
    assert (several.unknown, several.recipients) == (False, 1)


def test_purged_message_contributes_nothing() -> None:
    """It was counted under its own campaign before it went."""
    known = message()
    known.campaign_id = PURGED
    known.delivery(1).clicked = True
    assert MessageTotals.of(known) is None
