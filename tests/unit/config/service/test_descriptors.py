"""Descriptors: as many as may be had, and a share for everybody."""

import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service import descriptors
from tests.support.repository import ROOT

ASK = """
import resource, sys
from config.service import descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(descriptors.allowed(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [(64, 256, "256 256"), (256, 256, "256 256"), (100, 100, "100 100")],
)
def test_the_soft_limit_is_raised_to_the_hard_one(soft: int, hard: int, expected: str) -> None:
    """Which systemd and login shells set far apart."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(soft), str(hard)],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == expected


def test_where_it_may_not_be_raised_it_is_counted_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that forbids it is no reason to end."""

    def refuse(_which: int, _limits: tuple[int, int]) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert descriptors.allowed() == 1024


@given(st.integers(400, 65_536), st.integers(0, 10_000))
def test_nobody_takes_what_spool_and_store_need(limit: int, sessions: int) -> None:
    """With as many readers, operators and SMTP sessions as there may be."""
    mail = min(sessions, descriptors.for_mail(limit, beside_readers=True))
    readers = descriptors.for_readers(limit, sessions)
    taken = descriptors.A_SESSION * mail + readers + descriptors.for_admin(limit)
    assert limit - taken >= descriptors.KEPT


@given(st.integers(256, 65_536), st.integers(0, 10_000))
def test_readers_leave_enough_for_the_rest(limit: int, sessions: int) -> None:
    """For spool and store always, for mail where there is enough, else three quarters."""
    left = limit - descriptors.for_readers(limit, sessions) - descriptors.for_admin(limit)
    assert left >= descriptors.KEPT - descriptors.LEAST
    mail = left - descriptors.KEPT
    assert mail >= min(2 * sessions, (limit - descriptors.KEPT) // 2) - descriptors.LEAST


@pytest.mark.parametrize(
    ("limit", "sessions", "readers"),
    [(65_536, 500, 64_152), (1024, 0, 768), (1024, 500, 192), (64, 500, 16)],
)
def test_readers_get_their_share(limit: int, sessions: int, readers: int) -> None:
    """Beside no mail nearly all, else at least a quarter."""
    assert descriptors.for_readers(limit, sessions) == readers


@pytest.mark.parametrize(("limit", "alone", "beside"), [(65_536, 32_704, 24_432), (1024, 448, 288)])
def test_mail_gets_its_share(limit: int, alone: int, beside: int) -> None:
    """More than [proxy] max_sessions, but where there are few descriptors."""
    assert descriptors.for_mail(limit) == alone
    assert descriptors.for_mail(limit, beside_readers=True) == beside
