"""`waypost keys dkim` and `rotate-dkim`: a key for DKIM, and another in the place of one.

Owns: what the operator is told at each step.
Does not own: keys and their files (`config.keys.dkim_keys`), or how one takes the place of another
(`config.keys.dkim_rotation`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click
import dns.resolver
from pydantic import TypeAdapter

from config.cli.options import Checked, config_file_option, loaded
from config.cli.output import Problems, echo
from config.keys.dkim_keys import write_dkim_key
from config.keys.dkim_rotation import (
    OVERLAP_DAYS,
    CannotRotate,
    Rotation,
    rotation,
    switched,
    write_configuration,
)
from config.keys.dns_answers import check, resolver_of
from config.keys.dns_records import Record, record_of_key
from config.keys.secret_files import KeyFileError
from config.loading.config_file import ConfigFile
from config.loading.lines import key_lines
from config.schema import DkimAlgorithm
from config.values import HostName

DKIM = """\
Put this under its [[sender]], and publish what `waypost dns` then prints:

[[sender.dkim]]
selector = "{selector}"
algorithm = "{algorithm}"
key_file = "{file}\""""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--selector", default="waypost1", show_default=True, help="The name of the key.")
@click.option(
    "--algorithm",
    type=click.Choice(get_args(DkimAlgorithm)),
    default="rsa-sha256",
    show_default=True,
)
def dkim(file: Path, selector: str, algorithm: DkimAlgorithm) -> None:
    """Make a DKIM key in the new FILE, for one more sender, or to replace an older key."""
    try:
        write_dkim_key(file.absolute(), algorithm)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    told = DKIM.format(file=file.absolute(), selector=selector, algorithm=algorithm)
    echo(*told.split("\n"))


@click.command("rotate-dkim")
@click.argument("domain", required=False, type=Checked(TypeAdapter(HostName), "DOMAIN"))
@click.option("--selector", help="Which key, where the domain has several.")
@click.option("--resolver", metavar="ADDRESS[:PORT]", help="Whom to ask, instead of this system's.")
@config_file_option
def rotate_dkim(
    config: ConfigFile, domain: str | None, selector: str | None, resolver: str | None
) -> None:
    """Replace the DKIM key of DOMAIN, in two steps: make the next one, and once it is published, use it.

    The first run makes the key, and prints its record. Each further run looks whether the DNS has it; once
    it does, selector and key file are changed in the configuration.
    """
    settings = loaded(config, files=False)
    try:
        change = rotation(settings, domain, selector)
        if not change.is_begun:
            write_dkim_key(change.new.key_file, change.new.algorithm, like=change.old.key_file)
            echo(*_begun(change))
            return
        _require_published(change, resolver)
        _switch(config, change)
    except (CannotRotate, KeyFileError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    echo(*_switched(change))


def _record(change: Rotation) -> Record:
    return record_of_key(change.domain, change.new)


def _begun(change: Rotation) -> Iterator[str]:
    yield f"{change.new.key_file} is made; {change.old.selector} goes on signing. Publish:"
    yield ""
    yield from _record(change).zone_lines()
    yield ""
    yield "Then run this again: it looks for the record, and switches over once it can be seen."


def _require_published(change: Rotation, server: str | None) -> None:
    """Raise click.ClickException unless the record of the new key can be seen as it should be."""
    try:
        answer = check(_record(change), resolver_of(server))
    except (ValueError, dns.resolver.NoResolverConfiguration) as error:
        raise click.UsageError(f"there is no resolver to ask: {error}") from None
    if not answer.ok:
        lines = [
            f"{answer.record.name}: {answer.state}; nothing is changed, {change.old.selector} goes on signing",
            *(f"  answer   {text}" for text in answer.found),
            f"  expected {answer.record.value}",
        ]
        raise Problems(lines)


def _switch(file: ConfigFile, change: Rotation) -> None:
    """Change the configuration; raises CannotRotate, with what to write, where that is not possible."""
    by_hand = (
        f'write selector = "{change.new.selector}" and key_file = "{change.new.key_file}" there'
    )
    if file.path is None:
        raise CannotRotate(f"the key is set by the environment: {by_hand}")
    octets, _ = file.read()
    text = octets.decode()
    try:
        made = switched(text, key_lines(text), change)
    except CannotRotate as error:
        raise CannotRotate(f"{file.path}: {error}: {by_hand}") from None
    write_configuration(file.path, made)


def _switched(change: Rotation) -> Iterator[str]:
    until = datetime.now(UTC) + timedelta(days=OVERLAP_DAYS)
    old = f"{change.old.selector}._domainkey.{change.domain}"
    yield f"{change.domain} is signed with {change.new.selector} from the next start of the proxy on:"
    yield "  systemctl restart waypost-proxy"
    yield f"Leave {old} in the DNS until {until:%Y-%m-%d}: mail that was signed with it is under way, or is"
    yield f'looked at again. Then publish it as "v=DKIM1; p=", and delete {change.old.key_file}.'
