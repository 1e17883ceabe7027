"""A plan for one message, as a value: what is tracked, what is not, what changes, and rendering it.

Owns: the shape of a plan, and turning it into octets once tracked URLs are known.
Does not own: how a plan is made (`planner`), or where tracked URLs come from (`render`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.links.charsets import HtmlView
from proxy.message.editing import Body, Edit, splice
from proxy.policy.headers import NO_CAMPAIGN, SILENT, Campaign, Switches
from proxy.policy.reasons import Skip, Untouched
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.pixel import markup

CLIP_OCTETS = 102_000
"""Gmail shows no more of a message's HTML, and a link to the rest."""


class PlannedLink(NamedTuple):
    """One tracked occurrence of a link.

    `number` counts from 1; a button and its twin for Outlook share one. `destination` is where the
    reader shall arrive, URL parameters included. `group` is the link's name in reports, `text` what
    readers see, `part` the part it stands in ("1.2"), `order` its place among all links. `original`
    is the value as it stands there, character references and all, one character an octet: given
    back by `url_for`, nothing changes. `url_octets` is the most that its tracked URL may have.
    `app` says that it is to open an app, `identified` that in a copy for one reader alone the
    destination is told who that is. `author_url` is the destination before parameters were added.
    """

    number: int
    destination: str
    group: str
    text: str
    part: str
    order: int
    original: str
    url_octets: int
    app: bool = False
    identified: bool = False
    author_url: str = ""

    def value(self, url: str) -> bytes:
        """Return what stands in the attribute for `url`; for where it leads anyway, the original."""
        unchanged = url == self.destination == self.author_url
        return (self.original if unchanged else url).encode("latin-1")


class SkippedLink(NamedTuple):
    """One http(s) link that is left as it stands, and why.

    `reason` is a name of `Skip`, or of `Untouched` for one that holds for the whole message.
    """

    destination: str
    reason: Skip | Untouched
    group: str
    part: str
    order: int


@dataclass(frozen=True, slots=True)
class PartPlan:
    """What changes in one part; offsets into `view`, spans half open.

    `tracked` are the values that get a tracked URL, `literal` changes that are known already.
    `pixel` is where a pixel is inserted, and what stands for its URL; None where there is none.
    """

    body: Body
    view: HtmlView
    tracked: tuple[tuple[int, int, PlannedLink], ...]
    literal: tuple[Edit, ...]
    pixel: tuple[int, PlannedLink] | None = None

    def edits(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Return edits of the raw message."""
        tracked, asked = [], not self.literal and self.pixel is None and not self.view.runs
        for start, end, link in self.tracked:
            value = link.value(url_for(link))
            asked = asked and len(value) <= link.url_octets
            tracked.append(Edit(start, end, value))
        edits = self.view.edits([*tracked, *self.literal, *self._pixel(url_for)])
        return self.body.to_raw(edits, asked=asked)

    def _pixel(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Insert it; it leads nowhere, and where that is told nothing is inserted."""
        if self.pixel is None:
            return []
        at, link = self.pixel
        url = url_for(link)
        return [] if url in (link.destination, link.original) else [Edit(at, at, markup(url))]

    def html_octets(self, url_for: Callable[[PlannedLink], str]) -> tuple[int, int]:
        """Return the size of the document before and after."""
        before = len(self.view.html)
        tracked = sum(len(url_for(link)) - (end - start) for start, end, link in self.tracked)
        literal = sum(len(new) - (end - start) for start, end, new in self.literal)
        pixel = sum(len(new) for _, _, new in self._pixel(url_for))
        return before, before + tracked + literal + pixel


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with the message `raw`.

    `untouched` says why it stays as it is as a whole, or is None. `asked` is what its headers
    say, `counts_for` its campaign. `failure` is the fault of ours that ended planning, `diagnosis`
    what in the message is behind `untouched`.
    """

    raw: bytes = field(repr=False)
    untouched: Untouched | None = None
    links: tuple[PlannedLink, ...] = ()
    skipped: tuple[SkippedLink, ...] = ()
    asked: Switches = SILENT
    counts_for: Campaign = NO_CAMPAIGN
    failure: Exception | None = None
    diagnosis: Diagnosis | None = field(default=None, compare=False)
    parts: tuple[PartPlan, ...] = field(default=(), repr=False, compare=False)

    @property
    def campaign(self) -> str | None:
        """The name of its campaign in reports."""
        return self.counts_for.name

    @property
    def has_pixel(self) -> bool:
        """Whether a pixel is inserted, which `links` does not count."""
        return any(part.pixel is not None for part in self.parts)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Every span of `raw` that changes, in order, tracked and literal.

        Only `render` knows tracked URLs: here as many octets as they may have at most stand for
        them.
        """
        return tuple(sorted(self.changes(lambda link: "x" * link.url_octets)))

    def render(self, url_for: Callable[[PlannedLink], str]) -> bytes:
        """Return the message with `url_for(link)` in the place of each tracked link.

        Where it gives the link's own destination, the original octets stay, however they were
        written. All else stands in an attribute as it is, so it has to be free of quotes, white
        space and ambiguous ampersands, and no longer than the link's `url_octets`; ValueError
        for a longer one that does not fit. The header block stays (but for the
        Content-Transfer-Encoding of what is encoded anew), and where nothing changes the original
        object is returned.
        """
        edits = self.changes(url_for)
        return splice(self.raw, edits) if edits else self.raw

    def changes(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Return the edits that `render` makes."""
        return [edit for part in self.parts for edit in part.edits(url_for)]
