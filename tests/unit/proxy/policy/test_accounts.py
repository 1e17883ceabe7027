"""Who may send as a [[sender]], by login or by address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.addresses import parse_ip
from config.schema import SenderConfig
from proxy.policy.accounts import NOBODY, Accounts, Submitter

HERE, THERE = parse_ip("127.0.0.1"), parse_ip("203.0.113.9")


def accounts(*listed: str) -> Accounts:
    """Return what `accounts` of a configuration says."""
    sender = SenderConfig.model_validate({"domain": "example.com", "accounts": list(listed)})
    return Accounts.of(sender.accounts or ())


@pytest.mark.parametrize(
    ("submitter", "listed", "may"),
    [
        (Submitter(HERE, logged_in=True, account="alice"), ["alice"], True),
        (Submitter(HERE, logged_in=True, account="alice"), ["bob", "loopback"], False),
        (Submitter(HERE, logged_in=True, account="ALICE"), ["alice"], False),
        (Submitter(HERE, logged_in=True), ["alice", "loopback", "127.0.0.1"], False),
        (Submitter(HERE, logged_in=True, account="loopback"), ["loopback"], False),
        (Submitter(HERE, logged_in=True, account="127.0.0.0/8"), ["127.0.0.0/8"], False),
        (Submitter(HERE), ["loopback"], True),
        (Submitter(parse_ip("127.8.9.10")), ["loopback"], True),
        (Submitter(parse_ip("::1")), ["loopback"], True),
        (Submitter(THERE), ["loopback"], False),
        (Submitter(THERE), ["alice", "203.0.113.0/24"], True),
        (Submitter(THERE), ["203.0.114.0/24", "2001:db8::/32"], False),
        (Submitter(parse_ip("2001:db8::1")), ["2001:db8::/32"], True),
        (Submitter(THERE), ["alice"], False),
        (NOBODY, ["alice", "loopback", "0.0.0.0/0"], False),
    ],
)
def test_a_login_counts_by_its_name_and_an_address_only_without_one(
    submitter: Submitter, listed: list[str], may: int
) -> None:
    """A login that tells no name is in no list."""
    assert (submitter in accounts(*listed)) == may


@given(st.text(), st.lists(st.sampled_from(["alice", "bob", "loopback", "10.0.0.0/8", "::/0"])))
def test_no_name_means_a_network(name: str, listed: list[str]) -> None:
    """Whatever somebody is called, it is a login that must be listed."""
    may = Submitter(HERE, logged_in=True, account=name) in accounts(*listed)
    assert may == (name in {"alice", "bob"} & set(listed))
