"""The configuration of the demo: keys, ports and a store in a folder of its own.

Owns: what the demo is configured to do, and finding ports.
Does not own: reading a configuration (`config.loading.load`), or serving (`waypost_demo.command`).
"""

import base64
import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import click

from config.keys import dkim_keys, token_keys
from config.keys.secret_files import write_secret
from config.loading.load import load
from config.schema import Config

SHOP_DOMAIN = "example.com"
CLUB_DOMAIN = "example.org"
SELECTOR = "waypost1"

CONFIG = """\
[proxy]
listen = ["127.0.0.1:{smtp}"]
[relay]
host = "127.0.0.1"
port = {inbox}
tls = "none"
[tracking]
base_url = "http://127.0.0.1:{http}"
[tracker]
listen = ["127.0.0.1:{http}"]
admin_listen = ["127.0.0.1:{admin}"]
[store]
url = "sqlite:///{folder}/waypost.db"
[keys]
file = "{folder}/token.keys"
[log]
level = "warning"
[[sender]]
domain = "{shop}"
[[sender.dkim]]
selector = "{selector}"
key_file = "{folder}/dkim.pem"
[[sender]]
domain = "{club}"
[[sender.dkim]]
selector = "{selector}"
key_file = "{folder}/dkim.pem"
[clicks]
networks = "{folder}/networks.txt"
[clicks.points]
early = 0  # who tries the demo clicks at once
[[webhook]]
name = "orders"
url = "{site}/hooks/clicks"
secret_file = "{folder}/webhook.secret"
campaigns = ["Your order …"]
settle = "2s"
"""

NETWORKS = "203.0.113.64/26 scanner demo-filter\n"
"""Of RFC 5737: the mail filter that some readers sit behind, and of which its maker tells."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is set up: its folder, and the URL of the site that its links lead to."""

    folder: Path
    config: Config
    site: str

    @property
    def config_file(self) -> Path:
        """The file that commands are given to ask this demo."""
        return self.folder / "waypost.toml"

    @property
    def page(self) -> str:
        """The address of the page that shows everything."""
        return f"http://{self.config.tracker.admin_listen[0]}/"

    def dkim_record(self) -> bytes:
        """Return the DNS record by which the signatures of the demo are verified."""
        return dkim_keys.dkim_record((self.folder / "dkim.pem").read_bytes()).encode()


def free_port(preferred: int) -> int:
    """Return `preferred` if nobody listens there, else any free port of the loopback."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise click.ClickException("no free port on 127.0.0.1")


def set_up(folder: Path, inbox_port: int, site: str) -> Demo:
    """Write keys and a configuration into `folder`, as `waypost init` would."""
    token_keys.write_token_keys(folder / "token.keys", [token_keys.new_token_key()])
    dkim_keys.write_dkim_key(folder / "dkim.pem")
    secret = b"whsec_" + base64.b64encode(os.urandom(32)) + b"\n"
    write_secret(folder / "webhook.secret", secret)
    (folder / "networks.txt").write_text(NETWORKS)
    text = CONFIG.format(
        folder=folder,
        site=site,
        shop=SHOP_DOMAIN,
        club=CLUB_DOMAIN,
        selector=SELECTOR,
        inbox=inbox_port,
        smtp=free_port(2525),
        http=free_port(8080),
        admin=free_port(8081),
    )
    (folder / "waypost.toml").write_text(text)
    return Demo(folder, load(folder / "waypost.toml"), site)
