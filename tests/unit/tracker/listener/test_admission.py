"""Who may connect and who has to leave, without sockets."""

import asyncio
from collections import Counter
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.service.shared_counts import SharedCounts
from tests.support.feeding import metric
from tests.support.log_lines import capture_logs
from tests.support.waiting_in_loop import until
from tracker.listener import admission
from tracker.listener.admission import Admission, Neighbours, fair_share
from tracker.listener.limits import PATIENCE_S


class Stub:
    """A connection that only tells when it was closed."""

    neighbours: Neighbours
    rests_since_s: float

    def __init__(self, room: Admission, peer: str | None = "192.0.2.1") -> None:
        self.room = room
        self.peer = peer
        self.open = room.admit(self)

    def close(self) -> None:
        """Close in time."""
        self.drop()

    def drop(self) -> None:
        """Close at once."""
        assert self.open
        self.open = False
        self.room.leave(self)


def opened(stubs: list[Stub]) -> list[bool]:
    """Return of each whether it is open."""
    return [stub.open for stub in stubs]


async def test_the_longest_at_rest_makes_room() -> None:
    """Whoever asked something since, rests not so long."""
    room = Admission("test", 3, 3)
    stubs = [Stub(room, f"192.0.2.{number}") for number in range(3)]
    room.work(stubs[0])
    room.rest(stubs[0])
    assert Stub(room).open
    assert opened(stubs) == [True, False, True]


async def test_nobody_who_is_owed_an_answer_has_to_go() -> None:
    """Then others are not let in."""
    room = Admission("test", 2, 2)
    stubs = [Stub(room), Stub(room)]
    for stub in stubs:
        room.work(stub)
    assert not Stub(room).open
    room.rest(stubs[1])
    assert Stub(room).open
    assert opened(stubs) == [True, False]


async def test_a_network_makes_room_for_itself() -> None:
    """Though there is room in all, and others rest for longer."""
    room = Admission("test", 100, 2)
    other = Stub(room, "192.0.2.9")
    mine = [Stub(room) for _ in range(5)]
    assert other.open
    assert opened(mine) == [False, False, False, True, True]
    room.work(mine[3])
    room.work(mine[4])
    assert not Stub(room).open
    assert Stub(room, "192.0.2.10").open


