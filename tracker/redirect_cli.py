"""`waypost redirect`: links that were sent lead elsewhere.

Owns: the command, what may be repaired, and the hint that no such link is known.
Does not own: which links a repair is meant for (`overrides`, `repairs`).
"""

import click
from sqlite_utils import Database

from config.cli.options import config_option_without_files
from config.schema import Config
from tracker.cli.overrides import FORCE, known, record, take_back, undo_option
from tracker.cli.report import current_store
from tracker.decisions.overrides import Overrides, repair
from tracker.repairs import Additions
from tracker.tokens import is_destination
from tracker.urls.naming import volatile_of
from tracker.urls.params import place, without

_URLS = """
    SELECT ifnull(url, name) AS url FROM links
    WHERE substr(ifnull(url, name), 1, length(:beginning)) = :beginning
"""


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
