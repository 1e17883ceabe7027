"""`waypost revoke`: links that were sent are withdrawn, and what was ever decided about links.

Owns: the commands, and what may be decided.
Does not own: repairs (`overrides`), where decisions are kept (`tracker.decisions.files`) and what they make of a
link (`tracker.decisions.overrides`), or what readers get (`tracker.redirect.redirector`).
"""

from dataclasses import asdict

import click
from sqlite_utils import Database

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.cli import printing
from tracker.cli.common import current_store, keyring_of, token_for
from tracker.decisions import overrides
from tracker.decisions.files import DECISIONS
from tracker.decisions.overrides import Decision, Kind, Overrides, decision, repair
from tracker.records.record_file import Merged
from tracker.tokens import BadToken, is_destination, read
from tracker.urls import hosts
from tracker.urls.additions import Additions
from tracker.urls.naming import volatile_of
from tracker.urls.params import place, without

_URLS = """
    SELECT ifnull(url, name) AS url FROM links
    WHERE substr(ifnull(url, name), 1, length(:beginning)) = :beginning
"""

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


def known(config: Config) -> Merged[Decision]:
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


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@undo_option
@config_option_without_files
def redirect(config: Config, old: str, new: str | None, *, undo: bool) -> None:
    """Lead all links to the URL OLD to the URL NEW instead.

    OLD is the URL as it was written, or as it was sent: with what [tracking.url_params] and
    [tracking.identify] added. Named as it was written, NEW gets the same parameters, but only a host
    of [tracking.identify] is told who clicks; named as it was sent, readers arrive at exactly NEW.
    """
    if undo == (new is not None):
        raise click.UsageError("give OLD and NEW, or OLD and --undo")
    for url in filter(None, (old, new)):
        if not is_destination(url):
            raise click.ClickException(f"not an http(s) URL in ASCII: {url}")
    if new is None:
        take_back(config, "destination", old)
        click.echo(f"{old} leads where it was written to again. {FORCE}")
        return
    additions = Additions.of(config)
    decision = repair(old, new, additions)
    now = Overrides.of(known(config).made)
    now.apply(decision)
    way = [old, *now.way(old, additions)]
    if new == old or len(set(way)) < len(way):
        raise click.ClickException(f"{new} leads to {old} already: that would go in a circle")
    record(config, decision)
    click.echo(f"{old} leads to {new}. {FORCE}")
    _hint(config, old, additions)


def _hint(config: Config, old: str, additions: Additions) -> None:
    """Say where no link to `old` is known; with the store lost, that cannot be said."""
    try:
        with current_store(config) as db:
            is_known = _is_known(db, config, old, additions)
    except click.ClickException as error:
        click.echo(f"Whether such a link was sent cannot be said: {error.message}", err=True)
        return
    if not is_known:
        click.echo(
            "The database knows no such link. It may be one that nobody clicked; else compare OLD, octet "
            "for octet, with what `waypost decode LINK` says.",
            err=True,
        )


def _is_known(db: Database, config: Config, old: str, additions: Additions) -> bool:
    """Whether the store has a link to `old`; URLs stand there without what varies by reader."""
    volatile = volatile_of(config)

    def meant(url: str) -> set[str]:
        urls = (url, *(written for written, _ in additions.written(url)))
        return {without(each, volatile) for each in urls}

    wanted = meant(old)
    found = db.execute(_URLS, {"beginning": place(old)})
    return any(not wanted.isdisjoint(meant(url)) for (url,) in found)
