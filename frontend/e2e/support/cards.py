"""A handler whose payload has a secret, for the browser tests."""

from pydantic import BaseModel, SecretStr

import taskflow


class Charge(BaseModel):
    card: SecretStr
    amount: int


@taskflow.task("charge")
def charge(payload: Charge) -> str:
    return f"Charged a card that ends in {payload.card.get_secret_value()[-4:]}"
