"""A receiver of OTLP over HTTP: what it gets it decodes, as any collector does."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.graph.serve import serving
from tests.integration.program import START_SECONDS

SERVER = trace_pb2.Span.SPAN_KIND_SERVER
CLIENT = trace_pb2.Span.SPAN_KIND_CLIENT
PRODUCER = trace_pb2.Span.SPAN_KIND_PRODUCER
CONSUMER = trace_pb2.Span.SPAN_KIND_CONSUMER
INTERNAL = trace_pb2.Span.SPAN_KIND_INTERNAL


@dataclass(frozen=True)
class Received:
    """A span; ids are hexadecimal, `links` has (trace, span) of each."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: list[tuple[str, str]]
    attributes: dict[str, Any]
    is_error: bool
    service: str

    @classmethod
    def of(cls, span: trace_pb2.Span, service: str) -> Received:
        return cls(
            name=span.name,
            kind=span.kind,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            attributes=_values(span.attributes),
            is_error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
            service=service,
        )


def _values(pairs: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in pairs}


@dataclass
class Collector:
    """`ours` has what TaskFlow itself recorded, as it came: what a handler's author records is theirs."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)
    ours: bytearray = field(default_factory=bytearray)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(group.resource.attributes)["service.name"]
            for scope in group.scope_spans:
                self.spans += [Received.of(span, service) for span in scope.spans]
                if scope.scope.name == "taskflow":
                    self.ours += scope.SerializeToString()
        async with self._came:
            self._came.notify_all()
        return Response(media_type="application/x-protobuf")

    async def of_trace(self, trace: str, enough: Callable[[list[Received]], bool]) -> list[Received]:
        """The spans of one trace, once there are enough of them."""
        async with asyncio.timeout(START_SECONDS), self._came:
            while not enough(found := [span for span in self.spans if span.trace == trace]):
                await self._came.wait()
            return found


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    async with serving(app) as address:
        collector.url = f"http://{address}"
        yield collector
