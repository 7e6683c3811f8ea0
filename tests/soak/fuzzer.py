"""A process that feeds one target from one engine: `python -m tests.soak.fuzzer ENGINE TARGET COUNT SEED FOLDER`.

FOLDER receives the inputs that broke the target, and `progress`, which tells the parent what was tried last if the
process dies.
"""

import faulthandler
import hashlib
import mmap
import resource
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.soak.digests import DIGEST_FILES, FRAGMENTS

CORPUS = Path(__file__).with_name("corpus")
_MAX_INPUT = 4 * 1024  # bytes
_MAX_SECONDS = 20  # for one input
_MAX_MEMORY = 4 * 1024**3  # bytes of addresses
_BATCH = 1000  # inputs, as Hypothesis remembers what it has generated
_HEADER = struct.Struct("QQQ")  # inputs tried, failures, size of the input that is being tried


class Progress:
    """What a process has tried, in a file that outlives it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_HEADER.size + 2 * _MAX_INPUT))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of inputs and failures."""
        inputs, failures, _ = _HEADER.unpack_from(self._map)
        return inputs, failures

    @property
    def last_input(self) -> bytes:
        """The input that was tried last."""
        _, _, size = _HEADER.unpack_from(self._map)
        return self._map[_HEADER.size : _HEADER.size + size]

    def begin(self, data: bytes) -> None:
        """Note an input before it is tried."""
        inputs, failures = self.counts
        self._map[_HEADER.size : _HEADER.size + len(data)] = data
        _HEADER.pack_into(self._map, 0, inputs + 1, failures, len(data))

    def count_failure(self) -> None:
        """Count a failure."""
        inputs, failures, size = _HEADER.unpack_from(self._map)
        _HEADER.pack_into(self._map, 0, inputs, failures + 1, size)


class Trial:
    """Tries inputs on a target, and keeps the first that fails at each place, with its traceback."""

    def __init__(self, target: Callable[[bytes], None], folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._progress = Progress(folder / "progress")
        self._places: set[str] = set()

    def __call__(self, data: bytes) -> None:
        """Try an input."""
        data = data[: 2 * _MAX_INPUT]
        self._progress.begin(data)
        faulthandler.dump_traceback_later(_MAX_SECONDS, exit=True)
        try:
            self._target(data)
        except Exception as error:
            self._progress.count_failure()
            place = str(traceback.extract_tb(error.__traceback__)[-1])
            if place not in self._places:
                self._places.add(place)
                keep_input(self._folder, data, traceback.format_exc())
        finally:
            faulthandler.cancel_dump_traceback_later()


def keep_input(folder: Path, data: bytes, reason: str) -> Path:
    """Store an input that failed, with the reason beside it."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:12]}.md"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(reason)
    return path


def run_hypothesis(name: str, count: int, start: int, folder: Path) -> None:
    """Try inputs that Hypothesis generates from the grammar of digests."""
    trial = _open_trial(name, folder)

    def check(data: bytes) -> None:
        trial(data)

    for number in range(-(-count // _BATCH)):
        configure = settings(
            max_examples=min(_BATCH, count - number * _BATCH),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        configure(seed(start + number)(given(DIGEST_FILES)(check)))()


def run_atheris(name: str, count: int, start: int, folder: Path) -> None:
    """Try mutations of the corpus, guided by the branches of ours that they reach; ends the process."""
    import atheris

    found = folder / "corpus"
    found.mkdir()
    dictionary = folder / "dictionary"
    entries = ("".join(f"\\x{byte:02x}" for byte in fragment.encode()) for fragment in FRAGMENTS)
    dictionary.write_text("".join(f'"{entry}"\n' for entry in entries))
    options = [f"-runs={count}", f"-seed={start}", f"-max_len={_MAX_INPUT}", f"-dict={dictionary}", "-rss_limit_mb=0"]
    with atheris.instrument_imports(include=["feeds"]):  # also those that the first inputs cause
        atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS)], _open_trial(name, folder))
        atheris.Fuzz()


def _open_trial(name: str, folder: Path) -> Trial:
    from tests.soak.targets import open_targets  # here, because Atheris has to see the import

    return Trial(open_targets(folder)[name], folder)


ENGINES = {"atheris": run_atheris, "hypothesis": run_hypothesis}


def main() -> None:
    """Run the process that the arguments describe."""
    engine, name, count, start, folder = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    ENGINES[engine](name, int(count), int(start), Path(folder))


if __name__ == "__main__":
    main()
