"""`waypost clickmap`: a message with what its links did in a campaign drawn on it.

Owns: the command, and bringing together a message's links (`proxy.clickmap`) and a campaign's figures
(`tracker.reports`), of which neither knows the other.
Does not own: either of them.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from config.cli.options import TEXT, config_option_without_files
from config.keys.secret_files import KeyFileError
from config.schema import Config
from proxy.clickmap.links import MarkedHtml, NoMap, marked
from proxy.clickmap.page import Map, Row, page
from tracker.cli.common import current_store
from tracker.pages.rendering.numbers import number, plural, rate, share
from tracker.reports import known, names, summary
from tracker.reports.campaigns.message_links import message_links
from tracker.reports.figures import Figures, LinkFigures
from tracker.sql.db import Db
from tracker.tokens import Keyring

OTHERS = 50
"""Links of the campaign that are not in the message, which are listed."""


@click.command()
@click.argument("campaign", type=TEXT)
@click.argument("message", type=click.File("rb"))
@config_option_without_files
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to write the page. Without it, standard output.",
)
def clickmap(config: Config, campaign: str, message: BinaryIO, output: Path | None) -> None:
    """Draw on MESSAGE (a .eml file, or - for standard input) what its links did in CAMPAIGN.

    One HTML page that needs nothing else: each link with the people who clicked it, their share of the
    deliveries, and clicks of machines. The message may be as it was sent, or as somebody received it.
    Nothing of it is stored, and the page loads nothing.
    """
    try:
        found = marked(message.read(), config, _keyring(config))
        with current_store(config) as db:
            known.campaign(db, campaign)
            written = page(found, drawn(db, campaign, found)).encode("utf-8", "replace")
    except NoMap as error:
        raise click.ClickException(f"{message.name}: {error}") from None
    if output is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(written)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None


def _keyring(config: Config) -> Keyring | None:
    """Return the keys that read tracked links; None where this user may not read them."""
    try:
        return Keyring.load(config.keys.file) if config.keys.file else None
    except (KeyFileError, OSError, ValueError):
        return None


def drawn(db: Db, campaign: str, found: MarkedHtml) -> Map:
    """Return what the page shows of a campaign, for the links of a message."""
    report = summary.report(db, campaign=campaign)
    totals = report.totals
    links = message_links(db, campaign, found.links)
    most = max((each.figures.unique_human for each in links.values()), default=0)
    here = {each.link for each in links.values()}
    others = [each for each in report.links if each.link not in here]
    clicked_here = sum(1 for each in report.links if each.link in here)
    return Map(
        campaign,
        tuple(_facts(totals)),
        {number: _row(each, totals, most) for number, each in links.items()},
        [_row(each, totals, most) for each in others[:OTHERS]],
        max(0, report.links_total - clicked_here - len(others[:OTHERS])),
        tuple(_notes(campaign, found, links.values(), totals)),
    )


def _facts(totals: Figures) -> Iterator[tuple[str, str]]:
    yield "deliveries", number(totals.deliveries)
    yield "click rate", rate(totals.click_rate)
    yield "people who clicked", number(totals.unique_human)
    yield "clicks of people", number(totals.clicks_human)
    yield "clicks of machines", number(totals.clicks_machine)


def _row(link: LinkFigures, totals: Figures, most: int) -> Row:
    figures = link.figures
    machines = plural(figures.clicks_machine, "machine click") if figures.clicks_machine else ""
    doubtful = f"{number(figures.clicks_doubtful)} doubtful" if figures.clicks_doubtful else ""
    return Row(
        name=link.name.for_people,
        text=link.text,
        people=plural(figures.unique_human, "person", "people"),
        share=share(figures.unique_human, totals.deliveries),
        machines=machines,
        heat=min(1.0, figures.unique_human / most) if most else 0.0,
        doubtful=doubtful,
        clicks=number(figures.clicks_human),
    )


def _notes(
    campaign: str, found: MarkedHtml, links: Iterable[LinkFigures], totals: Figures
) -> Iterator[str]:
    """Yield sentences, without full stops, on what cannot be seen from what is drawn."""
    if found.untouched is not None:
        yield f"No link of this message is tracked: {found.untouched.help}"
    elif found.received:
        yield "Somebody received this message: where its tracked links lead is drawn as its author wrote it"
    elif found.campaign != campaign:
        other = names.Name(found.campaign).for_people
        yield f'This message counts for another campaign, "{other}"'
    if found.links and not any(each.figures.clicks_all for each in links):
        yield "Nobody clicked a link of this message in this campaign"
    if totals.shared_messages:
        yield "Clicks on copies that several recipients share are nobody's, and in no count of people"
