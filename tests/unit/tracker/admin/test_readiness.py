"""Whether a role may get work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config, RelayConfig, StoreConfig
from config.telemetry import exposition, observe
from tests.support.clients.admin import Client
from tracker.admin.readiness import lacking


@pytest.fixture(autouse=True)
def _no_relays() -> Iterator[None]:
    """Forget what other tests in this process knew of relays."""
    observe.RELAY_REACHABLE.clear()
    yield
    observe.RELAY_REACHABLE.clear()


def tell(config: Config, process: str, **relays: int) -> None:
    """Write what a proxy would tell of itself."""
    directory = exposition.directory_of(config.store.spool_dir)
    directory.mkdir(parents=True, exist_ok=True)
    lines = ["# TYPE waypost_sessions gauge", "waypost_sessions 0"]
    lines += ["# TYPE waypost_relay_reachable gauge"]
    lines += [
        f'waypost_relay_reachable{{relay="{name}"}} {value}' for name, value in relays.items()
    ]
    (directory / f"{process}.prom").write_text("\n".join([*lines, ""]))


def with_relays(storing: Config, *names: str) -> Config:
    """Return a configuration of relays of these names."""
    relays = tuple(RelayConfig(name=name, host="192.0.2.1") for name in names)
    return storing.model_copy(update={"relays": relays})


def test_a_tracker_is_ready_whatever_the_database_is_like(storing: Config) -> None:
    """Before its first event, and with a database of no use."""
    assert lacking("tracker", storing, "tracker") == []
    storing.store.path.write_bytes(b"no database")
    assert lacking("tracker", storing, "tracker") == []


def test_a_tracker_whose_spool_cannot_be_written_is_not() -> None:
    """Not even root writes there."""
    config = Config(store=StoreConfig(url="sqlite:////sys/waypost.db"))
    (why,) = lacking("tracker", config, "tracker")
    assert why.startswith("the spool cannot be written: /sys: ")


def test_without_a_proxy_none_is_ready(storing: Config) -> None:
    """The tracker alone tells nothing of it."""
    tell(storing, "tracker.2")
    assert lacking("proxy", storing, "tracker") == ["no proxy on this store tells its metrics"]


@pytest.mark.parametrize("process", ["proxy", "proxy-0", "proxy.2"])
def test_a_proxy_is_ready_while_some_relay_was_not_found_dead(
    storing: Config, process: str
) -> None:
    """Of several, mail for the others goes out."""
    config = with_relays(storing, "one", "two")
    tell(config, process, one=0, two=1)
    assert lacking("proxy", config, "tracker") == []
    tell(config, process, one=0, two=0)
    assert lacking("proxy", config, "tracker") == [
        "the relay one cannot be reached",
        "the relay two cannot be reached",
    ]


def test_of_several_workers_one_that_reaches_it_is_enough(storing: Config) -> None:
    """The others have not called it again yet."""
    config = with_relays(storing, "one")
    tell(config, "proxy-0", one=0)
    tell(config, "proxy-1", one=1)
    assert lacking("proxy", config, "tracker") == []


def test_one_process_for_both_knows_its_own_relay(storing: Config) -> None:
    """It writes no file for itself."""
    config = with_relays(storing, "one")
    observe.RELAY_REACHABLE.labels("one").set(1)
    assert lacking("proxy", config, "serve") == []
    observe.RELAY_REACHABLE.labels("one").set(0)
    assert lacking("proxy", config, "serve") == ["the relay one cannot be reached"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/readyz", 200, b"ready\n"),
        ("/readyz/tracker", 200, b"ready\n"),
        ("/readyz/proxy", 503, b"no proxy on this store tells its metrics\n"),
    ],
)
async def test_balancers_are_told(client: Client, path: str, status: int, text: bytes) -> None:
    """By the status; the text is for people."""
    answer = await client.ask(path)
    assert (answer.status, answer.body) == (status, text)


async def test_another_role_is_not_found(client: Client, tmp_path: Path) -> None:
    """As any other path."""
    assert (await client.ask("/readyz/other")).status == 404
