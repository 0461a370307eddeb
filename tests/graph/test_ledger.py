"""The ledger: how far back it looks, and what it knows of the order in which events came."""

from datetime import UTC, datetime

from taskflow.db.lifecycle import TaskStatus
from taskflow.db.models import StatusEvent
from taskflow.db.transaction import LONGEST_OPEN, PATIENCE
from taskflow.graph.live.ledger import Ledger

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def come(ledger: Ledger, *ids: int, is_found: bool = False) -> None:
    for event_id in ids:
        event = StatusEvent(
            event_id=event_id,
            task_id=f"t{event_id}",
            version=1,
            status=TaskStatus.PENDING,
            attempt=0,
            message=None,
            progress=None,
            title="A task",
            kind="message",
            queue="default",
            created_at=NOON,
            updated_at=NOON,
        )
        ledger.note(event, is_found=is_found)


def begun() -> Ledger:
    ledger = Ledger(0, since=NOON, at=0)
    for event_id in (1, 2):
        ledger.note_before(event_id, f"t{event_id}", 1)
    return ledger


def test_an_id_is_looked_for_as_long_as_a_transaction_may_be_open() -> None:
    ledger = Ledger(10, since=NOON, at=0)
    long = LONGEST_OPEN.total_seconds()
    assert long > PATIENCE.total_seconds()
    for event_id, at in ((20, 1.0), (30, 20.0), (40, long)):
        ledger.compared(event_id, at)
    assert ledger.mark == 10
    ledger.compared(50, long + 1)
    assert ledger.mark == 20
    ledger.compared(60, 2 * long)
    assert ledger.mark == 40


def test_what_came_is_known_from_where_it_looks_on() -> None:
    ledger = begun()
    come(ledger, 5, 4, 9)
    assert ledger.position == 3
    assert ledger.since(0) == [5, 4, 9]
    assert ledger.since(2) == [9]
    ledger.compared(9, 0)
    come(ledger, 12)
    ledger.compared(12, LONGEST_OPEN.total_seconds())
    assert ledger.since(2) is None
    assert ledger.since(3) == [12]
    assert ledger.unseen([9, 10, 12]) == [9, 10]


def test_who_had_an_event_lacks_what_came_after_it_or_is_newer_or_had_to_be_found() -> None:
    ledger = begun()
    come(ledger, 5, 9)
    come(ledger, 3, is_found=True)
    come(ledger, 7, 6, 10)
    assert ledger.after(7) == [9, 3, 6, 10]
    assert ledger.after(2) is None, "nobody saw what came before that"
    assert ledger.after(8) is None, "nobody saw it"
