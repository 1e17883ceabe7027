"""Whose conventions are understood, by links and messages together."""

from config.schema import DIALECTS
from proxy.policy.dialects import NATIVE
from proxy.policy.header_conventions import HEADER_CONVENTIONS
from proxy.policy.link_conventions import LINK_CONVENTIONS


def test_every_dialect_is_one_of_the_configurations():
    """And every name that the configuration knows is spoken."""
    spoken = {row.dialect for row in (*LINK_CONVENTIONS, *HEADER_CONVENTIONS)}
    assert spoken == {NATIVE, *DIALECTS}
