"""The manifests on a real API server: the first install, the next release, and who is let in.

Needs `etcd` and `kube-apiserver` on PATH or in KUBEBUILDER_ASSETS, where Kubernetes' own test tools
keep them. The operators' kinds are applied too if PREWATT_CRDS names a directory with their
CustomResourceDefinitions. No kubelet and no controllers: nothing is scheduled here.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
ASSETS = os.environ.get("KUBEBUILDER_ASSETS")
CRDS = os.environ.get("PREWATT_CRDS")
OURS = ("prepay-ledger", "meter-gateway", "notifier", "billing", "mosquitto")


def find(program: str) -> str | None:
    return shutil.which(program, path=ASSETS) or shutil.which(program)


ETCD, API_SERVER = find("etcd"), find("kube-apiserver")
KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"

pytestmark = pytest.mark.skipif(
    not (ETCD and API_SERVER), reason="needs etcd and kube-apiserver (KUBEBUILDER_ASSETS)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Cluster:
    """An API server and how to speak with it."""

    port: int
    home: Path

    def kubectl(self, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [KUBECTL, "--server", f"https://127.0.0.1:{self.port}", "--token", "test",
             "--insecure-skip-tls-verify", *arguments],
            input=stdin, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def apply(self, directory: Path) -> str:
        """``kubectl apply -k``, less the kinds whose definitions are not here."""
        if CRDS:
            done = self.kubectl("apply", "-k", directory)
        else:
            text = self.kubectl("kustomize", directory).stdout
            known = [m for m in yaml.safe_load_all(text) if is_builtin(m)]
            done = self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(known))
        assert done.returncode == 0, done.stderr
        return done.stdout


def is_builtin(manifest: dict[str, Any]) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("kubernetes")
    up = Cluster(port=free_port(), home=home)
    store, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    key = home / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (home / "tokens.csv").write_text('test,admin,admin,"system:masters"\n')
    assert ETCD and API_SERVER
    commands: list[list[str]] = [
        [ETCD, f"--data-dir={home}/etcd", f"--listen-client-urls={store}",
         f"--advertise-client-urls={store}", f"--listen-peer-urls={peers}"],
        [API_SERVER, f"--etcd-servers={store}", f"--secure-port={up.port}",
         "--bind-address=127.0.0.1", f"--cert-dir={home}/certs",
         f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
         "--service-account-issuer=https://kubernetes.default.svc",
         f"--token-auth-file={home}/tokens.csv", "--authorization-mode=RBAC",
         "--disable-admission-plugins=ServiceAccount"],
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
        try:
            deadline = time.monotonic() + 180
            while up.kubectl("get", "--raw", "/readyz").returncode:
                assert time.monotonic() < deadline, (home / "log").read_text()[-3000:]
                time.sleep(1)
            yield up
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(timeout=60)


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Cluster:
    """The commands of deploy/README.md, in their order."""
    if CRDS:
        assert cluster.kubectl("apply", "--server-side", "-f", CRDS).returncode == 0
        for crd in Path(CRDS).iterdir():
            waited = cluster.kubectl("wait", "--for=condition=Established", "-f", crd)
            assert waited.returncode == 0, waited.stderr
    namespace = cluster.kubectl("apply", "-f", K8S / "base" / "namespace.yaml")
    assert namespace.returncode == 0, namespace.stderr
    secrets = subprocess.run([K8S / "secrets.sh"], capture_output=True, text=True, check=True)
    created = cluster.kubectl("-n", "prewatt", "create", "-f", "-", stdin=secrets.stdout)
    assert created.returncode == 0, created.stderr
    assert "statefulset.apps/billing created" in cluster.apply(K8S / "overlays" / "production")
    return cluster


def test_secrets_are_not_made_twice(installed: Cluster) -> None:
    secrets = subprocess.run([K8S / "secrets.sh"], capture_output=True, text=True, check=True)
    again = installed.kubectl("-n", "prewatt", "create", "-f", "-", stdin=secrets.stdout)
    assert again.returncode != 0
    assert "already exists" in again.stderr


def test_the_next_release_applies_over_the_first(installed: Cluster, tmp_path: Path) -> None:
    deploy = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", deploy)
    overlay = deploy / "k8s" / "overlays" / "production"
    kustomization = overlay / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("0.1.0", "0.2.0"))
    assert "statefulset.apps/billing configured" in installed.apply(overlay)
    images = installed.kubectl(
        "-n", "prewatt", "get", "statefulset", "billing", "-o",
        "jsonpath={.spec.template.spec.initContainers[*].image}"
        " {.spec.template.spec.containers[*].image}",
    )  # fmt: skip
    assert images.stdout.split() == ["prewatt/billing:0.2.0"] * 2


@pytest.mark.parametrize("name", OURS)
def test_the_namespace_lets_the_pod_in(installed: Cluster, name: str) -> None:
    refused = try_pod(installed, name, pod_spec(installed, name))
    assert refused == "", refused


def test_the_namespace_keeps_a_loose_pod_out(installed: Cluster) -> None:
    spec = pod_spec(installed, "billing")
    del spec["containers"][0]["securityContext"]["capabilities"]
    assert 'violates PodSecurity "restricted' in try_pod(installed, "loose", spec)


def pod_spec(cluster: Cluster, stateful_set: str) -> dict[str, Any]:
    got = cluster.kubectl("-n", "prewatt", "get", "statefulset", stateful_set, "-o", "yaml")
    assert got.returncode == 0, got.stderr
    whole = yaml.safe_load(got.stdout)["spec"]
    spec = whole["template"]["spec"]
    for claim in whole.get("volumeClaimTemplates", []):
        name = claim["metadata"]["name"]
        spec["volumes"].append({"name": name, "persistentVolumeClaim": {"claimName": name}})
    return spec


def try_pod(cluster: Cluster, name: str, spec: dict[str, Any]) -> str:
    """What the API server says against the pod; nothing if it would take it."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{name}-0"}, "spec": spec}
    done = cluster.kubectl(
        "-n", "prewatt", "create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(pod)
    )
    return "" if done.returncode == 0 else done.stderr
