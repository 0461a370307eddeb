"""Spans as OpenTelemetry records them. The only file that imports it.

Statements are watched here and not by opentelemetry-instrumentation-sqlalchemy: that takes no SQLAlchemy 2.1, and what
loops of ours ask every second would be a trace each. Names are those of the semantic conventions 1.44, where the ones
for messaging are not stable yet.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy.ext.asyncio import AsyncEngine

from taskflow.db.models import Task
from taskflow.infra.broker.topology import Topology
from taskflow.infra.errors import StartError
from taskflow.infra.tracing import SILENT, Attributes, Span, Tracing
from taskflow.infra.tracing.current import Around
from taskflow.infra.tracing.variables import GRPC, protocol

LAST_EXPORT: Final = 1.5
"""Seconds that a process which stops may take for it: a collector that is away must not hold it up."""
LONGEST_STATEMENT: Final = 500
"""Letters of a statement that are kept. Its values are not in it."""
PROPAGATOR: Final = TraceContextTextMapPropagator()
KEY: Final = "taskflow span"


class RecordedSpan(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def tell(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def fail(self, error: str) -> None:
        self._span.set_attribute("error.type", error)
        self._span.set_status(Status(StatusCode.ERROR, error))


class Recorded(Tracing):
    """`system` is the broker's kind, `topology` its names."""

    def __init__(self, provider: trace.TracerProvider, topology: Topology, system: str) -> None:
        self._tracer = provider.get_tracer("taskflow")
        self._topology = topology
        self._system = system

    def request(self, name: str, traceparent: str | None, attributes: Attributes) -> AbstractContextManager[Span]:
        outer = trace.get_current_span().get_span_context()
        return self._span(name, SpanKind.SERVER, None if outer.is_valid else _context(traceparent), attributes)

    @contextmanager
    def publishing(self, tasks: Sequence[Task]) -> Iterator[Sequence[Span]]:
        """None for a task without a trace: what another program has inserted begins one where it is run."""
        spans = [self._publish(task) if task.trace_id else None for task in tasks]
        try:
            yield [RecordedSpan(span) if span else SILENT for span in spans]
        finally:
            for span in spans:
                if span:
                    span.end()

    def _publish(self, task: Task) -> trace.Span:
        created = _context(task.traceparent)
        attributes = self._message(task) | {"messaging.operation.name": "publish", "messaging.operation.type": "send"}
        return self._tracer.start_span(
            f"publish {task.queue}", created, SpanKind.PRODUCER, attributes, links=_links([created])
        )

    def processing(self, task: Task) -> AbstractContextManager[Span]:
        created = _context(task.traceparent)
        attributes = self._message(task) | {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "taskflow.attempt": task.attempt,
        }
        return self._span(f"process {task.queue}", SpanKind.CONSUMER, created, attributes, _links([created]))

    def _message(self, task: Task) -> dict[str, str | int]:
        route = self._topology.route(task.queue)
        return {
            "messaging.system": self._system,
            "messaging.destination.name": f"{route.exchange}:{route.routing_key}",
            "messaging.rabbitmq.destination.routing_key": route.routing_key,
            "messaging.message.id": task.id,
            "taskflow.kind": task.kind,
            "taskflow.queue": task.queue,
        }

    def sharing(self, name: str, attributes: Attributes) -> Around:
        kind = SpanKind.CLIENT if "db.system.name" in attributes else SpanKind.INTERNAL
        return partial(self._share, name, kind, attributes)

    @contextmanager
    def _share(self, name: str, kind: SpanKind, attributes: Attributes, traceparents: Sequence[str]) -> Iterator[None]:
        """One that is recorded comes first: what it is part of can be seen."""
        distinct = sorted(dict.fromkeys(traceparents), key=lambda one: not int(one[-2:], 16) & trace.TraceFlags.SAMPLED)
        if not distinct:
            yield
            return
        first, *others = map(_context, distinct)
        with self._span(name, kind, first, attributes, _links(others)):
            yield

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        parent: Context | None,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> Iterator[Span]:
        """Of an error that ends it the type is told: its text may quote what the caller sent."""
        span = self._tracer.start_span(name, parent, kind, attributes, links=links)
        told = RecordedSpan(span)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield told
            except Exception as error:
                told.fail(type(error).__name__)
                raise

    def watch(self, engine: AsyncEngine) -> None:
        system = engine.dialect.name
        sa.event.listen(engine.sync_engine, "before_cursor_execute", partial(self._begin_statement, system))
        sa.event.listen(engine.sync_engine, "after_cursor_execute", _end_statement)
        sa.event.listen(engine.sync_engine, "handle_error", _fail_statement)

    def _begin_statement(self, system: str, connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not trace.get_current_span().is_recording():
            return
        attributes = {
            "db.system.name": system,
            "db.operation.name": (operation := statement.split(maxsplit=1)[0].upper()),
            "db.query.text": statement[:LONGEST_STATEMENT],
        }
        connection.info[KEY] = self._tracer.start_span(operation, kind=SpanKind.CLIENT, attributes=attributes)


def _end_statement(connection: sa.Connection, *_: Any) -> None:
    if span := connection.info.pop(KEY, None):
        span.end()


def _fail_statement(context: sa.engine.ExceptionContext) -> None:
    span = context.connection.info.pop(KEY, None) if context.connection else None
    if span:
        RecordedSpan(span).fail(type(context.original_exception).__name__)
        span.end()


def _context(traceparent: str | None) -> Context:
    """Without a span where there is no trace: then what is begun in it begins one."""
    return PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def _links(contexts: Iterable[Context]) -> list[Link]:
    found = [trace.get_current_span(one).get_span_context() for one in contexts]
    return [Link(one) for one in found if one.is_valid]


@asynccontextmanager
async def open_provider() -> AsyncIterator[trace.TracerProvider]:
    """The process's own: what handlers record by themselves goes the same way. Made where nobody has made one.

    It stays, since OpenTelemetry takes one for the life of a process; what it holds is exported on leaving.
    """
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)  # it would wait for a collector
        provider.add_span_processor(BatchSpanProcessor(_exporter()))
        trace.set_tracer_provider(provider)
    try:
        yield provider
    finally:
        exporting = threading.Thread(target=provider.force_flush, daemon=True, name="last export")
        exporting.start()
        await asyncio.to_thread(exporting.join, LAST_EXPORT)


def _resource() -> Resource:
    """`taskflow`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES says otherwise."""
    given = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": "taskflow", **given})


def _exporter() -> SpanExporter:
    """Raises StartError when the one asked for is not installed."""
    if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
        return ConsoleSpanExporter()
    if protocol(os.environ) == GRPC:
        try:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
        except ModuleNotFoundError as error:
            raise StartError(
                "OTEL_EXPORTER_OTLP_PROTOCOL asks for grpc: pip install opentelemetry-exporter-otlp-proto-grpc"
            ) from error
        exporter: SpanExporter = GrpcExporter()
        return exporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
