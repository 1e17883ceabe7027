"""Debian's Sendmail, which cannot be installed beside Postfix: unpacked privately, run privately."""

import contextlib
import subprocess
from collections.abc import Iterator

from tests.support.clients.programs import free_port, running
from tests.support.relays.private_relays import private, unpacked

MC = """\
divert(-1)
OSTYPE(`linux')
changequote([, ])
define([confMUST_QUOTE_CHARS], [.'])
changequote(`, ')
define(`QUEUE_DIR', `{folder}/queue')
define(`confPID_FILE', `{folder}/pid')
define(`STATUS_FILE', `')
define(`ALIAS_FILE', `')
define(`confDOMAIN_NAME', `sendmail.test')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTO_IDENT', `0')
define(`SMART_HOST', `relay:[127.0.0.1]')
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')
FEATURE(`no_default_msa')
FEATURE(`promiscuous_relay')
FEATURE(`accept_unresolvable_domains')
FEATURE(`nocanonify')
DAEMON_OPTIONS(`Family=inet, Name=MTA, Port={port}, Addr=127.0.0.1')
MAILER(`local')
MAILER(`smtp')
"""
"""What must be quoted is as in Debian's own settings; no names are looked up in DNS."""

HOSTS = "127.0.0.1 sendmail.test localhost {machine}\n"
"""Without a full name Sendmail waits for a minute."""


@contextlib.contextmanager
def sendmail_running(sink_port: int) -> Iterator[int]:
    """Run a Sendmail that hands everything on to the server at `sink_port`; gives its port."""
    with unpacked("sendmail-bin", "sendmail-cf", "m4", "libwrap0") as package:
        root, folder, port = package.root, package.folder, free_port()
        (folder / "queue").mkdir(mode=0o700)
        machine = subprocess.run(["uname", "-n"], capture_output=True, check=True, text=True)
        (folder / "hosts").write_text(HOSTS.format(machine=machine.stdout.strip()))
        (folder / "sendmail.mc").write_text(MC.format(folder=folder, port=port, sink=sink_port))
        program = root / "usr/libexec/sendmail/sendmail"
        program.chmod(0o755)  # setgid, it would not look for libraries where we have them
        libraries = next(root.glob("usr/lib/*/libwrap.so.0")).parent
        cf = root / "usr/share/sendmail/cf"
        script = (
            f"mount --bind {folder}/hosts /etc/hosts && "
            f"{root}/usr/bin/m4 -D_CF_DIR_={cf}/ {cf}/m4/cf.m4 {folder}/sendmail.mc"
            f" > {folder}/sendmail.cf && export LD_LIBRARY_PATH={libraries} && "
        )
        command = [program, "-bD", "-q30m", "-C", folder / "sendmail.cf"]
        with running(private(folder, [], script, command), port, folder / "console"):
            yield port
