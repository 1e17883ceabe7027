"""What a URL says it is for: to set a password, to sign in, to confirm, to download for a while.

Owns: the words, those of the largest languages among them, and finding them however they are put
together (`resetPassword`, `lost-password`, `registration.activate`, `Special:ConfirmEmail`).
Does not own: what a purpose makes of what stands beside it (`rules`).

A purpose alone is nothing: articles have them, too. `STRONG` ones hardly stand beside random text
unless it is a key; `WEAK` ones may, so that more has to be seen. A `HINT` says that a parameter may be
one, but nothing of a path: an order's own number is as random in many shops.
"""

import re
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final


class Purpose(IntEnum):
    """How much a text says of what a link is for."""

    NONE = 0
    HINT = 1
    WEAK = 2
    STRONG = 3


_STRONG = frozenset(
    {
        "reset", "resetting", "pwreset", "rp", "forgot", "forgotten", "recover", "recovery", "reminder",
        "initpassword", "passwordless", "magic", "magiclink", "onetime", "otp", "2fa", "mfa", "sesame",
        "emaillogin", "loginwithemail", "emailauth", "loginlink", "logintoken", "authenticate", "verify",
        "verification", "verified", "validate", "invalidate", "confirm", "confirmation", "confirmed",
        "activate", "activation", "reactivate", "enroll", "enrol", "unlock", "invite", "invites", "invited",
        "invitee", "inviter", "invitation", "invitations", "redeem", "accept", "optin", "emailstart",
        "adminhash", "newuseremail", "useremail",
    }
)  # fmt: skip
_WEAK = frozenset(
    {
        "login", "logon", "signin", "signup", "signon", "register", "registration", "join", "sso", "auth",
        "oauth", "oauth2", "setup", "welcome", "onboarding", "sign", "esign", "esignature", "ticket",
        "token", "tokens", "otl", "claim", "authorize", "callback", "newbloguser", "download", "downloads",
        "downloadable", "dl", "getfile", "anmelden", "registrieren", "connexion", "inscription", "acceder",
        "entrar",
    }
)  # fmt: skip
_HINTS = frozenset(
    {
        "account", "accounts", "order", "orders", "invoice", "invoices", "newsletter", "security",
        "session", "subscribe", "subscription", "access", "emailupdate",
    }
)  # fmt: skip
_STEMS = re.compile(
    r"passwo|passcode|passphrase|resetpw|forgotp|lostp|verify|verif[iy]|confirm|activat|validat|invite|invitat|"
    r"recover|magiclink|signupinvite|userinvite|acceptinvit|kennwort|zurueckset|zurückset|bestaetig|"
    r"bestätig|aktivier|freischalt|einladung|motdepasse|reinitial|réinitial|activer|contrasen|contraseñ|"
    r"restablec|recuper|activar|invitacion|senha|redefin|ativar|convite|wachtwoord|bevestig|activeren|"
    r"uitnodiging|reimposta|conferma|attiva|invito|resethas|potwierd|aktywuj|zaproszen|losenord|lösenord|"
    r"bekr[aä]ft|adgangskode|parola|sifre|passord|salasana|jelszo"
)
_LETTERS = re.compile(r"[a-zß-ÿ]{5}")
"""As many as the shortest stem has."""
_PUBLIC = frozenset(
    {
        "commit", "commits", "blob", "blobs", "tree", "raw", "blame", "compare", "files", "assets",
        "static", "images", "image", "img", "css", "js", "fonts", "product", "products", "article",
        "articles", "docs", "wiki", "issues", "pull", "webinar", "webinars", "meeting", "meetings",
        "event", "events", "course", "courses", "jobs", "careers", "posts", "news", "releases",
        "packages", "package", "recipes", "channel", "playlist", "watch", "share", "track", "tracking",
    }
)  # fmt: skip
_MAX_WORDS: Final = 24
_WORD = re.compile(r"[A-Z]+(?![a-zß-ÿ])|[A-Z]?[a-zß-ÿ]+|[0-9]+[a-z]*")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, split at case and at whatever is no letter."""
    return [word.lower() for word in _WORD.findall(text)[:_MAX_WORDS]]


@lru_cache(maxsize=4096)
def purpose(text: str) -> Purpose:
    """Return the strongest purpose among the words of a segment, a name or a value."""
    found = words(text)
    if not found:
        return Purpose.NONE
    both = [first + second for first, second in pairwise(found)]
    both += found
    if not _STRONG.isdisjoint(both) or _has_stem("\n".join(both)):
        return Purpose.STRONG
    if not _WEAK.isdisjoint(both):
        return Purpose.WEAK
    return Purpose.NONE if _HINTS.isdisjoint(found) else Purpose.HINT


@lru_cache(maxsize=4096)
def is_purpose_alone(text: str) -> bool:
    """Return whether a segment has no word that is not a purpose: `reset`, not `reset-your-plan`."""
    found = words(text.partition(".")[0])
    return bool(found) and all(_names(word) for word in found)


def _names(word: str) -> bool:
    return word in _STRONG or word in _WEAK or word in _HINTS or word in _FILLERS or _has_stem(word)


def _has_stem(words: str) -> bool:
    # Five letters in a row are found sooner than any of the stems; what is random has them rarely.
    return _LETTERS.search(words) is not None and _STEMS.search(words) is not None


_FILLERS = frozenset(
    {"email", "mail", "address", "user", "users", "account", "password", "link", "code", "token", "key",
     "id", "in", "up", "new", "change", "set", "edit", "do", "complete", "your", "one", "time", "pw"}
)  # fmt: skip


def is_public(segment: str) -> bool:
    """Return whether what follows such a segment is known to anyone: `/commit/…`, `/assets/…`."""
    return segment.lower() in _PUBLIC
