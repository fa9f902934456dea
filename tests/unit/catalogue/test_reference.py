"""The reference: its pages from definitions made here, and the rules that every real definition must keep."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from kindling.catalogue.event_page import SOURCES, Notes, event_page, slug
from kindling.catalogue.model import Category, Definition, Direction, Field, Result, Source
from kindling.catalogue.reference import CATEGORIES, pages
from kindling.catalogue.registry import catalogue
from kindling.catalogue.schema import arguments_schema, event_schema
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    I32,
    I64,
    SIZE,
    Bytes,
    Enum,
    Flags,
    Member,
    Pointer,
    StringArray,
    Structure,
    Switch,
)
from kindling.catalogue.walk import members, structures, tables, types_of, undocumented, walk

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "reference" / "examples.json"

OPERATION = Enum(table="PUMP_* operation", values={"PUMP_START": 1, "PUMP_AIM": 2})
MODE = Flags(table="pump mode", values={"PM_FAST": 1, "PM_LOUD": 4}, machines={"aarch64": {"PM_LOUD": 8}})
POINT = Structure("point", 16, (Member("x", 0, I64, "how far right"), Member("y", 8, I64, "how far up")))
AIM = Structure("aim", 24, (Member("target", 0, POINT, "where to"), Member("mode", 16, MODE, "how to get there")))


def pump(**changes: object) -> Definition:
    """An event that uses most of what a definition can say."""
    values: dict[str, object] = {
        "name": "pump",
        "source": Source.SYSCALL,
        "category": Category.OTHER,
        "description": "Move water | or wine. It is *not* a real call.",
        "arguments": (
            Field("fd", FD, "the pump"),
            Field("op", OPERATION, "what to do"),
            Field("arg", Switch("op", OPERATION, {"PUMP_AIM": Pointer(AIM)}, ADDRESS), "where to, or nothing"),
            Field("data", Bytes("ret", payload=True), "what came out", Direction.OUT),
            Field("count", SIZE, "how much was asked for"),
            Field("envp", StringArray(), "the environment"),
        ),
        "result": Result(I32, "the amount that was moved", {"EAGAIN": "the pump is dry"}),
        "aliases": ("syscall_exit-pump",),
        "manual": "pump(2)",
        "since": "6.1",
        "numbers": {"x86_64": 999},
        "fires": "when the call returns",
        **changes,
    }
    return Definition(**values)  # type: ignore[arg-type]


def test_page_has_everything_a_definition_says() -> None:
    page = event_page(pump(), {"name": "pump", "ret": 3}, Notes("The return hook alone.", "; net on Sundays"))
    for words in (
        "# pump\n",
        "| Category | [other](../index.md#other); net on Sundays |",
        r"Move water \| or wine. It is \*not\* a real call.",
        "| Also called | `syscall_exit-pump` |",
        "| Since | Linux 6.1 |",
        "| Number | x86_64: 999, not on aarch64 |",
        "| Descriptor | argument `fd`: `fd` describes it |",
        r"| `op` | one of [PUMP\_\* operation](../tables/pump-operation.md) | in | what to do |".replace(r"\_", "_"),
        "| `data` | payload | out | what came out |",
        "### `arg` by `op`",
        "| `PUMP_AIM` | pointer to [struct aim](#struct-aim) |",
        "| `target.x` | i64 | where to: how far right |",
        "| `mode` | flags of [pump mode](../tables/pump-mode.md) | how to get there |",
        "The amount that was moved.\n\nType: i32.",
        "| `EAGAIN` | Resource temporarily unavailable | the pump is dry |",
        "- `arg`: up to 24 bytes, depending on `op`",
        "- `data`: its payload, only when asked for, up to `--snaplen` bytes",
        "- `envp`: the environment, only when asked for",
        "The return hook alone.",
        '{"name": "pump", "ret": 3}',
    ):
        assert words in page
    assert "- `fd`" not in page


def test_table_page_shows_machines_only_where_they_differ() -> None:
    made = pages([pump()], {})
    assert "| `PM_LOUD` | 0x4 | 0x8 |" in made["tables/pump-mode.md"]
    assert "| `PUMP_AIM` | 2 |\n" in made["tables/pump-operation.md"]
    assert "Used by [pump](../events/pump.md) (`arg`)." in made["tables/pump-mode.md"]


def test_index_lists_the_event_under_its_category() -> None:
    index = pages([pump()], {})["index.md"]
    assert re.search(r"## other\n.*\[pump\]\(events/pump\.md\) \| Move water \\\| or wine \|", index, re.DOTALL)


def test_page_without_an_example_says_so() -> None:
    assert event_page(pump()).endswith("## Example\n\nNo example captured yet.\n")


def test_walk_finds_nested_types() -> None:
    assert list(tables([pump()])) == ["pump mode", "PUMP_* operation"]
    assert {type for name, type in types_of(pump()) if name == "arg"} >= {OPERATION, AIM, POINT, MODE, ADDRESS}
    assert structures(pump().argument("arg").type) == [AIM]
    assert [member.name for member in members(AIM)] == ["target.x", "target.y", "mode"]
    assert list(walk(I32)) == [I32]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": ""}, "pump: its description is missing or is no sentence"),
        ({"description": "Move water"}, "pump: its description is missing or is no sentence"),
        ({"fires": ""}, "pump: does not say when it fires"),
        ({"arguments": (Field("fd", FD, ""),)}, "pump: argument fd has no description"),
        ({"result": Result(I32, "")}, "pump: its result has no description"),
        ({"result": Result(I32, "0", {"EIO": ""})}, "pump: error EIO has no description"),
        ({"related": ("siphon",)}, "pump: related to siphon, which does not exist"),
        (
            {"arguments": (Field("p", Pointer(Structure("s", 8, (Member("m", 0, I64),))), "a pointer"),)},
            "pump: struct s: member m has no description",
        ),
    ],
)
def test_what_is_not_documented_is_found(changes: dict[str, object], problem: str) -> None:
    assert undocumented([pump()]) == []
    assert undocumented([pump(**changes)]) == [problem]


def test_table_with_variants_says_which_is_whose() -> None:
    other = Flags(table="pump mode", values={"PM_SLOW": 16})
    twin = pump(name="siphon", arguments=(Field("mode", other, "how"),))
    assert undocumented([pump(), twin]) == []
    page = pages([pump(), twin], {})["tables/pump-mode.md"]
    assert page.index("## pump arg") < page.index("`PM_FAST`") < page.index("## siphon mode") < page.index("`PM_SLOW`")


def test_schema_of_arguments() -> None:
    schema = arguments_schema(pump())
    jsonschema.validate({"fd": 3, "op": "PUMP_AIM", "arg": {"mode": "PM_FAST"}, "count": 8}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"fd": "three"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"hose": 1}, schema)


def test_schema_applies_the_arguments_of_the_named_event() -> None:
    event = {
        "timestamp": 1,
        "name": "pump",
        "source": "syscall",
        "category": "other",
        "cpu": 0,
        "latency": None,
        "thread": {"pid": 1, "tid": 1},
        "fd": {"num": 3, "type": "file"},
        "args": {"fd": 3},
        "ret": 0,
        "error": None,
        "quality": [],
    }
    schema = event_schema([pump()])
    jsonschema.validate(event, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "args": {"fd": "three"}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: value for key, value in event.items() if key != "quality"}, schema)


def test_catalogue_is_documented() -> None:
    assert undocumented(list(catalogue())) == []


def test_every_category_and_source_is_explained() -> None:
    assert set(CATEGORIES) == set(Category)
    assert set(SOURCES) == set(Source)


def test_pages_of_the_catalogue_have_names_of_their_own() -> None:
    definitions = list(catalogue())
    assert len({definition.name for definition in definitions}) == len(definitions)
    names = [slug(name) for name in tables(definitions)]
    assert len(set(names)) == len(names)
    assert all(names)


def test_schema_of_the_catalogue_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(event_schema(catalogue()))


def test_examples_fit_the_schema() -> None:
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(event_schema(catalogue()))
    problems = {name: [error.message for error in validator.iter_errors(event)] for name, event in examples.items()}
    assert {name: messages for name, messages in problems.items() if messages} == {}
    assert [name for name, event in examples.items() if event["name"] != name] == []
    assert [definition.name for definition in catalogue() if definition.name not in examples] == []
