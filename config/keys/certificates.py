"""TLS contexts from the certificate and key that a configuration names, most of all a listener's.

Owns: loading both, also as systemd credentials, without ever asking for a passphrase, and replacing
them without closing connections.
Does not own: who may read a key (`secret_files`), or reporting what is wrong with one
(`config.loading.file_checks`).
"""

import ssl
from contextlib import ExitStack
from pathlib import Path

from config.keys.secret_files import readable_path


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return the context of a TLS listener; raises OSError (ssl.SSLError is one) or ValueError.

    `key` is None where the certificate's file holds the key too. The oldest version is TLS 1.2
    (RFC 8996).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_chain(context, certificate, key)
    return context


def renew(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Load certificate and key again, for new connections; open ones are not touched.

    Raises what `server_context` raises; then the old certificate stays in use.
    """
    # Tried with a new context first: one that has a certificate without its key serves nobody.
    server_context(certificate, key)
    load_chain(context, certificate, key)


def load_chain(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Have `context` show a certificate, of a server or a client; raises as `server_context`."""
    with ExitStack() as opened:
        public = opened.enter_context(readable_path(certificate))
        private = opened.enter_context(readable_path(key)) if key else None
        # Without a passphrase of our own OpenSSL would ask for one on the terminal.
        context.load_cert_chain(public, private, password=lambda: "")
