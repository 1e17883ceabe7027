"""The TLS context of a listener, from the certificate and key that a configuration names.

Owns: loading both, systemd credentials included, without ever asking for a passphrase, and
renewing them while connections stand.
Does not own: who may read a key (`config.keys.secret_files`), telling what is wrong (`config.loading.file_checks`).
"""

import ssl
from pathlib import Path

from config.keys.secret_files import usable_path


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Give the context of a TLS listener; raises OSError (ssl.SSLError is one) or ValueError.

    `key` is None where the file of the certificate holds it too. TLS 1.2 is the oldest that is
    spoken (RFC 8996).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key)
    return context


def renew(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Have new connections see the certificate as the files now hold it; those that stand go on.

    Raises what `server_context` raises; then the old one stays.
    """
    # Tried apart first: a context that was given a certificate without its key serves nobody.
    server_context(certificate, key)
    _load(context, certificate, key)


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    private = usable_path(key) if key else None
    # Without a passphrase of our own OpenSSL would ask for one on the terminal.
    context.load_cert_chain(usable_path(certificate), private, password=lambda: "")
