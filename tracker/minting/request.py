"""What may be asked of a link that is not in mail, and what a configuration makes of it.

Owns: the request, what is wrong with one, and how the rules of mail apply to it: what is never tracked,
which parameters are added, whose sites are told who comes.
Does not own: the link itself (`mint`), those rules (`tracker.urls.additions`, `tracker.urls.hosts`, `tracker.urls.secrets`), or how
somebody asks (`tracker.cli.link`, `tracker.admin.admin`).
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from config.schema import Config, SenderConfig, closest
from tracker.events import MAX_NAME, SentLink
from tracker.tokens import is_destination
from tracker.urls import params
from tracker.urls.additions import id_octets, params_text
from tracker.urls.hosts import base_urls, host, is_below, own_hosts
from tracker.urls.naming import LinkNaming, identity, patterns_of, volatile_of
from tracker.urls.reader_id import widest
from tracker.urls.secrets import Caution, has_placeholder


def _destination(url: str) -> str:
    if not is_destination(url):
        raise ValueError("write an http(s) URL in ASCII, percent-encoded where needed")
    return url


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]


class LinkRequest(BaseModel):
    """What may be asked for."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    url: Annotated[str, AfterValidator(_destination)] = Field(description="Where the link leads.")
    person: Name | None = Field(None, description="Whose link it is: an address, or your own id.")
    campaign: Name | None = Field(None, description="The campaign it counts for.")
    group: Name | None = Field(None, description="What reports call the link, instead of its URL.")
    sender: Name | None = Field(
        None, description="The domain of a [[sender]], whose tracking host and switches count."
    )
    track: bool = Field(True, description="Whether clicks are counted.")  # noqa: FBT003
    url_params: bool = Field(
        True,  # noqa: FBT003
        description="Whether [tracking.url_params] are added.",
    )
    short: bool = Field(
        False,  # noqa: FBT003
        description="Give a short link, which needs the file of short links.",
    )


class CannotMake(ValueError):
    """What this configuration cannot give; `field` names the part of the request that asks for it."""

    field: ClassVar[str]


class TooLong(CannotMake):
    """The destination is longer than a link may hold."""

    field = "url"


class UnknownSender(CannotMake):
    """There is no such [[sender]]."""

    field = "sender"


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """What was asked for, under one configuration; `sender` is whose host and switches count."""

    asked: LinkRequest
    config: Config
    sender: SenderConfig | None

    @classmethod
    def of(cls, asked: LinkRequest, config: Config) -> Self:
        """See whether it can be had; raises Unfeasible."""
        most = config.tracking.max_destination
        if len(asked.url) > most:
            raise TooLong(f"longer than {most} characters")
        return cls(asked, config, None if asked.sender is None else _sender(asked.sender, config))

    @property
    def sender_domain(self) -> str:
        """The domain that reports are told; "" for none."""
        return (self.asked.sender or "").lower()

    @property
    def base_url(self) -> str:
        """What the link begins with."""
        return base_urls(self.config, self.sender)[0]

    @property
    def may_be_tracked(self) -> bool:
        """Whether clicks may be counted: what is final in mail is final here.

        `[tracking] default` is for those who do not say; whoever asks for a link has said.
        """
        untracked = is_below(host(self.asked.url), self.config.tracking.untracked_hosts)
        return self.asked.track and self._enabled and not untracked and not self._is_finished

    @property
    def destination(self) -> str:
        """The URL with its parameters, where it can bear them."""
        return params.inserted(self.asked.url, self._params_text)

    @property
    def tells(self) -> str | None:
        """The parameter that tells the destination who comes; None where it is not told."""
        tracking, url = self.config.tracking, self.asked.url
        param, hosts = tracking.identify.param, frozenset(tracking.identify.hosts)
        caution = Caution.of(tracking.sensitive, builtin=tracking.sensitive_builtin)
        if param is None or caution(url):
            return None
        told, most = widest(param, self.asked.person), tracking.max_destination
        return param if id_octets(url, self._params_text, told, hosts, most) else None

    def sent(self, *, identified: bool) -> SentLink:
        """Tell of the link as mail's are told of: by its group, a pattern, or its URL."""
        volatile = volatile_of(self.config)
        name = self.asked.group or identity(self.asked.url, patterns_of(self.config), volatile)
        id_param = self.config.tracking.identify.param if identified else None
        return LinkNaming(self.asked.url, self.destination, name, id_param).told(1, "", volatile)

    @property
    def _enabled(self) -> bool:
        return self.config.tracking.enabled and (self.sender is None or self.sender.enabled)

    @property
    def _params_text(self) -> str:
        tracking, wanted = self.config.tracking, self.asked.url_params and not self._is_finished
        if not wanted or not (self._enabled or tracking.params_when_off):
            return ""
        filled = params.filled(tuple(tracking.url_params.items()), self.asked.campaign)
        return params_text(self.asked.url, filled, tracking.max_destination)

    @property
    def _is_finished(self) -> bool:
        """Whether the URL is a tracked link already, or has a placeholder to be filled in later."""
        ours = own_hosts(base_urls(self.config, self.sender)).match(self.asked.url)
        return ours is not None or has_placeholder(self.asked.url)


def _sender(domain: str, config: Config) -> SenderConfig:
    senders = {each.domain: each for each in config.sender}
    found = closest(domain.lower(), senders)
    if found is None:
        known = ", ".join(senders) or "none"
        raise UnknownSender(f'"{domain}" is not a [[sender]]; configured: {known}')
    return found
