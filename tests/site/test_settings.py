"""Settings: where they come from, which values are valid, and how errors are reported."""

import os
import re
import shutil
import stat
import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest
from PIL import ImageFont

from feeds.errors import SettingsError
from feeds.publishing.publisher import open_publisher
from feeds.site.settings import SETTINGS, MailServer, Settings, example, load, load_with_errors
from feeds.site.site import Site
from tests.support.archives import listings
from tests.support.digests import OpenFiles, day, paper


def write_settings(folder: Path, text: str) -> None:
    (folder / "feeds.toml").write_text(text, encoding="utf-8")


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    write_settings(tmp_path, 'title = "논문"\nlatest_days = 7\npublish_at = 09:30:00\n')
    environ = {"FEEDS_LATEST_DAYS": "3", "FEEDS_BASE_URL": "https://e.org/papers/", "FEEDS_TITLE": ""}
    site = load(tmp_path, environ).site
    assert (site.title, site.latest_days, site.publish_at) == ("논문", 3, time(9, 30))
    assert site.base_url == "https://e.org/papers"


def test_environment_holds_numbers_and_booleans_as_text(tmp_path: Path) -> None:
    environ = {"FEEDS_PUBLISH_AT": "09:30", "FEEDS_PRIVATE_IMAGES": "true", "FEEDS_SMTP_PORT": "2525"}
    settings = load(tmp_path, environ)
    assert (settings.site.publish_at, settings.private_images, settings.mail.smtp_port) == (time(9, 30), True, 2525)


def test_feeds_config_names_another_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('title = "Other"')
    assert load(tmp_path, {"FEEDS_CONFIG": str(tmp_path / "other.toml")}).site.title == "Other"
    with pytest.raises(SettingsError, match="FEEDS_CONFIG"):
        load(tmp_path, {"FEEDS_CONFIG": str(tmp_path / "missing.toml")})


def test_empty_feeds_config_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, {"FEEDS_CONFIG": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('titel = "x"', "titel: no such setting; did you mean title?"),
        ('xyz = "x"', "xyz: no such setting; `feeds init` lists all settings"),
        ("title = 3", "title: not a text; put it in quotes"),
        ('title = " "', "title: must not be empty"),
        ('base_url = "papers.org"', "base_url: 'papers.org' is not a web URL"),
        ('base_url = "https://e.org/?a"', "base_url: 'https://e.org/?a' has a query or a fragment"),
        ('publish_at = "25:00"', "publish_at: '25:00' is not a time in UTC; write one such as 23:00:00"),
        ("publish_at = 23", "publish_at: 23 is not a time"),
        ("publish_at = 2024-01-30T23:00:00Z", "publish_at: "),
        ("latest_days = 0", "latest_days: 0 is not valid; write a whole number from 1 to 1000"),
        ("latest_days = true", "latest_days: True is not valid"),
        ('language = "한국어"', "language: '한국어' is not a language tag"),
        ('interface = "fr"', "interface: 'fr' is not supported; write one of en, ja, ko, zh"),
        ("title = ", "feeds.toml:1: not valid TOML"),
        ('topics = "x"', "topics: not a table"),
        ('[topics]\n"x" = "min_votes=y"', "topics: x: min_votes: a number"),
        ('[topics]\n"x" = 3', "topics: x: not a text"),
        ('hub = "hub"', "hub: 'hub' is not a web URL"),
        (
            'base_url = "https://논문.kr"',
            "base_url: 'https://논문.kr' is not a URI (RFC 3986); write https://xn--s80bq8p.kr",
        ),
        ("base_url = 'https://e.org/a>; rel=\"x'", "base_url: "),
        ('base_url = "https://me:secret@e.org"', "base_url: "),
        ('[topics]\n"x" = "min_vote=10"', "topics: x: a search has no parameter 'min_vote'; use q, author"),
        ('cover_font = "none.ttf"', "none.ttf: No such file"),
        ('cover_font = "feeds.toml"', "feeds.toml: not a font"),
        ('private_images = "maybe"', "private_images: 'maybe' is not a boolean; write true or false"),
        ("private_images = 1", "private_images: 1 is not a boolean"),
        ("smtp_port = 70000", "smtp_port: 70000 is not valid"),
        ('smtp_security = "ssl"', "smtp_security: 'ssl' is not supported; write starttls or tls or none"),
        ('mail_from = "nobody"', "mail_from: 'nobody' is not a mail address"),
        ('mail_from = "a@"', "mail_from: "),
        ('mail_from = "a@b@c"', "mail_from: "),
        ("mail_from = 3", "mail_from: "),
        ('smtp_password = "비밀"', "smtp_password: ASCII only"),
        ("[build]\nformats = [3]", "build.formats: [3] is not a list of names"),
        ("[build]\nformats = 3", "build.formats: 3 is not a list of names"),
        ("[build]\nformat = []", "build.format: no such setting; did you mean build.formats?"),
        ("build = 3", "build: no such setting"),
    ],
)
def test_wrong_setting_is_named_in_the_error(tmp_path: Path, text: str, message: str) -> None:
    write_settings(tmp_path, text)
    with pytest.raises(SettingsError, match=r"feeds\.toml:\d+: ") as raised:
        load(tmp_path, {})
    assert message in str(raised.value)
    assert "비밀" not in str(raised.value)


