"""`waypost decode`: what a tracked link says, for whoever holds the keys.

Owns: finding the token in a URL, or the one that a short link stands for, and showing what it holds.
Does not own: tokens themselves (`tokens`), or the file of short links (`tracker.minting.short_links`).
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from config.cli.options import config_option
from config.schema import Config
from tracker.cli.common import keyring_of, token_for
from tracker.tokens import BadToken, Keyring, key_id, read


def described(keyring: Keyring, token: str) -> dict[str, Any]:
    """Give what a token says, ready for JSON; raises BadToken."""
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


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """Say the facts of a link for people; a destination stands whole on its line, to be copied."""
    notes = {
        "recipient": " (a copy shared by several)" if facts["recipient"] == 0 else "",
        "preview": " (redirects, never counted)" if facts["preview"] else "",
    }
    for name, value in facts.items():
        shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        yield f"{name.replace('_', ' '):<13}{shown}{notes.get(name, '')}"


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("url")
def decode(config: Config, url: str, *, as_json: bool) -> None:
    """Say what the tracked link URL, full or short, holds; a bare token will do as well."""
    try:
        facts = described(keyring_of(config), token_for(config, url))
    except BadToken as error:
        raise click.ClickException(f"not a link of ours: {error}") from None
    if as_json:
        click.echo(json.dumps(facts))
    else:
        click.echo("\n".join(lines(facts)))
