"""`waypost healthcheck`: whether the service that should run here answers, for container engines.

Owns: which addresses each service has to answer at, and the exit status.
Does not own: asking, and what counts as an answer (`installation.ports`).
"""

import click

from config.cli.options import config_file_option, loaded
from config.cli.output import Problems, echo
from config.loading.config_file import ConfigFile
from waypost_doctor.installation.ports import listeners

TABLES = {"proxy": ("[proxy]",), "tracker": ("[tracker]",), "serve": ("[proxy]", "[tracker]")}
"""Of each service, the tables whose listeners are its own."""

ANSWER_S = 8.0
"""How long a service may take: less than the engine waits (Containerfile), more than a busy machine needs."""


@click.command()
@click.argument("service", type=click.Choice(list(TABLES)), default="serve")
@config_file_option
def healthcheck(config: ConfigFile, service: str) -> None:
    """Ask the SERVICE that runs here whether it is well: serve (both), proxy or tracker.

    Exit status 1 if it does not answer at each of its addresses. Relay and store are not asked.
    """
    silent = [
        f"{name} {address} does not answer"
        for name, addresses, is_ours in listeners(loaded(config, files=False), ANSWER_S)
        if name.startswith(TABLES[service])
        for address in addresses
        if not is_ours(address)
    ]
    if silent:
        raise Problems(silent)
    echo("ok")
