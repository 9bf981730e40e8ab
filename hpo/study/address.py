"""Where a study lives, for the processes that work on it. No more than that: every worker imports it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StudyAddress:
    """Where a study lives, as the user named it."""

    storage: str
    study: str
    artifacts: str | None

    @property
    def environment(self) -> dict[str, str]:
        """For worker processes."""
        place = {"HPO_STORAGE": self.storage, "HPO_STUDY": self.study}
        return place | ({"HPO_ARTIFACTS": self.artifacts} if self.artifacts else {})
