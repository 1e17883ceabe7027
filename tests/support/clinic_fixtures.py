"""A Waypost for `waypost doctor` to look at."""

from collections.abc import Iterator

import pytest

from tests.support.clinic import Clinic
from tests.support.name_server import NameServer
from tests.support.stack import Stack


@pytest.fixture
def clinic(stack: Stack) -> Iterator[Clinic]:
    """Furnish a Waypost that is well, and a name server that knows it; nothing of it runs yet."""
    names = NameServer()
    yield Clinic(stack, names).publish()
    names.close()
