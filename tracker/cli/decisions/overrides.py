"""`waypost revoke` and `waypost redirect`: links that were sent are withdrawn or repaired.

Owns: the commands.
Does not own: what an order comes to (`tracker.orders.links`), where decisions are kept
(`tracker.decisions.files`), or what was sent (`tracker.reports.sent_links`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.schema import Config
from tracker.cli import printing
from tracker.cli.common import as_service_user, current_store, log_errors_only
from tracker.cli.reach import everywhere_option, reach_of, require
from tracker.decisions import decide
from tracker.decisions.files import DECISIONS, KnownDecisions
from tracker.decisions.overrides import Decision, Kind
from tracker.orders import links
from tracker.reports import sent_links
from tracker.urls import blanks

if TYPE_CHECKING:
    from tracker.nodes.spread import Reach

FORCE = "In force within seconds, wherever the tracker runs on this store."
COLUMNS = ("at", "by", "action", "kind", "value", "to", "messages")
undo_option = click.option("--undo", is_flag=True, help="Take the decision back.")


@click.group()
def revoke() -> None:
    """Withdraw links that were sent: readers get a plain page (410) instead."""


@revoke.command("message")
@click.argument("message", type=TEXT)
@undo_option
@everywhere_option
@config_option_without_files
def revoke_message(config: Config, message: str, *, undo: bool, everywhere: bool) -> None:
    """Withdraw all links of a MESSAGE, named by its id or by any link of it, full or short."""
    log_errors_only(config)
    with _clear_errors():
        identifier = links.message_of(config, message)
    _revoke(config, "message", identifier, undo=undo, everywhere=everywhere)


@revoke.command("campaign")
@click.argument("campaign", type=TEXT)
@undo_option
@everywhere_option
@config_option_without_files
def revoke_campaign(config: Config, campaign: str, *, undo: bool, everywhere: bool) -> None:
    """Withdraw all links of the messages that CAMPAIGN has up to now."""
    if undo:
        _revoke(config, "campaign", campaign, undo=True, everywhere=everywhere)
        return
    with current_store(config) as db:
        messages = sent_links.messages_of(db, campaign)
    with _clear_errors():
        made = links.withdrawal(config, "campaign", campaign, lambda _: messages)
    _write(config, made)
    reach = _reach(config, made)
    echo(f"Campaign {campaign}: {len(messages)} messages revoked. {reach or FORCE}")
    echo("Messages that are sent from now on are not: stop sending, or revoke it again.")
    require(reach, everywhere=everywhere)


@revoke.command("host")
@click.argument("host", type=TEXT)
@undo_option
@everywhere_option
@config_option_without_files
def revoke_host(config: Config, host: str, *, undo: bool, everywhere: bool) -> None:
    """Withdraw all links to a destination HOST and to hosts below it."""
    with _clear_errors():
        name = decide.host(host)
    _revoke(config, "host", name, undo=undo, everywhere=everywhere)


@revoke.command("list")
@form_option
@config_option_without_files
def list_decisions(config: Config, form: Form) -> None:
    """Print every decision ever made, the oldest first: when, by whom, what."""
    found = _read(config)
    for complaint in DECISIONS.complaints(config.store.file, found):
        echo(complaint, err=True)
    if form == "people":
        for each in found.records:
            echo(_line(each))
    else:
        facts = map(asdict, found.records)
        rows = ({name: _plain(each[name]) for name in COLUMNS} for each in facts)
        printing.listing(rows, form, "Decisions", COLUMNS)


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@undo_option
@everywhere_option
@config_option_without_files
def redirect(config: Config, old: str, new: str | None, *, undo: bool, everywhere: bool) -> None:
    """Lead all links to the URL OLD to the URL NEW instead.

    OLD is the URL as it was written, or as it was sent: with what [tracking.url_params] and
    [tracking.identify] added. Named as it was written, NEW gets the same parameters, but only a
    host of [tracking.identify] is told who clicks; named as it was sent, NEW gets none of them.

    Any reader's URL will do, or the link as `waypost report` calls it: all readers' links are led to
    NEW, each with the parameters that are the reader's own (`[tracking] volatile_params` and others).

    Where a segment of the path is each reader's own, as in /offers/…/view, or what a parameter is set to,
    write … in OLD as the report does, and in NEW where that is to stand: as often as in OLD, or not at all.
    """
    if undo == (new is not None):
        raise click.UsageError("give OLD and NEW, or OLD and --undo")
    if new is None:
        reach = _reach(config, _take_back(config, "destination", old))
        echo(f"{old} leads where it was written to again. {reach or FORCE}")
        require(reach, everywhere=everywhere)
        return
    with _clear_errors():
        made = links.repair(config, old, new)
    _write(config, made)
    reach = _reach(config, made)
    echo(f"{old} leads to {new}. {reach or FORCE}")
    _hint(config, blanks.as_reported(made.value))
    require(reach, everywhere=everywhere)


def _revoke(config: Config, kind: Kind, value: str, *, undo: bool, everywhere: bool) -> None:
    """Withdraw links, or take that back, and say so."""
    if undo:
        made = _take_back(config, kind, value)
    else:
        with _clear_errors():
            made = links.withdrawal(config, kind, value, lambda _: ())
        _write(config, made)
    reach = _reach(config, made)
    echo(f"{kind.capitalize()} {value}: {'restored' if undo else 'revoked'}. {reach or FORCE}")
    require(reach, everywhere=everywhere)


def _take_back(config: Config, kind: Kind, value: str) -> Decision:
    with _clear_errors():
        made = links.restoration(config, kind, value)
    _write(config, made)
    return made


def _reach(config: Config, made: Decision) -> "Reach | None":
    return reach_of(config, DECISIONS, made)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """End the command with exit status 1 and one line where something cannot be decided, or read."""
    try:
        yield
    except (decide.CannotDecide, KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except OSError as error:
        raise click.ClickException(f"cannot read {error.filename}: {error.strerror}") from None


def _read(config: Config) -> KnownDecisions:
    """Return what was ever decided; click.ClickException where that cannot be read."""
    try:
        return DECISIONS.merged(config.store.file)
    except OSError as error:
        name = error.filename or DECISIONS.file_of(config.store.file)
        raise click.ClickException(f"cannot read {name}: {error.strerror}") from None


def _write(config: Config, decision: Decision) -> None:
    """Write a decision down; click.ClickException where that fails."""
    try:
        links.keep(config, decision)
    except OSError as error:
        path = DECISIONS.file_of(config.store.file)
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def _line(decision: Decision) -> str:
    """Return a decision as a line for people."""
    to = f" -> {decision.to}" if decision.to else ""
    messages = f" ({len(decision.messages)} messages)" if decision.messages else ""
    what = f"{decision.action} {decision.kind} {decision.value}"
    return f"{decision.at}  {decision.by}  {what}{to}{messages}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _hint(config: Config, old: str) -> None:
    """Print a hint where no link to `old` is known; with the store lost, that cannot be said."""
    try:
        with current_store(config) as db:
            is_known = sent_links.is_known(db, old, config)
    except click.ClickException as error:
        echo(f"Whether such a link was sent cannot be said: {error.message}", err=True)
        return
    if not is_known:
        echo(
            "The database knows no such link. It may be one that nobody clicked; else compare OLD, "
            "octet for octet, with what `waypost decode LINK` says.",
            err=True,
        )
