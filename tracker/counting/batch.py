"""Feeding events to the store: load what they touch, merge, write what changed.

Owns: the one way in which events become rows, within the caller's transaction.
Does not own: the rules of counting (`model`), which events are about one message (`message_keys`),
which clicks are judged together (`sittings`), the SQL of messages and clicks (`rows`), the link that a
click counts for (`links`), the sums (`sums`), opens, which have tables of their
own (`opens`), what webhooks are told (`queueing`), or when it happens (`tracker.ingest.ingester`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tracker import persons
from tracker.counting import message_keys, opens, queueing, rows, sittings, sums
from tracker.counting.links import listed_links, moved_clicks
from tracker.counting.links.attribution import attribute
from tracker.counting.links.personal_links import Slots, Told
from tracker.counting.message_keys import Renamed
from tracker.counting.model import Click, Delivery, Message, MessageTotals, Sums, key_of, made
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
from tracker.judging.judge import Verdict
from tracker.judging.rules import Settings
from tracker.outbox.subscriptions import Subscriptions
from tracker.privacy.agents import Agents
from tracker.retention.retention import purged_before_s
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, event_octets
from tracker.store.reserved import ERASED_ADDRESS, NO_CAMPAIGN, PURGED
from tracker.store.rows import named_rows
from tracker.store.rows.named_rows import MessageLinks, SignalSet
from tracker.tokens import SHARED
from tracker.urls.naming import Naming

_DEFAULT = Naming()
_JUDGED_AS_BUILT_IN = Settings()
_NO_WEBHOOKS = Subscriptions()
_AGENTS_IN_FULL = Agents()


def feed(
    db: Db,
    events: Sequence[Event],
    naming: Naming = _DEFAULT,
    settings: Settings = _JUDGED_AS_BUILT_IN,
    subscriptions: Subscriptions = _NO_WEBHOOKS,
    agents: Agents = _AGENTS_IN_FULL,
) -> frozenset[str]:
    """Merge `events` into the store, in whatever order they come, repeated ones once.

    `naming` says what links are called whose message is not known, `settings` how clicks are judged,
    `subscriptions` what webhooks are told of them, `agents` what is kept of their user agents.
    Return the ids of clicks of which nothing may tell in the spool either: of somebody who was
    forgotten, or asked not to be tracked.
    """
    horizon_s = purged_before_s(db)
    batch = Batch(db, naming, settings, horizon_s, subscriptions, agents)
    batch.run([event for event in events if not opens.alone(event)])
    moved_clicks.move(db, naming)
    opens.feed(db, events, horizon_s)
    return frozenset(batch.forgotten)


class _Arrived(NamedTuple):
    """A click that never counted: its message's key, the octets of its id, and its event.

    `full_destination` is that of a click on a link of the forgotten; its event has less.
    """

    message: MessageKey
    id: bytes
    event: Clicked
    full_destination: str | None = None

    def click(self, agents: Agents) -> Click:
        """Return the click as it was made."""
        return Click(
            self.id,
            self.event.recipient,
            self.event.destination,
            made(self.event, self.id, agents),
            full_destination=self.full_destination,
        )

    def nobodys(self, agents: Agents) -> Click:
        """Return it without what would be its reader's own: a link that nobody else has is its host."""
        full, destination = self.event.destination, erased(self.event).destination
        return replace(self.click(agents), destination=destination, full_destination=full)


class _ClickNames(NamedTuple):
    """Rows of what the clicks of a batch tell as others do."""

    destinations: dict[str, int]
    user_agents: dict[str, int]
    signal_sets: dict[SignalSet, int]
    agents: Agents

    @classmethod
    def of(
        cls, db: Db, clicks: Sequence[_Arrived], signals: set[SignalSet], agents: Agents
    ) -> "_ClickNames":
        urls = Counter([each.event.destination for each in clicks])
        kept = Counter([agents.kept(each.event.user_agent) for each in clicks])
        names = cls(
            named_rows.destination_ids(db, urls),
            named_rows.ids(db, "user_agents", kept),
            named_rows.signal_set_ids(db, signals),
            agents,
        )
        for table, counts, rows_of in (
            ("destinations", urls, names.destinations),
            ("user_agents", kept, names.user_agents),
        ):
            named_rows.count_clicks(db, table, {rows_of[name]: n for name, n in counts.items()})
        return names

    def shared(self, event: Clicked, click: Click, verdict_id: int) -> rows.Shared:
        """Return the rows that a click's row names."""
        return rows.Shared(
            self.destinations[event.destination],
            self.user_agents[self.agents.kept(event.user_agent)],
            self.signal_sets[event.method, click.made.signals],
            verdict_id,
        )


