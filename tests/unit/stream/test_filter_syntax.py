"""The filter language: what parses to what, what is refused and how, and that nothing else ever happens."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kindling.catalogue.model import Category, Definition, Field, Source
from kindling.catalogue.types import FD, PATH
from kindling.errors import FilterError
from kindling.stream.fields import FIELDS, lookup
from kindling.stream.filter import compile
from kindling.stream.filter.expression import Or, quote
from kindling.stream.filter.parser import MAX_DEPTH
from kindling.stream.filter.scanner import MAX_LENGTH

OPEN = Definition(
    name="open",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Open.",
    arguments=(Field("path", PATH, "path"), Field("dirfd", FD, "directory")),
    aliases=("syscall_exit-open",),
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("proc.name=nginx", "proc.name = nginx"),
        ("proc.name == nginx", "proc.name = nginx"),
        ("  proc.name\t=\n nginx ", "proc.name = nginx"),
        ("proc.name = 'a b'", 'proc.name = "a b"'),
        ('proc.name = "a\\"b\\\\c\\x41\\xff\\n"', 'proc.name = "a\\"b\\\\cA\\xff\\n"'),
        ('proc.name = "it\'s"', 'proc.name = "it\'s"'),
        ("proc.name = é", 'proc.name = "é"'),
        ("proc.name = \udcff", 'proc.name = "\\xff"'),
        ("proc.name = and", 'proc.name = "and"'),
        ("proc.name = ''", 'proc.name = ""'),
        ("evt.name = open", "evt.type = open"),
        ("evt.latency>1ms", "evt.latency > 1ms"),
        ("evt.latency > 1500us", "evt.latency > 1500us"),
        ("evt.latency > 2.5s", "evt.latency > 2500ms"),
        ("evt.latency > 3m", "evt.latency > 180s"),
        ("evt.latency > 10", "evt.latency > 10ns"),
        ("evt.latency != 0", "evt.latency != 0"),
        ("evt.rawres >= 4k", "evt.rawres >= 4096"),
        ("evt.rawres < 1MiB", "evt.rawres < 1048576"),
        ("evt.rawres < 1.5KB", "evt.rawres < 1536"),
        ("evt.rawres = -0x10", "evt.rawres = -16"),
        ("evt.time > 2026-01-31T08:15:00.5+02:00", "evt.time > 2026-01-31T06:15:00.500000000Z"),
        ("evt.time > 2026-01-31", "evt.time > 2026-01-31T00:00:00.000000000Z"),
        ("evt.time > '2026-01-31 08:15'", "evt.time > 2026-01-31T08:15:00.000000000Z"),
        ("evt.time > 5", "evt.time > 1970-01-01T00:00:00.000000005Z"),
        ("evt.failed", "evt.failed = true"),
        ("not evt.failed", "not evt.failed = true"),
        ("(evt.failed) and fd.is_server", "evt.failed = true and fd.is_server = true"),
        ("evt.failed=FALSE", "evt.failed = false"),
        ("evt.res = EWOULDBLOCK", "evt.res = EAGAIN"),
        ("evt.res in (ENOTSUP, E999)", "evt.res in (EOPNOTSUPP, E999)"),
        ("fd.ip = 10.1.2.3", "fd.ip = 10.1.2.3"),
        ("fd.net = 10.1.2.3/8", "fd.ip = 10.0.0.0/8"),
        ("fd.cip in (::1, fe80::/10, ::ffff:1.2.3.4)", "fd.sip in (::1, fe80::/10, 1.2.3.4)"),
        ("fd.ip = ::ffff:10.0.0.0/104", "fd.ip = 10.0.0.0/8"),
        ("fd.num in (1,2 , 3)", "fd.num in (1, 2, 3)"),
        ("fd.num in (3, 3, 0x3)", "fd.num in (3)"),
        ("fd.num in ()", "fd.num in ()"),
        ("fd.num in 3", "fd.num in (3)"),
        ("fd.port intersects (1, 2)", "fd.port in (1, 2)"),
        ("fd.num not in (1)", "fd.num not in (1)"),
        ("fd.name pmatch (/etc, '/var/lib')", "fd.name pmatch (/etc, /var/lib)"),
        ("fd.name EXISTS", "fd.name exists"),
        ("fd.name contains '%'", 'fd.name contains "%"'),
        ("fd.name glob /etc/*.conf", "fd.name glob /etc/*.conf"),
        ("fd.name glob '[a-z]?'", 'fd.name glob "[a-z]?"'),
        ("fd.name regex '/a+'", "fd.name regex /a+"),
        ("proc.aname[2] icontains Sh", "proc.aname[2] icontains Sh"),
        ("evt.arg[path] startswith /", "evt.arg.path startswith /"),
        ("evt.arg.path = 0644", "evt.arg.path = 0644"),
        ("evt.arg.path = '0644'", 'evt.arg.path = "0644"'),
        ("evt.arg.path > 4k", "evt.arg.path > 4k"),
        ("evt.dir = <", 'evt.dir = "<"'),
        ("container.id = 0123456789abcdef", 'container.id = "0123456789ab"'),
        ("container.id = host", "not container.id exists"),
        ("container.id != host", "container.id exists"),
        ("container.id in (host, abc)", "not container.id exists or container.id in (abc)"),
        ("container.id not in (host, abc)", "container.id not in (abc)"),
        ("NOT (fd.num=1 AND NOT fd.num=2)", "not (fd.num = 1 and not fd.num = 2)"),
        ("not not fd.num=1", "fd.num = 1"),
        ("not(not(fd.num=1))", "fd.num = 1"),
        ("fd.num=1 or fd.num=2 and fd.num=3", "fd.num = 1 or fd.num = 2 and fd.num = 3"),
        ("(fd.num=1 or fd.num=2)and(fd.num=3)", "(fd.num = 1 or fd.num = 2) and fd.num = 3"),
        ("((fd.num=1) and (fd.num=2 and fd.num=3))", "fd.num = 1 and fd.num = 2 and fd.num = 3"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    filter = compile(text)
    assert str(filter) == normal
    again = compile(normal)
    assert again == filter
    assert hash(again) == hash(filter)
    assert str(again) == normal


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "it is empty"),
        ("   ", 4, "it is empty"),
        ("evt.tpye = open", 1, "no field is called 'evt.tpye'; did you mean evt.type"),
        ("fd.num = 3 and latency > 1ms", 16, "did you mean evt.latency?"),
        ("evt.type = opne", 12, "no event is called 'opne'; did you mean open?"),
        ("evt.arg.pth = x", 1, "no event has an argument 'pth'; did you mean path?"),
        ("evt.arg[9x.y] = x", 1, "no event has an argument"),
        ("evt.latency > foo", 15, "'foo' is no duration"),
        ("evt.latency > 0.3ns", 15, "'0.3ns' is no whole number"),
        ("evt.latency contains 3", 13, "evt.latency is of type duration: it cannot be compared with 'contains'"),
        ("fd.name < 3", 9, "fd.name is of type bytes: it cannot be compared with '<'"),
        ("proc.aname >= 3", 12, "proc.aname is of type list of bytes"),
        ("fd.num = x", 10, "'x' is no number"),
        ("fd.num = 9223372036854775808", 10, "a number beyond 64 bits"),
        ("fd.num = 1.5", 10, "'1.5' is no number"),
        ("fd.num = 3ms", 10, "'3ms' is no number"),
        ("fd.ip = 300.1.1.1", 9, "'300.1.1.1' is no address"),
        ("fd.ip = fe80::1%eth0", 9, "is no address"),
        ("evt.failed = maybe", 14, "'maybe' is neither true nor false"),
        ("evt.time > yesterday", 12, "'yesterday' is no time"),
        ("evt.time > 2026-13-01", 12, "is no time"),
        ("evt.category = fle", 16, "evt.category is never 'fle'; it can be file"),
        ("fd.type in (file, dir)", 19, "fd.type is never 'dir'"),
        ("evt.res = ENOSUCH", 11, "evt.res is never 'ENOSUCH'"),
        ("evt.arg.path > x", 16, "'x' is no number"),
        ("fd.name regex '('", 15, "not a regular expression"),
        ("fd.name regex 'a{999999999999}'", 15, "not a regular expression"),
        ("fd.num", 7, "expected an operator after fd.num: one of"),
        ("fd.num equals 3", 8, "expected an operator after fd.num"),
        ("fd.name contain x", 9, "did you mean contains"),
        ("fd.num not 3", 8, "expected 'in' after 'not'"),
        ("fd.num =", 9, "expected a value"),
        ("fd.num = ,", 10, "expected a value"),
        ("fd.num in (1", 13, "expected ',' or ')'"),
        ("fd.num in (1,)", 14, "expected a value"),
        ("(fd.num = 1", 12, "expected ')'"),
        ("fd.num = 1)", 11, "expected 'and', 'or' or the end"),
        ("fd.num = 1 fd.num = 2", 12, "expected 'and', 'or' or the end"),
        ("and fd.num = 1", 1, "expected a field, 'not' or '(' before 'and'"),
        ("fd.num = 1 and", 15, "expected a field"),
        ("not", 4, "expected a field"),
        ("proc.name = 'a", 13, "has no closing '"),
        ("proc.name = 'a\\q'", 15, "\\q is no escape"),
        ("proc.name = '\\x4'", 14, "\\x needs two hexadecimal digits"),
        ("proc.name = a\ud800", 14, "half of a surrogate pair"),
        ("proc.name = \xa0", 13, "expected a value"),
        ("(" * (MAX_DEPTH + 1) + "fd.num=1" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "nested deeper"),
        (" " * (MAX_LENGTH + 1), 61, "longer than 65536 characters"),
    ],
)
def test_errors_say_where_and_what(text: str, column: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile(text, [OPEN])
    assert message in str(caught.value)
    assert caught.value.position + 1 == column


def test_names_of_the_catalogue_pass() -> None:
    assert compile("evt.type in (open, syscall_exit-open) and evt.arg.path exists", [OPEN]).fields == (
        "evt.type",
        "evt.arg.path",
    )


def test_deep_and_long_filters() -> None:
    deep = "fd.num=1"
    for level in range(MAX_DEPTH):
        deep = f"not ({deep} {'and' if level % 2 else 'or'} fd.num={level})"
    assert compile(str(compile(deep))) == compile(deep)
    many = compile(f"fd.num in ({','.join(map(str, range(9000)))})")
    assert compile(str(many)) == many
    wide = compile(" or ".join(["fd.num=1"] * 4000))
    assert isinstance(wide.expression, Or)
    assert compile(("not " * 16000) + "fd.num=1") == compile("fd.num=1")


def _compiles(text: str) -> None:
    try:
        filter = compile(text)
    except FilterError:
        return
    assert compile(str(filter)) == filter


@given(st.text(max_size=60))
@example("fd.name regex '(?i")
@example("fd.ip = 1.2.3.4/33")
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    _compiles(text)


_WORDS = st.sampled_from(
    [field.name for field in FIELDS]
    + "and or not ( ) in , = != < <= > >= contains icontains glob iglob pmatch regex exists startswith endswith".split()
    + "1 0x1f 4k 1ms 2.5s ENOENT file true 10.0.0.0/8 ::1 ' \" \\ [ ] [1] *a*[!b-] host 2026-01-31 é".split()
    + ["'a b'", '"\\xff"', "evt.arg.x", "evt.arg[0]", "proc.aname[3]", "\udc80"]
)


@given(st.lists(_WORDS, max_size=25), st.sampled_from(["", " "]))
def test_any_words_are_a_filter_or_a_filter_error(words: list[str], blank: str) -> None:
    _compiles(blank.join(words))


_VALUES = st.one_of(
    st.text(max_size=8),
    st.integers(-(1 << 64), 1 << 64).map(str),
    st.sampled_from(
        "1ms 4k 10.0.0.1 file net read true EPERM SUCCESS 2026-01-01T00:00 client syscall < ip fault".split()
    ),
)


@given(
    st.sampled_from(FIELDS),
    st.sampled_from("= != < <= > >= in contains icontains glob iglob pmatch regex startswith endswith".split()),
    _VALUES,
    st.booleans(),
)
def test_every_field_with_every_operator(field: object, operator: str, value: str, quoted: bool) -> None:
    name = getattr(field, "name", "")
    assert lookup("evt.arg.x" if name == "evt.arg" else name)
    _compiles(f"{name} {operator} {repr(value) if quoted else value}")


@given(st.binary(max_size=30))
def test_quoted_bytes_come_back(value: bytes) -> None:
    written = quote(value)
    filter = compile(f"proc.name = {written}")
    assert str(filter) == f"proc.name = {written}"
    assert getattr(filter.expression, "values", None) == (value,)
