"""What is kept: Optuna storages, the trial queue, leases, artifacts. Knows no torch."""
