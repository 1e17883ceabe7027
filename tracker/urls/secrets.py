"""Destinations that carry a secret, and those that someone signed.

Owns: the built-in rules for password resets, magic links, one-time codes and pre-signed downloads,
and for template placeholders. They are conservative: a word like "reset" alone is an article about
passwords; only with a secret beside it is it a key to an account.
Does not own: the operator's own patterns, or what follows (`proxy.policy.decide`, `additions`).

Cheap tests come first, as nearly every link passes here and nearly none is sensitive.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

PURPOSES = frozenset(
    {
        "reset", "forgot", "forgotten", "recover", "recovery", "magic", "magic-link",
        "passwordless", "one-time", "onetime", "otp", "2fa", "mfa", "verify", "verification", "confirm",
        "confirmation", "activate", "activation", "invite", "invitation", "invitations", "invites",
        "login", "log-in", "signin", "sign-in", "sso", "auth", "oauth", "unlock", "password",
        "passwords", "resetpassword", "passwordreset", "forgotpassword", "magiclink", "verifyemail",
        "confirmemail",
    }
)  # fmt: skip
"""Words of a path or host that say what a secret beside them opens."""

VAGUE_NAMES = frozenset(
    {
        "token", "t", "code", "c", "key", "k", "hash", "h", "secret", "ticket", "otp", "pin",
        "uuid", "nonce", "sig", "signature", "token_hash",
    }
)  # fmt: skip
"""Parameters that may hold a secret: with a purpose before them, they do."""

CLEAR_NAMES = frozenset({"token", "secret", "ticket", "otp", "pin", "token_hash"})
"""Those of the vague names that hold a secret however short, if there is a purpose before them."""

MIN_SECRET = 3
MIN_DIGITS = 4
MIN_VAGUE_SECRET = 6
"""Characters of a parameter's value, or of a code in figures: below, it is a page number or so."""

MAX_SEGMENTS_BETWEEN = 2
"""Between a purpose and its secret: `/reset/<user>/<secret>`."""

_SECRET_ENDINGS = ("token", "code", "key", "secret", "otp", "password", "passcode", "jwt")
_SECRET_NAME = re.compile(
    r"(?:.*[\[._-])?"
    r"(?:(?:reset|password|pwd|confirm(?:ation)?|invit(?:e|ation)|unlock|login|signin|magic|"
    r"magic_?link|auth|access|id|session|verif(?:y|ication)|activation|sso|one_?time|otp|"
    r"passwordless|perishable|recovery)[_-]?(?:password[_-]?)?(?:token|code|key|secret)"
    r"|otp|one_?time_?(?:code|password)|oob_?code|passcode|jwt)\]?"
)
_RANDOM = re.compile(
    r"(?=\w{0,64}\d)\w{16}"  # hexadecimal, base 36
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}"  # UUID
    r"|[0-9a-z]{1,13}-[0-9a-z]{20}"  # Django
    r"|(?=[\w-]{0,64}\d)(?=[\w-]{0,64}[A-Z])[\w-]{20}",  # base64url
    re.ASCII,
)
_SHORT_SECRET = re.compile(r"(?=\D{0,64}\d)\w{6,64}", re.ASCII)
"""What is random enough only as the last segment, with its purpose right before it."""
_JSON_WEB_TOKEN = re.compile(r"[/=.#]eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8}")
_CREDENTIALS = re.compile(r"https?://[^/?#@:]*:[^/?#@]+@", re.IGNORECASE)

_CLOUD_SIGNATURES = frozenset(
    {
        "x-amz-signature", "x-goog-signature", "x-oss-signature", "x-obs-signature",
        "x-tos-signature", "q-signature",
    }
)  # fmt: skip
_SIGNATURE_PARTNERS = frozenset(
    {"googleaccessid", "awsaccesskeyid", "ossaccesskeyid", "key-pair-id", "expires", "policy"}
)
_AZURE_PARTNERS = frozenset({"sv", "se", "sp", "sr"})
_SIGNATURE_NAME = re.compile(
    r"(?:.*[._-])?(?:sig|sign|signature|hmac|mac|digest|checksum|hash|expires)"
)
_HINTS = (
    "reset", "forgot", "recover", "magic", "passw", "one", "otp", "2fa", "mfa", "verif", "confirm",
    "activ", "invit", "log", "sign", "sso", "auth", "unlock", "token", "code", "key", "secret",
    "jwt", "eyj", "@", "sig=",
)  # fmt: skip
"""Nothing is sensitive that holds none of these."""

