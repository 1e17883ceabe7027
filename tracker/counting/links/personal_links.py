"""Links that are each reader's own: what messages tell of them, and what their clicks count under.

Owns: the slots that a transaction touches, and the name of a link by what is known of its slot.
Does not own: the rule (`tracker.urls.slots`), the rows of slots (`tracker.store.rows.slots`), or moving
clicks that were counted before that was known (`moved_clicks`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from tracker.counting.model import Message
from tracker.events import SentLink
from tracker.sql.db import Db
from tracker.store import queries
from tracker.store.rows import seen_once, slots
from tracker.store.rows.seen_once import SeenOnce
from tracker.store.rows.slots import Slot
from tracker.urls.shape import parts
from tracker.urls.slots import Place, Placed, sightings

_slot_of = attrgetter("slot")
_NOBODYS: frozenset[int] = frozenset()


class Told(NamedTuple):
    """What a message tells: whom it is for, its links, and those that nobody named, placed."""

    message: Message
    persons: frozenset[int]
    links: Sequence[SentLink]
    placed: Sequence[Placed]


class Own(NamedTuple):
    """A link that is each reader's own: its name, and what people see of it."""

    name: str
    text: str


@dataclass(slots=True)
class Campaign:
    """The slots of a campaign that a transaction touches, by their hashes.

    `once` are new ones of which one message alone told, to one person: no value is known to be a reader's;
    of those that are `known_once` one told before. Nothing more need be known of those that are `settled`.
    In the URLs of some of these there is something of the reader's own, whatever comes (`own_for_good`).
    """

    slots: dict[bytes, Slot] = field(default_factory=dict)
    once: dict[bytes, SeenOnce] = field(default_factory=dict)
    known_once: dict[bytes, SeenOnce] = field(default_factory=dict)
    asked: set[bytes] = field(default_factory=set)
    settled: set[bytes] = field(default_factory=set)
    own_for_good: set[bytes] = field(default_factory=set)

    def known_of(self, hashes: set[bytes]) -> set[bytes]:
        """Return those of these slots of which anybody told before."""
        return {
            *(hashes & self.slots.keys()),
            *(hashes & self.once.keys()),
            *(hashes & self.known_once.keys()),
        }

    def settle(self, slot: Slot) -> None:
        """Note whether more need be known of a slot."""
        if slot.is_settled:
            self.settled.add(slot.hash)
            if slot.readers:
                self.own_for_good.add(slot.hash)


