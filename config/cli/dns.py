"""`waypost dns`: the DNS records that the configuration needs, and whether they are there.

Owns: how records and answers are printed.
Does not own: the records (`config.keys.dns_records`), or comparing them with the answers
(`config.keys.dns_answers`).
"""

from collections.abc import Iterator, Sequence

import click
import dns.resolver

from config.cli.listing import Form, Row, form_option, print_rows
from config.cli.options import config_file_option, loaded
from config.cli.output import echo
from config.keys.dns_answers import Answer, check, resolver_of
from config.keys.dns_records import Record, records
from config.keys.secret_files import KeyFileError
from config.loading.config_file import ConfigFile

FIELDS = ("name", "type", "value", "purpose")


@click.command("dns")
@config_file_option
@click.option("--check", "ask", is_flag=True, help="Ask the DNS, and exit with 1 unless all is ok.")
@click.option("--resolver", metavar="ADDRESS[:PORT]", help="Whom to ask, instead of this system's.")
@form_option
@click.pass_context
def dns_command(
    ctx: click.Context, config: ConfigFile, *, ask: bool, resolver: str | None, form: Form
) -> None:
    """Print the DNS records that the configuration needs, as lines of a zone file."""
    try:
        wanted = records(loaded(config, files=False))
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    if not ask:
        if form == "people":
            echo(*_zone(wanted))
        else:
            print_rows(map(_fields, wanted), form, FIELDS)
        return
    asked = _resolver(resolver)
    answers = [check(record, asked) for record in wanted]
    if form == "people":
        echo(*_told(answers))
    else:
        print_rows(map(_answer, answers), form, (*FIELDS, "state", "found"))
    ctx.exit(0 if all(answer.ok for answer in answers) else 1)


def _resolver(server: str | None) -> dns.resolver.Resolver:
    try:
        return resolver_of(server)
    except (ValueError, dns.resolver.NoResolverConfiguration) as error:
        raise click.UsageError(f"there is no resolver to ask: {error}") from None


def _fields(record: Record) -> Row:
    return dict(zip(FIELDS, (record.name, record.kind, record.value, record.purpose), strict=True))


def _answer(answer: Answer) -> Row:
    return {**_fields(answer.record), "state": answer.state.name.lower(), "found": answer.found}


def _zone(wanted: Sequence[Record]) -> Iterator[str]:
    if not wanted:
        yield "; nothing is needed: no DKIM keys, and the tracker is on this machine"
    for record in wanted:
        yield from record.zone_lines()


def _told(answers: Sequence[Answer]) -> Iterator[str]:
    for answer in answers:
        yield f"{answer.record.name} {answer.record.kind}: {answer.state}"
        if not answer.ok:
            yield from (f"  answer   {text}" for text in answer.found)
            if answer.record.value:
                yield f"  expected {answer.record.value}"
