"""Spans that are kept in memory, as a test reads them."""

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from taskflow.infra.broker.topology import Topology
from taskflow.infra.tracing.recorded import Recorded


class Recording:
    """`tracing` is what a process of ours records with, `provider` is for those around it."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Recorded(self.provider, Topology(), "memory")

    @property
    def all(self) -> list[ReadableSpan]:
        """Those that have ended, in that order."""
        return list(self._exporter.get_finished_spans())

    def of(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.all if span.kind is kind]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def text(self) -> str:
        """All that is known of them."""
        return "".join(span.to_json() for span in self.all)
