"""The plan for one message: which links are tracked, which are not and why, and what changes.

Owns: putting together what the message is (`message`, `charsets`), what is wanted (`policy`) and
what its octets allow.
Does not own: the shape of a plan and rendering it (`plan`), the links of one part (`candidates`),
tracked URLs, headers and signatures (`transform`), or any single rule.

What must be true, and is tested: outside of `Plan.edits` every octet of the message stays; the
header block stays; a plan that changes nothing renders to the very object it was made from;
`plan` raises for no input whatsoever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from proxy import charsets
from proxy.candidates import Candidate, candidates
from proxy.charsets import HtmlView
from proxy.html import label
from proxy.message import Body, Change, Edit, Message, Obstacle, Part, decode, parse
from proxy.message import Skip as PartSkip
from proxy.plan import PartPlan, Plan, PlannedLink, SkippedLink
from proxy.policy.decide import MessageFacts
from proxy.policy.gate import veto
from proxy.policy.headers import campaign, switches, unsubscribe_urls
from proxy.policy.params import filled
from proxy.policy.reasons import Skip, Untouched
from proxy.policy.settings import Policy
from proxy.policy.switches import Consent, Switches, verdict

__all__ = ["Plan", "PlannedLink", "SkippedLink", "plan", "plan_message"]

MAX_LINKS = 10_000
"""Tracked in one message; real ones stay below 1,000. More would hold up other sessions."""

_OFF = frozenset({Untouched.TRACKING_OFF, Untouched.OFF_BY_DEFAULT})
"""Reasons with which `params_when_off` still adds URL parameters."""

_OBSTACLES = {
    Obstacle.MALFORMED: Skip.MALFORMED_ENCODING,
    Obstacle.LONG_LINE: Skip.LONG_LINE,
}
_PART_SKIPS = {reason: Skip[reason.name] for reason in PartSkip}


def plan(message: bytes, policy: Policy) -> Plan:
    """Decide what is to be done with `message`. Never raises; a fault of ours leaves it untouched."""
    try:
        return plan_message(parse(message), policy)
    except Exception as failure:  # noqa: BLE001 - promise 3: mail passes, whatever is wrong with us
        return Plan(message, Untouched.PLAN_FAILED, failure=failure)


def plan_message(message: Message, policy: Policy) -> Plan:
    """Do what `plan` does for a message that is parsed already; may raise for a fault of ours."""
    asked = switches(message, policy)
    untouched = _untouched(message, policy, asked)
    name = campaign(message, policy, asked)
    adds = policy.url_params and asked.params is not False
    adds = adds and (untouched is None or (policy.params_when_off and untouched in _OFF))
    facts = MessageFacts(
        unsubscribe=unsubscribe_urls(message),
        params=filled(policy.url_params, name) if adds else (),
    )
    scan = _Scan(message, policy, facts, untouched, asked)
    parts = tuple(scan.parts())
    if policy.max_growth is not None and scan.growth_octets > policy.max_growth:
        return plan_message(message, replace(policy, veto=Untouched.MAX_GROWTH, url_params=()))
    return Plan(
        message.raw,
        None if parts else (untouched or scan.nothing_to_do()),
        tuple(scan.links),
        tuple(scan.skipped),
        asked,
        name,
        parts=parts,
    )


def _untouched(message: Message, policy: Policy, asked: Switches) -> Untouched | None:
    if not policy.enabled:
        return Untouched.DISABLED
    if reason := policy.veto or veto(message, policy):
        return reason
    if asked.consent is Consent.NONE:
        return Untouched.CONSENT_NONE
    return verdict(switch=_switch(policy, asked), default=policy.default)


def _switch(policy: Policy, asked: Switches) -> bool | None:
    """Give the switch of the whole message: off only where no kind of part is left."""
    if not policy.plain_text:
        return asked.html
    kinds = (asked.html, asked.text)
    return None if None in kinds and True not in kinds else True in kinds


class _Numbers:
    """Numbers for tracked links, from 1 on; a button and its twin for Outlook share one.

    The twin is an element of VML (`v:roundrect`) with the same destination, and stands before or
    after its anchor, with no other link that both might belong to between them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._vml: dict[str, int] = {}  # waiting for their anchors
        self._single: tuple[str, int] = ("", 0)  # the last anchor, if it has no twin yet

    def give(self, candidate: Candidate) -> int:
        """Give the number of the next tracked link."""
        url = candidate.destination
        if candidate.href.element.startswith("v:"):
            if self._single[0] == url:
                return self._single[1]
            if url not in self._vml:
                self._vml[url] = self._new()
            return self._vml[url]
        if url in self._vml:
            self._single = ("", 0)
            return self._vml.pop(url)
        self._vml.clear()
        self._single = (url, self._new())
        return self._single[1]

    def _new(self) -> int:
        self._count += 1
        return self._count


