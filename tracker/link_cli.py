"""`waypost decode`: what a tracked link says, for whoever holds the keys.

Owns: finding the token in a URL, and showing what it holds.
Does not own: tokens themselves (`tokens`).
"""

import json
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from config.cli import config_option
from config.files import KeyFileError
from config.schema import Config
from tracker.tokens import PATH, BadToken, Keyring, key_id, read


def token_of(text: str) -> str:
    """Give the token in a tracked URL, whatever host or prefix it has; or the token itself."""
    tail = text.strip().rpartition(PATH)[2]
    return tail.partition("?")[0].partition("#")[0]


def described(keyring: Keyring, text: str) -> dict[str, Any]:
    """Give what the token in `text` says, ready for JSON; raises BadToken."""
    token = token_of(text)
    link = read(keyring, token)
    return {
        "message_id": link.message_id.hex(),
        "recipient": link.recipient,
        "link": link.number,
        "sent_at": datetime.fromtimestamp(link.sent_at_s, UTC).isoformat(),
        "key": key_id(token),
        "destination": link.destination,
        "preview": link.preview,
    }


def show(facts: dict[str, Any]) -> None:
    """Print the facts of a link for people; destinations are printed whole, to be copied."""
    notes = {
        "recipient": " (a copy shared by several)" if facts["recipient"] == 0 else "",
        "preview": " (redirects, never counted)" if facts["preview"] else "",
    }
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        table.add_row(name.replace("_", " "), shown + notes.get(name, ""))
    Console(highlight=False, markup=False, soft_wrap=True).print(table)


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("url")
def decode(config: Config, url: str, *, as_json: bool) -> None:
    """Say what the tracked link URL (or a bare token) holds."""
    if config.keys.file is None:
        raise click.ClickException("keys.file is not set: without its keys no link can be read")
    try:
        facts = described(Keyring.load(config.keys.file), url)
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    except BadToken as error:
        raise click.ClickException(f"not a link of ours: {error}") from None
    if as_json:
        click.echo(json.dumps(facts))
    else:
        show(facts)
