"""The signatures that a message brought along: whose they are, what breaks them."""

from hypothesis import given
from hypothesis import strategies as st

from config.keys.dkim_keys import new_dkim_key
from proxy.message.editing import parse
from proxy.signing.existing_signatures import existing_signatures
from proxy.signing.signer import Signer

OWN = Signer("Example.com", "s1", new_dkim_key())
MESSAGE = b"From: a@example.com\r\nX-Track-Links: on\r\n\r\nbody\r\n"


def foreign(tags: bytes) -> bytes:
    """Put a signature of somebody else's before the message."""
    return b"DKIM-Signature: v=1; a=rsa-sha256; " + tags + b"\r\n" + MESSAGE


def test_our_own_signature_is_read_back() -> None:
    """Domain in lower case, names, and the span that removes it."""
    signed = OWN.sign(MESSAGE)
    (found,) = existing_signatures(parse(signed))
    assert found.domain == "example.com"
    assert found.signed == (b"from", b"from")
    assert found.body_limit_octets is None
    assert signed[: found.start] + signed[found.end :] == MESSAGE


def test_tags_are_read_through_folding_and_case() -> None:
    """RFC 6376 §3.2: white space around everything."""
    (found,) = existing_signatures(
        parse(foreign(b"d = Other.\r\n\tTEST ;\r\n s=k1; h=From :\r\n\t X-Track-Links; l=0"))
    )
    assert found.domain == "other.test"
    assert found.signed == (b"from", b"x-track-links")
    assert found.body_limit_octets == 0


def test_a_change_of_the_body_breaks_all_but_l_0() -> None:
    """With l=0 the body is not signed at all; any other limit may be reached."""
    for limit, broken in ((b"", True), (b"; l=0", False), (b"; l=5", True), (b"; l=x", True)):
        (found,) = existing_signatures(parse(foreign(b"d=other.test; h=from" + limit)))
        assert found.covers_body is broken


def test_a_signature_that_cannot_be_read_belongs_to_nobody() -> None:
    """Its domain is empty, which is never ours."""
    (found,) = existing_signatures(parse(b"DKIM-Signature: garbage\r\n" + MESSAGE))
    assert found.domain == ""


def test_signatures_above_a_malformed_line_are_found() -> None:
    """What follows it is no header any more."""
    message = b"DKIM-Signature: d=other.test\r\nno field\r\nDKIM-Signature: d=x.test\r\n\r\n"
    assert [signature.domain for signature in existing_signatures(parse(message))] == ["other.test"]


@given(st.binary(max_size=200))
def test_noise_never_raises(noise: bytes) -> None:
    """Whatever stands in the field or the message."""
    existing_signatures(parse(noise))
    existing_signatures(parse(foreign(noise)))


def test_behind_a_mailbox_line_there_are_none() -> None:
    """To a verifier that line is no field, so it reads none of those after it."""
    assert (
        existing_signatures(parse(b"From a@example.com Mon Jan  1\r\n" + OWN.sign(MESSAGE))) == ()
    )
