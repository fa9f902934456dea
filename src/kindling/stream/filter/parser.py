"""From text to expression: recursive descent over `or`, `and`, `not`, parentheses and comparisons, types checked."""

from __future__ import annotations

from collections.abc import Iterable

from kindling.catalogue.model import Definition
from kindling.errors import UsageError
from kindling.stream.fields import Field, FieldType, lookup, nearest
from kindling.stream.filter.expression import (
    EQUALITY,
    LISTS,
    NEGATIVE,
    ORDER,
    Expression,
    Literal,
    Operator,
    Test,
    both,
    either,
    negate,
)
from kindling.stream.filter.literals import LiteralError, literal
from kindling.stream.filter.scanner import Scanner, Word

MAX_DEPTH = 100
"""How deep parentheses may be nested."""

_SYMBOLS = {
    "=": Operator.EQ,
    "==": Operator.EQ,
    "!=": Operator.NE,
    "<": Operator.LT,
    "<=": Operator.LE,
    ">": Operator.GT,
    ">=": Operator.GE,
}
_WORDS = {o.value: o for o in Operator if o.value.isalpha()} | {"intersects": Operator.IN}
_PRESENCE = frozenset({Operator.EXISTS})
_TEXT = frozenset(set(Operator) - ORDER)
_ALLOWED = {
    FieldType.INTEGER: EQUALITY | ORDER | _PRESENCE,
    FieldType.DURATION: EQUALITY | ORDER | _PRESENCE,
    FieldType.TIME: EQUALITY | ORDER | _PRESENCE,
    FieldType.STRING: _TEXT,
    FieldType.BYTES: _TEXT,
    FieldType.ADDRESS: EQUALITY | _PRESENCE,
    FieldType.BOOLEAN: EQUALITY | _PRESENCE,
    FieldType.ANY: frozenset(Operator),
}


class Names:
    """The events and arguments that there are, to find misspelt ones. Without definitions every name passes."""

    def __init__(self, definitions: Iterable[Definition] | None) -> None:
        self.events: set[str] = set()
        self.arguments: set[str] = set()
        self.known = definitions is not None
        for definition in definitions or ():
            self.events.update((definition.name, *definition.aliases))
            self.arguments.update(argument.name for argument in definition.arguments)

    def check_event(self, name: str) -> None:
        """Raises LiteralError if no event has this name."""
        if self.known and name not in self.events:
            near = nearest(name, self.events)
            hint = f"did you mean {' or '.join(near)}?" if near else "'kindling events' lists them all"
            raise LiteralError(f"no event is called {name!r}; {hint}")

    def check_argument(self, path: str) -> None:
        """Raises LiteralError if no event has this argument."""
        name = path.split(".", 1)[0]
        if self.known and name not in self.arguments:
            near = nearest(name, self.arguments)
            hint = f"did you mean {' or '.join(near)}?" if near else "'kindling events NAME' shows an event's arguments"
            raise LiteralError(f"no event has an argument {name!r}; {hint}")


def parse(text: str, definitions: Iterable[Definition] | None = None) -> Expression:
    """The expression that `text` says. With `definitions`, events and arguments that none of them has are errors too.

    Raises FilterError with the column where it went wrong.
    """
    return _Parser(Scanner(text), Names(definitions)).filter()


