"""Charsets of HTML parts: a view of a body in which markup is ASCII, and edits back into the body.

Owns: which Python codec a charset label means to mail programs (the WHATWG Encoding table, by
`webencodings`), and where ASCII octets in a body are surely ASCII characters.
Does not own: markup (`html`), URLs (`urls`), or transfer encodings (`proxy.message.bodies.body`). A
label or a `<meta>` is never changed.

- UTF-8, ISO-8859-x, windows-125x, KOI8, EUC-* and all other charsets of one octet that extend
  ASCII: the octets are read as they are.
- Shift_JIS, Big5, GBK, GB18030, windows-949: as they are, too. The second octet of a character is
  never one of `<>"'=&/` or space; where it is a letter or backslash, the codec tells them apart.
- UTF-16, UTF-32: decoded. Each edit is encoded and put back at its place.
- ISO-2022-JP: decoded. Edits are put back together with their escape sequences.
- UTF-7, HZ, ISO-2022-KR, ISO-2022-CN, unknown labels: read only if every octet is plain ASCII and
  none of them could switch to another character set.
- no label, us-ascii, what MySQL calls UTF-8: as they are. Mail programs guess what 8-bit octets mean, so links that hold
  such octets are not tracked.

A byte order mark of UTF-8 overrides any label. One of UTF-16 or UTF-32 overrides none but labels of
that encoding, in either byte order; where it contradicts another label, the part is left alone.
"""

import codecs
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import webencodings

from proxy.message.editing import Change, Edit
from proxy.message.work_budget import spend

_ASCII_RUN: Final = re.compile(r"[\x00-\x7f]+")
_WIDE: Final = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
# UTF-32 comes first: its mark begins with that of UTF-16.
_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_MARKS_AT_ALL: Final = tuple(_MARKS)
_FAMILY: Final = re.compile(r"utf-?(16|32)")
# Browsers read more characters in these charsets than they write.
_DECODED_AND_WRITTEN: Final = {"gbk": ("gb18030", "gbk"), "big5": ("big5hkscs", "cp950")}
_STATEFUL: Final = re.compile(rb"[\x1b\x0e\x0f]")
_PLAIN: Final = re.compile(rb"[\t\n\f\r -*,-}]*\Z")  # no "+" (UTF-7) and no "~" (HZ)
_GRAPHIC: Final = re.compile(rb"[\x21-\x7e]*\Z")
_ESCAPE_STEPS: Final = 2
_ESCAPE: Final = re.compile(rb"\x1b(?:\([BJI]|\$[@B])")
_ASCII: Final = b"\x1b(B"
_ONE_OCTET: Final = frozenset({_ASCII, b"\x1b(J"})
_PAIRED: Final = 2  # UTF-16: characters past U+FFFF are two units
_GUESSED: Final = frozenset(
    {"", "us-ascii", "ascii", "utf8mb4", "utf8mb3", "utf-8mb4", "utf-8mb3"}  # of MySQL alone
)


class _Run(NamedTuple):
    """A run of ASCII characters: its start in the HTML and in the octets, and the mode it is in."""

    html: int
    octets: int
    mode: bytes = b""


@dataclass(frozen=True, slots=True)
class HtmlView:
    """The HTML of a body as octets whose markup is ASCII.

    `charset` is the Python codec of `html`. `url_charset` is the one that `urls.destination` takes:
    the codec in which browsers write the query of a link of this document, or "ascii" where mail
    programs would differ. `codec` and `width` (octets of a code unit) are those of the body, and
    `runs` its ASCII characters; without runs, `html` is the body itself. Spans are half open.
    """

    html: bytes
    charset: str
    url_charset: str
    codec: str = "ascii"
    width: int = 1
    runs: tuple[_Run, ...] = ()

    def edits(self, edits: Iterable[Edit]) -> list[Edit]:
        """Return edits of `html` as edits of the body's octets. ValueError as `_edit`."""
        return [self._edit(edit) for edit in edits] if self.runs else list(edits)

    def changes(self, changes: Sequence[Change]) -> list[Change]:
        """Return changes of `html` as changes of the body's octets. ValueError as `_edit`."""
        if not self.runs:
            return list(changes)
        moved = [self._edit(Edit(start, end, b"")) for start, end, _ in changes]
        return [
            Change(edit.start, edit.end, change.octets * self.width + len(edit.replacement))
            for change, edit in zip(changes, moved, strict=True)
        ]

    def _edit(self, edit: Edit) -> Edit:
        """Return it as an edit of the octets. ValueError if it ends before no ASCII character."""
        ends, mode = self._place(edit.end)
        starts, before = ends, mode
        if edit.start < edit.end:
            starts, before = self._begin(edit.start)
        new = edit.replacement.decode(self.charset).encode(self.codec)
        if before not in (b"", _ASCII):
            new, before = _ASCII + new, _ASCII
        if before != mode:
            new += mode
        return Edit(starts, ends, new)

    def _begin(self, position: int) -> tuple[int, bytes]:
        """Return where what begins at `position` begins in the octets: right after what is before it."""
        if not position:
            return self._place(position)
        octets, mode = self._place(position - 1)
        return octets + self.width, mode

    def _place(self, position: int) -> tuple[int, bytes]:
        run = self.runs[bisect_right(self.runs, position, key=lambda run: run.html) - 1]
        if not self.html[position : position + 1].isascii():
            raise ValueError(f"no ASCII character stands at {position}")
        return run.octets + (position - run.html) * self.width, run.mode


