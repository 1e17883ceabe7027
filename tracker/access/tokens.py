"""Tokens by which programs ask the admin listener: what they look like, and what was said of them.

Owns: making one, the records of tokens and of sessions that ended, and what all records come to.
Does no I/O.
Does not own: where records are kept (`files`), or scopes (`access`).

A token is shown once; only its digest is kept. It has 256 random bits, which need no slow hash. To
take one back is a record of its own that names the digest, so it counts in whatever order records
are read.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Self

from tracker.access.access import Access, Scope

PREFIX = "wpt_"
"""How every token begins, so that programs which look for lost secrets know one."""
OCTETS = 32
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Action = Literal["add", "revoke", "logout"]


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One line of the file: what happened to a token or a session, when and by whom.

    `at` and `expires` ("" for never) are in ISO 8601, in UTC. `digest` is that of the token, or of
    the id of a session that ended.
    """

    at: str
    by: str
    action: Action
    name: str
    digest: str
    scopes: tuple[Scope, ...] = ()
    expires: str = ""

    @property
    def makes_sense(self) -> bool:
        """Return whether it can be meant; somebody may have written it by hand."""
        if not _DIGEST.fullmatch(self.digest):
            return False
        if self.action != "add":
            return True
        try:
            ends = self.expires_at
        except ValueError:
            return False
        return bool(NAME.fullmatch(self.name) and self.scopes) and (
            ends is None or ends.tzinfo is not None
        )

    @property
    def expires_at(self) -> datetime | None:
        """The moment from which on the token opens nothing; None: never."""
        return datetime.fromisoformat(self.expires) if self.expires else None

    @property
    def has_expired(self) -> bool:
        """Return whether that moment has come."""
        ends = self.expires_at
        return ends is not None and ends <= datetime.now(UTC)

    @property
    def access(self) -> Access:
        """Who asks with the token, and what for."""
        return Access.of(self.name, *self.scopes)


@dataclass(slots=True)
class Tokens:
    """What all records come to: tokens that were not revoked, by digest; ended sessions, also."""

    in_use: dict[str, AccessRecord] = field(default_factory=dict)
    ended_sessions: set[str] = field(default_factory=set)

    @classmethod
    def from_records(cls, records: Iterable[AccessRecord]) -> Self:
        """Return what records come to, in whatever order they are given."""
        given = tuple(records)
        said = {
            action: {each.digest for each in given if each.action == action} for action in _SAID
        }
        in_use = {each.digest: each for each in given if each.action == "add"}
        for digest in said["revoke"]:
            in_use.pop(digest, None)
        return cls(in_use, said["logout"])

    @property
    def in_force(self) -> int:
        """How many tokens open something now."""
        return sum(not each.has_expired for each in self.in_use.values())

    def by_digest(self, digest: str) -> AccessRecord | None:
        """Return the token that opens something now; None where there is none."""
        found = self.in_use.get(digest)
        return None if found is None or found.has_expired else found

    def named(self, name: str) -> Iterator[AccessRecord]:
        """Yield the tokens of a name that were not revoked."""
        return (each for each in self.in_use.values() if each.name == name)


_SAID: tuple[Action, ...] = ("revoke", "logout")


def new_token() -> str:
    """Return a token that nobody has."""
    return PREFIX + secrets.token_urlsafe(OCTETS)


def digest_of(secret: str | bytes) -> str:
    """Return what is kept of a token, or of the id of a session."""
    octets = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(octets).hexdigest()
