"""`waypost report`, `activity`, `clickers` and `export`: what was sent and clicked.

Owns: the commands.
Does not own: the questions (`tracker.reports.clicks`, `tracker.reports.opens`), how answers are
printed (`printing`), what is followed (`tracker.stream`), or bringing the store up to date (`common`).
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, wraps
from typing import NamedTuple

import click

from config.cli.console import Console
from config.cli.listing import Form, export_form_option, form_option, print_csv
from config.cli.options import TEXT, config_option_without_files
from config.cli.output import echo
from config.schema import Config
from tracker.cli import printing
from tracker.cli.common import as_service_user, current_store, log_errors_only
from tracker.reports import clicks, known, opens, summary
from tracker.reports.activity import COLUMNS as ACTIVITY
from tracker.reports.activity import FOR_PEOPLE as ACTIVITY_FOR_PEOPLE
from tracker.reports.activity import activity as activity_of
from tracker.reports.breakdown import BY, By, breakdown
from tracker.reports.breakdown import COLUMNS as BREAKDOWN
from tracker.reports.figures import Json
from tracker.stream.cursor import BadCursor
from tracker.stream.follow import Follower

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_campaign_option = click.option("--campaign", type=TEXT, help="Only this campaign.")
_PROGRESS = 100_000
"""Clicks of an export between two signs of life."""
MOST_DIGITS = 19
"""Of a cursor."""


class Asked(NamedTuple):
    """A campaign, and the moments from which and before which its messages were sent, or None."""

    campaign: str | None
    since_s: float | None
    until_s: float | None


def _asked_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--campaign`, `--since` and `--until`; the command gets them as `asked`."""

    @wraps(command)
    def with_asked(
        *args: object,
        campaign: str | None,
        since: datetime | None,
        until: datetime | None,
        **others: object,
    ) -> None:
        command(*args, asked=Asked(campaign, _seconds(since), _seconds(until)), **others)

    about = "Only messages sent {} this day (UTC), and the clicks on them."
    with_until = click.option("--until", type=_DAY, help=about.format("before"))(with_asked)
    with_since = click.option("--since", type=_DAY, help=about.format("since"))(with_until)
    return _campaign_option(with_since)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else summary.utc_seconds(moment)


@click.command()
@config_option_without_files
@_asked_options
@click.option(
    "--by", type=click.Choice(BY), help="Figures by link, group, day, hour, sender or domain."
)
@click.option(
    "--opens", "of_opens", is_flag=True, help="Opens instead of clicks (`[tracking] opens`)."
)
@form_option
def report(config: Config, asked: Asked, by: By | None, form: Form, *, of_opens: bool) -> None:
    """Print messages, deliveries and clicks: in total, by campaign, by link.

    The click rate is the share of deliveries (copies for one recipient) that a human clicked. Days and hours
    go by when a click was made, all else by when a message was sent; in UTC.
    """
    if of_opens and (by or asked.until_s is not None):
        raise click.UsageError("--opens goes with neither --by nor --until")
    with current_store(config) as db:
        known.campaign(db, asked.campaign)
        if by:
            rows = breakdown(db, by, **asked._asdict())
            printing.listing(rows, form, f"By {by}", BREAKDOWN[by])
        elif of_opens:
            answer = opens.report(db, campaign=asked.campaign, since_s=asked.since_s)
            printing.report(answer, form, Console())
        else:
            printing.report(summary.report(db, **asked._asdict()), form, Console())


@click.command()
@click.argument("address", type=TEXT)
@config_option_without_files
@form_option
def activity(config: Config, address: str, form: Form) -> None:
    """Print what was sent to ADDRESS (or a person's own id), what was clicked, and how it was judged.

    ADDRESS may be written in any case; what was sent to it is shown, however it was written there.
    """
    with current_store(config) as db:
        names = known.person(db, address)
        rows = activity_of(db, *names)
        columns = ACTIVITY_FOR_PEOPLE if form == "people" else ACTIVITY
        printing.listing(rows, form, f"Activity of {', '.join(names)}", columns)


@click.command()
@click.argument("link", type=TEXT, required=False)
@config_option_without_files
@_campaign_option
@click.option(
    "--all", "machines", is_flag=True, help="Also persons of whom every click is a machine's."
)
@form_option
def clickers(
    config: Config, link: str | None, campaign: str | None, form: Form, *, machines: bool
) -> None:
    """Print who clicked LINK, named as `waypost report` does: its group or URL. Without LINK, any link.

    With their addresses, and when they clicked first and last.
    """
    with current_store(config) as db:
        known.link(db, link)
        known.campaign(db, campaign)
        rows = clicks.clickers(db, link, campaign=campaign, machines=machines)
        title = f"Clickers of {link or campaign or 'all'}"
        printing.listing(rows, form, title, clicks.CLICKERS)


@click.command()
@config_option_without_files
@_asked_options
@click.option(
    "--after",
    type=TEXT,
    metavar="CURSOR",
    help="Only what was counted after the line with this `cursor`.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="Every event that `[stream] keep` has kept, and go on with those that come (docs/stream.md).",
)
@export_form_option
def export(config: Config, asked: Asked, after: str | None, form: Form, *, follow: bool) -> None:
    """Print every click that is kept, one a line, in the order in which they were counted.

    Each has a `cursor`: with the last one, --after goes on where an export ended.
    """
    if follow:
        if any(value is not None for value in asked) or form != "json":
            raise click.UsageError("--follow goes with --after alone")
        _follow(config, after)
        return
    cursor = _cursor(after)
    with current_store(config) as db:
        known.campaign(db, asked.campaign)
        rows = _with_progress(clicks.clicks(db, **asked._asdict(), after=cursor))
        if form != "json":
            print_csv(rows, form, clicks.CLICKS)
            return
        for row in rows:
            echo(json.dumps(row, ensure_ascii=False))


def _cursor(after: str | None) -> int:
    """Return the cursor of a click; raises click.BadParameter for what is none."""
    text = "0" if after is None else after
    if not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
        raise click.BadParameter(
            f"{text!r} is no cursor of a click; those of --follow go with --follow",
            param_hint="--after",
        )
    return int(text)


def _follow(config: Config, after: str | None) -> None:
    """Print lines about what is counted, and what will be, until the command is stopped."""
    log_errors_only(config)
    if not config.stream.keep:
        raise click.ClickException(
            "events are deleted as soon as they are counted, and cannot be followed: set"
            ' [stream] keep, as keep = "1h", and reload the service'
        )
    try:
        follower = Follower(config, after, partial(echo, err=True))
        for line in follower.lines():
            echo(line.decode().rstrip("\n"))
    except BadCursor as error:
        raise click.BadParameter(str(error), param_hint="--after") from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except BrokenPipeError:
        raise  # whoever read them has enough
    except OSError as error:
        raise click.ClickException(str(error)) from None


def _with_progress(rows: Iterator[Json]) -> Iterator[Json]:
    """Yield rows, and tell on standard error how many there were."""
    for count, row in enumerate(rows, 1):
        yield row
        if count % _PROGRESS == 0:
            echo(f"{count:,} clicks", err=True)
