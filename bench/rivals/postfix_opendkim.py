"""Postfix with OpenDKIM as its milter: Debian's packages, in a folder and on ports of their own.

Owns: their configuration. It signs and hands on, and rewrites nothing.
Does not own: how a Postfix of one's own is run (`tests/support/relays/postfix.py`).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.rivals import Missing, Server
from bench.support.processes import free_port, program
from bench.support.sink import Sink
from tests.support.relays.postfix import postfix_running

OPENDKIM = """\
Mode s
Domain example.com
Selector waypost1
KeyFile {key_file}
RequireSafeKeys false
Canonicalization relaxed/relaxed
InternalHosts 127.0.0.1
Socket inet:{port}@127.0.0.1
Syslog no
"""


@contextmanager
def postfix_opendkim(folder: Path, sink: Sink, key_file: Path) -> Iterator[Server]:
    """Run both until the block ends; Missing where one is not installed."""
    if shutil.which("opendkim") is None:
        raise Missing("opendkim is not installed (Debian: apt-get install opendkim)")
    folder.mkdir()
    milter, config = free_port(), folder / "opendkim.conf"
    config.write_text(OPENDKIM.format(key_file=key_file, port=milter))
    settings = {
        "relayhost": f"[127.0.0.1]:{sink.port}",
        "virtual_mailbox_domains": "",
        "header_checks": "",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "smtpd_milters": f"inet:127.0.0.1:{milter}",
    }
    with program(["opendkim", "-f", "-x", config], milter) as signing:
        try:
            with postfix_running(settings) as postfix:
                master = int((postfix.folder / "queue/pid/master.pid").read_text())
                yield Server(
                    "Postfix + OpenDKIM, rewrites nothing", postfix.port, (master, signing.pid)
                )
        except pytest.skip.Exception as missing:
            raise Missing(str(missing)) from None
