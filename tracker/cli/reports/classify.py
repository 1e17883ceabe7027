"""`waypost classify`: which requests of a trace were people's, and which machines'.

Owns: the command, its table and its JSON.
Does not own: the form of a trace (`tracker.judging.trace`), or the rules (`tracker.judging.rules`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import IO

import click
from rich.table import Table

from config.cli.console import Console, cell
from config.cli.output import Problems, echo
from tracker.judging import networks, trace
from tracker.judging.judge import Verdict
from tracker.judging.rules import Settings

SHOWN_PROBLEMS = 20
SHOWN_REQUESTS = 50
"""Rows of the table for people; `--json` prints all."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each request.")
@click.argument("file", type=click.File("rb"))
def classify(file: IO[bytes], *, as_json: bool) -> None:
    """Judge the requests of FILE, a trace: a person's, doubtful, or a machine's.

    FILE has a JSON object on each line, of type "message" or "request", by time; - is standard
    input. Needs no configuration. Exit status 1 if a line is neither.
    """
    lines = list(_parsed(file))
    verdicts = trace.classify(lines, networks.built_in(), Settings())
    if as_json:
        for verdict in verdicts:
            echo(json.dumps(asdict(verdict)))
    else:
        requests = [line for line in lines if isinstance(line, trace.RequestLine)]
        _print(Console(), requests, verdicts)


def _parsed(file: Iterable[bytes]) -> Iterator[trace.Line]:
    """Yield the lines of a trace, less empty ones; raises Problems for bad ones."""
    problems = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            yield trace.parse(line)
        except trace.BadLine as error:
            problems.append(f"line {number}: {error}")
            if len(problems) >= SHOWN_PROBLEMS:
                problems.append("further lines were not read")
                break
    if problems:
        raise Problems(problems)


def _print(
    console: Console, requests: Sequence[trace.RequestLine], verdicts: Sequence[Verdict]
) -> None:
    """Print a table for people, and totals."""
    table = Table("Time", "Message", "Recipient", "Link", "Judged", "Score", "Reasons")
    for request, verdict in list(zip(requests, verdicts, strict=True))[:SHOWN_REQUESTS]:
        words = " ".join(verdict.reasons)
        cells = (f"{request.ts:.3f}", request.message_id, str(request.recipient), str(request.link))
        table.add_row(*map(cell, (*cells, _word(verdict), str(verdict.score), words)))
    console.print(table)
    if len(requests) > SHOWN_REQUESTS:
        console.print(f"and {len(requests) - SHOWN_REQUESTS} more requests: use --json")
    echo(*_totals(requests, verdicts))


def _word(verdict: Verdict) -> str:
    if not verdict.human:
        return "machine"
    return "doubtful" if verdict.doubtful else "human"


def _totals(requests: Sequence[trace.RequestLine], verdicts: Sequence[Verdict]) -> list[str]:
    words = Counter(map(_word, verdicts))
    clickers = {
        (request.message_id, request.recipient)
        for request, verdict in zip(requests, verdicts, strict=True)
        if verdict.human
    }
    human = words["human"] + words["doubtful"]
    lines = [
        f"{len(verdicts)} requests: {human} human, {words['machine']} of machines",
        f"{words['doubtful']} of the human ones are doubtful",
        f"{len(clickers)} copies with a human click",
    ]
    reasons = Counter(reason for verdict in verdicts for reason in verdict.reasons)
    lines += [f"{count:>9} {reason}" for reason, count in reasons.most_common()]
    return lines
