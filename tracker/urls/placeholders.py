"""Template placeholders in a URL, which a later system will fill in for each reader.

Owns: how sending services and newsletter programs write them, percent-encoded or not, and the tags
that a message names for itself.
Does not own: the header that names such tags (`proxy.policy.substitutions`), or what follows for a
link (`proxy.policy.traits`, `tracker.minting.request`).

Written so: `{{…}}` (SparkPost, SES, Postmark, Mailjet, Brevo, HubSpot, Klaviyo, listmonk), `{%…%}`,
`*|…|*` (Mailchimp, Mandrill), `%%…%%` (Salesforce, SocketLabs, Pardot), `[[…]]` (Mailjet,
GetResponse, Omnisend), `%recipient.x%` and `%EMAIL%` (Mailgun, ActiveCampaign), `<%…%>` and
`[%…%]` (SendGrid, Emma), `${…}` (Responsys), `{!…}`, `{$…}` (Salesforce, AWeber, MailerLite),
`~Contact.x~` and `~~eloqua…~~` (Keap, Eloqua), `#recipient:x#` (Moosend), `{contactfield=…}`
(Mautic), `[subscriber:…]`, `[link:…]` (MailPoet), `[UNSUBSCRIBEURL]` and other names in capitals
(phpList, Sendy).
"""

import re
from collections.abc import Collection
from typing import Final

NOT_ENCODED: Final = "".join(map(chr, range(0x21, 0x7F)))
"""Characters that stand in a URL as they are."""

_MARK = re.compile(r"[{%\[<~#*]")
"""One of these is in each placeholder."""
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,200}\}\}"
    r"|\{%[^{}]{1,200}%\}"
    r"|\*\|[^|]{1,200}\|\*"
    r"|%%=?[A-Za-z_][^%]{0,200}%%"
    r"|\[\[[^\[\]]{1,200}\]\]"
    r"|<%[^<>]{1,200}%>|\[%[^\[\]]{1,200}%\]"
    r"|\$\{[^{}]{1,200}\}|\{[!$][^{}]{1,200}\}"
    r"|\{(?:contactfield|subtag|contact|subscriber|recipient|lead|tokens?)[=:.][^{}]{1,200}\}"
    r"|~~eloqua[^~]{1,200}~~|~[A-Z][a-z]+\.[A-Za-z0-9_]{1,80}~"
    r"|#recipient:[^#]{1,80}#"
    r"|(?:(?<=[=/])|\A)\[(?:(?:subscriber|link|contact_attribute|date|newsletter|user):[^\[\]]{1,80}|"
    r"[A-Z][A-Z_]{3,40}(?:,[^\[\]]{0,80})?)\](?=[/&?#]|\Z)"
    r"|%(?:recipient(?:[._][A-Za-z0-9_.-]{1,80})?|(?:mailing_list_|tag_)?unsubscribe_(?:url|email))%"
    r"|%[A-Za-z_][A-Za-z0-9_.-]{2,80}%(?![0-9A-Fa-f]{2})",
    re.ASCII,
)
_ENCODED = re.compile(
    r"%7B%7B(?:[^%{}]|%(?!7[BD])){0,200}%7D%7D"
    r"|\*%7C(?:[^%|]|%(?!7C)){1,200}%7C\*"
    r"|%5B%5B(?:[^%\[\]]|%(?!5[BD])){1,200}%5D%5D"
    r"|%25%25(?:[^%]|%(?!25)){1,200}%25%25"
    r"|%3C%25(?:[^%<>]|%(?!25|3E)){1,200}%25%3E"
    r"|%7B(?:%25|%21|!|%24|\$)[^{}%]{1,200}(?:%25)?%7D"
    r"|%25recipient[._][A-Za-z0-9_.-]{1,80}%25",
    re.ASCII | re.IGNORECASE,
)


def has_placeholder(destination: str, tags: Collection[str] = ()) -> bool:
    """Return whether a placeholder is left for a later system; `tags` are those that a message names."""
    if _MARK.search(destination) and (
        _PLACEHOLDER.search(destination) or _ENCODED.search(destination)
    ):
        return True
    return bool(tags) and any(tag in destination for tag in tags)
