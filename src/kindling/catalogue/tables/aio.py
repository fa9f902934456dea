"""Tables and structures of asynchronous I/O: the old io_submit family and io_uring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kindling.catalogue.tables.common import CLOCK, TIMESPEC, SignalSet
from kindling.catalogue.tables.file import RWF_FLAGS
from kindling.catalogue.tables.layout import bits, numbered, structure
from kindling.catalogue.tables.system import Operation
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    HEX32,
    HEX64,
    I16,
    I32,
    I64,
    SIZE,
    U8,
    U16,
    U32,
    U64,
    Array,
    Bytes,
    Call,
    Capture,
    Copy,
    Enum,
    Flags,
    LengthFrom,
    Quantity,
    Structure,
    Type,
    Value,
)

_NO_CALL = Call({})

# --- io_submit and its kin ----------------------------------------------------------------------------------------

IOCB_COMMAND = Enum(
    table="IOCB_CMD_*",
    size=2,
    values={
        "IOCB_CMD_PREAD": 0,
        "IOCB_CMD_PWRITE": 1,
        "IOCB_CMD_FSYNC": 2,
        "IOCB_CMD_FDSYNC": 3,
        "IOCB_CMD_POLL": 5,
        "IOCB_CMD_NOOP": 6,
        "IOCB_CMD_PREADV": 7,
        "IOCB_CMD_PWRITEV": 8,
    },
)
IOCB_FLAGS = Flags(table="IOCB_FLAG_*", values=bits("IOCB_FLAG_RESFD IOCB_FLAG_IOPRIO"))
IOCB = structure(
    "iocb",
    ("aio_data", HEX64, "comes back in the event"),
    ("aio_key", U32, "the kernel's, not the caller's"),
    ("aio_rw_flags", RWF_FLAGS, "flags of the read or write"),
    ("aio_lio_opcode", IOCB_COMMAND, "what to do"),
    ("aio_reqprio", I16, "I/O priority"),
    ("aio_fildes", FD, "on which descriptor"),
    ("aio_buf", ADDRESS, "buffer or vector"),
    ("aio_nbytes", U64, "its bytes or segments"),
    ("aio_offset", I64, "position in the file"),
    ("", U64),
    ("aio_flags", IOCB_FLAGS, "whether aio_resfd and aio_reqprio count"),
    ("aio_resfd", FD, "eventfd to signal"),
)
IO_EVENT = structure(
    "io_event",
    ("data", HEX64, "aio_data of the request"),
    ("obj", ADDRESS, "address of the request's struct iocb"),
    ("res", I64, "its result: bytes, or a negative errno"),
    ("res2", I64, "second result, always 0 today"),
)
AIO_SIGNAL_SET = structure(
    "__aio_sigset", ("sigmask", ADDRESS, "signals blocked while it waits"), ("sigsetsize", SIZE, "size of the set")
)

# --- io_uring -----------------------------------------------------------------------------------------------------

SETUP_FLAGS = Flags(
    table="IORING_SETUP_*",
    values=bits(
        "IOPOLL SQPOLL SQ_AFF CQSIZE CLAMP ATTACH_WQ R_DISABLED SUBMIT_ALL COOP_TASKRUN TASKRUN_FLAG SQE128 CQE32 "
        "SINGLE_ISSUER DEFER_TASKRUN NO_MMAP REGISTERED_FD_ONLY NO_SQARRAY HYBRID_IOPOLL CQE_MIXED SQE_MIXED SQ_REWIND",
        prefix="IORING_SETUP_",
    ),
)
FEATURES = Flags(
    table="IORING_FEAT_*",
    values=bits(
        "SINGLE_MMAP NODROP SUBMIT_STABLE RW_CUR_POS CUR_PERSONALITY FAST_POLL POLL_32BITS SQPOLL_NONFIXED EXT_ARG "
        "NATIVE_WORKERS RSRC_TAGS CQE_SKIP LINKED_FILE REG_REG_RING RECVSEND_BUNDLE MIN_TIMEOUT RW_ATTR NO_IOWAIT",
        prefix="IORING_FEAT_",
    ),
)
ENTER_FLAGS = Flags(
    table="IORING_ENTER_*",
    values=bits(
        "GETEVENTS SQ_WAKEUP SQ_WAIT EXT_ARG REGISTERED_RING ABS_TIMER EXT_ARG_REG NO_IOWAIT", prefix="IORING_ENTER_"
    ),
)
SQRING_OFFSETS = structure(
    "io_sqring_offsets",
    ("head", U32, "offset of the head"),
    ("tail", U32, "offset of the tail"),
    ("ring_mask", U32, "offset of the mask of indices"),
    ("ring_entries", U32, "offset of the number of entries"),
    ("flags", U32, "offset of the flags"),
    ("dropped", U32, "offset of the count of invalid entries"),
    ("array", U32, "offset of the indices of entries"),
    ("", U32),
    ("user_addr", ADDRESS, "the caller's own memory for the ring, with IORING_SETUP_NO_MMAP"),
)
CQRING_OFFSETS = structure(
    "io_cqring_offsets",
    ("head", U32, "offset of the head"),
    ("tail", U32, "offset of the tail"),
    ("ring_mask", U32, "offset of the mask of indices"),
    ("ring_entries", U32, "offset of the number of entries"),
    ("overflow", U32, "offset of the count of lost completions"),
    ("cqes", U32, "offset of the completions"),
    ("flags", U32, "offset of the flags"),
    ("", U32),
    ("user_addr", ADDRESS, "the caller's own memory for the ring, with IORING_SETUP_NO_MMAP"),
)
IO_URING_PARAMS = structure(
    "io_uring_params",
    ("sq_entries", U32, "entries of the submission queue"),
    ("cq_entries", U32, "entries of the completion queue"),
    ("flags", SETUP_FLAGS, "how the ring works"),
    ("sq_thread_cpu", U32, "CPU of the polling thread with IORING_SETUP_SQ_AFF"),
    ("sq_thread_idle", Quantity(4, unit="milliseconds"), "how long the polling thread spins before it sleeps"),
    ("features", FEATURES, "what this kernel can do"),
    ("wq_fd", FD, "ring whose workers are shared with IORING_SETUP_ATTACH_WQ"),
    ("", Array(U32, 3)),
    ("sq_off", SQRING_OFFSETS, "where things are in the mapped submission ring"),
    ("cq_off", CQRING_OFFSETS, "where things are in the mapped completion ring"),
)
GETEVENTS_ARGUMENT = structure(
    "io_uring_getevents_arg",
    ("sigmask", ADDRESS, "signals blocked while it waits"),
    ("sigmask_sz", U32, "size of the set"),
    ("min_wait_usec", Quantity(4, unit="microseconds"), "how long to wait for min_complete before fewer will do"),
    ("ts", ADDRESS, "how long to wait at all"),
)


@dataclass(frozen=True, slots=True)
class EnterArgument(Type):
    """io_uring_enter's fifth argument: a signal set, a struct io_uring_getevents_arg or an offset, as the flags say."""

    extended: Structure = GETEVENTS_ARGUMENT
    signals: Type = SignalSet()  # noqa: RUF009 - frozen and immutable

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes("argsz", limit=64).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        flags = call.raw.get("flags", 0)
        if flags & ENTER_FLAGS.values["IORING_ENTER_EXT_ARG_REG"]:
            return {"offset": raw}
        if not data or data[0] is None:
            return None
        if flags & ENTER_FLAGS.values["IORING_ENTER_EXT_ARG"]:
            return self.extended.unpack(data[0], call)
        return self.signals.unpack(data[0], call) if len(data[0]) >= 8 else None

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "array", "null"]}

    def meaning(self) -> str:
        return "depends on flags"


