"""What a link is called in reports.

Owns: the order in which a name is looked for, and the parameters that never tell links apart.
Does not own: the attributes that name a group (`proxy.policy.dialects`).
"""

import re
from dataclasses import dataclass

from config.schema import Config
from tracker.params import without

VOLATILE_PARAMS = frozenset(
    {
        # who clicks
        "email", "e-mail", "email_address", "mail", "uid", "user", "user_id", "userid", "member_id",
        "customer_id", "contact_id", "subscriber", "subscriber_id", "recipient", "recipient_id",
        "wp_id", "cio_id", "mc_eid", "vero_id", "oly_anon_id", "oly_enc_id", "_hsenc", "_hsmi",
        "mkt_tok", "ml_subscriber", "ml_subscriber_hash", "_kx", "ajs_uid", "__s", "trk_contact",
        # secrets and signatures
        "token", "hash", "sig", "signature", "hmac", "nonce", "otp", "expires",
        # sessions and clicks
        "phpsessid", "jsessionid", "sid", "session", "session_id", "sessionid", "fbclid", "gclid",
        "dclid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id", "igshid", "_ga", "_gl",
        "ts", "timestamp", "cachebuster", "_",
    }
)  # fmt: skip
"""Parameters, in lower case, that differ between readers of the same link."""


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """Destinations that `pattern` is found in are called `name`."""

    pattern: re.Pattern[str]
    name: str


def patterns_of(config: Config) -> tuple[GroupPattern, ...]:
    """Give the patterns of `[[tracking.group]]`."""
    return tuple(
        GroupPattern(re.compile(each.pattern), each.name) for each in config.tracking.group
    )


def volatile_of(config: Config) -> frozenset[str]:
    """Name what varies from reader to reader, in lower case; an id of ours does, whoever added it."""
    named = (*config.tracking.volatile_params, config.tracking.identify.param or "")
    return VOLATILE_PARAMS | {name.lower() for name in named if name}


def identity(destination: str, patterns: tuple[GroupPattern, ...], volatile: frozenset[str]) -> str:
    """Give a link's name in reports: that of the first pattern, else its URL less what varies."""
    for group in patterns:
        if group.pattern.search(destination):
            return group.name
    return without(destination, volatile) if "?" in destination else destination
