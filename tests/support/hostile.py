"""Text as an attacker writes it, and what no terminal may be sent of it."""

import unicodedata

from hypothesis import strategies as st

BIDIRECTIONAL = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
CONTROLS = "\x1b\x07\x00\b\t\r\n\x7f\x9b\x85\u2028\u2029" + "".join(map(chr, BIDIRECTIONAL))

hostile_text = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(CONTROLS + "=+-@'\"\\,[]/"))
)
"""Any text that UTF-8 can hold, with far more controls and signs of formulas than usual."""

TITLE = "\x1b]0;owned\x07"
"""Sets the title of a terminal."""
FORMULA = '=HYPERLINK("http://x","y")'


def obeyed(text: str) -> set[str]:
    """Return the characters of a text that a terminal obeys or reorders, but for line feeds."""
    return {
        each
        for each in text
        if each != "\n"
        and (unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} or ord(each) in BIDIRECTIONAL)
    }
