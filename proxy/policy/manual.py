"""Two pages of `docs/`, written from the tables: `migration.md` and `reasons.md`.

Owns: the wording around `dialects`, `providers` and `reasons`. `python -m proxy.policy.manual`
writes the pages anew; a test fails while they are stale.
Does not own: the conventions and the reasons, which stand where they are declared.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from config.schema import DIALECTS
from proxy.policy.dialects import (
    HEADER_CONVENTIONS,
    LINK_CONVENTIONS,
    NATIVE,
    NOTRACK_DIALECT,
    NOTRACK_EXAMPLE,
)
from proxy.policy.providers import OFF_HEADERS
from proxy.policy.reasons import SOFT, Reason, Skip, Untouched

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
    "generic": "Seen in many places",
}

MIGRATION_HEAD = """\
# Coming from another system

Written by `python -m proxy.policy.manual` from `proxy/policy/dialects.py`; edit there.

Mail that was written for another system keeps its meaning: Waypost reads the attributes, classes
and headers below. They are left in the message as they are (our own headers are removed before the
message goes on, unless a signature that stays covers them). All dialects are on;
`[tracking] dialects = ["postmark", …]` names those to understand.

Where several say something about the same link or message, an opt-out wins. Values and classes are
compared without case. A switch whose value no one defined counts as off, and is logged.

If the relay is itself one of these services, name it in `[relay] provider`: messages with tracked
links then carry its own off switch, so that no link is wrapped twice.

## Our own names
"""

REASONS_HEAD = """\
# Why a message or a link is left alone

Written by `python -m proxy.policy.manual` from `proxy/policy/reasons.py`; edit there.

`waypost explain FILE` names one of these for every link that it does not track, and for a message
that stays as it came; the metrics `waypost_links` and `waypost_planned_messages` count them.
"""


def migration_page() -> str:
    """Write docs/migration.md."""
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
        yield f"| link: `{NOTRACK_EXAMPLE}` | the link is not tracked, `+notrack` is taken away |"
    for header in HEADER_CONVENTIONS:
        if header.dialect == dialect:
            yield f"| header: `{_cell(header.example)}` | {header.meaning} |"
    if dialect in OFF_HEADERS:
        name, value_for = OFF_HEADERS[dialect]
        yield f'| `[relay] provider = "{dialect}"` | adds `{name}: {value_for([])}` |'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def reasons_page() -> str:
    """Write docs/reasons.md."""
    lines = [REASONS_HEAD, "## Messages", "", *_reasons(Untouched)]
    lines += ["", "## Links", "", *_reasons(Skip)]
    return "\n".join([*lines, "", '\\* `data-track="true"` on the link lifts this.', ""])


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
