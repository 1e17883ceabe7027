"""`waypost decode`: what a tracked link says, for whoever holds the keys.

Owns: finding the token in a URL, or the one that a short link stands for, and showing what it holds.
Does not own: tokens themselves (`tokens`), or the file of short links (`shortlinks`).
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import click

from config.cli.options import config_option
from config.schema import Config
from config.telemetry import observe
from tracker.minting import short_links
from tracker.minting.short_links import ShortLinks
from tracker.tokens import APP_PATH, PATH, BadToken, Keyring, key_id, read

if TYPE_CHECKING:
    from pathlib import Path


def keyring_of(config: Config) -> Keyring:
    """Load the keys; `config.loading.load` has made sure that there are some, and that they can be read."""
    return Keyring.load(cast("Path", config.keys.file))


def token_of(text: str) -> str:
    """Give the token in a tracked URL, whatever host or prefix it has; or the token itself."""
    tail = text.strip().rpartition(PATH)[2].removeprefix(APP_PATH.removeprefix(PATH))
    return tail.partition("?")[0].partition("#")[0]


def token_for(config: Config, text: str) -> str:
    """Give the token in a tracked URL, or the one that a short link stands for.

    Raises click.ClickException where a short link's cannot be found.
    """
    code = short_links.code_in(text)
    if code is None:
        return token_of(text)
    path = short_links.file_of(config.store.path)
    observe.configure("error", config.log.format)
    try:
        token = ShortLinks.load(config.store.path).token(code)
    except PermissionError as error:
        raise click.ClickException(f"{error}: run as the user of the service") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {error.filename}: {error.strerror}") from None
    if token is None:
        why = f"{code} is not in {path}" if path.exists() else f"there is no {path}"
        raise click.ClickException(f"not a short link of ours: {why}")
    return token


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
