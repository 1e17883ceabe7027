"""What the author of one link asks for in its attributes and classes.

Owns: finding the conventions that apply to a link, and combining several of them into one value:
an opt-out beats an opt-in, our own group name beats those of other systems.
Does not own: the conventions (`link_conventions`), or whether the link is tracked in the end (`decide`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from proxy.policy.dialects import NATIVE
from proxy.policy.link_conventions import LINK_CONVENTIONS, Effect, LinkConvention, Value
from proxy.policy.reasons import Skip


@dataclass(frozen=True, slots=True)
class LinkDirectives:
    """What the attributes and classes of one link ask for; None or False where they are silent.

    `skip`: why it must not be tracked. `track`: it is to be tracked even where caution would leave
    it alone. `app`: it opens an app. `params`: whether URL parameters are added. `group`: its name
    in reports.
    """

    skip: Skip | None = None
    track: bool = False
    app: bool = False
    params: bool | None = None
    group: str | None = None


NO_DIRECTIVES = LinkDirectives()


@dataclass(frozen=True, slots=True)
class LinkRules:
    """The conventions that count, to be looked up by attribute and by class, both in lower case."""

    attributes: Mapping[str, tuple[LinkConvention, ...]]
    classes: Mapping[str, LinkConvention]
    octet_names: frozenset[bytes]
    """The names of all attributes that may say something."""

    def directives(self, attributes: Mapping[str, str]) -> LinkDirectives:
        """Return what a link's attributes ask for; their names are in lower case."""
        if not attributes:
            return NO_DIRECTIVES
        asked = [
            (row, attributes[name])
            for name in attributes
            if name in self.attributes
            for row in self.attributes[name]
            if row.applies(attributes[name])
        ]
        # Classes are compared without case: opting out must not fail on a capital letter.
        if "class" in attributes:
            tokens = attributes["class"].lower().split()
            asked += [(self.classes[token], "") for token in tokens if token in self.classes]
        return _combined(asked) if asked else NO_DIRECTIVES


def _combined(asked: list[tuple[LinkConvention, str]]) -> LinkDirectives:
    """Combine what several conventions ask for: off beats on, our own group beats the others."""
    asked.sort(key=lambda item: LINK_CONVENTIONS.index(item[0]))
    effects = {row.effect for row, _ in asked}
    if Effect.NO_PARAMS in effects:
        params: bool | None = False
    else:
        params = True if Effect.PARAMS in effects else None
    return LinkDirectives(
        skip=_skip(asked, effects),
        track=Effect.TRACKED in effects,
        app=Effect.APP_LINK in effects,
        params=params,
        group=next(
            (" ".join(value.split()) for row, value in asked if row.effect is Effect.GROUP), None
        ),
    )


def _skip(asked: list[tuple[LinkConvention, str]], effects: set[Effect]) -> Skip | None:
    if explicit := next((row.skip for row, _ in asked if row.effect is Effect.UNTRACKED), None):
        return explicit
    if Effect.UNSUBSCRIBE in effects:
        return Skip.UNSUBSCRIBE
    return Skip.APP_LINK if Effect.APP_LINK in effects else None


@lru_cache(maxsize=32)
def link_rules(dialects: frozenset[str]) -> LinkRules:
    """Return the rules of these dialects; our own conventions are always among them."""
    rows = [row for row in LINK_CONVENTIONS if row.dialect == NATIVE or row.dialect in dialects]
    attributes: dict[str, tuple[LinkConvention, ...]] = {}
    for row in rows:
        if row.value is not Value.TOKEN:
            attributes[row.name] = (*attributes.get(row.name, ()), row)
    classes = {row.name: row for row in rows if row.value is Value.TOKEN}
    names = frozenset(name.encode() for name in (*attributes, "class"))
    return LinkRules(attributes, classes, names)
