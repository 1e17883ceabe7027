"""Feeding events to the store: load what they touch, merge, write what changed.

Owns: the one way in which events become rows, within the caller's transaction.
Does not own: the rules of counting (`counting`), the sums (`sums`), opens, which have tables
of their own (`opens`), or when it happens (`ingester`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from tracker import persons
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, erased, purged
from tracker.ingest import listed_links, opens, sums
from tracker.ingest.counting import Click, Delivery, Message, MessageTotals, Sums
from tracker.ingest.listed_links import ListedLink
from tracker.store import named_rows
from tracker.store.reserved import ERASED_ADDRESS, NO_CAMPAIGN, PURGED, PURGED_NAME
from tracker.store.retention import purged_before_s
from tracker.urls.naming import Naming
from tracker.urls.params import without_written

_MESSAGES = """
    SELECT id, message_id, sent_at_s, sender_domain, campaign_id, link_set_id, shared
    FROM messages WHERE message_id IN (:values)
"""
_DELIVERIES = """
    SELECT message, number, person_id, address, accepted, clicked
    FROM deliveries WHERE message IN (:values)
"""
_CLICKS = """
    SELECT id, at_s, recipient, number, destination, human, campaign_id, link_id, person_id, message
    FROM clicks WHERE message IN (:values)
"""
_PUT_MESSAGE = """
    INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET sent_at_s = excluded.sent_at_s,
        sender_domain = excluded.sender_domain, campaign_id = excluded.campaign_id,
        link_set_id = excluded.link_set_id, shared = excluded.shared, counted = excluded.counted
