"""Whether the files that a configuration names exist and hold what they should.

Owns: opening each of them once, as the service would, and reporting what is wrong as a Finding.
Does not own: what a key file holds (`config.keys.token_keys`, `config.keys.dkim_keys`), who may
read it (`config.keys.secret_files`), networks of mail filters (`config.filter_networks`).
"""

import importlib.util
import json
import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config import filter_networks
from config.keys.certificates import server_context
from config.keys.dkim_keys import KeyUnusable, read_dkim_key, require_primes
from config.keys.password_hash import read_admin_password
from config.keys.secret_files import (
    KeyFileError,
    credential,
    read_password,
    read_public,
    read_secret,
)
from config.keys.stream_headers import read_stream_headers
from config.keys.token_keys import read_token_keys
from config.keys.webhook_secrets import read_webhook_secrets
from config.loading.lines import Loc
from config.loading.rules import Finding, Rules
from config.schema import Config, DkimConfig

RULES = Rules()
THOROUGH = Rules()
"""What takes too long for each start of a service: `waypost check` and `waypost doctor` try it."""
GROUP_MAY_READ = 0o040
"""A certificate's key may be shared with other services by a group (Debian's ssl-cert)."""
RENEW_WITHIN = timedelta(days=14)


@RULES.reading("keys.file")
def _token_keys(config: Config) -> Iterator[Finding]:
    loc = ("keys", "file")
    if config.keys.file is None:
        yield Finding(
            loc, "is missing", "`waypost init` writes such a file, `waypost keys init` it alone"
        )
        return
    try:
        read_token_keys(config.keys.file)
    except KeyFileError as error:
        yield _finding(loc, error)


def _finding(loc: Loc, error: KeyFileError) -> Finding:
    return Finding(loc, f"{error.path} {error.what}", error.hint)


@RULES.reading("sender.dkim")
def _dkim_keys(config: Config) -> Iterator[Finding]:
    passed: dict[Path, Path] = {}
    for loc, key in _named_dkim_keys(config):
        try:
            read_dkim_key(key.key_file, key.algorithm)
        except KeyFileError as error:
            yield _finding(loc, error)
        name = credential(key.key_file)
        if name and passed.setdefault(name, key.key_file) != key.key_file:
            what = f"{key.key_file} and {passed[name]} are the same systemd credential"
            yield Finding(loc, what, "LoadCredential=waypost:/etc/waypost keeps them apart")


def _named_dkim_keys(config: Config) -> Iterator[tuple[Loc, DkimConfig]]:
    for index, sender in enumerate(config.sender):
        for at, key in enumerate(sender.dkim):
            yield ("sender", index, "dkim", at, "key_file"), key


@THOROUGH.reading("sender.dkim")
def _primes_of_dkim_keys(config: Config) -> Iterator[Finding]:
    for loc, key in _named_dkim_keys(config):
        try:
            require_primes(read_dkim_key(key.key_file, key.algorithm))
        except KeyUnusable as error:
            yield Finding(loc, f"{key.key_file} {error.in_file}", error.hint)
        except KeyFileError:
            continue  # `_dkim_keys` tells it


@RULES.reading("proxy.tls_cert", "proxy.tls_key")
def _certificate_of_the_proxy(config: Config) -> Iterator[Finding]:
    yield from _certificate(("proxy",), config.proxy.tls_cert, config.proxy.tls_key)


@RULES.reading("tracker.tls_cert", "tracker.tls_key")
def _certificate_of_the_tracker(config: Config) -> Iterator[Finding]:
    yield from _certificate(("tracker",), config.tracker.tls_cert, config.tracker.tls_key)


@RULES.reading("relay.client_cert", "relay.client_key")
def _certificate_for_the_relay(config: Config) -> Iterator[Finding]:
    for at, relay in enumerate(config.relays):
        cert, key = relay.client_cert, relay.client_key
        yield from _certificate(("relay", at), cert, key, prefix="client")


def _certificate(
    table: Loc, cert: Path | None, key: Path | None, *, prefix: str = "tls"
) -> Iterator[Finding]:
    """Look at a certificate and its key, which stand in `<prefix>_cert` and `<prefix>_key`."""
    if cert is None:
        return
    name = f"{prefix}_key" if key else f"{prefix}_cert"
    loc: Loc = (*table, f"{prefix}_cert")
    try:
        read_secret(key or cert, also=GROUP_MAY_READ)
        read_public(cert)
    except KeyFileError as error:
        yield _finding((*table, name), error)
        return
    except OSError as error:
        yield Finding(loc, f"{cert} cannot be read: {error.strerror}")
        return
    yield from _pair(loc, cert, key)


def _pair(loc: Loc, cert: Path, key: Path | None) -> Iterator[Finding]:
    try:
        server_context(cert, key)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", str(error)) or "no certificate can be read, or no key"
        what = f"{cert} and its key do not work together: {reason.lower().replace('_', ' ')}"
        yield Finding(loc, what, "both in PEM, the key without a passphrase")
        return
    # Most have no certificate, and do not wait for all of X.509.
    from cryptography import x509  # noqa: PLC0415 - see above

    leaf = x509.load_pem_x509_certificates(read_public(cert))[0]
    ends = leaf.not_valid_after_utc
    if ends - RENEW_WITHIN < datetime.now(UTC):
        yield Finding(loc, f"{cert} ends on {ends:%Y-%m-%d}", "", fatal=False)