_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,200}\}\}|\*\|[^|]{1,200}\|\*|%%[^%]{1,200}%%")


@dataclass(frozen=True, slots=True)
class Caution:
    """Which destinations count as sensitive: by the rules here, or by the operator's patterns."""

    builtin: bool
    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, patterns: Iterable[str], *, builtin: bool) -> Self:
        """Take what `[tracking] sensitive` and `sensitive_builtin` say."""
        return cls(builtin, tuple(map(re.compile, patterns)))

    def __call__(self, destination: str) -> bool:
        """Return whether a destination is sensitive."""
        if self.builtin and is_sensitive(destination):
            return True
        return any(pattern.search(destination) for pattern in self.patterns)


def is_sensitive(destination: str) -> bool:
    """Return whether the URL looks like a key to an account or a pre-signed download."""
    lower = destination.lower()
    if not any(hint in lower for hint in _HINTS):
        return False
    path = destination.partition("#")[0].partition("?")[0]
    pairs = _pairs(destination[len(path) :])
    return (
        _names_a_secret(path, pairs)
        or _is_cloud_signed({name for name, _ in pairs})
        or _holds_a_secret(path)
        or ("eyJ" in destination and _JSON_WEB_TOKEN.search(destination) is not None)
        or ("@" in path and _CREDENTIALS.match(path) is not None)
    )


def is_signed(destination: str) -> bool:
    """Return whether someone signed the URL, so that another parameter would make it invalid."""
    _, mark, query = destination.partition("#")[0].partition("?")
    names = {name for name, _ in _pairs(mark + query)}
    return _is_cloud_signed(names) or any(_SIGNATURE_NAME.fullmatch(name) for name in names)


def has_placeholder(destination: str) -> bool:
    """Return whether a template placeholder is left for a later system to fill in."""
    if "{{" in destination or "*|" in destination or "%%" in destination:
        return _PLACEHOLDER.search(destination) is not None
    return False


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return name (in lower case) and value of each parameter, in query and fragment alike."""
    if "=" not in query:
        return []
    split = query[1:].replace("#", "&").replace("?", "&").replace(";", "&").split("&")
    return [(name.lower(), value) for name, _, value in (pair.partition("=") for pair in split)]


def _names_a_secret(path: str, pairs: Sequence[tuple[str, str]]) -> bool:
    for name, value in pairs:
        # ?reset_password_token=…: the name says it all.
        if len(value) >= MIN_SECRET and _is_secret_name(name):
            return True
        # /password/reset?token=…: a vague name, but a purpose before it.
        if name in VAGUE_NAMES and len(value) >= _least(name, value) and _has_purpose(path):
            return True
    return False


def _least(name: str, value: str) -> int:
    if name in CLEAR_NAMES:
        return MIN_SECRET
    return MIN_DIGITS if value.isdigit() else MIN_VAGUE_SECRET


def _is_secret_name(name: str) -> bool:
    ending = name.rstrip("]").endswith(_SECRET_ENDINGS)
    return ending and _SECRET_NAME.fullmatch(name) is not None


def _has_purpose(path: str) -> bool:
    segments = path.lower().split("/")
    host = segments[2].split(".") if len(segments) > 2 else []  # noqa: PLR2004 - https:, "", host
    return any(_is_purpose(segment) for segment in (*host, *segments[3:]))


def _is_purpose(segment: str) -> bool:
    if segment in PURPOSES:
        return True
    words = segment.partition(".")[0].replace("_", "-").split("-")
    return len(words) > 1 and (words[0] in PURPOSES or words[-1] in PURPOSES)


def _holds_a_secret(path: str) -> bool:
    """Look for `/reset/Mg/5x8-2f0c…` or `/verify/9f86d081…`: a purpose, then a random segment."""
    segments = path.rstrip("/").split("/")[3:]
    if (
        len(segments) > 1
        and _SHORT_SECRET.fullmatch(segments[-1])
        and _is_purpose(segments[-2].lower())
    ):
        return True
    for at, _ in enumerate(segments):
        if not _RANDOM.match(segments[at]):
            continue
        before = segments[max(0, at - 1 - MAX_SEGMENTS_BETWEEN) : at]
        if any(_is_purpose(segment.lower()) for segment in before):
            return True
    return False


def _is_cloud_signed(names: set[str]) -> bool:
    if not names:
        return False
    return (
        not names.isdisjoint(_CLOUD_SIGNATURES)
        or ("signature" in names and not names.isdisjoint(_SIGNATURE_PARTNERS))
        or ("sig" in names and not names.isdisjoint(_AZURE_PARTNERS))
    )
