"""`docs/doctor.md`, generated from the findings.

Owns: the text around the tables. `python -m waypost_doctor.manual` writes the page; a test fails while
it is stale.
Does not own: the findings (`findings`).
"""

from collections.abc import Iterator
from pathlib import Path

from waypost_doctor.findings import Kind, Topic

DOCS = Path(__file__).resolve().parent.parent / "docs"

HEAD = """\
# `waypost doctor`

Written by `python -m waypost_doctor.manual` from `waypost_doctor/findings.py`; edit there.

```console
# waypost doctor                                  # everything that can be tried without sending mail
# waypost doctor --send you@example.com           # a message through the running proxy, followed
# waypost doctor --received message.eml           # and the same message as it arrived
```

Each line says how a test went: `ok`, `note` (not tried, and why), `warning` or `problem`, with the name of
the finding and its cure. The exit status is 1 where there is a problem (with `--strict`: or a warning), else
0. `--json` prints the same for programs: `{"ok", "results": [{"topic", "level", "finding", "what", "cure"}]}`.

Run it as root or as the user of the service, on the machine where that runs: root works as the owner of the
store, once the ports are tried. It changes nothing; with `--send` and `--received` one click is counted,
under the campaign `waypost doctor` or that of the message. All tests together take a minute at most, mostly
a few seconds; none prints a secret. `--resolver ADDRESS[:PORT]` asks another name server than this system's.
"""


def page() -> str:
    """Return docs/doctor.md."""
    return "\n".join([HEAD, *(line for topic in Topic for line in _section(topic))])


def _section(topic: Topic) -> Iterator[str]:
    yield f"## {topic.capitalize()}"
    yield ""
    yield topic.help
    yield ""
    yield "| Finding | | What it means | Cure |"
    yield "|---|---|---|---|"
    for kind in Kind:
        if kind.topic is topic:
            yield f"| `{kind}` | {kind.level} | {kind.help} | {kind.cure} |"
    yield ""


if __name__ == "__main__":
    (DOCS / "doctor.md").write_text(page(), encoding="utf-8")
