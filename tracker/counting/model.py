"""What events mean together: merging them, and what each message and click adds to the sums.

Owns: the rules of counting, free of SQL. Merging gives the same state in whatever order events
come, so sums that are kept as differences of what messages and clicks add do too.
Does not own: where state and sums are kept (`batch`, `sums`).

The rules:
- A message counts once it was accepted by the relay or clicked; so does a delivery, which is a copy
  for one recipient. What was refused does not, and of the rest nobody knows.
- A delivery is clicked where a click on it is a human's, also where its recipient was erased. The
  click rate is the share of deliveries that are: at most 1.
- A copy that several recipients share is no delivery: messages, recipients and clicks of such copies
  are counted apart, within the messages and clicks.
- A click of a personal link is its recipient's, once the message is known; one of a shared link is
  nobody's.
- Whoever has human clicks, all of them doubtful, is a doubtful clicker.
- While its message is not known, a click counts without campaign, under the URL it led to, less
  what varies and what the configuration adds (`tracker.urls.naming`).
- A message that was purged counts no more; clicks on it count under the campaign `(purged)`, and
  there under one link of that name. One from before the horizon of the purge, or one that was purged
  itself, has counted before.
- A copy whose recipient was erased counts as before; clicks on its links are nobody's.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from config.value_objects import value
from tracker.events import Clicked, Event, Opened
from tracker.judging.click import Click as Made
from tracker.judging.click import network_of
from tracker.judging.judge import Verdict
from tracker.privacy.agents import Agents
from tracker.store.keys import MessageKey, moment_s
from tracker.store.reserved import (
    ERASED_ADDRESS,
    HOURS_A_DAY,
    NO_CAMPAIGN,
    PURGED,
    Kind,
    day_of,
    hour_of,
)
from tracker.tokens import SHARED

_, _MACHINE, _DOUBTFUL, _CERTAIN = Kind  # looked up once: it is slow, and done for each click
_IN_FULL = Agents()
NOT_JUDGED = Verdict(human=True, doubtful=False, score=0, reasons=())
"""What a click is taken for as long as nobody has looked at it."""


class Scope(NamedTuple):
    """What a sum is over; 0 is all days, all campaigns, all links."""

    day: int
    campaign_id: int
    link_id: int


ScopeKey = tuple[int, int, int]
"""A scope, or what is the same."""


class Clicker(NamedTuple):
    """A person who clicked a link of a campaign, in messages that were sent on one day."""

    sent_day: int
    campaign_id: int
    link_id: int
    person_id: int


@dataclass(slots=True)
class MessageSum:
    """How many messages and deliveries in one scope; how many of shared copies, and to how many."""

    messages: int = 0
    deliveries: int = 0
    clicked: int = 0
    shared_messages: int = 0
    shared_recipients: int = 0

    def add(self, other: "MessageSum", sign: int) -> None:
        """Add (1) or withdraw (-1) a sum."""
        self.messages += sign * other.messages
        self.deliveries += sign * other.deliveries
        self.clicked += sign * other.clicked
        self.shared_messages += sign * other.shared_messages
        self.shared_recipients += sign * other.shared_recipients


@dataclass(slots=True)
class ClickSum:
    """How many clicks in one scope; `human` includes `doubtful`, `total` those of machines."""

    human: int = 0
    doubtful: int = 0
    total: int = 0
    shared: int = 0

    def add(self, click: "Click", sign: int) -> None:
        """Add (1) or withdraw (-1) a click."""
        self.total += sign
        if click.verdict.human:
            self.human += sign
            if click.verdict.doubtful:
                self.doubtful += sign
        if click.recipient == SHARED:
            self.shared += sign

    def add_sum(self, other: "ClickSum") -> None:
        """Add another sum."""
        self.human += other.human
        self.doubtful += other.doubtful
        self.total += other.total
        self.shared += other.shared


@dataclass(slots=True)
class Delivery:
    """What is known of one recipient of one message, and how many clicks there were on the copy."""

    person_id: int | None = None
    address: str | None = None
    accepted: bool = False
    refused: bool = False
    clicks: int = 0
    clicks_human: int = 0
    clicks_doubtful: int = 0

    @property
    def erased(self) -> bool:
        """Return whether its recipient is forgotten."""
        return self.address == ERASED_ADDRESS

    def judged(self, verdict: Verdict, sign: int) -> None:
        """Add (1) or withdraw (-1) what a click on it was judged to be."""
        if verdict.human:
            self.clicks_human += sign
            self.clicks_doubtful += sign * verdict.doubtful

    @property
    def got_it(self) -> bool:
        """Return whether it was delivered, as far as we know."""
        return self.accepted or self.clicks > 0


@dataclass(slots=True)
class Message:
    """What is known of one message. Its set of links is None until its own event has come.

    `links` is how many it has; None where a store of an earlier version did not keep that.
    `domain_id` is the sender's.
    """

    key: MessageKey
    domain_id: int | None = None
    campaign_id: int = NO_CAMPAIGN
    link_set_id: int | None = None
    links: int | None = None
    shared: bool = False
    deliveries: dict[int, Delivery] = field(default_factory=dict)

    def delivery(self, number: int) -> Delivery:
        """Return the delivery of this number, made where it is new."""
        known = self.deliveries.get(number)
        if known is None:
            known = self.deliveries[number] = Delivery()
        return known

    def has_erased(self, number: int) -> bool:
        """Return whether the recipient of this number is forgotten."""
        known = self.deliveries.get(number)
        return known is not None and known.erased

    def describe(self, domain_id: int, campaign_id: int, *, shared: bool) -> None:
        """Merge what the message's own event says; several copies have one each, all the same."""
        if self.link_set_id is None:
            self.domain_id = domain_id
            self.shared = shared
            self.campaign_id = campaign_id

    def as_it_is(self) -> "Message":
        """Return a copy that does not change with it."""
        deliveries = {number: replace(each) for number, each in self.deliveries.items()}
        return replace(self, deliveries=deliveries)

    def attribution(self, recipient: int, link_id: int) -> "Attribution":
        """Return what a click on a copy of it counts for."""
        delivery = self.deliveries.get(recipient)
        person = None if self.shared or delivery is None else delivery.person_id
        return Attribution(self.campaign_id, link_id, person, day_of(self.key.sent_s))

    @property
    def is_described(self) -> bool:
        """Return whether its own event has come."""
        return self.link_set_id is not None

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
        return any(each.clicks for each in self.deliveries.values())

    def count(self) -> MessageSum:
        """Return what the message counts for; whatever is true of a shared copy is true of all."""
        if self.shared:
            return MessageSum(1, shared_messages=1, shared_recipients=self._got_it())
        own = [
            each
            for number, each in self.deliveries.items()
            # While its own event has not come, only clicks tell that a copy is of one recipient.
            if number != SHARED
            and (each.clicks or (each.accepted and self.link_set_id is not None))
        ]
        return MessageSum(1, len(own), sum(each.clicks_human > 0 for each in own))

    def _got_it(self) -> int:
        copy = self.deliveries.get(SHARED)
        everyone = copy is not None and copy.got_it
        return sum(
            number != SHARED and (everyone or each.got_it)
            for number, each in self.deliveries.items()
        )


