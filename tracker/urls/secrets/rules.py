"""Destinations that carry a secret.

Owns: the built-in rules for password resets, magic links, confirmations, invitations, one-time codes
and timed downloads: what in a URL is a secret. They are conservative: a word like "reset" alone is
an article about passwords; only with a secret beside it is it a key to an account.
Does not own: URLs that hold none at sight (`ordinary`), what looks random (`randomness`), what a URL
says it is for (`purposes`), what somebody signed (`signed`), the operator's own patterns, or what follows (`proxy.policy.decide`, `naming`).

A secret looks random, or has a clear name. What it is for may stand in the path, in a parameter's
name or value, or in the fragment, which has a path and parameters of its own in many programs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from tracker.urls.secrets.ordinary import CLEAR_NAMES, FIGURES, SECRET_ENDINGS, is_ordinary
from tracker.urls.secrets.purposes import Purpose, is_public, is_purpose_alone, purpose
from tracker.urls.secrets.randomness import LONG, is_code, is_random, noise
from tracker.urls.secrets.signed import signatures
from tracker.urls.secrets.texts import Text, Texts, decoded
from tracker.urls.shape import ELLIPSIS, parts

REMEMBERED: Final = 4_096
"""How many destinations are remembered."""
MIN_SECRET: Final = 3
MIN_DIGITS: Final = 4
MIN_VAGUE_SECRET: Final = 6
MAX_FIGURES: Final = 8
"""Characters of a parameter's value, or of a code in figures: below, it is a page number or so."""
MAX_SEGMENTS_BETWEEN: Final = 4
"""Between a purpose and its secret: `/user/reset/<user>/<time>/<secret>`."""
MAX_NESTING: Final = 2
"""URLs in parameters of URLs that are looked into."""

VAGUE_NAMES = frozenset(
    {
        "token", "t", "code", "c", "key", "k", "hash", "h", "secret", "ticket", "otp", "pin", "uuid",
        "guid", "nonce", "sig", "signature", "token_hash", "v", "vt", "i", "s", "x", "data", "params",
        "rk", "n", "otc", "otl", "ott", "auth", "state",
    }
)  # fmt: skip
"""Parameters that may hold a secret: with a purpose beside them, they do."""
_PINS = frozenset({"otp", "otc", "pin"})
_CLEAR_OR_FIGURES = CLEAR_NAMES | FIGURES
_PASSWORDS = frozenset({"password", "passwd", "pwd", "pass", "passphrase", "passcode", "sesame"})
_TOKENS = frozenset({"token", "secret", "jwt", "auth"})
"""Parameters that hold a secret if it looks random, whatever the link is for."""
_NOBODYS = re.compile(
    r"utm_.*|mtm_.*|pk_.*|g?clid|.*clid|wbraid|gbraid|_ga|_gl|_hs.*|mc_[ce]id|mkt_tok|_kx|__s|__hs.*|"
    r"vero_.*|oly_.*|ml_.*|trk.*|trk_.*|ref|ref_|ref_src|referrer|aff.*|sc_.*|s_kwcid|epik|igshid|igsh|si|"
    r"_branch.*|ck_.*|wp_id|cio_id|rdt_cid|vgo_ee|spm|scm|eid|smid|cid|sid|bxid|session(?:_?id)?|"
    r"campaign.*|source|medium|q|query|search|text|keywords?|title_text|api_?key|flow|"
    r"(?:user|client|tenant|org|organi[sz]ation|account|customer|member|contact|recipient|subscriber|"
    r"message|event|product|order|page|post|project|team|workspace|company|list|store|shop|offer|item|"
    r"tab|app|site|group|request|device|creation|session|publication|campaign)[_-]?(?:id|guid)|"
    r"connection|lang|locale|hl|variant|v(?:er(?:sion)?)?_?hash|width|height|response_type|scope"
)
"""Parameters that are no secrets, whatever they look like: ids of clicks, campaigns, and things."""