"""
_PUT_DELIVERY = "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?)"
_PUT_CLICK = "INSERT INTO clicks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MOVE_CLICK = "UPDATE clicks SET campaign_id = ?, link_id = ?, person_id = ? WHERE id = ?"
_DEFAULT = Naming()


def feed(db: Database, events: Sequence[Event], naming: Naming = _DEFAULT) -> frozenset[str]:
    """Merge `events` into the store, in whatever order they come, repeated ones once.

    `naming` says what links are called whose message is not known. Gives the ids of clicks on links
    of somebody who was forgotten.
    """
    batch = Batch(db, [event for event in events if not opens.alone(event)], naming)
    batch.run()
    opens.feed(db, events, purged_before_s(db))
    return frozenset(batch.whole)


def _persons(pending: Sequence[MessagePending], known: Mapping[str, Message]) -> set[str]:
    """Name those who get mail, but for the forgotten."""
    return {
        persons.person_name(to)
        for each in pending
        for to in each.recipients
        if to.address != ERASED_ADDRESS
        and not (each.message_id in known and known[each.message_id].has_erased(to.number))
    }


def _has_links(message_id: str, known: Mapping[str, Message]) -> bool:
    return message_id in known and known[message_id].link_set_id is not None


@dataclass
class _Names:
    """Rows of what the messages of a batch call by name; sets of links by message, of new ones."""

    campaigns: dict[str, int]
    persons: dict[str, int]
    link_sets: dict[str, int]

    @classmethod
    def of(
        cls, db: Database, pending: Sequence[MessagePending], known: Mapping[str, Message]
    ) -> "_Names":
        new = [each for each in pending if not _has_links(each.message_id, known)]
        hashes = {each.message_id: named_rows.set_hash(each.links) for each in new}
        sets = named_rows.link_set_ids(db, {hashes[each.message_id]: each.links for each in new})
        return cls(
            named_rows.ids(db, "campaigns", {each.campaign for each in pending if each.campaign}),
            named_rows.ids(db, "persons", _persons(pending, known)),
            {message_id: sets[value] for message_id, value in hashes.items()},
        )

    def campaign(self, name: str | None) -> int:
        return self.campaigns[name] if name else NO_CAMPAIGN


@dataclass
class Batch:
    """One transaction's worth of events, and all rows that they touch."""

    db: Database
    events: Sequence[Event]
    naming: Naming
    sums: Sums = field(default_factory=Sums)
    messages: dict[str, Message] = field(default_factory=dict)
    before: dict[str, MessageTotals | None] = field(default_factory=dict)
    clicked_before: set[int] = field(default_factory=set)
    described: dict[int, Message] = field(default_factory=dict)
    changed: dict[tuple[int, int], Delivery] = field(default_factory=dict)
    clicks: list[Clicked] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)
    """Destinations of clicks on links of the forgotten, which are not written down."""
    seen: list[ListedLink] = field(default_factory=list)
    next_message: int = 0

    def run(self) -> None:
        """Do it all."""
        self._load()
        self._merge()
        listed_links.record(self.db, self.seen)
        self._write_messages()
        self._move_known_clicks()
        self._write_clicks()
        for key, message in self.messages.items():
            before, after = self.before[key], MessageTotals.of(message)
            if before != after:
                self.sums.add_message(before, -1)
                self.sums.add_message(after, 1)
        sums.apply(self.db, self.sums)

    def _load(self) -> None:
        """Find what the store knows of the messages in the batch."""
        by_row: dict[int, Message] = {}
        for row in named_rows.rows_in(
            self.db, _MESSAGES, {each.message_id for each in self.events}
        ):
            message = Message(*row)
            self.messages[message.message_id] = by_row[message.id] = message
        for row in named_rows.rows_in(self.db, _DELIVERIES, by_row):
            by_row[row[0]].deliveries[row[1]] = Delivery(row[2], row[3], bool(row[4]), bool(row[5]))
        self.clicked_before = {row for row, message in by_row.items() if message.clicked}
        self.before = {key: MessageTotals.of(message) for key, message in self.messages.items()}
        self.next_message = named_rows.next_id(self.db, "messages")

    def _merge(self) -> None:
        """Merge every event into the message that it is about."""
        horizon_s = purged_before_s(self.db)
        pending = [
            event
            for event in self.events
            if isinstance(event, MessagePending) and event.at_s >= horizon_s
        ]
        rows = _Names.of(self.db, pending, self.messages)
        for event in self.events:
            match event:
                case MessagePending() if event.at_s >= horizon_s:
                    self._merge_pending(event, rows)
                case MessageAccepted() if event.at_s >= horizon_s:
                    self._merge_accepted(event)
        for click in self._new_clicks():
            # A token tells whole seconds.
            self._merge_click(click, is_old=click.sent_at_s + 1 <= horizon_s)

    def _new_clicks(self) -> list[Clicked]:
        """Give the clicks that the store does not have, each once."""
        found = {event.event_id: event for event in self.events if isinstance(event, Clicked)}
        known = "SELECT event_id FROM clicks WHERE event_id IN (:values)"
        for (event_id,) in named_rows.rows_in(self.db, known, found):
            del found[event_id]
        return list(found.values())

    def _message(self, message_id: str, at_s: float) -> Message:
        message = self.messages.get(message_id)
        if message is None:
            message = Message(self.next_message, message_id, at_s)
            self.next_message += 1
            self.messages[message_id] = message
            self.before[message_id] = None
        message.seen(at_s)
        return message

    def _delivery(self, message: Message, number: int) -> Delivery:
        """Give a delivery that is about to change."""
        delivery = self.changed[message.id, number] = message.delivery(number)
        return delivery

    def _merge_pending(self, event: MessagePending, rows: _Names) -> None:
        message = self._message(event.message_id, event.at_s)
        message.describe(
            event.at_s, event.sender_domain, rows.campaign(event.campaign), shared=event.shared
        )
        if message.link_set_id is None:
            message.link_set_id = rows.link_sets[event.message_id]
        for recipient in event.recipients:
            delivery = self._delivery(message, recipient.number)
            if delivery.erased or recipient.address == ERASED_ADDRESS:
                delivery.address = ERASED_ADDRESS
                continue
            name, address = (
                persons.person_name(recipient),
                persons.normal_address(recipient.address),
            )
            delivery.person_id = rows.persons[name]
            delivery.address = None if name == address else address
        self.described[message.id] = message
        self.seen += listed_links.of(message, event.links)

    def _merge_accepted(self, event: MessageAccepted) -> None:
        message = self._message(event.message_id, event.at_s)
        for number in event.recipients:
            self._delivery(message, number).accepted = True

    def _merge_click(self, event: Clicked, *, is_old: bool) -> None:
        new = event.message_id not in self.messages
        message = self._message(event.message_id, event.sent_at_s)
        if new and is_old:
            message.campaign_id = PURGED
        if message.campaign_id == PURGED:
            event = purged(event)
        delivery = self._delivery(message, event.recipient)
        delivery.clicked = True
        if delivery.erased:
            self.whole[event.event_id] = event.destination
            event = erased(event)
        self.clicks.append(event)

    def _write_messages(self) -> None:
        messages = [
            (
                *(each.id, each.message_id, each.sent_at_s, each.sender_domain),
                *(each.campaign_id, each.link_set_id, each.shared, each.counted),
            )
            for each in self.messages.values()
        ]
        deliveries = [
            (*key, each.person_id, each.address, each.accepted, each.clicked)
            for key, each in self.changed.items()
        ]
        self.db.conn.executemany(_PUT_MESSAGE, messages)
        self.db.conn.executemany(_PUT_DELIVERY, deliveries)

    def _move_known_clicks(self) -> None:
        """Count clicks that came before their message where they belong."""
        late = self.clicked_before & set(self.described)
        rows = list(named_rows.rows_in(self.db, _CLICKS, late))
        clicks = [(self.described[row[9]], Click(*row[:9])) for row in rows]
        for _, click in clicks:
            self.sums.add_click(click, -1)
        self._count(clicks)
        self.db.conn.executemany(
            _MOVE_CLICK,
            [(each.campaign_id, each.link_id, each.person_id, each.id) for _, each in clicks],
        )

    def _write_clicks(self) -> None:
        first = named_rows.next_id(self.db, "clicks")
        clicks = [
            (
                self.messages[e.message_id],
                Click(
                    *(row, e.at_s, e.recipient, e.link, e.destination, e.human),
                    whole=self.whole.get(e.event_id),
                ),
            )
            for row, e in enumerate(self.clicks, first)
        ]
        self._count(clicks)
        agents = named_rows.ids(self.db, "user_agents", {event.user_agent for event in self.clicks})
        self.db.conn.executemany(
            _PUT_CLICK,
            [
                (
                    *(click.id, event.event_id, event.at_s, message.id, event.recipient),
                    *(event.link, event.destination, event.method, event.human),
                    *(" ".join(event.reasons), event.ip, agents[event.user_agent]),
                    *(click.campaign_id, click.link_id, click.person_id),
                )
                for event, (message, click) in zip(self.clicks, clicks, strict=True)
            ],
        )

    def _count(self, clicks: Sequence[tuple[Message, Click]]) -> None:
        """Attribute clicks as their messages now say, and add them to the sums."""
        sets = {message.link_set_id for message, _ in clicks if message.link_set_id is not None}
        groups = named_rows.numbered_links(self.db, sets)
        ignored = named_rows.ignored_params(self.db, sets)
        called = {
            click.id: self._name(message, click, ignored)
            for message, click in clicks
            if (message.link_set_id, click.number) not in groups
        }
        theirs = [click for _, click in clicks if click.id in called and click.whole]
        called |= self._hosts_alone(theirs, called)
        links = named_rows.ids(self.db, "links", set(called.values()))
        for message, click in clicks:
            name = called.get(click.id)
            link = groups[message.link_set_id, click.number] if name is None else links[name]
            click.attribute(message, link)
            self.sums.add_click(click, 1)

    def _hosts_alone(self, erased: Sequence[Click], called: Mapping[int, str]) -> dict[int, str]:
        """Give the names of those whose link the store does not have: it may be theirs alone."""
        known = named_rows.find(self.db, "links", {called[click.id] for click in erased})
        return {click.id: click.destination for click in erased if called[click.id] not in known}

    def _name(
        self,
        message: Message,
        click: Click,
        ignored: Mapping[tuple[int | None, int], frozenset[str]],
    ) -> str:
        """Give the name of a link without a group."""
        destination = click.whole or click.destination
        if message.campaign_id == PURGED:
            return PURGED_NAME
        if message.link_set_id is None:
            return self.naming.name(destination)
        return without_written(destination, ignored.get((message.link_set_id, click.number), ()))
