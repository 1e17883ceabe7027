"""What our EHLO offers, worked out of the relay's."""

import pytest

from proxy.smtp import extensions


@pytest.mark.parametrize(
    ("offered", "relayed"),
    [
        ("PLAIN LOGIN", ("PLAIN", "LOGIN")),
        ("GSSAPI GSS-SPNEGO EXTERNAL KERBEROS_V4 GS2-KRB5", ()),
        ("SCRAM-SHA-1-PLUS SCRAM-SHA-1 scram-sha-256-plus", ("SCRAM-SHA-1",)),
        ("XOAUTH2 nonsense!mechanism", ("XOAUTH2",)),
        ("ANONYMOUS PLAIN", ("PLAIN",)),
        ("", ()),
    ],
)
def test_mechanisms_that_look_at_the_connection_are_left_out(
    offered: str, relayed: tuple[str, ...]
) -> None:
    """They would see ours instead of the client's (RFC 5802 §6)."""
    assert extensions.mechanisms({"AUTH": offered}) == relayed


@pytest.mark.parametrize(
    ("size", "offered", "taken"),
    [
        ("10240000", 10_174_464, 10_240_000),
        ("1000", 900, 1000),
        ("99999999999", 35_000_000, 35_000_000),
        ("0", 35_000_000, 35_000_000),
        ("", 35_000_000, 35_000_000),
        ("nonsense", 35_000_000, 35_000_000),
        ("9" * 5000, 35_000_000, 35_000_000),
    ],
)
def test_the_size_leaves_room_for_links(size: str, offered: int, taken: int) -> None:
    """We offer less than the relay takes, and take what the relay takes."""
    relay = {"SIZE": size}
    assert extensions.offered_size(relay, 35_000_000) == offered
    assert extensions.size_limit(relay, 35_000_000) == taken


@pytest.mark.parametrize(
    ("limits", "offered"),
    [
        (
            "MAILMAX=20 rcptmax=100 RCPTDOMAINMAX=1",
            ["LIMITS MAILMAX=20 rcptmax=100 RCPTDOMAINMAX=1"],
        ),
        ("RCPTMAX=10000000", []),
        ("RCPTMAX=0 MAILMAX", []),
        ("XMAILMAX=3 NEW=1 RCPTMAX=5", ["LIMITS RCPTMAX=5"]),
    ],
)
def test_limits_are_passed_on_whole_or_not_at_all(limits: str, offered: list[str]) -> None:
    """RFC 9422 §4: 1 to 999999, and what is unknown is ignored."""
    lines = extensions.offers(
        {"LIMITS": limits}, max_size_octets=1, starttls=False, auth=False, xclient=False
    )
    assert list(lines[1:]) == offered


def test_who_may_is_offered_more() -> None:
    """STARTTLS, AUTH and XCLIENT depend on the session, not on the relay alone."""
    relay = {"AUTH": "PLAIN", "STARTTLS": "", "XCLIENT": "NAME"}
    plain = extensions.offers(relay, max_size_octets=1, starttls=False, auth=False, xclient=False)
    assert plain == ("PIPELINING",)
    full = extensions.offers(relay, max_size_octets=1, starttls=True, auth=True, xclient=True)
    assert extensions.keywords(full) == {"PIPELINING", "AUTH", "STARTTLS", "XCLIENT", "XFORWARD"}