def view(octets: bytes, label: str | None) -> HtmlView | None:
    """Return a view of an HTML body whose charset is labelled `label`.

    None where markup cannot be told from text with certainty.
    """
    name = (label or "").strip("\t\n\f\r \"';").lower()
    if octets.startswith(_MARKS_AT_ALL):
        mark = next(mark for mark in _MARKS if octets.startswith(mark))
        family = _MARKS[mark][:6]
        if name and not name.replace("_", "-").startswith((family, "ucs", "unicode", "iso-10646")):
            return None
        return _wide(octets, _MARKS[mark], len(mark))
    if octets.startswith(codecs.BOM_UTF8):
        return HtmlView(octets, "utf-8", "utf-8")
    if name == "utf-8":
        return HtmlView(octets, name, name)
    return _unlabelled(octets) if name in _GUESSED else _labelled(octets, name)


def _labelled(octets: bytes, name: str) -> HtmlView | None:
    if family := _FAMILY.fullmatch(name):
        return _wide(octets, _byte_order(octets, int(family[1])))
    known = webencodings.lookup(name)
    if known is None:
        return _by_python(octets, name)
    codec = known.codec_info.name
    if codec in _WIDE:
        return _wide(octets, codec)
    if known.name == "iso-2022-jp":
        return _iso_2022_jp(octets)
    if known.name in ("replacement", "x-user-defined"):
        return _only_plain(octets)
    return HtmlView(octets, *_DECODED_AND_WRITTEN.get(known.name, (codec, codec)))


def _by_python(octets: bytes, name: str) -> HtmlView | None:
    """Use Python's table for a charset of one octet that extends ASCII, e.g. cp850."""
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return _only_plain(octets)
    if info.name in ("utf-8", "ascii", "iso8859-1"):  # aliases that the WHATWG table lacks
        return _labelled(octets, {"iso8859-1": "iso-8859-1"}.get(info.name, info.name))
    if info.name in _WIDE:
        return _wide(octets, info.name)
    table = getattr(sys.modules.get(info.decode.__module__), "decoding_table", "")
    if table[:128] == bytes(range(128)).decode("ascii"):
        return HtmlView(octets, info.name, info.name)
    return _only_plain(octets)


def _unlabelled(octets: bytes) -> HtmlView | None:
    if _STATEFUL.search(octets):
        return None
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return HtmlView(octets, "cp1252", "ascii")
    return HtmlView(octets, "utf-8", "ascii")


def _only_plain(octets: bytes) -> HtmlView | None:
    return HtmlView(octets, "ascii", "ascii") if _PLAIN.match(octets) else None


def _byte_order(octets: bytes, bits: int) -> str:
    """Return the codec of text without a mark, by the zeros beside its first "<"."""
    at = octets.find(b"<")
    little = at >= 0 and at % (bits // 8) == 0
    return f"utf-{bits}-{'le' if little else 'be'}"


def _wide(octets: bytes, codec: str, mark: int = 0) -> HtmlView | None:
    try:
        text = octets[mark:].decode(codec)
    except UnicodeDecodeError:
        return None
    width = _WIDE[codec]
    runs = tuple(_runs(text, 0, mark, b"", width))
    return HtmlView(text.encode("utf-8"), "utf-8", "utf-8", codec, width, runs)


def _iso_2022_jp(octets: bytes) -> HtmlView | None:
    """Decode piece by piece, so that the offset of every ASCII character is known (RFC 1468)."""
    html = bytearray()
    runs: list[_Run] = []
    mode, position, more = _ASCII, 0, True
    while more:
        spend(_ESCAPE_STEPS)
        found = _ESCAPE.search(octets, position)
        end = found.start() if found else len(octets)
        text = _in_mode(octets[position:end], mode)
        if text is None:
            return None
        if mode in _ONE_OCTET:
            runs += _runs(text, len(html), position, mode)
        html += text.encode("utf-8")
        more = found is not None
        mode, position = (found[0], found.end()) if found else (mode, end)
    return HtmlView(bytes(html), "utf-8", "iso2022_jp", "iso2022_jp", runs=tuple(runs))


def _in_mode(piece: bytes, mode: bytes) -> str | None:
    if _STATEFUL.search(piece) or not piece.isascii():
        return None
    if mode not in _ONE_OCTET and not _GRAPHIC.match(piece):
        return None
    try:
        return (mode + piece).decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        return None


def _runs(text: str, html: int, octets: int, mode: bytes, width: int = 1) -> Iterator[_Run]:
    """Yield the runs of ASCII in `text`, whose first character stands at `html` and `octets`.

    `width` is the octets of a code unit.
    """
    done = 0
    for run in _ASCII_RUN.finditer(text):
        spend(1)
        between = text[done : run.start()]
        html += len(between.encode("utf-8"))
        octets += sum(2 if width == _PAIRED and char > "\uffff" else 1 for char in between) * width
        yield _Run(html, octets, mode)
        done = run.end()
        html += done - run.start()
        octets += (done - run.start()) * width
