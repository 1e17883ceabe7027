"""`waypost webhook`: list how webhooks stand, have what failed tried again, send an example.

Owns: the commands.
Does not own: how webhooks stand (`tracker.outbox.standing`), the queue (`tracker.outbox.queue`), or
sending (`tracker.webhooks`).
"""

import time

import click

from config.cli.listing import Form, form_option
from config.cli.options import TEXT, config_option, config_option_without_files
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.schema import Config, WebhookConfig
from tracker.cli import printing
from tracker.cli.common import Waiting, current_store, log_errors_only
from tracker.outbox import filling, queue, standing
from tracker.sql.errors import DatabaseErrors
from tracker.store import database
from tracker.store.database import StoreError
from tracker.webhooks.trial import Trial, send_example

CHUNK = 5000
"""Events that are made due in one transaction."""
SHOWN_CHARACTERS = 300
"""Of what a receiver answered."""


@click.group("webhook")
def webhook_group() -> None:
    """List webhooks and what waits for them; have it tried again; send an example."""


@webhook_group.command("list")
@config_option_without_files
@form_option
def list_webhooks(config: Config, form: Form) -> None:
    """List webhooks: whether they take events, how many wait, and the last error."""
    with current_store(config) as db:
        printing.listing(standing.webhooks(db, config), form, "Webhooks", standing.COLUMNS)


@webhook_group.command("retry")
@config_option_without_files
@click.argument("name", type=TEXT)
def retry(config: Config, name: str) -> None:
    """Have tried again what webhook NAME did not take, now; one that stopped goes on.

    The service sends it, within a second.
    """
    log_errors_only(config)
    _named(config, name)
    try:
        count = _retry(config, name)
    except (*DatabaseErrors, StoreError, OSError) as error:
        raise click.ClickException(
            f"{database.called(config.store)} cannot be changed: {error}"
        ) from None
    echo(f"{name}: {count} events are tried again now.")


def _retry(config: Config, name: str) -> int:
    if not database.exists(config.store):
        return 0
    with database.changing(config.store, Waiting().say) as opened:
        with opened.transaction():
            webhook_id = filling.webhook_ids(opened.db, [name])[name]
        count = 0
        while True:
            with opened.transaction():
                changed = queue.try_again(opened.db, webhook_id, time.time(), CHUNK)
                if not changed:
                    queue.go_on(opened.db, webhook_id)
                    return count
            count += changed


@webhook_group.command("test")
@config_option
@click.argument("name", type=TEXT)
def test(config: Config, name: str) -> None:
    """Send webhook NAME an example, signed as any event, and tell what came back.

    Its type is `webhook.test`; nothing is put down. Exit status 1 where it was not taken.
    """
    log_errors_only(config)
    try:
        trial = send_example(_named(config, name))
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    _tell(name, trial)
    if not trial.answer.is_taken:
        raise click.exceptions.Exit(1)


def _named(config: Config, name: str) -> WebhookConfig:
    """Return the webhook of a name; raises click.ClickException."""
    for each in config.webhook:
        if each.called == name:
            return each
    known = ", ".join(each.called for each in config.webhook) or "none"
    raise click.ClickException(f'there is no webhook "{name}"; configured: {known}')


def _tell(name: str, trial: Trial) -> None:
    taken = "taken" if trial.answer.is_taken else "not taken"
    echo(f"{name}: {taken}: {trial.answer} ({1000 * trial.took_s:.0f} ms, id {trial.event_id})")
    text = trial.answer.body.decode("utf-8", "replace").strip()
    if text:
        echo(*text[:SHOWN_CHARACTERS].splitlines())
