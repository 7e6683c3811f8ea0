"""Recognizes the labels of fields in English, Korean, Chinese and Japanese, and parses lists of names and tags."""

import html
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple


class Field(StrEnum):
    """What a labelled text is."""

    TITLE = "title"
    AUTHORS = "authors"
    CATEGORIES = "categories"
    ABSTRACT = "abstract"
    SUMMARY = "summary"
    LINK = "link"
    PDF = "pdf"
    CODE = "code"
    PROJECT = "project"
    PUBLISHED = "published"
    COMMENT = "comment"
    VOTES = "votes"
    SCORE = "score"
    IMAGE = "image"
    OTHER = "other"
    """A label that is known, such as affiliations, whose value the model has no field for."""


class Label(NamedTuple):
    """A label and what follows it on its line.

    Attributes:
        field: what the label names.
        text: the value; empty if the line has only the label, as that of a heading or of `<summary>`.
        name: the label as written, without marks.
        language: the language that the label names for its value, such as `en` of `Title (EN)`; else empty.
    """

    field: Field
    text: str
    name: str
    language: str = ""


class Authors(NamedTuple):
    """Names of authors; `more_authors` is set where the source leaves some out."""

    names: tuple[str, ...]
    more_authors: bool


_NAMES = {
    Field.TITLE: (
        "title|paper title|article title|"
        "논문 제목|제목|논문명|"
        "标题|標題|论文标题|論文標題|题目|題目|论文题目|論文題目|题名|題名|表題|论文名称|論文名稱|论文名|"
        "論文名|"
        "タイトル|論文タイトル"
    ),
    Field.AUTHORS: (
        "author|authors|author s|authored by|by|first author|paper authors|"
        "저자|저자들|작성자|지은이|글쓴이|저자 목록|제1저자|"
        "作者|论文作者|論文作者|作者列表|著者|著者名|著者一覧|執筆者|第一作者"
    ),
    Field.CATEGORIES: (
        "category|categories|subject|subjects|tag|tags|keyword|keywords|topic|topics|main category|"
        "primary category|arxiv primary category|arxiv category|arxiv categories|primary subject|subject area|"
        "subject areas|subject classes|areas|field|fields|classification|primary class|primary|topic tags|"
        "topic keywords|"
        "카테고리|분류|주제|주제 분류|태그|키워드|분야|주제어|연구 분야|"
        "分类|分類|类别|類別|主分类|主分類|学科|學科|学科分类|主题|主題|标签|標籤|关键词|關鍵詞|关键字|關鍵字|"
        "领域|領域|研究领域|研究方向|所属领域|所属分类|主题标签|分野|主分類 副分類|主題分類|主要类别|主类别|"
        "arxiv 分类|arxiv 分類|arxiv所属领域|arxiv 所属领域|"
        "カテゴリ|カテゴリー|タグ|キーワード"
    ),
    Field.ABSTRACT: (
        "abstract|arxiv abstract|original abstract|paper abstract|full abstract|abs text|"
        "초록|원문 초록|논문 초록|원본 초록|"
        "摘要|论文摘要|論文摘要|原文摘要|原始摘要|文摘|抄録|要旨|論文要旨|摘要原文|摘要翻译|摘要翻譯|"
        "アブストラクト|原文アブストラクト|アブスト"
    ),
    Field.SUMMARY: (
        "summary|ai summary|tl dr|tldr|tl dr s|one line summary|one sentence summary|short summary|brief|"
        "brief summary|llm summary|gpt summary|paper summary|in short|"
        "요약|한줄 요약|한 줄 요약|논문 요약|핵심 요약|세줄 요약|세 줄 요약|3줄 요약|ai 요약|"
        "总结|總結|概要|概述|简介|簡介|一句话总结|一句話總結|一句话概括|ai 总结|ai 摘要|论文总结|论文概要|"
        "核心摘要|内容概要|速览|要約|論文要約|ai要約|一言要約|一行要約|ai 要約|3行要約|三行要約|ai摘要|ai总结|"
        "ai 總結|ai 速览|"
        "ひとこと要約|まとめ|サマリー|サマリ|一言まとめ"
    ),
    Field.LINK: (
        "link|links|url|paper|paper id|paper link|paper url|arxiv|arxiv link|arxiv url|arxiv id|id|abs|abs link|"
        "abs url|abstract link|abstract url|arxiv page|hugging face|huggingface|hf|hf paper|hf link|"
        "huggingface link|hugging face link|html|html link|source|sources|source url|source link|doi|openreview|"
        "alphaxiv|read paper|read|full text|view paper|paper page|original|original paper|"
        "링크|원문|원문 링크|논문|논문 링크|주소|논문 주소|출처|원문 보기|논문 보기|논문 url|원문 url|"
        "arxiv 번호|arxiv 링크|아카이브|아카이브 링크|"
        "链接|連結|鏈接|论文|論文|论文链接|論文連結|論文鏈接|原文|原文链接|原文連結|网址|網址|论文地址|"
        "論文地址|地址|来源|來源|arxiv 链接|arxiv链接|arxiv 地址|arxiv编号|arxiv 编号|原論文|論文url|出典|"
        "元論文|arxiv 番号|查看论文|阅读原文|"
        "リンク|論文リンク|原文リンク|arxiv リンク|arxivリンク"
    ),
    Field.PDF: (
        "pdf|pdf link|pdf url|download|download pdf|pdf download|full paper|full pdf|paper pdf|"
        "pdf 링크|pdf 다운로드|pdf 보기|"
        "pdf 链接|pdf链接|pdf 連結|pdf 地址|pdf 下载|下载|下載|下载链接|pdf下载|"
        "pdfリンク|pdf リンク"
    ),
    Field.CODE: (
        "code|code link|code url|codes|source code|github|github link|github repo|github url|repo|repository|"
        "implementation|official code|git|code repository|"
        "코드|소스 코드|소스코드|깃허브|코드 링크|공식 코드|깃헙|저장소|구현|"
        "代码|程式碼|代碼|源码|原始碼|代码链接|代码地址|开源代码|开源地址|仓库|代码仓库|github 链接|実装|"
        "コード|ソースコード|リポジトリ|公式コード|実装コード"
    ),
    Field.PROJECT: (
        "project|project page|project link|project website|project url|website|web site|homepage|home page|"
        "page|webpage|web page|site|demo|demo page|"
        "프로젝트|프로젝트 페이지|홈페이지|웹사이트|데모|프로젝트 링크|"
        "项目|專案|项目主页|專案頁面|项目页面|项目链接|项目地址|主页|首頁|网站|網站|演示|"
        "プロジェクト|プロジェクトページ|ホームページ|ウェブサイト|デモ"
    ),
    Field.PUBLISHED: (
        "published|publish date|published date|publication date|date published|published on|published at|date|"
        "submitted|submission date|date submitted|submitted on|submitted date|posted|posted on|announced|"
        "announced date|release date|released|first submitted|published time|time|year|arxiv date|"
        "발행일|게시일|출판일|제출일|발표일|날짜|공개일|등록일|투고일|게재일|발행|게시 날짜|"
        "发布日期|發布日期|发表日期|發表日期|发布时间|發佈時間|發布時間|发表时间|發表時間|日期|提交日期|"
        "提交时间|时间|時間|发布|发布于|投稿日期|公开日期|首次提交|公開日|発表日|投稿日|日付|初回投稿日|"
        "提出日|公開日時|掲載日|発行日|投稿日時|提交于"
    ),
    Field.COMMENT: (
        "comment|comments|note|notes|journal ref|journal reference|journal|conference|venue|published in|"
        "accepted at|accepted|"
        "코멘트|비고|참고|학회|저널|게재|발표처|발표 학회|"
        "备注|備註|评论|註解|注释|说明|会议|期刊|發表於|发表于|接收会议|備考|注記|会議|掲載誌|学会|"
        "コメント"
    ),
    Field.VOTES: (
        "vote|votes|upvote|upvotes|up votes|like|likes|hf upvotes|hugging face upvotes|huggingface upvotes|"
        "num upvotes|"
        "추천|추천수|추천 수|좋아요|투표|투표수|업보트|upvote 수|"
        "点赞|點讚|点赞数|點讚數|票数|票數|投票|投票数|赞|赞数|赞同|点赞量|投票數|得票|得票数|"
        "いいね|いいね数"
    ),
    Field.SCORE: (
        "score|rating|relevance|relevance score|ai score|quality score|importance|"
        "점수|평점|관련도|관련성|중요도|관련도 점수|"
        "评分|評分|得分|分数|分數|相关性|相關性|相关度|打分|推荐指数|評価|関連度|重要度|评级|关联度|"
        "相关性评分|综合评分|"
        "スコア"
    ),
    Field.IMAGE: (
        "image|thumbnail|teaser|figure|picture|cover|overview figure|main figure|"
        "이미지|그림|썸네일|대표 이미지|"
        "图片|圖片|图像|配图|封面|缩略图|画像|図|"
        "サムネイル"
    ),
    Field.OTHER: (
        "affiliation|affiliations|institution|institutions|organization|organizations|organisation|institute|"
        "institutes|author affiliations|license|stars|github stars|updated|last updated|update date|"
        "updated on|revised|citations|version|rank|ranking|no|"
        "소속|기관|소속 기관|저자 소속|라이선스|수정일|업데이트|순위|번호|인용수|"
        "机构|機構|单位|單位|作者单位|所属机构|研究机构|许可证|更新日期|更新时间|更新|排名|序号|编号|引用数|"
        "发表机构|第一单位|所属|所属機関|研究機関|機関|更新日|最終更新日|順位|番号|"
        "ライセンス|ランク"
    ),
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split("|")}
# Words of a label or of a file's name that name a language.
_LANGUAGES = {
    **dict.fromkeys(("en", "eng", "english", "영문", "영어", "英文", "英语", "英語"), "en"),
    **dict.fromkeys(("ko", "kr", "kor", "korean", "한국어", "한글", "국문", "韩文", "韓文", "韓国語"), "ko"),
    **dict.fromkeys(("zh", "cn", "chs", "cht", "chinese", "中文", "汉语", "漢語", "中国語", "중국어"), "zh"),
    **dict.fromkeys(("ja", "jp", "jpn", "japanese", "日本語", "和文", "日文", "日语", "일본어"), "ja"),
}
_LANGUAGE_NAME = (
    rf"(?P<name>{'|'.join(name for name in _LANGUAGES if name.isascii())})(?:[._-](?:us|gb|kr|cn|tw|hk|jp|hans|hant))?"
)
_FOLDER_OF_LANGUAGE = re.compile(_LANGUAGE_NAME, re.IGNORECASE)
# After a hyphen, the last word of a paper's title may be one: `papers-in-chinese`, but not `2026-07-01-zh`.
_FILE_IN_LANGUAGE = re.compile(rf"(?:^|[_.]|(?<=[0-9])-|(?<=readme)-|(?<=index)-){_LANGUAGE_NAME}$", re.IGNORECASE)

