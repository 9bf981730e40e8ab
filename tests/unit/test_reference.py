"""The page of all commands and options is what the commands are, and what the other pages name is on it."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "guides").glob("*.md"))]
#: Of other programs, or of scripts.
FOREIGN = re.compile(
    r"--(require-hashes|no-deps|no-build-isolation|only-binary|index-url|signal|array|gres|time|beside)"
)


def test_the_page_is_what_the_commands_are() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "reference", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_option_of_a_shown_command_is_there() -> None:
    known = (
        set(re.findall(r"`(--[a-z-]+)", REFERENCE))
        | set(re.findall(r"/ (--[a-z-]+)", REFERENCE))
        | {"--help", "--version"}
    )
    shown = {
        option
        for page in PAGES
        for command in re.findall(r"`(hpo [^`]+)`|^(hpo [^#\n]+)", page.read_text(), re.MULTILINE)
        for option in re.findall(r"(?<!\w)--[a-z-]+", "".join(command))
    }
    assert shown
    assert not {option for option in shown - known if not FOREIGN.match(option)}


def test_links_of_pages_lead_to_files_that_are_there() -> None:
    pages = [*PAGES, *sorted((ROOT / "docs" / "decisions").glob("*.md")), ROOT / "CHANGELOG.md"]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
