"""Processes share the tests by file, and only one of them has the clusters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
TELL = "def test_{number}(worker_id): print(worker_id)\n"


def test_a_file_stays_in_one_process_and_so_do_all_clusters(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    for file in ("tests/a.py", "tests/b.py", "tests/c.py", "tests/integration/d.py", "tests/integration/e.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("".join(TELL.format(number=number) for number in range(8)))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n2", "-v", "-o", "python_files=*.py", tmp_path],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    workers: dict[str, set[str]] = {}
    for line in ran.stdout.splitlines():
        if "PASSED" in line:
            unit = line.split()[-1].partition("::")[0]
            unit = "clusters" if "/integration/" in unit else unit
            workers.setdefault(unit, set()).add(line.split()[0])
    assert len(workers) == 4
    assert all(len(found) == 1 for found in workers.values()), workers
    assert set.union(*workers.values()) == {"[gw0]", "[gw1]"}
