"""Memory that all messages share: whose share it is, and who gives way when it is short."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service.shared_counts import SharedCounts
from proxy.session import memory_budget
from proxy.session.memory_budget import (
    LARGEST_MESSAGES,
    UPLOAD_PATIENCE_S,
    UPLOAD_S,
    Lease,
    MemoryBudget,
)

LIMIT = 1000
LARGE = 300


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the clock; return a function that moves it on by seconds."""
    now_s = [0.0]
    monkeypatch.setattr(memory_budget, "_now_s", lambda: now_s[0])

    def move_on(seconds: float) -> None:
        now_s[0] += seconds

    return move_on


class Upload:
    """An upload under way, and whether it had to give way."""

    def __init__(self, budget: MemoryBudget, *holders: str, octets: int = 0) -> None:
        self.lease = Lease(budget, holders)
        self.gave_way = False
        self._block = self.lease.uploading(self._end)
        self._block.__enter__()
        if octets:
            assert self.lease.resize(octets)

    def _end(self) -> None:
        self.gave_way = True


# What is held


@pytest.mark.usefixtures("clock")
def test_a_lease_is_given_back() -> None:
    """However the upload ends."""
    budget = MemoryBudget(100)
    with Lease(budget, ("a",)) as lease:
        assert lease.resize(40)
        assert lease.resize(30)
        assert budget.used_octets == 30
    assert budget.used_octets == 0
    assert not budget._held  # names of all who ever came would add up


@pytest.mark.usefixtures("clock")
def test_nobody_holds_all() -> None:
    """Half of it alone; and of what others have left, half again."""
    budget = MemoryBudget(LIMIT)
    first, second = Upload(budget, "a", octets=500), Upload(budget, "b", octets=250)
    assert not first.lease.resize(501)
    assert not second.lease.resize(251)
    assert first.lease.held_octets == 500
    assert Lease(budget, ("c",)).may_begin


@pytest.mark.usefixtures("clock")
def test_all_uploads_of_one_account_or_network_count_together() -> None:
    """Accounts on many networks are one, and so is a network with many accounts."""
    budget = MemoryBudget(LIMIT)
    uploads = [Upload(budget, "alice", "net 1", octets=250), Upload(budget, "alice", "net 2")]
    assert uploads[1].lease.resize(250)
    assert not uploads[1].lease.resize(251)
    assert not Lease(budget, ("alice", "net 3")).may_begin
    uploads = [Upload(budget, "bob", "net 4", octets=150), Upload(budget, "carol", "net 4")]
    assert not uploads[1].lease.resize(101)


@pytest.mark.usefixtures("clock")
def test_two_of_the_largest_messages_fit_whoever_sends_them() -> None:
    """Else messages as large as is allowed would hear 452 for ever."""
    budget = MemoryBudget(0)
    budget.make_room_for(LARGE)
    assert budget.limit_octets == LARGEST_MESSAGES * LARGE
    assert [Upload(budget, "a", octets=LARGE) for _ in range(2)]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, LIMIT)), max_size=60))
