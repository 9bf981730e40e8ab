"""What is installed for the project: what `scripts/lock` and `scripts/sbom` have in common."""
