"""Where a study lives: one value, made once from what the user named, and handed on as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.artifacts import default_artifact_location
from storage.secrets import remember
from storage.url import parse_url, redact

_STORAGE, _STUDY, _ARTIFACTS = "HPO_STORAGE", "HPO_STUDY", "HPO_ARTIFACTS"


@dataclass(frozen=True, kw_only=True)
class StudyAddress:
    """Storage, study and artifacts, as the user named them. Shown, it holds no password."""

    #: A URL; it may hold a password.
    storage: str
    #: None where the storage holds one study, or where none is meant.
    study: str | None = None
    #: A folder, or s3://BUCKET/PREFIX; None for the place beside the storage.
    artifacts: str | None = None

    def __post_init__(self) -> None:
        # Before anything is done with them that could be told.
        remember(self.storage)
        if self.artifacts and ":" in self.artifacts:  # else a folder
            remember(self.artifacts)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "StudyAddress":
        """Reads what `environment` wrote.

        Raises:
            KeyError: No storage is named.
        """
        return cls(
            storage=environment[_STORAGE],
            study=environment.get(_STUDY),
            artifacts=environment.get(_ARTIFACTS),
        )

    @property
    def environment(self) -> dict[str, str]:
        """Writes the address as environment variables: arguments are seen by every user of the machine."""
        named = {_STORAGE: self.storage, _STUDY: self.study, _ARTIFACTS: self.artifacts}
        return {name: value for name, value in named.items() if value}

    @property
    def artifact_location(self) -> str:
        """Where the artifacts lie.

        Raises:
            StorageError: Nobody said where, and the storage's URL cannot be read.
        """
        return self.artifacts or default_artifact_location(self.storage)

    @property
    def shown(self) -> str:
        """The storage without secrets, as it may be read elsewhere: a file's path is whole.

        Raises:
            StorageError: Its URL cannot be read.
        """
        target = parse_url(self.storage)
        return target.shown if target.path is None else f"sqlite:///{target.path.resolve()}"

    @property
    def artifacts_shown(self) -> str:
        """Where the artifacts lie, without secrets, as it may be read elsewhere: a folder's path is whole."""
        place = self.artifact_location
        return redact(place) if "://" in place else str(Path(place).resolve())

    @property
    def local_paths(self) -> list[Path]:
        """The database's file and the artifacts' folder, where they lie on this machine.

        Raises:
            StorageError: The storage's URL cannot be read.
        """
        database, artifacts = parse_url(self.storage).path, self.artifact_location
        here = [] if "://" in artifacts else [Path(artifacts)]
        return here if database is None else [database, *here]

    def __repr__(self) -> str:
        named = {"storage": self.storage, "study": self.study, "artifacts": self.artifacts}
        fields = (f"{name}={redact(value)!r}" for name, value in named.items() if value is not None)
        return f"{type(self).__name__}({', '.join(fields)})"
