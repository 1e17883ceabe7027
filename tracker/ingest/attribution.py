"""Which link, campaign and person a click counts for.

Owns: finding the link that a click was on: by its number in its message, else by its destination.
Does not own: how a message's campaign and person are known (`counting`), when clicks are attributed
(`batch`), or what a destination is called that no message is known for (`tracker.urls.naming`).
"""

from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from tracker.ingest.counting import Click, Message
from tracker.store import named_rows
from tracker.store.reserved import PURGED, RESERVED_NAME
from tracker.urls.naming import Naming
from tracker.urls.params import without_written

Params = Mapping[tuple[int | None, int], frozenset[str]]
"""Parameters that are no part of a link's name, by set of links and number."""


def attribute(db: Database, clicks: Sequence[tuple[Message, Click]], naming: Naming) -> None:
    """Count clicks under what their messages say now; links that are new get rows.

    `naming` says what links are called whose message is not known.
    """
    sets = {message.link_set_id for message, _ in clicks if message.link_set_id is not None}
    groups = named_rows.numbered_links(db, sets)
    ignored = named_rows.ignored_params(db, sets)
    names = {
        click.id: _name(message, click, ignored, naming)
        for message, click in clicks
        if (message.link_set_id, click.made.link) not in groups
    }
    names |= _hosts_alone(db, [click for _, click in clicks if click.full_destination], names)
    links = named_rows.ids(db, "links", set(names.values()))
    for message, click in clicks:
        name = names.get(click.id)
        click.attribute(
            message, groups[message.link_set_id, click.made.link] if name is None else links[name]
        )


def _name(message: Message, click: Click, ignored: Params, naming: Naming) -> str:
    """Return the name of a link without a group."""
    destination = click.full_destination or click.destination
    if message.campaign_id == PURGED:
        return RESERVED_NAME
    if message.link_set_id is None:
        return naming.name(destination)
    return without_written(destination, ignored.get((message.link_set_id, click.made.link), ()))


def _hosts_alone(db: Database, erased: Sequence[Click], names: Mapping[int, str]) -> dict[int, str]:
    """Return what is left of the names of links of the forgotten that the store does not have.

    Such a link may have been theirs alone; one that the store has is somebody else's as well.
    """
    unnamed = [click for click in erased if click.id in names]
    known = named_rows.find(db, "links", {names[click.id] for click in unnamed})
    return {click.id: click.destination for click in unnamed if names[click.id] not in known}
