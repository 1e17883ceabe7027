"""Which files matter: what is beside a store, and the secrets that a configuration names.

Owns: the lists, and where a file of a backup belongs.
Does not own: copying (`take`, `restore`), or what is in any of them.
"""

from collections.abc import Iterator
from pathlib import Path

from config.schema import Config, StateFile, StoreConfig
from tracker.access.files import ACCESS
from tracker.decisions.files import CONSENTS, DECISIONS
from tracker.minting import short_links

JOURNAL = "journal"
"""What the proxy keeps against sending twice, a database; called so behind the store's own name."""


def record_files(state: StateFile) -> Iterator[Path]:
    """Yield the append-only files of a machine, with their copies and what other nodes said."""
    for kind in (DECISIONS, CONSENTS, ACCESS):
        yield kind.file_of(state)
        yield kind.copy_of(state)
        yield kind.shared_of(state)
    yield short_links.file_of(state)
    yield short_links.copy_of(state)
    yield short_links.shared_of(state)


def databases(store: StoreConfig) -> Iterator[Path]:
    """Yield the store, and the database beside it, whether there or not."""
    yield store.path
    yield store.file(JOURNAL)


def place_of(name: str, store: StoreConfig) -> Path:
    """Return where a file of a backup belongs; `store` may be called otherwise than what was copied."""
    known = (*record_files(Path), Path(JOURNAL))
    ends = sorted((path.name for path in known), key=len, reverse=True)
    end = next((each for each in ends if name.endswith(f".{each}")), None)
    return store.path if end is None else store.file(end)


def secrets(config: Config) -> Iterator[tuple[str, Path]]:
    """Yield the files that nobody else may read: the setting that names each, and its path.

    Each path once.
    """
    seen: set[Path] = set()
    for key, path in _secrets(config):
        if path is not None and path not in seen:
            seen.add(path)
            yield key, path


def _secrets(config: Config) -> Iterator[tuple[str, Path | None]]:
    yield "keys.file", config.keys.file
    for sender in config.sender:
        for dkim in sender.dkim:
            yield (
                f"sender.dkim.key_file of {dkim.selector}._domainkey.{sender.domain}",
                dkim.key_file,
            )
    yield "proxy.tls_key", config.proxy.tls_key or config.proxy.tls_cert
    yield "tracker.tls_key", config.tracker.tls_key or config.tracker.tls_cert
    yield "tracker.admin_password_file", config.tracker.admin_password_file
    for at, relay in enumerate(config.relays):
        name = relay.name or str(at)
        yield f"relay.password_file of {name}", relay.password_file
        yield f"relay.client_key of {name}", relay.client_key or relay.client_cert
    for webhook in config.webhook:
        yield f"webhook.secret_file of {webhook.called}", webhook.secret_file
    yield "stream.headers_file", config.stream.headers_file
    yield "stream.secret_file", config.stream.secret_file
