"""The README's tables and diagram say what the code does."""

import re
from pathlib import Path

from taskflow.db.lifecycle import MOVES, TaskStatus
from taskflow.infra.settings import Settings

README = Path(__file__).parents[2].joinpath("README.md").read_text()


def test_state_diagram_has_every_move_of_the_lifecycle_and_no_other() -> None:
    drawn = set(re.findall(r"^    ([A-Z]+) --> ([A-Z]+)", README, re.MULTILINE))
    assert drawn == {(source.value, target.value) for source, targets in MOVES.items() for target in targets}
    assert re.findall(r"\[\*\] --> ([A-Z]+)", README) == [TaskStatus.PENDING]


def test_table_of_settings_has_every_setting() -> None:
    table = README[README.index("## Settings") : README.index("## Work on it")]
    documented = {
        name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert documented - {"TASKFLOW_URL", "TASKFLOW_TOKEN"} == {name.upper() for name in Settings.model_fields}
