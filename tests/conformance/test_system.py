"""The system as a whole: what it is called, how it does, what it allows; asynchronous I/O, BPF and perf."""

from __future__ import annotations

import ctypes
import errno
import os

from tests.conformance.harness import ANY, Expected, Having, Watch, system


def test_what_it_is(watch: Watch) -> None:
    names, state = ctypes.create_string_buffer(390), ctypes.create_string_buffer(128)

    def act() -> None:
        system.uname(names)
        system.sysinfo(state)

    watch(act, "uname", "sysinfo").expect(
        Expected(
            "uname",
            {"buf": Having(sysname=b"Linux", release=os.uname().release.encode(), machine=os.uname().machine.encode())},
            0,
            category="system",
        ),
        Expected("sysinfo", {"info": Having(uptime=ANY, totalram=ANY, procs=ANY)}, 0),
    )


def test_random_bytes(watch: Watch) -> None:
    buffer = ctypes.create_string_buffer(32)

    def act() -> None:
        system.getrandom(buffer, 31, 1)
        system.getrandom(buffer, 31, 0x80)

    where = f"{ctypes.addressof(buffer):#x}"
    watch(act, "getrandom").expect(
        Expected("getrandom", {"buf": where, "count": 31, "flags": "GRND_NONBLOCK"}, 31),
        Expected("getrandom", {"buf": where, "count": 31, "flags": "0x80"}, -errno.EINVAL),
    )


def test_process_controls(watch: Watch) -> None:
    def act() -> None:
        system.prctl(38, 1, 0, 0, 0)
        system.prctl(39, 0, 0, 0, 0)
        system.prctl(0x7FFFFFFF, 0, 0, 0, 0)

    rest = {"arg3": ANY, "arg4": ANY, "arg5": ANY}
    watch(act, "prctl").expect(
        Expected("prctl", {"option": "PR_SET_NO_NEW_PRIVS", "arg2": ANY, **rest}, 0),
        Expected("prctl", {"option": "PR_GET_NO_NEW_PRIVS", "arg2": ANY, **rest}, 1),
        Expected("prctl", {"option": "0x7fffffff", "arg2": ANY, **rest}, -errno.EINVAL),
    )


def test_a_host_name_of_its_own(watch: Watch) -> None:
    def act() -> None:
        system.unshare(0x04000000)
        system.sethostname(b"tinder", 6)
        system.sethostname(b"tinder", 65)

    watch(act, "sethostname").expect(
        Expected("sethostname", {"name": b"tinder", "len": 6}, 0),
        Expected("sethostname", {"name": ANY, "len": 65}, -errno.EINVAL, quality=["truncated:name"]),
    )


def test_bpf_and_perf(watch: Watch) -> None:
    attributes = (ctypes.c_uint * 32)(2, 4, 8, 16)
    # struct perf_event_attr: PERF_TYPE_SOFTWARE, 64 bytes, PERF_COUNT_SW_DUMMY, disabled.
    event = (ctypes.c_ulong * 16)(1 | 64 << 32, 9, 0, 0, 0, 1)

    def act() -> tuple[int, int]:
        return system.bpf(0, attributes, 128), system.perf_event_open(event, 0, -1, -1, 8)

    seen = watch(act, "bpf", "perf_event_open")
    made, opened = seen.value
    created = seen.one("bpf")
    assert created.args["cmd"] == "BPF_MAP_CREATE"
    assert created.args["attr"] == Having(map_type="BPF_MAP_TYPE_ARRAY", key_size=4, value_size=8, max_entries=16)
    assert created.ret == made
    assert created.quality == []
    opening = seen.one("perf_event_open")
    assert opening.ret == opened
    assert opening.args["attr"] == Having(type="PERF_TYPE_SOFTWARE")
    assert (opening.args["pid"], opening.args["cpu"], opening.args["flags"]) == (0, -1, "PERF_FLAG_FD_CLOEXEC")
    if opened >= 0:
        assert opening.fd is not None
        assert opening.fd.type == "perf"


def test_asynchronous_io(watch: Watch, tmp_path: object) -> None:
    context = ctypes.c_ulong()
    text = ctypes.create_string_buffer(b"asynchronous", 12)
    events = ctypes.create_string_buffer(64)

    def act() -> tuple[int, int]:
        fd = os.open(f"{tmp_path}/file", os.O_RDWR | os.O_CREAT)
        # struct iocb: data, key and flags, opcode PWRITE on fd, buffer, length, offset.
        block = (ctypes.c_ulong * 8)(4242, 0, 1 | fd << 32, ctypes.addressof(text), 12, 0)
        blocks = (ctypes.c_ulong * 1)(ctypes.addressof(block))
        system.io_setup(8, context)
        system.io_submit(context.value, 1, blocks)
        system.io_getevents(context.value, 1, 1, events, None)
        number = context.value
        system.io_destroy(number)
        return number, fd

    seen = watch(act, "io_setup", "io_submit", "io_getevents", "io_destroy")
    number, _ = seen.value
    if not number:
        watch.unavailable("this kernel is built without asynchronous I/O")
    known = f"{number:#x}"
    seen.expect(
        Expected("io_setup", {"nr_events": 8, "ctxp": known}, 0),
        Expected("io_submit", {"ctx_id": known, "nr": 1, "iocbpp": ANY}, 1),
        Expected(
            "io_getevents",
            {
                "ctx_id": known,
                "min_nr": 1,
                "nr": 1,
                "events": [Having(data="0x1092", res=12)],
                "timeout": None,
            },
            1,
        ),
        Expected("io_destroy", {"ctx_id": known}, 0),
    )


def test_io_uring(watch: Watch) -> None:
    parameters = (ctypes.c_uint * 30)()

    def act() -> int:
        return system.io_uring_setup(4, parameters)

    seen = watch(act, "io_uring_setup")
    ring = seen.value
    if ring < 0:
        watch.unavailable(f"io_uring is refused here: {errno.errorcode[-ring]}")
    seen.expect(
        Expected(
            "io_uring_setup",
            {"entries": 4, "params": Having(sq_entries=4, cq_entries=8)},
            ring,
            fd={"num": ring, "type": "io_uring"},
        )
    )