_SECRET_NAME = re.compile(
    r"(?:.*[\[._-])?"
    r"(?:(?:reset|password|pwd|confirm(?:ation)?|invit(?:e|ation)|unlock|log_?in|sign_?in|sign_?up|magic|"
    r"magic_?link|auth|access|id|session|verif(?:y|ication)|activat(?:e|ion)|sso|one_?time|otp|link|flow|"
    r"passwordless|perishable|recovery|registration|registrationkey|refresh|bearer|secure|private|rm|mail|"
    r"email|user|admin|passworduid|password_?forget|share|download|auto_?login|order|s|m)[_-]?(?:password[_-]?|uid)?"
    r"(?:token|code|key|secret|ticket|hash|uuid)"
    r"|otp|one_?time_?(?:code|password)|oob_?code|passcode|jwt|x-(?:api|access)-token)\]?"
)
_NEVER_WORDS = ("token", "secret", "otp", "password", "passcode", "jwt")
_WORDY_NAMES = frozenset({"code", "key", "hash", "t", "c", "k", "h", "ticket", "pin", "secret"})
_JSON_WEB_TOKEN = re.compile(r"[/=.#]eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8}")
_SIGNED_MESSAGE = re.compile(r"[\w%=-]{20,}--[0-9a-f]{40,64}")
"""As Rails signs messages: Active Storage, sign-in links."""
_CREDENTIALS = re.compile(r"https?://[^/?#@:]*:[^/?#@]+@", re.IGNORECASE)
_STATIC = re.compile(r".*\.(?:png|jpe?g|gif|webp|svg|ico|css|js|mjs|woff2?|ttf|map)", re.IGNORECASE)
_PIECES = re.compile(r"[;=]")
_BETWEEN = re.compile(r"[/|]")
_NESTED = re.compile(r"(?:https?:/|/)", re.IGNORECASE)
_DJANGO = re.compile(r"(?:[\w-]{1,40}[-/])?[0-9a-z]{4,13}-[0-9a-f]{20,64}")
_HINTS = re.compile(
    r"[0-9a-z]{6}|@|eyj|otp|pin|code|token|key|sig=|secret|jwt|passw", re.IGNORECASE | re.ASCII
)


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
        return (self.builtin and is_sensitive(destination)) or self.by_pattern(destination)

    def by_pattern(self, destination: str) -> bool:
        """Return whether a pattern of the operator's says so."""
        return any(pattern.search(destination) for pattern in self.patterns)


def is_sensitive(destination: str) -> bool:
    """Return whether the URL looks like a key to an account or a timed download."""
    return bool(secrets_of(destination))


def without_secrets(destination: str) -> str:
    """Return the URL less its secrets: segments read `…`, parameters go."""
    found = secrets_of(destination)
    if not found:
        return destination
    taken = parts(destination)
    places = [at for at, value in enumerate(taken.values) if _holds(value, found)]
    text = taken.without(places)
    for each in found:  # what is no value of the URL's, like credentials
        text = text.replace(each, ELLIPSIS) if len(each) >= LONG or "@" in each else text
    return text


def _holds(value: str, secrets: tuple[str, ...]) -> bool:
    """Whether one of the secrets is in a value; a short one has to be a piece of it."""
    pieces = _PIECES.split(value)
    return any(
        each in pieces or each == value or (len(each) >= LONG and each in value) for each in secrets
    )


@lru_cache(maxsize=REMEMBERED)
def secrets_of(destination: str) -> tuple[str, ...]:
    """Return each text of the URL that is a secret, as it is written there."""
    if _has_none_at_sight(destination):
        return ()
    return tuple(dict.fromkeys(_looked_for(destination, MAX_NESTING)))


def _has_none_at_sight(url: str) -> bool:
    return is_ordinary(url) or _HINTS.search(url) is None


def _looked_for(url: str, nesting: int) -> Iterator[str]:
    texts = Texts.of(url)
    yield from signatures(texts)
    yield from _in_segments(texts)
    yield from _in_pairs(texts)
    yield from _anywhere(url)
    if nesting:
        for text in texts.pairs:
            if _NESTED.match(text.value) and _has_secrets(text.value, nesting - 1):
                yield text.raw


def _has_secrets(url: str, nesting: int) -> bool:
    return not _has_none_at_sight(url) and any(_looked_for(url, nesting))


def _anywhere(url: str) -> Iterator[str]:
    """Find what is a secret by its form alone."""
    if "eyJ" in url and (token := _JSON_WEB_TOKEN.search(url)):
        yield token[0][1:]
    if "--" in url and (message := _SIGNED_MESSAGE.search(url)):
        yield message[0]
    if "@" in url and (credentials := _CREDENTIALS.match(url)):
        yield credentials[0].partition("://")[2]


def _in_segments(texts: Texts) -> Iterator[str]:
    segments = texts.segments
    last = len(segments) - 1
    for at, segment in enumerate(segments):
        if at == last and _is_short_secret(_before_number(segments[:at]), segment):
            yield segment
        if not _is_key(segment) or _STATIC.fullmatch(segment):
            continue
        before = segments[max(0, at - 1 - MAX_SEGMENTS_BETWEEN) : at]
        after = purpose(segments[at + 1]) if at < last else Purpose.NONE
        if _is_opened_by(before) or (
            not any(map(is_public, before))
            and (after is Purpose.STRONG or _says_purpose(texts.pairs))
        ):
            yield segment


def _is_opened_by(before: tuple[str, ...]) -> bool:
    """Whether a purpose stands before a segment, and nothing that is public in between."""
    for at in range(len(before) - 1, -1, -1):
        if is_public(before[at]):
            return False
        found = purpose(decoded(before[at]))
        if found >= Purpose.WEAK:
            return found is Purpose.STRONG or not any(map(is_public, before[:at]))
    return False


def _says_purpose(pairs: tuple[Text, ...]) -> bool:
    return any(purpose(text.value) is Purpose.STRONG for text in _telling(pairs))


