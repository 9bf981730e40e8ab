"""Studies and their attributes, on every storage."""

import pytest
from optuna.study import StudyDirection

from storage.errors import StorageError, StudyExistsError, StudyNotFoundError
from storage.studies import create_study, find_study, study_names


def test_a_study_is_found_by_name_and_alone(study, storage):
    assert find_study(storage).study_id == find_study(storage, "tuberculosis").study_id == study.study_id
    assert find_study(storage).name == "tuberculosis"


def test_a_name_is_given_once(study, storage):
    with pytest.raises(StudyExistsError, match="'tuberculosis'") as caught:
        create_study(storage, "tuberculosis")
    assert "hpo worker" in caught.value.next_step


def test_what_is_not_found_names_what_there_is(storage):
    with pytest.raises(StudyNotFoundError, match="holds no study"):
        find_study(storage)
    create_study(storage, "one")
    create_study(storage, "two")
    assert study_names(storage) == ["one", "two"]
    for name in (None, "three"):
        with pytest.raises(StudyNotFoundError, match="one, two"):
            find_study(storage, name)


def test_attributes_are_json_and_the_last_writer_wins(study, another):
    long = {"letters": "ACGT" * 5000, "numbers": [1, 2.5, None]}
    study.set("hpo:contract", long)
    study.set("hpo:budget", 10)
    another.storage.set_study_user_attr(study.study_id, "hpo:budget", 20)
    assert study.attributes() == {"hpo:contract": long, "hpo:budget": 20}


def test_a_name_as_long_as_can_be_is_kept_and_a_longer_one_said_to_be_too_long(storage):
    assert find_study(storage, create_study(storage, "n" * 512).name).name == "n" * 512
    with pytest.raises(StorageError, match="has 513 characters"):
        create_study(storage, "n" * 513)


def test_the_direction_is_told(study, storage):
    assert study.directions() == [StudyDirection.MAXIMIZE]
    storage.create_new_study([StudyDirection.MINIMIZE], "theirs")
    assert find_study(storage, "theirs").directions() == [StudyDirection.MINIMIZE]


def test_a_study_that_was_deleted_is_said_to_be(study, another, worker):
    study.check_it_is_there()
    study.storage.delete_study(study.study_id)
    with pytest.raises(StudyNotFoundError, match="'tuberculosis' was deleted"):
        study.check_it_is_there()
    with pytest.raises(StudyNotFoundError, match="deleted"):
        another.claim(worker(), 3)
