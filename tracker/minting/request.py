"""What may be asked of a link that is not in mail, and what a configuration makes of it.

Owns: the request, what is wrong with one, and how the rules of mail apply to it: what is never
tracked, which parameters are added, which sites are told who comes.
Does not own: the link itself (`mint`), those rules (`tracker.urls.additions`, `tracker.urls.hosts`,
`tracker.urls.secrets.rules`), or how somebody asks (`tracker.cli.link`, `tracker.api.resources.links`).
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from config.schema import Config, SenderConfig, closest
from tracker.events import MAX_NAME, SentLink
from tracker.tokens import is_destination
from tracker.urls import params
from tracker.urls.additions import id_octets, params_text
from tracker.urls.hosts import base_urls, host, is_below, own_hosts
from tracker.urls.naming import LinkNaming, identity, patterns_of, volatile_of
from tracker.urls.placeholders import has_placeholder
from tracker.urls.reader_id import widest
from tracker.urls.secrets.rules import Caution


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


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return pairs of a field ("" for the whole request) and what pydantic found wrong with it."""
    return [
        (".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, "))
        for each in error.errors()
    ]


class CannotMake(ValueError):
    """This configuration cannot make such a link; `field` of the request is what asks for it."""

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

    request: LinkRequest
    config: Config
    sender: SenderConfig | None

    @classmethod
    def of(cls, request: LinkRequest, config: Config) -> Self:
        """Resolve a request; raises CannotMake."""
        most = config.tracking.max_destination
        if len(request.url) > most:
            raise TooLong(f"longer than {most} characters")
        sender = None if request.sender is None else _sender(request.sender, config)
        return cls(request, config, sender)

    @property
    def sender_domain(self) -> str:
        """The sender's domain in reports; "" for none."""
        return (self.request.sender or "").lower()

    @property
    def base_url(self) -> str:
        """The URL of the tracking host, which the link begins with."""
        return base_urls(self.config, self.sender)[0]

    @property
    def may_be_tracked(self) -> bool:
        """Whether clicks may be counted: what is final in mail is final here.

        `[tracking] default` is for those who do not say; whoever asks for a link has said.
        """
        untracked = is_below(host(self.request.url), self.config.tracking.untracked_hosts)
        return self.request.track and self._enabled and not untracked and not self._is_finished

    @property
    def destination(self) -> str:
        """The URL, with parameters added where it can bear them."""
        return params.inserted(self.request.url, self._params_text)

    @property
    def id_param(self) -> str | None:
        """The parameter that tells the destination who comes; None where it is not told."""
        tracking, url = self.config.tracking, self.request.url
        param, hosts = tracking.identify.param, frozenset(tracking.identify.hosts)
        caution = Caution.of(tracking.sensitive, builtin=tracking.sensitive_builtin)
        if param is None or caution(url):
            return None
        added, most = widest(param, self.request.person), tracking.max_destination
        return param if id_octets(url, self._params_text, added, hosts, most) else None

    def sent_link(self, *, identified: bool) -> SentLink:
        """Return the link as the store knows those of mail: by its group, a pattern, or its URL."""
        volatile = volatile_of(self.config)
        name = self.request.group or identity(self.request.url, patterns_of(self.config), volatile)
        id_param = self.config.tracking.identify.param if identified else None
        return LinkNaming(self.request.url, self.destination, name, id_param).sent_link(
            1, "", volatile
        )

    @property
    def _enabled(self) -> bool:
        return self.config.tracking.enabled and (self.sender is None or self.sender.enabled)

    @property
    def _params_text(self) -> str:
        tracking, wanted = self.config.tracking, self.request.url_params and not self._is_finished
        if not wanted or not (self._enabled or tracking.params_when_off):
            return ""
        filled = params.filled(tuple(tracking.url_params.items()), self.request.campaign)
        most, hosts = tracking.max_destination, tracking.url_params_hosts
        return params_text(self.request.url, filled, most, hosts)

    @property
    def _is_finished(self) -> bool:
        """Whether the URL is a tracked link already, or has a placeholder to be filled in later."""
        ours = own_hosts(base_urls(self.config, self.sender)).match(self.request.url)
        return ours is not None or has_placeholder(self.request.url)


def _sender(domain: str, config: Config) -> SenderConfig:
    senders = {each.domain: each for each in config.sender}
    found = closest(domain.lower(), senders)
    if found is None:
        known = ", ".join(senders) or "none"
        raise UnknownSender(f'"{domain}" is not a [[sender]]; configured: {known}')
    return found
