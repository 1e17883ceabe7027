"""`waypost explain` and `waypost rewrite`: what becomes of a message, without sending it.

Owns: reading the message, and showing the plan to people and machines.
Does not own: what would become of it (`proxy.rewrite.preview`).

Their links redirect if they are made with the keys of the configuration.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.table import Table
from rich.text import Text

from config.cli.console import Console, cell
from config.cli.listing import Form, form_option, print_csv
from config.cli.options import HELP, loaded, located_if_any
from config.cli.output import echo
from config.keys.secret_files import KeyFileError
from config.keys.token_keys import new_token_key
from config.schema import Config
from proxy.rewrite.diagnosis import Diagnosis
from proxy.rewrite.planned import CLIP_OCTETS, Plan, PlannedLink, SkippedLink
from proxy.rewrite.preview import Preview
from proxy.rewrite.senders import Sender
from tracker.tokens import Keyring

COLUMNS = ("url", "decision", "reason", "group", "part")
"""Of a link, in JSON and CSV."""
READ_FROM = {
    "header": "as a header of the message says",
    "template": "the subject without what is the reader's",
    "subject": "the subject",
    "list-id": "List-Id",
}
NO_CAMPAIGN = {
    "template": "nothing is left of the subject without what is the reader's: set X-Track-Campaign",
    "subject": "no subject",
    "list-id": "no List-Id",
    "none": "no header names one",
}
"""By what the campaign is read from, if there is none."""
PIPED_WIDTH = 160
"""Columns of the table where no terminal tells."""


def _config(_ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> Config:
    """Load the configuration that is meant, else the defaults."""
    found = located_if_any(path)
    if found is not None:
        return loaded(found, files=False)
    echo("no configuration found: showing what the defaults do", err=True)
    return Config()


config_or_defaults = click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_config,
    help=HELP + " Without any, the defaults.",
)
message_argument = click.argument("file", type=click.File("rb"), default="-")


@click.command()
@config_or_defaults
@message_argument
def rewrite(config: Config, file: BinaryIO) -> None:
    """Write the message in FILE (or standard input) as the relay would get it, but unsigned."""
    content, is_unix = as_sent(file.read())
    preview = _preview(content, config)
    _say_untouched(preview.plan)
    written = preview.rewritten()
    sys.stdout.buffer.write(written.replace(b"\r\n", b"\n") if is_unix else written)
    sys.stdout.buffer.flush()


REFUSED = (
    'for good (550): all mail of this sender is signed (`sign = "always"`), and this cannot be'
)


@click.command()
@config_or_defaults
@form_option
@message_argument
def explain(config: Config, file: BinaryIO, form: Form) -> None:
    """Show each link of the message in FILE: whether it is tracked, and why not."""
    content, _ = as_sent(file.read())
    preview = _preview(content, config)
    plan, growth_octets = preview.plan_in_full(), preview.growth_octets()
    if form == "json":
        echo(json.dumps(described(plan, growth_octets) | {"refused": preview.refused}))
        return
    if form != "people":
        print_csv(described(plan, growth_octets)["links"], form, COLUMNS)
        return
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(judged_as(preview.sender), highlight=False)
    if preview.refused:
        console.print(_line("refused", REFUSED, "bold"), highlight=False)
    for line in summary(plan, growth_octets, preview.url_for):
        console.print(line, highlight=False)
    if plan.links or plan.skipped:
        console.print(table(plan))


def as_sent(content: bytes) -> tuple[bytes, bool]:
    """Return a file as a mail program sends it, and whether its lines ended in LF alone."""
    is_unix = b"\r\n" not in content
    return (content.replace(b"\n", b"\r\n") if is_unix else content), is_unix


def described(plan: Plan, growth_octets: int) -> dict[str, Any]:
    """Return the plan ready for JSON."""
    return {
        "untouched": plan.untouched,
        "diagnosis": _diagnosis(plan.diagnosis),
        "campaign": plan.campaign,
        "campaign_from": plan.counts_for.read_from,
        "links": [
            {
                "url": link.destination,
                "decision": "skipped" if isinstance(link, SkippedLink) else "tracked",
                "reason": link.reason if isinstance(link, SkippedLink) else None,
                "group": link.group,
                "part": link.part,
            }
            for link in _in_order(plan)
        ],
        "growth_octets": growth_octets,
    }


def _diagnosis(diagnosis: Diagnosis | None) -> dict[str, str | int | None] | None:
    if diagnosis is None:
        return None
    return {
        "what": diagnosis.what or None,
        "header": diagnosis.header or None,
        "line": diagnosis.line or None,
        "cure": diagnosis.cure or None,
    }


def judged_as(sender: Sender | None) -> Text:
    """Return in a line whose mail the message is taken for."""
    bound = sender is not None and sender.accounts is not None
    whose = f", and is one of `accounts` of {sender.domain}" if sender and bound else ""
    return _line("judged as", f"sent by a client that is trusted{whose}")


def summary(
    plan: Plan, growth_octets: int, url_for: Callable[[PlannedLink], str]
) -> Iterator[Text]:
    """Yield a few lines on what becomes of the message as a whole."""
    if plan.untouched is not None:
        yield _line("untouched", f"{plan.untouched} ({plan.untouched.help})", "bold")
        yield from _diagnosed(plan.diagnosis)
    else:
        counts = f"{len(plan.links)} links tracked, {len(plan.skipped)} left alone"
        yield _line("changed", counts, "bold")
        if plan.has_pixel:
            yield _line("opens", "a pixel is added")
        yield _line("growth", f"{growth_octets} octets")
    yield _line("campaign", _campaign(plan))
    if plan.asked.person:
        yield _line("person", plan.asked.person)
    for name in plan.asked.odd:
        what = f"the value of {name} is not known, and counted as off"
        yield _line("odd header", what, "yellow")
    for part in plan.parts:
        before, after = part.html_octets(url_for)
        if before <= CLIP_OCTETS < after:
            what = f"{after} octets of HTML (before: {before}); Gmail shows 102 kB"
            yield _line("clipped", what, "yellow")


def _diagnosed(diagnosis: Diagnosis | None) -> Iterator[Text]:
    if diagnosis is None:
        return
    if found := ": ".join(filter(None, (diagnosis.where, diagnosis.what))):
        yield _line("found", found)
    if diagnosis.cure:
        yield _line("cure", diagnosis.cure, "green")


def _campaign(plan: Plan) -> str:
    """Return the campaign and what it was read from; or that there is none, and why."""
    read_from = plan.counts_for.read_from
    if plan.campaign is None:
        return f"- ({NO_CAMPAIGN[read_from]})"
    return f"{plan.campaign} ({READ_FROM[read_from]})"


def _line(name: str, what: str, style: str = "") -> Text:
    return Text.assemble((name, style), ": ", cell(what))


def table(plan: Plan) -> Table:
    """Return a row for each link."""
    shown = Table("link", "decision", "reason", "group", "part", show_lines=False)
    for column in shown.columns:
        column.overflow = "fold"
    for link in _in_order(plan):
        skipped = isinstance(link, SkippedLink)
        group = "" if link.group == link.destination else link.group
        shown.add_row(
            cell(link.destination),
            cell("skipped") if skipped else cell("tracked", "green"),
            cell(f"{link.reason}: {link.reason.help}" if isinstance(link, SkippedLink) else ""),
            cell(group),
            link.part,
        )
    return shown


def _in_order(plan: Plan) -> list[PlannedLink | SkippedLink]:
    """Return all links as they stand in the message."""
    return sorted([*plan.links, *plan.skipped], key=_place)


def _place(link: PlannedLink | SkippedLink) -> tuple[list[int], int]:
    return [int(number) for number in link.part.split(".")], link.order


def _say_untouched(plan: Plan) -> None:
    if plan.untouched is not None:
        echo(f"untouched: {plan.untouched} ({plan.untouched.help})", err=True)


def _preview(content: bytes, config: Config) -> Preview:
    now_s = int(datetime.now(UTC).timestamp())
    return Preview.of(content, config, _keyring(config), now_s)


def _keyring(config: Config) -> Keyring:
    """Load the keys, else make one that nobody can redirect with."""
    try:
        if config.keys.file is not None:
            return Keyring.load(config.keys.file)
        why = "[keys] file is not set"
    except (KeyFileError, OSError, ValueError) as error:
        why = str(error)
    echo(f"{why}: the links shown lead nowhere", err=True)
    return Keyring([new_token_key()])
