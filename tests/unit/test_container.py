"""Image, compose file, systemd unit and workflow, as far as they can be held without what runs them: none was run."""

import configparser
import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from command_lines import check_takes

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "scripts" / "container" / "Dockerfile").read_text()
INSTRUCTIONS = [line.split(None, 1) for line in re.sub(r"\\\n\s*", "", RECIPE).splitlines() if re.match("[A-Z]", line)]


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def commands() -> list[list[str]]:
    return [shlex.split(command) for run in arguments("RUN") for command in run.split("&&")]


def test_nothing_is_installed_but_what_is_locked_torch_and_ourselves() -> None:
    locked, torch, ours = (command for command in commands() if command[:2] == ["pip", "install"])
    assert {"--require-hashes", "--no-deps", "--only-binary", "requirements.lock"} <= set(locked)
    assert torch[-3:] == ["--constraint", "constraints.txt", "torch"]
    assert {"--no-deps", "--no-build-isolation", "."} <= set(ours)
    # As the scripts and CI do it.
    here = (ROOT / "scripts" / "environment.sh").read_text()
    assert "--require-hashes --no-deps --only-binary :all: --requirement requirements.lock" in here


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    sources = [source for copied in arguments("COPY") for source in shlex.split(copied)[:-1]]
    let_in = (ROOT / "scripts" / "container" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"hpo", "model", "storage", "requirements.lock", "pyproject.toml"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in
    assert let_in[0] == "*"


def test_a_container_is_no_root_and_begins_with_the_command_of_the_lock_s_python() -> None:
    user, version = arguments("USER")[-1], arguments("FROM")[0]
    assert user.split(":")[0] not in ("0", "root")
    locked = re.search(r"CPython (\d\.\d+) on Linux", (ROOT / "requirements.lock").read_text())
    assert locked is not None
    assert fnmatch(version, f"python:{locked[1]}-slim-*")
    assert arguments("ENTRYPOINT") == ['["hpo"]']


def test_the_manifests_take_the_image_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    manifests = [path.read_text() for path in (ROOT / "scripts" / "kubernetes").glob("*.yaml")]
    manifests.append((ROOT / "scripts" / "container" / "compose.yaml").read_text())
    images = {image for text in manifests for image in re.findall(r"image: (\S+hpo:\S+)", text)}
    assert images == set(re.findall(r"-t (\S+)", RECIPE)) == {f"registry.example.org/hpo:{version}"}


COMPOSE = yaml.safe_load((ROOT / "scripts" / "container" / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "hpo:" in service["image"]}


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_there_is_without_rights_or_secrets(name: str) -> None:
    service = OURS[name]
    check_takes(service["command"])
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert not re.search("password|token|secret", " ".join(service["command"]), re.IGNORECASE)
    assert set(service["depends_on"]) <= COMPOSE["services"].keys()
    # What is open to others is open on this machine alone.
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_services_name_is_defined() -> None:
    for service in COMPOSE["services"].values():
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert (ROOT / "scripts" / "container" / OURS["worker"]["build"]["context"]).resolve() == ROOT
    assert int(OURS["worker"]["stop_grace_period"].removesuffix("s")) > 30


def test_the_unit_of_systemd_runs_a_worker_and_gives_it_time_to_stop() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "scripts" / "systemd" / "hpo-worker@.service")
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/hpo")
    check_takes(arguments)
    assert int(unit["Service"]["TimeoutStopSec"]) > 30
    assert unit["Service"]["RestartPreventExitStatus"] == "2"


def test_the_workflow_runs_what_ci_runs() -> None:
    (job,) = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())["jobs"].values()
    assert job["steps"][-1]["run"].endswith(" .ci/run")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
