"""Text that others wrote, made safe for the place where it is shown. Does no I/O.

Owns: which characters a terminal obeys or reorders and how they are written instead, and which
cells of a CSV file a spreadsheet takes for a formula.
Does not own: printing (`config.cli.output`, `config.cli.listing`), or the log
(`config.telemetry.log_lines`).

Campaigns, groups and links come from mail, a User-Agent from any reader, a reply from a relay: none
of them may move the cursor, set the title or read the clipboard of a terminal (C0, DEL and C1
controls, ECMA-48), make a line look like another one (line separators, and the bidirectional
formatting characters of UAX #9), or compute in a spreadsheet (OWASP, CSV Injection).
"""

import re

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Lone surrogates are among them: no encoding has them, so that printing one fails."""
_CONTROLS_IN_LINES = re.compile(_CONTROLS.pattern.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What begins a formula; the last four are the full-width forms of the first four."""


def printable(text: str) -> str:
    r"""Return a text for one line of a terminal: every control in it is written as `\u001b` is.

    JSON, TOML and Python read this way of writing.
    """
    return _CONTROLS.sub(_written, text)


def printable_lines(text: str) -> str:
    """Return the same of several lines, which stay lines."""
    return _CONTROLS_IN_LINES.sub(_written, text)


def _written(control: re.Match[str]) -> str:
    return _SHORT.get(control[0]) or f"\\u{ord(control[0]):04x}"


def csv_text(text: str) -> str:
    """Return a text for a cell of CSV: one that begins like a formula gets an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) else text