def _is_key(segment: str) -> bool:
    """Whether a segment is random enough to be nobody's name for a page."""
    text = decoded(segment)
    return is_random(text) or _DJANGO.fullmatch(text) is not None


def _before_number(segments: tuple[str, ...]) -> str:
    """Return the last segment; of `/activation/42`, the one before the number."""
    named = [each for each in segments[-2:] if not each.isdigit()]
    return named[-1] if named else ""


def _is_short_secret(before: str, segment: str) -> bool:
    """Look for `/magic/abc123`, `/otp/123456`, `/sympa/ticket/12345678901234`."""
    figures = segment.isdigit()
    if len(segment) < MIN_VAGUE_SECRET or not (
        figures or (is_code(segment) and "." not in segment)
    ):
        return False
    if not is_purpose_alone(before) or purpose(before) < Purpose.WEAK:
        return False
    strong = purpose(before) is Purpose.STRONG
    return strong or (figures and len(segment) >= 2 * MIN_VAGUE_SECRET)


def _telling(pairs: tuple[Text, ...]) -> Iterator[Text]:
    """Yield the parameters whose values may say what the link is for."""
    return (text for text in pairs if not _NESTED.match(text.value) and not _is_nobodys(text.name))


@lru_cache(maxsize=1024)
def _is_nobodys(name: str) -> bool:
    return _NOBODYS.fullmatch(name) is not None


def _in_pairs(texts: Texts) -> Iterator[str]:
    found = [text for text in texts.pairs if _may_be_secret(text)]
    if not found:
        return
    whole = _purpose_of(texts)
    yield from (text.raw for text in found if _is_secret(text, whole))


def _may_be_secret(text: Text) -> bool:
    """Whether a parameter is worth asking what the URL is for: cheap, and most are not."""
    if text.name and (_NESTED.match(text.value) or _is_nobodys(text.name)):
        return False
    return (
        any(map(is_code, _pieces(text.value)))
        or text.name in _CLEAR_OR_FIGURES
        or text.name.rstrip("]").endswith(SECRET_ENDINGS)
    )


def _purpose_of(texts: Texts) -> Purpose:
    """Return the strongest purpose that the URL names."""
    found = [purpose(decoded(segment)) for segment in texts.segments]
    found += [purpose(text.value) for text in _telling(texts.pairs) if not is_random(text.value)]
    found += [purpose(text.written) for text in texts.pairs if not _is_nobodys(text.name)]
    hosts = (purpose(label) for label in texts.host.lower().split(".")[:-2])
    found += [Purpose.WEAK for each in hosts if each is not Purpose.NONE]
    return max(found, default=Purpose.NONE)


def _is_secret(text: Text, whole: Purpose) -> bool:
    return _has_clear_name(text) or (whole is not Purpose.NONE and _is_for_purpose(text, whole))


def _has_clear_name(text: Text) -> bool:
    """Look for `?reset_password_token=…`, where the name says it all."""
    name, value = text.name, text.value
    if name in _PASSWORDS:
        return is_code(value)
    if name in _TOKENS and is_random(value):
        return True
    if not _is_secret_name(name) or len(value) < MIN_SECRET:
        return False
    # ?invite_code=FRIENDS is no secret, ?reset_token=abcdef is.
    return name.rstrip("]").endswith(_NEVER_WORDS) or _is_code_or_figures(value)


def _is_code_or_figures(value: str) -> bool:
    return is_code(value) or (value.isdigit() and len(value) >= MIN_DIGITS)


def _is_for_purpose(text: Text, whole: Purpose) -> bool:
    """Look for `/password/reset?token=…`: a vague name, or none, but a purpose beside it."""
    if text.name in VAGUE_NAMES and _is_long_enough(text.name, text.value, whole):
        return True
    if purpose(text.written) is Purpose.STRONG and is_code(text.value):
        return True
    return whole is Purpose.STRONG and any(map(_is_key, _pieces(text.value)))


def _pieces(value: str) -> list[str]:
    """Return what a value is made of: `1700000000|0f3a…`, `Special:Confirm/0f3a…`."""
    return _BETWEEN.split(value) if "/" in value or "|" in value else [value]


def _is_long_enough(name: str, value: str, whole: Purpose) -> bool:
    if value.isdigit():
        if name in FIGURES:
            return whole is Purpose.STRONG and MIN_VAGUE_SECRET <= len(value) <= MAX_FIGURES
        least = MIN_DIGITS if whole is Purpose.STRONG or name in _PINS else MIN_VAGUE_SECRET
        return name in CLEAR_NAMES and len(value) >= least
    if name in CLEAR_NAMES and name not in _WORDY_NAMES:
        return (len(value) >= MIN_SECRET and whole is Purpose.STRONG) or is_code(value)
    return is_code(value) if whole is Purpose.STRONG else noise(value) >= MIN_VAGUE_SECRET


def _is_secret_name(name: str) -> bool:
    return name.rstrip("]").endswith(SECRET_ENDINGS) and _SECRET_NAME.fullmatch(name) is not None