_Found = tuple[Candidate, Skip | Untouched | None]


class _Scan:
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
        self.numbers = _Numbers()
        self.links: list[PlannedLink] = []
        self.skipped: list[SkippedLink] = []
        self.growth_octets = 0

    def nothing_to_do(self) -> Untouched:
        return Untouched.ALL_SKIPPED if self.skipped else Untouched.NO_LINKS

    def parts(self) -> Iterator[PartPlan]:
        """Plan part after part; only those that change are given."""
        for part in self.message.parts:
            if part.content_type == "text/html" and (planned := self._html(part)):
                yield planned

    def _html(self, part: Part) -> PartPlan | None:
        body = decode(self.message, part)
        view = charsets.view(body.octets, part.charset)
        seen = view or HtmlView(body.octets, "latin-1", "ascii")
        whole = self._whole(part, view)
        found = [
            (each, _reason(each.decision.skip, whole))
            for each in candidates(seen, self.policy, self.facts)
        ]
        if view is None or not (whole is None or self._only_params(whole)):
            for each, reason in found:
                self._skip(each, reason or Untouched.ALL_SKIPPED, part)
            return None
        return self._edited(part, body, view, found)

    def _whole(self, part: Part, view: HtmlView | None) -> Skip | Untouched | None:
        """Say why no link of the part is tracked, or None."""
        if self.untouched is not None:
            return self.untouched
        if part.skip is not None:
            return _PART_SKIPS[part.skip]
        if view is None:
            return Skip.CHARSET
        return Untouched.TRACKING_OFF if self.asked.html is False else None

    def _only_params(self, whole: Skip | Untouched) -> bool:
        return self.policy.params_when_off and bool(self.facts.params) and whole in _OFF

    def _edited(
        self, part: Part, body: Body, view: HtmlView, found: Sequence[_Found]
    ) -> PartPlan | None:
        """Keep of what is wanted what the octets allow."""
        wanted = [
            (at, change)
            for at, (each, reason) in enumerate(found)
            for change in self._changes(each, reason)
        ]
        obstacles = body.obstacles(view.changes([change for _, change in wanted]))
        refused = {
            at: _OBSTACLES[obstacle]
            for (at, _), obstacle in zip(wanted, obstacles, strict=True)
            if obstacle is not None
        }
        tracked: list[tuple[int, int, PlannedLink]] = []
        literal: list[Edit] = []
        for at, (each, decided) in enumerate(found):
            reason = decided or refused.get(at) or self._too_many()
            if reason is None:
                tracked.append((each.href.start, each.href.end, self._link(each, part, view)))
            else:
                self._skip(each, reason, part)
            if decided is not None and at not in refused:
                literal += each.literal
        if not tracked and not literal:
            return None
        return PartPlan(body, view, tuple(tracked), tuple(literal))

    def _changes(self, each: Candidate, reason: Skip | Untouched | None) -> list[Change]:
        if reason is not None:
            return [Change(start, end, len(new)) for start, end, new in each.literal]
        href, url = each.href, each.destination + each.decision.params
        return [Change(href.start, href.end, self.policy.worst_octets(len(url)))]

    def _too_many(self) -> Skip | None:
        return Skip.TOO_MANY_LINKS if len(self.links) >= MAX_LINKS else None

    def _skip(self, each: Candidate, reason: Skip | Untouched, part: Part) -> None:
        group, order = each.decision.group, self._order()
        self.skipped.append(SkippedLink(each.destination, reason, group, part.path, order))

    def _order(self) -> int:
        return len(self.links) + len(self.skipped)

    def _link(self, each: Candidate, part: Part, view: HtmlView) -> PlannedLink:
        href, decision = each.href, each.decision
        base, mark, fragment = each.destination.partition("#")
        destination = base + decision.params + mark + fragment
        link = PlannedLink(
            number=self.numbers.give(each),
            destination=destination,
            group=decision.group,
            text=label(view.html, href, view.charset),
            part=part.path,
            order=self._order(),
            original=view.html[href.start : href.end].decode("latin-1"),
            url_octets=self.policy.worst_octets(len(destination)),
        )
        self.growth_octets += link.url_octets - (href.end - href.start)
        self.links.append(link)
        return link


def _reason(own: Skip | None, whole: Skip | Untouched | None) -> Skip | Untouched | None:
    """Name one reason: a link's own opt-out goes before the message's, after a final one."""
    return (own or whole) if whole in _OFF else (whole or own)
