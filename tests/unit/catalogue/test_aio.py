"""How asynchronous I/O and io_uring decode; numbers and layouts are checked against the headers in test_system."""

from __future__ import annotations

import struct

import pytest

from kindling.catalogue.syscalls import aio
from kindling.catalogue.tables import aio as tables
from kindling.catalogue.types import Call, Value

DEFINITIONS = {definition.name: definition for definition in aio.SYSCALLS}
OPERATIONS = tables.REGISTER_OPERATION.values


def _decode(event: str, argument: str, raw: int = 0, data: list[bytes | None] | None = None, **registers: int) -> Value:
    return DEFINITIONS[event].argument(argument).type.decode(raw, data or [], Call(registers))


def test_events_of_io_getevents() -> None:
    data = struct.pack("<QQqq", 0xABC, 0x7F00, -5, 0) + struct.pack("<QQqq", 1, 2, 4096, 0)
    assert _decode("io_getevents", "events", 1, [data]) == [
        {"data": "0xabc", "obj": "0x7f00", "res": -5, "res2": 0},
        {"data": "0x1", "obj": "0x2", "res": 4096, "res2": 0},
    ]
    assert _decode("io_submit", "iocbpp", 1, [struct.pack("<QQ", 0x10, 0x20)], nr=2) == ["0x10", "0x20"]
    assert _decode("io_setup", "ctxp", 1, [struct.pack("<Q", 0x7F1234)]) == "0x7f1234"


def test_request_of_io_cancel() -> None:
    request = struct.pack("<QIIHhIQQqQII", 7, 0, 8, 1, 0, 5, 0x1000, 4096, 8192, 0, 1, 9)
    assert _decode("io_cancel", "iocb", 1, [request]) == {
        "aio_data": "0x7",
        "aio_key": 0,
        "aio_rw_flags": "RWF_NOWAIT",
        "aio_lio_opcode": "IOCB_CMD_PWRITE",
        "aio_reqprio": 0,
        "aio_fildes": 5,
        "aio_buf": "0x1000",
        "aio_nbytes": 4096,
        "aio_offset": 8192,
        "aio_flags": "IOCB_FLAG_RESFD",
        "aio_resfd": 9,
    }


def test_parameters_of_a_ring() -> None:
    head = struct.pack("<7I3I", 8, 16, 1 << 3 | 1 << 12 | 1 << 30, 0, 1000, 0x3, 2**32 - 1, 0, 0, 0)
    offsets = struct.pack("<8IQ", 0, 4, 16, 24, 36, 32, 320, 0, 0) + struct.pack(
        "<8IQ", 8, 12, 20, 28, 44, 64, 40, 0, 9
    )
    shown = _decode("io_uring_setup", "params", 1, [head + offsets])
    assert isinstance(shown, dict)
    assert shown["flags"] == "IORING_SETUP_CQSIZE|IORING_SETUP_SINGLE_ISSUER|0x40000000"
    assert shown["features"] == "IORING_FEAT_SINGLE_MMAP|IORING_FEAT_NODROP"
    assert shown["wq_fd"] == -1
    assert shown["sq_off"] == {
        "head": 0,
        "tail": 4,
        "ring_mask": 16,
        "ring_entries": 24,
        "flags": 36,
        "dropped": 32,
        "array": 320,
        "user_addr": None,
    }
    assert isinstance(shown["cq_off"], dict)
    assert shown["cq_off"]["user_addr"] == "0x9"


def test_fifth_argument_of_enter_follows_the_flags() -> None:
    argument = struct.pack("<QIIQ", 0, 8, 50, 0x7000)
    assert _decode("io_uring_enter", "argp", 1, [argument], flags=0x9) == {
        "sigmask": None,
        "sigmask_sz": 8,
        "min_wait_usec": 50,
        "ts": "0x7000",
    }
    assert _decode("io_uring_enter", "argp", 64, [None], flags=0x49) == {"offset": 64}
    assert _decode("io_uring_enter", "argp", 1, [struct.pack("<Q", 1 << 1)], flags=1) == ["SIGINT"]
    assert _decode("io_uring_enter", "argp", 0, [None], flags=1) is None
    assert _decode("io_uring_enter", "flags", 0x9) == "IORING_ENTER_GETEVENTS|IORING_ENTER_EXT_ARG"


