"""Commands over a store, run in this process; and what the spool of theirs holds."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from config.loading.load import load
from tracker.cli.decisions import consent, forget
from tracker.cli.operations import purge, reclassify, webhook
from tracker.cli.reports import identify, report
from tracker.cli.reports import message as message_command
from tracker.events import Clicked, Event, MessageAccepted, MessagePending, Recipient, SentLink
from tracker.spool.writer import Spool

SENT_S = 1_700_000_000
"""14 November 2023, 22:13:20 UTC"""
COMMANDS = {
    "report": report.report,
    "activity": report.activity,
    "clickers": report.clickers,
    "export": report.export,
    "purge": purge.purge,
    "reclassify": reclassify.reclassify,
    "consent": consent.consent,
    "forget": forget.forget,
    "identify": identify.identify,
    "message": message_command.message,
    "webhook test": webhook.test,
    "webhook retry": webhook.retry,
    "webhook list": webhook.list_webhooks,
}
LINKS = (
    SentLink(1, "https://example.net/a", None, "A"),
    SentLink(2, "https://example.net/b?who=1", "offer", "B"),
)


def run(folder: Path, name: str, *arguments: str) -> Result:
    """Run one command; `webhook list` is one, too."""
    config = str(folder / "waypost.toml")
    return CliRunner().invoke(COMMANDS[name], ["-c", config, *arguments])


def output(folder: Path, name: str, *arguments: str) -> str:
    """Run one command that succeeds."""
    result = run(folder, name, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def spooled(folder: Path, *events: Event) -> None:
    """Put events into the spool, as proxy and tracker do."""
    spool = Spool.open(load(folder / "waypost.toml").store.spool_dir, "proxy")
    for event in events:
        spool.append(event).result(5)
    spool.close()


def message(
    number: int, campaign: str | None, address: str, at_s: int = SENT_S
) -> list[MessagePending | MessageAccepted]:
    """Return a message to one reader that the relay took."""
    message_id = f"{number:016x}"
    return [
        MessagePending(
            *(message_id, at_s, "example.com", campaign),
            shared=False,
            recipients=(Recipient(1, address),),
            links=LINKS,
        ),
        MessageAccepted(message_id, at_s, (1,)),
    ]


def click(
    number: int, message: int, link: SentLink, sent_s: int = SENT_S, **changes: Any
) -> Clicked:
    """Return a click of that message's reader, ten minutes after the one before."""
    facts: dict[str, Any] = {"method": "GET", "human": True, "reasons": (), "user_agent": "B/1"}
    return Clicked(
        event_id=f"c{number}",
        at_s=sent_s + 61 + 600 * (number - 1),
        message_id=f"{message:016x}",
        recipient=1,
        link=link.number,
        sent_at_s=sent_s,
        destination=link.url,
        ip="192.0.2.0",
        **{**facts, **changes},
    )
