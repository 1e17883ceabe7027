"""Manual pages as their source, for man(7): headings, paragraphs, lists, and text that is only text.

Owns: what must be escaped for roff to print it as it stands.
Does not own: what a page says (`settings_page`, `waypost_manual`).
"""

import re
import textwrap

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\((\w+:[^)]+)\)")


def plain(words: str) -> str:
    """Return text that roff prints as it is; it may begin a line."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^(?=[.'])", r"\\&", escaped)


def marked(words: str) -> str:
    """Return text with its `code` in bold, and a link of Markdown as its words and its URL."""
    spelled = _LINK.sub(r"\1 (\2)", words)
    return re.sub(_CODE, r"\\fB\1\\fR", plain(spelled))


def head(name: str, section: int, version: str) -> str:
    """Return the line that every page begins with. It has no date: equal sources, equal pages."""
    return f'.TH "{name.upper()}" "{section}" "" "Waypost {version}" "Waypost"\n'


def heading(title: str) -> str:
    """Return the heading of a section."""
    return f".SH {title}\n"


def subheading(title: str) -> str:
    """Return the heading of a part of a section."""
    return f".SS {plain(title)}\n"


def paragraphs(text: str) -> str:
    r"""Return text of several paragraphs; one that begins with `\b` (click) keeps its lines.

    One that begins with `## ` (Markdown) is the heading of a section.
    """
    return "".join(map(_paragraph, text.strip().split("\n\n")))


def _paragraph(text: str) -> str:
    if text.startswith("## "):
        return heading(plain(text[3:].upper()))
    if text.startswith("\b\n"):
        return f".PP\n.nf\n{marked(textwrap.dedent(text[2:]))}\n.fi\n"
    return f".PP\n{marked(' '.join(text.split()))}\n"


def item(term: str, *texts: str) -> str:
    """Return an element of a list: what it is about, in bold, and what is said of it."""
    told = "\n.br\n".join(marked(" ".join(each.split())) for each in texts if each)
    return f".TP\n\\fB{plain(term)}\\fR\n{told}\n"


def see_also(*pages: tuple[str, int]) -> str:
    """Return the section of other pages, each a name and the section of the manual it is in."""
    named = ", ".join(f"\\fB{plain(name)}\\fR({section})" for name, section in pages)
    return f"{heading('SEE ALSO')}{named}\n"
