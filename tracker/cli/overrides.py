"""`waypost revoke`: links that were sent are withdrawn, and what was ever decided about links.

Owns: the commands, and what may be decided.
Does not own: repairs (`redirect_cli`), where decisions are kept (`decisions`) and what they make of a
link (`overrides`), or what readers get (`redirector`).
"""

from dataclasses import asdict

import click

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.cli import printing
from tracker.cli.decode import keyring_of, token_for
from tracker.cli.report import current_store
from tracker.decisions import overrides
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Decision, Kind, Overrides, decision
from tracker.records.record_file import Known
from tracker.tokens import BadToken, is_destination, read
from tracker.urls import hosts

_MESSAGES = """
    SELECT message_id FROM messages JOIN campaigns ON campaigns.id = campaign_id
    WHERE campaigns.name = :campaign
"""
_LISTED = ("at", "by", "action", "kind", "value", "to")
undo_option = click.option("--undo", is_flag=True, help="Take the decision back.")
FORCE = "In force within seconds, wherever the tracker runs on this store."


def record(config: Config, decision: Decision) -> None:
    """Write a decision down; click.ClickException where that fails."""
    try:
        DECISIONS.append(config.store.path, decision)
    except OSError as error:
        path = DECISIONS.file_of(config.store.path)
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def known(config: Config) -> Known[Decision]:
    """Give what was ever decided; click.ClickException where that cannot be read."""
    try:
        return DECISIONS.known(config.store.path)
    except OSError as error:
        name = error.filename or DECISIONS.file_of(config.store.path)
        raise click.ClickException(f"cannot read {name}: {error.strerror}") from None


def take_back(config: Config, kind: Kind, value: str) -> None:
    """Write down that a decision no longer holds; click.ClickException where there is none."""
    if not Overrides.of(known(config).made).holds(kind, value):
        raise click.ClickException(f"no decision about {kind} {value} is in force")
    record(config, decision("restore", kind, value))


def _decide(config: Config, kind: Kind, value: str, *, undo: bool) -> None:
    if undo:
        take_back(config, kind, value)
    else:
        record(config, decision("revoke", kind, value))
    click.echo(f"{kind.capitalize()} {value}: {'restored' if undo else 'revoked'}. {FORCE}")


@click.group()
def revoke() -> None:
    """Withdraw links that were sent: readers get a plain page (410) instead."""


@revoke.command("message")
@click.argument("message", type=TEXT)
@undo_option
@config_option_without_files
def revoke_message(config: Config, message: str, *, undo: bool) -> None:
    """Withdraw all links of a MESSAGE, named by its id or by any link of it, full or short."""
    identifier = message.lower()
    if not overrides.MESSAGE_ID.fullmatch(identifier):
        identifier = _message_of(config, message)
    _decide(config, "message", identifier, undo=undo)


def _message_of(config: Config, link: str) -> str:
    """Give the id of the message that a link is of; only this needs the keys."""
    if config.keys.file is None:
        raise click.ClickException("to read a link, set keys.file; or name the message by its id")
    try:
        return read(keyring_of(config), token_for(config, link)).message_id.hex()
    except (KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except BadToken:
        raise click.ClickException(
            "neither a message id (16 hexadecimal digits) nor a tracked link of ours"
        ) from None


@revoke.command("campaign")
@click.argument("campaign", type=TEXT)
@undo_option
@config_option_without_files
def revoke_campaign(config: Config, campaign: str, *, undo: bool) -> None:
    """Withdraw all links of the messages that CAMPAIGN has up to now."""
    if undo:
        _decide(config, "campaign", campaign, undo=True)
        return
    with current_store(config) as db:
        messages = [row["message_id"] for row in db.query(_MESSAGES, {"campaign": campaign})]
    if not messages:
        raise click.ClickException(f"no message of campaign {campaign!r} is known")
    record(config, decision("revoke", "campaign", campaign, messages=messages))
    click.echo(f"Campaign {campaign}: {len(messages)} messages revoked. {FORCE}")
    click.echo("Messages that are sent from now on are not: stop sending, or revoke it again.")


@revoke.command("host")
@click.argument("host", type=TEXT)
@undo_option
@config_option_without_files
def revoke_host(config: Config, host: str, *, undo: bool) -> None:
    """Withdraw all links to a destination HOST and to hosts below it."""
    name = host.lower().rstrip(".")
    url = f"http://{name}/"
    if not name or "*" in name or hosts.host(url) != name or not is_destination(url):
        raise click.ClickException("write a bare host in ASCII, like example.com, without a *")
    _decide(config, "host", name, undo=undo)


@revoke.command("list")
@form_option
@config_option_without_files
def list_decisions(config: Config, form: Form) -> None:
    """Print every decision ever made, the oldest first: when, by whom, what."""
    found = known(config)
    for complaint in DECISIONS.complaints(config.store.path, found):
        click.echo(complaint, err=True)
    if form != "people":
        facts = map(asdict, found.made)
        columns = (*_LISTED, "messages")
        rows = ({name: _plain(each[name]) for name in columns} for each in facts)
        printing.listing(rows, form, "Decisions", columns)
        return
    for each in found.made:
        more = f" -> {each.to}" if each.to else ""
        more += f" ({len(each.messages)} messages)" if each.messages else ""
        click.echo(f"{each.at}  {each.by}  {each.action} {each.kind} {each.value}{more}")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
