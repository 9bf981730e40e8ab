"""What is locked is what is installed and constrained, and the bill of materials says what is there."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}$", LOCK, re.MULTILINE))
CONSTRAINED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))


def sbom(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "scripts" / "sbom"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_every_line_of_the_lock_is_a_package_with_a_hash() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    assert len(lines) == len(LOCKED) > 50
    assert not re.search(r"://|/(opt|tmp|home|root)/|\+cpu", LOCK)


def test_the_lock_holds_the_versions_of_the_constraints_but_for_torch() -> None:
    constrained = {name: version for name, version in CONSTRAINED.items() if name != "torch"}
    assert {name: LOCKED.get(name) for name in constrained} == constrained
    assert "torch" not in LOCKED


def test_the_lock_is_within_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    versions = LOCKED | {"torch": CONSTRAINED["torch"]}
    needs = [Requirement(text) for text in asked]
    assert not [f"{need} but {versions[need.name]}" for need in needs if versions[need.name] not in need.specifier]


def test_all_that_a_worker_needs_is_locked_but_for_torch() -> None:
    needed = {component["name"] for component in json.loads(sbom())["components"]}
    of_torch = {name for name in needed if name in ("torch", "triton") or name.startswith(("nvidia-", "cuda-"))}
    assert needed - of_torch <= LOCKED.keys()


def test_the_bill_of_materials_names_every_package_once_and_what_needs_it() -> None:
    bill = json.loads(sbom())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    components = {component["bom-ref"]: component for component in bill["components"]}
    assert len(components) == len(bill["components"])
    torch = next(component for component in components.values() if component["name"] == "torch")
    assert torch["version"] == importlib.metadata.version("torch").split("+")[0]
    assert all(component["licenses"] for component in components.values())
    assert bill["metadata"]["component"]["name"] == "hpo"
    named = {one for dependency in bill["dependencies"] for one in dependency["dependsOn"]}
    assert named == set(components)


def test_every_package_stands_in_the_list_of_licences() -> None:
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \| \S", (ROOT / "docs" / "licences.md").read_text(), re.MULTILINE))
    needed = {component["name"] for component in json.loads(sbom())["components"]}
    # What torch brings beside depends on its build.
    assert {name for name in needed if not name.startswith(("nvidia-", "cuda-", "triton"))} <= listed
