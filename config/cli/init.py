"""`waypost init`: write a configuration and its keys, and say what to do next.

Owns: which keys of the example file are set, and the next steps as the operator reads them.
Does not own: the example file (`config.reference.manual`), making keys (`config.keys.token_keys`,
`config.keys.dkim_keys`), or the DNS records (`config.keys.dns_records`).
"""

import json
import os
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from config.cli.output import echo
from config.keys import dkim_keys, token_keys
from config.keys.dns_records import records
from config.keys.secret_files import KeyFileError
from config.loading.load import load
from config.reference.manual import Values, example_file
from config.values import Address, BaseUrl, HostName

SELECTOR = "waypost1"
NAMES = ("waypost.toml", "token.keys", "dkim.pem")
SYSTEM_STORE = "/var/lib/waypost/waypost.db"
"""Where the unit files keep the store; nothing that changes belongs under /etc."""

NEXT = """\
Wrote {folder}/waypost.toml, token.keys and dkim.pem.

Next:
1. Publish these DNS records (again: waypost dns -c {file}; whether they are there: --check):

{zone}

2. Put a web server with a certificate for {host} in front of 127.0.0.1:8080.
3. Look through {file}: above all [relay].
   What is wrong with it: waypost check -c {file}
4. Start: waypost serve -c {file}
   and let your application send its mail to 127.0.0.1:2525.
5. Keep a copy of {folder}/token.keys in a safe place:
   without it, every link in delivered mail is dead.
"""


class Checked(click.ParamType[str]):
    """A parameter that is checked as the configuration key of its kind is."""

    def __init__(self, adapter: TypeAdapter[str], name: str) -> None:
        self._adapter = adapter
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the value as the schema reads it; a usage error says what is wrong with it."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            context = error.errors()[0]["ctx"]
            self.fail(f"{context['what']} ({context['hint']})", param, ctx)


class RelayAddress(click.ParamType[Address]):
    """`HOST` or `HOST:PORT`, port 25 unless given."""

    name = "HOST[:PORT]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Return the address; a usage error says what is wrong with it."""
        if isinstance(value, Address):
            return value
        text = str(value)
        try:
            return Address.parse(text if text.rpartition("]")[2].count(":") else f"{text}:25")
        except ValueError:
            self.fail(f'"{text}" is not a host and port, like mail.example.com:587', param, ctx)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--domain",
    required=True,
    type=Checked(TypeAdapter(HostName), "DOMAIN"),
    help="The domain your mail comes From.",
)
@click.option(
    "--base-url",
    type=Checked(TypeAdapter(BaseUrl), "URL"),
    help="Where readers reach the tracker. Default: https://click.DOMAIN",
)
@click.option(
    "--relay",
    type=RelayAddress(),
    default="127.0.0.1:25",
    show_default=True,
    help="The mail server to hand mail to.",
)
def init(folder: Path, domain: str, base_url: str | None, relay: Address) -> None:
    """Write DIR/waypost.toml, its keys, and say what to do next. Overwrites nothing."""
    url = base_url or f"https://click.{domain}"
    folder = folder.resolve()
    try:
        _write(folder, _values(folder, domain, url, relay))
        config = load(folder / "waypost.toml")
        zone = "\n".join(line for record in records(config) for line in record.zone_lines())
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} exists already, and stays as it is") from None
    except (OSError, KeyFileError) as error:
        raise click.ClickException(str(error)) from None
    host = url.partition("://")[2]
    told = NEXT.format(folder=folder, file=folder / "waypost.toml", zone=zone, host=host)
    echo(*told.split("\n"))


def _values(folder: Path, domain: str, base_url: str, relay: Address) -> Values:
    in_etc = folder.is_relative_to("/etc")
    store = f"sqlite:///{SYSTEM_STORE}" if in_etc else f"sqlite:///{folder}/waypost.db"
    return {
        "proxy": {"listen": '["127.0.0.1:2525"]'},
        "relay": {"host": json.dumps(relay.host), "port": str(relay.port)},
        "tracking": {"base_url": json.dumps(base_url)},
        "sender": {"domain": json.dumps(domain)},
        "sender.dkim": {
            "selector": json.dumps(SELECTOR),
            "key_file": json.dumps(str(folder / "dkim.pem")),
        },
        "tracker": {"listen": '["127.0.0.1:8080"]', "admin_listen": '["127.0.0.1:8081"]'},
        "store": {"url": json.dumps(store)},
        "keys": {"file": json.dumps(str(folder / "token.keys"))},
    }


def _write(folder: Path, values: Values) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        if (path := folder / name).exists():
            raise FileExistsError(None, "exists", str(path))
    token_keys.write_token_keys(
        folder / "token.keys",
        [token_keys.new_token_key()],
        identify_secret=token_keys.new_identify_secret(),
    )
    dkim_keys.write_dkim_key(folder / "dkim.pem")
    with (folder / "waypost.toml").open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)  # it holds no secret, and nobody else may change it
        file.write(example_file(values))
