"""What an operator may decide about links that were sent.

Owns: which hosts and URLs can be named, that only what is in force is taken back, and that no
repair leads in a circle.
Does not own: what decisions make of a link (`overrides`), or where they are kept (`files`).
"""

from collections.abc import Collection, Iterable

from config.schema import Config
from tracker.decisions import overrides
from tracker.decisions.overrides import Decision, Kind, Overrides, decision
from tracker.tokens import is_destination
from tracker.urls import blanks, hosts
from tracker.urls.additions import Additions
from tracker.urls.naming import volatile_of


class CannotDecide(ValueError):
    """What was asked for makes no sense; the text tells the operator why."""


def host(text: str) -> str:
    """Return a host as those of links are compared with it; raises CannotDecide."""
    name = text.lower().rstrip(".")
    url = f"http://{name}/"
    if not name or "*" in name or hosts.host(url) != name or not is_destination(url):
        raise CannotDecide("write a bare host in ASCII, like example.com, without a *")
    return name


def destination(url: str) -> str:
    """Return a URL that a link may lead to, as it is, its blanks in ASCII.

    Raises CannotDecide for any other.
    """
    written = blanks.in_ascii(url)
    if not is_destination(written):
        raise CannotDecide(f"not an http(s) URL in ASCII: {url}")
    if not blanks.has_only_whole(url):
        raise CannotDecide(
            f"… stands for a whole segment, or for what a parameter is set to: {url}"
        )
    return written


def withdraw_campaign(campaign: str, messages: Collection[str]) -> Decision:
    """Return the decision to withdraw messages of a campaign; raises CannotDecide for none."""
    if not messages:
        raise CannotDecide(f"no message of campaign {campaign!r} is known")
    return decision("revoke", "campaign", campaign, messages=messages)


def restore(earlier: Iterable[Decision], kind: Kind, value: str) -> Decision:
    """Return the decision that takes another back; raises CannotDecide where none is in force."""
    if not Overrides.of(earlier).holds(kind, value):
        raise CannotDecide(f"no decision about {kind} {value} is in force")
    return decision("restore", kind, value)


def repair(earlier: Iterable[Decision], old: str, new: str, config: Config) -> Decision:
    """Return the decision that leads links to `old` to `new`; raises CannotDecide for a circle.

    Also where `new` has other blanks than `old` has. `config` says which parameters are added to destinations, and which are each reader's own.
    """
    additions = Additions.of(config)
    made = overrides.repair(old, new, additions, volatile_of(config))
    _require_as_many_blanks(made)
    way = [old, *Overrides.of((*earlier, made)).way(old, additions)]
    if new != old and way == [old]:
        raise CannotDecide(f"{new} differs from {old} only in what is each reader's own, and kept")
    if new == old or len(set(way)) < len(way):
        raise CannotDecide(f"{new} leads to {old} already: that would go in a circle")
    return made


def _require_as_many_blanks(made: Decision) -> None:
    """Raise CannotDecide where nobody knows what is to stand in the blanks of a new URL."""
    has, wants = len(made.blanks), len(blanks.places(made.to))
    if wants and has != wants:
        raise CannotDecide(f"NEW has {wants} …, and OLD {has}: write as many, or none in NEW")