@pytest.mark.parametrize(
    ("one", "other", "neighbours"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
async def test_what_is_one_network(one: str, other: str, *, neighbours: bool) -> None:
    """An IPv4 address, an IPv6 /64: what one customer of a provider gets."""
    room = Admission("test", 100, 1)
    first = Stub(room, one)
    assert Stub(room, other).open
    assert first.open is not neighbours


async def test_web_servers_of_our_own_may_have_all() -> None:
    """They speak for many; so does a Unix socket. Others of their network do not."""
    room = Admission("test", 10, 1, [ip_network("192.0.2.0/31"), ip_network("2001:db8::1/128")])
    stubs = [Stub(room, peer) for peer in ["192.0.2.1", "2001:db8::1", None] * 2]
    assert all(opened(stubs))
    strangers = [Stub(room, "192.0.2.2"), Stub(room, "192.0.2.2")]
    strangers += [Stub(room, "2001:db8::2"), Stub(room, "2001:db8::3")]
    assert opened(strangers) == [False, True, False, True]


async def test_whom_to_trust_may_change() -> None:
    """A reload counts for connections that come from then on."""
    room = Admission("test", 10, 1)
    room.trust([ip_network("192.0.2.1/32")])
    assert all(opened([Stub(room), Stub(room)]))


async def test_how_many_there_may_be_may_change() -> None:
    """The longest at rest go at once; of those who are owed an answer, none."""
    room = Admission("test", 10, 10)
    stubs = [Stub(room, f"192.0.2.{number % 2}") for number in range(6)]
    room.work(stubs[0])
    room.limit(3, 2)
    assert opened(stubs) == [True, False, False, False, True, True]
    assert Stub(room, "192.0.2.1").open
    assert opened(stubs) == [True, False, False, False, False, True]
    room.limit(10, 10)
    assert all(opened([Stub(room) for _ in range(7)]))


def rooms(count: int, most: int, share: int) -> list[Admission]:
    """Return what several processes admit together."""
    counts = SharedCounts(count)
    return [Admission("test", most, share, (), counts.of(index)) for index in range(count)]


async def test_processes_hold_the_bounds_together() -> None:
    """That of one network, and that of all; one may have what the other leaves, and has its even share."""
    one, other = rooms(2, 8, 4)
    mine = [Stub(one) for _ in range(6)]
    assert opened(mine) == [False, False, True, True, True, True]
    more = [Stub(one, f"192.0.2.{number}") for number in range(2, 8)]
    assert opened(mine) == [False, False, False, False, True, True]
    assert all(opened(more))
    there = [Stub(other) for _ in range(4)]
    assert opened(there) == [False, False, True, True]


async def test_whoever_asks_finds_room_at_any_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle connections at another keep out nobody; where there are too many then, some of them go: it is told."""
    monkeypatch.setattr(admission, "SWEEP_S", 0.01)
    one, other = rooms(2, 8, 8)
    idle = [Stub(one, f"192.0.2.{number}") for number in range(8)]
    new = [Stub(other, f"198.51.100.{number}") for number in range(3)]
    assert all(opened(idle + new))
    keeping = [asyncio.create_task(each.keep_time()) for each in (one, other)]
    with capture_logs() as logged:
        await until(lambda: sum(opened(idle)) <= 5)
    assert [(line["event"], line["bound"]) for line in logged] == [("http_bound_reached", "total")]
    assert opened(idle) == [False] * 3 + [True] * 5
    assert all(opened(new))
    for each in keeping:
        each.cancel()


async def test_one_network_gives_back_what_it_has_too_much_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At whichever process it has more than an even share; nobody else has to go."""
    monkeypatch.setattr(admission, "SWEEP_S", 0.01)
    one, other = rooms(2, 100, 4)
    strangers = [Stub(one, "192.0.2.9"), Stub(other, "192.0.2.9")]
    idle = [Stub(one) for _ in range(4)]
    new = [Stub(other) for _ in range(2)]
    assert all(opened(idle + new))
    keeping = [asyncio.create_task(each.keep_time()) for each in (one, other)]
    await until(lambda: sum(opened(idle)) <= 2)
    assert opened(idle) == [False, False, True, True]
    assert all(opened(new + strangers))
    for each in keeping:
        each.cancel()


async def test_nobody_who_is_owed_an_answer_has_to_go_for_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until it was answered, there may be too many."""
    monkeypatch.setattr(admission, "SWEEP_S", 0.01)
    one, other = rooms(2, 4, 4)
    busy = [Stub(one, f"192.0.2.{number}") for number in range(4)]
    for stub in busy:
        one.work(stub)
    assert Stub(other).open
    keeping = asyncio.create_task(one.keep_time())
    await asyncio.sleep(0.05)
    assert all(opened(busy))
    one.rest(busy[2])
    await until(lambda: not busy[2].open)
    keeping.cancel()


async def test_bounds_that_are_reached_are_told() -> None:
    """That of a network and that of all, whether somebody at rest made room or nobody did."""
    room = Admission("test", 3, 2)
    with capture_logs() as logged:
        stubs = [Stub(room, "192.0.2.1") for _ in range(3)]
        stubs += [Stub(room, f"192.0.2.{number}") for number in range(2, 4)]
    assert [(line["event"], line["listener"], line["bound"]) for line in logged] == [
        ("http_bound_reached", "test", "network"),
        ("http_bound_reached", "test", "total"),
    ]


async def test_time_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those at rest; whoever is owed an answer waits for us."""
    monkeypatch.setattr(admission, "SWEEP_S", 0.01)
    room, now_s = Admission("test", 10, 10), 0.0
    monkeypatch.setattr(room, "_now_s", lambda: now_s)
    keeping = asyncio.create_task(room.keep_time())
    silent, busy, asking = stubs = [Stub(room) for _ in range(3)]
    room.work(busy)
    before = metric("waypost_http_connections_closed_total", why="time")
    now_s = PATIENCE_S - 1
    room.work(asking)
    room.rest(asking)
    now_s = PATIENCE_S + 1
    await until(lambda: not silent.open)
    assert opened(stubs) == [False, True, True]
    now_s = 2 * PATIENCE_S
    await until(lambda: not asking.open)
    assert opened(stubs) == [False, True, False]
    assert metric("waypost_http_connections_closed_total", why="time") == before + 2
    keeping.cancel()


async def test_a_stop_waits_until_all_have_gone() -> None:
    """And not longer than it must."""
    room = Admission("test", 10, 10)
    await room.emptied(5)
    resting, working = Stub(room), Stub(room)
    room.work(working)
    room.close_gently()
    assert (resting.open, working.open) == (False, True)
    leaving = asyncio.create_task(room.emptied(5))
    await asyncio.sleep(0)
    assert not leaving.done()
    room.close_all()
    await asyncio.wait_for(leaving, 1)


def test_a_fair_share_leaves_room_for_others() -> None:
    """However few there are, somebody gets in."""
    assert [fair_share(most) for most in (1, 16, 800, 10_000)] == [1, 2, 100, 256]


PEERS = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "10.0.0.1", None]
steps = st.lists(st.tuples(st.sampled_from(["admit", "work", "rest", "leave"]), st.integers(0, 50)))


@given(steps, st.integers(1, 6), st.integers(1, 3))
def test_no_bound_is_ever_exceeded(steps: list[tuple[str, int]], most: int, share: int) -> None:
    """Whatever clients do, in which order ever; and nothing is counted that has gone."""
    asyncio.run(_bounds_hold(steps, most, share))


async def _bounds_hold(steps: list[tuple[str, int]], most: int, share: int) -> None:
    room, stubs = Admission("test", most, share, [ip_network("10.0.0.0/8")]), []
    for step, number in steps:
        alive = [stub for stub in stubs if stub.open]
        if step == "admit":
            stubs.append(Stub(room, PEERS[number % len(PEERS)]))
        elif alive and step == "leave":
            alive[number % len(alive)].drop()
        elif alive:
            (room.work if step == "work" else room.rest)(alive[number % len(alive)])
        alive = [stub for stub in stubs if stub.open]
        assert len(alive) <= most
        networks = Counter(stub.neighbours.network for stub in alive)
        assert all(count <= share for key, count in networks.items() if key not in {"", "10.0.0.1"})
    room.close_all()
    assert metric("waypost_http_connections", listener="test") == 0
    assert not room._neighbours
