"""Every exception that is raised on purpose; its message is one line that a person can act on."""


class FeedsError(Exception):
    """A problem that a person can solve; the message says where and what."""


class ArchiveError(FeedsError):
    """The archive's folder or its index cannot be used."""


class IndexVersionError(ArchiveError):
    """The existing index belongs to other code or other readers."""


class SettingsError(FeedsError):
    """A setting is unknown or has a wrong value."""


class QueryError(FeedsError):
    """A search parameter has a wrong value; the message names the parameter."""


class UnknownEditionError(FeedsError):
    """No edition has this key."""


class ExportError(FeedsError):
    """An exporter cannot render this edition; raised before its first chunk."""


class BuildError(FeedsError):
    """A site cannot be written, or is not whole."""


class PublishError(FeedsError):
    """An object store cannot be used, or fails."""


class MailError(FeedsError):
    """A mail cannot be written, or the server does not take it."""


class StoreError(FeedsError):
    """A store of what was fetched cannot be used, or lost a file."""


class ImageError(FeedsError):
    """The bytes are not an image that can be converted."""


class FetchError(FeedsError):
    """A URL yields nothing that can be used; requesting it again at once would not help."""


class PluginError(FeedsError):
    """An exporter cannot be registered; the message names the distribution that it came from."""