@RULES.reading("relay.ca_file")
def _certificates_of_the_relay(config: Config) -> Iterator[Finding]:
    for at, relay in enumerate(config.relays):
        loc = ("relay", at, "ca_file")
        path = relay.ca_file
        if path is None:
            continue
        try:
            ssl.create_default_context(cafile=path)
        except ssl.SSLError:
            yield Finding(loc, f"{path} holds no certificate in PEM")
        except OSError as error:
            yield Finding(loc, f"{path} cannot be read: {error.strerror}")


@RULES.reading("relay.user", "relay.password_file")
def _password_at_the_relay(config: Config) -> Iterator[Finding]:
    for at, relay in enumerate(config.relays):
        if relay.password_file is None:
            continue
        try:
            read_password(relay.password_file)
        except KeyFileError as error:
            yield _finding(("relay", at, "password_file"), error)


@RULES.reading("relay.token_command")
def _token_command(config: Config) -> Iterator[Finding]:
    for at, relay in enumerate(config.relays):
        command = relay.token_command
        if command and shutil.which(command[0]) is None:
            what = f"{command[0]} is no program that this user can run"
            yield Finding(("relay", at, "token_command"), what, "write its whole path")


@RULES.reading("tracker.admin_password_file")
def _admin_password(config: Config) -> Iterator[Finding]:
    path, loc = config.tracker.admin_password_file, ("tracker", "admin_password_file")
    if path is None:
        return
    try:
        read_admin_password(path)
    except KeyFileError as error:
        yield _finding(loc, error)


@RULES.reading("tracker.well_known")
def _well_known(config: Config) -> Iterator[Finding]:
    for index, each in enumerate(config.tracker.well_known):
        for name in ("apple_app_site_association", "assetlinks"):
            path: Path | None = getattr(each, name)
            if path is not None and (what := _not_json(path)):
                yield Finding(("tracker", "well_known", index, name), f"{path} {what}")


def _not_json(path: Path) -> str | None:
    try:
        json.loads(read_public(path))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return f"is not JSON: {error}"
    return None


@RULES.reading("clicks.networks")
def _networks(config: Config) -> Iterator[Finding]:
    path, loc = config.clicks.networks, ("clicks", "networks")
    if path is None:
        return
    try:
        filter_networks.parse(read_public(path).decode().splitlines())
    except OSError as error:
        yield Finding(loc, f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        yield Finding(loc, f"{path} is not UTF-8", "save the file as UTF-8")
    except filter_networks.BadNetworks as error:
        yield Finding(loc, f"{path}:{error.line}: {error.what}", error.hint)


@RULES.reading("webhook.secret_file")
def _webhook_secrets(config: Config) -> Iterator[Finding]:
    for index, webhook in enumerate(config.webhook):
        try:
            read_webhook_secrets(webhook.secret_file)
        except KeyFileError as error:
            yield _finding(("webhook", index, "secret_file"), error)


@RULES.reading("stream.headers_file")
def _stream_headers(config: Config) -> Iterator[Finding]:
    if (path := config.stream.headers_file) is not None:
        try:
            read_stream_headers(path)
        except KeyFileError as error:
            yield _finding(("stream", "headers_file"), error)


@RULES.reading("stream.secret_file")
def _stream_secrets(config: Config) -> Iterator[Finding]:
    if (path := config.stream.secret_file) is not None:
        try:
            read_webhook_secrets(path)
        except KeyFileError as error:
            yield _finding(("stream", "secret_file"), error)


@RULES.reading("store.url", "store.state")
def _store(config: Config) -> Iterator[Finding]:
    is_file = config.store.engine == "sqlite"
    path, loc = config.store.path, ("store", "url" if is_file else "state")
    if is_file and path.is_dir():
        yield Finding(loc, f"{path} is a folder", "name a file in it")
    elif not path.parent.is_dir():
        what = f"the folder {path.parent} does not exist"
        yield Finding(loc, what, "make it, for the user that runs Waypost", fatal=False)
    elif not os.access(path.parent, os.W_OK | os.X_OK):
        what = f"this user cannot write to the folder {path.parent}"
        yield Finding(loc, what, "run as the user of the service", fatal=False)


@RULES.reading("store.url")
def _postgresql_can_be_asked(config: Config) -> Iterator[Finding]:
    if config.store.engine == "postgresql" and importlib.util.find_spec("psycopg") is None:
        what = "needs the library psycopg, which is not installed"
        yield Finding(("store", "url"), what, "in a checkout: pip install '.[postgresql]'")


@RULES.reading("store.passfile")
def _password_of_the_database(config: Config) -> Iterator[Finding]:
    if config.store.passfile is not None:
        try:
            read_secret(config.store.passfile)
        except KeyFileError as error:
            yield _finding(("store", "passfile"), error)
