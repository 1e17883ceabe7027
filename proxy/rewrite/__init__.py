"""One message: what changes in it, and the finished copies.

The face of the room is the Python API of `docs/design.md`; what does the work is imported by its
full path.
"""

from proxy.rewrite.planned import Plan, PlannedLink, SkippedLink
from proxy.rewrite.planner import plan

__all__ = ["Plan", "PlannedLink", "SkippedLink", "plan"]
