"""Visitors: who is a machine, and what is kept of an address."""

import pytest

from config.addresses import parse_ip
from tracker.listener.http1 import Request
from tracker.redirect import visitor
from tracker.redirect.visitor import classify, private_ip


def request_of(*headers: tuple[str, str], method: str = "GET") -> Request:
    """Describe a request as the redirector does."""
    named = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request(method, b"/", b"", named, "10.0.0.1")


def test_get_is_a_human_without_reasons() -> None:
    """Until machine rules exist, human = everything but HEAD."""
    classification = classify(request_of())
    assert classification.human
    assert classification.reasons == ()


def test_head_is_a_machine_by_a_named_and_versioned_rule() -> None:
    """A HEAD is labelled with the rule and its version, so that counts can be made anew."""
    classification = classify(request_of(method="HEAD"))
    assert not classification.human
    assert classification.reasons == ("head/1",)


def test_rules_have_names_of_their_own() -> None:
    """Two rules with one label could not be told apart in stored clicks."""
    labels = [rule.label for rule in visitor.RULES]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("mode", "ip", "kept"),
    [
        ("truncate", "192.0.2.77", "192.0.2.0"),
        ("truncate", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("truncate", "::ffff:192.0.2.77", "192.0.2.0"),
        ("full", "192.0.2.77", "192.0.2.77"),
        ("full", "2001:db8::1", "2001:db8::1"),
        ("none", "192.0.2.77", None),
        ("none", "2001:db8::1", None),
    ],
)
def test_addresses_are_made_private(mode: str, ip: str, kept: str | None) -> None:
    """`truncate` keeps /24 and /48, `full` everything, `none` nothing."""
    assert private_ip(parse_ip(ip), mode) == kept


@pytest.mark.parametrize("mode", ["truncate", "full", "none"])
def test_no_address_stays_none(mode: str) -> None:
    """A peer without an address, as on a Unix socket, is kept as unknown."""
    assert private_ip(None, mode) is None


def test_the_user_agent_is_kept_and_bounded() -> None:
    """The first User-Agent counts, cut at a length that no browser reaches."""
    assert (
        visitor.user_agent(request_of(("user-agent", "Mozilla/5.0"), ("user-agent", "x")).headers)
        == "Mozilla/5.0"
    )
    assert visitor.user_agent(request_of().headers) == ""
    long = visitor.user_agent([(b"user-agent", b"\xff" * 10_000)])
    assert long == "ÿ" * visitor.MAX_USER_AGENT_CHARACTERS
