"""The manifests render, fit Kubernetes' own schemas, and agree with themselves and the code."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
VERSIONS = ("1.31", "1.34")
OPERATORS = {
    # Other people's kinds: no schema at hand, so the tests below check what they refer to.
    "kafka.strimzi.io/v1",
    "postgresql.cnpg.io/v1",
    "keda.sh/v1alpha1",
    "monitoring.coreos.com/v1",
}
SERVICES = {"meter-gateway", "prepay-ledger", "notifier", "billing"}
SCALED = SERVICES - {"meter-gateway"}  # its scale-down would leave readings in an MQTT session
TEMPORARY = "/tmp"  # noqa: S108 - in a container

Manifest = dict[str, Any]


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(directory: Path) -> list[Manifest]:
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"
    return list(yaml.safe_load_all(run(kubectl, "kustomize", directory)))


def of(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pod_of(manifest: Manifest) -> Manifest:
    return manifest["spec"]["template"]["spec"]


def containers(manifest: Manifest) -> list[Manifest]:
    pod = pod_of(manifest)
    return pod.get("initContainers", []) + pod["containers"]


@pytest.fixture(scope="module")
def production() -> list[Manifest]:
    return render(K8S / "overlays" / "production")


@pytest.fixture(scope="module")
def secrets() -> list[Manifest]:
    return list(yaml.safe_load_all(run(K8S / "secrets.sh")))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("directory", ["base", "overlays/production"])
def test_manifests_fit_the_schemas_of_kubernetes(directory: str, version: str) -> None:
    manifests = render(K8S / directory)
    checked = [m for m in manifests if m["apiVersion"] not in OPERATORS]
    for manifest in checked:
        kubernetes_validate.validate(manifest, version, strict=True)
    assert {m["metadata"]["name"] for m in of(checked, "StatefulSet")} == SERVICES | {"mosquitto"}
    assert not of(checked, "Job"), "a Job may not change: the next release's apply would fail"


def test_a_field_that_kubernetes_does_not_know_is_found(production: list[Manifest]) -> None:
    service = of(production, "Service")[0]
    broken = {**service, "spec": {**service["spec"], "sessionAffinty": "None"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_secrets_are_made_for_every_reference(
    production: list[Manifest], secrets: list[Manifest]
) -> None:
    for secret in secrets:
        kubernetes_validate.validate(secret, VERSIONS[0], strict=True)
    made = {(s["metadata"]["name"], key) for s in secrets for key in s["stringData"]}
    used = {
        (ref["name"], ref["key"])
        for workload in of(production, "StatefulSet")
        for container in containers(workload)
        for variable in container.get("env", [])
        if (ref := variable.get("valueFrom", {}).get("secretKeyRef"))
        # The next command key is there during a rotation only.
        and not ref.get("optional")
    }
    assert used <= made
    assert not of(production, "Secret"), "a manifest holds a secret"


def test_config_maps_exist_for_every_reference(production: list[Manifest]) -> None:
    made = {m["metadata"]["name"] for m in of(production, "ConfigMap")}
    used = {
        source["configMapRef"]["name"]
        for workload in of(production, "StatefulSet")
        for container in containers(workload)
        for source in container.get("envFrom", [])
    } | {
        volume["configMap"]["name"]
        for workload in of(production, "StatefulSet")
        for volume in pod_of(workload).get("volumes", [])
        if "configMap" in volume
    }
    assert used == made


def test_billing_has_room_for_a_file_that_is_on_its_way_to_a_bucket(
    production: list[Manifest],
) -> None:
    rooms = {
        workload["metadata"]["name"]: volume["emptyDir"]["sizeLimit"]
        for workload in of(production, "StatefulSet")
        for volume in pod_of(workload)["volumes"]
        if volume["name"] == "tmp"
    }
    assert rooms["billing"] == "2Gi"
    assert {rooms[name] for name in SERVICES - {"billing"}} == {"64Mi"}


def test_every_container_is_confined_and_pinned(production: list[Manifest]) -> None:
    for workload in of(production, "StatefulSet"):
        assert pod_of(workload)["securityContext"]["runAsNonRoot"] is True
        for container in containers(workload):
            name = f"{workload['metadata']['name']}/{container['name']}"
            confinement = container["securityContext"]
            assert confinement["readOnlyRootFilesystem"] is True, name
            assert confinement["allowPrivilegeEscalation"] is False, name
            assert confinement["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name
            assert ":" in container["image"], f"{name} has no tag"
            assert not container["image"].endswith(":latest"), name
            assert TEMPORARY in mounts(container), f"{name} has nowhere to write"


def mounts(container: Manifest) -> set[str]:
    return {mount["mountPath"] for mount in container["volumeMounts"]}


def test_every_service_migrates_its_database_before_it_starts(production: list[Manifest]) -> None:
    """In the pod itself, by the image and the settings that the service runs with, and by the role
    that owns the database, which the service does not know."""
    for workload in of(production, "StatefulSet"):
        if workload["metadata"]["name"] not in SERVICES:
            continue
        (migrate,) = pod_of(workload)["initContainers"]
        (service,) = pod_of(workload)["containers"]
        assert migrate["args"] == ["migrate"]
        for field in ("image", "envFrom"):
            assert migrate[field] == service[field], f"{workload['metadata']['name']}: {field}"
        names = {each["name"] for each in service["env"]}
        assert [each for each in migrate["env"] if each["name"] in names] == service["env"]
        assert {each["name"] for each in migrate["env"]} - names == {
            "OWNER_PASSWORD", "PREWATT_MIGRATION_DATABASE_URL",
        }  # fmt: skip


def test_the_brokers_and_the_topic_operator_pass_the_namespace(production: list[Manifest]) -> None:
    """Strimzi confines its pods by what it is told here, unless its operator is told to."""
    (namespace,) = of(production, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    (pool,) = of(production, "KafkaNodePool")
    (kafka,) = of(production, "Kafka")
    operator = kafka["spec"]["entityOperator"]
    assert set(operator) == {"topicOperator", "template"}, "another operator needs a context too"
    for container in (
        pool["spec"]["template"]["kafkaContainer"],
        operator["template"]["topicOperatorContainer"],
    ):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            "capabilities": {"drop": ["ALL"]},
        }


def test_services_and_budgets_select_pods_that_exist(production: list[Manifest]) -> None:
    pods = {
        w["metadata"]["name"]: w["spec"]["template"]["metadata"]["labels"]
        for w in of(production, "StatefulSet")
    }
    ports = {
        w["metadata"]["name"]: {p["name"] for c in containers(w) for p in c.get("ports", [])}
        for w in of(production, "StatefulSet")
    }

    def selected(selector: dict[str, str]) -> list[str]:
        return [name for name, labels in pods.items() if selector.items() <= labels.items()]

    for service in of(production, "Service"):
        (name,) = selected(service["spec"]["selector"])
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports[name]
    budgets = [
        selected(b["spec"]["selector"]["matchLabels"])
        for b in of(production, "PodDisruptionBudget")
    ]
    assert sorted(budgets) == sorted([service] for service in SERVICES)


def test_every_service_is_probed(production: list[Manifest]) -> None:
    for workload in of(production, "StatefulSet"):
        if workload["metadata"]["name"] not in SERVICES:
            continue
        (container,) = pod_of(workload)["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        startup = container["startupProbe"]
        path, _, within_s = startup["httpGet"]["path"].partition("?within_s=")
        assert path == "/readyz/consume"
        # It passes by itself long before it would kill: Kafka's absence is no fault of ours.
        assert float(within_s) * 2 <= startup["periodSeconds"] * startup["failureThreshold"]


def test_operators_resources_refer_to_what_exists(production: list[Manifest]) -> None:
    sets = {m["metadata"]["name"] for m in of(production, "StatefulSet")}
    scaled = of(production, "ScaledObject")
    assert {m["spec"]["scaleTargetRef"]["name"] for m in scaled} == SCALED <= sets
    for scaler in scaled:
        name = scaler["spec"]["scaleTargetRef"]["name"]
        query = scaler["spec"]["triggers"][0]["metadata"]["query"]
        assert f'group=~"{name}[.].+"' in query, "another's lag"
    for workload in of(production, "StatefulSet"):
        scales = workload["metadata"]["name"] in SCALED
        assert ("replicas" in workload["spec"]) != scales, "it would fight the autoscaler"

    (cluster,) = of(production, "Cluster")
    roles = {
        role["name"]: role["passwordSecret"]["name"] for role in cluster["spec"]["managed"]["roles"]
    }
    databases = {(m["spec"]["name"], m["spec"]["owner"]) for m in of(production, "Database")}
    wanted = {service.replace("-", "_"): f"{service}-database" for service in SERVICES}
    owners = {f"{role}_owner": f"{secret}-owner" for role, secret in wanted.items()}
    assert roles == wanted | owners
    assert databases == {(role, f"{role}_owner") for role in wanted}

    (kafka,) = of(production, "Kafka")
    for topic in of(production, "KafkaTopic", "KafkaNodePool"):
        assert topic["metadata"]["labels"]["strimzi.io/cluster"] == kafka["metadata"]["name"]
    (config,) = [m for m in of(production, "ConfigMap") if m["metadata"]["name"].startswith("prew")]
    assert config["data"]["PREWATT_KAFKA_BOOTSTRAP"] == "prewatt-kafka-bootstrap:9092"


def test_topics_are_those_of_the_contracts() -> None:
    run(sys.executable, K8S / "topics.py", "--check")
