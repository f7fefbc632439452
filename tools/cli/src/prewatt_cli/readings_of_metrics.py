"""Read what services export: counters, gauges, and quantiles of histograms."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at a service's ``/metrics``."""

    samples: tuple[tuple[str, Labels, float], ...]

    def total(self, name: str, **labels: str) -> float:
        """Sum over all samples of that name that carry the labels; 0 where there are none."""
        return sum(value for _, value in self._matching(name, labels))

    def quantile(self, histogram: str, q: float, **labels: str) -> float | None:
        """The ``q`` quantile in seconds, as Prometheus estimates it; none without samples."""
        buckets: dict[float, float] = {}
        for found, count in self._matching(f"{histogram}_bucket", labels):
            bound = float(found["le"])
            buckets[bound] = buckets.get(bound, 0) + count
        return _quantile(sorted(buckets.items()), q)

    def _matching(self, name: str, labels: Labels) -> Iterable[tuple[Labels, float]]:
        for sample, found, value in self.samples:
            if sample == name and all(found.get(key) == want for key, want in labels.items()):
                yield found, value


def _quantile(buckets: list[tuple[float, float]], q: float) -> float | None:
    if not buckets or buckets[-1][1] == 0:
        return None
    rank = q * buckets[-1][1]
    below_bound, below_count = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if math.isinf(bound) or count == below_count:
                return below_bound
            share = (rank - below_count) / (count - below_count)
            return below_bound + (bound - below_bound) * share
        below_bound, below_count = bound, count
    return None


def scrape(base_url: str) -> Scrape:
    """Ask a service for its metrics. Raises httpx.HTTPError."""
    text = httpx.get(f"{base_url}/metrics", timeout=10).raise_for_status().text
    return Scrape(
        tuple(
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        )
    )
