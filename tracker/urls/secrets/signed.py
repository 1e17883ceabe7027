"""URLs that someone signed, for a while or for ever.

Owns: how clouds, content networks and web frameworks write a signature into a URL.
Does not own: other secrets (`rules`), or what a signed URL can bear (`additions`).
"""

import re
from collections.abc import Iterator
from typing import Final

from tracker.urls.secrets.purposes import is_public
from tracker.urls.secrets.randomness import is_random, noise
from tracker.urls.secrets.texts import Texts

MIN_SIGNATURE: Final = 16
"""Characters of noise in a signature."""

_TIME = re.compile(r"[0-9]{10}(?:[0-9]{3})?|[0-9A-Fa-f]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.*")
_TIME_AND_SECRET = re.compile(r"[0-9]{10}(?:[-_~|:.]|%7[Cc])(?=.{16})(.*)")

_CLOUD_SIGNATURES = frozenset(
    {
        "x-amz-signature", "x-goog-signature", "x-oss-signature", "x-obs-signature",
        "x-tos-signature", "q-signature", "hdnea", "hdnts", "hdntl", "__token__", "__gda__",
        "bcdn_token", "txsecret", "auth_key",
    }
)  # fmt: skip
_SIGNATURE_PARTNERS = frozenset(
    {
        "googleaccessid",
        "awsaccesskeyid",
        "ossaccesskeyid",
        "key-pair-id",
        "keyname",
        "expires",
        "policy",
    }
)
_AZURE_PARTNERS = frozenset({"sv", "se", "sp", "sr"})
_SIGNATURE_NAME = re.compile(
    r"(?:.*[._-])?(?:sig|sign|signature|hmac|mac|digest|checksum|hash|expires|md5)"
)
_EXPIRIES = frozenset(
    {"expires", "expire", "exp", "expiry", "e", "ttl", "t", "ts", "timestamp", "oe", "txtime", "expiration",
     "valid_until", "deadline", "until"}
)  # fmt: skip
_TIMED_NAMES = frozenset(
    {"md5", "st", "token", "sig", "sign", "signature", "hash", "hmac", "h", "s", "k", "key", "oh", "auth",
     "policy", "secret", "mac", "digest", "verify", "tk"}
)  # fmt: skip


def is_signed(destination: str) -> bool:
    """Return whether someone signed the URL, so that another parameter would make it invalid."""
    texts = Texts.of(destination)
    names = {text.name for text in texts.pairs}
    return (
        _is_cloud_signed(names)
        or any(_SIGNATURE_NAME.fullmatch(name) for name in names)
        or any(_timed(texts))
    )


def may_be_signature(name: str) -> bool:
    """Return whether a parameter of this name, in lower case, may be a signature by its name alone."""
    return name in _CLOUD_SIGNATURES or _SIGNATURE_NAME.fullmatch(name) is not None


def signatures(texts: Texts) -> Iterator[str]:
    """Yield what of a URL is a signature, and when it ends, as it is written there."""
    if _is_cloud_signed({text.name for text in texts.pairs}):
        yield from (text.raw for text in texts.pairs if _SIGNATURE_NAME.fullmatch(text.name))
        yield from (text.raw for text in texts.pairs if text.name in _CLOUD_SIGNATURES)
    yield from _timed(texts)


def _timed(texts: Texts) -> Iterator[str]:
    """Find the signatures of downloads that end at a time."""
    ends = any(text.name in _EXPIRIES and _TIME.fullmatch(text.value) for text in texts.pairs)
    for text in texts.pairs:
        both = _TIME_AND_SECRET.fullmatch(text.value)
        if (
            (ends and text.name in _TIMED_NAMES and noise(text.value) >= MIN_SIGNATURE)
            or (both is not None and is_random(both[1]))
            or ("hmac=" in text.value and is_random(text.value.rpartition("hmac=")[2]))
            or (text.name in {"signature", "_signature"} and noise(text.value) >= 2 * MIN_SIGNATURE)
        ):
            yield text.raw
    yield from _timed_segments(texts.segments, ends=ends)


def _timed_segments(segments: tuple[str, ...], *, ends: bool) -> Iterator[str]:
    for at, segment in enumerate(segments[:-1]):
        if noise(segment) < 2 * MIN_SIGNATURE or is_public(segments[at - 1] if at else ""):
            continue
        around = segments[max(0, at - 1) : at + 2]
        if ends or any(map(_TIME.fullmatch, around)):
            yield segment


def _is_cloud_signed(names: set[str]) -> bool:
    if not names:
        return False
    return (
        not names.isdisjoint(_CLOUD_SIGNATURES)
        or ("signature" in names and not names.isdisjoint(_SIGNATURE_PARTNERS))
        or ("sig" in names and not names.isdisjoint(_AZURE_PARTNERS))
    )
