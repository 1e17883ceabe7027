"""What events mean together: merging them, and what each message and click adds to the sums.

Owns: the rules of counting, free of SQL. Merging gives the same state in whatever order events
come, so sums that are kept as differences of what messages and clicks add do too.
Does not own: where state and sums are kept (`batch`, `sums`).

The rules:
- A message counts once it was accepted by the relay or clicked; so does a recipient. What was refused
  does not, and of the rest nobody knows.
- A click of a personal link is its recipient's, once the message is known; one of a shared link is
  nobody's.
- While its message is not known, a click counts without campaign, under the URL it led to, less
  what varies and what the configuration adds (`tracker.urls.naming`).
- A message that was purged counts no more; clicks on it count under the campaign `(purged)`, and
  there under one link of that name. One from before the horizon of the purge, or one that was purged
  itself, has counted before.
- A copy whose recipient was erased counts as before; clicks on its links are nobody's.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from tracker.store.reserved import ERASED_ADDRESS, NO_CAMPAIGN, PURGED, day_of
from tracker.tokens import SHARED


class Scope(NamedTuple):
    """What a sum is over; 0 is all days, all campaigns, all links."""

    day: int
    campaign_id: int
    link_id: int


@dataclass(slots=True)
class MessageSum:
    """How many messages, and recipients of them, in one scope."""

    messages: int = 0
    recipients: int = 0
    personal: int = 0


@dataclass(slots=True)
class ClickSum:
    """How many clicks, in one scope."""

    human: int = 0
    total: int = 0


@dataclass(slots=True)
class Delivery:
    """What is known of one recipient of one message."""

    person_id: int | None = None
    address: str | None = None
    accepted: bool = False
    clicked: bool = False
    refused: bool = False

    @property
    def erased(self) -> bool:
        """Return whether its recipient is forgotten."""
        return self.address == ERASED_ADDRESS

    @property
    def got_it(self) -> bool:
        """Return whether it was delivered, as far as we know."""
        return self.accepted or self.clicked


@dataclass(slots=True)
class Message:
    """What is known of one message. Its links are None until its own event has come."""

    id: int
    message_id: str
    sent_at_s: float
    sender_domain: str | None = None
    campaign_id: int = NO_CAMPAIGN
    link_set_id: int | None = None
    shared: bool = False
    deliveries: dict[int, Delivery] = field(default_factory=dict)

    def delivery(self, number: int) -> Delivery:
        """Return the delivery of this number, made where it is new."""
        return self.deliveries.setdefault(number, Delivery())

    def has_erased(self, number: int) -> bool:
        """Return whether the recipient of this number is forgotten."""
        known = self.deliveries.get(number)
        return known is not None and known.erased

    def seen(self, at_s: float) -> None:
        """Date a message by its earliest event, as long as its own event has not come."""
        if self.link_set_id is None:
            self.sent_at_s = min(self.sent_at_s, at_s)

    def describe(self, at_s: float, sender_domain: str, campaign_id: int, *, shared: bool) -> None:
        """Merge what the message's own event says; several copies have one each."""
        if self.link_set_id is not None:
            self.sent_at_s = min(self.sent_at_s, at_s)
            return
        self.sent_at_s = at_s
        self.sender_domain = sender_domain
        self.shared = shared
        self.campaign_id = campaign_id

    @property
    def counted(self) -> bool:
        """Return whether anyone got this message, as far as we know."""
        return any(each.got_it for each in self.deliveries.values())

    @property
    def unknown(self) -> bool:
        """Return whether nothing says what became of it: nobody is known to have got it, or not."""
        refused = [each.refused for each in self.deliveries.values()]
        return not self.counted and not (refused and all(refused))

    @property
    def clicked(self) -> bool:
        """Return whether any link of it was clicked."""
        return any(each.clicked for each in self.deliveries.values())

    @property
    def recipients(self) -> int:
        """How many recipients count. Whatever is true of a shared copy is true of them all."""
        copy = self.deliveries.get(SHARED)
        everyone = copy is not None and copy.got_it
        return sum(
            number != SHARED and (everyone or each.got_it)
            for number, each in self.deliveries.items()
        )

    @property
    def personal(self) -> int:
        """How many of the recipients got a copy of their own."""
        return 0 if self.shared or self.link_set_id is None else self.recipients


