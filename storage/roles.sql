-- What each part of hpo may do in Postgres, and no more: three roles for the database users that you make.
--
-- Run it once, after the first `hpo create-study` has made the tables, as their owner with the right to make roles (or
-- as superuser); running it again changes nothing:
--
--     psql "$HPO_STORAGE" -v ON_ERROR_STOP=1 -1 -f storage/roles.sql
--
-- Then make a user of each kind. The owner of the tables is needed again only for tables of another version.
--
--     CREATE ROLE fleet LOGIN PASSWORD '...' IN ROLE hpo_worker;
--
--   hpo_reader    hpo status, hpo dashboard --read-only
--   hpo_worker    hpo worker, and hpo proxy before workers alone: claims trials, writes to them, ends them
--   hpo_studies   create-study, run, finalize, pause, resume, extend, dashboard: all studies, and no tables

DO $$
DECLARE
    missing text;
    here text := current_schema();
BEGIN
    FOREACH missing IN ARRAY ARRAY['hpo_reader', 'hpo_worker', 'hpo_studies'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = missing) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', missing);
        END IF;
    END LOOP;
    -- Before Postgres 15 everyone may make tables in the schema "public".
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', here);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO hpo_reader', here);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO hpo_reader', current_database());
END
$$;

GRANT hpo_reader TO hpo_worker;
GRANT hpo_worker TO hpo_studies;

GRANT SELECT ON
    studies, study_directions, study_user_attributes, study_system_attributes,
    trials, trial_params, trial_values, trial_intermediate_values, trial_user_attributes, trial_system_attributes,
    trial_heartbeats, version_info, alembic_version
TO hpo_reader;

GRANT INSERT, UPDATE ON
    trials, trial_params, trial_values, trial_intermediate_values, trial_user_attributes, trial_system_attributes
TO hpo_worker;
-- Whoever makes trials locks the study's row, for which Postgres asks for the right to write one of its columns; this
-- one cannot be changed, since the study's direction refers to it.
GRANT UPDATE (study_id) ON studies TO hpo_worker;
GRANT USAGE ON SEQUENCE
    trials_trial_id_seq, trial_params_param_id_seq, trial_values_trial_value_id_seq,
    trial_intermediate_values_trial_intermediate_value_id_seq, trial_user_attributes_trial_user_attribute_id_seq,
    trial_system_attributes_trial_system_attribute_id_seq
TO hpo_worker;

GRANT INSERT, UPDATE, DELETE ON
    studies, study_directions, study_user_attributes, study_system_attributes
TO hpo_studies;
GRANT DELETE ON
    trials, trial_params, trial_values, trial_intermediate_values, trial_user_attributes, trial_system_attributes,
    trial_heartbeats
TO hpo_studies;
GRANT USAGE ON SEQUENCE
    studies_study_id_seq, study_directions_study_direction_id_seq,
    study_user_attributes_study_user_attribute_id_seq, study_system_attributes_study_system_attribute_id_seq
TO hpo_studies;