def test_there_is_always_as_much_left_as_whoever_came_last_holds(
    steps: list[tuple[str, int]],
) -> None:
    """Whoever comes, and in whatever order; what is refused changes nothing."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(memory_budget, "_now_s", lambda: 0.0)
        budget = MemoryBudget(LIMIT)
        leases = {name: Lease(budget, (name,)) for name in "abcd"}
        for name, octets in steps:
            before_octets = leases[name].held_octets
            taken = leases[name].resize(octets)
            assert leases[name].held_octets == (octets if taken else before_octets)
            assert budget.used_octets == sum(each.held_octets for each in leases.values())
            assert budget.used_octets < LIMIT or not LIMIT
            if taken and octets > before_octets:
                assert octets <= LIMIT - budget.used_octets


# Who gives way


def crowded(count: int = 3) -> tuple[MemoryBudget, list[Upload]]:
    """Return a budget that `count` uploads of different clients have used up, all but a little."""
    budget = MemoryBudget(LIMIT)
    sizes = [480, 250, 130][:count]
    return budget, [Upload(budget, f"slow {at}", octets=size) for at, size in enumerate(sizes)]


def test_slow_uploads_give_way_the_largest_first(clock: Callable[[float], None]) -> None:
    """As many as it takes, as soon as their patience is used up."""
    budget, slow = crowded()
    newcomer = Upload(budget, "new")
    assert not newcomer.lease.resize(LARGE)
    clock(UPLOAD_PATIENCE_S + 1)
    assert newcomer.lease.resize(LARGE)
    assert [each.gave_way for each in slow] == [True, False, False]
    assert budget.used_octets == 250 + 130 + LARGE


def test_who_gave_way_holds_nothing_more(clock: Callable[[float], None]) -> None:
    """Also where more of its message has come already."""
    budget, slow = crowded()
    clock(UPLOAD_PATIENCE_S + 1)
    assert Upload(budget, "new").lease.resize(LARGE)
    assert not slow[0].lease.resize(1)


def test_nobody_gives_way_while_there_is_room(clock: Callable[[float], None]) -> None:
    """A slow link is no fault."""
    budget, slow = crowded(1)
    clock(3600)
    assert Upload(budget, "new").lease.resize(200)
    assert not slow[0].gave_way


def test_an_upload_that_comes_evenly_in_time_is_never_slow(clock: Callable[[float], None]) -> None:
    """However large it is: 35 MB at 1 Mbit/s."""
    budget = MemoryBudget(10 * LIMIT)
    upload = Upload(budget, "a")
    for second in range(1, int(UPLOAD_S) + 1):
        clock(1)
        assert upload.lease.resize(second)
        assert not upload.lease.slow


def test_an_upload_that_only_dribbles_is_slow(clock: Callable[[float], None]) -> None:
    """It came at once but for a little, and brings an octet a second since."""
    budget = MemoryBudget(10 * LIMIT)
    upload = Upload(budget, "a", octets=3 * LIMIT)
    for second in range(1, int(UPLOAD_PATIENCE_S * 1.5)):
        clock(1)
        assert upload.lease.resize(3 * LIMIT + second)
    assert upload.lease.slow


def test_a_message_that_is_being_passed_on_does_not_give_way(
    clock: Callable[[float], None],
) -> None:
    """Its client has done its part; it is the relay that takes its time."""
    budget, slow = crowded()
    slow[0]._block.__exit__(None, None, None)
    clock(UPLOAD_PATIENCE_S + 1)
    assert Upload(budget, "new").lease.resize(250)
    assert [each.gave_way for each in slow] == [False, True, True]


def test_whoever_holds_half_pushes_out_its_own_alone(clock: Callable[[float], None]) -> None:
    """It has had its share; its own slow uploads are in its way."""
    budget = MemoryBudget(LIMIT)
    own, other = Upload(budget, "a", octets=500), Upload(budget, "b", octets=200)
    clock(UPLOAD_PATIENCE_S + 1)
    assert Upload(budget, "a").lease.resize(100)
    assert (own.gave_way, other.gave_way) == (True, False)


def test_what_is_thrown_away_does_not_give_way(clock: Callable[[float], None]) -> None:
    """It holds nothing."""
    budget, slow = crowded()
    refused = Upload(budget, "refused")
    clock(UPLOAD_PATIENCE_S + 1)
    assert Upload(budget, "new").lease.resize(LARGE)
    assert not refused.gave_way
    assert slow[0].gave_way


@pytest.mark.usefixtures("clock")
def test_workers_hold_the_budget_together() -> None:
    """What an account holds in one of them counts in the others, and so does what all hold."""
    counts = SharedCounts(2)
    here, there = (MemoryBudget(LIMIT, counts.of(index)) for index in range(2))
    first = Upload(here, "a", octets=400)
    assert not Lease(there, ("a",)).resize(150)
    assert Lease(there, ("b",)).resize(300)
    first.lease.resize(0)
    assert Lease(there, ("a",)).resize(150)


async def test_a_slow_upload_makes_way_for_mail_in_another_worker(
    clock: Callable[[float], None],
) -> None:
    """When its worker takes in anything; not for an account that would hold more than anybody may."""
    counts = SharedCounts(2)
    here, there = (MemoryBudget(LIMIT, counts.of(index)) for index in range(2))
    slow, greedy = Upload(here, "a", octets=450), Lease(there, ("c",))
    clock(UPLOAD_PATIENCE_S + 1)
    assert not greedy.resize(600)
    assert Lease(here, ("d",)).resize(1)
    assert not slow.gave_way
    assert not Lease(there, ("b",)).resize(300)
    assert Lease(here, ("e",)).resize(1)
    assert slow.gave_way
    assert Lease(there, ("b",)).resize(300)
