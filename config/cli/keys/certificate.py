"""`waypost keys certificate`: the certificate that `waypost init --tls` made, renewed.

Owns: the command. Does not own: the authority behind it (`config.keys.local_authority`).
"""

import click

from config.cli.options import config_option_of_keys
from config.cli.output import echo
from config.keys.local_authority import LocalAuthority
from config.keys.secret_files import KeyFileError
from config.schema import Config


@click.command()
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
