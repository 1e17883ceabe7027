"""What a link is called in reports.

Owns: the order in which a name is looked for, which names are URLs, the parameters that never tell
links apart, and what the store is told of a sent link, so that a click on it is called the same.
Does not own: the attributes that name a group (`proxy.policy.link_conventions`), or what else of URLs
turns out to be the reader's own (`slots`).

A link is called by its group, else by its URL less what varies from reader to reader and less what
we added. A click tells its whole destination; a sent link tells which parameters of it are no part
of the name. These are few and the same in all messages, while names may be each reader's own.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Self

from config.schema import Config
from tracker.events import SentLink
from tracker.urls.params import called, without, without_written, written_name
from tracker.urls.secrets.ordinary import ordinary
from tracker.urls.secrets.rules import without_secrets

_REMEMBERED: Final = 2048
VOLATILE_PARAMS = frozenset(
    {
        # who clicks
        "email", "e-mail", "email_address", "uid", "user_id", "userid", "member_id",
        "customer_id", "contact_id", "subscriber_id", "recipient_id",
        "wp_id", "cio_id", "mc_eid", "vero_id", "oly_anon_id", "oly_enc_id", "_hsenc", "_hsmi",
        "mkt_tok", "ml_subscriber", "ml_subscriber_hash", "_kx", "ajs_uid", "__s", "trk_contact",
        # secrets and signatures
        "token", "sig", "signature", "hmac", "nonce", "otp", "expires",
        # sessions and clicks
        "phpsessid", "jsessionid", "sid", "session_id", "sessionid", "fbclid", "gclid",
        "dclid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id", "igshid", "_ga", "_gl",
        "ts", "timestamp", "cachebuster", "_",
    }
)  # fmt: skip
"""Parameters, in lower case, that differ between readers of the same link.

Words that may as well name what a link leads to are not among them (`session`, `user`, `hash`): whose
these are, a campaign's messages tell (`slots`).
"""


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """Destinations that `pattern` is found in are called `name`."""

    pattern: re.Pattern[str]
    name: str


def is_url(name: str) -> bool:
    """Return whether a link is called by its URL; else somebody has named it."""
    return _HTTP.match(name) is not None


_HTTP = re.compile(r"https?://", re.IGNORECASE)


def patterns_of(config: Config) -> tuple[GroupPattern, ...]:
    """Return the patterns of `[[tracking.group]]`."""
    return tuple(
        GroupPattern(re.compile(each.pattern), each.name) for each in config.tracking.group
    )


def volatile_of(config: Config) -> frozenset[str]:
    """Return the parameters that vary from reader to reader, in lower case, our ids included."""
    named = (*config.tracking.volatile_params, config.tracking.identify.param or "")
    return VOLATILE_PARAMS | {name.lower() for name in named if name}


def identity(destination: str, patterns: tuple[GroupPattern, ...], volatile: frozenset[str]) -> str:
    """Return a link's name in reports: that of the first pattern, else its URL.

    What varies is left out, and so is what is a secret, whoever wants such a link tracked.
    """
    if (name := named(destination, patterns)) is not None:
        return name
    return without_secrets(without(destination, volatile) if "?" in destination else destination)


def named(destination: str, patterns: tuple[GroupPattern, ...]) -> str | None:
    """Return the name that the first pattern gives to a destination, or None."""
    for group in patterns:
        if group.pattern.search(destination):
            return group.name
    return None


@dataclass(frozen=True, slots=True)
class Naming:
    """How links are named of which only the destination is known, with parameters that we added.

    `added` and `volatile` are in lower case. An author's own parameter is taken for ours where it
    has the name of one of ours.
    """

    patterns: tuple[GroupPattern, ...] = ()
    volatile: frozenset[str] = VOLATILE_PARAMS
    added: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return the naming that a configuration asks for."""
        added = frozenset(name.lower() for name in config.tracking.url_params)
        return cls(patterns_of(config), volatile_of(config), added)

    def name(self, destination: str) -> str:
        """Return a link's name in reports."""
        return identity(without(destination, self.added), self.patterns, self.volatile)


class LinkNaming(NamedTuple):
    """What a link is made of: its URL as its author wrote it, where it leads, and its name.

    `destination` has the parameters that all copies share; `id_param` is the one that a reader's
    own copy may have as well. `name` is what reports call it.
    """

    author_url: str
    destination: str
    name: str
    id_param: str | None = None

    def sent_link(self, number: int, text: str, volatile: frozenset[str]) -> SentLink:
        """Return the link as it is told to the store; `number` is its place in the message."""
        url, group, ignored = told(*self, volatile)
        return SentLink(number, url, group, text, ignored)

    def told(self, volatile: frozenset[str]) -> tuple[str, str | None, tuple[str, ...]]:
        """Return the URL, the group and the ignored parameters of a `SentLink`."""
        if self._is_ordinary(volatile):
            return self.destination, None if self.name == self.destination else self.name, ()
        ignored = self._ignored(volatile)
        url = without_written(self.destination, ignored)
        safe = without_secrets(url)
        if safe != url or self.name != self._identity(volatile, ignored):
            return safe, self.name, ()
        return url, None, ignored

    def _is_ordinary(self, volatile: frozenset[str]) -> bool:
        """Whether nothing was added to its URL, and no part of it is left out of its name."""
        is_whole = self.id_param is None and self.destination == self.author_url
        return is_whole and ordinary(volatile)(self.destination)

    def _identity(self, volatile: frozenset[str], ignored: tuple[str, ...]) -> str:
        """Return what the link is called unless somebody named it; of what holds no secret."""
        is_whole = not ignored and self.destination == self.author_url
        if is_whole and not self.author_url.partition("#")[0].endswith("?"):
            return self.author_url
        return identity(self.author_url, (), volatile)

    def _ignored(self, volatile: frozenset[str]) -> tuple[str, ...]:
        """Return the parameters that are no part of the name, as the destination has them."""
        names = called(self.destination, volatile)
        if self.destination != self.author_url:
            names |= {written_name(each) for each in self._added()}
        if self.id_param:
            names.add(self.id_param)
        return tuple(sorted(names)) if names else ()

    def _added(self) -> list[str]:
        octets = len(self.author_url.partition("#")[0])
        added = self.destination.partition("#")[0][octets:]
        return added.lstrip("?&").split("&") if added else []


@lru_cache(maxsize=_REMEMBERED)
def told(
    author_url: str, destination: str, name: str, id_param: str | None, volatile: frozenset[str]
) -> tuple[str, str | None, tuple[str, ...]]:
    """Return what `LinkNaming.told` does: images and titles, and all messages of a campaign, have the same links."""
    return LinkNaming(author_url, destination, name, id_param).told(volatile)
