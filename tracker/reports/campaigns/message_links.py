"""How the links of one message did in its campaign, whoever else got them.

Owns: under which name each counts there, and their figures.
Does not own: finding links in a message (`proxy.rewrite`), all links of a campaign (`tracker.reports.links`),
or what is each reader's own (`tracker.urls.slots`).
"""

from collections.abc import Sequence

from tracker.counting.links.personal_links import Slots
from tracker.events import SentLink
from tracker.reports import names
from tracker.reports.figures import Figures, LinkFigures
from tracker.sql.db import Db
from tracker.urls.slots import placed

_NAMED = """
    SELECT links.id, links.name, links.url, links.text, clicks_human, clicks_doubtful, clicks_all,
        clicks_shared, unique_human, unique_doubtful, unique_all
    FROM links CROSS JOIN counters ON counters.day = 0 AND counters.campaign_id = :campaign
        AND counters.link_id = links.id
    WHERE links.name IN (:names)
"""


def message_links(db: Db, campaign: str, sent: Sequence[SentLink]) -> dict[int, LinkFigures]:
    """Return the link of a campaign that each link of a message is, by its number in the message.

    A link that nobody clicked has figures of 0, also where the campaign never had it.
    """
    row = names.scope(db, campaign)
    called = _names(db, row, sent)
    found = _figures(db, row, set(called.values()))
    return {
        link.number: found.get(called[link.number])
        or LinkFigures(called[link.number], link.url, link.text, Figures())
        for link in sent
    }


def _names(db: Db, campaign: int, sent: Sequence[SentLink]) -> dict[int, str]:
    """Return the name of each link in reports, by its number: its group, else its URL less what is the reader's."""
    known, slots = Slots(db), {each.number: each.slot for each in placed(sent)}
    known.load(campaign, set(slots.values()))
    called = {}
    for link in sent:
        own = known.name(campaign, slots.get(link.number, b""), link.url)
        called[link.number] = link.group or (own.name if own else link.url)
    return called


def _figures(db: Db, campaign: int, called: set[str]) -> dict[str, LinkFigures]:
    values = {"names": sorted(called), "campaign": campaign}
    found = {}
    for row, name, url, text, *figures in db.execute(_NAMED, values):
        counted = Figures(**dict(zip(_COUNTED, figures, strict=True)))
        found[name] = LinkFigures(name, url or name, text or "", counted, id=row)
    return found


_COUNTED = (
    *("clicks_human", "clicks_doubtful", "clicks_all", "clicks_shared"),
    *("unique_human", "unique_doubtful", "unique_all"),
)
