"""Going through the parts of a message for its plan.

Owns: for each link of each part the one decision, of what is wanted (`proxy.policy.decide`) and
what the octets allow (`proxy.message.bodies.body`, `proxy.links.charsets`); the numbers of tracked links;
limits on how many there may be.
Does not own: finding links (`candidates`), whether the message may be changed at all (`planner`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from proxy.links import charsets
from proxy.links.charsets import HtmlView
from proxy.message.armour import protection
from proxy.message.bodies.body import IdentityBody
from proxy.message.bodies.reencoded import ReencodedBody
from proxy.message.editing import Body, Change, Edit, Message, Obstacle, Part, decode
from proxy.message.editing import Skip as PartSkip
from proxy.policy.decide import MessageFacts
from proxy.policy.headers import Switches
from proxy.policy.reasons import AUTHORS, Skip, Untouched
from proxy.policy.settings import Policy
from proxy.rewrite import pixel
from proxy.rewrite.candidates import FoundLink, bare, in_html, in_text
from proxy.rewrite.planned import PartPlan, PlannedLink, SkippedLink
from proxy.smtp.octets import has_long_line
from tracker.tokens import APP_PATH, PATH, PIXEL_NUMBER
from tracker.urls.params import inserted

MAX_LINKS = 10_000
"""Tracked in one message; real ones stay below 1,000. More would hold up other sessions."""

_ASKED_OFF = frozenset({Untouched.TRACKING_OFF, Untouched.OFF_BY_DEFAULT})
OFF = _ASKED_OFF | {Untouched.DISABLED}
"""Reasons with which `params_when_off` still adds URL parameters."""

_OBSTACLES = {
    Obstacle.MALFORMED: Skip.MALFORMED_ENCODING,
    Obstacle.LONG_LINE: Skip.LONG_LINE,
}
_APP_OCTETS = len(APP_PATH) - len(PATH)
"""By how many the URL of a link that opens an app is longer."""
_PART_SKIPS = {reason: Skip[reason.name] for reason in PartSkip}


class PartPlanner:
    """One pass over the parts of a message, gathering its links."""

    def __init__(
        self,
        message: Message,
        policy: Policy,
        facts: MessageFacts,
        untouched: Untouched | None,
        asked: Switches,
    ) -> None:
        self.message = message
        self.policy = policy
        self.facts = facts
        self.untouched = untouched
        self.asked = asked
        self.numbers = Numbers()
        self.links: list[PlannedLink] = []
        self.skipped: list[SkippedLink] = []
        self.opted_out: dict[str, Skip] = {}
        self.growth_octets = 0
        self.wants_pixel = policy.opens and asked.opens is not False

    def nothing_to_do(self) -> Untouched:
        """Return why a message without changes stays as it is."""
        return Untouched.ALL_SKIPPED if self.skipped else Untouched.NO_LINKS

    def parts(self) -> Iterator[PartPlan]:
        """Plan part after part, and yield those that change.

        HTML comes first: what its author opted out there is opted out in plain text too.
        """
        kinds = ("text/html", "text/plain") if self.policy.plain_text else ("text/html",)
        for kind in kinds:
            for part in self.message.parts:
                if part.content_type == kind and (planned := self._part(part)):
                    yield planned

    def _part(self, part: Part) -> PartPlan | None:
        body = decode(self.message, part)
        view = charsets.view(body.octets, part.charset)
        kept = _kept(part, view)
        whole = self._whole(part, kept)
        found = self._find(part, view or HtmlView(body.octets, "latin-1", "ascii"))
        if view is None or not (whole is None or (kept is None and self._only_params(whole))):
            for each in found:
                reason = _reason(each.decision.skip, whole)
                self._skip(each, reason or Untouched.ALL_SKIPPED, part)
            return None
        wanted = self._wanted(found, whole, view)
        if whole is None and (pixel_at := self._pixel_place(part, view)) is not None:
            wanted.append(Wanted(None, None, [Change(pixel_at, pixel_at, self._pixel_octets())]))
        return self._edited(part, body, view, wanted)

    def _find(self, part: Part, view: HtmlView) -> list[FoundLink]:
        if part.content_type == "text/html":
            return in_html(view, self.policy, self.facts)
        return in_text(view, part.params, self.policy, self.facts, self.opted_out)

    def _whole(self, part: Part, kept: Skip | None) -> Skip | Untouched | None:
        """Return why no link of the part is tracked, or None; `kept` is why no octet of it may change."""
        if self.untouched is not None:
            return self.untouched
        if kept is not None:
            return kept
        is_html = part.content_type == "text/html"
        switch = self.asked.html if is_html else self.asked.text
        return Untouched.TRACKING_OFF if switch is False else None

    def _only_params(self, whole: Skip | Untouched) -> bool:
        return self.policy.params_when_off and bool(self.facts.params) and whole in OFF

    def _edited(
        self, part: Part, body: Body, view: HtmlView, wanted: list["Wanted"]
    ) -> PartPlan | None:
        """Keep of what is wanted what the octets allow."""
        _ask(body, view, wanted)
        if self.policy.octets_to is not None and _has_long_line(wanted):
            _ask(body, view, [self._closer(each, self.policy.octets_to) for each in wanted])
        if (again := self._reencoded(part, body, wanted)) is None:
            return self._sorted_out(part, body, view, wanted)
        _ask(again, view, _afresh(wanted))
        planned = self._sorted_out(part, again, view, wanted)
        self.growth_octets += again.growth_octets() if planned else 0
        return planned

    def _wanted(
        self, found: Iterable[FoundLink], whole: Skip | Untouched | None, view: HtmlView
    ) -> list["Wanted"]:
        """Return what is wanted of each link: a tracked URL, or what changes where it has none."""
        wanted, worst_octets = [], self.policy.worst_octets
        for each in found:
            href, destination, (own, _, params, app, id_octets), _ = each
            reason = own if whole is None else _reason(own, whole)
            if reason is None:
                octets = worst_octets(len(destination) + len(params) + id_octets)
                octets += _APP_OCTETS if app else 0
                wanted.append(Wanted(each, None, (Change(href.start, href.end, octets),)))
            else:
                literal = [Change(start, end, len(new)) for start, end, new in each.literal(view)]
                wanted.append(Wanted(each, reason, literal))
        return wanted

    def _reencoded(
        self, part: Part, body: Body, wanted: Sequence["Wanted"]
    ) -> ReencodedBody | None:
        """Return the body as one that is encoded anew, where its lines are too long for a tracked link."""
        tracks = any(each.link is not None and each.decided is None for each in wanted)
        if not (self.policy.reencodes and tracks and isinstance(body, IdentityBody)):
            return None
        is_mime = bool(self.message.values(b"mime-version"))
        is_long = _has_long_line(wanted) or has_long_line(body.octets)
        if not (part.headers and is_mime and is_long):
            return None
        return ReencodedBody(body.octets, part.body_start, part.body_end, part.headers)

    def _closer(self, each: "Wanted", octets_to: Callable[[str, int], int]) -> "Wanted":
        """Return what is wanted, with the octets that a link to this very destination may have.

        What becomes of an id in it is not known yet.
        """
        each.refused = None
        if each.link is not None and each.decided is None and not each.link.decision.id_octets:
            found = each.link
            octets = octets_to(inserted(found.destination, found.decision.params), MAX_LINKS)
            more = _APP_OCTETS if found.decision.app else 0
            each.changes = [Change(found.href.start, found.href.end, octets + more)]
        return each

    def _sorted_out(
        self, part: Part, body: Body, view: HtmlView, wanted: Sequence["Wanted"]
    ) -> PartPlan | None:
        """Sort what is wanted into links that are tracked and links that are left alone."""
        tracked: list[PlannedLink] = []
        literal: list[Edit] = []
        placed, links = None, self.links
        for each in wanted:
            found = each.link
            if found is None:
                placed = None if each.refused else self._pixel(part, view, each.changes[0].start)
            elif (reason := each.decided or each.refused) is None and len(links) < MAX_LINKS:
                link = self._link(found, part.path, view, each.changes[0].octets)
                links.append(link)
                tracked.append(link)
            else:
                reason = reason or Skip.TOO_MANY_LINKS
                self._skip(found, reason, part)
                literal += found.literal(view) if each.decided and not each.refused else ()
        if not tracked and not literal and placed is None:
            return None
        return PartPlan(body, view, tuple(tracked), tuple(literal), placed)

    def _pixel_place(self, part: Part, view: HtmlView) -> int | None:
        """Return where the message's one pixel goes, if it goes into this part."""
        return pixel.place(view) if self.wants_pixel and part.content_type == "text/html" else None

    def _pixel_octets(self) -> int:
        return pixel.octets(self.policy.worst_octets(len(self.policy.base_urls[0])))

    def _pixel(self, part: Part, view: HtmlView, at: int) -> PlannedLink:
        self.wants_pixel = False
        self.growth_octets += self._pixel_octets()
        home = self.policy.base_urls[0]
        octets = self.policy.worst_octets(len(home))
        place = bare(at, at, "")
        return PlannedLink(PIXEL_NUMBER, home, "", part.path, self._order(), octets, place, view)

    def _skip(self, each: FoundLink, reason: Skip | Untouched, part: Part) -> None:
        group, order = each.decision.group, self._order()
        self.skipped.append(SkippedLink(each.destination, reason, group, part.path, order))
        if isinstance(reason, Skip) and reason in AUTHORS:
            self.opted_out[each.destination] = reason

    def _order(self) -> int:
        return len(self.links) + len(self.skipped)

    def _link(self, each: FoundLink, path: str, view: HtmlView, url_octets: int) -> PlannedLink:
        href, author_url, (_, group, params, app, id_octets), _ = each
        self.growth_octets += url_octets - (href.end - href.start)
        return PlannedLink(  # by place: names take three times as long
            self.numbers.give(author_url, is_vml=href.element.startswith("v:")),
            inserted(author_url, params) if params else author_url,
            group,
            path,
            len(self.links) + len(self.skipped),
            url_octets,
            href,
            view,
            app,
            id_octets > 0,
            author_url,
        )


