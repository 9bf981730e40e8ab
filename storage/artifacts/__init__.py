"""Artifacts: bytes under their own SHA-256 or a name, in a folder or in S3; and the plots of optuna-dashboard."""

from storage.artifacts.named import NamedBlobs
from storage.artifacts.store import (
    ArtifactStore,
    Blobs,
    default_artifact_location,
    open_artifacts,
    open_blobs,
    sha256_of,
)

__all__ = [
    "ArtifactStore",
    "Blobs",
    "NamedBlobs",
    "default_artifact_location",
    "open_artifacts",
    "open_blobs",
    "sha256_of",
]
