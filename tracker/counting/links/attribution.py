"""Which link, campaign and person a click counts for.

Owns: finding the link that a click was on: by its number in its message, else by its destination.
Does not own: how a message's campaign and person are known (`model`), when clicks are attributed
(`batch`), or what a destination is called that no message is known for (`tracker.urls.naming`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tracker.counting.links.personal_links import Slots
from tracker.counting.model import Click, Message
from tracker.sql.db import Db
from tracker.store.reserved import PURGED, RESERVED_NAME
from tracker.store.rows import named_rows, slots
from tracker.urls.naming import Naming
from tracker.urls.params import without_written

Params = Mapping[tuple[int | None, int], frozenset[str]]
"""Parameters that are no part of a link's name, by set of links and number."""


def attribute(
    db: Db,
    clicks: Sequence[tuple[Message, Click]],
    naming: Naming,
    known: Slots,
    *,
    nobodys: bool = False,
) -> None:
    """Count clicks under what their messages say now; links that are new get rows.

    `naming` says what links are called whose message is not known, `known` what is in a link's URL
    that is no part of its name. `nobodys`: they are those of readers who ask not to be tracked.
    """
    sets = {message.link_set_id for message, _ in clicks if message.link_set_id is not None}
    groups = named_rows.numbered_links(db, sets)
    names = _Names(naming, named_rows.ignored_params(db, sets), slots.numbers(db, sets), known)
    names.load(clicks)
    found = [
        None if (message.link_set_id, click.made.link) in groups else names.of(message, click)
        for message, click in clicks
    ]
    _leave_hosts_alone(db, [click for _, click in clicks], found, nobodys=nobodys)
    links = named_rows.ids(db, "links", {name for name in found if name is not None})
    named_rows.put_own(db, {links[name]: text for name, text in names.own.items() if name in links})
    for (message, click), name in zip(clicks, found, strict=True):
        click.attribute(
            message, groups[message.link_set_id, click.made.link] if name is None else links[name]
        )


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of links without a group; the slots of links are by set of links and number.

    `own` are those that are each reader's own, with what people see of them.
    """

    naming: Naming
    ignored: Params
    numbers: Mapping[tuple[int | None, int], bytes]
    known: Slots
    own: dict[str, str] = field(default_factory=dict)

    def load(self, clicks: Sequence[tuple[Message, Click]]) -> None:
        """Read what is known of the slots that clicks were in."""
        wanted: dict[int, set[bytes]] = {}
        for message, click in clicks:
            if slot := self.numbers.get((message.link_set_id, click.made.link)):
                wanted.setdefault(message.campaign_id, set()).add(slot)
        self.known.load_all(wanted)

    def of(self, message: Message, click: Click) -> str:
        """Return the name of a link."""
        destination = click.full_destination or click.destination
        if message.campaign_id == PURGED:
            return RESERVED_NAME
        if message.link_set_id is None:
            return self.naming.name(destination)
        place = message.link_set_id, click.made.link
        url = without_written(destination, self.ignored.get(place, ()))
        own = self.known.name(message.campaign_id, self.numbers.get(place, b""), url)
        if own is None:
            return url
        self.own[own.name] = min(self.own.get(own.name, own.text), own.text)
        return own.name


def _leave_hosts_alone(
    db: Db, clicks: Sequence[Click], names: list[str | None], *, nobodys: bool
) -> None:
    """Leave only hosts of those names of links of the forgotten that the store does not have.

    Such a link may have been theirs alone; one that the store has is somebody else's as well. Of
    `nobodys` it has to be listed: else its name may come from another click on the very copy, and a
    purge, which has no row of this one, would not know that all of its clicks are gone.
    """
    erased = {at: names[at] for at, click in enumerate(clicks) if click.full_destination}
    wanted = {name for name in erased.values() if name is not None}
    known = named_rows.shared(db, wanted) if nobodys else {*named_rows.find(db, "links", wanted)}
    for at, name in erased.items():
        if name is not None and name not in known:
            names[at] = clicks[at].destination
