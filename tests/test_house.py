"""The house keeps its order: arrows only run down, the library knows no Dagster, the folders are ours."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("citizenstats", "resources", "assets", "pipelines")
"""From the bottom up: a layer imports only from itself and from those before it."""


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _modules(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_only_run_down(layer):
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    wrong = {
        str(path.relative_to(ROOT)): found for path in _modules(layer) if (found := _imported(path) & above)
    }
    assert _modules(layer)
    assert not wrong


def _needs() -> dict[str, set[str]]:
    """Return for each module the modules of ours that it imports, at the top or later, for running or for types."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for layer in LAYERS
        for path in _modules(layer)
    }
    needs: dict[str, set[str]] = {}
    for name, path in modules.items():
        named = {
            (f"{node.module}.{alias.name}", node.module)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        needs[name] = {next((m for m in both if m in modules), name) for both in named} - {name}
    return needs


def test_no_module_needs_itself_through_others():
    needs = _needs()
    assert any(needs.values())
    while ground := {name for name, below in needs.items() if not below & needs.keys()}:
        needs = {name: below for name, below in needs.items() if name not in ground}
    assert not needs, f"in a circle or above one: {sorted(needs)}"


def test_the_library_never_imports_dagster():
    named = [
        path for path in _modules("citizenstats") if "dagster" in {n.split("_")[0] for n in _imported(path)}
    ]
    assert not named


def test_no_module_of_the_library_brings_dagster_in():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in _modules("citizenstats")
        if path.name != "__main__.py"
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "sys.exit('dagster' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("layer", LAYERS)
def test_the_top_level_folders_are_ours_and_no_installed_package(layer):
    module = importlib.import_module(layer)
    assert Path(module.__file__).is_relative_to(ROOT)
    assert module.__doc__


@pytest.mark.parametrize("layer", LAYERS)
def test_every_module_opens_with_its_contract(layer):
    silent = [path for path in _modules(layer) if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_mappings_hold_no_python():
    assert not list((ROOT / "sdmx_mappings").rglob("*.py"))


def test_assets_and_pipelines_hold_no_sql():
    words = ("SELECT ", "read_parquet", "duckdb.")
    found = [
        str(path.relative_to(ROOT))
        for layer in ("assets", "pipelines", "resources")
        for path in _modules(layer)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and any(w in ast.unparse(node) for w in words)
    ]
    assert not found


def test_workspace_yaml_is_the_one_truth_for_dagster():
    # Dagster prefers [tool.dagster] and [tool.dg] in pyproject.toml, and would then ignore workspace.yaml.
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert "[tool.dagster" not in text
    assert "[tool.dg" not in text


def test_the_definitions_fit_on_one_page():
    assert len((ROOT / "pipelines" / "definitions.py").read_text("utf-8").splitlines()) <= 60