IO_URING_OPERATION = Enum(
    table="IORING_OP_*",
    size=1,
    values=numbered(
        "NOP READV WRITEV FSYNC READ_FIXED WRITE_FIXED POLL_ADD POLL_REMOVE SYNC_FILE_RANGE SENDMSG RECVMSG TIMEOUT "
        "TIMEOUT_REMOVE ACCEPT ASYNC_CANCEL LINK_TIMEOUT CONNECT FALLOCATE OPENAT CLOSE FILES_UPDATE STATX READ "
        "WRITE FADVISE MADVISE SEND RECV OPENAT2 EPOLL_CTL SPLICE PROVIDE_BUFFERS REMOVE_BUFFERS TEE SHUTDOWN "
        "RENAMEAT UNLINKAT MKDIRAT SYMLINKAT LINKAT MSG_RING FSETXATTR SETXATTR FGETXATTR GETXATTR SOCKET URING_CMD "
        "SEND_ZC SENDMSG_ZC READ_MULTISHOT WAITID FUTEX_WAIT FUTEX_WAKE FUTEX_WAITV FIXED_FD_INSTALL FTRUNCATE BIND "
        "LISTEN RECV_ZC EPOLL_WAIT READV_FIXED WRITEV_FIXED PIPE NOP128 URING_CMD128",
        prefix="IORING_OP_",
    ),
)
REGISTER_OPERATION = Operation(
    table="IORING_REGISTER_* and IORING_UNREGISTER_*",
    values=numbered(
        "IORING_REGISTER_BUFFERS IORING_UNREGISTER_BUFFERS IORING_REGISTER_FILES IORING_UNREGISTER_FILES "
        "IORING_REGISTER_EVENTFD IORING_UNREGISTER_EVENTFD IORING_REGISTER_FILES_UPDATE IORING_REGISTER_EVENTFD_ASYNC "
        "IORING_REGISTER_PROBE IORING_REGISTER_PERSONALITY IORING_UNREGISTER_PERSONALITY IORING_REGISTER_RESTRICTIONS "
        "IORING_REGISTER_ENABLE_RINGS IORING_REGISTER_FILES2 IORING_REGISTER_FILES_UPDATE2 IORING_REGISTER_BUFFERS2 "
        "IORING_REGISTER_BUFFERS_UPDATE IORING_REGISTER_IOWQ_AFF IORING_UNREGISTER_IOWQ_AFF "
        "IORING_REGISTER_IOWQ_MAX_WORKERS IORING_REGISTER_RING_FDS IORING_UNREGISTER_RING_FDS "
        "IORING_REGISTER_PBUF_RING IORING_UNREGISTER_PBUF_RING IORING_REGISTER_SYNC_CANCEL "
        "IORING_REGISTER_FILE_ALLOC_RANGE IORING_REGISTER_PBUF_STATUS IORING_REGISTER_NAPI IORING_UNREGISTER_NAPI "
        "IORING_REGISTER_CLOCK IORING_REGISTER_CLONE_BUFFERS IORING_REGISTER_SEND_MSG_RING IORING_REGISTER_ZCRX_IFQ "
        "IORING_REGISTER_RESIZE_RINGS IORING_REGISTER_MEM_REGION IORING_REGISTER_QUERY IORING_REGISTER_ZCRX_CTRL "
        "IORING_REGISTER_BPF_FILTER"
    ),
    flags={"IORING_REGISTER_USE_REGISTERED_RING": 1 << 31},
)

