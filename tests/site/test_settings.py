"""Settings, and the ids, addresses and times that follow from them."""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from feeds.errors import SettingsError
from feeds.model.paper import Paper
from feeds.site.settings import SETTINGS, Settings, example, load, look
from feeds.site.site import Site


def test_settings_come_from_the_file_and_then_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text('title = "논문"\nlatest_days = 7\npublish_at = 09:30:00\n', encoding="utf-8")
    environ = {"FEEDS_LATEST_DAYS": "3", "FEEDS_BASE_URL": "https://e.org/papers/", "FEEDS_TITLE": ""}
    site = load(tmp_path, environ).site
    assert (site.title, site.latest_days, site.publish_at) == ("논문", 3, time(9, 30))
    assert site.base_url == "https://e.org/papers"


def test_another_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('title = "Other"')
    assert load(tmp_path, {"FEEDS_CONFIG": str(tmp_path / "other.toml")}).site.title == "Other"
    with pytest.raises(SettingsError, match="FEEDS_CONFIG"):
        load(tmp_path, {"FEEDS_CONFIG": str(tmp_path / "missing.toml")})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('titel = "x"', "titel: no such setting; did you mean title"),
        ("title = 3", "title: a text"),
        ('title = " "', "title: must not be empty"),
        ('base_url = "papers.org"', "base_url: an address"),
        ('base_url = "https://e.org/?a"', "base_url: an address"),
        ('publish_at = "25:00"', "publish_at"),
        ("publish_at = 23", "publish_at: a time"),
        ("latest_days = 0", "latest_days: a number"),
        ("latest_days = true", "latest_days: a number"),
        ('language = "한국어"', "language"),
        ("title = ", "feeds.toml"),
        ('topics = "x"', "topics: a table"),
        ('[topics]\n"x" = "min_votes=y"', "min_votes: a number"),
        ('hub = "hub"', "hub: an address"),
        ('base_url = "https://논문.kr"', "base_url: an address"),
        ("base_url = 'https://e.org/a>; rel=\"x'", "base_url: an address"),
        ('[topics]\n"x" = "min_vote=10"', "no parameter 'min_vote'"),
        ('cover_font = "none.ttf"', "none.ttf: No such file"),
        ('cover_font = "feeds.toml"', "feeds.toml: no font"),
        ('private_images = "maybe"', "private_images: true or false"),
        ("smtp_port = 70000", "smtp_port: a number"),
        ('smtp_security = "ssl"', "smtp_security: starttls or tls or none"),
        ('mail_from = "nobody"', "mail_from: "),
        ('mail_from = "a@"', "mail_from: "),
        ('mail_from = "a@b@c"', "mail_from: "),
        ("mail_from = 3", "mail_from: "),
        ('smtp_password = "비밀"', "smtp_password: ASCII only"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "feeds.toml").write_text(written, encoding="utf-8")
    with pytest.raises(SettingsError, match="feeds.toml") as raised:
        load(tmp_path, {})
    assert said in str(raised.value)


def test_every_wrong_setting_is_named_with_its_line_and_the_others_are_taken(tmp_path: Path) -> None:
    written = """# Settings
description = \"\"\"
titel = is no setting
\"\"\"
titel = "x"
'latest_days' = 0
title = "논문"

[topics]
"좋은 것" = "LLM"
"나쁜 것" = "min_votes=y"
"""
    (tmp_path / "feeds.toml").write_text(written, encoding="utf-8")
    settings, wrong = look(tmp_path, {"FEEDS_HUB": "hub"})
    path = tmp_path / "feeds.toml"
    assert [place for place, _ in wrong] == [f"{path}:5", f"{path}:6", f"{path}:11", "FEEDS_HUB"]
    assert settings.site.title == "논문"
    assert settings.site.latest_days == Site().latest_days


@pytest.mark.parametrize(("written", "line"), [("title = \n", 1), ('\n\n[topics\nx = "y"', 3), ('title = """\n\n', 3)])
def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path, written: str, line: int) -> None:
    (tmp_path / "feeds.toml").write_text(written, encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(f"feeds.toml:{line}: ")):
        load(tmp_path, {})