def _persons(
    pending: Mapping[MessageKey, Sequence[MessagePending]], known: Mapping[MessageKey, Message]
) -> set[str]:
    """Return the names of those who get mail, but for the forgotten."""
    return {
        persons.person_name(to.address, to.person)
        for key, events in pending.items()
        for event in events
        for to in event.recipients
        if to.address != ERASED_ADDRESS and not (key in known and known[key].has_erased(to.number))
    }


class _Links(NamedTuple):
    """What the links of messages come to. Most messages have the very same list: it is looked at once."""

    found: dict[int, MessageLinks]

    def of(self, event: MessagePending) -> MessageLinks:
        """Return what the links of a message come to, which lives as long as its batch."""
        found = self.found.get(id(event.links))
        if found is None:
            found = self.found[id(event.links)] = MessageLinks.of(event.links)
        return found


@dataclass
class _Names:
    """Rows of what the messages of a batch call by name; sets of links by message, of new ones.

    `new_sets` are those that no message had before, by their rows, `new_campaigns` the rows of those of
    which no message told.
    """

    campaigns: dict[str, int]
    domains: dict[str, int]
    persons: dict[str, int]
    link_sets: dict[MessageKey, int]
    new_sets: dict[int, MessageLinks]
    new_campaigns: frozenset[int]

    @classmethod
    def of(
        cls,
        db: Db,
        pending: Mapping[MessageKey, Sequence[MessagePending]],
        known: Mapping[MessageKey, Message],
        links: "_Links",
    ) -> "_Names":
        new = {
            key: events[0]
            for key, events in pending.items()
            if not (key in known and known[key].is_described)
        }
        every = [event for events in pending.values() for event in events]
        new_sets = {key: links.of(event) for key, event in new.items()}
        sets = named_rows.link_set_ids(db, new_sets.values())
        called = {each.campaign for each in every if each.campaign}
        campaigns, made = named_rows.found_and_made(db, "campaigns", called)
        return cls(
            campaigns | made,
            named_rows.ids(db, "domains", {each.sender_domain for each in every}),
            named_rows.ids(db, "persons", _persons(pending, known)),
            {key: sets.rows[each.hash] for key, each in new_sets.items()},
            sets.made,
            frozenset(made.values()),
        )

    def campaign(self, name: str | None) -> int:
        return self.campaigns[name] if name else NO_CAMPAIGN


