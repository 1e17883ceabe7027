"""Which clicks are asked for: of a campaign, a link, a person or a message, a label, a rule, a period.

Owns: what may be asked, and the rows of the store that it means.
Does not own: finding the clicks (`page`), or how a filter is written in a URL (`tracker.pages`,
`tracker.api`).
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from tracker.details import lookup
from tracker.judging.rules import BY_NAME
from tracker.reports import known
from tracker.reports.known import Unknown
from tracker.reports.period import Period
from tracker.sql.db import Db
from tracker.store.keys import MessageKey, is_message_id
from tracker.store.rows import named_rows

Label = Literal["human", "doubtful", "machine"]
"""What a click was judged to be, as in figures: a human's may be doubtful."""
LABELS: tuple[Label, ...] = get_args(Label)

_IS: dict[Label, str] = {
    "human": "human = 1",
    "doubtful": "human = 1 AND doubtful = 1",
    "machine": "human = 0",
}
_VERDICTS = "SELECT id, reasons FROM verdicts WHERE {}"
_CAMPAIGN = "SELECT 1 FROM campaigns WHERE id = :campaign"
_LINK = """
    SELECT id FROM links WHERE id = :link
    UNION ALL SELECT leads_to FROM link_aliases WHERE link_id = :link
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What clicks are to be; None: whatever it is. The period is that in which messages were sent.

    Campaign and link are numbers of their rows, the person an address or an id of the application's,
    the rule a name without a version, the message its id.
    """

    campaign: int | None = None
    link: int | None = None
    person: str | None = None
    label: Label | None = None
    rule: str | None = None
    period: Period = field(default_factory=Period)
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The same, as rows of the store. `verdicts` are rows of these, None: all of them.

    `names` are all names and addresses of one person, `persons` the rows of those who are called so.
    """

    period: Period
    campaign: int | None = None
    link: int | None = None
    verdicts: tuple[int, ...] | None = None
    names: tuple[str, ...] = ()
    persons: tuple[int, ...] = ()
    message: MessageKey | None = None

    @classmethod
    def of(cls, db: Db, asked: Filter) -> "Wanted":
        """Find what a filter means; raises Unknown where the store knows no such thing."""
        names = known.person(db, asked.person) if asked.person is not None else []
        return cls(
            asked.period,
            _campaign(db, asked.campaign),
            link_row(db, asked.link),
            _verdicts(db, asked),
            tuple(names),
            tuple(named_rows.find(db, "persons", names).values()),
            message=message_key(db, asked.message),
        )


def _campaign(db: Db, campaign: int | None) -> int | None:
    if campaign is not None and not db.execute(_CAMPAIGN, {"campaign": campaign}).fetchone():
        raise Unknown("campaign", str(campaign), ())
    return campaign


def link_row(db: Db, link: int | None) -> int | None:
    """Return the number under which the clicks of a link count now; raises Unknown."""
    if link is None:
        return None
    found = db.execute(_LINK, {"link": link}).fetchone()
    if found is None:
        raise Unknown("link", str(link), ())
    return int(found[0])


def message_key(db: Db, message: str | None) -> MessageKey | None:
    """Return the key of a message that is given by its id; raises Unknown.

    Ids are random, so that no two messages share one; were there two, it is the latest.
    """
    if message is None:
        return None
    found = lookup.find(db, message) if is_message_id(message) else []
    if not found:
        raise Unknown("message", message, ())
    return found[0]


def _verdicts(db: Db, asked: Filter) -> tuple[int, ...] | None:
    """Return the verdicts with a label and a rule; there are not many."""
    if asked.label is None and asked.rule is None:
        return None
    rows = db.execute(_VERDICTS.format(_IS[asked.label] if asked.label else "TRUE")).fetchall()
    if asked.rule is None:
        return tuple(row for row, _ in rows)
    found = tuple(row for row, reasons in rows if asked.rule in rules_of(reasons))
    if not found and asked.rule not in BY_NAME:
        raise Unknown("rule", asked.rule, ())
    return found


def rules_of(reasons: str) -> set[str]:
    """Return the names of the rules by which a click was judged, of whatever version."""
    return {reason.partition("/")[0] for reason in reasons.split()}
