"""`waypost revoke` and `waypost redirect`: what can still be done about links once they are sent.

Owns: the commands, and what may be decided.
Does not own: the decisions and their file (`overrides`), or what readers get (`redirector`).
"""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import click

from config.options import config_option, config_option_without_files
from config.schema import Config
from tracker import hosts, overrides, printing
from tracker.link_cli import keyring_of, token_for
from tracker.overrides import Decision, decision
from tracker.report_cli import current_store, format_options
from tracker.tokens import BadToken, is_destination, read

_MESSAGES = """
    SELECT message_id FROM messages JOIN campaigns ON campaigns.id = campaign_id
    WHERE campaigns.name = :campaign
"""
undo_option = click.option("--undo", is_flag=True, help="Take the decision back.")
FORCE = "In force within seconds, wherever the tracker runs on this store."


def record(config: Config, decision: Decision) -> None:
    """Write a decision down; click.ClickException where that fails."""
    path = overrides.file_of(config.store.path)
    try:
        overrides.append(path, decision)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say that the file cannot be read, where it cannot."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from None


@click.group()
def revoke() -> None:
    """Withdraw links that were sent: readers get a plain page (410) instead."""


@revoke.command("message")
@click.argument("message")
@undo_option
@config_option
def revoke_message(config: Config, message: str, *, undo: bool) -> None:
    """Withdraw all links of a MESSAGE, named by its id or by any link of it, full or short."""
    identifier = message.lower()
    if not overrides.MESSAGE_ID.fullmatch(identifier):
        try:
            identifier = read(keyring_of(config), token_for(config, message)).message_id.hex()
        except BadToken:
            raise click.ClickException(
                "neither a message id (16 hexadecimal digits) nor a tracked link of ours"
            ) from None
    record(config, decision("restore" if undo else "revoke", "message", identifier))
    click.echo(f"Message {identifier}: {'restored' if undo else 'revoked'}. {FORCE}")


@revoke.command("campaign")
@click.argument("campaign")
@undo_option
@config_option_without_files
def revoke_campaign(config: Config, campaign: str, *, undo: bool) -> None:
    """Withdraw all links of the messages that CAMPAIGN has up to now."""
    if undo:
        record(config, decision("restore", "campaign", campaign))
        click.echo(f"Campaign {campaign}: restored. {FORCE}")
        return
    with current_store(config) as db:
        messages = [row["message_id"] for row in db.query(_MESSAGES, {"campaign": campaign})]
    if not messages:
        raise click.ClickException(f"no message of campaign {campaign!r} is known")
    record(config, decision("revoke", "campaign", campaign, messages=messages))
    click.echo(f"Campaign {campaign}: {len(messages)} messages revoked. {FORCE}")
    click.echo("Messages that are sent from now on are not: stop sending, or revoke it again.")


@revoke.command("host")
@click.argument("host")
@undo_option
@config_option_without_files
def revoke_host(config: Config, host: str, *, undo: bool) -> None:
    """Withdraw all links to a destination HOST and to hosts below it."""
    name = host.lower().rstrip(".")
    url = f"http://{name}/"
    if not name or "*" in name or hosts.host(url) != name or not is_destination(url):
        raise click.ClickException("write a bare host in ASCII, like example.com, without a *")
    record(config, decision("restore" if undo else "revoke", "host", name))
    click.echo(f"Host {name}: {'restored' if undo else 'revoked'}. {FORCE}")


@revoke.command("list")
@format_options
@config_option_without_files
def list_decisions(config: Config, form: str) -> None:
    """Print every decision ever made, the oldest first: when, by whom, what."""
    path = overrides.file_of(config.store.path)
    with _readable(path):
        lines = list(overrides.decisions(path))
    made = [each for each in lines if each]
    if len(made) < len(lines):
        click.echo(f"Lines of {path} that are no decisions: {len(lines) - len(made)}", err=True)
    if form != "table":
        rows = ({**asdict(each), "messages": list(each.messages)} for each in made)
        columns = [each.name for each in fields(Decision)]
        printing.listing(rows, form, "Decisions", columns)
        return
    for each in made:
        more = f" -> {each.to}" if each.to else ""
        more += f" ({len(each.messages)} messages)" if each.messages else ""
        click.echo(f"{each.at}  {each.by}  {each.action} {each.kind} {each.value}{more}")


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@undo_option
@config_option_without_files
def redirect(config: Config, old: str, new: str | None, *, undo: bool) -> None:
    """Lead all links to the URL OLD, as it was sent, to the URL NEW instead."""
    if undo == (new is not None):
        raise click.UsageError("give OLD and NEW, or OLD and --undo")
    for url in filter(None, (old, new)):
        if not is_destination(url):
            raise click.ClickException(f"not an http(s) URL in ASCII: {url}")
    if new is None:
        record(config, decision("restore", "destination", old))
        click.echo(f"{old} leads where it was written to again. {FORCE}")
        return
    path = overrides.file_of(config.store.path)
    with _readable(path):
        now = overrides.load(path)
    if now.repaired(new) == old or new == old:
        raise click.ClickException(f"{new} leads to {old} already: that would go in a circle")
    record(config, decision("redirect", "destination", old, to=new))
    click.echo(f"{old} leads to {new}. {FORCE}")
