"""What tests of consents share: two persons, and what is known of them."""

from pathlib import Path

from tests.support.state import beside
from tracker.decisions.consents import ConsentRecord, Consents
from tracker.decisions.files import CONSENTS
from tracker.records.live import LiveRecords

ANN, BOB = "ann@example.net", "bob@example.net"


def known(store: Path) -> Consents:
    """Return what a command is told."""
    return Consents.from_records(CONSENTS.merged(beside(store)).records)


def started(store: Path) -> LiveRecords[ConsentRecord, Consents]:
    """Start a service on the store."""
    agreed = LiveRecords(CONSENTS, beside(store))
    agreed.refresh()
    return agreed


def traces(store: Path, name: bytes = b"ann") -> list[str]:
    """Name the files beside the store that tell of somebody."""
    return [each.name for each in store.parent.iterdir() if name in each.read_bytes()]