class _Parser:
    def __init__(self, scanner: Scanner, names: Names) -> None:
        self._scanner = scanner
        self._names = names

    def filter(self) -> Expression:
        scanner = self._scanner
        if scanner.at_end:
            raise scanner.error("it is empty")
        expression = self._any(0)
        if not scanner.at_end:
            raise scanner.error("expected 'and', 'or' or the end")
        return expression

    def _any(self, depth: int) -> Expression:
        alternatives: list[Expression] = []
        conjuncts = [self._operand(depth)]
        while True:
            if self._scanner.keyword("and"):
                conjuncts.append(self._operand(depth))
            elif self._scanner.keyword("or"):
                alternatives.append(both(conjuncts))
                conjuncts = [self._operand(depth)]
            else:
                return either([*alternatives, both(conjuncts)])

    def _operand(self, depth: int) -> Expression:
        scanner = self._scanner
        negated = False
        while scanner.keyword("not"):
            negated = not negated
        opening = scanner.position
        if scanner.accept("("):
            if depth >= MAX_DEPTH:
                raise scanner.error(f"parentheses nested deeper than {MAX_DEPTH}", opening)
            operand = self._any(depth + 1)
            if not scanner.accept(")"):
                raise scanner.error("expected ')'")
        else:
            operand = self._comparison()
        return negate(operand) if negated else operand

    def _comparison(self) -> Expression:
        scanner = self._scanner
        start = scanner.position
        name = scanner.field()
        if name is None:
            raise scanner.error("expected a field, 'not' or '('")
        if name.lower() in ("and", "or"):
            raise scanner.error(f"expected a field, 'not' or '(' before {name!r}", start)
        field = self._field(name, start)
        place = scanner.position
        operator = self._operator(field)
        if operator is None:
            return Test(field.name, Operator.EQ, (True,))
        if operator not in _ALLOWED[field.type]:
            raise scanner.error(
                f"{field.name} is of type {field.type_text}: it cannot be compared with '{operator}'", place
            )
        if operator is Operator.EXISTS:
            return Test(field.name, operator)
        words = self._list() if operator in LISTS else [self._value()]
        return self._test(field, operator, words)

    def _field(self, name: str, start: int) -> Field:
        try:
            field = lookup(name)
            if field.name.startswith("evt.arg."):
                self._names.check_argument(field.name.removeprefix("evt.arg."))
        except (UsageError, LiteralError) as error:
            raise self._scanner.error(str(error), start) from None
        return field

    def _operator(self, field: Field) -> Operator | None:
        """The operator; None if there is none and the field is a condition by itself."""
        scanner = self._scanner
        symbol = scanner.symbol()
        if symbol is not None:
            return _SYMBOLS[symbol]
        word = scanner.peek_keyword()
        if word in _WORDS and scanner.keyword(word):
            return _WORDS[word]
        start = scanner.position
        if word == "not" and scanner.keyword("not"):
            if scanner.keyword("in"):
                return Operator.NOT_IN
            raise scanner.error("expected 'in' after 'not'; write 'not FIELD ...' for everything else", start)
        if field.type is FieldType.BOOLEAN and (scanner.at_end or word in ("and", "or") or scanner.text[start] == ")"):
            return None
        near = nearest(word, _WORDS) if word else []
        hint = f"did you mean {' or '.join(near)}?" if near else f"one of {' '.join((*_SYMBOLS, *_WORDS))}"
        raise scanner.error(f"expected an operator after {field.name}: {hint}")

    def _value(self) -> Word:
        word = self._scanner.value()
        if word is None:
            raise self._scanner.error("expected a value")
        return word

    def _list(self) -> list[Word]:
        scanner = self._scanner
        if not scanner.accept("("):
            # One value without parentheses is a list of one.
            return [self._value()]
        if scanner.accept(")"):
            return []
        words = [self._value()]
        while scanner.accept(","):
            words.append(self._value())
        if not scanner.accept(")"):
            raise scanner.error("expected ',' or ')'")
        return words

    def _test(self, field: Field, operator: Operator, words: list[Word]) -> Expression:
        # A dictionary, because a filter of 64 KiB can list thousands.
        values: dict[Literal, None] = {}
        host = False
        for word in words:
            if field.name == "container.id" and operator in EQUALITY and word.text == b"host":
                # Falco's rules call what runs outside of containers so; here it has no id.
                host = True
                continue
            try:
                if field.name == "evt.type" and operator in EQUALITY:
                    self._names.check_event(word.text.decode("utf-8", "backslashreplace"))
                value = literal(field, operator, word)
            except LiteralError as error:
                raise self._scanner.error(str(error), word.position) from None
            values[value] = None
        test = Test(field.name, operator, tuple(values))
        return _with_host(test) if host else test


def _with_host(test: Test) -> Expression:
    """`test` of the container where "host" was one of the values: no container at all."""
    inside = Test(test.field, Operator.EXISTS)
    if test.operator in NEGATIVE:
        return test if test.values else inside
    return either([negate(inside), test]) if test.values else negate(inside)
