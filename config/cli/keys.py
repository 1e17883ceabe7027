"""`waypost keys`: the first keys; list, rotate and revoke those of tracked links; DKIM, certificates.

Owns: what the operator is told and asked at each step, above all before one that cannot be undone.
Does not own: keys and their files (`config.keys.token_keys`, `config.keys.dkim_keys`), or how one for DKIM
takes the place of another (`config.keys.dkim_rotation`).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click
import dns.resolver
from pydantic import TypeAdapter

from config.cli.listing import Form, form_option, print_rows
from config.cli.options import (
    Checked,
    cannot_fill,
    config_file_option,
    config_option_of_keys,
    domain_option,
    folder_argument,
    loaded,
)
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
from config.keys.first_keys import write_first_keys
from config.keys.local_authority import LocalAuthority
from config.keys.secret_files import KeyFileError
from config.keys.token_keys import (
    TokenKey,
    change_token_keys,
    minting_key,
    new_token_key,
    read_token_keys,
    revoke,
)
from config.loading.config_file import ConfigFile
from config.loading.lines import key_lines
from config.schema import Config, DkimAlgorithm, DkimConfig
from config.values import HostName

RESTART = """\
Restart the tracker first, then the proxy, so that no link is made that the tracker cannot read:
  systemctl restart waypost-tracker && systemctl restart waypost-proxy"""

DKIM = """\
Put this under its [[sender]], and publish what `waypost dns` then prints:

[[sender.dkim]]
selector = "{selector}"
algorithm = "{algorithm}"
key_file = "{file}\""""

KEYS = """\
Wrote {tokens} and {dkim}.

Next:
1. Name them in the configuration:

[keys]
file = "{tokens}"

[[sender]]
domain = "{domain}"

[[sender.dkim]]
selector = "{selector}"
key_file = "{dkim}"

   or in the environment:

WAYPOST_KEYS__FILE={tokens}
WAYPOST_SENDER__0__DOMAIN={domain}
WAYPOST_SENDER__0__DKIM__0__SELECTOR={selector}
WAYPOST_SENDER__0__DKIM__0__KEY_FILE={dkim}

2. Publish this DNS record:

{zone}

3. Keep a copy of {tokens} in a safe place:
   without it, every link in delivered mail is dead."""

Change = Callable[[tuple[TokenKey, ...]], Sequence[TokenKey]]


@click.group("keys")
def keys_group() -> None:
    """Make keys; list, rotate and revoke those of tracked links; renew a certificate."""


@keys_group.command("init")
@folder_argument
@domain_option
@click.option(
    "--selector",
    default="waypost1",
    show_default=True,
    type=Checked(TypeAdapter(HostName), "NAME"),
    help="The name of the DKIM key.",
)
def init_keys(folder: Path, domain: str, selector: str) -> None:
    """Write DIR/token.keys and DIR/dkim.pem, for a configuration of your own. Overwrites nothing."""
    tokens, dkim_key = (folder.resolve() / name for name in ("token.keys", "dkim.pem"))
    try:
        write_first_keys(tokens, dkim_key)
        key = DkimConfig(selector=selector, key_file=dkim_key)
        zone = "\n".join(record_of_key(domain, key).zone_lines())
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} exists already, and stays as it is") from None
    except OSError as error:
        raise cannot_fill(folder, error) from None
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    names = {"tokens": tokens, "dkim": dkim_key, "domain": domain, "selector": selector}
    echo(*KEYS.format(**names, zone=zone).split("\n"))


@keys_group.command("list")
@config_option_of_keys
@form_option
def list_keys(config: Config, form: Form) -> None:
    """List the keys, without their secrets."""
    try:
        keys = read_token_keys(_file(config))
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    rows = [
        {"id": key.id, "created": key.created.isoformat(), "state": _state(key, keys)}
        for key in keys
    ]
    if form == "people":
        echo(*("{id:3}  {created}  {state}".format_map(row) for row in rows))
    else:
        print_rows(rows, form, ("id", "created", "state"))


def _state(key: TokenKey, keys: Sequence[TokenKey]) -> str:
    if key.revoked:
        return "revoked"
    return "makes new links" if key is minting_key(keys) else "is read"


@keys_group.command()
@config_option_of_keys
def rotate(config: Config) -> None:
    """Make a new key for new links. Links in delivered mail go on working."""
    made = _change(_file(config), lambda keys: (*keys, new_token_key(keys)))[-1]
    echo(f"Key {made.id} makes new links from now on; the older ones are still read.")
    echo(*RESTART.split("\n"))


@keys_group.command("revoke")
@click.argument("number", metavar="ID", type=click.IntRange(1, 255))
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option_of_keys
def revoke_key(config: Config, number: int, *, yes: bool) -> None:
    """End every link that key ID made, in delivered mail too. For a key that leaked."""
    path = _file(config)
    if not yes:
        click.confirm(f"Every link that key {number} made will be dead. Revoke it?", abort=True)
    _change(path, lambda keys: revoke(keys, number))
    echo(f"Key {number} is revoked.")
    echo(*RESTART.split("\n"))


@keys_group.command()
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


@keys_group.command("rotate-dkim")
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


@keys_group.command()
@config_option_of_keys
def certificate(config: Config) -> None:
    """Renew the certificate that `waypost init --tls` made. A service that runs takes it over."""
    path = config.proxy.tls_cert
    authority = LocalAuthority(path.parent) if path else None
    if path is None or authority is None or not authority.authority_key.exists():
        raise click.ClickException(
            "proxy.tls_cert is none that `waypost init --tls` made: whoever issued it renews it"
        )
    try:
        ends = authority.renew()
    except (OSError, KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    echo(f"{path} is renewed, and lasts until {ends:%Y-%m-%d}.")


def _file(config: Config) -> Path:
    if config.keys.file is None:
        raise click.ClickException(
            "keys.file is not set: `waypost init` writes such a file, `waypost keys init` it alone"
        )
    return config.keys.file


def _change(path: Path, change: Change) -> Sequence[TokenKey]:
    try:
        return change_token_keys(path, change)
    except (OSError, KeyFileError, ValueError) as error:
        raise click.ClickException(str(error)) from None
