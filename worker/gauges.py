"""What the metrics tell of a worker's slots and consumers, read whenever somebody asks. In any thread."""

from collections.abc import Iterable, Sequence

from taskflow.infra.metrics import Values
from taskflow.worker.intake import Intake


def gauges(intakes: Sequence[Intake]) -> Iterable[tuple[str, Values]]:
    slots: dict[tuple[str, ...], float] = {}
    deaf: dict[tuple[str, ...], float] = {}
    for intake in intakes:
        group, has = ",".join(intake.queues), intake.slots
        slots |= {(group, "free"): has.free, (group, "stuck"): has.stuck}
        slots[group, "busy"] = max(has.count - has.free - has.stuck, 0)
        deaf |= dict.fromkeys([(queue,) for queue in intake.queues], float(not intake.consumer.is_well))
    yield "taskflow_slots", slots
    yield "taskflow_stuck_threads", {(): sum(intake.slots.stuck for intake in intakes)}
    yield "taskflow_consumer_deaf", deaf
