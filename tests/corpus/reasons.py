"""How much of what could be tracked is, and why the rest is not.

Owns: sending each message through the work of a sender that signs, and counting what became of it.
Does not own: whether the links are right (`check`), or where messages are read (`material`).

A message could be tracked where it has a link to track and nothing forbids it: no opt-out, report, foreign
or other signature. Its From is no matter: with one that is missing or names several, it would have been
tracked under another.
"""

import email
import email.utils
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import ValidationError

from config.schema import Config, SenderConfig, TrackingConfig
from proxy.policy import Policy
from proxy.policy.reasons import Untouched
from proxy.rewrite.planner import plan
from proxy.rewrite.submission import Fault
from proxy.rewrite.transformer import Transformer
from proxy.signing.signer import Signer
from tests.corpus.material import Case
from tests.support.outgoing import KEYRING, NOW_S, ONE, PEM

NO_ONES = "example.com"
TRACKED = "tracked"
LONG_LINE = "a line of over 998 octets"
_FROM = re.compile(rb"^From:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE)
_UNNAMED = frozenset({Untouched.NO_FROM, Untouched.SEVERAL_FROM, Untouched.UNKNOWN_SENDER})


@dataclass
class Histogram:
    """What became of messages that could be tracked, and the names of those that were left alone."""

    reasons: Counter[str] = field(default_factory=Counter)
    left_alone: list[str] = field(default_factory=list)

    @property
    def share_left_alone(self) -> float:
        """The share of those that were not tracked, long lines apart: what relays fold."""
        counted = self.reasons.total() - self.reasons[LONG_LINE]
        return 1 - self.reasons[TRACKED] / counted if counted else 0.0


def histogram(material: Iterable[Case], *, plain_text: bool) -> Histogram:
    """Return what becomes of messages; with `plain_text`, URLs in text are links too."""
    found = Histogram()
    for case in material:
        if case.kind == "message" and (reason := _reason(case.message, plain_text=plain_text)):
            found.reasons[reason] += 1
            if reason != TRACKED:
                found.left_alone.append(f"{case.name}: {reason}")
    return found


def _reason(message: bytes, *, plain_text: bool) -> str | None:
    """Return what became of a message; None: there was nothing to track, or it must not be."""
    became = _became(message, plain_text=plain_text)
    if became is None:
        return TRACKED
    policy = Policy(plain_text=plain_text)
    if not plan(_named(message) if became in _UNNAMED else message, policy).links:
        return None
    if became is not Untouched.RELAY_WOULD_ALTER:
        return str(became)
    return LONG_LINE if max(map(len, message.split(b"\r\n"))) > 998 else str(became)


def _became(message: bytes, *, plain_text: bool) -> Untouched | None:
    """Return why a sender that signs leaves a message alone; None: it is tracked."""
    at_work = _sender(_domain(message), plain_text=plain_text)
    try:
        return at_work.prepare(message, ONE, NOW_S).shared().untouched
    except Fault as fault:
        return fault.reason


@lru_cache
def _sender(domain: str, *, plain_text: bool) -> Transformer:
    """Return what works on the mail of a sender that signs."""
    config = Config(
        sender=(SenderConfig(domain=domain),),
        tracking=TrackingConfig(base_url="https://t.example.net", plain_text=plain_text),
    )
    return Transformer(config, KEYRING, {domain: [Signer(domain, "s1", PEM)]})


def _domain(message: bytes) -> str:
    """Return the domain of the first address in From; of nobody where a sender cannot have it."""
    fields = map(str, email.message_from_bytes(message).get_all("From") or [])
    for _, address in email.utils.getaddresses([*fields]):
        domain = address.rpartition("@")[2].lower()
        try:
            return SenderConfig(domain=domain).domain
        except ValidationError:
            continue
    return NO_ONES


def _named(message: bytes) -> bytes:
    """Return a message as somebody would have sent it who says who it is from."""
    head, end, body = message.partition(b"\r\n\r\n")
    return b"From: a@example.com\r\n" + _FROM.sub(b"", head + b"\r\n") + end[2:] + body
