"""Figures of clicks: what a report says of everything, a campaign or a link, and in which form.

Owns: what is counted, the click rate, and the JSON and rows of a report.
Does not own: where the figures come from (`summary`, `period`), what campaigns and links are called
(`names`), or how a report is printed for people (`tracker.cli.printing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tracker.reports.names import Name
from tracker.store.reserved import DAY_S
from tracker.store.rows.clicked_by import Counts

Json = dict[str, Any]

COLUMNS = (
    *("of", "campaign", "link", "url", "text", "messages", "deliveries", "clicked_deliveries"),
    *("clicks_human", "clicks_doubtful", "clicks_all", "unique_clickers_human"),
    *("unique_clickers_doubtful", "unique_clickers_all", "click_rate"),
    *("shared_messages", "shared_recipients", "shared_clicks", "purged_campaign", "purged_link"),
)
"""Of a report as rows. The last two are true where the campaign or the link is called `(purged)` by
us; an author may call one so as well."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was sent and what was clicked, for everything, a campaign or a link.

    A delivery is a copy for one recipient, `clicked` those with a human click. `human` includes
    `doubtful`, `all` the clicks of machines. Of a unique doubtful clicker every human click is doubtful.
    Copies that several recipients share are no deliveries; `shared_…` counts them and the clicks on them.
    """

    messages: int = 0
    deliveries: int = 0
    clicked: int = 0
    clicks_human: int = 0
    clicks_doubtful: int = 0
    clicks_all: int = 0
    unique_human: int = 0
    unique_doubtful: int = 0
    unique_all: int = 0
    shared_messages: int = 0
    shared_recipients: int = 0
    clicks_shared: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def click_rate(self) -> float | None:
        """Deliveries with a human click among all deliveries, 0 to 1; None where there are none."""
        return self.clicked / self.deliveries if self.deliveries else None

    @property
    def clicks_machine(self) -> int:
        """Clicks that are a machine's."""
        return self.clicks_all - self.clicks_human

    def of_people(self, people: Counts) -> "Figures":
        """Return the same figures, with how many people clicked."""
        return replace(
            self,
            unique_human=people.human,
            unique_doubtful=people.doubtful,
            unique_all=people.all,
        )

    def clicks_json(self) -> Json:
        """Return the figures that links have as well, as JSON."""
        return {
            "clicks": {
                "human": self.clicks_human,
                "doubtful": self.clicks_doubtful,
                "all": self.clicks_all,
            },
            "unique_clickers": {
                "human": self.unique_human,
                "doubtful": self.unique_doubtful,
                "all": self.unique_all,
            },
        }

    def json(self) -> Json:
        """Return all figures as JSON."""
        return {
            "messages": self.messages,
            "deliveries": self.deliveries,
            "clicked_deliveries": self.clicked,
            **self.clicks_json(),
            "click_rate": self.click_rate,
            "shared": {
                "messages": self.shared_messages,
                "recipients": self.shared_recipients,
                "clicks": self.clicks_shared,
            },
        }

    def columns(self) -> Json:
        """Return all figures as columns of a row."""
        return {
            "messages": self.messages,
            "deliveries": self.deliveries,
            "clicked_deliveries": self.clicked,
            **self.click_columns(),
            "click_rate": self.click_rate,
            "shared_messages": self.shared_messages,
            "shared_recipients": self.shared_recipients,
            "shared_clicks": self.clicks_shared,
        }

    def click_columns(self) -> Json:
        """Return the figures that links have as well, as columns of a row."""
        return {
            "clicks_human": self.clicks_human,
            "clicks_doubtful": self.clicks_doubtful,
            "clicks_all": self.clicks_all,
            "unique_clickers_human": self.unique_human,
            "unique_clickers_doubtful": self.unique_doubtful,
            "unique_clickers_all": self.unique_all,
        }


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """A campaign, None for messages without one, and its figures.

    `purged_campaign`: it is ours, for clicks on purged messages, whatever authors call theirs. `id` is
    its row, by which URLs name it.
    """

    campaign: str | None
    figures: Figures
    purged_campaign: bool = False
    id: int = field(default=0, compare=False)

    @property
    def name(self) -> Name:
        """Its name."""
        return Name(self.campaign, self.purged_campaign)

    def names_json(self) -> Json:
        """Return what names it."""
        mark = {"purged_campaign": True} if self.purged_campaign else {}
        return {"campaign": self.campaign, **mark}


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """A link: its name in reports (group, else URL), a URL, the text that people see, its figures.

    `purged_link`: it is ours, for clicks on links that are purged. `id` is its row, by which URLs name it.
    """

    link: str
    url: str
    text: str
    figures: Figures
    purged_link: bool = False
    id: int = field(default=0, compare=False)

    @property
    def name(self) -> Name:
        """Its name."""
        return Name(self.link, self.purged_link)

    def names_json(self) -> Json:
        """Return what names it."""
        mark = {"purged_link": True} if self.purged_link else {}
        return {"link": self.link, "url": self.url, "text": self.text, **mark}

    def without_example(self) -> "LinkFigures":
        """Return it without the URL of one that somebody named: that may be one reader's own."""
        return self if self.url == self.link else replace(self, url="")


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The clicks that were made on one day (UTC), which is given in days since 1970."""

    day: int
    figures: Figures

    @property
    def date(self) -> str:
        """The day, as in ISO 8601."""
        return datetime.fromtimestamp(self.day * DAY_S, UTC).date().isoformat()

    def json(self) -> Json:
        """Return the day and its clicks."""
        return {"day": self.date, "clicks": self.figures.clicks_json()["clicks"]}


DOUBTFUL = "Human clicks that are doubtful: {}; people of whom every click is: {}"
SHARED = (
    "Copies that several recipients share are in no click rate, as nobody knows who clicked: "
    "{} messages to {} recipients, {} clicks"
)
MANY_CAMPAIGNS = 20
NEARLY_ALL = 0.8
SCATTERED = (
    "{} of {} campaigns are of one message: name campaigns with the header X-Track-Campaign "
    "(`waypost explain FILE` shows where a message's comes from)"
)
UNKNOWN = "Messages in no figure, as nobody knows whether the relay took them: {}"


def scattered(of_one: int, campaigns: int) -> Iterator[str]:
    """Yield a sentence where nearly all campaigns are of one message: they lack a name."""
    if campaigns >= MANY_CAMPAIGNS and of_one >= NEARLY_ALL * campaigns:
        yield SCATTERED.format(of_one, campaigns)


@dataclass(frozen=True, slots=True)
class Report:
    """Figures in total, by campaign and by link, the most clicked first; clicks by day.

    `links` are the most clicked of `links_total`, over all campaigns that the report is of.
    `unknown_messages` are in no figure: nobody knows whether the relay took them.
    """

    totals: Figures
    campaigns: tuple[CampaignFigures, ...]
    links: tuple[LinkFigures, ...]
    links_total: int = 0
    days: tuple[DayFigures, ...] = ()
    unknown_messages: int = 0

    def notes(self) -> Iterator[str]:
        """Yield sentences, without full stops, on what the figures of people do not show."""
        totals = self.totals
        if totals.clicks_doubtful:
            yield DOUBTFUL.format(totals.clicks_doubtful, totals.unique_doubtful)
        if totals.shared_messages:
            yield SHARED.format(
                totals.shared_messages, totals.shared_recipients, totals.clicks_shared
            )
        if self.unknown_messages:
            yield UNKNOWN.format(self.unknown_messages)
        of_one = sum(each.figures.messages == 1 for each in self.campaigns)
        yield from scattered(of_one, len(self.campaigns))

    def json(self) -> Json:
        """Return the report as `waypost report --json` prints it."""
        return {
            "totals": self.totals.json(),
            "campaigns": [{**each.names_json(), **each.figures.json()} for each in self.campaigns],
            "links": [{**each.names_json(), **each.figures.clicks_json()} for each in self.links],
            "links_total": self.links_total,
            "days": [each.json() for each in self.days],
            "unknown_messages": self.unknown_messages,
        }

    def rows(self) -> Iterator[Json]:
        """Yield the report as rows of COLUMNS: the total, campaigns, links."""
        empty = dict.fromkeys(COLUMNS)
        yield {**empty, "of": "total", **self.totals.columns()}
        for campaign in self.campaigns:
            about = {"of": "campaign", **campaign.names_json()}
            yield {**empty, **about, **campaign.figures.columns()}
        for link in self.links:
            yield {**empty, "of": "link", **link.names_json(), **link.figures.click_columns()}