@dataclass(slots=True)
class Click:
    """A click, and the campaign, link and person that it counts for.

    `full_destination` is that of a click on a link of somebody who was forgotten: only a part of
    it, `destination`, is written down.
    """

    id: int
    at_s: float
    recipient: int
    number: int
    destination: str
    human: bool
    campaign_id: int = NO_CAMPAIGN
    link_id: int = 0
    person_id: int | None = None
    full_destination: str | None = None

    def attribute(self, message: Message, link_id: int) -> None:
        """Count the click for the campaign and person of its message, and for this link."""
        delivery = message.deliveries.get(self.recipient)
        self.campaign_id = message.campaign_id
        self.link_id = link_id
        self.person_id = None if message.shared or delivery is None else delivery.person_id

    def scopes(self) -> tuple[Scope, ...]:
        """Return the scopes that the click is in."""
        return _scopes_of_clicks(day_of(self.at_s), self.campaign_id, self.link_id)


@lru_cache(maxsize=4096)
def _scopes_of_clicks(day: int, campaign_id: int, link_id: int) -> tuple[Scope, ...]:
    """Return the scopes of clicks on one link on one day, of which there are many."""
    return (
        Scope(0, 0, 0),
        Scope(0, campaign_id, 0),
        Scope(0, campaign_id, link_id),
        Scope(day, 0, 0),
        Scope(day, campaign_id, 0),
    )


@dataclass(frozen=True, slots=True)
class MessageTotals:
    """What one message adds: where, and how much."""

    campaign_id: int
    day: int
    recipients: int
    personal: int

    @classmethod
    def of(cls, message: Message) -> "MessageTotals | None":
        """Return what `message` adds to the sums now; None for nothing."""
        if not message.counted or message.campaign_id == PURGED:
            return None
        return cls(
            message.campaign_id,
            day_of(message.sent_at_s),
            message.recipients,
            message.personal,
        )

    def scopes(self) -> tuple[Scope, ...]:
        """Return the scopes that the message is in."""
        return (
            Scope(0, 0, 0),
            Scope(0, self.campaign_id, 0),
            Scope(self.day, 0, 0),
            Scope(self.day, self.campaign_id, 0),
        )


@dataclass(slots=True)
class Sums:
    """Changes of sums, collected over many events, to be applied at once.

    `clickers` are by scope and person.
    """

    messages: defaultdict[Scope, MessageSum] = field(
        default_factory=partial(defaultdict, MessageSum)
    )
    clicks: defaultdict[Scope, ClickSum] = field(default_factory=partial(defaultdict, ClickSum))
    clickers: defaultdict[tuple[Scope, int], ClickSum] = field(
        default_factory=partial(defaultdict, ClickSum)
    )

    def add_message(self, totals: MessageTotals | None, sign: int) -> None:
        """Add (1) or withdraw (-1) what a message contributes."""
        if totals is None:
            return
        for scope in totals.scopes():
            changed = self.messages[scope]
            changed.messages += sign
            changed.recipients += sign * totals.recipients
            changed.personal += sign * totals.personal

    def add_click(self, click: Click, sign: int) -> None:
        """Add (1) or withdraw (-1) a click."""
        human = sign if click.human else 0
        for scope in click.scopes():
            changed = self.clicks[scope]
            changed.human += human
            changed.total += sign
            if click.person_id is not None:
                clicker = self.clickers[scope, click.person_id]
                clicker.human += human
                clicker.total += sign
