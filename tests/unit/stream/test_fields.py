"""The table of fields: complete, consistent, and found by name."""

from __future__ import annotations

import itertools

import pytest

from kindling.enrich import descriptors
from kindling.enrich.kinds import FD_TYPES, FdType
from kindling.errors import UsageError
from kindling.probes.layout import FdKind, FilterField
from kindling.stream.fields import FIELDS, SHORT_NAMES, FieldType, Level, fields, lookup
from kindling.stream.filter.pushdown import KINDS


def test_every_field_is_documented_and_has_a_name_of_its_own() -> None:
    assert fields() is FIELDS
    names = [name for field in FIELDS for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))
    for field in FIELDS:
        assert field.description
        assert not field.description.endswith(".")
        assert (field.bind is None) == (not field.parameter)
        assert field.type is not FieldType.DURATION or field.unit


def test_names_that_sysdig_has_are_there() -> None:
    wanted = """evt.type evt.source evt.category evt.time evt.rawtime evt.latency evt.res evt.rawres evt.failed evt.cpu
    evt.dir evt.args evt.count evt.buffer proc.name proc.exe proc.exepath proc.args proc.cmdline proc.pid proc.ppid
    proc.vpid proc.aname proc.apid proc.pname thread.tid thread.vtid user.uid user.name group.gid group.name fd.num
    fd.type fd.name fd.directory fd.filename fd.ino fd.dev fd.ip fd.cip fd.cport fd.sip fd.sport fd.rip fd.rport fd.lip
    fd.lport fd.port fd.l4proto fd.proto fd.is_server container.id fs.path.name"""
    for name in wanted.split():
        assert name in (lookup(name).name, *lookup(name).aliases)


def test_what_the_kernel_can_test_is_of_the_right_level() -> None:
    pushed = {field.kernel for field in FIELDS if field.kernel is not None}
    assert pushed == set(FilterField) - {FilterField.EVENT, FilterField.FOLLOWED}


def test_parameters() -> None:
    assert lookup("proc.aname[2]").name == "proc.aname[2]"
    assert not lookup("proc.aname[2]").many
    assert lookup("proc.aname").many
    assert lookup("evt.arg.addr.port").name == "evt.arg.addr.port"
    assert lookup("evt.arg[addr.port]").name == "evt.arg.addr.port"
    assert lookup("evt.arg[0]").name == lookup("evt.arg.0").name == "evt.arg[0]"
    assert lookup("args.path").name == "evt.arg.path"
    assert lookup("evt.arg.path").level is Level.ARGUMENT


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("evt.tpye", "no field is called 'evt.tpye'; did you mean evt.type"),
        ("latency", "did you mean evt.latency?"),
        ("xyzzy", "'kindling events --fields' lists them all"),
        ("evt.arg", "evt.arg needs the name of an argument"),
        ("evt.arg.", "is not the name or number of an argument"),
        ("proc.aname[x]", "has no such level"),
        ("proc.aname[-1]", "has no such level"),
        ("proc.pid[1]", "proc.pid takes nothing in brackets"),
        ("", "no field is called ''"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_right_one(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as caught:
        lookup(name)
    assert message in str(caught.value)


def test_short_names_lead_to_fields() -> None:
    for name in SHORT_NAMES.values():
        assert lookup(name).name == name


def test_types_of_descriptors_are_those_that_the_enrichment_gives() -> None:
    names = (b"[eventpoll]", b"inotify", b"bpf-map", b"[io_uring]", b"[whatever]", b"")
    magics = (descriptors.ANON_INODE_MAGIC, descriptors.PID_FS_MAGIC, descriptors.NS_FS_MAGIC, 0xEF53)
    given = {
        descriptors.file_type(kind << 12, magic, name)
        for kind, magic, name in itertools.product(range(16), magics, names)
    }
    given |= {descriptors.socket_type(family) for family in range(50)}
    assert given <= set(FD_TYPES)
    assert set(KINDS.values()) | {FdKind.OTHER} == set(FdKind)
    assert all(kind.text == kind.name.lower() for kind in FdType)
