"""What a document may ask for: every bomb gets a clear error in milliseconds, and the tools of the trade pass."""

import gc
import time

import pytest
from graphql import get_introspection_query

from tests.graph.toy import schema

TOLERABLE = 0.5  # seconds of this thread's time; the slowest takes 0.03, and what is not mended takes minutes


def levels(count: int) -> str:
    """`count` levels of fields."""
    return "{" + "node {" * (count - 1) + "name" + "}" * count


def fragments(count: int, body: str) -> str:
    """A chain of fragments: in each body, NEXT is the spread of the one after it."""
    chain = (f"fragment F{n} on Node {{ {body.replace('NEXT', f'...F{n + 1}')} }}" for n in range(count))
    return "{ node { ...F0 } }" + " ".join(chain) + f"fragment F{count} on Node {{ name }}"


BOMBS = {
    "two to the sixtieth spreads": fragments(60, "NEXT NEXT"),
    "two to the fortieth fields": fragments(40, "a: node { NEXT } b: node { NEXT }"),
    "three to the eighth fields without an alias": fragments(8, "node { NEXT } node { NEXT } node { NEXT }"),
    "two to the sixtieth, never used": "{ hello }" + fragments(60, "NEXT NEXT").partition("} }")[2],
    "a cycle that grows": "{ node { ...A } } fragment A on Node { node { ...A } ...B } fragment B on Node { ...A }",
    "wide inline fragments": "{" + "... { hello } " * 245 + "}",
    "a field repeated": "{" + "hello " * 499 + "}",
    "a field with an argument repeated": "{" + 'hello(name: "x") ' * 160 + "}",
    "a field with fields repeated": "{" + "node { name } " * 240 + "}",
    "fragments that overlap pairwise": "{ node {"
    + " ".join(f"...F{n}" for n in range(90))
    + "} }"
    + " ".join(f"fragment F{n} on Node {{ node {{ name }} }}" for n in range(90)),
    "10,000 tokens": "{" + "hello " * 10_000 + "}",
    "a megabyte": "{ hello }" + "," * 1_000_000,
    "500 directives": "{ hello " + "@include(if: true) @a " * 250 + "}",
    "eleven levels": levels(11),
    "three hundred levels": levels(300),
    "levels in an operation and a fragment": levels(160).replace("name", "...F") + "fragment F on Node" + levels(160),
    "sixteen aliases": "{" + " ".join(f"a{n}: hello" for n in range(16)) + "}",
    "lists in lists": "{ echo(value: " + "[" * 480 + "]" * 480 + ") }",
    "objects in objects": "{ echo(value: " + "{a:" * 15_000 + "1" + "}" * 15_000 + ") }",
    "braces alone": "{" * 60_000,
    "introspection in circles": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
}


@pytest.mark.parametrize("document", BOMBS.values(), ids=BOMBS)
async def test_bomb_is_refused_at_once(document: str) -> None:
    gc.collect()  # the garbage of the tests before this one is not the document's
    started = time.thread_time()
    result = await schema.execute(document)
    assert time.thread_time() - started < TOLERABLE
    assert result.data is None
    assert {(error.extensions or {})["code"] for error in result.errors or []} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (levels(11), "The document has 11 levels of fields; 10 are allowed."),
        ("{" + "...{" * 300 + "hello" + "}" * 301, "Syntax Error: Document is nested too deeply. Parsing aborted."),
        (BOMBS["sixteen aliases"], "The document has 16 aliases; 15 are allowed."),
        (BOMBS["a field repeated"], "The document repeats too many fields."),
        (BOMBS["a megabyte"], "The document has 1000009 characters; 65536 are allowed."),
        ("{" + "hello " * 501 + "}", "The document has 501 fields, fragments and directives; 500 are allowed."),
    ],
)
async def test_error_says_which_limit_was_passed(document: str, message: str) -> None:
    result = await schema.execute(document)
    assert [error.message for error in result.errors or []] == [message]


LEGITIMATE = {
    "ten levels": levels(10),
    "fifteen aliases": "{" + " ".join(f"a{n}: hello" for n in range(15)) + "}",
    "fifteen aliases in a fragment that is spread twice": "{ node { ...F node { ...F } } } fragment F on Node {"
    + " ".join(f"a{n}: name" for n in range(15))
    + "}",
    "twenty components that ask for the same": "{ node {"
    + " ".join(f"...F{n}" for n in range(20))
    + "} }"
    + " ".join(f"fragment F{n} on Node {{ name node {{ name }} }}" for n in range(20)),
    "the introspection of an IDE": get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    ),
}


@pytest.mark.parametrize("document", LEGITIMATE.values(), ids=LEGITIMATE)
async def test_what_clients_really_send_passes(document: str) -> None:
    result = await schema.execute(document)
    assert result.errors is None


async def test_refusal_is_never_kept_and_a_good_document_is_read_once() -> None:
    for _ in range(2):
        await schema.execute("{ hello, node { name } }")
        await schema.execute("{ nothing }")
    before = schema.documents.cache_info()
    await schema.execute("{ hello, node { name } }")
    await schema.execute("{ nothing }")
    after = schema.documents.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses, after.currsize) == (1, 1, before.currsize)
