"""A folder of daily paper digests becomes anything a reader subscribes to, downloads or imports."""

from importlib.metadata import version

__version__ = version("daily-papers-feeds")
