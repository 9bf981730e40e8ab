"""Large studies, made in no time: a small one's first finished trial many times over."""

from sqlalchemy import Connection, create_engine, text

from storage.url import parse_url

_CHILDREN = {
    "trial_params": "param_name, param_value, distribution_json",
    "trial_values": "objective, value, value_type",
    "trial_intermediate_values": "step, intermediate_value, intermediate_value_type",
    "trial_user_attributes": "key, value_json",
    "trial_system_attributes": "key, value_json",
}


def grow(url: str, study: str, trials: int) -> None:
    """Lets a study on Postgres, all of whose trials are finished, have so many; the first is copied with all it has."""
    engine = create_engine(parse_url(url).engine_url)
    with engine.begin() as connection:
        _copy_first(connection, study, trials)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def _copy_first(connection: Connection, study: str, trials: int) -> None:
    names = {"study": study, "trials": trials}
    found = "SELECT study_id FROM studies WHERE study_name = :study"
    names["id"] = connection.scalar(text(found), names)
    names["made"] = connection.scalar(text("SELECT count(*) FROM trials WHERE study_id = :id"), names)
    names["first"] = connection.scalar(text("SELECT trial_id FROM trials WHERE study_id = :id AND number = 0"), names)
    connection.execute(
        text(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
            "SELECT made, first.study_id, first.state, first.datetime_start, first.datetime_complete "
            "FROM trials first, generate_series(CAST(:made AS int), :trials - 1) made WHERE first.trial_id = :first"
        ),
        names,
    )
    for table, columns in _CHILDREN.items():
        of_first = ", ".join(f"first.{column}" for column in columns.split(", "))
        copy = (
            f"INSERT INTO {table} (trial_id, {columns}) SELECT new.trial_id, {of_first} "  # noqa: S608 - names from above
            f"FROM {table} first, trials new "
            "WHERE first.trial_id = :first AND new.study_id = :id AND new.number >= :made"
        )
        connection.execute(text(copy), names)
    connection.execute(
        text("UPDATE study_user_attributes SET value_json = :trials WHERE study_id = :id AND key = 'hpo:budget'"),
        {**names, "trials": str(trials)},
    )
