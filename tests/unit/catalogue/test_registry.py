"""Finding and selecting events, and that the catalogue is complete and documented."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from typing import cast

import pytest

from kindling.catalogue.model import MACHINES, Category, Definition, Direction, Result, Source
from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.registry import DEFINITIONS, Catalogue, catalogue, entry_of, load
from kindling.catalogue.tables.common import ERRNO
from kindling.catalogue.types import ADDRESS, I32, Bytes, Descriptor, LengthFrom, Path, Scalar, Switch, Type
from kindling.catalogue.walk import types_of
from kindling.errors import UnknownEventError

ALL = list(catalogue())


def names(*patterns: str) -> list[str]:
    return [definition.name for definition in catalogue().select(*patterns)]


class TestGet:
    def test_by_name_and_by_kindling_s_names(self) -> None:
        read = catalogue().get("read")
        assert read.name == "read"
        assert catalogue().get("syscall_exit-read") is read
        assert catalogue().get("tracepoint-procexit").name == "process_exit"
        assert catalogue().get("lost").source is Source.KINDLING

    @pytest.mark.parametrize(
        ("wrong", "nearest"),
        [
            ("opnat", "openat"),
            ("raed", "read"),
            ("OPENAT", "openat"),
            ("syscall_enter-raed", "syscall_enter-read"),
            ("tracepoint-procexot", "tracepoint-procexit"),
            ("category:nte", "category:net"),
            ("source:sycall", "source:syscall"),
        ],
    )
    def test_a_wrong_name_tells_the_nearest(self, wrong: str, nearest: str) -> None:
        with pytest.raises(UnknownEventError) as caught:
            catalogue().select(wrong)
        assert caught.value.name == wrong
        assert nearest in caught.value.nearest
        assert nearest in str(caught.value)

    def test_nothing_is_near(self) -> None:
        with pytest.raises(UnknownEventError) as caught:
            catalogue().get("zzzzzzzzzzzz")
        assert caught.value.nearest == ()

    def test_contains(self) -> None:
        assert "read" in catalogue()
        assert "syscall_enter-read" in catalogue()
        assert "syscall_enter-lost" not in catalogue()
        assert 7 not in catalogue()


class TestEntry:
    def test_entry_has_what_goes_in(self) -> None:
        read = catalogue().get("syscall_enter-read")
        assert read.name == "syscall_enter-read"
        assert read.source is Source.SYSCALL_ENTER
        assert read.category is catalogue().get("read").category
        assert read.result is None
        assert read.numbers == NUMBERS["read"]
        assert [argument.name for argument in read.arguments] == ["fd", "data", "count"]
        assert read.argument("data").type == ADDRESS
        assert read.descriptor == "fd"
        assert "read" in read.related

    def test_entry_of_a_call_that_makes_a_descriptor(self) -> None:
        assert catalogue().get("openat").descriptor == "ret"
        entry = catalogue().get("syscall_enter-openat")
        assert entry.descriptor is None
        assert isinstance(entry.argument("path").type, Path)

    def test_arguments_keep_their_places_and_need_no_result(self) -> None:
        for call in catalogue().select("source:syscall"):
            entry = entry_of(call)
            assert [argument.name for argument in entry.arguments] == [argument.name for argument in call.arguments]
            assert entry.descriptor != "ret"
            for argument in entry.arguments:
                assert argument.direction is Direction.IN
                assert argument.description
                assert all(capture.length_from is not LengthFrom.RESULT for capture in argument.type.captures())


class TestSelect:
    def test_names_and_aliases_in_the_catalogue_s_order_without_duplicates(self) -> None:
        assert names("write", "read", "syscall_exit-read", "rea[d]") == ["read", "write"]

    def test_glob(self) -> None:
        assert {"open", "openat", "openat2", "open_tree", "open_by_handle_at"} <= set(names("open*"))
        assert all(name.startswith("open") for name in names("open*"))
        assert {"sync", "syncfs", "sysinfo", "syslog"} <= set(names("sys*")) | set(names("sync*"))
        assert "read" not in names("sys*")
        assert names("?ead") == ["read"]
        assert names("syscall_exit-pread*") == names("pread*")

    def test_category_source_and_all(self) -> None:
        assert "connect" in names("category:net")
        assert all(definition.category is Category.NET for definition in catalogue().select("category:net"))
        assert len(names("source:syscall")) == len(NUMBERS)
        assert names("source:kindling") == ["lost"]
        assert names("all") == names("*") == [definition.name for definition in ALL]
        assert names() == []

    def test_entries_are_selected_only_when_named(self) -> None:
        assert names("syscall_enter-read", "read") == ["syscall_enter-read", "read"]
        assert "syscall_enter-openat" in names("syscall_enter-open*")
        assert names("sys_enter_openat") == ["syscall_enter-openat"]
        entries = catalogue().select("source:syscall_enter")
        assert len(entries) == len(NUMBERS)
        assert {definition.source for definition in entries} == {Source.SYSCALL_ENTER}

    def test_exclusion(self) -> None:
        waits = names("category:wait")
        assert names("category:wait", "-futex") == [name for name in waits if name != "futex"]
        assert names("-futex") == [definition.name for definition in ALL if definition.name != "futex"]
        assert names("-read", "read", "write") == ["write"]
        assert names("open*", "-open*") == []
        assert "connect" not in names("-category:net")
        assert names("syscall_enter-read", "read", "-syscall_enter-read") == ["read"]
        assert names("syscall_enter-read", "read", "-syscall_exit-read") == ["syscall_enter-read"]
        # Not among the wanted, but no mistake.
        assert names("read", "-write") == ["read"]

    @pytest.mark.parametrize(
        "pattern", ["nothing*", "category:", "source:kprobe", "-nothing", "-zz*", "", "syscall_enter-z*"]
    )
    def test_a_pattern_that_selects_nothing_is_a_mistake(self, pattern: str) -> None:
        with pytest.raises(UnknownEventError):
            catalogue().select("read", pattern)


class TestCatalogue:
    def test_is_made_once_and_holds_every_area(self) -> None:
        assert catalogue() is catalogue()
        assert len(catalogue()) == sum(len(area) for area in DEFINITIONS) == len(list(load()))

    def test_by_number(self) -> None:
        for machine in MACHINES:
            found = catalogue().by_number(machine)
            assert {number: definition.name for number, definition in found.items()} == {
                numbers[machine]: name for name, numbers in NUMBERS.items() if machine in numbers
            }
        assert catalogue().by_number("x86_64")[0].name == "read"
        assert catalogue().by_number("aarch64")[63].name == "read"
        assert catalogue().by_number("sparc") == {}

    def test_categories_hold_everything_once(self) -> None:
        found = catalogue().categories()
        assert list(found) == [category for category in Category if category in found]
        assert sorted(definition.name for area in found.values() for definition in area) == sorted(names("all"))

    def test_two_events_of_one_name_are_refused(self) -> None:
        one = catalogue().get("read")
        with pytest.raises(ValueError, match="two events are called read"):
            Catalogue([one, one])


class TestCompleteness:
    """What every definition owes the reference and the kernel side."""

    def test_every_syscall_is_defined_once(self) -> None:
        found = Counter(definition.name for definition in ALL if definition.source is Source.SYSCALL)
        assert sorted(found) == sorted(NUMBERS)
        assert set(found.values()) == {1}

    def test_related_events_exist(self) -> None:
        known = {definition.name for definition in ALL}
        missing = {
            (definition.name, related)
            for definition in ALL
            for related in definition.related
            if related not in known or related == definition.name
        }
        assert missing == set()

    def test_texts(self) -> None:
        assert [problem for definition in ALL for problem in _bad_texts(definition)] == []

    def test_errors_are_errnos(self) -> None:
        unknown = {
            (definition.name, error)
            for definition in ALL
            for error in (definition.result.errors if definition.result else ())
            if error not in ERRNO.values
        }
        assert unknown == set()

    def test_syscalls_have_results_and_at_most_six_arguments(self) -> None:
        for definition in ALL:
            if definition.source is Source.SYSCALL:
                assert definition.result is not None or definition.name in ("exit", "exit_group"), definition.name
                assert len(definition.arguments) <= 6, definition.name
            places = Counter(argument.name for argument in definition.arguments)
            assert all(count == 1 for count in places.values()), definition.name

    @pytest.mark.parametrize("machine", MACHINES)
    def test_the_kernel_side_makes_at_most_eight_copies(self, machine: str) -> None:
        many = {
            definition.name: number
            for definition in ALL
            if (number := sum(len(argument.type.captures(machine)) for argument in definition.arguments)) > 8
        }
        assert many == {}

    def test_references_name_arguments(self) -> None:
        wrong = [
            (definition.name, reference)
            for definition in ALL
            for reference in _references(definition)
            if reference not in {argument.name for argument in definition.arguments}
        ]
        assert wrong == []

    def test_descriptors_are_arguments_or_the_result(self) -> None:
        for definition in ALL:
            descriptor = definition.descriptor
            if descriptor == "ret":
                assert isinstance(cast(Result, definition.result).type, Descriptor), definition.name
            elif descriptor is not None:
                assert isinstance(definition.argument(descriptor).type, Descriptor), definition.name

    def test_results_are_scalars_and_everything_has_schema_and_meaning(self) -> None:
        for definition in ALL:
            if definition.result is not None:
                assert isinstance(definition.result.type, Scalar), definition.name
            for where, type in types_of(definition):
                assert isinstance(type.schema(), dict), (definition.name, where)
                assert type.meaning(), (definition.name, where)

    def test_releases_and_manual_pages_look_like_such(self) -> None:
        for definition in ALL:
            assert re.fullmatch(r"|[3-9]\.\d+", definition.since), definition.name
            assert re.fullmatch(r"|[\w.-]+\(\d\w*\)", definition.manual), definition.name
            assert definition.fires, definition.name


def _bad_texts(definition: Definition) -> list[str]:
    bad: list[str] = []

    def check(where: str, text: str) -> None:
        ending = text.removesuffix(" ...")
        if not ending or text != text.strip() or "  " in text or re.search(r"TODO|FIXME|XXX|\.\.$|[,;:(]$", ending):
            bad.append(f"{definition.name}: {where}: {text!r}")

    check("description", definition.description)
    if not (definition.description[:1].isupper() and definition.description.endswith(".")):
        bad.append(f"{definition.name}: description: {definition.description!r}")
    for argument in definition.arguments:
        check(argument.name, argument.description)
        if _is_sentence(argument.description):
            bad.append(f"{definition.name}: {argument.name}: {argument.description!r}")
    if definition.result is not None:
        check("result", definition.result.description)
        for name, text in definition.result.errors.items():
            check(name, text)
            if _is_sentence(text):
                bad.append(f"{definition.name}: {name}: {text!r}")
    return bad


def _is_sentence(text: str) -> bool:
    return text.endswith(".") and not text.endswith(" ...")


def _references(definition: Definition) -> list[str]:
    """The names by which types and captures of a definition refer to other arguments."""
    found: list[str] = []
    for argument in definition.arguments:
        for machine in MACHINES:
            for capture in argument.type.captures(machine):
                found += [capture.length_argument] if capture.length_argument else []
                found += [capture.when[0]] if capture.when else []
        found += _named(argument.type)
    return found


def _named(type: Type) -> list[str]:
    if isinstance(type, Switch) or any(part.name == "on" for part in fields(type)):
        return [cast(str, getattr(type, "on"))]  # noqa: B009 - not every type has it
    if isinstance(type, Path) and type.directory:
        return [type.directory]
    return []


def test_named_finds_what_it_looks_for() -> None:
    assert _named(Path(directory="dirfd")) == ["dirfd"]
    assert _named(I32) == []
    assert _named(Bytes("ret")) == []