_IOVEC = structure("iovec", ("iov_base", ADDRESS, "address of the buffer"), ("iov_len", SIZE, "bytes of the buffer"))
_RESOURCE_FLAGS = Flags(table="IORING_RSRC_REGISTER_*", values=bits("IORING_RSRC_REGISTER_SPARSE"))
_RESOURCE_REGISTER = structure(
    "io_uring_rsrc_register",
    ("nr", U32, "how many"),
    ("flags", _RESOURCE_FLAGS, "whether places are reserved only"),
    ("", U64),
    ("data", ADDRESS, "the descriptors or iovecs"),
    ("tags", ADDRESS, "address of the tags, which a completion carries once the resource is gone"),
)
_RESOURCE_UPDATE = structure(
    "io_uring_rsrc_update2",
    ("offset", U32, "first entry"),
    ("", U32),
    ("data", ADDRESS, "the descriptors or iovecs"),
    ("tags", ADDRESS, "address of the tags, which a completion carries once the resource is gone"),
    ("nr", U32, "how many"),
    ("", U32),
)
_RESTRICTION = Enum(
    table="IORING_RESTRICTION_*",
    size=2,
    values=numbered(
        "IORING_RESTRICTION_REGISTER_OP IORING_RESTRICTION_SQE_OP IORING_RESTRICTION_SQE_FLAGS_ALLOWED "
        "IORING_RESTRICTION_SQE_FLAGS_REQUIRED"
    ),
)
_RESTRICTION_ENTRY = structure(
    "io_uring_restriction",
    ("opcode", _RESTRICTION, "kind of restriction"),
    ("op", U8, "operation, or flags of an entry"),
    size=16,
)
_BUFFER_RING_FLAGS = Flags(table="IOU_PBUF_RING_*", size=2, values=bits("IOU_PBUF_RING_MMAP IOU_PBUF_RING_INC"))
_BUFFER_RING = structure(
    "io_uring_buf_reg",
    ("ring_addr", ADDRESS, "address of the ring of buffers"),
    ("ring_entries", U32, "entries of the ring"),
    ("bgid", U16, "group of the buffers"),
    ("flags", _BUFFER_RING_FLAGS, "how the ring of buffers works"),
    ("min_left", U32, "bytes below which an incremental buffer is done"),
    size=40,
)
_CANCEL_FLAGS = Flags(
    table="IORING_ASYNC_CANCEL_*",
    values=bits("ALL FD ANY FD_FIXED USERDATA OP", prefix="IORING_ASYNC_CANCEL_"),
)
_SYNC_CANCEL = structure(
    "io_uring_sync_cancel_reg",
    ("addr", HEX64, "user_data of the request"),
    ("fd", FD, "descriptor of the requests"),
    ("flags", _CANCEL_FLAGS, "which requests"),
    ("timeout", TIMESPEC, "how long to wait until it is cancelled"),
    ("opcode", IO_URING_OPERATION, "operation of the requests, with IORING_ASYNC_CANCEL_OP"),
    size=64,
)
_NAPI = structure(
    "io_uring_napi",
    ("busy_poll_to", Quantity(4, unit="microseconds"), "how long to poll; the old value after the call"),
    ("prefer_busy_poll", U8, "whether polling is preferred to interrupts"),
    (
        "opcode",
        Enum(
            table="IO_URING_NAPI_*",
            size=1,
            values=numbered("IO_URING_NAPI_REGISTER_OP IO_URING_NAPI_STATIC_ADD_ID IO_URING_NAPI_STATIC_DEL_ID"),
        ),
        "what to do",
    ),
    ("", U16),
    ("op_param", U32, "NAPI id, or how ids are tracked"),
    size=16,
)
_CLONE_BUFFERS = structure(
    "io_uring_clone_buffers",
    ("src_fd", FD, "ring that the buffers come from"),
    (
        "flags",
        Flags(
            table="IORING_REGISTER_SRC_* and _DST_*",
            values=bits("IORING_REGISTER_SRC_REGISTERED IORING_REGISTER_DST_REPLACE"),
        ),
        "how source and places are meant",
    ),
    ("src_off", U32, "first buffer of the source"),
    ("dst_off", U32, "first place in this ring"),
    ("nr", U32, "how many; 0 is all"),
    size=32,
)
_QUERY = structure(
    "io_uring_query_hdr",
    ("next_entry", ADDRESS, "address of the next query"),
    ("query_data", ADDRESS, "address where the answer goes"),
    (
        "query_op",
        Enum(
            table="IO_URING_QUERY_*",
            values=numbered("IO_URING_QUERY_OPCODES IO_URING_QUERY_ZCRX IO_URING_QUERY_SCQ IO_URING_QUERY_ZCRX_EVENT"),
        ),
        "what is asked",
    ),
    ("size", U32, "room for the answer; after the call its bytes"),
    ("result", I32, "result of this query, a negative errno on failure"),
    size=40,
)
_RING_FD = structure("io_uring_rsrc_update", ("offset", U32, "index"), ("", U32), ("data", U64, "descriptor"))
REGISTER_STRUCTURES: dict[str, Structure] = {
    "IORING_REGISTER_EVENTFD": structure("eventfd", ("fd", FD, "the eventfd that is signalled")),
    "IORING_REGISTER_EVENTFD_ASYNC": structure("eventfd", ("fd", FD, "the eventfd that is signalled")),
    "IORING_REGISTER_FILES_UPDATE": structure(
        "io_uring_rsrc_update",
        ("offset", U32, "first entry"),
        ("", U32),
        ("fds", ADDRESS, "address of the descriptors"),
    ),
    "IORING_REGISTER_PROBE": structure(
        "io_uring_probe",
        ("last_op", IO_URING_OPERATION, "last operation that the kernel knows, after the call"),
        ("ops_len", U8, "operations told about, after the call"),
        size=16,
    ),
    "IORING_REGISTER_FILES2": _RESOURCE_REGISTER,
    "IORING_REGISTER_BUFFERS2": _RESOURCE_REGISTER,
    "IORING_REGISTER_FILES_UPDATE2": _RESOURCE_UPDATE,
    "IORING_REGISTER_BUFFERS_UPDATE": _RESOURCE_UPDATE,
    "IORING_REGISTER_IOWQ_MAX_WORKERS": structure(
        "max_workers", ("bounded", U32, "the limit before the call"), ("unbounded", U32, "the limit before the call")
    ),
    "IORING_REGISTER_RING_FDS": _RING_FD,
    "IORING_UNREGISTER_RING_FDS": _RING_FD,
    "IORING_REGISTER_PBUF_RING": _BUFFER_RING,
    "IORING_UNREGISTER_PBUF_RING": _BUFFER_RING,
    "IORING_REGISTER_PBUF_STATUS": structure(
        "io_uring_buf_status",
        ("buf_group", U32, "group of the buffers"),
        ("head", U32, "position of the kernel, after the call"),
        size=40,
    ),
    "IORING_REGISTER_SYNC_CANCEL": _SYNC_CANCEL,
    "IORING_REGISTER_FILE_ALLOC_RANGE": structure(
        "io_uring_file_index_range", ("off", U32, "first index"), ("len", U32, "number of indices"), ("", U64)
    ),
    "IORING_REGISTER_NAPI": _NAPI,
    "IORING_UNREGISTER_NAPI": _NAPI,
    "IORING_REGISTER_CLOCK": structure("io_uring_clock_register", ("clockid", CLOCK, "clock of timeouts"), size=16),
    "IORING_REGISTER_CLONE_BUFFERS": _CLONE_BUFFERS,
    "IORING_REGISTER_SEND_MSG_RING": structure(
        "io_uring_sqe",
        ("opcode", IO_URING_OPERATION, "must be IORING_OP_MSG_RING"),
        ("", U8),
        ("", U16),
        ("fd", FD, "ring that the message goes to"),
        ("off", U64, "user_data of the completion there"),
        ("addr", HEX64, "command of the message"),
        ("len", U32, "result of the completion there"),
        ("msg_ring_flags", HEX32, "how the message is delivered"),
        ("user_data", HEX64, "value that comes with the completion"),
        size=64,
    ),
    "IORING_REGISTER_ZCRX_IFQ": structure(
        "io_uring_zcrx_ifq_reg",
        ("if_idx", U32, "network interface"),
        ("if_rxq", U32, "its receive queue"),
        ("rq_entries", U32, "entries of the refill queue"),
        ("flags", HEX32, "how the queue is set up"),
        ("area_ptr", ADDRESS, "address of the description of the memory area"),
        ("region_ptr", ADDRESS, "address of the description of the refill ring"),
    ),
    "IORING_REGISTER_RESIZE_RINGS": structure(
        "io_uring_params",
        ("sq_entries", U32, "entries of the submission queue"),
        ("cq_entries", U32, "entries of the completion queue"),
        ("flags", SETUP_FLAGS, "how the ring works"),
    ),
    "IORING_REGISTER_MEM_REGION": structure(
        "io_uring_mem_region_reg",
        ("region_uptr", ADDRESS, "address of the description of the region"),
        (
            "flags",
            Flags(table="IORING_MEM_REGION_*", size=8, values=bits("IORING_MEM_REGION_REG_WAIT_ARG")),
            "what the region is for",
        ),
        size=32,
    ),
    "IORING_REGISTER_QUERY": _QUERY,
}
"""What io_uring_register's argument points to, where it is one structure."""