@dataclass(slots=True)
class Wanted:
    """What is wanted in one place: a link that was found, or the pixel where `link` is None.

    `decided` is why the link is left alone whatever the octets allow; its `changes` only add URL
    parameters then. `refused` is what stands against the changes.
    """

    link: FoundLink | None
    decided: Skip | Untouched | None
    changes: Sequence[Change]
    refused: Skip | None = None


def _kept(part: Part, view: HtmlView | None) -> Skip | None:
    """Return why no octet of a part may change, whatever is wanted of it; or None."""
    if part.skip is not None:
        return _PART_SKIPS[part.skip]
    if view is None:
        return Skip.CHARSET
    protected = protection(view.html)
    return None if protected is None else _PART_SKIPS[protected]


def _ask(body: Body, view: HtmlView, wanted: Sequence[Wanted]) -> None:
    """Ask the body whether it can bear the changes, all at once and in the order of the octets."""
    changes = sorted([change for each in wanted for change in each.changes])
    obstacles = body.obstacles(view.changes(changes))
    if any(obstacles):
        pairs = sorted(
            [(change, each) for each in wanted for change in each.changes], key=_change_of
        )
        for (_, each), obstacle in zip(pairs, obstacles, strict=True):
            if obstacle is not None:
                each.refused = _OBSTACLES[obstacle]