def test_every_error_has_its_line_and_other_settings_count(tmp_path: Path) -> None:
    text = """# Settings
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
    write_settings(tmp_path, text)
    settings, errors = load_with_errors(tmp_path, {"FEEDS_HUB": "hub"})
    path = tmp_path / "feeds.toml"
    assert [location for location, _ in errors] == [f"{path}:5", f"{path}:6", f"{path}:11", "FEEDS_HUB"]
    assert settings.site.title == "논문"
    assert settings.site.latest_days == Site().latest_days


@pytest.mark.parametrize(("text", "line"), [("title = \n", 1), ('\n\n[topics\nx = "y"', 3), ('title = """\n\n', 3)])
def test_invalid_toml_is_reported_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    write_settings(tmp_path, text)
    with pytest.raises(SettingsError, match=re.escape(f"feeds.toml:{line}: ")):
        load(tmp_path, {})


def test_file_that_is_not_utf8_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_bytes('id = "x"\ntitle = "논문"'.encode("euc-kr"))
    with pytest.raises(SettingsError, match=r"feeds\.toml:2: not UTF-8"):
        load(tmp_path, {})


def test_wrong_variable_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="^FEEDS_LATEST_DAYS: 'many' is not valid"):
        load(tmp_path, {"FEEDS_LATEST_DAYS": "many"})


def test_example_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    text = example()
    assert tomllib.loads(text) == {}
    code = [line[2:] for line in text.splitlines() if re.match(r'# (\w+ = |\[\w+\]|".*" = )', line)]
    write_settings(tmp_path, "\n".join(code))
    assert tomllib.loads("\n".join(code)).keys() == {name.partition(".")[0] for name in SETTINGS}
    assert load(tmp_path, {}) == Settings()


def test_every_field_of_the_settings_can_be_set() -> None:
    names = {field.name for kind in (Site, MailServer, Settings) for field in fields(kind)}
    assert {name.replace(".", "_") for name in SETTINGS} == names - {"site", "mail", "error"}


def test_formats_are_a_list_in_the_file_and_a_text_in_a_variable(tmp_path: Path) -> None:
    write_settings(tmp_path, '[build]\nformats = ["md", "paper.ris"]\n')
    assert load(tmp_path, {}).build_formats == ("md", "paper.ris")
    assert load(tmp_path, {"FEEDS_BUILD_FORMATS": "epub, month.rss"}).build_formats == ("epub", "month.rss")


def test_unknown_format_is_reported_with_its_line(tmp_path: Path) -> None:
    def check(name: str) -> None:
        if name != "md":
            raise ValueError(f"there is no format {name}")

    write_settings(tmp_path, 'title = "논문"\n\n[build]\nformats = ["md", "ms"]\n')
    settings, errors = load_with_errors(tmp_path, {}, {"build.formats": check})
    assert errors == [(f"{tmp_path}/feeds.toml:4", "build.formats: there is no format ms")]
    assert (settings.build_formats, settings.site.title) == ((), "논문")


def test_topics_are_words_or_parameters_of_searches(tmp_path: Path) -> None:
    write_settings(tmp_path, '[topics]\n"확산" = "확산|diffusion"\n"화제" = "min_votes=50&order=votes"\n')
    first, second = load(tmp_path, {}).site.topics
    assert (first.name, first.key.query.q) == ("확산", "확산|diffusion")
    assert (second.name, second.key.query.min_votes) == ("화제", 50)


def test_topic_has_a_key_made_from_its_name(tmp_path: Path) -> None:
    write_settings(tmp_path, '[topics]\n"강화 학습 (RL)" = "RL"\n')
    (topic,) = load(tmp_path, {}).site.topics
    assert topic.key.text == "topics/강화-학습-RL"


@pytest.mark.parametrize(
    ("topics", "line", "message"),
    [
        ('"A B" = "a"\n"A-B" = "b"', 3, "topics: A-B: has the same key as A B, topics/A-B"),
        ('"A" = "a"\n"?!" = "b"', 3, "topics: ?!: has no letter or digit"),
        (f'"{"확" * 70}" = "a"', 2, f"topics: {'확' * 40}…: is too long"),
    ],
)
def test_topic_without_a_key_of_its_own_is_an_error(tmp_path: Path, topics: str, line: int, message: str) -> None:
    write_settings(tmp_path, f"[topics]\n{topics}\n")
    with pytest.raises(SettingsError, match=re.escape(f"feeds.toml:{line}: {message}")):
        load(tmp_path, {})


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 10**12)


