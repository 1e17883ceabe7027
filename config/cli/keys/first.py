"""`waypost keys init`: the first keys, for a configuration that is written by hand.

Owns: the next steps as the operator reads them.
Does not own: making keys (`config.keys.first_keys`), or a whole configuration (`config.cli.init`).
"""

from pathlib import Path

import click
from pydantic import TypeAdapter

from config.cli.options import Checked, domain_option, filling, folder_argument
from config.cli.output import echo
from config.keys.dns_records import record_of_key
from config.keys.first_keys import write_first_keys
from config.schema import DkimConfig
from config.values import HostName

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


@click.command("init")
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
    with filling(folder):
        write_first_keys(tokens, dkim_key)
        key = DkimConfig(selector=selector, key_file=dkim_key)
        zone = "\n".join(record_of_key(domain, key).zone_lines())
    names = {"tokens": tokens, "dkim": dkim_key, "domain": domain, "selector": selector}
    echo(*KEYS.format(**names, zone=zone).split("\n"))
