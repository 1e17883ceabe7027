"""What is generated from the declarations: the commented example file, and two pages of `docs/`.

Owns: headings, introductions and layout. `python -m config.reference.manual` writes the pages anew;
a test fails while they are stale.
Does not own: descriptions, defaults and help texts, which stand where each thing is declared
(`config.schema`, listed by `catalogue`; `config.telemetry.observe`).
"""

import logging
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from config.reference.catalogue import Key, TableEntry, tables
from config.telemetry import observe

WIDTH = 98
DOCS = Path(__file__).resolve().parents[2] / "docs"

EXAMPLE_HEAD = """\
# Waypost's configuration. A line that begins with # and a letter is a key with its default: remove
# the # to change it. `waypost check` reports mistakes, `waypost show` prints what is in force.
# Durations are written like "30s", "10min", "2h" or "90d", sizes like "35MB", addresses like
# "127.0.0.1:2525" or "[::1]:2525". A relative path starts from the folder of this file. The environment
# comes first: WAYPOST_RELAY__HOST is the host of [relay].
"""

INTRODUCTION = """\
One TOML file: `-c FILE`, else `$WAYPOST_CONFIG`, `./waypost.toml`, `/etc/waypost/waypost.toml`.
`waypost init` writes one with every key in it, `waypost check` reports every problem of it (as
`file:line: key: what (hint)`), `waypost show` prints what is in force, and where each value came from.
An unknown key is an error.

Durations are written like `"30s"`, `"10min"`, `"2h"`, `"90d"`, `"1w"`; sizes like `"35MB"` (a
million octets each) or `"32MiB"`; addresses like `"127.0.0.1:2525"` or `"[::1]:2525"`; networks
like `"192.0.2.0/24"`. A relative path starts from the folder of the file. Regular expressions are
[Python's](https://docs.python.org/3/library/re.html), best in 'single quotes'. Files that hold
secrets must not be readable by others (`chmod 600`), or come as systemd credentials.

## Settings from the environment

Each key has a variable, which comes before the file: `WAYPOST_`, the table, `__`, the key, as in
`WAYPOST_RELAY__HOST=mail.example.com`; the page names it at each key. Tables of which there may be
several are numbered from 0: `WAYPOST_SENDER__0__DOMAIN` is the `domain` of the first `[[sender]]`, of
the file or, where that has none, a new one. Text is written as it is; numbers, `true` and `false`,
arrays and tables as in TOML: `WAYPOST_PROXY__LISTEN='["0.0.0.0:2525"]'`. A whole table may be one
variable: `WAYPOST_TRACKING__URL_PARAMS='{utm_source = "mail"}'`. An empty variable counts as not set.

With such variables no file is needed; a relative path then starts from the current folder. Secrets
never stand in variables: keys name files (`WAYPOST_RELAY__PASSWORD_FILE=/run/secrets/relay`).
A mistake is told with the name of the variable, and one that looks like a setting and is none
(`WAYPOST_RELAY_HOST`) is an error; others that begin with `WAYPOST_` are a warning of `check`. A
service reads its file again at SIGHUP; the environment stays what it was when the service started.
"""

CONFIGURATION_HEAD = f"""\
# Configuration

Written by `python -m config.reference.manual` from `config/schema.py`; edit there.

{INTRODUCTION}"""

METRICS_HEAD = """
## Metrics

Prometheus format, at `/metrics` of the admin listener, of all processes that use this store. Each
metric has the label `process` besides its own: `serve`, or `tracker` and `proxy` (with several workers
`proxy-0`, `proxy-1`, …; of a tracker, the further ones are `tracker-1`, …), `feed` (which counts clicks), or
`plugin` (docs/aiosmtpd.md). Those of other processes than the one asked are at most five seconds old.

`contrib/prometheus/waypost.rules.yml` has alert rules (and tests of them, for `promtool test rules`),
`contrib/grafana/waypost.json` a dashboard to import. `page` is what loses mail, clicks or links, `ticket` what
can wait until somebody looks.
"""
MONITORING_HEAD = """\
# Monitoring

Written by `python -m config.reference.manual` from `config/telemetry/observe.py`; edit there.

## Log

Lines go to standard error (under systemd: the journal), for people or as JSON (`[log] format`); in both,
control characters that others wrote are escaped.
None holds a message body, a credential or a full link of a reader.
"""


