"""A Postgres database with tables, the roles of `storage/roles.sql`, and a user of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

import storage
from storage.connection import open_storage

SQL = Path(storage.__file__).with_name("roles.sql")
ROLES = ("hpo_reader", "hpo_worker", "hpo_studies")


@contextmanager
def database_with_roles(postgres, name: str) -> Iterator[Callable[[str], str]]:
    """Makes the database; yields a function from a role to the URL of a user who has it, and none other.

    The tables' owner is a user without further rights, as the first `hpo create-study` would have him.
    """
    owner = f"{name}_owner"
    users = {role: f"{name}_{role}" for role in ROLES}

    def url(user: str) -> str:
        return make_url(postgres.uri(name)).set(username=user).render_as_string(hide_password=False)

    postgres.run(f"CREATE ROLE {owner} LOGIN CREATEROLE")
    postgres.run(f"CREATE DATABASE {name} OWNER {owner}")
    try:
        open_storage(url(owner), create=True).close()
        for _ in range(2):  # the second time changes nothing
            with psycopg.connect(url(owner)) as connection:
                connection.execute(SQL.read_text())
        for role, user in users.items():
            postgres.run(f"CREATE ROLE {user} LOGIN IN ROLE {role}")
        yield lambda role: url(users[role])
    finally:
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
        for role in (*users.values(), *ROLES, owner):
            postgres.run(f"DROP ROLE IF EXISTS {role}")