class Attribution(NamedTuple):
    """The campaign, link and person that a click counts for, and the day its message was sent."""

    campaign_id: int = NO_CAMPAIGN
    link_id: int = 0
    person_id: int | None = None
    sent_day: int = 0


NOT_ATTRIBUTED = Attribution()


@dataclass(slots=True)
class Click:
    """A click as it was made, what it was judged to be, and what it counts for.

    `full_destination` is that of a click on a link of somebody who was forgotten: only a part of it,
    `destination`, is written down. `id` are the octets of its event's id.
    """

    id: bytes
    recipient: int
    destination: str
    made: Made
    verdict: Verdict = NOT_JUDGED
    counted: Attribution = NOT_ATTRIBUTED
    full_destination: str | None = None

    def attribute(self, message: Message, link_id: int) -> None:
        """Count the click for the campaign and person of its message, and for this link."""
        self.counted = message.attribution(self.recipient, link_id)

    @property
    def kind(self) -> Kind:
        """What it was judged to be."""
        if not self.verdict.human:
            return _MACHINE
        return _DOUBTFUL if self.verdict.doubtful else _CERTAIN

    @property
    def state(self) -> tuple[Attribution, Verdict]:
        """What of it may change."""
        return self.counted, self.verdict


@value
class MessageTotals:
    """What one message adds: where, and how much."""

    campaign_id: int
    day: int
    sum: MessageSum

    @classmethod
    def of(cls, message: Message) -> "MessageTotals | None":
        """Return what `message` adds to the sums now; None for nothing."""
        if not message.counted or message.campaign_id == PURGED:
            return None
        return cls(message.campaign_id, day_of(message.key.sent_s), message.count())

    def scopes(self) -> tuple[Scope, ...]:
        """Return the scopes that the message is in."""
        return (
            Scope(0, 0, 0),
            Scope(0, self.campaign_id, 0),
            Scope(self.day, 0, 0),
            Scope(self.day, self.campaign_id, 0),
        )


