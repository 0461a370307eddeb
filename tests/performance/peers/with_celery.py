"""Celery on RabbitMQ. `python with_celery.py N` enqueues, and prints how long that took; the worker is Celery's own.

With a database for the results it is set to promise what TaskFlow does, as far as it can: a task's start is stored, a
message is acknowledged once its task has ended, and the broker confirms what is published. With Redis for the results
it is set to nothing, but that the broker confirms.
"""

import os
from typing import Any

from celery import Celery
from enqueue import enqueue

QUEUE = "bench.celery"
RESULTS = os.environ["CELERY_RESULTS"]

app = Celery("with_celery", broker=os.environ["RABBITMQ_URL"], backend=RESULTS)
app.conf.task_default_queue = QUEUE
app.conf.broker_transport_options = {"confirm_publish": True}
if RESULTS.startswith("db+"):
    app.conf.task_track_started = True
    app.conf.task_acks_late = True
else:
    app.conf.result_backend_transport_options = {"global_keyprefix": "bench-celery-"}


@app.task
def handle(payload: dict[str, Any]) -> None:
    assert payload["message"]


if __name__ == "__main__":
    enqueue(handle.delay)
