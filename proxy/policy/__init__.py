"""Which messages and which links are tracked, and the reason for each decision."""

from proxy.policy.reasons import Reason, Skip, Untouched
from proxy.policy.settings import Policy, Signing

__all__ = ["Policy", "Reason", "Signing", "Skip", "Untouched"]
