"""Where the secrets of a payload are, whatever its type is made of; and how it is shown without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import pydantic
import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field, Json, RootModel, Secret, SecretBytes, SecretStr
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from taskflow.db.secrets import MASK, given_masks, masked
from taskflow.worker.secret_fields import secret_paths


class Login(BaseModel):
    user: str
    password: SecretStr


@dataclass
class Key:
    name: str
    value: SecretBytes | None = None


class Place(TypedDict):
    host: str
    token: SecretStr


class Pair(NamedTuple):
    name: str
    secret: SecretStr


class Pin(Secret[int]):
    pass


class Named(BaseModel):
    one: SecretStr = Field(alias="first")
    other: SecretStr = Field(validation_alias=AliasChoices("second", AliasPath("deep", 0, "third")))


class Checked(BaseModel):
    secret: SecretStr

    @pydantic.field_validator("secret", mode="wrap")
    @classmethod
    def check(cls, value: Any, handler: Any) -> Any:
        return handler(value)

    @pydantic.model_validator(mode="after")
    def whole(self) -> Checked:
        return self


class Card(BaseModel):
    by: Literal["card"]
    number: Annotated[SecretStr, Field(min_length=2)]


class Bill(BaseModel):
    by: Literal["bill"]
    address: str


class Tree(BaseModel):
    label: str
    secret: SecretStr
    children: list[Tree] = []


class Chain(BaseModel):
    next: Chain | None = None
    label: str = ""


class Extra(BaseModel, extra="allow"):
    __pydantic_extra__: dict[str, SecretStr]


class Whole(RootModel[dict[str, list[SecretStr]]]):
    pass


def wrapped(kind: Any) -> Any:
    return pydantic.create_model("Wrapped", x=(kind, ...))


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (SecretStr, {("x",)}),
        (SecretBytes | None, {("x",)}),
        (Secret[dict[str, int]], {("x",)}),
        (Pin, {("x",)}),
        (SecretStr | int, {("x",)}),
        (Login, {("x", "password")}),
        (Login | None, {("x", "password")}),
        (list[Login], {("x", None, "password")}),
        (tuple[str, SecretStr], {("x", None)}),
        (dict[str, Key], {("x", None, "value")}),
        (dict[SecretStr, int], {("x",)}),
        (Place, {("x", "token")}),
        (Pair, {("x", None)}),
        (Named, {("x", "one"), ("x", "first"), ("x", "other"), ("x", "second"), ("x", "deep", None, "third")}),
        (Checked, {("x", "secret")}),
        (Annotated[Card | Bill, Field(discriminator="by")], {("x", "number")}),
        (Tree, {("x", "secret"), ("x", "children", None)}),
        (Chain, set()),
        (Extra, {("x", None)}),
        (Whole, {("x", None, None)}),
        (Json[Login], {("x",)}),
        (Bill, set()),
        (dict[str, Any], set()),
        (Any, set()),
    ],
    ids=lambda value: "" if isinstance(value, set) else str(value),
)
def test_secrets_are_found_wherever_they_are(kind: Any, paths: set[Any]) -> None:
    assert secret_paths(pydantic.TypeAdapter(wrapped(kind))) == paths
    below = {path[1:] for path in paths}
    assert secret_paths(pydantic.TypeAdapter(kind)) == below


def test_a_secret_is_hidden_whatever_is_in_its_place_and_the_rest_is_shown() -> None:
    paths = {("token",), ("accounts", None, "password"), ("by_name", None)}
    payload = {
        "token": {"a": [1]},
        "accounts": [{"user": "a", "password": "p"}, {"user": "b", "password": None}, "odd"],
        "by_name": {"x": 1, "y": "z"},
        "rest": {"token": "shown"},
    }
    assert masked(payload, paths) == {
        "token": MASK,
        "accounts": [{"user": "a", "password": MASK}, {"user": "b", "password": None}, "odd"],
        "by_name": {"x": MASK, "y": MASK},
        "rest": {"token": "shown"},
    }
    assert payload["token"] == {"a": [1]}
    assert masked(None, paths) is None


def test_the_mask_is_found_where_a_secret_belongs_and_nowhere_else() -> None:
    paths = {("token",), ("accounts", None, "password")}
    payload = {"token": MASK, "note": MASK, "accounts": [{"password": "right"}, {"password": MASK}]}
    assert list(given_masks(payload, paths)) == ["payload.token", "payload.accounts.1.password"]
