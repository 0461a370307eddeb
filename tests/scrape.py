"""What a scrape says: samples by their names and labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

Key = tuple[str, frozenset[tuple[str, str]]]


class Scrape:
    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.samples: dict[Key, float] = {}
        for sample in (sample for family in families for sample in family.samples):
            key = sample.name, frozenset(sample.labels.items())
            assert key not in self.samples, f"{sample.name} comes twice"
            self.samples[key] = sample.value
        self.names = {name for name, _ in self.samples}

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Scrape:
        return cls(generate_latest(registry).decode())

    def value(self, name: str, **labels: str) -> float | None:
        """None where there is no such sample."""
        return self.samples.get((f"taskflow_{name}", frozenset(labels.items())))

    def labels(self, name: str, label: str) -> set[str]:
        """Every value that the label has."""
        return {dict(labels)[label] for found, labels in self.samples if found == f"taskflow_{name}"}
