"""Links that are each reader's own: what messages tell of them, and what their clicks count under.

Owns: the slots that a transaction touches, and the name of a link by what is known of its slot.
Does not own: the rule (`tracker.urls.slots`), the rows of slots (`tracker.store.slots`), or moving
clicks that were counted before that was known (`moved_clicks`).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from tracker.counting.model import Message
from tracker.events import SentLink
from tracker.sql.db import Db
from tracker.store import queries, slots
from tracker.store.slots import Slot
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

    Nothing more need be known of those that are `settled`. In the URLs of some of these there is
    something of the reader's own, whatever comes (`own_for_good`).
    """

    slots: dict[bytes, Slot] = field(default_factory=dict)
    asked: set[bytes] = field(default_factory=set)
    settled: set[bytes] = field(default_factory=set)
    own_for_good: set[bytes] = field(default_factory=set)

    def settle(self, slot: Slot) -> None:
        """Note whether more need be known of a slot."""
        if slot.is_settled:
            self.settled.add(slot.hash)
            if slot.readers:
                self.own_for_good.add(slot.hash)


@dataclass(slots=True)
class Slots:
    """The slots that a transaction touches, by campaign."""

    db: Db
    known: defaultdict[int, Campaign] = field(default_factory=partial(defaultdict, Campaign))
    next_id: int = 0

    def load(self, campaign_id: int, hashes: set[bytes]) -> None:
        """Read those of these slots that were not read before."""
        campaign = self.known[campaign_id]
        if new := hashes - campaign.asked:
            campaign.asked |= new
            for slot in slots.load(self.db, campaign_id, new).values():
                campaign.slots[slot.hash] = slot
                campaign.settle(slot)

    def see(self, messages: Sequence[Told]) -> None:
        """Merge what messages tell, and have clicks moved that count under another name now."""
        wanted: defaultdict[int, set[bytes]] = defaultdict(set)
        # Most messages of a campaign have the very same links.
        lists = {(told.message.campaign_id, id(told.placed)): told.placed for told in messages}
        for (campaign_id, _), links in lists.items():
            wanted[campaign_id].update([link.slot for link in links])
        for campaign_id, hashes in wanted.items():
            self.load(campaign_id, hashes)
        before: dict[int, tuple[Slot, frozenset[int]]] = {}
        for told in messages:
            settled = self.known[told.message.campaign_id].settled
            if links := [link for link in told.placed if link.slot not in settled]:
                self._see(told, links, before)
        slots.save(self.db, [slot for slot, _ in before.values()])
        slots.queue_moves(self.db, [slot for slot, was in before.values() if slot.readers != was])

    def _see(
        self,
        told: Told,
        links: Sequence[Placed],
        before: dict[int, tuple[Slot, frozenset[int]]],
    ) -> None:
        """Merge what a message tells of slots that are not settled."""
        campaign = self.known[told.message.campaign_id]
        campaign.settled |= {link.slot for link in links if not link.parts.values}
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

    def _new(self, message: Message, link: Placed) -> Slot:
        self.next_id = (self.next_id or queries.next_id(self.db, "slots") - 1) + 1
        places = [Place() for _ in link.parts.values]
        campaign_id, since_s = message.campaign_id, message.key.sent_s
        slot = Slot(self.next_id, campaign_id, link.slot, None, places, since_s, is_new=True)
        self.known[campaign_id].slots[link.slot] = slot
        return slot

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
