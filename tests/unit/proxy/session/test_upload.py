"""Memory that all messages share."""

from proxy.session.upload import Lease, MemoryBudget


def test_a_lease_is_given_back() -> None:
    """However the upload ends."""
    budget = MemoryBudget(100)
    with Lease(budget) as lease:
        assert lease.resize(60)
        assert lease.resize(30)
        assert budget.used_octets == 30
    assert budget.used_octets == 0


def test_what_does_not_fit_is_refused_and_the_rest_stands() -> None:
    """One message too many is not everyone's trouble."""
    budget = MemoryBudget(100)
    with Lease(budget) as first, Lease(budget) as second:
        assert first.resize(80)
        assert not second.resize(30)
        assert budget.used_octets == 80
        assert second.resize(20)
        assert budget.exhausted
