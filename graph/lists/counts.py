"""How many tasks a list has: exact where that is cheap or read anyway, else at least so many."""

from taskflow.db import counting
from taskflow.db.counting import Count
from taskflow.db.filters import Filter
from taskflow.db.lifecycle import TaskStatus
from taskflow.graph.services import Services


async def count(services: Services, where: Filter) -> Count:
    """Of many that have some status, or any, as the figures have it. Raises StoreUnavailable."""
    counted = await counting.count(services.resources.engine, where)
    if not counted.is_capped or where != Filter(statuses=where.statuses):
        return counted
    by_status = (await services.stats.get()).by_status
    return Count(sum(by_status[status] for status in set(where.statuses or TaskStatus)), is_capped=False)
