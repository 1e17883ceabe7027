"""`waypost doctor`: everything tried as an operator, a relay, a receiver and a reader would.

Owns: the command, which tests are run and in which order, and how results are printed.
Does not own: the tests, or what they may find (`findings`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import click
import dns.resolver

from config.cli.listing import print_json
from config.cli.options import TEXT, config_file_option, work_as_owner
from config.cli.output import echo
from config.keys.dns_answers import resolver_of
from config.loading.config_file import ConfigFile
from config.loading.load import Examined, Problem, examine
from tracker.cli.common import log_errors_only
from waypost_doctor import runner
from waypost_doctor.findings import Kind, Level, Result, Topic, found, ok
from waypost_doctor.installation import domains, machine, ports, public_name, relays, store_place
from waypost_doctor.message import arrived, letter
from waypost_doctor.message.letter import Letter
from waypost_doctor.patient import Patient

TESTS: tuple[tuple[Topic, runner.Test], ...] = (
    (Topic.RELAY, relays.test),
    (Topic.DNS, domains.test),
    (Topic.LINKS, public_name.test),
    (Topic.STORE, store_place.test),
    (Topic.MACHINE, machine.test),
)
"""Run beside each other. Before them configuration and ports, which root tries as root."""


MAILBOX = re.compile(r"[^\x00-\x20\x7f-\U0010ffff<>]+@[^\x00-\x20\x7f-\U0010ffff<>@]+")


def _mailbox(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return an address that any server takes; raises click.BadParameter."""
    if value is not None and not MAILBOX.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no address in ASCII, as in you@example.com")
    return value


@click.command()
@config_file_option
@click.option(
    "--send",
    "recipient",
    type=TEXT,
    metavar="ADDRESS",
    callback=_mailbox,
    help="Send a test message, and follow it.",
)
@click.option(
    "--from",
    "sender",
    type=TEXT,
    metavar="ADDRESS",
    callback=_mailbox,
    help="Whom that is from. Default: postmaster of the first [[sender]].",
)
@click.option(
    "--received",
    type=click.File("rb"),
    help="A message as it arrived (.eml): try its signature and link.",
)
@click.option(
    "--resolver", metavar="ADDRESS[:PORT]", help="Whom to ask for DNS, instead of this system's."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.pass_context
def doctor(  # noqa: PLR0913 - an argument an option
    ctx: click.Context,
    config: ConfigFile,
    *,
    recipient: str | None,
    sender: str | None,
    received: BinaryIO | None,
    resolver: str | None,
    as_json: bool,
    strict: bool,
) -> None:
    """Try everything as an operator would, and say what is wrong, with the cure.

    Configuration, ports, relay, DNS, certificate, a tracked link through its public name, store and disk,
    clock. Nothing is changed; --send and --received count a click. docs/doctor.md lists all findings.
    """
    if sender is not None and recipient is None:
        raise click.UsageError("--from goes with --send")
    asked = _resolver(resolver)
    examined = examine(config)
    results = list(_configuration(config, examined))
    if examined.config is not None:
        patient = Patient(examined.config, asked)
        results += _at_home(patient)
        results += _sent(patient, recipient, sender)
        if received is not None:
            test = partial(arrived.test, content=received.read())
            results += runner.run([(Topic.MESSAGE, test)], patient)
    if as_json:
        print_json({"ok": not _worst(results, Level.PROBLEM), "results": list(map(_row, results))})
    else:
        echo(*_told(results))
    wrong = _worst(results, Level.PROBLEM) or (strict and _worst(results, Level.WARNING))
    ctx.exit(1 if wrong else 0)


def _resolver(server: str | None) -> dns.resolver.Resolver:
    try:
        return resolver_of(server)
    except (ValueError, dns.resolver.NoResolverConfiguration) as error:
        raise click.UsageError(f"there is no resolver to ask: {error}") from None


def _configuration(file: ConfigFile, examined: Examined) -> Iterator[Result]:
    for problem in examined.problems:
        yield found(Kind.CONFIGURATION_WRONG, _place(problem), problem.hint)
    for warning in examined.warnings:
        yield found(Kind.CONFIGURATION_DOUBTFUL, _place(warning), warning.hint)
    if not examined.problems:
        yield ok(Topic.CONFIGURATION, f"{file}: services start with it")


def _place(problem: Problem) -> str:
    return str(replace(problem, hint=""))


def _at_home(patient: Patient) -> list[Result]:
    """Try the ports with the rights of who asks, then all else as the owner of the store."""
    results = runner.run([(Topic.PORTS, ports.test)], patient)
    log_errors_only(patient.config)
    work_as_owner(patient.config)
    return results + runner.run(TESTS, patient)


def _sent(patient: Patient, recipient: str | None, sender: str | None) -> list[Result]:
    if recipient is None:
        return []
    message = Letter.to(recipient, sender or letter.sender_of(patient.config))
    return runner.run(
        [(Topic.MESSAGE, partial(letter.follow, letter=message))], patient, 2 * runner.DEADLINE_S
    )


def _worst(results: Sequence[Result], level: Level) -> bool:
    return any(result.level is level for result in results)


def _row(result: Result) -> dict[str, object]:
    return {
        "topic": result.topic,
        "level": result.level,
        "finding": result.kind,
        "what": result.what,
        "cure": result.cure or None,
    }


def _told(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        named = f"  [{result.kind}]" if result.kind else ""
        yield f"{result.level:<8}{result.topic:<14}{result.what}{named}"
        if result.cure:
            yield f"{'':<22}cure: {result.cure}"
    counts = {level: sum(result.level is level for result in results) for level in Level}
    told = [
        f"{counts[level]} {level}{'s' * (counts[level] != 1)}"
        for level in (Level.PROBLEM, Level.WARNING)
        if counts[level]
    ]
    yield ", ".join(told) or "nothing is wrong"
