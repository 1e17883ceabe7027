"""Why a message or a link was left alone: every reason, by name.

Owns: the names that `explain`, logs and metrics show, and what each means to an operator.
Does not own: the rules that give these reasons (the other files of this folder, `proxy.rewrite.planner`
for what the bytes forbid, `proxy.rewrite.transformer` for what the session forbids).
"""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason's name, with a sentence for people in `help`."""

    help: str

    def __new__(cls, name: str, text: str) -> Self:
        """Give a member whose value is `name`."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.help = text
        return member


class Untouched(Reason):
    """Why a whole message stays as it came (our own headers aside)."""

    # Of the session and the envelope.
    UNTRUSTED = "untrusted", "the client is neither logged in nor in a trusted network"
    NULL_SENDER = "null_sender", "the envelope has the null sender: a bounce or an automatic reply"
    # Of the configuration.
    DISABLED = "disabled", "tracking is switched off for good (`enabled = false`)"
    UNKNOWN_SENDER = "unknown_sender", "the From-domain is no configured [[sender]]"
    OFF_BY_DEFAULT = "off_by_default", "the default is off, and no header asks for tracking"
    # Of what the message asks for.
    TRACKING_OFF = "tracking_off", "a header of the message switches tracking off"
    CONSENT_NONE = "consent_none", "the person agreed to no tracking (header, or `waypost consent`)"
    # Of what the message is.
    NO_FROM = "no_from", "there is no From header, or no domain in it"
    SEVERAL_FROM = "several_from", "there are several From headers, or several addresses in it"
    REPORT = "report", "a report: delivery status, disposition or feedback"
    SIGNED = "signed", "signed with S/MIME or OpenPGP"
    ENCRYPTED = "encrypted", "encrypted with S/MIME or OpenPGP"
    ARC_SEALED = "arc_sealed", "sealed with ARC on an earlier hop"
    FOREIGN_SIGNATURE = "foreign_signature", "DKIM-signed by a domain that we hold no key for"
    RELAY_WOULD_ALTER = "relay_would_alter", "the relay would alter it, and break our signature"
    MALFORMED = "malformed", "its structure is not understood"
    TOO_LARGE = "too_large", "with tracked links it would exceed the relay's size limit"
    MAX_GROWTH = "max_growth", "it would grow by more than `max_growth`"
    # Of what there is to do.
    NO_LINKS = "no_links", "it holds no http or https links that we could change"
    ALL_SKIPPED = "all_skipped", "every link in it is left alone"
    # Of our own faults: delivered as it came, and logged.
    PLAN_FAILED = "plan_failed", "looking for links failed (a fault of ours, logged)"
    REWRITE_FAILED = "rewrite_failed", "rewriting failed (a fault of ours, logged)"
    SIGNING_FAILED = "signing_failed", "signing failed (a fault of ours, logged)"


class Skip(Reason):
    """Why a link is left as it stands."""

    # The author's word, in our own attributes and in those of others.
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
    NOTRACK_SCHEME = "notrack_scheme", "https+notrack://… (Postal)"
    # What links are for.
    LIST_UNSUBSCRIBE = "list_unsubscribe", "the address stands in List-Unsubscribe"
    UNSUBSCRIBE = "unsubscribe", "marked as an unsubscribe link"
    OWN_HOST = "own_host", "already leads to a tracking host of ours"
    UNTRACKED_HOST = "untracked_host", "the host is among `untracked_hosts`"
    PLACEHOLDER = "placeholder", "a template placeholder that someone else will fill in"
    SENSITIVE = (
        "sensitive",
        "looks like a password reset, magic link or signed download, or is in `sensitive`",
    )
    APP_LINK = (
        "app_link",
        "meant to open an app, of which phones do not know here (`[[tracker.well_known]]`)",
    )
    VISIBLE_URL = "visible_url", 'the text is itself a URL (`visible_urls = "skip"`)'
    # What the bytes forbid.
    OVER_LONG = "over_long", "longer than `max_destination`"
    LONG_LINE = "long_line", "the line would exceed 998 octets (RFC 5322 §2.1.1)"
    MALFORMED_ENCODING = "malformed_encoding", "the transfer encoding around it is malformed"
    CHARSET = "charset", "in this charset octets cannot be changed safely"
    # What the part is (proxy.message.editing.Skip, by the same names).
    MALFORMED = "malformed", "mail programs would not agree on where its part is or what it is"
    LIMIT = "limit", "its message has more structure than Waypost looks at"
    SIGNED = "signed", "its part is signed"
    ENCRYPTED = "encrypted", "its part is encrypted"
    REPORT = "report", "its part belongs to a report"
    NESTED_MESSAGE = "nested_message", "its part belongs to a forwarded message"
    ATTACHMENT = "attachment", "its part is a file"
    ENCODING = "encoding", "the transfer encoding of its part is unknown or contradictory"
    CHECKSUM = "checksum", "its part is covered by a Content-MD5"
    AMBIGUOUS = "ambiguous", "browsers and mail programs would differ on where it leads"
    TOO_MANY_LINKS = "too_many_links", "more links than Waypost tracks in one message"


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
        Skip.NOTRACK_SCHEME,
        Skip.UNSUBSCRIBE,
        Skip.APP_LINK,
    }
)
"""The author's word about a link; it holds for the same URL in plain text too."""
