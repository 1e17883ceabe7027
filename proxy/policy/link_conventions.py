"""The attributes and classes of links that Waypost understands, its own and those of other systems.

Owns: the table, one row for each convention, and how the value of a row is read. `docs/migration.md`
is written from it.
Does not own: what follows from a row for a link (`directives`), or headers (`header_conventions`).

Attributes and classes stay in the message.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.policy.dialects import NATIVE, OFF, ON
from proxy.policy.reasons import Skip


class Effect(StrEnum):
    """What a convention asks for."""

    UNTRACKED = "the link is not tracked"
    TRACKED = "the link is tracked even if it looks sensitive, shows its URL or opens an app"
    NO_PARAMS = "no URL parameters are added to the link"
    PARAMS = "URL parameters are added even if the link is not tracked"
    GROUP = "names the link's group in reports"
    UNSUBSCRIBE = "the link unsubscribes, and is not tracked"
    APP_LINK = "the link opens an app: tracked only if `[[tracker.well_known]]` tells phones of it"


class Value(StrEnum):
    """Which values of an attribute count; `TOKEN` is one class of a `class` attribute."""

    FLAG = "any value but no, off, false or 0"
    OFF = "off, no, false or 0"
    ON = "on, yes, true or 1"
    TEXT = "any text"
    TOKEN = "a class among others"  # noqa: S105 - a class token, no secret


@dataclass(frozen=True, slots=True)
class LinkConvention:
    """One attribute or class of a link: `name` is the attribute or the class, in lower case."""

    dialect: str
    name: str
    value: Value
    effect: Effect
    example: str
    skip: Skip | None = None

    def applies(self, value: str) -> bool:
        """Whether this value of the attribute is one that counts."""
        word = value.strip().lower()
        if self.value is Value.OFF:
            return word in OFF
        if self.value is Value.ON:
            return word in ON
        return bool(word) if self.value is Value.TEXT else word not in OFF


def _untracked(dialect: str, name: str, value: Value, example: str, skip: Skip) -> LinkConvention:
    return LinkConvention(dialect, name, value, Effect.UNTRACKED, example, skip)


_FLAG, _OFF, _ON, _TEXT, _TOKEN = Value.FLAG, Value.OFF, Value.ON, Value.TEXT, Value.TOKEN

LINK_CONVENTIONS: tuple[LinkConvention, ...] = (
    _untracked(NATIVE, "untracked", _TOKEN, 'class="untracked"', Skip.UNTRACKED_CLASS),
    _untracked(NATIVE, "data-track", _OFF, 'data-track="false"', Skip.DATA_TRACK),
    LinkConvention(NATIVE, "data-track", _ON, Effect.TRACKED, 'data-track="true"'),
    LinkConvention(NATIVE, "data-url-params", _OFF, Effect.NO_PARAMS, 'data-url-params="false"'),
    LinkConvention(NATIVE, "data-url-params", _ON, Effect.PARAMS, 'data-url-params="true"'),
    LinkConvention(NATIVE, "data-link-group", _TEXT, Effect.GROUP, 'data-link-group="name"'),
    LinkConvention("customerio", "data-cio-tag", _TEXT, Effect.GROUP, 'data-cio-tag="name"'),
    LinkConvention(
        "customerio", "disable-url-params", _TOKEN, Effect.NO_PARAMS, 'class="disable-url-params"'
    ),
    _untracked("postmark", "data-pm-no-track", _FLAG, "data-pm-no-track", Skip.PM_NO_TRACK),
    _untracked("sendgrid", "clicktracking", _OFF, "clicktracking=off", Skip.CLICKTRACKING),
    LinkConvention("sendgrid", "universal", _ON, Effect.APP_LINK, 'universal="true"'),
    _untracked(
        "mailgun", "disable-tracking", _FLAG, "disable-tracking=true", Skip.DISABLE_TRACKING
    ),
    _untracked("ses", "ses:no-track", _FLAG, "ses:no-track", Skip.SES_NO_TRACK),
    LinkConvention("ses", "ses:tags", _TEXT, Effect.GROUP, 'ses:tags="key:name;"'),
    _untracked(
        "sparkpost",
        "data-msys-clicktrack",
        _OFF,
        'data-msys-clicktrack="0"',
        Skip.MSYS_CLICKTRACK,
    ),
    LinkConvention(
        "sparkpost", "data-msys-linkname", _TEXT, Effect.GROUP, 'data-msys-linkname="name"'
    ),
    LinkConvention(
        "sparkpost", "data-msys-sublink", _TEXT, Effect.APP_LINK, 'data-msys-sublink="x"'
    ),
    LinkConvention(
        "sparkpost",
        "data-msys-unsubscribe",
        _ON,
        Effect.UNSUBSCRIBE,
        'data-msys-unsubscribe="1"',
    ),
    _untracked(
        "mandrill", "mc:disable-tracking", _FLAG, "mc:disable-tracking", Skip.MC_DISABLE_TRACKING
    ),
    _untracked(
        "mautic",
        "mautic:disable-tracking",
        _FLAG,
        'mautic:disable-tracking="true"',
        Skip.MAUTIC_DISABLE_TRACKING,
    ),
    _untracked(
        "mautic",
        "data-mautic-disable-tracking",
        _FLAG,
        'data-mautic-disable-tracking="true"',
        Skip.MAUTIC_DISABLE_TRACKING,
    ),
    _untracked("ahoy", "data-skip-click", _FLAG, 'data-skip-click="true"', Skip.SKIP_CLICK),
    LinkConvention(
        "ahoy",
        "data-skip-utm-params",
        _FLAG,
        Effect.NO_PARAMS,
        'data-skip-utm-params="true"',
    ),
    _untracked("socketlabs", "hstracking", _OFF, 'HsTracking="false"', Skip.HS_TRACKING),
    _untracked("messagegears", "autotrack", _OFF, 'autotrack="false"', Skip.AUTOTRACK),
    _untracked("keap", "inf-track-no", _TOKEN, 'class="inf-track-no"', Skip.INF_TRACK_NO),
    _untracked("keap", "nottracked", _FLAG, 'nottracked="true"', Skip.NOTTRACKED),
    _untracked("marketo", "mktnotrack", _TOKEN, 'class="mktNoTrack"', Skip.MKT_NO_TRACK),
    LinkConvention("marketo", "mktnotok", _TOKEN, Effect.NO_PARAMS, 'class="mktNoTok"'),
    _untracked(
        "campaignmonitor",
        "cm_dontconvertlink",
        _FLAG,
        "cm_dontconvertlink",
        Skip.DONT_CONVERT_LINK,
    ),
    _untracked(
        "campaignmonitor",
        "mb_dontconvertlink",
        _FLAG,
        "mb_dontconvertlink",
        Skip.DONT_CONVERT_LINK,
    ),
    _untracked("generic", "no-track", _FLAG, "no-track", Skip.NO_TRACK),
    _untracked("generic", "data-no-track", _FLAG, "data-no-track", Skip.NO_TRACK),
)

NOTRACK_DIALECT: Final = "postal"
NOTRACK_EXAMPLE: Final = 'href="https+notrack://…"'
"""Postal's convention is part of the URL, so it is no row of the table of attributes."""