def test_the_example_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    written = example()
    assert tomllib.loads(written) == {}
    code = [line[2:] for line in written.splitlines() if re.match(r'# (\w+ = |\[topics\]|".*" = )', line)]
    (tmp_path / "feeds.toml").write_text("\n".join(code), encoding="utf-8")
    assert tomllib.loads("\n".join(code)).keys() == SETTINGS.keys()
    assert load(tmp_path, {}) == Settings()


def test_topics_are_searches_with_names(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text('[topics]\n"확산" = "확산|diffusion"\n"화제" = "min_votes=50&order=votes"\n')
    first, second = load(tmp_path, {}).site.topics
    assert (first.name, first.query.q) == ("확산", "확산|diffusion")
    assert (second.name, second.query.min_votes) == ("화제", 50)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FEEDS_LATEST_DAYS: a number"):
        load(tmp_path, {"FEEDS_LATEST_DAYS": "many"})


def a_paper(url: str, on: date = date(2024, 1, 30), rank: int = 0) -> Paper:
    return Paper(title="T", url=url, day=on, rank=rank)


def test_a_papers_id_comes_from_its_number_and_from_nothing_else() -> None:
    ids = {
        site.paper_id(a_paper(url, on, rank))
        for site in (Site(), Site(base_url="https://elsewhere.org", title="Other", id="other"))
        for url in (
            "https://arxiv.org/abs/2401.16420",
            "http://arxiv.org/pdf/2401.16420v3.pdf",
            "https://huggingface.co/papers/2401.16420",
        )
        for on, rank in ((date(2024, 1, 30), 0), (date(2025, 1, 1), 7))
    }
    assert len(ids) == 1


# uuid5 in the namespace of URLs (RFC 9562 section 5.5) of the two addresses.
ARXIV_ID = "urn:uuid:92a83bf9-1dca-5154-a797-338908263eb8"
OTHER_ID = "urn:uuid:a4965249-3398-5cf1-b930-551fea507c0a"


def test_the_id_of_a_paper_never_changes() -> None:
    """Subscribers know papers by these ids: whoever changes them shows everybody everything again."""
    assert Site().paper_id(a_paper("https://arxiv.org/abs/2401.16420")) == ARXIV_ID
    assert Site().paper_id(a_paper("https://e.org/paper")) == OTHER_ID


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://arxiv.org/abs/2401.16420v2", "2401.16420"),
        ("https://arxiv.org/pdf/math.GT/0309136v1", "math/0309136"),
        ("https://export.arxiv.org/abs/0704.0001", "0704.0001"),
        ("https://e.org/paper/", "7d2cf0d7511afbd4"),
    ],
)
def test_slugs(url: str, slug: str) -> None:
    assert a_paper(url).slug == slug


def test_papers_are_published_on_their_day_a_second_apart() -> None:
    assert Site().published(a_paper("https://e.org", rank=3)) == datetime(2024, 1, 30, 22, 59, 57, tzinfo=UTC)
    early = Site(publish_at=time(0, 0))
    assert early.published(a_paper("https://e.org", rank=1)) == datetime(2024, 1, 29, 23, 59, 59, tzinfo=UTC)


def test_a_topic_has_an_address_of_its_own_which_no_other_has(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text('[topics]\n"강화 학습 (RL)" = "RL"\n', encoding="utf-8")
    (topic,) = load(tmp_path, {}).site.topics
    assert topic.key.text == "topics/강화-학습-RL"
    refused = {
        '"A B" = "a"\n"A-B" = "b"': "same address",
        '"?!" = "a"': "no letter",
        f'"{"확" * 70}" = "a"': "확…: is too long",
    }
    for topics, said in refused.items():
        (tmp_path / "feeds.toml").write_text(f"[topics]\n{topics}\n", encoding="utf-8")
        with pytest.raises(SettingsError, match=said):
            load(tmp_path, {})


def test_the_tag_of_the_code_is_of_what_is_installed(tmp_path: Path) -> None:
    described = tmp_path / "daily_papers_feeds.egg-info"  # as a checkout has one, of some time ago
    described.mkdir()
    (described / "PKG-INFO").write_text("Name: daily-papers-feeds\nVersion: 0.1.0\nRequires-Dist: flask\n")
    asked = [sys.executable, "-c", "import feeds; print(feeds.code_tag())"]
    found = [subprocess.run(asked, cwd=cwd, capture_output=True, check=True).stdout for cwd in (tmp_path, "/")]
    assert found[0] == found[1]
    assert len(found[0]) == 17
