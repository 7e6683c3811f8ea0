"""What is known of an exporter without rendering anything: enough to list and to address what it makes."""

from enum import StrEnum
from typing import Protocol

from feeds.model.key import Scope


class Kind(StrEnum):
    """What a person does with a document."""

    FEED = "feed"  # subscribes to it
    FILE = "file"  # downloads it
    CATALOG = "catalog"  # finds the others in it
    PAGE = "page"  # looks at it
    COVER = "cover"  # recognises a book by it
    RESOURCE = "resource"  # leaves it to a page or a program that needs it


UNLISTED = frozenset({Kind.COVER, Kind.RESOURCE})
"""The kinds that are nowhere in lists: whoever needs such a document names it."""


class Format(Protocol):
    """A format that editions come in. An exporter is one; see `feeds.exporter`."""

    @property
    def name(self) -> str:
        """What `feeds export` calls it, like `atom`; unique."""

    @property
    def suffix(self) -> str:
        """What ends its addresses and file names, like `.atom`; empty for the page at the key itself."""

    @property
    def media_type(self) -> str:
        """The type it is served as (RFC 6838), with its parameters."""

    @property
    def kind(self) -> Kind:
        """What a person does with it."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes it offers."""


def family(format: Format) -> str:  # noqa: A002  # the field's word
    """Name what a format shares with those that say the same, of which a client may have either; mostly nothing."""
    return str(getattr(format, "family", ""))


def shows_pictures(format: Format) -> bool:  # noqa: A002  # the field's word
    """Whether documents of a format hold the papers' pictures, so that they change with the store."""
    return bool(getattr(format, "shows_pictures", False))


def is_translated(format: Format) -> bool:  # noqa: A002  # the field's word
    """Whether documents of a format speak the reader's language, whatever the site's is."""
    return bool(getattr(format, "is_translated", False))


def is_static(format: Format) -> bool:  # noqa: A002  # the field's word
    """Whether documents of a format are the same whatever the archive holds, like a stylesheet."""
    return bool(getattr(format, "is_static", False))


def site_keys(format: Format) -> tuple[str, ...]:  # noqa: A002  # the field's word
    """List the keys under which a format shows the whole site, like `subscriptions`; for those with Scope.SITE."""
    return tuple(getattr(format, "site_keys", ())) if Scope.SITE in format.scopes else ()
