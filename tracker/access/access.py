"""What somebody who asks the admin listener may see and do.

Owns: the scopes, what each of them allows, and who asks with which of them. Does no I/O.
Does not own: how somebody shows who they are (`guard`), or what is answered to those who may not
(`needs`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Scope(StrEnum):
    """What a token may be for; the words are those of `waypost token add --scope`.

    To forget a person takes `persons` and `links` both (FORGETTING): it cannot be taken back.
    """

    FIGURES = "figures"
    """To see sums: figures of campaigns and links, charts, what rules caught, the state, metrics.
    Nothing of it names or counts a single person, address, message or click."""

    PERSONS = "persons"
    """To see persons, addresses, messages and single clicks as well, and all that `figures` shows;
    to note what persons agree to, which a later word of theirs takes back."""

    LINKS = "links"
    """To make links, and to withdraw and repair those in mail. It shows nothing."""


FORGETTING = (Scope.PERSONS, Scope.LINKS)
"""What it takes to forget a person."""

_INCLUDED = {Scope.PERSONS: frozenset({Scope.FIGURES})}


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks (the name of a token, or of a person; "" where nobody told one), and for what.

    Whoever `logged_in` at our own form may log out.
    """

    name: str
    scopes: frozenset[Scope]
    logged_in: bool = False

    @classmethod
    def of(cls, name: str, *scopes: Scope) -> Self:
        """Return the access of `name` with scopes, and with what they include."""
        included = (_INCLUDED.get(each, frozenset()) for each in scopes)
        return cls(name, frozenset(scopes).union(*included))

    def missing(self, *scopes: Scope) -> tuple[Scope, ...]:
        """Return those of `scopes` that this access lacks."""
        return tuple(each for each in scopes if each not in self.scopes)


EVERYTHING = Access("", frozenset(Scope))
"""The access of whoever knows the password, or asks on this machine where none is asked for."""

NOTHING = Access("", frozenset())
"""The access of a request for which nobody said who asks."""
