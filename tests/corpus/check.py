"""What must hold for one message, whatever it is, and what to count when it does not."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.links.charsets import view
from proxy.links.html import links
from proxy.message.editing import Edit, Message, decode, parse, splice
from proxy.policy import Policy
from proxy.rewrite.planned import Plan, PlannedLink
from proxy.rewrite.planner import plan
from tests.corpus.material import Case, documents
from tests.corpus.oracles import Expected, expected, opened
from tracker.tokens import is_destination

TRACKED = "https://track.example/c/"
FAULTS = (
    "changed when they should not be",
    "links missed",
    "links invented",
    "destinations altered",
    "exceptions",
)
"""What has to be 0."""

TIMED_OCTETS = 10_240
"""Smaller messages say little about the time that size takes."""

LINE_OCTETS = 998


@dataclass
class Tally:
    """The figures of a run; `details` says where each fault was seen."""

    messages: Counter[str] = field(default_factory=Counter)
    tracked: int = 0
    left: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    excused: int = 0
    parsers_differ: int = 0
    octets: int = 0
    seconds: float = 0.0

    def fault(self, kind: str, case: Case, detail: object) -> None:
        """Count a fault."""
        self.faults[kind] += 1
        self.details.append(f"{kind}: {case.name}: {detail}")


def check(case: Case, tally: Tally) -> None:
    """Plan and render one message, and compare with what others find in it."""
    tally.messages[case.kind] += 1
    started = time.perf_counter()
    made = plan(case.message, Policy())
    if len(case.message) >= TIMED_OCTETS:
        tally.seconds += time.perf_counter() - started
        tally.octets += len(case.message)
    if made.failure is not None:
        tally.fault("exceptions", case, repr(made.failure))
        return
    for link in made.links:
        if not is_destination(link.destination):
            tally.fault("exceptions", case, f"no token can hold {link.destination!r}")
    tally.tracked += len(made.links)
    tally.left += len(made.skipped)
    found = [expected(document) for document in case.documents]
    _links(case, made, found, tally)
    _octets(case, made, tally)
    if made.links:
        _destinations(case, made, found, tally)


def _links(case: Case, made: Plan, found: list[Expected], tally: Tally) -> None:
    """Compare the set of destinations with that of the parsers."""
    ours = {url for link in (*made.links, *made.skipped) if (url := opened(link.destination))}
    required = {url for each in found for url in each.required}
    allowed = {url for each in found for url in each.allowed}
    tally.parsers_differ += sum(each.parsers_differ for each in found)
    tally.excused += bool((ours & allowed) - required)
    for url in sorted(required - ours):
        tally.fault("links missed", case, url)
    for url in sorted(ours - allowed):
        tally.fault("links invented", case, url)


def _octets(case: Case, made: Plan, tally: Tally) -> None:
    """See that nothing changes but the values of tracked links, and those can be put back."""
    raw = case.message
    if made.render(lambda link: link.original) != raw:
        tally.fault(
            "changed when they should not be", case, "with every original value in its place"
        )
    if not made.links:
        return
    rendered = made.render(_tracked)
    before, after = parse(raw), parse(rendered)
    if raw[: before.body_start] != rendered[: after.body_start]:
        tally.fault("changed when they should not be", case, "the header block")
    if _long_lines(rendered) > _long_lines(raw):
        tally.fault("changed when they should not be", case, "a line of more than 998 octets")
    if [*_contents(before, {})] != [
        *_contents(after, {_tracked(link): link for link in made.links})
    ]:
        tally.fault("changed when they should not be", case, "outside the values of tracked links")


def _tracked(link: PlannedLink) -> str:
    """Return a URL as long as a tracked one may be."""
    return f"{TRACKED}{link.number}-{link.order}-".ljust(link.url_octets, "x")


def _long_lines(raw: bytes) -> int:
    return sum(len(line) > LINE_OCTETS for line in raw.split(b"\r\n"))


def _contents(message: Message, tracked: dict[str, PlannedLink]) -> Iterator[object]:
    """Return every part, decoded where that is possible, with the tracked values put back."""
    for part in message.parts:
        yield part.path, part.content_type, [message.raw[h.start : h.end] for h in part.headers]
        if part.content_type != "text/html" or part.skip is not None:
            yield message.raw[part.body_start : part.body_end]
            continue
        octets = decode(message, part).octets
        seen = view(octets, part.charset)
        if seen is None or not tracked:
            yield octets
            continue
        edits = [
            (href.start, href.end, tracked[href.value].original.encode("latin-1"))
            for href in links(seen.html, seen.charset)
            if href.value in tracked
        ]
        yield splice(octets, seen.edits([Edit(*edit) for edit in edits]))


def _destinations(case: Case, made: Plan, found: list[Expected], tally: Tally) -> None:
    """See that other software, reading what we send, is led to the same places, link by link."""
    tracked = {opened(_tracked(link)): opened(link.destination) for link in made.links}
    sent = [expected(document) for document in documents(made.render(_tracked))]
    before = [each.in_order for each in found]
    after = [tuple(tracked.get(url, url) for url in each.in_order) for each in sent]
    if before != after:
        tally.fault("destinations altered", case, _first_difference(before, after))


def _first_difference(before: list[tuple[str, ...]], after: list[tuple[object, ...]]) -> object:
    for one, other in zip(before, after, strict=False):
        for pair in zip(one, other, strict=False):
            if pair[0] != pair[1]:
                return pair
    return f"{[len(each) for each in before]} links, then {[len(each) for each in after]}"
