"""The headers of messages that Waypost understands, its own and those of other systems.

Owns: the table, one row for each convention, and how the value of a row is read. `docs/migration.md`
is written from it.
Does not own: what follows from a row for a message (`headers`), or links (`link_conventions`).

Headers stay in the message, except our own, which `proxy.rewrite.header_edits` removes.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from proxy.policy.dialects import NATIVE, OFF, ON


@dataclass(frozen=True, slots=True)
class Said:
    """What one header says; None or empty where it is silent.

    `html` and `text`: whether links in parts of that kind are tracked. `params`: whether URL
    parameters are added, `opens` whether a pixel is. `understood` is False for a value that is
    defined nowhere; it counts as off.
    """

    html: bool | None = None
    text: bool | None = None
    params: bool | None = None
    opens: bool | None = None
    campaign: str = ""
    person: str = ""
    consent: str = ""
    understood: bool = True


SAYS_ON = Said(html=True, text=True)
SAYS_OFF = Said(html=False, text=False)
SAYS_NOTHING = Said()
NOT_UNDERSTOOD = Said(html=False, text=False, understood=False)

Reader = Callable[[str], Said]


@dataclass(frozen=True, slots=True)
class HeaderConvention:
    """One header: its name in lower case, how its unfolded value is read, an example.

    `meaning` is what docs/migration.md says of it.
    """

    dialect: str
    name: bytes
    read: Reader
    example: str
    meaning: str

    @property
    def native(self) -> bool:
        """Whether it is our own, and is removed before the message goes on."""
        return self.dialect == NATIVE


def _switch(value: str) -> Said:
    word = value.strip().lower()
    if word in ON:
        return SAYS_ON
    return SAYS_OFF if word in OFF else NOT_UNDERSTOOD


def _params(value: str) -> Said:
    word = value.strip().lower()
    return Said(params=word in ON, understood=word in ON or word in OFF)


def _opens(value: str) -> Said:
    word = value.strip().lower()
    return Said(opens=word in ON, understood=word in ON or word in OFF)


CONSENTS = frozenset({"full", "anonymous", "none"})


def _consent(value: str) -> Said:
    word = value.strip().lower()
    if word in CONSENTS:
        return Said(consent=word)
    return Said(consent="none", understood=False)


def _campaign(value: str) -> Said:
    return Said(campaign=value)


def _first_campaign(value: str) -> Said:
    return Said(campaign=value.split(",", maxsplit=1)[0])


def _person(value: str) -> Said:
    return Said(person=value)


def _choice(**known: Said) -> Reader:
    """Return a reader that knows these words of a provider, and on and off."""
    return lambda value: known.get(value.strip().lower()) or _switch(value)


_HTML_ONLY = Said(html=True, text=False)
_TEXT_ONLY = Said(html=False, text=True)

_postmark = _choice(none=SAYS_OFF, htmlandtext=SAYS_ON, htmlonly=_HTML_ONLY, textonly=_TEXT_ONLY)
_mailgun_clicks = _choice(htmlonly=_HTML_ONLY)


def _mandrill(value: str) -> Said:
    """Read a list of what is tracked; clicks are tracked only if it names them."""
    words = {word.strip().lower() for word in value.split(",")}
    both = bool(words & {"clicks", "clicks_all"})
    return Said(
        html=both or "clicks_htmlonly" in words,
        text=both or "clicks_textonly" in words,
    )


def _no_track(_: str) -> Said:
    return SAYS_OFF


def _amp(value: str) -> Said:
    return SAYS_OFF if value.strip().lower() == "skip" else SAYS_NOTHING


def _at(tree: object, path: Iterable[str]) -> Any:  # noqa: ANN401 - whatever the JSON holds
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _json_switch(value: object) -> bool | None:
    return None if value is None else str(value).strip().lower() in ON


def _smtpapi(value: str) -> Said:
    """Read SendGrid's JSON: a filter named clicktrack, and categories."""
    tree = _json(value)
    if not isinstance(tree, dict):
        return NOT_UNDERSTOOD
    settings = ("filters", "clicktrack", "settings")
    html = _json_switch(_at(tree, (*settings, "enable")))
    text = _json_switch(_at(tree, (*settings, "enable_text")))
    category = tree.get("category")
    first = category[0] if isinstance(category, list) and category else category
    return Said(
        html=html,
        text=False if html is False else text,
        campaign=first if isinstance(first, str) else "",
    )


def _msys_api(value: str) -> Said:
    """Read SparkPost's JSON: options.click_tracking and campaign_id."""
    tree = _json(value)
    if not isinstance(tree, dict):
        return NOT_UNDERSTOOD
    on = _json_switch(_at(tree, ("options", "click_tracking")))
    campaign = tree.get("campaign_id")
    return Said(html=on, text=on, campaign=campaign if isinstance(campaign, str) else "")