_change_of = itemgetter(0)


def _has_long_line(wanted: Sequence[Wanted]) -> bool:
    return any(each.refused is Skip.LONG_LINE for each in wanted)


def _afresh(wanted: Sequence[Wanted]) -> Sequence[Wanted]:
    for each in wanted:
        each.refused = None
    return wanted


def _reason(own: Skip | None, whole: Skip | Untouched | None) -> Skip | Untouched | None:
    """Return one reason: a link's own opt-out goes before the message's, after a final one."""
    return (own or whole) if whole in _ASKED_OFF else (whole or own)


class Numbers:
    """Numbers for tracked links, from 1 on; a button and its twin for Outlook share one.

    The twin is an element of VML (`v:roundrect`) with the same destination, and stands before or
    after its anchor, with no other link that both might belong to between them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._vml: dict[str, int] = {}  # waiting for their anchors
        self._single: tuple[str, int] = ("", 0)  # the last anchor, if it has no twin yet

    def give(self, url: str, *, is_vml: bool) -> int:
        """Return the number of the next tracked link."""
        if is_vml:
            if self._single[0] == url:
                return self._single[1]
            if url not in self._vml:
                self._vml[url] = self._new()
            return self._vml[url]
        if self._vml:
            if url in self._vml:
                self._single = ("", 0)
                return self._vml.pop(url)
            self._vml.clear()
        self._single = (url, self._new())
        return self._single[1]

    def _new(self) -> int:
        self._count += 1
        return self._count
