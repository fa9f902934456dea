"""System calls of asynchronous I/O: the io_submit family and io_uring."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.aio import (
    AIO_SIGNAL_SET,
    ENTER_FLAGS,
    IO_EVENT,
    IO_URING_PARAMS,
    IOCB,
    REGISTER_OPERATION,
    EnterArgument,
    RegisterArgument,
)
from kindling.catalogue.tables.common import TIMESPEC_POINTER
from kindling.catalogue.types import ADDRESS, FD, HEX64, I32, SIZE, Array, Pointer, Quantity

_COUNT = Quantity(8, True, unit="count")
_COUNT32 = Quantity(4, unit="count")
_CONTEXT = "the context"
_GETEVENTS_ERRORS = {
    "EINVAL": "the context is not valid, or min_nr or nr is out of range",
    "EINTR": "a signal came before an event",
    "EFAULT": "events or timeout is not valid memory",
}

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "io_setup",
        Category.FILE,
        "Create a context for asynchronous I/O with room for so many requests at once.",
        arg("nr_events", _COUNT32, "requests that can be under way at once"),
        inout("ctxp", Pointer(HEX64), "the context; must point to 0 before the call"),
        result=Result(
            I32,
            "0 on success",
            {
                "EAGAIN": "the system's limit of requests (fs.aio-max-nr) is reached",
                "EINVAL": "ctxp does not point to 0, or nr_events is 0 or too large",
                "ENOMEM": "there is not enough memory",
                "ENOSYS": "the kernel was built without it",
            },
        ),
        related=("io_submit", "io_getevents", "io_destroy", "io_uring_setup"),
    ),
    syscall(
        "io_destroy",
        Category.FILE,
        "Destroy a context for asynchronous I/O, after its requests have been cancelled or have completed.",
        arg("ctx_id", HEX64, _CONTEXT),
        result=Result(I32, "0 on success", {"EINVAL": "the context is not valid"}),
        related=("io_setup", "io_cancel"),
    ),
    syscall(
        "io_submit",
        Category.FILE,
        "Start requests for asynchronous I/O. Each is a struct iocb; only their addresses are captured.",
        arg("ctx_id", HEX64, _CONTEXT),
        arg("nr", _COUNT, "number of requests"),
        arg("iocbpp", Array(ADDRESS, "nr", limit=16), "addresses of the requests, up to 16 of them"),
        result=Result(
            I32,
            "number of requests started; fewer than asked for if one of them was refused",
            {
                "EAGAIN": "the context has no room for more requests",
                "EBADF": "the first request's descriptor is not open",
                "EINVAL": "the context or the first request is not valid, or the file cannot do the operation",
                "EFAULT": "a request is not readable memory",
            },
        ),
        related=("io_getevents", "io_cancel", "io_setup", "io_uring_enter"),
    ),
    syscall(
        "io_getevents",
        Category.WAIT,
        "Wait until at least so many requests have completed and fetch their results.",
        arg("ctx_id", HEX64, _CONTEXT),
        arg("min_nr", _COUNT, "completions to wait for"),
        arg("nr", _COUNT, "completions to fetch at most"),
        out("events", Array(IO_EVENT, "ret", limit=32), "results, up to 32 of them"),
        arg("timeout", TIMESPEC_POINTER, "how long to wait; NULL is for ever"),
        result=Result(I32, "number of completions; fewer than min_nr if the time was up", _GETEVENTS_ERRORS),
        related=("io_pgetevents", "io_submit", "io_cancel"),
    ),
    syscall(
        "io_pgetevents",
        Category.WAIT,
        "Like io_getevents, with other signals blocked while it waits.",
        arg("ctx_id", HEX64, _CONTEXT),
        arg("min_nr", _COUNT, "completions to wait for"),
        arg("nr", _COUNT, "completions to fetch at most"),
        out("events", Array(IO_EVENT, "ret", limit=32), "results, up to 32 of them"),
        arg("timeout", TIMESPEC_POINTER, "how long to wait; NULL is for ever"),
        arg("usig", Pointer(AIO_SIGNAL_SET), "address and size of the signal set; NULL leaves the signals"),
        result=Result(I32, "number of completions; fewer than min_nr if the time was up", _GETEVENTS_ERRORS),
        related=("io_getevents", "io_submit"),
        manual="io_getevents(2)",
        since="4.18",
    ),
    syscall(
        "io_cancel",
        Category.FILE,
        "Try to cancel a request of asynchronous I/O that has not completed. Few kinds of request can be cancelled.",
        arg("ctx_id", HEX64, _CONTEXT),
        arg("iocb", Pointer(IOCB), "the request"),
        arg("result", ADDRESS, "unused since 3.11: the completion comes by io_getevents"),
        result=Result(
            I32,
            "never 0 on today's kernels, where a cancelled request fails with EINPROGRESS",
            {
                "EINPROGRESS": "the request is being cancelled",
                "EAGAIN": "the request could not be cancelled",
                "EINVAL": "the context is not valid or does not have the request",
                "EFAULT": "the request is not readable memory",
            },
        ),
        related=("io_submit", "io_getevents"),
    ),
    syscall(
        "io_uring_setup",
        Category.FILE,
        "Create an io_uring: two rings shared with the kernel, in which a program puts requests and finds completions.",
        arg("entries", _COUNT32, "entries of the submission queue, rounded up to a power of two"),
        inout("params", Pointer(IO_URING_PARAMS), "how the ring works; after the call what the kernel made of it"),
        result=Result(
            FD,
            "descriptor of the ring",
            {
                "EINVAL": "a flag is unknown, flags contradict each other or entries is out of range",
                "EPERM": "kernel.io_uring_disabled forbids it, or a flag needs privileges",
                "ENOMEM": "the limit of locked memory or memory itself does not suffice",
                "EMFILE": "the process has too many descriptors open",
                "ENOSYS": "the kernel was built without it",
            },
        ),
        related=("io_uring_enter", "io_uring_register", "mmap", "io_setup"),
        since="5.1",
    ),
    syscall(
        "io_uring_enter",
        Category.FILE,
        "Submit requests that are in the ring, wait for completions, or both. The requests themselves stay in shared "
        "memory: what they do is no system call.",
        arg("fd", FD, "the ring; with IORING_ENTER_REGISTERED_RING its index among the registered rings"),
        arg("to_submit", _COUNT32, "requests to submit"),
        arg("min_complete", _COUNT32, "completions to wait for with IORING_ENTER_GETEVENTS"),
        arg("flags", ENTER_FLAGS, "what to do"),
        arg("argp", EnterArgument(), "signals to block, and how long to wait"),
        arg("argsz", SIZE, "size of argp"),
        result=Result(
            Quantity(4, True, unit="count"),
            "number of requests submitted",
            {
                "EAGAIN": "there is no memory for a request",
                "EBUSY": "completions have overflowed and must be fetched first",
                "EBADR": "completions were lost because memory ran out",
                "EINTR": "a signal came while it waited",
                "ETIME": "the time was up",
                "EBADF": "fd is not open",
                "EBADFD": "the ring is not enabled yet",
                "EEXIST": "the ring belongs to another thread (IORING_SETUP_SINGLE_ISSUER)",
                "EOPNOTSUPP": "fd is no io_uring",
                "EINVAL": "a flag is unknown or does not suit the ring",
            },
        ),
        related=("io_uring_setup", "io_uring_register", "io_getevents"),
        since="5.1",
    ),
    syscall(
        "io_uring_register",
        Category.FILE,
        "Make buffers, descriptors and other things known to an io_uring beforehand, change its settings or ask what "
        "it can do.",
        arg("fd", FD, "the ring, or its index with IORING_REGISTER_USE_REGISTERED_RING; -1 for what needs no ring"),
        arg("opcode", REGISTER_OPERATION, "what to register or do"),
        inout("arg", RegisterArgument(), "what the operation takes or gives; arrays up to 16 elements"),
        arg("nr_args", _COUNT32, "number of elements, or what else the operation makes of it"),
        result=Result(
            I32,
            "0, or a number that the operation gives",
            {
                "EINVAL": "the operation or an argument is not valid",
                "EBUSY": "such things are registered already",
                "ENXIO": "nothing is registered that could be removed",
                "EBADF": "a descriptor is not open",
                "EFAULT": "a buffer is not valid memory",
                "ENOMEM": "the limit of locked memory does not suffice",
                "EACCES": "a restriction of the ring forbids the operation",
                "EEXIST": "the ring belongs to another thread",
                "EOPNOTSUPP": "fd is no io_uring, or a buffer lies in a file",
            },
        ),
        related=("io_uring_setup", "io_uring_enter"),
        since="5.1",
    ),
)