_MAX_NAME = 60  # characters of a label
_MAX_OPENING = 200  # characters of a label with the marks around it and the start of its value
_ELEMENT = r"</?(?:b|strong|em|i|u|p|span|div|summary|details|dt|dd|li|td|th|font|h[1-6]|center|code)\b[^<>]*>"
_SYMBOL = r"[^\w\s<>|*_`\[\]()（）【】「」『』《》〔〕:：#\"'!?$&\\/.,;+=~^%@{}-]"  # an emoji, a bullet
_OPENING = re.compile(
    r"[\s>]*+(?:(?:[-*+]|[0-9]{1,3}[.)])\s++)?(?:(?P<heading>#{1,6})\s*+)?(?P<cell>\|)?"
    rf"(?:{_ELEMENT}|{_SYMBOL}|\s)*+(?P<mark>[*_`]{{1,4}}|[【「『《〔\[])?(?:{_ELEMENT}|{_SYMBOL}|\s)*+"
    r"(?:[0-9]{1,2}[.)]\s++)?",
    re.IGNORECASE,
)
_CLOSING_BRACKETS = {"【": "】", "「": "」", "『": "』", "《": "》", "〔": "〕", "[": "]"}
_COLON = re.compile("[:：︰]")
_DASH = re.compile(r"\s[-–—]\s|\s?—\s?")
_TAG = re.compile(r"<[^<>]*>")
_ELEMENTS = re.compile(rf"(?:\s|{_ELEMENT}|<br\s?/?>)++", re.IGNORECASE)
_FINAL_ELEMENTS = re.compile(r"(?:\s{0,9}(?:</\w{1,10}>|<br\s?/?>))+$", re.IGNORECASE)
_AFTER_MARK = re.compile(r"\s{0,9}[:：︰—–|]?\s{0,9}(?:-\s)?")
_LINK_START = re.compile(r"\s{0,9}(?:[\[<(（|]|https?:|[—–-]\s|$)")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_BETWEEN_FIELDS = re.compile(
    r"\s{0,9}(?:\||·|•|‖|<br\s?/?>|&nbsp;|&emsp;|\u3000)\s{0,9}|\s{1,9}(?=\*\*|__)|[ \t]{2,}", re.IGNORECASE
)
_WITH_PROSE = frozenset({Field.AUTHORS, Field.ABSTRACT, Field.SUMMARY})  # may lack a colon: **Abstract** We propose
_IN_HEADINGS = frozenset({Field.TITLE, *_WITH_PROSE})  # with a value after a colon; `### Code: A Survey` is a title
_VOTES = re.compile(
    r"[\s>*_`(-]{0,9}(?:(?P<sign>👍|🔼|▲|🔺|⬆|❤)\ufe0f?[\s*_`:：]{0,9}(?P<count>[0-9][0-9,]{0,9})(?:\s?\w{0,12})"
    r"|(?P<number>[0-9][0-9,]{0,9})\s?(?P<name>upvotes?|votes?|likes?|추천|赞|点赞|票|いいね))[\s*_`)]{0,9}",
    re.IGNORECASE,
)

