"""Which files matter."""

from pathlib import Path

from config.schema import (
    Config,
    DkimConfig,
    KeysConfig,
    ProxyConfig,
    RelayConfig,
    SenderConfig,
    StoreConfig,
    TrackerConfig,
)
from tests.support.stack import Stack
from tracker.backup import contents

STORE = StoreConfig(url="sqlite:////var/lib/waypost/waypost.db")


def test_each_record_file_comes_with_its_copy_and_what_others_said() -> None:
    """What an operations page names as lost with it."""
    names = {path.name.removeprefix("waypost.db.") for path in contents.record_files(STORE.file)}
    kinds = {"overrides", "consents", "access", "shortlinks"}
    assert names == kinds | {f"{kind}.{of}" for kind in kinds for of in ("known", "shared")}


def test_all_that_services_leave_beside_the_store_is_known(stack: Stack) -> None:
    """A new file there has to be one of these, or a reason why not."""
    with stack.serving():
        stack.wait_for_log("ingester_started")
    store = StoreConfig(url=f"sqlite:///{stack.database}")
    left = {path.name for path in stack.folder.glob("waypost.db*")}
    known = {path.name for path in (*contents.databases(store), *contents.record_files(store.file))}
    of_sqlite = {
        f"{path.name}{end}" for path in contents.databases(store) for end in ("-wal", "-shm")
    }
    assert left - known - of_sqlite == {"waypost.db.spool", "waypost.db.reserve"}


def test_each_file_has_a_place_beside_a_store_of_any_name() -> None:
    """The name of the store may have changed since."""
    known = (*contents.record_files(STORE.file), *contents.databases(STORE))
    there = StoreConfig(url="sqlite:////srv/other.sqlite")
    assert {contents.place_of(path.name, there) for path in known} == {
        *contents.record_files(there.file),
        *contents.databases(there),
    }


def test_secrets_are_those_that_the_configuration_names_each_once() -> None:
    """A certificate that holds its key is one."""
    dkim = DkimConfig(selector="s1", key_file=Path("/etc/waypost/dkim.pem"))
    config = Config(
        store=STORE,
        keys=KeysConfig(file=Path("/etc/waypost/token.keys")),
        proxy=ProxyConfig(tls_cert=Path("/etc/waypost/both.pem")),
        tracker=TrackerConfig(
            tls_cert=Path("/etc/waypost/cert.pem"), tls_key=Path("/etc/waypost/key.pem")
        ),
        relay=(RelayConfig(password_file=Path("/etc/waypost/relay")),),  # type: ignore[call-arg]
        sender=(
            SenderConfig(domain="example.com", dkim=(dkim,)),
            SenderConfig(domain="example.org", dkim=(dkim,)),
        ),
    )
    assert [(key, path.name) for key, path in contents.secrets(config)] == [
        ("keys.file", "token.keys"),
        ("sender.dkim.key_file of s1._domainkey.example.com", "dkim.pem"),
        ("proxy.tls_key", "both.pem"),
        ("tracker.tls_key", "key.pem"),
        ("relay.password_file of 0", "relay"),
    ]
