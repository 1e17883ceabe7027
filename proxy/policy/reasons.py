"""Why a message or a link was left alone: every reason, by name.

Owns: the names that `explain`, logs and metrics show, and what each means to an operator.
`docs/reasons.md` is written from this file (`manual`).
Does not own: the rules behind them: `headers` and `decide` for what the policy says,
`proxy.rewrite.eligibility` and `proxy.rewrite.part_planner` for what the octets allow,
`proxy.rewrite.senders` and `proxy.rewrite.transformer` for what session and envelope lead to,
`proxy.rewrite.submission` for faults of ours.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class Reason(StrEnum):
    """A reason's name, with a sentence for people in `help`."""

    help: str

    def __new__(cls, name: str, text: str) -> Self:
        """Return a member whose value is `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.help = text
        return member


class Untouched(Reason):
    """Why a whole message stays as it came, except for our own headers."""

    # The session and the envelope.
    UNTRUSTED = "untrusted", "the client is neither logged in nor in a trusted network"
    NULL_SENDER = "null_sender", "the envelope has the null sender: a bounce or an automatic reply"
    # The configuration.
    DISABLED = "disabled", "tracking is off, whatever the message says (`enabled = false`)"
    UNKNOWN_SENDER = "unknown_sender", "no [[sender]] is configured for the From domain"
    NOT_ITS_ACCOUNT = (
        "not_its_account",
        "the client may not send as the From domain (`accounts` of its [[sender]])",
    )
    OFF_BY_DEFAULT = "off_by_default", "tracking is off by default, and no header switches it on"
    # What the message asks for.
    TRACKING_OFF = "tracking_off", "a header of the message switches tracking off"
    CONSENT_NONE = (
        "consent_none",
        "the person did not agree to tracking (header, `waypost consent`, `[privacy] consent`)",
    )
    # What the message is.
    NO_FROM = "no_from", "there is no From header, or no domain in it"
    SEVERAL_FROM = (
        "several_from",
        "there are several From headers, or addresses of several senders in one",
    )
    REPORT = "report", "it is a report: delivery status, disposition or feedback"
    SIGNED = "signed", "it is signed with S/MIME or OpenPGP"
    ENCRYPTED = "encrypted", "it is encrypted with S/MIME or OpenPGP"
    ARC_SEALED = "arc_sealed", "an earlier mail server sealed it with ARC"
    FOREIGN_SIGNATURE = "foreign_signature", "it is DKIM-signed by a domain that we have no key for"
    UNSIGNABLE = (
        "unsignable",
        'no signature can be made for it, and all mail of its sender is signed (`sign = "always"`)',
    )
    RELAY_WOULD_ALTER = "relay_would_alter", "the relay would alter it and so break our signature"
    MALFORMED = "malformed", "its MIME structure is broken or ambiguous, or has too many parts"
    TOO_LARGE = "too_large", "with tracked links it would exceed the relay's size limit"
    MAX_GROWTH = "max_growth", "tracked links would make it grow by more than `max_growth`"
    # What there is to do.
    NO_LINKS = "no_links", "it has no http or https links that Waypost could change"
    ALL_SKIPPED = "all_skipped", "every link in it is left alone"
    # Faults of ours: the message is delivered as it came, and the fault is logged.
    PLAN_FAILED = "plan_failed", "finding links failed (an error in Waypost; see the log)"
    REWRITE_FAILED = "rewrite_failed", "rewriting failed (an error in Waypost; see the log)"
    SIGNING_FAILED = "signing_failed", "signing failed (an error in Waypost; see the log)"


CURES: Mapping[Untouched, str] = MappingProxyType(
    {
        Untouched.UNTRUSTED: "log in, or add the client's network to `[proxy] trusted_networks`",
        Untouched.DISABLED: "`enabled = true` in `[tracking]` and in the `[[sender]]`",
        Untouched.UNKNOWN_SENDER: "add a `[[sender]]` for the domain of From",
        Untouched.NOT_ITS_ACCOUNT: "add the login or network to `accounts` of the `[[sender]]`",
        Untouched.OFF_BY_DEFAULT: 'set `X-Track-Links: on`, or `default = "on"`',
        Untouched.NO_FROM: "set From, with one address",
        Untouched.SEVERAL_FROM: "set one From with one address; names with commas or @ go in quotes",
        Untouched.FOREIGN_SIGNATURE: (
            "have Waypost sign (`[[sender.dkim]]`), and nobody before it"
        ),
        Untouched.MALFORMED: "mend the structure: what cannot be read with certainty is not changed",
        Untouched.TOO_LARGE: "make the message smaller",
        Untouched.MAX_GROWTH: "raise `[tracking] max_growth`, or send fewer links",
        Untouched.ALL_SKIPPED: "`waypost explain` says of each link why",
    }
)
"""What can be done about a reason; the others are as they should be, or faults of ours."""


class Skip(Reason):
    """Why a link stays as it was written."""

    # What the author wrote, in our own attributes or in those of other systems.
    UNTRACKED_CLASS = "untracked_class", 'class="untracked"'
    DATA_TRACK = "data_track_false", 'data-track="false"'
    CLICKTRACKING = "clicktracking_off", "clicktracking=off (SendGrid)"
    MSYS_CLICKTRACK = "data_msys_clicktrack", 'data-msys-clicktrack="0" (SparkPost)'
    DISABLE_TRACKING = "disable_tracking", "disable-tracking=true (Mailgun)"
    SES_NO_TRACK = "ses_no_track", "ses:no-track (Amazon SES)"
    PM_NO_TRACK = "data_pm_no_track", "data-pm-no-track (Postmark)"
    MC_DISABLE_TRACKING = "mc_disable_tracking", "mc:disable-tracking (Mandrill)"
    MAUTIC_DISABLE_TRACKING = "mautic_disable_tracking", "mautic:disable-tracking (Mautic)"
    SKIP_CLICK = "data_skip_click", "data-skip-click (ahoy_email)"
    NO_TRACK = "no_track", "no-track or data-no-track"
    HS_TRACKING = "hstracking_false", 'HsTracking="false" (SocketLabs)'
    AUTOTRACK = "autotrack_false", 'autotrack="false" (MessageGears)'
    INF_TRACK_NO = "inf_track_no", 'class="inf-track-no" (Keap)'
    NOTTRACKED = "nottracked", 'nottracked="true" (Keap)'
    MKT_NO_TRACK = "mkt_no_track", 'class="mktNoTrack" (Marketo)'
    DONT_CONVERT_LINK = (
        "dont_convert_link",
        "cm_dontconvertlink or mb_dontconvertlink (Campaign Monitor)",
    )
    NOTRACK_SCHEME = "notrack_scheme", "https+notrack://… (Postal)"
    # What links are for.
    LIST_UNSUBSCRIBE = "list_unsubscribe", "its URL stands in the List-Unsubscribe header"
    UNSUBSCRIBE = "unsubscribe", "it is marked as an unsubscribe link"
    OWN_HOST = "own_host", "it leads to one of our tracking hosts already"
    UNTRACKED_HOST = "untracked_host", "its host is in `untracked_hosts`"
    PLACEHOLDER = "placeholder", "it holds a template placeholder that a later system will fill in"
    SENSITIVE = (
        "sensitive",
        "it looks like a password reset, magic link or signed download, or `sensitive` matches",
    )
    APP_LINK = (
        "app_link",
        "it opens an app, but no `[[tracker.well_known]]` tells phones of that app",
    )
    VISIBLE_URL = "visible_url", 'its text is a URL itself (`visible_urls = "skip"`)'
    # What the octets forbid.
    OVER_LONG = "over_long", "its URL is longer than `max_destination`"
    LONG_LINE = "long_line", "its line would become longer than 998 octets (RFC 5322 §2.1.1)"
    MALFORMED_ENCODING = "malformed_encoding", "the transfer encoding around it is malformed"
    CHARSET = "charset", "text in this charset cannot be changed safely"
    # What the part is (`proxy.message.model.Skip`, by the same names).
    MALFORMED = (
        "malformed",
        "mail programs would differ on where its part begins and ends, or on its type",
    )
    LIMIT = "limit", "its message has more parts or headers than Waypost reads"
    SIGNED = "signed", "its part is signed, or holds OpenPGP-signed text"
    ENCRYPTED = "encrypted", "its part is encrypted, or holds OpenPGP-encrypted text"
    REPORT = "report", "its part belongs to a report"
    NESTED_MESSAGE = "nested_message", "its part belongs to a forwarded message"
    ATTACHMENT = "attachment", "its part is a file"
    ENCODING = "encoding", "the transfer encoding of its part is unknown or contradictory"
    CHECKSUM = "checksum", "a Content-MD5 header protects its part"
    AMBIGUOUS = "ambiguous", "browsers and mail programs would differ on where it leads"
    TOO_MANY_LINKS = "too_many_links", "the message has more links than Waypost tracks in one"


SOFT = frozenset({Skip.SENSITIVE, Skip.VISIBLE_URL, Skip.APP_LINK})
"""What `data-track="true"` lifts."""

AUTHORS = frozenset(
    {
        Skip.UNTRACKED_CLASS,
        Skip.DATA_TRACK,
        Skip.CLICKTRACKING,
        Skip.MSYS_CLICKTRACK,
        Skip.DISABLE_TRACKING,
        Skip.SES_NO_TRACK,
        Skip.PM_NO_TRACK,
        Skip.MC_DISABLE_TRACKING,
        Skip.MAUTIC_DISABLE_TRACKING,
        Skip.SKIP_CLICK,
        Skip.NO_TRACK,
        Skip.HS_TRACKING,
        Skip.AUTOTRACK,
        Skip.INF_TRACK_NO,
        Skip.NOTTRACKED,
        Skip.MKT_NO_TRACK,
        Skip.DONT_CONVERT_LINK,
        Skip.NOTRACK_SCHEME,
        Skip.UNSUBSCRIBE,
        Skip.APP_LINK,
    }
)
"""What the author decided about a link; it holds for the same URL in plain text too."""