_NO_VALUE = re.compile(
    r"(?:null|none|nan|nil|n\s?/\s?a|unknown|undefined|tbd|无|無|暂无|暫無|未知|なし|不明|없음|미상)|[-–—_/.…]{0,5}",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*+)'|\"((?:[^\"\\]|\\.)*+)\"|['\"].*+", re.DOTALL)  # at last, one without an end
_NOTE = re.compile(r"<sup\b[^<>]*>[^<>]*</sup>|\^\{[^{}]*\}|\$[^$]*\$|[*`]|__", re.IGNORECASE)
_MORE_AUTHORS = re.compile(
    r"(?:,\s)?(?:\bet\.?\s?al\b\.?|\.{3}|…|\(?\+\s?[0-9]+(?:\s(?:more|others|authors?)){0,2}\)?"
    r"|\b(?:(?:and|&)\s)?(?:[0-9]+\s)?(?:others|more authors?)\b"
    r"|(?:\s?(?:等|ほか|他)|\s(?:등|외|外))\s?(?:[共총]?\s?[0-9一二三四五六七八九十]+\s?[명인个人位名]?)?\s?(?:作者|著者|저자)?[.。]?$)",
    re.IGNORECASE,
)
_AFFILIATION = re.compile(r"\s?[(（][^()（）]*[)）](?=\s?(?:[,;，、；]|and\b|$))")
_NAME_SEPARATOR = re.compile(r"\s?[,，、]\s?(?:(?:and|&)\s)?|\s(?:and|&)\s", re.IGNORECASE)
_STRONG_NAME_SEPARATOR = re.compile(r"\s?[;；]\s?(?:(?:and|&)\s)?", re.IGNORECASE)
_NAME_SUFFIX = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?){1,4}")
_FULL_STOP = re.compile(r"([^\W\d_]{3}|\))[.。]$")  # of a sentence, and not of `Jr.`
_BEFORE_NAME = re.compile(r"^[^\w'\"({\\]+")
_FOOTNOTE = re.compile(r"(?:[†‡§¶^∗⋆✉\s⁰¹²³⁴⁵⁶⁷⁸⁹]|(?<=[^\W\d_])[0-9]{1,2})+$")

