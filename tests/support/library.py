"""A small archive to search and browse: six papers of two years, some with code, with a video, or with both."""

from tests.support.digests import Files, day, paper

_VIDEO = "![](https://e.org/a.mp4)"
_CODE = "https://github.com/a/b"
LIBRARY: Files = {
    "1.md": day(
        "2023-12-28", paper("Alpha", "2312.1", votes="Vote: 5", summary=f"- 확산 모델의 코드는 {_CODE} 에 있습니다.")
    ),
    "2.md": day(
        "2024-01-29",
        paper("Beta", "2401.1", votes="Vote: 20", media=_VIDEO, authors="Authors: Ann Lee", summary="- 확산합니다."),
    ),
    "3.md": day(
        "2024-01-30",
        paper(
            "Gamma Rays",
            "2401.2",
            votes="Vote: 12",
            media=_VIDEO,
            authors="Authors: Ann Lee, Bo Kim, +",
            summary=f"- 빠른 확산의 코드는 {_CODE} 에 있습니다.",
        ),
        paper("Delta", "2401.3", votes="Vote: 3", authors="Authors: 김민준", summary="- 언어 모델입니다."),
    ),
    "4.md": day("2024-02-02", paper("한국어 제목", "2402.1", votes="Vote: -", media="![](https://e.org/a.png)")),
    "5.md": day("2024-03-20", paper("Zeta", "2403.1", votes="Vote: 1", summary="- Plain English.")),
}
"""The files of the archive by their paths."""
