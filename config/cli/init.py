"""`waypost init`: write a configuration and its keys, and say what to do next.

Owns: which keys of the example file are set, and the next steps as the operator reads them.
Does not own: the example file (`config.reference.manual`), making keys (`config.keys.first_keys`), the local authority (`config.keys.local_authority`), or the DNS records (`config.keys.dns_records`).
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import TypeAdapter

from config.addresses import parse_ip
from config.cli.options import Checked, domain_option, filling, folder_argument
from config.cli.output import echo
from config.keys.dns_records import records
from config.keys.first_keys import require_absent, write_first_keys
from config.keys.local_authority import CERTIFICATE_LASTS, LocalAuthority, names_of_this_host
from config.loading.load import load
from config.reference.manual import Values, example_file
from config.values import Address, BaseUrl, HostName

SELECTOR = "waypost1"
SYSTEM_STORE = "/var/lib/waypost/waypost.db"
"""Where the unit files keep the store; nothing that changes belongs under /etc."""

NEXT = """\
Wrote {folder}/waypost.toml, {written}.

Next:
1. Publish these DNS records (again: waypost dns -c {file}; whether they are there: --check):

{zone}

2. Put a web server with a certificate for {host} in front of 127.0.0.1:8080,
   and name its address in [tracker] trusted_proxies (docs/tracker.md has nginx and Caddy).
3. Look through {file}: above all [relay].
   What is wrong with it: waypost check -c {file}
4. Start: waypost serve -c {file}
   and let your application send its mail to 127.0.0.1:2525.
   Whether all of it works: waypost doctor -c {file}
5. Keep a copy of {folder}/token.keys in a safe place:
   without it, every link in delivered mail is dead.
"""

NEXT_TLS = """\
6. Have your applications trust {authority}, and switch STARTTLS on in them
   as docs/applications.md shows. The certificate is for {names},
   and lasts until {ends}; renew it in time: waypost keys certificate -c {file}
"""


class TlsName(click.ParamType[str]):
    """A host name or an IP address, as a certificate names it."""

    name = "NAME"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return it in lower case; a usage error says what is wrong with it."""
        text = str(value).strip("[]")
        if parse_ip(text) is not None:
            return str(parse_ip(text))
        return Checked(TypeAdapter(HostName), self.name).convert(text, param, ctx)


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
@folder_argument
@domain_option
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
@click.option(
    "--tls",
    is_flag=True,
    help="Make a certificate for this host too, by an authority of its own, for programs that want TLS.",
)
@click.option(
    "--tls-name",
    "more_names",
    multiple=True,
    type=TlsName(),
    help="One more name or address by which programs reach this host. May be repeated.",
)
def init(
    folder: Path,
    domain: str,
    base_url: str | None,
    relay: Address,
    *,
    tls: bool,
    more_names: tuple[str, ...],
) -> None:
    """Write DIR/waypost.toml, its keys, and say what to do next. Overwrites nothing."""
    url = base_url or f"https://click.{domain}"
    folder = folder.resolve()
    names = tuple(dict.fromkeys((*more_names, *names_of_this_host())))
    authority = LocalAuthority(folder / "tls") if tls or more_names else None
    with filling(folder):
        _write(folder, _values(folder, domain, url, relay, authority), authority, names)
        config = load(folder / "waypost.toml")
        zone = "\n".join(line for record in records(config) for line in record.zone_lines())
    host = url.partition("://")[2]
    written = "token.keys and dkim.pem" if authority is None else "token.keys, dkim.pem and tls/"
    file = folder / "waypost.toml"
    told = NEXT.format(folder=folder, written=written, file=file, zone=zone, host=host)
    if authority is not None:
        told += NEXT_TLS.format(
            authority=authority.authority,
            names=", ".join(names),
            ends=f"{datetime.now(UTC) + CERTIFICATE_LASTS:%Y-%m-%d}",
            file=file,
        )
    echo(*told.split("\n"))


def _values(
    folder: Path, domain: str, base_url: str, relay: Address, tls: LocalAuthority | None = None
) -> Values:
    in_etc = folder.is_relative_to("/etc")
    store = f"sqlite:///{SYSTEM_STORE}" if in_etc else f"sqlite:///{folder}/waypost.db"
    proxy = {"listen": '["127.0.0.1:2525"]'}
    if tls is not None:
        proxy |= {"tls_cert": json.dumps(str(tls.certificate)), "tls_key": json.dumps(str(tls.key))}
    return {
        "proxy": proxy,
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


def _write(
    folder: Path, values: Values, tls: LocalAuthority | None, names: tuple[str, ...]
) -> None:
    require_absent((folder / "waypost.toml", *(tls.files if tls else ())))
    write_first_keys(folder / "token.keys", folder / "dkim.pem")
    if tls is not None:
        tls.make(names)
    with (folder / "waypost.toml").open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)  # it holds no secret, and nobody else may change it
        file.write(example_file(values))
