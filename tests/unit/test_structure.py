"""How large a file, a function and a folder of ours may be, so that a stranger finds any of it within a minute."""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LINKED = ("db", "graph", "infra", "worker")
FOLDERS = (*LINKED, "taskflow", "tests")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (CHECKOUT / folder).rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
)
DASHBOARD = CHECKOUT / "frontend" / "src"
DASHBOARD_FILES = sorted(
    path
    for path in DASHBOARD.rglob("*")
    if path.suffix in (".ts", ".tsx", ".css") and DASHBOARD / "generated" not in path.parents
)
LONGEST_FILE = 250
LONGEST_FUNCTION = 40
MOST_ENTRIES = 10


def relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("path", DASHBOARD_FILES, ids=relative)
def test_files_of_the_dashboard_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_the_api_has_few_rooms() -> None:
    entries = [entry for entry in (CHECKOUT / "graph").iterdir() if entry.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES


def test_all_folders_are_installed_under_one_name() -> None:
    links = {path.name: path.readlink() for path in (CHECKOUT / "taskflow").iterdir() if path.is_symlink()}
    assert links == {name: Path("..") / name for name in LINKED}