@dataclass(slots=True)
class ClickSums:
    """Changes of all sums of clicks.

    `made` go by the day on which a click was made (0: all days), `sent` by that on which its message
    was, `hours` are by hour and campaign.
    """

    made: defaultdict[ScopeKey, ClickSum] = field(default_factory=partial(defaultdict, ClickSum))
    sent: defaultdict[ScopeKey, ClickSum] = field(default_factory=partial(defaultdict, ClickSum))
    hours: defaultdict[tuple[int, int], ClickSum] = field(
        default_factory=partial(defaultdict, ClickSum)
    )


@dataclass(slots=True)
class Sums:
    """Changes of sums, collected over many events, to be applied at once.

    `clicks` are those of single links of campaigns, by the day on which their message was sent, `hours`
    are by hour and campaign: all other sums of clicks follow from these (`click_sums`). `clickers` have
    the best of the clicks that they made; of those who are `withdrawn` a click is gone, so that their
    rows must be asked what is left. `judged` are clicks by the day of sending and what they were judged
    to be.
    """

    messages: defaultdict[Scope, MessageSum] = field(
        default_factory=partial(defaultdict, MessageSum)
    )
    clicks: defaultdict[ScopeKey, ClickSum] = field(default_factory=partial(defaultdict, ClickSum))
    hours: defaultdict[tuple[int, int], ClickSum] = field(
        default_factory=partial(defaultdict, ClickSum)
    )
    clickers: dict[Clicker, Kind] = field(default_factory=dict)
    withdrawn: set[Clicker] = field(default_factory=set)
    judged: Counter[tuple[int, Verdict]] = field(default_factory=Counter)

    def add_message(self, totals: MessageTotals | None, sign: int) -> None:
        """Add (1) or withdraw (-1) what a message contributes."""
        if totals is None:
            return
        for scope in totals.scopes():
            self.messages[scope].add(totals.sum, sign)

    def add_click(self, click: Click, sign: int) -> None:
        """Add (1) or withdraw (-1) a click."""
        campaign_id, link_id, person_id, sent_day = click.counted
        self.clicks[sent_day, campaign_id, link_id].add(click, sign)
        self.hours[hour_of(click.made.at_s), campaign_id].add(click, sign)
        self.judged[sent_day, click.verdict] += sign
        if person_id is None:
            return
        clicker = Clicker(sent_day, campaign_id, link_id, person_id)
        if sign < 0:
            self.withdrawn.add(clicker)
        elif (kind := click.kind) > self.clickers.get(clicker, Kind.NOBODY):
            self.clickers[clicker] = kind

    def click_sums(self) -> ClickSums:
        """Return the changes of all sums of clicks."""
        found = ClickSums()
        for (day, campaign_id, link_id), changed in self.clicks.items():
            found.sent[day, campaign_id, link_id].add_sum(changed)
            found.made[0, campaign_id, link_id].add_sum(changed)
        for hour, changed in self.hours.items():
            found.hours[hour].add_sum(changed)
        _sum_up_hours(found)
        for (_, campaign_id, link_id), changed in list(found.made.items()):
            if link_id:
                found.made[0, 0, link_id].add_sum(changed)
                found.made[0, campaign_id, 0].add_sum(changed)
                found.made[0, 0, 0].add_sum(changed)
        for (day, campaign_id, _), changed in list(found.sent.items()):
            found.sent[day, campaign_id, 0].add_sum(changed)
            found.sent[day, 0, 0].add_sum(changed)
        return found


def _sum_up_hours(found: ClickSums) -> None:
    """Add hours of all campaigns, and days."""
    for (hour, campaign_id), changed in list(found.hours.items()):
        day = hour // HOURS_A_DAY
        found.hours[hour, 0].add_sum(changed)
        found.made[day, campaign_id, 0].add_sum(changed)
        found.made[day, 0, 0].add_sum(changed)


def key_of(event: Event) -> MessageKey:
    """Return the key of the message that an event is about, as the event has it."""
    match event:
        case Clicked() | Opened():
            return MessageKey.of(event.sent_at_s, event.message_id)
    return MessageKey.of(event.at_s if event.sent_s is None else event.sent_s, event.message_id)


def made(event: Clicked, event_id: bytes, agents: Agents = _IN_FULL) -> Made:
    """Return the click that an event tells of; `agents` say what agents are compared by.

    Earlier versions kept no signals, but the method; of an address they kept the network, or all of it.
    Its moment is that of its id's octets, which is what is kept of it.
    """
    signals = event.signals or (("head",) if event.method == "HEAD" else ())
    network = event.network or network_of(event.ip)
    agent = agents.compared(event.user_agent, event.at_s)
    return Made(moment_s(event_id), event.link, network, agent, signals)