def _register(operation: str, copies: dict[int, bytes], raw: int = 1) -> Value:
    data: list[bytes | None] = [copies.get(number) for number in range(7)]
    return _decode("io_uring_register", "arg", raw, data, opcode=OPERATIONS[operation])


def test_register_copies_arrays_only_for_their_own_operation() -> None:
    captures = DEFINITIONS["io_uring_register"].argument("arg").type.captures()
    assert [capture.when for capture in captures] == [
        ("opcode", 0),
        ("opcode", 2),
        ("opcode", 11),
        None,
        None,
        None,
        None,
    ]
    assert [capture.length for capture in captures] == [16, 4, 16, 4, 16, 40, 64]


def test_register_arrays() -> None:
    assert _register("IORING_REGISTER_BUFFERS", {0: struct.pack("<QQ", 0x1000, 4096)}) == [
        {"iov_base": "0x1000", "iov_len": 4096}
    ]
    assert _register("IORING_REGISTER_FILES", {1: struct.pack("<iii", 3, -1, 5)}) == [3, -1, 5]
    assert _register("IORING_REGISTER_RESTRICTIONS", {2: struct.pack("<HB13x", 1, 22)}) == [
        {"opcode": "IORING_RESTRICTION_SQE_OP", "op": 22}
    ]


def test_register_structures() -> None:
    assert _register("IORING_REGISTER_EVENTFD", {3: b"\7\0\0\0"}) == {"fd": 7}
    assert _register("IORING_REGISTER_IOWQ_MAX_WORKERS", {4: struct.pack("<IIQ", 4, 8, 99)}) == {
        "bounded": 4,
        "unbounded": 8,
    }
    ring = struct.pack("<QIHHI", 0x5000, 64, 3, 1, 0).ljust(40, b"\0")
    assert _register("IORING_REGISTER_PBUF_RING", {4: ring[:16], 5: ring}) == {
        "ring_addr": "0x5000",
        "ring_entries": 64,
        "bgid": 3,
        "flags": "IOU_PBUF_RING_MMAP",
        "min_left": 0,
    }
    # The longer copies ran into an unmapped page: what there is, is shown.
    assert _register("IORING_REGISTER_PBUF_RING", {4: ring[:16]}) == {
        "ring_addr": "0x5000",
        "ring_entries": 64,
        "bgid": 3,
        "flags": "IOU_PBUF_RING_MMAP",
    }
    cancel = struct.pack("<QiIqqB", 5, -1, 2, 1, 0, 13).ljust(64, b"\0")
    assert _register("IORING_REGISTER_SYNC_CANCEL", {6: cancel}) == {
        "addr": "0x5",
        "fd": -1,
        "flags": "IORING_ASYNC_CANCEL_FD",
        "timeout": {"tv_sec": 1, "tv_nsec": 0},
        "opcode": "IORING_OP_ACCEPT",
    }
    assert _register("IORING_REGISTER_PERSONALITY", {}, 0) is None


@pytest.mark.parametrize(
    ("opcode", "shown"),
    [
        (0x80000002, "IORING_REGISTER_FILES|IORING_REGISTER_USE_REGISTERED_RING"),
        (37, "IORING_REGISTER_BPF_FILTER"),
        (200, "0xc8"),
    ],
)
def test_register_operation(opcode: int, shown: str) -> None:
    assert _decode("io_uring_register", "opcode", opcode) == shown


def test_a_registered_ring_does_not_hide_the_operation() -> None:
    opcode = 0x80000000 | OPERATIONS["IORING_REGISTER_EVENTFD"]
    data: list[bytes | None] = [None, None, None, b"\7\0\0\0", None, None, None]
    assert _decode("io_uring_register", "arg", 1, data, opcode=opcode) == {"fd": 7}
