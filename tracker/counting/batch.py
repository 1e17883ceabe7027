"""Feeding events to the store: load what they touch, merge, write what changed.

Owns: the one way in which events become rows, within the caller's transaction.
Does not own: the rules of counting (`model`), which clicks are judged together (`sittings`), the
SQL of messages and clicks (`rows`), the link that a click counts for (`attribution`,
`personal_links`), the sums (`sums`), opens, which have tables of their own (`opens`), or when it
happens (`tracker.ingest.ingester`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlite_utils import Database

from tracker import persons
from tracker.counting import listed_links, moved_clicks, opens, rows, sittings, sums
from tracker.counting.attribution import attribute
from tracker.counting.model import Click, Delivery, Message, MessageTotals, Sums, made
from tracker.counting.personal_links import Slots, Told
from tracker.counting.sittings import Pair, Span
from tracker.events import (
    Clicked,
    Event,
    MessageAccepted,
    MessagePending,
    MessageRefused,
    erased,
    purged,
)
from tracker.judging.rules import Settings
from tracker.store import named_rows, queries
from tracker.store.named_rows import number_of_links
from tracker.store.reserved import ERASED_ADDRESS, NO_CAMPAIGN, PURGED
from tracker.store.retention import purged_before_s
from tracker.urls.naming import Naming
from tracker.urls.slots import Placed, placed

_DEFAULT = Naming()
_JUDGED_AS_BUILT_IN = Settings()


def feed(
    db: Database,
    events: Sequence[Event],
    naming: Naming = _DEFAULT,
    settings: Settings = _JUDGED_AS_BUILT_IN,
) -> frozenset[str]:
    """Merge `events` into the store, in whatever order they come, repeated ones once.

    `naming` says what links are called whose message is not known, `settings` how clicks are judged.
    Return the ids of clicks on links of somebody who was forgotten.
    """
    batch = Batch(db, [event for event in events if not opens.alone(event)], naming, settings)
    batch.run()
    moved_clicks.move(db, naming)
    opens.feed(db, events, purged_before_s(db))
    return frozenset(batch.full_destinations)


def _persons(pending: Sequence[MessagePending], known: Mapping[str, Message]) -> set[str]:
    """Return the names of those who get mail, but for the forgotten."""
    return {
        persons.person_name(to.address, to.person)
        for each in pending
        for to in each.recipients
        if to.address != ERASED_ADDRESS
        and not (each.message_id in known and known[each.message_id].has_erased(to.number))
    }


def _has_links(message_id: str, known: Mapping[str, Message]) -> bool:
    return message_id in known and known[message_id].link_set_id is not None


def _is_old(click: Clicked, horizon_s: float) -> bool:
    """Return whether a click is on a message of before the horizon; a token tells whole seconds."""
    return click.sent_at_s + 1 <= horizon_s


@dataclass
class _Names:
    """Rows of what the messages of a batch call by name; sets of links by message, of new ones.

    `placed` are the links of each message that nobody named.
    """

    campaigns: dict[str, int]
    persons: dict[str, int]
    link_sets: dict[str, int]
    placed: dict[str, list[Placed]]

    @classmethod
    def of(
        cls, db: Database, pending: Sequence[MessagePending], known: Mapping[str, Message]
    ) -> "_Names":
        new = [each for each in pending if not _has_links(each.message_id, known)]
        links = {each.message_id: placed(each.links) for each in pending}
        hashes = {
            each.message_id: named_rows.set_hash(each.links, links[each.message_id]) for each in new
        }
        sets = named_rows.link_set_ids(db, {hashes[each.message_id]: each.links for each in new})
        return cls(
            named_rows.ids(db, "campaigns", {each.campaign for each in pending if each.campaign}),
            named_rows.ids(db, "persons", _persons(pending, known)),
            {message_id: sets[value] for message_id, value in hashes.items()},
            links,
        )

    def campaign(self, name: str | None) -> int:
        return self.campaigns[name] if name else NO_CAMPAIGN


@dataclass
class Batch:
    """One transaction's worth of events, and all rows that they touch.

    `totals_before` is what messages added to the sums until now; `described` are those whose own
    event is in the batch, and `clicked_before` those that had clicks before it (all by row);
    `changed` are deliveries, by the row of their message and their number. `full_destinations` are
    those of clicks on links of the forgotten, by event: they are not written down.
    """

    db: Database
    events: Sequence[Event]
    naming: Naming
    settings: Settings
    sums: Sums = field(default_factory=Sums)
    messages: dict[str, Message] = field(default_factory=dict)
    totals_before: dict[str, MessageTotals | None] = field(default_factory=dict)
    clicked_before: set[int] = field(default_factory=set)
    described: dict[int, Message] = field(default_factory=dict)
    changed: dict[tuple[int, int], Delivery] = field(default_factory=dict)
    clicks: list[Clicked] = field(default_factory=list)
    full_destinations: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    next_message: int = 0

    def __post_init__(self) -> None:
        """Know nothing of the slots yet that its messages tell of."""
        self.slots = Slots(self.db)

    def run(self) -> None:
        """Do it all."""
        self._load()
        self._merge()
        self.slots.see(self.told)
        listed_links.record(self.db, [listed_links.of(told, self.slots) for told in self.told])
        self._settle_clicks()
        rows.write_messages(self.db, self.messages.values())
        rows.write_deliveries(self.db, self.changed)
        self._count_messages()
        sums.apply(self.db, self.sums)

    def _load(self) -> None:
        """Find what the store knows of the messages in the batch."""
        self.messages = rows.read_messages(self.db, {each.message_id for each in self.events})
        self.clicked_before = {each.id for each in self.messages.values() if each.clicked}
        self.totals_before = {key: MessageTotals.of(each) for key, each in self.messages.items()}
        self.next_message = queries.next_id(self.db, "messages")

    def _merge(self) -> None:
        """Merge every event into the message that it is about."""
        horizon_s = purged_before_s(self.db)
        pending = [
            event
            for event in self.events
            if isinstance(event, MessagePending) and event.at_s >= horizon_s
        ]
        names = _Names.of(self.db, pending, self.messages)
        for event in self.events:
            match event:
                case MessagePending() if event.at_s >= horizon_s:
                    self._merge_pending(event, names)
                case MessageAccepted() if event.at_s >= horizon_s:
                    self._merge_accepted(event)
                case MessageRefused() if event.at_s >= horizon_s:
                    self._merge_refused(event)
        for click in self._new_clicks(horizon_s):
            self._merge_click(click, is_old=_is_old(click, horizon_s))

    def _new_clicks(self, horizon_s: float) -> list[Clicked]:
        """Return the clicks that never counted, each once.

        Of clicks on purged messages, those of before the horizon may all have counted: a purge
        remembers only later ones.
        """
        found = {event.event_id: event for event in self.events if isinstance(event, Clicked)}
        old = {key for key, event in found.items() if _is_old(event, horizon_s)}
        counted = rows.known_events(self.db, found) | rows.purged_events(self.db, old)
        counted |= {key for key in old if found[key].at_s < horizon_s}
        return [event for key, event in found.items() if key not in counted]

    def _message(self, message_id: str, at_s: float) -> Message:
        message = self.messages.get(message_id)
        if message is None:
            message = Message(self.next_message, message_id, at_s)
            self.next_message += 1
            self.messages[message_id] = message
            self.totals_before[message_id] = None
        message.seen(at_s)
        return message

    def _delivery(self, message: Message, number: int) -> Delivery:
        """Return a delivery that is about to change."""
        delivery = self.changed[message.id, number] = message.delivery(number)
        return delivery

    def _merge_pending(self, event: MessagePending, names: _Names) -> None:
        message = self._message(event.message_id, event.at_s)
        message.describe(
            event.at_s, event.sender_domain, names.campaign(event.campaign), shared=event.shared
        )
        if message.link_set_id is None:
            message.link_set_id = names.link_sets[event.message_id]
            message.links = number_of_links(event.links)
        theirs: set[int] = set()
        for recipient in event.recipients:
            delivery = self._delivery(message, recipient.number)
            if delivery.erased or recipient.address == ERASED_ADDRESS:
                delivery.address = ERASED_ADDRESS
                continue
            name = persons.person_name(recipient.address, recipient.person)
            address = persons.normal_address(recipient.address)
            delivery.person_id = names.persons[name]
            delivery.address = None if name == address else address
            theirs.add(delivery.person_id)
        self.described[message.id] = message
        links = names.placed[event.message_id]
        self.told.append(Told(message, frozenset(theirs), event.links, links))

    def _merge_accepted(self, event: MessageAccepted) -> None:
        message = self._message(event.message_id, event.at_s)
        for number in event.recipients:
            self._delivery(message, number).accepted = True

    def _merge_refused(self, event: MessageRefused) -> None:
        message = self._message(event.message_id, event.at_s)
        for number in event.recipients:
            self._delivery(message, number).refused = True

    def _merge_click(self, event: Clicked, *, is_old: bool) -> None:
        new = event.message_id not in self.messages
        message = self._message(event.message_id, event.sent_at_s)
        if new and is_old:
            message.campaign_id = PURGED
        if message.campaign_id == PURGED:
            event = purged(event)
        delivery = self._delivery(message, event.recipient)
        delivery.clicks += 1
        if delivery.erased:
            self.full_destinations[event.event_id] = event.destination
            event = erased(event)
        self.clicks.append(event)

    def _settle_clicks(self) -> None:
        """Attribute and judge new clicks, and anew the known ones that they or their message change."""
        new = self._new_pairs()
        known = self._known_pairs(new)
        before = [replace(click) for _, click in known]
        moved = [pair for pair in known if pair[0].id in self.late]
        attribute(self.db, [*new, *moved], self.naming, self.slots)
        sittings.judge([*known, *new], self.settings)
        changed = sittings.changes(before, known)
        for change in changed:
            change.count(self.sums)
            self._delivery(change.message, change.after.recipient)
        rows.change_clicks(self.db, [change.after for change in changed])
        self._write_clicks(new)

    def _new_pairs(self) -> list[Pair]:
        first = queries.next_id(self.db, "clicks")
        return [
            (self.messages[event.message_id], self._click(row, event))
            for row, event in enumerate(self.clicks, first)
        ]

    def _known_pairs(self, new: Sequence[Pair]) -> list[Pair]:
        """Return the known clicks that new ones are judged with, and those that came before their message."""
        spans = {
            Span(row, number)
            for row, message in self.late.items()
            for number, delivery in message.deliveries.items()
            if delivery.clicks
        }
        elsewhere = [pair for pair in new if pair[0].id in self.clicked_before - self.late.keys()]
        spans |= sittings.spans(elsewhere)
        by_row = {message.id: message for message in self.messages.values()}
        return [(by_row[row], click) for row, click in rows.read_clicks(self.db, spans)]

    @property
    def late(self) -> dict[int, Message]:
        """The messages of this batch whose clicks came before them, by row."""
        return {row: self.described[row] for row in self.clicked_before & self.described.keys()}

    def _write_clicks(self, new: Sequence[Pair]) -> None:
        """Count new clicks, and write them down."""
        for message, click in new:
            self.sums.add_click(click, 1)
            self._delivery(message, click.recipient).clicks_human += click.verdict.human
        agents = named_rows.ids(self.db, "user_agents", {event.user_agent for event in self.clicks})
        rows.insert_clicks(
            self.db,
            [
                rows.click_row(event, message, click, agents[event.user_agent])
                for event, (message, click) in zip(self.clicks, new, strict=True)
            ],
        )

    def _click(self, row: int, event: Clicked) -> Click:
        return Click(
            row,
            event.recipient,
            event.destination,
            made(event),
            full_destination=self.full_destinations.get(event.event_id),
        )

    def _count_messages(self) -> None:
        """Add to the sums by how much the totals of messages changed."""
        for key, message in self.messages.items():
            before, after = self.totals_before[key], MessageTotals.of(message)
            if before != after:
                self.sums.add_message(before, -1)
                self.sums.add_message(after, 1)
