"""How much one document may ask for, and the rules that it is held against. Pure: reads the syntax tree, runs nothing.

The measure is linear in the document however often a fragment is spread, and is taken before any rule that expands
fragments: a fragment bomb is refused in the time it takes to read it.
"""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    specified_rules,
)
from graphql.validation.validate import ValidationAbortedError

MAX_CHARACTERS = 65_536  # 13 ms in the lexer; what is large belongs into the variables
MAX_TOKENS = 1_000  # the full introspection query has 191
MAX_DEPTH = 10
MAX_ALIASES = 15
MAX_SELECTIONS = 500  # of one operation or fragment, its fragments expanded; the full introspection query has 239
MAX_COMPARISONS = 20_000  # units that graphql-core spends on fields of the same name: some 5 ms

_INTROSPECTION = {"__schema", "__type"}  # deep by nature: ofType within ofType; graphql-core has a rule for their depth


class OverlappingFields(OverlappingFieldsCanBeMergedRule):
    """The rule with a smaller budget: by default a few hundred repeated fields cost it 100 ms and more."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS

    def enter_selection_set(self, *args: Any) -> None:
        try:
            super().enter_selection_set(*args)
        except ValidationAbortedError:
            raise ValidationAbortedError("The document repeats too many fields.") from None


RULES = tuple(OverlappingFields if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)


def check_length(query: str) -> None:
    """Raise GraphQLError when the document takes too long to read."""
    _hold("characters", len(query), MAX_CHARACTERS)


def check_limits(document: DocumentNode) -> None:
    """Raise GraphQLError, once, for the first limit that the document breaks."""
    meter = _Meter(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = meter.measure(definition.selection_set)
            _hold("levels of fields", size.depth, MAX_DEPTH)
            _hold("fields, fragments and directives", size.selections, MAX_SELECTIONS)
    for name in meter.fragments:  # also those that no operation spreads: the rules expand them all
        _hold("fields, fragments and directives", meter.measure_fragment(name).selections, MAX_SELECTIONS)
    _hold("aliases", meter.aliases, MAX_ALIASES)


def _hold(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise GraphQLError(f"The document has {count} {what}; {limit} are allowed.")


class _Size(NamedTuple):
    depth: int = 0
    selections: int = 0


class _Meter:
    """Visits every node once: a fragment's size is kept by its name."""

    def __init__(self, document: DocumentNode) -> None:
        self.aliases = 0
        self._sizes: dict[str, _Size] = {}
        self.fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def measure(self, selection_set: SelectionSetNode) -> _Size:
        depth = selections = 0
        for node in selection_set.selections:
            inner = self._inside(node)
            if isinstance(node, FieldNode):
                self.aliases += node.alias is not None
                inner_depth = 0 if node.name.value in _INTROSPECTION else inner.depth
                depth = max(depth, inner_depth + 1)
            else:
                depth = max(depth, inner.depth)
            selections += 1 + len(node.directives or ()) + inner.selections
        return _Size(depth, selections)

    def _inside(self, node: SelectionNode) -> _Size:
        if isinstance(node, FragmentSpreadNode):
            return self.measure_fragment(node.name.value)
        nested: SelectionSetNode | None = getattr(node, "selection_set", None)
        return self.measure(nested) if nested else _Size()

    def measure_fragment(self, name: str) -> _Size:
        if name in self.fragments and name not in self._sizes:
            self._sizes[name] = _Size()  # what a cycle adds to itself; the rule against cycles reports it
            self._sizes[name] = self.measure(self.fragments[name])
        return self._sizes.get(name, _Size())
