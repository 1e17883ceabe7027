"""Where decisions about links are kept: a file beside the store, and a copy of all that was in it.

Owns: what this chronicle is called, and that links live where nothing of it can be read (P8).
Does not own: what becomes of such files (`chronicle`), or what a decision makes of a link
(`overrides`).
"""

from pydantic import TypeAdapter

from config.telemetry import observe
from tracker.decisions.overrides import Decision, Overrides
from tracker.records.record_file import Chronicle

DECISIONS = Chronicle(
    name="overrides",
    adapter=TypeAdapter(Decision),
    summed=Overrides.of,
    upkeep=observe.OVERRIDES,
    in_force=observe.OVERRIDES_IN_FORCE,
    fails_open=True,
    is_sound=lambda made: made.makes_sense,
)
