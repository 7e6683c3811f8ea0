"""Proactive content negotiation (RFC 9110 section 12): the language and the content coding that a client prefers."""

from collections.abc import Sequence

from babel import negotiate_locale
from werkzeug.datastructures import Accept, LanguageAccept

from feeds.publishing.compression import COMPRESSORS, should_compress


def choose_language(accepted: LanguageAccept, offered: Sequence[str]) -> str:
    """Choose one of the offered languages; the first that the client does not refuse if it prefers none (RFC 4647)."""
    qualities = {tag.lower(): quality for tag, quality in accepted}
    acceptable = [language for language in offered if qualities.get(language, 1) > 0] or list(offered[:1])
    preferred = [tag for tag, quality in qualities.items() if quality > 0]
    return negotiate_locale(preferred, acceptable, sep="-") or acceptable[0]


def choose_encoding(accepted: Accept, media_type: str, size: int) -> str | None:
    """Choose a content coding for a document of `size` bytes; None for no coding (RFC 9110 section 12.5.3)."""
    if not accepted.provided or not should_compress(media_type, size):
        return None
    best = max(COMPRESSORS, key=accepted.quality)
    quality = accepted.quality(best)
    return best if quality > 0 and quality >= _identity_quality(accepted) else None


def _identity_quality(accepted: Accept) -> float:
    """Return the weight of `identity`; where it is not named any coding is preferred to it."""
    named = {value.lower() for value, _ in accepted}
    return float(accepted.quality("identity")) if "identity" in named else 0.0
