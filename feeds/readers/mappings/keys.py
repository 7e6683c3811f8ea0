"""The keys that objects of JSON and front matter have for the fields of papers."""

import re
from functools import lru_cache
from typing import NamedTuple

from feeds.readers.fields.labels import Field, find_field


class Key(NamedTuple):
    """A key without marks between its words, in lower case, and the language that it names for its value.

    `title_en`, `titleEn`, `Title (EN)` and `paper_title_en` are the same. `language` is empty where the key names none,
    and `und` for a translation that does not say into which.
    """

    name: str
    language: str


_NAMES = {
    "title": "title|articletitle|originaltitle|fulltitle",
    # In the order in which they are tried: identifiers before addresses, those of the paper before others.
    "address": "arxivid|arxivurl|arxivlink|arxiv|arxivabs|abs|absurl|paperurl|paperlink|paper|url|link|htmlurl|html|pdf"
    "|pdfurl|pdflink|openaccesspdf|openreview|openreviewurl|openreviewid|doi|doiurl|hfurl|hflink|huggingface"
    "|huggingfaceurl|paperid|externalids|id|entryid|guid|source|sourceurl|href|links|externalurl|alphaxiv|uri"
    "|canonicalurl",
    "page": "abs|url|link|paperurl|paperlink|paper|pdf|pdfurl|pdflink|source|sourceurl",
    "authors": "authors|author|authorlist|authornames|authorsnames|creators|authorsname",
    "votes": "upvotes|votes|vote|upvote|likes|numupvotes|hfupvotes|upvotescount|numvotes|votecount",
    "tags": "primarycategory|arxivprimarycategory|primarysubject|category|categories|arxivcategories|subjects|subject"
    "|tags|tag|topics|topic",
    "published": "published|publishedat|publisheddate|publicationdate|publishdate|arxivsubmitted|arxivpublished"
    "|submitted|submitteddate|submittedat|submissiondate|datepublished|pubdate|releasedate",
    "listed": "submittedondailyat|announcementdate|announceddate|announced|dailydate|digestdate|listedon|listdate|day"
    "|date|added|dateadded|addedat|addeddate",
    "crawled": "crawldate|crawledat|fetchedat|fetchdate|createdat|created",
    "image": "mediaurls|mediaurl|image|imageurl|thumbnail|thumbnailurl|cover|coverimage|figure|teaser|video",
    "code": "code|codeurl|codelink|githubrepo|github|githuburl|githublink|repo|repourl|repository",
    "project": "projectpage|project|projecturl|projectlink|homepage|website|demo|demourl",
    "abstract": "abstract|originalabstract|arxivabstract|fullabstract|abstracttext",
    "summary": "summary|llmsummary|gptsummary|shortsummary",
    "note": "keywords|aikeywords|keyword|evidence",
    "comment": "comment|comments|arxivcomment|arxivcomments",
    "journal": "journalref|journalreference|journal",
    "doi": "doi|doiurl|externalids",
    "section": "motivation|motivations|background|purpose|problem|objective|goal|method|methods|methodology|approach"
    "|result|results|findings|experiments|conclusion|conclusions|contribution|contributions|limitation|limitations"
    "|innovation|novelty|insight|insights|takeaway|takeaways|keypoints|highlights|significance|futurework|task",
    # What arXiv and Hugging Face have: there the `summary` is the abstract.
    "metadata": "categories|primarycategory|upvotes|discussionid|abs|updated|published|publishedat|comment",
}
_KEYS = {role: tuple(names.split("|")) for role, names in _NAMES.items()}
TITLES = frozenset(_KEYS["title"])
ADDRESSES = _KEYS["address"]
PAGES = _KEYS["page"]
AUTHORS = frozenset(_KEYS["authors"])
VOTES = _KEYS["votes"]
TAGS = frozenset(_KEYS["tags"])
PUBLISHED = _KEYS["published"]
LISTED = _KEYS["listed"]
CRAWLED = _KEYS["crawled"]
IMAGES = _KEYS["image"]
LINKS = dict.fromkeys(_KEYS["code"], "Code") | dict.fromkeys(_KEYS["project"], "Project page")
ABSTRACTS = frozenset(_KEYS["abstract"])
SUMMARIES = frozenset(_KEYS["summary"])
NOTES = frozenset(_KEYS["note"])
COMMENTS = frozenset(_KEYS["comment"])
JOURNALS = frozenset(_KEYS["journal"])
DOIS = _KEYS["doi"]
METADATA = frozenset(_KEYS["metadata"])
_SECTIONS = frozenset(_KEYS["section"])
_USED = frozenset().union(TITLES, ADDRESSES, AUTHORS, VOTES, TAGS, PUBLISHED, LISTED, CRAWLED, IMAGES, LINKS)
_LANGUAGES = {
    **dict.fromkeys(("en", "eng", "english"), "en"),
    **dict.fromkeys(("ko", "kr", "kor", "korean"), "ko"),
    **dict.fromkeys(("zh", "cn", "zhcn", "chinese"), "zh"),
    **dict.fromkeys(("ja", "jp", "jpn", "japanese"), "ja"),
    **dict.fromkeys(("translated", "translation", "trans", "localized"), "und"),
}
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
_LABELS = {"tldr": "TL;DR", "aisummary": "AI summary", "aikeywords": "Keywords", "ai": "AI"}
# Keys of texts that say nothing of the paper's content.
_NOT_SHOWN = re.compile(
    r".*(?:ids?|hash|sha256|json|paths?|file|filename|slug|urls?|links?|href|time|timestamp|at|raw|html|bibtex|bib|citation"
    r"|prompt|model|modelname|license|licensename|version|scope|embedding|tokens?|cursor|avatar|mode|layout|permalink|source)"
    r"|users?|types?|status|lang|language|section|sectionname|generator.*|submittedby|submittedondailyby|organization"
    r"|affiliations?|institutions?|aliases|cssclasses|draft|weight|label|stats|discussions?|figures?|tables?|scores?|errors?"
    r"|venues?|metadata|meta|references|relatedpapers|related|similarpapers|categor.*"
)
_FIELDS_OF_OTHERS = frozenset({Field.TITLE, Field.AUTHORS, Field.CATEGORIES, Field.LINK, Field.PDF})
_MAX_KEY = 100  # characters