@dataclass
class Batch:
    """One transaction's worth of events, and all rows that they touch.

    `messages` are those that are known, or become so. Of the ones that the store has, `rows_before`
    are their rows, `totals_before` what they added to the sums until now, and `before` are those as
    they were whose own event is in the batch, though they had clicks before it (`clicked_before`).
    `described` are messages whose own event is in the batch; `changed` are deliveries, by message and
    number. `nobodys` are clicks of those who ask not to be tracked; `forgotten` are the ids of these, and
    of clicks on links of the forgotten.
    """

    db: Db
    naming: Naming
    settings: Settings
    horizon_s: float
    subscriptions: Subscriptions = _NO_WEBHOOKS
    agents: Agents = _AGENTS_IN_FULL
    sums: Sums = field(default_factory=Sums)
    messages: dict[MessageKey, Message] = field(default_factory=dict)
    renamed: Renamed = field(default_factory=dict)
    rows_before: dict[MessageKey, rows.Row] = field(default_factory=dict)
    totals_before: dict[MessageKey, MessageTotals | None] = field(default_factory=dict)
    clicked_before: set[MessageKey] = field(default_factory=set)
    before: dict[MessageKey, Message] = field(default_factory=dict)
    changed: dict[tuple[MessageKey, int], Delivery] = field(default_factory=dict)
    clicks: list[_Arrived] = field(default_factory=list)
    nobodys: list[_Arrived] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    links: "_Links" = field(default_factory=lambda: _Links({}))

    def __post_init__(self) -> None:
        """Know nothing of the slots yet that its messages tell of."""
        self.slots = Slots(self.db)

    def run(self, events: Sequence[Event]) -> None:
        """Do it all."""
        keyed = [(key_of(event), event) for event in events]
        pending = self._load(keyed)
        names = _Names.of(self.db, pending, self.messages, self.links)
        self._merge(keyed, names)
        self.slots.new_campaigns = names.new_campaigns
        self.slots.see(self.told)
        self.slots.put_numbers({row: each.placed for row, each in names.new_sets.items()})
        listings = listed_links.of(self.told, self.slots)
        listed_links.record(self.db, listings, names.new_campaigns)
        self._settle_clicks()
        self._write_messages()
        self._write_deliveries()
        sums.apply(self.db, self.sums)

    def _load(
        self, keyed: Sequence[tuple[MessageKey, Event]]
    ) -> dict[MessageKey, list[MessagePending]]:
        """Find what the store knows of the messages; return what their own events tell, by key."""
        told = {key for key, event in keyed if self._counts(key, event)}
        own = {key for key, event in keyed if key in told and isinstance(event, MessagePending)}
        known = rows.read_messages_near(self.db, {key for key, _ in keyed})
        self.renamed = message_keys.renamed(told, own, known)
        self.rows_before = {each: rows.message_row(known[each]) for each in known}
        self._keep(known)
        pending: dict[MessageKey, list[MessagePending]] = {}
        for key, event in keyed:
            if isinstance(event, MessagePending) and self._counts(key, event):
                pending.setdefault(self._name(key), []).append(event)
        return pending

    def _keep(self, known: Mapping[MessageKey, Message]) -> None:
        """Keep the messages that the store has, and how they were; name them as they are called now."""
        moved = {key: now for key, now in self.renamed.items() if key in known}
        for key, message in known.items():
            name = moved.get(key, key)
            self.messages[name] = message
            self.totals_before[name] = MessageTotals.of(message)
            if message.clicked:
                self.clicked_before.add(name)
                if name != key:
                    self.before[name] = message.as_it_is()
            message.key = name
        if moved:
            rows.rename_messages(self.db, moved)
            self.rows_before = {moved.get(key, key): row for key, row in self.rows_before.items()}

    def _name(self, key: MessageKey) -> MessageKey:
        return self.renamed.get(key, key) if self.renamed else key

    def _counts(self, key: MessageKey, event: Event) -> bool:
        """Return whether what an event tells of a message counts still: it was not purged."""
        return isinstance(event, Clicked) or key.sent_s >= self.horizon_s

    def _merge(self, keyed: Sequence[tuple[MessageKey, Event]], names: _Names) -> None:
        """Merge every event into the message that it is about."""
        for told, event in keyed:
            key = self._name(told)
            match event:
                case MessagePending() if self._counts(told, event):
                    self._merge_pending(key, event, names)
                case MessageAccepted() if self._counts(told, event):
                    self._merge_accepted(key, event)
                case MessageRefused() if self._counts(told, event):
                    self._merge_refused(key, event)
        for click in self._new_clicks(keyed):
            self._merge_click(click)

    def _new_clicks(self, keyed: Sequence[tuple[MessageKey, Event]]) -> list[_Arrived]:
        """Return the clicks that never counted, each once.

        Of clicks on purged messages, those of before the horizon may all have counted: a purge
        remembers only later ones.
        """
        found: dict[tuple[MessageKey, bytes], Clicked] = {}
        for key, event in keyed:
            if isinstance(event, Clicked):
                found[self._name(key), event_octets(event.event_id, event.at_s)] = event
        counted = rows.known_clicks(
            self.db, [each for each in found if each[0] in self.clicked_before]
        )
        counted |= self._counted_as_nobodys(found)
        old = [each for each in found if each[0].sent_s < self.horizon_s]
        if old:
            purged_ids = rows.purged_events(self.db, {each[1] for each in old})
            counted |= {
                each for each in old if each[1] in purged_ids or found[each].at_s < self.horizon_s
            }
        return [_Arrived(*each, event) for each, event in found.items() if each not in counted]

    def _counted_as_nobodys(
        self, found: Mapping[tuple[MessageKey, bytes], Clicked]
    ) -> set[tuple[MessageKey, bytes]]:
        asking = {each for each, event in found.items() if event.asks_for_privacy}
        known = rows.purged_events(self.db, {each[1] for each in asking}) if asking else set()
        return {each for each in asking if each[1] in known}

    def _message(self, key: MessageKey) -> Message:
        message = self.messages.get(key)
        if message is None:
            message = self.messages[key] = Message(key)
            self.totals_before[key] = None
        return message

    def _delivery(self, message: Message, number: int) -> Delivery:
        """Return a delivery that is about to change."""
        delivery = self.changed[message.key, number] = message.delivery(number)
        return delivery

    def _merge_pending(self, key: MessageKey, event: MessagePending, names: _Names) -> None:
        message = self._message(key)
        if key in self.clicked_before and key not in self.before:
            self.before[key] = message.as_it_is()
        message.describe(
            names.domains[event.sender_domain], names.campaign(event.campaign), shared=event.shared
        )
        if message.link_set_id is None:
            message.link_set_id = names.link_sets[key]
            message.links = self.links.of(event).number
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
        links = self.links.of(event)
        self.told.append(Told(message, frozenset(theirs), event.links, links.placed))

    def _merge_accepted(self, key: MessageKey, event: MessageAccepted) -> None:
        message = self._message(key)
        for number in event.recipients:
            self._delivery(message, number).accepted = True

    def _merge_refused(self, key: MessageKey, event: MessageRefused) -> None:
        message = self._message(key)
        for number in event.recipients:
            self._delivery(message, number).refused = True

    def _merge_click(self, click: _Arrived) -> None:
        new = click.message not in self.messages
        message = self._message(click.message)
        if new and click.message.sent_s < self.horizon_s:
            message.campaign_id = PURGED
        event = click.event
        if message.campaign_id == PURGED:
            click = click._replace(event=purged(event))
        delivery = self._delivery(message, event.recipient)
        delivery.clicks += 1
        if event.asks_for_privacy:
            self.forgotten.append(event.event_id)
            self.nobodys.append(click)
            return
        if delivery.erased:
            self.forgotten.append(event.event_id)
            click = click._replace(
                event=erased(click.event), full_destination=click.event.destination
            )
        self.clicks.append(click)

    def _settle_clicks(self) -> None:
        """Attribute and judge new clicks, and anew the known ones that they or their message change."""
        new = [
            (self.messages[arrived.message], arrived.click(self.agents)) for arrived in self.clicks
        ]
        nobodys = [
            (self.messages[each.message], each.nobodys(self.agents)) for each in self.nobodys
        ]
        known = self._known_pairs([*new, *nobodys])
        before = [replace(click) for _, click in known]
        moved = [pair for pair in known if pair[0].key in self.before]
        attribute(self.db, [*new, *moved], self.naming, self.slots)
        sittings.judge([*known, *new], self.settings)
        self._count_nobodys(nobodys, [*known, *new])
        changed = sittings.changes(before, known)
        for change in changed:
            change.count(self.sums)
            self._delivery(change.message, change.after.recipient)
        self._write_clicks(new, [(change.message, change.after) for change in changed])
        queueing.queue(self.db, self.subscriptions, new, changed)

    def _count_nobodys(self, nobodys: Sequence[Pair], others: Sequence[Pair]) -> None:
        """Count clicks of those who ask not to be tracked, and keep no more than that they were counted.

        They are judged beside all others, and change nothing of what these are taken for.
        """
        if not nobodys:
            return
        attribute(self.db, nobodys, self.naming, self.slots, nobodys=True)
        beside = [(message, replace(click)) for message, click in others]
        sittings.judge([*beside, *nobodys], self.settings)
        for message, click in nobodys:
            click.counted = click.counted._replace(person_id=None)
            self.sums.add_click(click, 1)
            self._delivery(message, click.recipient).judged(click.verdict, 1)
        rows.remember_events(self.db, [click.id for _, click in nobodys])

    def _known_pairs(self, new: Sequence[Pair]) -> list[Pair]:
        """Return the known clicks that new ones are judged with, and those that came before their message.

        They count for what their messages said before.
        """
        spans = {
            Span(key, number)
            for key in self.before
            for number, delivery in self.messages[key].deliveries.items()
            if delivery.clicks
        }
        elsewhere = self.clicked_before - self.before.keys()
        spans |= self._spans_near([pair for pair in new if pair[0].key in elsewhere])
        return rows.read_clicks(self.db, spans, self.messages, self.before)

    def _spans_near(self, new: Sequence[Pair]) -> set[Span]:
        """Return where the clicks are that new ones say something of: of most copies, next to them."""
        every = sittings.spans(new)
        # Those that several share have an hour's; of a flood, each click is judged by how many there are.
        parted = {
            span
            for span in every
            if span.recipient != SHARED
            and not sittings.is_flooded(self.messages[span.message], span.recipient)
        }
        known_s = rows.read_moments(self.db, parted)
        return (every - parted) | sittings.near(parted, new, known_s)

    def _write_clicks(self, new: Sequence[Pair], changed: Sequence[Pair]) -> None:
        """Count new clicks, and write them down, with the known ones that changed."""
        for message, click in new:
            self.sums.add_click(click, 1)
            self._delivery(message, click.recipient).judged(click.verdict, 1)
        verdicts = named_rows.verdict_ids(self.db, {click.verdict for _, click in (*new, *changed)})
        rows.change_clicks(self.db, changed, verdicts)
        if new:
            self._insert_clicks(new, verdicts)

    def _insert_clicks(self, new: Sequence[Pair], verdicts: Mapping[Verdict, int]) -> None:
        signals = {
            (arrived.event.method, click.made.signals)
            for arrived, (_, click) in zip(self.clicks, new, strict=True)
        }
        names = _ClickNames.of(self.db, self.clicks, signals, self.agents)
        rows.insert_clicks(
            self.db,
            [
                rows.click_row(
                    *(arrived.event, message, click, arrival),
                    names.shared(arrived.event, click, verdicts[click.verdict]),
                )
                for arrival, (arrived, (message, click)) in enumerate(
                    zip(self.clicks, new, strict=True), rows.first_arrival(self.db, len(new))
                )
            ],
        )
        rows.insert_pseudonyms(self.db, new)

    def _write_messages(self) -> None:
        """Write what changed of messages, and add to the sums by how much their totals did."""
        changed: list[rows.Row] = []
        sets: Counter[int] = Counter()
        for key, message in self.messages.items():
            row, row_before = rows.message_row(message), self.rows_before.get(key)
            if row != row_before:
                changed.append(row)
            if message.link_set_id and (row_before is None or not row_before["link_set_id"]):
                sets[message.link_set_id] += 1
            before, after = self.totals_before[key], MessageTotals.of(message)
            if before != after:
                self.sums.add_message(before, -1)
                self.sums.add_message(after, 1)
        rows.write_messages(self.db, changed)
        named_rows.count_messages(self.db, sets)

    def _write_deliveries(self) -> None:
        """Write what changed of deliveries; whose they are is only told by their message's own event."""
        told = {each.message.key for each in self.told}
        known = {each: of for each, of in self.changed.items() if each[0] not in told}
        rows.count_deliveries(self.db, known)
        whose = {each: of for each, of in self.changed.items() if each[0] in told}
        rows.write_deliveries(self.db, whose)