_REGISTER_ARRAYS: dict[str, Type] = {
    "IORING_REGISTER_BUFFERS": _IOVEC,
    "IORING_REGISTER_FILES": FD,
    "IORING_REGISTER_RESTRICTIONS": _RESTRICTION_ENTRY,
}


@dataclass(frozen=True, slots=True)
class RegisterArgument(Type):
    """io_uring_register's third argument: an array of iovecs, descriptors or restrictions, or a structure."""

    arrays: Mapping[str, Type] = field(default_factory=lambda: _REGISTER_ARRAYS, hash=False)
    structures: Mapping[str, Structure] = field(default_factory=lambda: REGISTER_STRUCTURES, hash=False)

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        values = REGISTER_OPERATION.values

        def elements(operation: str, element: Type) -> Capture:
            size = element.size_on(machine)
            when = ("opcode", values[operation])
            return Capture(Copy.BYTES, LengthFrom.ARGUMENT, size, "nr_args", limit=size * 16, when=when)

        return (
            *(elements(operation, element) for operation, element in self.arrays.items()),
            # The structures share these: a longer copy may fail where a shorter one does not.
            *(Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size) for size in (4, 16, 40, 64)),
        )

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        number = call.raw.get("opcode", 0) & 0x7FFFFFFF
        name = REGISTER_OPERATION.names(call.machine).get(number, "")
        copies = [*data, *[None] * (7 - len(data))]
        if name in self.arrays:
            return Array(self.arrays[name], "nr_args").decode(raw, (copies[list(self.arrays).index(name)],), call)
        layout = self.structures.get(name)
        if layout is None:
            return ADDRESS.decode(raw, (), call)
        longest = max((copy for copy in copies[3:] if copy is not None), key=len, default=None)
        return None if longest is None else layout.unpack(longest[: layout.size], call)

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "array", "string", "null"]}

    def meaning(self) -> str:
        return "depends on opcode"