Values = Mapping[str, Mapping[str, str]]
"""Values to set, as TOML: by the name of the table, then of the key."""


def example_file(active: Values) -> str:
    """Return a whole waypost.toml: `active` keys are set, all others are comments."""
    parts = [EXAMPLE_HEAD, *(_example_table(entry, active) for entry in tables())]
    return "\n".join(parts)


def _example_table(entry: TableEntry, active: Values) -> str:
    values = active.get(entry.name, {})
    # An empty [[table]] would be an element that lacks what it must have.
    header = entry.header if values or not entry.array else f"#{entry.header}"
    lines = [*_comment(entry.description), header]
    for key in entry.keys:
        lines += ["", *_comment(key.description + _unset(key)), _setting(key, values)]
    return "\n".join([*lines, ""])


def _unset(key: Key) -> str:
    return " (Not set.)" if key.default is None and not key.required else ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _setting(key: Key, values: Mapping[str, str]) -> str:
    if key.name in values:
        return f"{key.name} = {values[key.name]}"
    return f"#{key.name} = {key.example if key.default is None else key.default}"


def configuration_page() -> str:
    """Return docs/configuration.md."""
    return "\n".join([CONFIGURATION_HEAD, *map(_section, tables())])


def _section(entry: TableEntry) -> str:
    lines = [f"## `{entry.header}`", "", _paragraph(entry.description), ""]
    for key in entry.keys:
        lines += [f"### `{entry.name}.{key.name}`", "", *_facts(entry, key), ""]
        lines += [_paragraph(key.description), ""]
    return "\n".join(lines)


def _facts(entry: TableEntry, key: Key) -> Iterator[str]:
    yield from _wrapped(f"*{_choices(key.kind)}*, {standing(key)}")
    if key.example and key.example != key.default:
        yield from _wrapped(f"· for example `{key.name} = {key.example}`")
    yield f"· in the environment `{entry.variable_of(key.name)}`"


def standing(key: Key) -> str:
    """Return whether a key must be given, and what it is without."""
    if key.required:
        return "required"
    return "not set by default" if key.default is None else f"default `{key.default}`"


def _choices(kind: str) -> str:
    return re.sub(r'"[^"]*"', lambda match: f"`{match[0]}`", kind)


def _paragraph(text: str) -> str:
    return "\n".join(_wrapped(text))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False, break_long_words=False)


def monitoring_page() -> str:
    """Return docs/monitoring.md."""
    events = [
        (f"`{event.name}`", logging.getLevelName(event.level).lower(), event.help)
        for event in sorted(observe.EVENTS.values(), key=lambda event: event.name)
    ]
    parts = [
        MONITORING_HEAD,
        _markdown_table(("Event", "Level", "What it means"), events),
        METRICS_HEAD,
        _markdown_table(("Metric", "Type", "Labels", "What it counts"), sorted(_metrics())),
    ]
    return "\n".join(parts) + "\n"


def _metrics() -> Iterator[tuple[str, str, str, str]]:
    for metric in _declared():
        (family,) = metric.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - the library tells it nowhere else
        yield f"`{name}`", family.type, labels, family.documentation


def _declared() -> Iterator[MetricWrapperBase]:
    for each in vars(observe).values():
        if isinstance(each, MetricWrapperBase):
            yield each
        elif isinstance(each, observe.RecordFileMetrics):
            yield from (each.lost_lines, each.damaged_lines, each.unusable)


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_pages() -> None:
    """Write both pages into `docs/`."""
    (DOCS / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    (DOCS / "monitoring.md").write_text(monitoring_page(), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
