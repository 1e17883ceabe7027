"""Numbers for the tracked links of a message.

Owns: which occurrences count as one link: a button and its twin for Outlook do, nothing else.
Does not own: finding either (`html`), or names in reports (`tracker.urls.naming`).
"""


class Numbers:
    """Numbers for tracked links, from 1 on; a button and its twin for Outlook share one.

    The twin is an element of VML (`v:roundrect`) with the same destination, and stands before or
    after its anchor, with no other link that both might belong to between them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._vml: dict[str, int] = {}  # waiting for their anchors
        self._single: tuple[str, int] = ("", 0)  # the last anchor, if it has no twin yet

    def give(self, url: str, *, is_vml: bool) -> int:
        """Give the number of the next tracked link."""
        if is_vml:
            if self._single[0] == url:
                return self._single[1]
            if url not in self._vml:
                self._vml[url] = self._new()
            return self._vml[url]
        if url in self._vml:
            self._single = ("", 0)
            return self._vml.pop(url)
        self._vml.clear()
        self._single = (url, self._new())
        return self._single[1]

    def _new(self) -> int:
        self._count += 1
        return self._count
