"""Recognizes the labels of fields in English, Korean, Chinese and Japanese, and parses lists of names and tags."""

import html
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
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
        "primary category|arxiv category|arxiv categories|primary subject|subject area|subject areas|"
        "subject classes|areas|field|fields|classification|primary class|primary|"
        "카테고리|분류|주제|주제 분류|태그|키워드|분야|주제어|연구 분야|"
        "分类|分類|类别|類別|主分类|主分類|学科|學科|学科分类|主题|主題|标签|標籤|关键词|關鍵詞|关键字|關鍵字|"
        "领域|領域|研究领域|所属分类|分野|主分類 副分類|主題分類|主要类别|主类别|arxiv 分类|arxiv 分類|"
        "カテゴリ|カテゴリー|タグ|キーワード"
    ),
    Field.ABSTRACT: (
        "abstract|original abstract|paper abstract|full abstract|abs text|"
        "초록|원문 초록|논문 초록|원본 초록|영문 초록|"
        "摘要|论文摘要|論文摘要|原文摘要|英文摘要|中文摘要|原始摘要|文摘|抄録|要旨|論文要旨|摘要原文|摘要翻译|"
        "摘要翻譯|"
        "アブストラクト|原文アブストラクト|アブスト"
    ),
    Field.SUMMARY: (
        "summary|ai summary|tl dr|tldr|tl dr s|one line summary|one sentence summary|short summary|brief|"
        "brief summary|llm summary|gpt summary|paper summary|in short|"
        "요약|한줄 요약|한 줄 요약|논문 요약|핵심 요약|세줄 요약|세 줄 요약|3줄 요약|ai 요약|한글 요약|"
        "总结|總結|概要|概述|简介|簡介|一句话总结|一句話總結|一句话概括|ai 总结|ai 摘要|论文总结|论文概要|"
        "核心摘要|中文总结|内容概要|速览|要約|論文要約|ai要約|一言要約|一行要約|日本語要約|ai 要約|3行要約|"
        "三行要約|ai摘要|ai总结|ai 總結|ai 速览|"
        "ひとこと要約|まとめ|サマリー|サマリ|一言まとめ"
    ),
    Field.LINK: (
        "link|links|url|paper|paper link|paper url|arxiv|arxiv link|arxiv url|arxiv id|id|abs|abs link|"
        "abs url|abstract link|abstract url|arxiv page|hugging face|huggingface|hf|hf paper|hf link|"
        "huggingface link|hugging face link|html|html link|source|source url|source link|doi|openreview|"
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
        "num upvotes|👍|▲|⬆️|"
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
# Words of a label that name the language of its value.
_LANGUAGES = {
    **dict.fromkeys(("en", "eng", "english", "영문", "영어", "英文", "英语", "英語", "英", "en us"), "en"),
    **dict.fromkeys(("ko", "kr", "kor", "korean", "한국어", "한글", "국문", "韩文", "韓文", "韓国語"), "ko"),
    **dict.fromkeys(("zh", "cn", "chinese", "中文", "中国語", "중국어", "zh cn", "zh tw", "汉语", "中", "cn zh"), "zh"),
    **dict.fromkeys(("ja", "jp", "japanese", "日本語", "日文", "日语", "일본어", "和文", "日"), "ja"),
}

_MAX_NAME = 60  # characters of a label
_MAX_OPENING = 200  # characters of a label with the marks around it and the start of its value
_LABEL_TAG = r"</?(?:b|strong|em|i|u|p|span|div|summary|details|dt|dd|li|td|th|font|h[1-6]|center|code)\b[^<>]*>"
_SYMBOL = r"[^\w\s<>|*_`\[\]()【】「」『』《》〔〕:：#\"'!?$&\\/.,;+=~^%@{}-]"  # an emoji, a bullet
_OPENING = re.compile(
    rf"[\s>]*+(?:(?:[-*+]|[0-9]{{1,3}}[.)])\s++)?(?:(?P<heading>#{{1,6}})\s*+)?(?P<cell>\|)?"
    rf"(?:{_LABEL_TAG}|{_SYMBOL}|\s)*+(?P<marks>[*_`]{{1,4}}|[【「『《〔\[])?(?:{_LABEL_TAG}|{_SYMBOL}|\s)*+"
    r"(?:[0-9]{1,2}[.)]\s++)?",
    re.IGNORECASE,
)
_CLOSING_BRACKETS = {"【": "】", "「": "」", "『": "』", "《": "》", "〔": "〕", "[": "]"}
_COLON = re.compile("[:：︰꞉]")
_DASH = re.compile(r"\s[-–—]\s|\s?—\s?")
_TAG = re.compile(r"<[^<>]*>")
_CLOSING_TAGS = re.compile(rf"(?:\s|{_LABEL_TAG}|<br\s*/?>)++", re.IGNORECASE)
_FINAL_TAGS = re.compile(r"(?:\s*(?:</\w{1,10}>|<br\s*/?>))+\s*$", re.IGNORECASE)
_NOT_A_LETTER = re.compile(r"[\W_]+")
_BETWEEN_FIELDS = re.compile(
    r"\s*(?:\||·|•|‖|<br\s*/?>|&nbsp;|&emsp;|\u3000)\s*|\s+(?=\*\*|__)|[ \t]{2,}", re.IGNORECASE
)
_IN_HEADINGS = frozenset({Field.TITLE, Field.AUTHORS, Field.ABSTRACT, Field.SUMMARY})  # with a value after a colon

_NO_VALUE = re.compile(
    r"(?:null|none|nan|n\s?/\s?a|unknown|undefined|nil|tbd|无|無|暂无|なし|없음|미상|未知|[-–—_/?.…*]{0,5})",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_STRINGS = re.compile(r"'((?:[^'\\]|\\.)*+)'|\"((?:[^\"\\]|\\.)*+)\"")
_MORE = re.compile(
    r"(?:,\s*)?(?:\bet\.?\s?al\b\.?|\.{3}|…|\(?\+\s?[0-9]+(?:\s(?:more|others|authors?)){0,2}\)?"
    r"|\b(?:and|&)?\s?(?:[0-9]+\s)?(?:others|more authors?)\b|\s等(?:[0-9]+人|人)?$|\s?等[.。]?$"
    r"|\s외\s?[0-9]*\s?(?:명|인)?$|\s?(?:ほか|他)[0-9]*名?$)",
    re.IGNORECASE,
)
_NOTE = re.compile(r"<sup\b[^<>]*>[^<>]*</sup>|\^\{[^{}]*\}|\$[^$]*\$", re.IGNORECASE)
_AFFILIATION = re.compile(r"\s*[(（][^()（）]*[)）](?=\s*(?:[,;，、；]|and\b|$))")
_NAME_SEPARATOR = re.compile(r"\s*[,，、]\s*(?:(?:and|&)\s+)?|\s+(?:and|&)\s+", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jr|sr)\.?|i{2,3}|iv", re.IGNORECASE)
_FOOTNOTES = "*†‡§¶#^∗⋆✉📧 \t0123456789⁰¹²³⁴⁵⁶⁷⁸⁹"
_CODE = re.compile(r"[(（]\s*([a-z][a-z-]*(?:\.[A-Za-z]{2}(?:-[a-z]{2,})?)?|[a-z-]+\.[a-z-]+)\s*[)）]")
_CATEGORY_CODE = re.compile(r"[a-z][a-z-]+(?:\.[A-Za-z]{2}|\.[a-z]+-[a-z]+)|[a-z]+-[a-z]{2,}")
_CATEGORY_SEPARATOR = re.compile(r"\s*[,;，、；|]\s*|\s+(?=#\w)")


@lru_cache(maxsize=4096)
def find_field(name: str) -> tuple[Field, str] | None:
    """Return the field that a label, the head of a column or a key names, and the language of its value; else None.

    Case, marks, emoji, punctuation and underscores do not matter: `**Author(s)**`, `abs_url`, `Abstract / 摘要`.
    """
    if len(name) > _MAX_NAME:
        return None
    name = _TAG.sub(" ", name)
    if field := _look_up(_letters(name)):
        return field
    fields = {
        _look_up(part) for part in map(_letters, re.split(r"[/()（）|·・\[\]]", name)) if part not in ("", *_LANGUAGES)
    }
    field = fields.pop() if len(fields) == 1 else None
    languages = [_LANGUAGES[part] for part in map(_letters, re.split(r"[()（）\[\]]", name)) if part in _LANGUAGES]
    return (field[0], languages[0] if languages else field[1]) if field else None


def parse_label(line: str) -> Label | None:
    """Parse a line that starts with the label of a field, or is one; None for any other.

    A label is marked by a colon, by emphasis or brackets, as a heading or `<summary>`, by the first of two cells of a
    table, or by standing alone. A link such as `[PDF](URL)` is none; `find_field` tells what its text names.
    """
    opening = _OPENING.match(line)
    if opening is None:
        return None
    start, marks = opening.end(), opening["marks"] or ""
    if opening["cell"]:
        return _parse_row(line)
    head = line[start : start + _MAX_NAME + 1]
    closing = _CLOSING_BRACKETS.get(marks, marks)
    if marks and (end := head.find(closing)) > 0:
        after = start + end + len(closing)
        if marks == "[" and line[after : after + 1] in ("(", "（"):
            return None
        name = head[:end]
        if field := find_field(name):
            rest = (
                _CLOSING_TAGS.sub("", line[after:], count=1) if line[after:].lstrip().startswith("<") else line[after:]
            )
            return _label(field, name, re.sub(r"^\s*[:：︰—–|]?-?\s*", "", rest))
    if colon := _COLON.search(head):
        name, rest = head[: colon.start()], line[start + colon.end() :]
        if (field := find_field(name)) and not (
            opening["heading"] and rest.strip(" *_") and field[0] not in _IN_HEADINGS
        ):
            return _label(field, name, _without_closing(rest, "" if marks and closing in name else closing))
        return None
    if dash := _DASH.search(head):
        field = find_field(head[: dash.start()])
        if field and field[0] in (Field.AUTHORS, Field.ABSTRACT):
            return _label(field, head[: dash.start()], line[start + dash.end() :])
    name, tag, rest = line[start:].partition("</")
    if tag and (field := find_field(name)):
        return _label(field, name, re.sub(r"^\s*[:：]\s*", "", _CLOSING_TAGS.sub("", f"</{rest}", count=1)))
    field = find_field(line[start:]) if len(line) - start <= _MAX_NAME else None
    return _label(field, line[start:], "") if field else None


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
    """Return True for `null`, `N/A`, `None`, `-` and the like, and for an empty text."""
    return bool(_NO_VALUE.fullmatch(text.strip().strip("*_`|[]()\"' ")))


def split_authors(text: str) -> Authors:
    """Split names at commas, semicolons and `and`, or read a list in brackets; `et al.` stands for more authors."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]") and not _LINK.match(text):
        strings = [first or second for first, second in _STRINGS.findall(text)]
        if strings:
            return _clean_names(strings, more_authors=False)
        text = text[1:-1]
    text = _NOTE.sub("", html.unescape(_LINK.sub(r"\1", text)))
    text = " ".join(_TAG.sub(" ", text).replace("*", "").replace("__", "").replace("`", "").split())
    if is_no_value(text):
        return Authors((), False)
    remaining = _MORE.sub("", text)
    remaining = _AFFILIATION.sub("", remaining)
    if re.search("[;；]", remaining):
        names = re.split(r"\s*[;；]\s*(?:and\s+)?", remaining)
    else:
        names = _NAME_SEPARATOR.split(remaining)
    return _clean_names(names, more_authors=remaining != text and bool(_MORE.search(text)))


def split_categories(text: str) -> tuple[str, ...]:
    """Split categories, subjects or tags: `Robotics (cs.RO); cs.AI` becomes `cs.RO` and `cs.AI`; each is kept once."""
    text = html.unescape(_TAG.sub(" ", _LINK.sub(r"\1", text))).strip()
    if text.startswith("[") and text.endswith("]"):
        strings = [first or second for first, second in _STRINGS.findall(text)]
        parts = strings or _CATEGORY_SEPARATOR.split(text[1:-1])
    else:
        parts = _CATEGORY_SEPARATOR.split(text)
    tags: dict[str, None] = {}
    for part in parts:
        words = part.split()
        if len(words) > 1 and all(_CATEGORY_CODE.fullmatch(word.strip("`*[]()")) for word in words):
            tags.update(dict.fromkeys(word.strip("`*[]()") for word in words))
            continue
        code = _CODE.search(part)
        tag = code[1] if code else re.sub(r"\s*[(（][^()（）]*[)）]\s*$", "", part)
        tag = " ".join(tag.split()).strip("`*_[]\"' ").removeprefix("#").strip()
        if not is_no_value(tag):
            tags[tag] = None
    return tuple(tags)


def parse_votes(text: str) -> int | None:
    """Return the number of votes that a value gives, such as `12`, `👍 1,234` or `+5`; None if it gives none."""
    numbers = re.findall(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+", text[:200])
    if len(numbers) != 1 or len(numbers[0]) > 9 or re.search(r"[0-9]\.[0-9]|-\s?[0-9]|[0-9]\s?[/%k]", text[:200]):
        return None
    return int(numbers[0].replace(",", ""))


def _look_up(name: str) -> tuple[Field, str] | None:
    """Look up a normalized name, also with the name of a language before or after it."""
    if field := _FIELDS.get(name):
        return field, ""
    for word, language in _LANGUAGES.items():
        for rest in (name.removeprefix(word), name.removesuffix(word)):
            is_separate = rest[:1] == " " or rest[-1:] == " " or not word.isascii()
            if rest != name and is_separate and (field := _FIELDS.get(rest.strip())):
                return field, language
    return None


def _letters(name: str) -> str:
    """Return a label in lower case with single spaces in place of everything but letters and digits."""
    name = unicodedata.normalize("NFKC", name).strip()
    return _NOT_A_LETTER.sub(" ", name).strip().casefold() or name


def _label(field: tuple[Field, str], name: str, text: str) -> Label:
    return Label(field[0], _FINAL_TAGS.sub("", text).strip(), _TAG.sub("", name).strip(" *_`:："), field[1])


def _without_closing(rest: str, closing: str) -> str:
    """Remove the mark that closes `**Authors:** A` or `**Authors: A**` from what follows the colon."""
    rest = rest.strip()
    if closing and rest.startswith(closing):
        return rest[len(closing) :]
    if closing and rest.endswith(closing):
        return rest[: -len(closing)]
    if rest.startswith("</"):
        return _CLOSING_TAGS.sub("", rest, count=1)
    return rest


def _parse_row(line: str) -> Label | None:
    """Parse a row of a table with two cells of which the first is a label."""
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    field = find_field(cells[0].strip(":： ")) if len(cells) == 2 else None
    return _label(field, cells[0], cells[1]) if field else None


def _clean_names(names: Iterator[str] | list[str], more_authors: bool) -> Authors:
    cleaned: list[str] = []
    for name in names:
        name = " ".join(name.split()).strip("\"'[]{}.,;:|-· " if not name.rstrip().endswith(".") else "\"'[]{},;:|-· ")
        name = name.rstrip(_FOOTNOTES)
        if _MORE.fullmatch(name) or name.casefold() in ("et al.", "others"):
            more_authors = True
        elif _SUFFIX.fullmatch(name) and cleaned:
            cleaned[-1] += f", {name}"
        elif not is_no_value(name):
            cleaned.append(name)
    return Authors(tuple(dict.fromkeys(cleaned)), more_authors)
