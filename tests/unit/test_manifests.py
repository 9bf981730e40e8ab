"""The Kubernetes manifests against the schemas of Kubernetes itself, which the validator carries with it."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "scripts" / "kubernetes"
DOCUMENTS = [
    (path.name, document) for path in sorted(FOLDER.glob("*.yaml")) for document in yaml.safe_load_all(path.read_text())
]


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=[f"{name}:{d['kind']}" for name, d in DOCUMENTS])
def test_a_manifest_is_valid(name: str, document: dict, version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_the_validator_finds_a_mistake() -> None:
    (job,) = (document for _, document in DOCUMENTS if document["kind"] == "Job")
    broken = job | {"spec": job["spec"] | {"paralelism": 4}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.31", strict=True)


def test_the_job_has_longer_to_stop_than_the_worker_takes() -> None:
    (job,) = (document for _, document in DOCUMENTS if document["kind"] == "Job")
    pod = job["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 30
    assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "hpo"}}]


PODS = [
    (document["metadata"]["name"], document["spec"]["template"])
    for _, document in DOCUMENTS
    if document["kind"] in ("Job", "Deployment")
]
every_pod = pytest.mark.parametrize("pod", [pod for _, pod in PODS], ids=[name for name, _ in PODS])


@every_pod
def test_a_pod_has_no_right_that_it_does_not_need(pod: dict) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
    # What is written goes to a scratch folder that has an end.
    assert all(volume["emptyDir"]["sizeLimit"] for volume in spec["volumes"])


@every_pod
def test_a_pod_calls_nobody_but_storage_artifacts_and_names(pod: dict) -> None:
    policies = [
        document["spec"]
        for _, document in DOCUMENTS
        if document["kind"] == "NetworkPolicy"
        and document["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ]
    assert [set(policy["policyTypes"]) for policy in policies] == [{"Ingress", "Egress"}]
    for rule in policies[0]["egress"]:
        assert rule["to"]
        assert {port["port"] for port in rule["ports"]} <= {53, 443, 5432, 13000}
        for peer in rule["to"]:
            assert peer.get("ipBlock", {}).get("cidr") != "0.0.0.0/0" or peer["ipBlock"]["except"] == ["169.254.0.0/16"]


def test_every_secret_that_a_pod_asks_for_is_there() -> None:
    there = {document["metadata"]["name"] for _, document in DOCUMENTS if document["kind"] == "Secret"}
    containers = [
        document["spec"]["template"]["spec"]["containers"][0]
        for _, document in DOCUMENTS
        if document["kind"] in ("Job", "Deployment")
    ]
    whole = {source["secretRef"]["name"] for c in containers for source in c.get("envFrom", [])}
    single = {e["valueFrom"]["secretKeyRef"]["name"] for c in containers for e in c["env"] if "valueFrom" in e}
    assert (whole, single) == ({"hpo"}, {"hpo-postgres"})
    assert whole | single <= there
