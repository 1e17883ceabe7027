"""`waypost keys`: the commands about keys, as one.

Owns: which there are. Does not own: any of them (`first`, `token`, `dkim`, `certificate`).
"""

import click

from config.cli.keys.certificate import certificate
from config.cli.keys.dkim import dkim, rotate_dkim
from config.cli.keys.first import init_keys
from config.cli.keys.token import list_keys, revoke_key, rotate


@click.group("keys")
def keys_group() -> None:
    """Make keys; list, rotate and revoke those of tracked links; renew a certificate."""


for _command in (init_keys, list_keys, rotate, revoke_key, dkim, rotate_dkim, certificate):
    keys_group.add_command(_command)