HEADER_CONVENTIONS: tuple[HeaderConvention, ...] = (
    HeaderConvention(
        NATIVE,
        b"x-track-links",
        _switch,
        "X-Track-Links: on|off",
        "whether this message is tracked; any value that is neither counts as off",
    ),
    HeaderConvention(
        NATIVE, b"x-track-campaign", _campaign, "X-Track-Campaign: spring", "the campaign"
    ),
    HeaderConvention(
        NATIVE, b"x-track-person", _person, "X-Track-Person: 4711", "your own id for the person"
    ),
    HeaderConvention(
        NATIVE,
        b"x-track-url-params",
        _params,
        "X-Track-URL-Params: on|off",
        "whether URL parameters are added",
    ),
    HeaderConvention(
        NATIVE,
        b"x-track-opens",
        _opens,
        "X-Track-Opens: on|off",
        "whether this message gets a pixel, if `[tracking] opens` is on",
    ),
    HeaderConvention(
        NATIVE,
        b"x-track-person-consent",
        _consent,
        "X-Track-Person-Consent: full|anonymous|none",
        "what the person agreed to: full tracking, totals without a name, or none",
    ),
    HeaderConvention(
        "postmark",
        b"x-pm-tracklinks",
        _postmark,
        "X-PM-TrackLinks: None|HtmlAndText|HtmlOnly|TextOnly",
        "whether this message is tracked, by kind of part",
    ),
    HeaderConvention("postmark", b"x-pm-tag", _campaign, "X-PM-Tag: spring", "the campaign"),
    HeaderConvention(
        "mailgun",
        b"x-mailgun-track",
        _switch,
        "X-Mailgun-Track: yes|no",
        "whether this message is tracked",
    ),
    HeaderConvention(
        "mailgun",
        b"x-mailgun-track-clicks",
        _mailgun_clicks,
        "X-Mailgun-Track-Clicks: yes|no|htmlonly",
        "whether this message is tracked, by kind of part",
    ),
    HeaderConvention(
        "mailgun", b"x-mailgun-tag", _campaign, "X-Mailgun-Tag: spring", "the campaign"
    ),
    HeaderConvention(
        "sendgrid",
        b"x-smtpapi",
        _smtpapi,
        'X-SMTPAPI: {"filters": {"clicktrack": {"settings": {"enable": 0}}}, "category": "spring"}',
        "whether this message is tracked, and the campaign",
    ),
    HeaderConvention(
        "sparkpost",
        b"x-msys-api",
        _msys_api,
        'X-MSYS-API: {"options": {"click_tracking": false}, "campaign_id": "spring"}',
        "whether this message is tracked, and the campaign",
    ),
    HeaderConvention(
        "mandrill",
        b"x-mc-track",
        _mandrill,
        "X-MC-Track: opens,clicks_htmlonly",
        "a list of what is tracked; links are only if it names clicks",
    ),
    HeaderConvention(
        "mandrill",
        b"x-mc-tags",
        _first_campaign,
        "X-MC-Tags: spring,sale",
        "the campaign (the first of them)",
    ),
    HeaderConvention(
        "mailjet",
        b"x-mailjet-trackclick",
        _switch,
        "X-Mailjet-TrackClick: 0|1",
        "whether this message is tracked",
    ),
    HeaderConvention(
        "mailjet",
        b"x-mailjet-campaign",
        _campaign,
        "X-Mailjet-Campaign: spring",
        "the campaign",
    ),
    HeaderConvention("postal", b"x-postal-tag", _campaign, "X-Postal-Tag: spring", "the campaign"),
    HeaderConvention("postal", b"x-amp", _amp, "X-AMP: skip", "this message is not tracked"),
    HeaderConvention(
        "emailengine",
        b"x-ee-tracking-enabled",
        _switch,
        "X-EE-Tracking-Enabled: true|false",
        "whether this message is tracked",
    ),
    HeaderConvention(
        "greenarrow",
        b"x-greenarrow-click-tracking-id",
        _person,
        "X-GreenArrow-Click-Tracking-ID: 4711",
        "your own id for the person",
    ),
    HeaderConvention(
        "smtpeter",
        b"x-smtpeter-trackclicks",
        _switch,
        "X-SMTPeter-TrackClicks: true|false",
        "whether this message is tracked",
    ),
    HeaderConvention(
        "unosend",
        b"x-unosend-track-clicks",
        _switch,
        "X-Unosend-Track-Clicks: true|false",
        "whether this message is tracked",
    ),
    HeaderConvention(
        "generic",
        b"x-no-track",
        _no_track,
        "X-No-Track: anything",
        "this message is not tracked (mail-tracker for Laravel)",
    ),
)

OWN_HEADERS = frozenset(row.name for row in HEADER_CONVENTIONS if row.native)
"""Names, in lower case, of the headers that are meant for Waypost alone."""
