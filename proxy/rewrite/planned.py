"""A plan for one message, as a value: what is tracked, what is not, what changes, and rendering it.

Owns: the shape of a plan, and turning it into octets once tracked URLs are known.
Does not own: how a plan is made (`planner`), or where tracked URLs come from (`render`).
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import NamedTuple

from config.value_objects import value
from proxy.links.charsets import HtmlView
from proxy.links.html import Href
from proxy.links.labels import label
from proxy.message.editing import Body, Edit, splice
from proxy.policy.headers import NO_CAMPAIGN, SILENT, Campaign, Switches
from proxy.policy.reasons import Skip, Untouched
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.pixel import markup

CLIP_OCTETS = 102_000
"""Gmail shows no more of a message's HTML, and a link to the rest."""

Clipped = tuple[tuple[int, int], ...]
"""Of each part that mail programs clip by our doing its octets before and after."""


class PlannedLink(NamedTuple):
    """One tracked occurrence of a link.

    `number` counts from 1; a button and its twin for Outlook share one. `destination` is where the
    reader shall arrive, URL parameters included. `group` is the link's name in reports, `part` the part
    it stands in ("1.2"), `order` its place among all links. `url_octets` is the most that its tracked URL
    may have. `href` is where it stands in `view`, the part as it is read. `app` says that it is to open an
    app, `identified` that in a copy for one reader alone the destination is told who that is.
    `author_url` is the destination before parameters were added.
    """

    number: int
    destination: str
    group: str
    part: str
    order: int
    url_octets: int
    href: Href
    view: HtmlView
    app: bool = False
    identified: bool = False
    author_url: str = ""

    def __hash__(self) -> int:
        """By its place, as its part need not be read for that."""
        return hash((self.number, self.part, self.order))

    def __repr__(self) -> str:
        """Without its part, which is somebody's mail."""
        place = f"part={self.part!r}, order={self.order}"
        return f"PlannedLink(number={self.number}, destination={self.destination!r}, {place})"

    @property
    def text(self) -> str:
        """What people read on it, looked for at each time; a URL in plain text has no text besides."""
        return label(self.view.html, self.href, self.view.charset) if self.href.element else ""

    @property
    def original(self) -> str:
        """The value as it stands there, character references and all, one character an octet.

        Given back by `url_for`, nothing changes.
        """
        return self.view.html[self.href.start : self.href.end].decode("latin-1")

    def value(self, url: str) -> bytes:
        """Return what stands in the attribute for `url`; for where it leads anyway, the original."""
        leads_there = url == self.destination == self.author_url
        return (self.original if leads_there else url).encode("latin-1")


class SkippedLink(NamedTuple):
    """One http(s) link that is left as it stands, and why.

    `reason` is a name of `Skip`, or of `Untouched` for one that holds for the whole message.
    """

    destination: str
    reason: Skip | Untouched
    group: str
    part: str
    order: int


@value
class PartPlan:
    """What changes in one part; offsets into `view`, spans half open.

    `tracked` are the links whose values get a tracked URL, `literal` changes that are known already.
    `pixel` stands for the pixel that is inserted where its `href` is; None where there is none.
    """

    body: Body
    view: HtmlView
    tracked: tuple[PlannedLink, ...]
    literal: tuple[Edit, ...]
    pixel: PlannedLink | None = None

    def edits(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Return edits of the raw message."""
        return self.to_raw(self.changes(url_for))

    def changes(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Return edits of the view: those of tracked links, in their order, before all others."""
        changes = []
        for link in self.tracked:
            href, url = link.href, url_for(link)
            new = link.value(url) if url == link.destination else url.encode("latin-1")
            changes.append(Edit(href.start, href.end, new))
        if self.literal or self.pixel is not None:
            changes += (*self.literal, *self._pixel(url_for))
        return changes

    def to_raw(self, changes: Sequence[Edit]) -> list[Edit]:
        """Return what `changes` are in the raw message."""
        if self.literal or self.pixel is not None or self.view.runs:
            return self.body.to_raw(self.view.edits(changes))
        longer = [
            True
            for link, (_, _, new) in zip(self.tracked, changes, strict=True)
            if len(new) > link.url_octets
        ]
        return self.body.to_raw(changes, asked=not longer)

    def _pixel(self, url_for: Callable[[PlannedLink], str]) -> list[Edit]:
        """Insert it; it leads nowhere, and where that is told nothing is inserted."""
        if self.pixel is None:
            return []
        at, url = self.pixel.href.start, url_for(self.pixel)
        leads_nowhere = url in (self.pixel.destination, self.pixel.original)
        return [] if leads_nowhere else [Edit(at, at, markup(url))]

    def html_octets(self, url_for: Callable[[PlannedLink], str]) -> tuple[int, int]:
        """Return the size of the document before and after."""
        return self.sizes(self.changes(url_for))

    def sizes(self, changes: Sequence[Edit]) -> tuple[int, int]:
        """Return the size of the document before and after these changes."""
        before = len(self.view.html)
        return before, before + sum([len(new) - end + start for start, end, new in changes])


@value
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
        return self.written(url_for)[0]

    def written(self, url_for: Callable[[PlannedLink], str]) -> tuple[list[Edit], Clipped]:
        """Return the edits that `render` makes, and which parts mail programs clip by our doing."""
        edits: list[Edit] = []
        clipped = []
        for part in self.parts:
            changes = part.changes(url_for)
            edits += part.to_raw(changes)
            before, after = part.sizes(changes)
            if before <= CLIP_OCTETS < after:
                clipped.append((before, after))
        return edits, tuple(clipped)