def nest_arrays(path: Path) -> None:
    path.write_text("topics = " + "[" * 100_000)


def nest_keys(path: Path) -> None:
    path.write_text("topics" + ".a" * 100_000 + " = 1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_pipe, "a pipe, not a file"),
        (Path.mkdir, "a folder, not a file"),
        (link_to_a_device, "a device, not a file"),
        (make_loop, "Too many levels of symbolic links"),
        (make_dangling_link, "a link to a file that does not exist"),
        (make_huge, "larger than 1,000,000 bytes"),
        (nest_arrays, "nested too deeply"),
        (nest_keys, "nested too deeply"),
    ],
)
def test_unreadable_file_is_an_error_that_names_it(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "feeds.toml"
    make(path)
    with pytest.raises(SettingsError, match=f"^{path}: .*{message}"):
        load(tmp_path, {})
    with pytest.raises(SettingsError, match=f"^{path}: "):
        load(tmp_path, {"FEEDS_CONFIG": str(path)})


def test_errors_of_a_hostile_file_are_few_and_short(tmp_path: Path) -> None:
    write_settings(tmp_path, "\n".join(f"{'x' * 1000}{number} = 1" for number in range(900)))
    _, errors = load_with_errors(tmp_path, {})
    assert len(errors) == 101
    assert max(len(error.message) for error in errors) <= 501
    assert "not listed" in errors[-1].message


def test_settings_are_kept_while_the_folder_is_lost(tmp_path: Path) -> None:
    folder, copy = tmp_path / "archive", tmp_path / "cache/index.sqlite.settings"
    folder.mkdir()
    write_settings(folder, 'title = "Kept"')
    (folder / "day.md").touch()
    assert load(folder, {}, copy=copy).site.title == "Kept"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    folder.rename(tmp_path / "unmounted")
    assert load(folder, {}, copy=copy).site.title == "Kept"
    folder.mkdir()
    assert load(folder, {"FEEDS_LANGUAGE": "en"}, copy=copy).site.title == "Kept"
    assert load(folder, {}).site.title == Site().title
    folder.rmdir()
    (tmp_path / "unmounted").rename(folder)
    (folder / "feeds.toml").unlink()
    assert load(folder, {}, copy=copy).site.title == Site().title
    assert not copy.exists()


def test_service_goes_on_with_the_last_settings_without_an_error(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    write_settings(tmp_path, 'title = "Kept"')
    load(tmp_path, {}, copy=copy)
    write_settings(tmp_path, 'title = "New"\nlanguage = 1')
    with pytest.raises(SettingsError, match="language"):
        load(tmp_path, {}, copy=copy)
    serving = load(tmp_path, {}, copy=copy, is_serving=True)
    assert (serving.site.title, serving.error and serving.error.location) == ("Kept", f"{tmp_path}/feeds.toml:2")
    with pytest.raises(SettingsError, match="language"):  # the copy does not mend a variable
        load(tmp_path, {"FEEDS_LANGUAGE": "?"}, copy=copy, is_serving=True)
    write_settings(tmp_path, 'title = "New"')
    mended = load(tmp_path, {}, copy=copy, is_serving=True)
    assert (mended.site.title, mended.error) == ("New", None)


def test_paths_in_kept_settings_are_relative_to_the_archive(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    default = ImageFont.load_default(size=10)
    assert isinstance(default, ImageFont.FreeTypeFont)
    (folder / "font.ttf").write_bytes(default.font_bytes)
    write_settings(folder, 'cover_font = "font.ttf"')
    load(folder, {}, copy=tmp_path / "copy")
    write_settings(folder, "cover_font = ")
    kept = load(folder, {}, copy=tmp_path / "copy", is_serving=True).site.cover_font
    assert kept is not None


def test_site_of_a_lost_folder_is_as_last_read(open_files: OpenFiles, environ: dict[str, str]) -> None:
    folder = open_files({"feeds.toml": 'title = "Kept"', "a.md": day("2024-01-30", paper())}).archive.root
    shutil.rmtree(folder)
    publisher = open_publisher(folder, environ)
    assert publisher.site.title == "Kept"
    assert len(listings(publisher.archive)) == 1


def test_topic_may_be_a_tag(folder: Path) -> None:
    (folder / "feeds.toml").write_text('[topics]\nVision = "tag=cs.CV&has=code"\n', encoding="utf-8")
    (topic,) = load(folder, {}).site.topics
    assert topic.key.query.tags == ("cs.CV",)
