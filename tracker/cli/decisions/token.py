"""`waypost token`: tokens by which programs ask the admin listener.

Owns: the commands.
Does not own: what a token is (`tracker.access.tokens`), what it may be for (`tracker.access.access`),
or the file (`tracker.access.files`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click

from config.cli.listing import Form, form_option
from config.cli.options import config_option_without_files
from config.cli.output import echo
from config.schema import Config
from config.values import parse_duration
from tracker.access import files
from tracker.access.access import Scope
from tracker.access.files import ACCESS
from tracker.access.tokens import NAME, AccessRecord, Tokens
from tracker.cli import printing
from tracker.cli.reach import everywhere_option, reach_of, require

COLUMNS = ("name", "scopes", "state", "made", "by", "expires")
FORCE = "In force within seconds, wherever the tracker runs on this store."


class Name(click.ParamType[str]):
    """What a token is called."""

    name = "name"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return it; a usage error says what is wrong with it."""
        if not NAME.fullmatch(str(value)):
            self.fail("a name has up to 64 of A-Z a-z 0-9 . _ - @", param, ctx)
        return str(value)


class Expiry(click.ParamType[datetime]):
    """A duration from now, or the day (UTC) as which begins a token opens nothing any more."""

    name = "90d|YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment; a usage error says what is wrong with it."""
        ends = _moment(str(value))
        if ends is None:
            self.fail(
                f"'{value}' is neither a duration like 90d nor a day like 2027-01-31", param, ctx
            )
        if ends <= datetime.now(UTC):
            self.fail(f"{value} is over", param, ctx)
        return ends


def _moment(text: str) -> datetime | None:
    try:
        return datetime.now(UTC) + timedelta(seconds=parse_duration(text))
    except ValueError:
        pass
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


@click.group()
def token() -> None:
    """Add, list and revoke tokens by which programs ask the admin listener."""


@token.command()
@click.argument("name", type=Name())
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([each.value for each in Scope]),
    help='May be repeated. "figures": sums; "persons": these, and persons, messages and single '
    'clicks; "links": making, withdrawing and repairing links.',
)
@click.option("--expires", type=Expiry(), help="When it opens nothing any more. Default: never.")
@everywhere_option
@config_option_without_files
def add(
    config: Config,
    name: str,
    scopes: tuple[str, ...],
    expires: datetime | None,
    *,
    everywhere: bool,
) -> None:
    """Make a token called NAME and print it, this once.

    A program sends it as `Authorization: Bearer`, or as the password of HTTP Basic; a person may
    log in with it. It is in force within seconds, wherever the tracker runs on this store.
    """
    if any(not each.has_expired for each in _known(config).named(name)):
        raise click.ClickException(f"there is a token {name} already: waypost token revoke {name}")
    with _clear_errors(config):
        made, noted = files.add(config.store.file, name, map(Scope, scopes), expires)
    echo(made)
    echo("Keep it: only what it can be recognised by is kept here.", err=True)
    if config.tracker.admin_password_file is None:
        echo(
            "Without tracker.admin_password_file nobody is asked for a token: whoever reaches the "
            "admin listener may do everything.",
            err=True,
        )
    if (reach := reach_of(config, ACCESS, noted)) is not None:
        echo(str(reach), err=True)
        require(reach, everywhere=everywhere)


@token.command("list")
@form_option
@config_option_without_files
def list_tokens(config: Config, form: Form) -> None:
    """List every token that was ever made, without what opens anything."""
    with _clear_errors(config):
        merged = ACCESS.merged(config.store.file)
    for complaint in ACCESS.complaints(config.store.file, merged):
        echo(complaint, err=True)
    tokens = Tokens.from_records(merged.records)
    rows = (_row(each, tokens) for each in merged.records if each.action == "add")
    printing.listing(rows, form, "Tokens", COLUMNS)


@token.command()
@click.argument("name", type=Name())
@everywhere_option
@config_option_without_files
def revoke(config: Config, name: str, *, everywhere: bool) -> None:
    """Have the token called NAME open nothing any more, for good."""
    found = list(_known(config).named(name))
    if not found:
        raise click.ClickException(f"no token {name} is in use: waypost token list")
    with _clear_errors(config):
        noted = [files.revoke(config.store.file, each) for each in found]
    reach = reach_of(config, ACCESS, noted[-1])  # nodes hear them in their order
    echo(f"Token {name}: revoked. {reach or FORCE}")
    require(reach, everywhere=everywhere)


def _row(record: AccessRecord, tokens: Tokens) -> dict[str, object]:
    state = "revoked"
    if record.digest in tokens.in_use:
        state = "expired" if record.has_expired else "in force"
    return {
        "name": record.name,
        "scopes": [each.value for each in record.scopes],
        "state": state,
        "made": record.at,
        "by": record.by,
        "expires": record.expires or None,
    }


def _known(config: Config) -> Tokens:
    with _clear_errors(config):
        return Tokens.from_records(ACCESS.merged(config.store.file).records)


@contextmanager
def _clear_errors(config: Config) -> Iterator[None]:
    """End the command with exit status 1 and one line where the file cannot be read or written."""
    try:
        yield
    except OSError as error:
        path = error.filename or ACCESS.file_of(config.store.file)
        raise click.ClickException(f"{path}: {error.strerror}") from None
