"""A folder of daily paper digests becomes anything a reader subscribes to, downloads or imports."""

from importlib.metadata import version

NAME = "daily-papers-feeds"
__version__ = version(NAME)
