"""Renders the Jinja templates of the exporters; every value is escaped."""

from functools import cache
from typing import TYPE_CHECKING, Any

from feeds.site.i18n import Locale

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.environment import TemplateModule


def render_template(name: str, locale: Locale, **values: Any) -> str:
    """Render a template such as `html/page.html` of `html/templates`; `_`, `ngettext` and `locale` are the locale's."""
    return _environment().get_template(name).render(_translation(locale) | values)


def template_macros(name: str, locale: Locale, **values: Any) -> "TemplateModule":
    """Return the macros and variables of a template, bound to the locale and the values, for other templates to use.

    To import them where they are used, `with context`, would define all of them anew for every document.
    """
    return _environment().get_template(name).make_module(_translation(locale) | values)


def _translation(locale: Locale) -> dict[str, Any]:
    return {"_": locale.gettext, "ngettext": locale.ngettext, "locale": locale}


@cache
def _environment() -> "Environment":
    from feeds.exporters.environment import create_environment  # here, because only rendering needs Jinja

    return create_environment()
