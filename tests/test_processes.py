"""Processes that a test starts end with it."""

import os
import subprocess
import sys
from pathlib import Path

from tests import processes
from tests.server import ROOT
from tests.waiting import eventually

LEAVES_A_GRANDCHILD = """
from subprocess import DEVNULL, Popen
print(Popen(["sleep", "600"], start_new_session=True, stdout=DEVNULL).pid)
"""


def test_a_grandchild_whose_parent_is_gone_is_found_and_ended() -> None:
    before = processes.of_this_part()
    told = subprocess.run([sys.executable, "-c", LEAVES_A_GRANDCHILD], stdout=subprocess.PIPE, check=True)
    left = processes.left_since(before)
    assert left == {int(told.stdout)}
    assert left <= processes.of_this_run()
    processes.end(left)
    assert processes.left_since(before) == set()


def test_what_a_process_of_the_suite_starts_meanwhile_belongs_to_it() -> None:
    earlier = processes.of_this_part()
    shell = processes.start("sh", stdin=subprocess.PIPE)
    try:
        before = processes.of_this_part()
        assert shell.pid in before
        assert shell.stdin
        shell.stdin.write(b"sleep 600 & wait\n")
        shell.stdin.flush()
        eventually(lambda: processes.of_this_part() - before)
        assert processes.left_since(before) == set()
    finally:
        processes.end(processes.of_this_part() - earlier)
        shell.communicate()


def test_a_suite_whose_tests_leave_something_is_red_and_leaves_nothing(tmp_path: Path) -> None:
    """A run of its own, with this suite's guard, over one test that leaves a process and one that fails meanwhile."""
    (tmp_path / "test_leaving.py").write_text(
        "import subprocess\n"
        "from tests.conftest import *\n"
        "processes.ENDING_SECONDS = 0.5\n"
        "def test_leaves():\n"
        "    subprocess.run(['sh', '-c', 'sleep 601 & exit'])\n"
        "def test_fails():\n"
        "    subprocess.run(['sh', '-c', 'sleep 602 & exit'])\n"
        "    raise ValueError\n"
    )
    environ = {**os.environ, processes.RUN: "of-its-own", "PYTHONPATH": str(ROOT)}
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, "--rootdir", tmp_path)
    command = [sys.executable, "-m", "pytest", *options, tmp_path]
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert run.returncode == 1, run.stdout
    assert "1 failed, 1 passed, 1 error" in run.stdout
    assert "sleep 601" in run.stdout
