"""Errors of the storage room. The command line prints them as they are: message, then next step."""


class StorageError(Exception):
    """Root of every error that `storage` raises on purpose.

    Args:
        message: What failed, on which study or trial; secrets are redacted by whoever raises.
        next_step: What the user can do about it; may be empty.
    """

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class StorageUnavailableError(StorageError):
    """The storage does not answer, or cannot be used from here."""


class StorageForbiddenError(StorageError):
    """The storage does not allow this user what was asked for."""


class StudyNotFoundError(StorageError):
    """No study of that name, or no study at all."""


class StudyExistsError(StorageError):
    """A study of that name is there already."""


class LeaseLostError(StorageError):
    """The trial is no longer held by this worker."""


class ArtifactMissingError(StorageError):
    """No artifact of that hash at the artifact location."""


class ArtifactCorruptError(StorageError):
    """The bytes of an artifact do not match their hash."""
