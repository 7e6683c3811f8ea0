"""The languages of texts: what documents call them, where it is not the language of the site."""

from functools import cache

from babel.core import get_global

from feeds.model.paper import Paper
from feeds.site.defaults import defaults_of
from feeds.text.unicode import detect_language, primary_subtag

_ENGLISH = "en"


def written_language(text: str, language: str) -> str:
    """Return the language of a text that is meant to be in some language: another one if its script is another."""
    detected = detect_language(text, language)
    return language if detected == _ENGLISH and _is_latin(language) else detected


def default_language(text: str, language: str) -> str:
    """Return English for a default of the settings that does not exist in a site's language; empty for other texts."""
    return _ENGLISH if text in _english_defaults(language) else ""


def setting_language(text: str, language: str) -> str:
    """Return the language of a text in the settings of a site with a language."""
    return default_language(text, language) or written_language(text, language)


def summary_language(paper: Paper, language: str) -> str:
    """Return the language of a paper's summary on a site with a language."""
    return paper.language or written_language(paper.summary, language)


def body_language(paper: Paper, language: str) -> str:
    """Return the language that feeds and books mark a summary with, or the abstract in its place: that of the site."""
    if paper.summary or not paper.abstract:
        return paper.language or language
    return detect_language(paper.abstract, paper.language or language)


@cache
def _is_latin(language: str) -> bool:
    base = primary_subtag(language)
    return "_Latn" in str(get_global("likely_subtags").get(base, ""))


@cache
def _english_defaults(language: str) -> frozenset[str]:
    defaults = defaults_of(language)
    if primary_subtag(language) == _ENGLISH or defaults != defaults_of(_ENGLISH):
        return frozenset()
    return frozenset([defaults.description, *(topic.name for topic in defaults.topics)])