# https://arxiv.org/category_taxonomy
_CATEGORY = (
    r"(?:astro-ph|cond-mat|cs|econ|eess|gr-qc|hep-(?:ex|lat|ph|th)|math|math-ph|nlin|nucl-(?:ex|th)|physics|q-bio|q-fin"
    r"|quant-ph|stat)(?:\.(?:[A-Z]{2}|[a-z]{1,4}-[a-z]{2,5}))?"
)
_CATEGORY_CODE = re.compile(_CATEGORY)
_CODE_IN_BRACKETS = re.compile(rf"[(（\[]\s?({_CATEGORY})\s?[)）\]]")
_CATEGORY_SEPARATOR = re.compile(r"\s?[,;，、；|]\s?|\s(?=#\w)")
_REMARK_ON_LABEL = re.compile(r"(?<=\w)\s?[(（][^()（）:/]{1,20}[)）]$")
_REMARK = re.compile(r"\s?[(（][^()（）]*[)）]$")

_EMOJI = r"[\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u200d\ufe0f]"
_TITLE_BULLET = re.compile(rf"^(?:(?:{_EMOJI}|[•●]|[-*](?=\s))\s*)+")
_TITLE_SCORE = re.compile(rf"(?:\s+(?:{_EMOJI}+|[(（\[]\s?[0-9]{{1,3}}(?:\.[0-9]+)?\s?/\s?[0-9]{{1,3}}\s?[)）\]]))+$")
_MAX_SCORE = 60  # characters
_TITLE_NUMBER = re.compile(
    r"^(?:[\[(（【]\s?#?[0-9]{1,4}\s?[\])）】]\s?[.:]?|#?[0-9]{1,4}[.)、]|#[0-9]{1,4}:?|[①-⑳])(?:\s+|(?=[^\s\d]))"
)
_ARXIV_IN_BRACKETS = re.compile(
    r"\s?[\[(（【]\s?(?:arxiv\s?[:：]?\s?)?[0-9]{4}\.[0-9]{4,5}(?:v[0-9]{1,3})?(?:\s\[[a-zA-Z.-]{2,20}\])?\s?[\])）】]",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*|__(?=\S)([^_]+)(?<=\S)__")
_FORMATTING_TAG = re.compile(r"</?(?:b|strong|i|em|u|a|span|font|mark|scp)(?:\s[^<>]*)?>", re.IGNORECASE)


@lru_cache(maxsize=4096)
def find_field(name: str) -> tuple[Field, str] | None:
    """Return the field that a label, a column or a key names, and the language of its value if named; else None.

    Case, marks, emoji, punctuation and underscores do not matter: `**Author(s)**`, `abs_url`, `Abstract / 摘要`.
    """
    if len(name) > _MAX_NAME:
        return None
    name = _TAG.sub(" ", name)
    if field := _look_up(_letters(name)) or _look_up(_letters(_REMARK_ON_LABEL.sub("", name.strip()))):
        return field
    parts = [part for part in map(_letters, re.split(r"[/()（）|·・\[\]]", name)) if part and not part.isdigit()]
    fields = {_look_up(part) for part in parts if part not in _LANGUAGES}
    field = fields.pop() if len(fields) == 1 else None
    language = next((_LANGUAGES[part] for part in parts if part in _LANGUAGES), "")
    return (field[0], language or field[1]) if field else None


def find_language(path: PurePosixPath) -> str:
    """Return the language that the name of a file ends with, or that one of its folders is named after; else "".

    For example `ko` of `2026-07-01_ko.json`, and `zh` of `data/2026-07-01_AI_enhanced_Chinese.jsonl` and `zh-CN/a.md`.
    """
    folders = (_FOLDER_OF_LANGUAGE.fullmatch(folder) for folder in reversed(path.parent.parts))
    match = next(filter(None, (_FILE_IN_LANGUAGE.search(path.stem), *folders)), None)
    return _LANGUAGES[match["name"].lower()] if match else ""


def parse_label(line: str) -> Label | None:
    """Parse a line that starts with the label of a field, or is one; None for any other.

    A label is marked by a colon, by emphasis or brackets, as a heading or `<summary>`, by the first of two cells of a
    table, or by standing alone. A link such as `[PDF](URL)` is none; `find_field` tells what its text names.
    """
    if votes := _VOTES.fullmatch(line[:_MAX_OPENING].rstrip()):
        return Label(Field.VOTES, votes["count"] or votes["number"], votes["sign"] or votes["name"])
    opening = _OPENING.match(line)
    if opening is None:  # all of its parts are optional
        return None
    if opening["cell"]:
        return _parse_row(line)
    text, mark = line[opening.end() :], opening["mark"] or ""
    closing = _CLOSING_BRACKETS.get(mark, mark)
    return (
        (_parse_marked(text, closing) if mark else None)
        or _parse_before_colon(text, closing, is_heading=opening["heading"] is not None)
        or _parse_before_dash(text)
        or _parse_alone(text)
    )


def parse_labels(line: str) -> list[Label]:
    """Parse all fields of a line such as `**Authors:** A, B | **PDF:** URL`; none if it does not start with a label."""
    first = parse_label(line)
    if first is None:
        return []
    bounds = [0]
    for separator in _BETWEEN_FIELDS.finditer(first.text):
        following = parse_label(first.text[separator.end() : separator.end() + _MAX_OPENING])
        if following and following.text:
            bounds += separator.span()
    bounds.append(len(first.text))
    texts = [first.text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    return [first._replace(text=texts[0].strip()), *filter(None, map(parse_label, texts[1:]))]


def is_no_value(text: str) -> bool:
    """Whether a value says that there is none: `null`, `N/A`, `None`, `-` and the like, or an empty text."""
    return len(text) <= _MAX_OPENING and _NO_VALUE.fullmatch(text.strip("*`|[](){}\"' \t\r\n\u3000")) is not None


def clean_title(title: str) -> str:
    """Remove number, bullet, emphasis, arXiv number and score of a title: `**[1] A (2401.12345)** (8/10) ⭐` is `A`."""
    title = _EMPHASIS.sub(lambda match: match[1] or match[2], _FORMATTING_TAG.sub("", " ".join(title.split())))
    title = _ARXIV_IN_BRACKETS.sub("", title).strip()
    title = title[:-_MAX_SCORE] + _TITLE_SCORE.sub("", title[-_MAX_SCORE:])
    for mark in ("**", "__", "*", "_", "`"):
        if len(title) > 2 * len(mark) and title.startswith(mark) and title.endswith(mark) and title.count(mark) == 2:
            title = title[len(mark) : -len(mark)].strip()
    for _ in range(2):  # a bullet before or after the number
        title = _TITLE_NUMBER.sub("", _TITLE_BULLET.sub("", title, count=1), count=1)
    return title


def split_authors(text: str) -> Authors:
    """Split names at commas, semicolons and `and`, or read a list in brackets; `et al.` stands for more authors."""
    strings = _list_strings(text)
    if strings is not None:
        return _clean_names(strings, more_authors=False)
    text = _NOTE.sub("", html.unescape(_LINK.sub(r"\1", text)))
    text = " ".join(_TAG.sub(" ", text).split()).removeprefix("[").removesuffix("]")
    if is_no_value(text):
        return Authors((), False)
    text, omissions = _MORE_AUTHORS.subn("", text)
    text = _AFFILIATION.sub("", _FULL_STOP.sub(r"\1", text))
    return _clean_names(_split_names(text), more_authors=omissions > 0)


def split_categories(text: str) -> tuple[str, ...]:
    """Split categories, subjects or tags: `Robotics (cs.RO); cs.AI` becomes `cs.RO` and `cs.AI`; each is kept once."""
    parts = _list_strings(text)
    if parts is None:
        text = " ".join(html.unescape(_TAG.sub(" ", _LINK.sub(r"\1", text))).split())
        quoted = re.findall(r"`([^`]+)`", text)
        parts = quoted if len(quoted) > 1 else _CATEGORY_SEPARATOR.split(text.removeprefix("[").removesuffix("]"))
    return tuple(dict.fromkeys(tag for part in parts for tag in _clean_tags(part)))


def parse_votes(text: str) -> int | None:
    """Return the number of votes that a value gives, such as `12`, `👍 1,234` or `+5`; None if it gives none."""
    text = text[:_MAX_OPENING]
    numbers = re.findall(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+", text)
    if len(numbers) != 1 or len(numbers[0]) > 9 or re.search(r"[0-9]\.[0-9]|-\s?[0-9]|[0-9]\s?[/%k]", text):
        return None
    return int(numbers[0].replace(",", ""))


def _parse_marked(text: str, closing: str) -> Label | None:
    """Parse a label in emphasis or brackets; `text` follows the opening mark."""
    end = text.find(closing, 0, _MAX_NAME + len(closing))
    field = find_field(text[:end]) if end > 0 else None
    if field is None:
        return None
    rest = text[end + len(closing) :]
    if closing == "]" and rest.startswith(("(", "（")):
        return None
    if rest.lstrip().startswith("</") and (elements := _ELEMENTS.match(rest)):
        rest = rest[elements.end() :]
    is_marked = closing in "】」』》〕" or text[:end].rstrip().endswith((":", "：")) or _COLON.match(rest.lstrip())
    if not is_marked and field[0] not in _WITH_PROSE and not _LINK_START.match(rest):
        return None
    return _make_label(field, text[:end], _AFTER_MARK.sub("", rest, count=1))


def _parse_before_colon(text: str, closing: str, *, is_heading: bool) -> Label | None:
    colon = _COLON.search(text, 0, _MAX_NAME + 1)
    field = find_field(text[: colon.start()]) if colon else None
    if colon is None or field is None:
        return None
    name, rest = text[: colon.start()], text[colon.end() :].strip()
    if is_heading and rest.strip("*_ ") and field[0] not in _IN_HEADINGS:
        return None
    if closing and closing not in name:
        rest = rest[len(closing) :] if rest.startswith(closing) else rest.removesuffix(closing)
    if rest.startswith("</") and (elements := _ELEMENTS.match(rest)):
        rest = rest[elements.end() :]
    return _make_label(field, name, rest)


def _parse_before_dash(text: str) -> Label | None:
    dash = _DASH.search(text, 0, _MAX_NAME + 1)
    field = find_field(text[: dash.start()]) if dash else None
    if dash is None or field is None or field[0] not in _WITH_PROSE:
        return None
    return _make_label(field, text[: dash.start()], text[dash.end() :])


def _parse_alone(text: str) -> Label | None:
    """Parse a label that is an element of HTML, or all of a line."""
    end = text.find("</", 0, _MAX_NAME + 1)
    if end < 0:
        field = find_field(text.rstrip()) if len(text) <= _MAX_OPENING else None
        return _make_label(field, text, "") if field else None
    field = find_field(text[:end])
    elements = _ELEMENTS.match(text, end)
    if field is None or elements is None:
        return None
    return _make_label(field, text[:end], _AFTER_MARK.sub("", text[elements.end() :], count=1))


def _parse_row(line: str) -> Label | None:
    """Parse a row of a table with two cells, of which the first is a label."""
    cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"), maxsplit=2)
    field = find_field(cells[0].strip()) if len(cells) == 2 else None
    return _make_label(field, cells[0], cells[1]) if field else None


def _make_label(field: tuple[Field, str], name: str, text: str) -> Label:
    text = text.strip()
    if text.endswith(">"):
        text = text[:-_MAX_OPENING] + _FINAL_ELEMENTS.sub("", text[-_MAX_OPENING:])
    return Label(field[0], text, _TAG.sub("", name).strip(" \t*_`:："), field[1])


def _look_up(name: str) -> tuple[Field, str] | None:
    """Look up a label that `_letters` returned, also with the name of a language before or after it."""
    if field := _FIELDS.get(name):
        return field, ""
    for word, language in _LANGUAGES.items():
        space = " " if word.isascii() else ""
        for rest in (name.removeprefix(word + space), name.removesuffix(space + word)):
            if rest != name and (field := _FIELDS.get(rest.strip())):
                return field, language
    return None


def _letters(name: str) -> str:
    """Return a label in lower case, with a space in place of what is neither a letter nor a digit."""
    return _NOT_A_LETTER.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _list_strings(text: str) -> list[str] | None:
    """Return the strings of a list as JSON or Python writes it, such as `['A', "B"]`; None for other text."""
    text = text.strip()
    if not (text.startswith(("['", '["', "[ '", '[ "')) and text.endswith("]")):
        return None
    strings = [(match[1] or match[2], match.lastindex) for match in _STRING.finditer(text)]
    if any(group is None for _, group in strings):  # one has no end
        return None
    return [re.sub(r"\\(['\"\\])", r"\1", string or "") for string, _ in strings]


def _split_names(text: str) -> list[str]:
    """Split names at semicolons, or else at commas; `Souza, Ana` and `Souza, A.` are a name."""
    groups = _STRONG_NAME_SEPARATOR.split(text)
    names = [name.strip() for group in groups for name in _NAME_SEPARATOR.split(group)]
    if len(groups) > 1:  # `Ana Souza, Jo Wu; Kim Lee`, or `Souza, Ana; Wu, Jo`
        return names if all(" " in name and not _INITIALS.fullmatch(name) for name in names) else groups
    if len(names) % 2 == 0 and all(map(_INITIALS.fullmatch, names[1::2])):
        return [f"{surname}, {initials}" for surname, initials in zip(names[::2], names[1::2], strict=True)]
    return names


def _clean_names(names: Iterable[str], more_authors: bool) -> Authors:
    cleaned: list[str] = []
    for part in names:
        name = _BEFORE_NAME.sub("", " ".join(part.split()), count=1)
        if not name[-1:].isalpha():
            name = _FOOTNOTE.sub("", name[:_MAX_OPENING]) + name[_MAX_OPENING:]
        name = name.rstrip(",;:| ").strip('"')
        if _MORE_AUTHORS.fullmatch(name):
            more_authors = True
        elif _NAME_SUFFIX.fullmatch(name) and cleaned:
            cleaned[-1] += f", {name}"
        elif not is_no_value(name) and not name.isdigit():
            cleaned.append(name)
    return Authors(tuple(dict.fromkeys(cleaned)), more_authors)


def _clean_tags(part: str) -> list[str]:
    """Return the categories or the one tag that a part of a list contains."""
    words = [word for word in re.split(r"[\s/·•+*`_\[\]()（）]+", part) if word]
    if words and all(map(_CATEGORY_CODE.fullmatch, words)):
        return words
    if code := _CODE_IN_BRACKETS.search(part):
        return [code[1]]
    tag = (
        _REMARK.sub("", part.strip()).strip("*`[]\"' ").removeprefix("#").removesuffix("...").removesuffix("…").strip()
    )
    return [] if is_no_value(tag) else [tag]
