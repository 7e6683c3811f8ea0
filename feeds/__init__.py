"""A folder of daily paper digests becomes anything a reader subscribes to, downloads or imports."""

import hashlib
import re
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path

NAME = "daily-papers-feeds"
__version__ = version(NAME)


@cache
def code_tag() -> str:
    """Change when the code, a template or a library does that documents are made with."""
    seen = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        seen.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    # A checkout has an older description of itself, which comes first where it is the working folder.
    found = list(distributions(name=NAME))
    installed = next((each for each in found if each.read_text("METADATA")), found[0])
    for requirement in installed.requires or ():
        if "extra ==" not in requirement:
            library = re.split(r"[^\w.-]", requirement)[0]
            seen.update(f"{library} {version(library)}".encode())
    return seen.hexdigest()[:16]
