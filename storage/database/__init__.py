"""SQLite and Postgres: whatever knows Optuna's tables stands here."""
