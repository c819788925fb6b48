"""How open files are shared out: whatever the system allows, a crowd of readers leaves room for pages."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed import settings
from feed.live.direct import open_files
from tests.server import BIN, ROOT, Server

MOST_READERS = int(next(each.default for each in settings.TABLE if each.name == "FEED_MAX_READERS"))
BUSY = 40  # files that a worker has open by itself when it is busy
PICTURE = 6  # and one picture under way

limits = st.integers(open_files.FEWEST, 2_000_000)


def shares(files: int) -> tuple[int, int, int]:
    """Files for readers at most, for pages at least, and for the worker itself beside what is just coming in."""
    return (
        open_files.readers(files),
        open_files.connections(files) - open_files.readers(files),
        files - open_files.connections(files) - open_files.starting(files),
    )


@given(limits)
def test_at_any_limit_readers_leave_room_for_pages_and_both_for_the_worker(files: int) -> None:
    readers, pages, own = shares(files)
    assert readers >= files // 2, "readers are what most files are for"
    assert pages >= files // 4 or pages >= 400
    assert own >= min(BUSY + 2 * PICTURE, files // 6)
    assert own + PICTURE >= BUSY or files < 250
    assert readers + pages + own + open_files.starting(files) == files


@given(limits, st.integers(1, 1_000_000), limits)
def test_what_is_asked_for_is_what_can_be_had(soft: int, wanted: int, hard: int) -> None:
    hard = max(soft, hard)
    files = open_files.wanted(wanted, soft, hard)
    assert soft <= files <= hard
    assert files == hard or open_files.readers(files) >= wanted
    assert open_files.readers(open_files.wanted(wanted, soft, None)) >= wanted


@pytest.mark.parametrize(
    ("soft", "hard", "readers", "pages"),
    [
        (200, 200, 100, 50),
        (256, 256, 128, 64),
        (600, 600, 300, 200),
        (1_024, 1_024, 524, 400),
        (1_024, 4_096, 3_596, 400),
        (1_024, 65_536, 12_000, 400),
        (65_536, 65_536, 65_036, 400),
        (1_024, 1_048_576, 12_000, 400),
        (1_024, None, 12_000, 400),
    ],
)
def test_the_default_at_the_usual_limits(soft: int, hard: int | None, readers: int, pages: int) -> None:
    files = open_files.wanted(MOST_READERS, soft, hard)
    assert shares(files)[:2] == (readers, pages)
    assert min(readers, MOST_READERS) + pages <= files - shares(files)[2]


def test_gunicorn_asks_for_as_many_as_the_application_lets_in() -> None:
    """The setting is read in two places; the default is to be one."""
    assert open_files.MOST_READERS == MOST_READERS


def test_too_few_files_stop_the_start_with_what_to_write(server: Server) -> None:
    command = f"ulimit -n {open_files.FEWEST - 1}; exec {BIN / 'gunicorn'}"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=server.environ, capture_output=True, text=True)
    assert done.returncode
    assert f"ulimit -n {open_files.FEWEST}" in done.stderr
    assert "Traceback" not in done.stderr