@lru_cache(maxsize=8192)
def normalize_key(key: str) -> Key:
    """Return what a key is compared by; an empty one for those that are never a paper's."""
    if len(key) > _MAX_KEY or key.startswith("_"):
        return Key("", "")
    words = [word.casefold() for word in _WORDS.split(key) if word]
    language = ""
    for index in (-1, 0):
        if len(words) > 1 and words[index] in _LANGUAGES:
            language = language if _LANGUAGES[words[index]] == "und" and language else _LANGUAGES[words[index]]
            del words[index]
    name = "".join(words)
    if name not in _USED and name.removeprefix("paper") in _USED | ABSTRACTS | SUMMARIES:
        name = name.removeprefix("paper")
    return Key(name, language)


@lru_cache(maxsize=8192)
def field_of(key: str) -> Field | None:
    """Return the field that a key names in another script, such as `标题` or `저자`."""
    label = None if key.isascii() else find_field(key)
    return label[0] if label else None


@lru_cache(maxsize=8192)
def is_shown(key: str) -> bool:
    """Whether a key that is none of a field may be one of a text that belongs to the summary."""
    name = normalize_key(key).name
    return (
        bool(name) and name not in _USED and not _NOT_SHOWN.fullmatch(name) and field_of(key) not in _FIELDS_OF_OTHERS
    )


@lru_cache(maxsize=8192)
def is_known(key: str) -> bool:
    """Whether a key is that of a field or a usual section, so that its text counts however short it is."""
    name = normalize_key(key).name
    return name in _LABELS or name in _SECTIONS or find_field(key) is not None


def label_of(key: str) -> str:
    """Return what a key is called before its value: `why_it_matters_en` becomes `Why it matters`."""
    name = normalize_key(key)
    words = [word for word in _WORDS.split(key[:_MAX_KEY]) if word]
    for index in (-1, 0):
        if len(words) > 1 and words[index].casefold() in _LANGUAGES:
            del words[index]
    text = " ".join(words)
    return _LABELS.get(name.name) or text[:1].upper() + (text[1:].lower() if text.isascii() else text[1:])