@dataclass(slots=True)
class Slots:
    """The slots that a transaction touches, by campaign.

    Those that are seen `again` were known by one message. Of `new_campaigns` the store has no slots.
    """

    db: Db
    known: defaultdict[int, Campaign] = field(default_factory=partial(defaultdict, Campaign))
    again: list[SeenOnce] = field(default_factory=list)
    new_campaigns: frozenset[int] = frozenset()
    next_id: int = 0

    def load(self, campaign_id: int, hashes: set[bytes]) -> None:
        """Read those of these slots that were not read before."""
        new = hashes - self.known[campaign_id].asked
        self.known[campaign_id].asked |= new
        if new:
            self._keep(slots.load(self.db, campaign_id, new).values())

    def load_all(self, wanted: Mapping[int, set[bytes]]) -> None:
        """Do the same for slots of several campaigns, by campaign; for who writes to the store."""
        new = {}
        for campaign_id in wanted.keys() - self.new_campaigns:
            hashes, asked = wanted[campaign_id], self.known[campaign_id].asked
            new[campaign_id] = hashes - asked
            asked |= hashes
        if any(new.values()):
            pairs = [(campaign, each) for campaign, hashes in new.items() for each in hashes]
            found, once = slots.load_all(self.db, pairs)
            self._keep(found)
            for each in once:
                self.known[each.campaign_id].known_once[each.hash] = each

    def _keep(self, found: Iterable[Slot]) -> None:
        for slot in found:
            campaign = self.known[slot.campaign_id]
            campaign.slots[slot.hash] = slot
            campaign.settle(slot)

    def see(self, messages: Sequence[Told]) -> None:
        """Merge what messages tell, and have clicks moved that count under another name now."""
        wanted: defaultdict[int, set[bytes]] = defaultdict(set)
        # Most messages of a campaign have the very same links.
        lists = {(told.message.campaign_id, id(told.placed)): told.placed for told in messages}
        for (campaign_id, _), links in lists.items():
            if campaign_id not in self.new_campaigns:
                wanted[campaign_id].update([link.slot for link in links])
        self.load_all(wanted)
        before: dict[int, tuple[Slot, frozenset[int]]] = {}
        for told in messages:
            settled = self.known[told.message.campaign_id].settled
            if links := [link for link in told.placed if link.slot not in settled]:
                self._see(told, links, before)
        slots.save(self.db, [slot for slot, _ in before.values()])
        slots.number_again(self.db, self.again)
        self._save_once()
        slots.queue_moves(self.db, [slot for slot, was in before.values() if slot.readers != was])

    def _save_once(self) -> None:
        """Write the new slots of which one message told."""
        once = [each for campaign in self.known.values() for each in campaign.once.values()]
        if seen_once.are_kept(self.db):
            seen_once.put(self.db, once)
        elif once:
            slots.add(self.db, once, self._next())
            self.next_id += len(once) - 1

    def put_numbers(self, sets: Mapping[int, Sequence[Placed]]) -> None:
        """Write down in which slots the links of new sets stand, where no row of a slot seen once tells it."""
        told: set[tuple[int, bytes]] = set()
        if seen_once.are_kept(self.db):
            every = (each for campaign in self.known.values() for each in campaign.once.values())
            told = {(each.link_set_id, each.hash) for each in every}
        slots.put_numbers(
            self.db,
            {
                row: [link for link in links if (row, link.slot) not in told]
                for row, links in sets.items()
            },
        )

    def _see(
        self,
        told: Told,
        links: Sequence[Placed],
        before: dict[int, tuple[Slot, frozenset[int]]],
    ) -> None:
        """Merge what a message tells of slots that are not settled."""
        campaign = self.known[told.message.campaign_id]
        campaign.settled |= {link.slot for link in links if not link.parts.values}
        again = self._see_first(told, links, campaign)
        if not again:
            return
        for hash_ in again:
            if once := campaign.once.pop(hash_, None) or campaign.known_once.get(hash_):
                first = campaign.slots[hash_] = slots.seen_again(once, self._next())
                before[first.id] = (first, _NOBODYS)
            if once := campaign.known_once.pop(hash_, None):
                self.again.append(once)
        links = [link for link in links if link.slot in again]
        example = {link.slot: link for link in links}
        for hash_, seen in groupby(sightings(links, told.persons), key=_slot_of):
            slot = campaign.slots.get(hash_)
            if slot is None:
                slot = self._new(told.message, example[hash_])
            if slot.id not in before:
                before[slot.id] = (slot, _NOBODYS if slot.is_new else slot.readers)
            slot.since_s = min(slot.since_s, told.message.key.sent_s)
            for each in seen:
                slots.load_values(self.db, slot, each)
                slot.places[each.place].see(each.value, each.person)
            slot.text = example[hash_].text if slot.readers else None
            campaign.settle(slot)

    def _see_first(
        self, told: Told, links: Sequence[Placed], campaign: Campaign
    ) -> Collection[bytes]:
        """Note what a message to one person tells of slots that nobody told of before; return the others.

        Most URLs that nobody has seen are seen once: of these no more is made than the rows to be written.
        """
        # A number that stands in several slots is one that several rows would tell of.
        if len(told.persons) != 1 or len({link.number for link in links}) != len(links):
            return {link.slot for link in links}
        first: dict[bytes, Placed] = {}
        numbers: dict[bytes, str] = {}
        again = campaign.known_of({link.slot for link in links})
        for link in links:
            hash_ = link.slot
            before = first.setdefault(hash_, link)
            if before is link:
                numbers[hash_] = str(link.number)
            elif before.parts.values == link.parts.values:
                numbers[hash_] += f" {link.number}"
            else:
                again.add(hash_)
        (person,), message = told.persons, told.message
        campaign_id, link_set_id = message.campaign_id, message.link_set_id or 0
        since_s, once, held = message.key.sent_s, campaign.once, seen_once.held
        for hash_, link in first.items():
            values = link.parts.values
            if hash_ not in again and any(values):
                row = (
                    campaign_id,
                    hash_,
                    link_set_id,
                    person,
                    since_s,
                    numbers[hash_],
                    held(values),
                )
                once[hash_] = SeenOnce._make(row)
        return again

    def _new(self, message: Message, link: Placed) -> Slot:
        places = [Place() for _ in link.parts.values]
        campaign_id, since_s = message.campaign_id, message.key.sent_s
        slot = Slot(self._next(), campaign_id, link.slot, None, places, since_s, is_new=True)
        self.known[campaign_id].slots[link.slot] = slot
        return slot

    def _next(self) -> int:
        self.next_id = (self.next_id or queries.next_id(self.db, "slots") - 1) + 1
        return self.next_id

    def own_numbers(self, told: Told) -> Collection[int]:
        """Return the numbers of links in a message that are the reader's own, whatever comes."""
        own = self.known[told.message.campaign_id].own_for_good
        return {link.number for link in told.placed if link.slot in own} if own else ()

    def name(self, campaign_id: int, slot: bytes, url: str) -> Own | None:
        """Return what a link is called that is the reader's own; None where it is its URL."""
        campaign = self.known[campaign_id]
        known = campaign.slots.get(slot)
        if known is None or (slot in campaign.settled and slot not in campaign.own_for_good):
            return None
        readers = known.readers
        if not readers:
            return None
        taken = parts(url)
        # Of a link that was blanked or repaired, nobody knows what stands where.
        if len(taken.values) != len(known.places):
            return None
        return Own(taken.without(readers), known.text or "")
