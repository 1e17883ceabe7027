"""Two pages of `docs/` that are generated from the tables: `migration.md` and `reasons.md`.

Owns: the text around the tables. `python -m proxy.policy.manual` writes both pages; a test fails
while they are stale.
Does not own: the tables themselves (`link_conventions`, `header_conventions`, `providers`, `reasons`).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from config.schema import DIALECTS
from proxy.policy.dialects import NATIVE
from proxy.policy.header_conventions import HEADER_CONVENTIONS
from proxy.policy.link_conventions import LINK_CONVENTIONS, NOTRACK_DIALECT, NOTRACK_EXAMPLE
from proxy.policy.providers import OFF_HEADERS
from proxy.policy.reasons import CURES, SOFT, Reason, Skip, Untouched

DOCS = Path(__file__).resolve().parents[2] / "docs"

TITLES = {
    "customerio": "Customer.io",
    "postmark": "Postmark",
    "sendgrid": "SendGrid",
    "mailgun": "Mailgun",
    "ses": "Amazon SES",
    "sparkpost": "SparkPost",
    "mandrill": "Mandrill (Mailchimp Transactional)",
    "mailjet": "Mailjet",
    "postal": "Postal",
    "mautic": "Mautic",
    "emailengine": "EmailEngine",
    "ahoy": "ahoy_email",
    "socketlabs": "SocketLabs",
    "messagegears": "MessageGears",
    "keap": "Keap (Infusionsoft)",
    "greenarrow": "GreenArrow",
    "marketo": "Marketo",
    "campaignmonitor": "Campaign Monitor (MailBuild)",
    "smtpeter": "SMTPeter",
    "unosend": "Unosend",
    "generic": "Seen in many places",
}

MIGRATION_HEAD = """\
# Coming from another system

Written by `python -m proxy.policy.manual` from `proxy/policy/link_conventions.py` and
`proxy/policy/header_conventions.py`; edit there.

Mail that you wrote for another system works here unchanged: Waypost understands the attributes,
classes and headers below. It leaves those of other systems in the message, and removes its own
headers before the message goes on, unless a DKIM signature that stays covers them. All dialects are
on; to choose some, set `[tracking] dialects = ["postmark", …]`.

If a link or message carries several of them, an opt-out wins. Upper and lower case do not matter in
values and class names. A switch whose value Waypost does not know counts as off, and is logged.

If your relay is one of these services, set `[relay] provider`: Waypost then adds the service's own
off switch to each message that it changes, so that no link is rewritten twice.

## Our own names
"""

REASONS_HEAD = """\
# Why a message or a link is left alone

Written by `python -m proxy.policy.manual` from `proxy/policy/reasons.py`; edit there.

`waypost explain FILE` shows one of these reasons for every link that Waypost does not track, and
one for a message that it does not change. The metrics `waypost_links` and
`waypost_planned_messages` count them. For a message, `explain` and the log (`message_left`) name the
header or line that is behind the reason, and what to do about it; `waypost_relay_alterations` counts what
the relay would alter, by header.
"""


def migration_page() -> str:
    """Return the text of docs/migration.md."""
    lines = [MIGRATION_HEAD, *_table(NATIVE)]
    for dialect in DIALECTS:
        lines += ["", f"## {TITLES[dialect]}", "", f'`dialects = ["{dialect}"]`', ""]
        lines += _table(dialect)
    return "\n".join([*lines, ""])


def _table(dialect: str) -> Iterator[str]:
    yield "| In your mail | What it does here |"
    yield "|---|---|"
    for link in LINK_CONVENTIONS:
        if link.dialect == dialect:
            yield f"| link: `{link.example}` | {link.effect} |"
    if dialect == NOTRACK_DIALECT:
        yield f"| link: `{NOTRACK_EXAMPLE}` | the link is not tracked, and `+notrack` is removed |"
    for header in HEADER_CONVENTIONS:
        if header.dialect == dialect:
            yield f"| header: `{_cell(header.example)}` | {header.meaning} |"
    if dialect in OFF_HEADERS:
        name, value_for = OFF_HEADERS[dialect]
        yield f'| `[relay] provider = "{dialect}"` | adds `{name}: {value_for([])}` |'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def reasons_page() -> str:
    """Return the text of docs/reasons.md."""
    lines = [REASONS_HEAD, "## Messages", "", *_messages()]
    lines += ["", "## Links", "", *_reasons(Skip)]
    return "\n".join([*lines, "", '\\* Does not apply to a link with `data-track="true"`.', ""])


def _messages() -> Iterator[str]:
    yield "| Reason | Meaning | What to do |"
    yield "|---|---|---|"
    for reason in Untouched:
        yield f"| `{reason}` | {_cell(reason.help)} | {_cell(CURES.get(reason, ''))} |"


def _reasons(reasons: Iterable[Reason]) -> Iterator[str]:
    yield "| Reason | Meaning |"
    yield "|---|---|"
    for reason in reasons:
        lifted = " \\*" if reason in SOFT else ""
        yield f"| `{reason}`{lifted} | {_cell(reason.help)} |"


PAGES = {"migration.md": migration_page, "reasons.md": reasons_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
