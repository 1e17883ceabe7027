"""Running tests beside each other, each for so long and no longer.

Owns: threads, the deadline, and what is said of a test that does not end, or fails.
Does not own: the tests, or printing what they found (`command`).

A test that hangs is left behind: its thread ends with the process.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from waypost_doctor.findings import Kind, Result, Topic, found
from waypost_doctor.patient import Patient

DEADLINE_S = 60.0
"""For all tests together."""

Test = Callable[[Patient], Iterator[Result]]


@dataclass
class _Running:
    """A test under way; what it has found so far is not lost where it does not end."""

    topic: Topic
    test: Test
    results: list[Result] = field(default_factory=list)

    def run(self, patient: Patient) -> None:
        try:
            for result in self.test(patient):
                self.results.append(result)
        except ImportError as error:
            kind = Kind.INSTALLATION_UNREADABLE
            self.results.append(found(kind, str(error), topic=self.topic))
        except Exception as error:  # noqa: BLE001 - one fault of ours must not hide what others find
            what = f"{type(error).__name__}: {error}"
            self.results.append(found(Kind.TEST_FAILED, what, topic=self.topic))

    def outcome(self, *, ended: bool) -> list[Result]:
        results = list(self.results)
        if not ended:
            results.append(
                found(
                    Kind.TOOK_TOO_LONG, f"the tests of {self.topic} took too long", topic=self.topic
                )
            )
        return results


def run(
    tests: Sequence[tuple[Topic, Test]], patient: Patient, deadline_s: float = DEADLINE_S
) -> list[Result]:
    """Return what all tests found, in their order, after `deadline_s` at most."""
    ends_at_s = time.monotonic() + deadline_s
    threads = []
    for topic, test in tests:
        running = _Running(topic, test)
        thread = threading.Thread(target=running.run, args=(patient,), daemon=True)
        thread.start()
        threads.append((running, thread))
    results: list[Result] = []
    for running, thread in threads:
        thread.join(max(0.0, ends_at_s - time.monotonic()))
        results += running.outcome(ended=not thread.is_alive())
    return results
