"""`waypost decode`: what a tracked link says, for whoever holds the keys, and whose it is.

Owns: the command; that it works without a store, which alone knows campaign and person.
Does not own: reading the link (`tracker.minting.lookup`), or what mail filters make of it
(`tracker.urls.wrappers`).
"""

import contextlib
import json
from collections.abc import Iterator, Mapping

import click

from config.cli.options import config_option
from config.cli.output import echo
from config.schema import Config
from tracker.cli.common import decoded_link
from tracker.minting.lookup import DecodedLink
from tracker.reports import story
from tracker.store import database
from tracker.store.keys import MessageKey
from tracker.tokens import SHARED, BadToken, Link
from tracker.urls.wrappers import layers


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("url")
def decode(config: Config, url: str, *, as_json: bool) -> None:
    """Show what the tracked link URL, full or short, holds; a bare token will do as well.

    A link that a mail filter has wrapped (Safe Links, URL Defense and others) is read through it.
    With the campaign and the person whose copy it is in, as far as the store knows them.
    """
    try:
        decoded = _innermost(config, url)
    except BadToken as error:
        raise click.ClickException(f"not a link of ours: {error}") from None
    facts = {**decoded.json(), **_whose(config, decoded.link)}
    echo(*([json.dumps(facts)] if as_json else _lines(facts)))


def _innermost(config: Config, url: str) -> DecodedLink:
    """Read a link, through whatever wraps it; raises as `decoded_link` does for the outermost."""
    outer, *wrapped = layers(url)
    for inner in reversed(wrapped):
        with contextlib.suppress(BadToken, click.ClickException):
            return decoded_link(config, inner)
    return decoded_link(config, outer)


def _whose(config: Config, link: Link) -> dict[str, str | None]:
    """Return campaign and person of a link, as far as the store can be asked and knows them."""
    key = MessageKey.of(link.sent_at_s, link.message_id.hex())
    campaign, address, person = None, None, None
    with (
        contextlib.suppress(database.StoreError, OSError),
        database.reading(config.store) as db,
    ):
        campaign, address, person = story.recipient(db, key, link.recipient)
    return {"campaign": campaign, "address": address, "person": person}


def _lines(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines for people; a destination stands whole on its line, to be copied."""
    notes = {
        "recipient": " (a copy shared by several)" if facts["recipient"] == SHARED else "",
        "preview": " (redirects, never counted)" if facts["preview"] else "",
    }
    for name, value in facts.items():
        text = (
            ("no", "yes")[value]
            if isinstance(value, bool)
            else ("-" if value is None else str(value))
        )
        yield f"{name.replace('_', ' '):<13}{text}{notes.get(name, '')}"
