"""System calls of communication between processes: System V IPC, POSIX message queues, eventfd, signalfd, memfd."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import OPEN_FLAGS, SIGNAL_SET, TIMESPEC_POINTER
from kindling.catalogue.tables.ipc import (
    EVENTFD_FLAGS,
    KEY,
    MEMFD_FLAGS,
    MEMFD_SECRET_FLAGS,
    MQ_ATTR,
    MSG_ARGUMENT,
    MSG_CONTROL,
    MSG_GET_FLAGS,
    MSG_RECEIVE_FLAGS,
    MSG_SEND_FLAGS,
    MSGBUF,
    SEM_ARGUMENT,
    SEM_CONTROL,
    SEM_GET_FLAGS,
    SEMBUF,
    SHM_ARGUMENT,
    SHM_ATTACH_FLAGS,
    SHM_CONTROL,
    SHM_GET_FLAGS,
    SIGNALFD_FLAGS,
)
from kindling.catalogue.tables.time import SIGEVENT
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    HEX64,
    I32,
    I64,
    MODE,
    NAME,
    SIZE,
    U32,
    Array,
    Bytes,
    Pointer,
    Quantity,
)

_COUNT = Quantity(4, True, unit="count")
_TRANSFERRED = Quantity(8, True, unit="bytes")
_OPERATION_COUNT = Quantity(4, unit="count")
_QUEUE_NAME = NAME

_ATTRIBUTES = Pointer(MQ_ATTR)
_SUCCESS = "0 on success"

_GET = {
    "EEXIST": "IPC_CREAT and IPC_EXCL are given and the key exists",
    "ENOENT": "the key does not exist and IPC_CREAT is not given",
    "EACCES": "it exists and the permission bits do not allow the access asked for",
    "ENOSPC": "the system has as many of them as it may have",
    "ENOMEM": "memory is short",
}
_CONTROL = {
    "EINVAL": "the id does not exist, or cmd is unknown",
    "EIDRM": "it was removed",
    "EACCES": "the caller may not read it",
    "EPERM": "IPC_SET or IPC_RMID by someone who is neither owner nor creator and lacks CAP_SYS_ADMIN",
    "EFAULT": "the argument of cmd does not point to accessible memory",
}
_SEMAPHORES = {
    "EAGAIN": "an operation would wait and has IPC_NOWAIT, or (semtimedop) the time ran out",
    "EIDRM": "the set was removed, perhaps while the call waited",
    "EINTR": "a signal arrived while the call waited",
    "EINVAL": "the set does not exist, or nsops is not positive",
    "EFBIG": "sem_num of an operation is beyond the set",
    "E2BIG": "more operations than kernel.sem allows",
    "ERANGE": "a semaphore would exceed its greatest value",
    "EACCES": "the permission bits do not allow the operations",
}
_QUEUE_DESCRIPTOR = {
    "EBADF": "mqdes is not a message queue open for this",
}
_QUEUE_TIMEOUT = {
    "ETIMEDOUT": "the time came before the call could go on",
    "EINTR": "a signal arrived while the call waited",
    "EINVAL": "the call would wait and the time is invalid",
}
_EVENTFD = {
    "EINVAL": "a flag is unknown",
    "EMFILE": "the process has as many descriptors as it may have",
    "ENFILE": "the system has as many open files as it may have",
    "ENOMEM": "memory is short",
}
_SIGNALFD = {
    "EBADF": "ufd is not an open descriptor",
    "EINVAL": "ufd is not a signalfd, sizemask is wrong, or a flag is unknown",
    "EMFILE": "the process has as many descriptors as it may have",
    "ENOMEM": "memory is short",
}

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "shmget",
        Category.IPC,
        "Get the id of a System V shared memory segment by its key, creating it if asked to.",
        arg("key", KEY, "key of the segment; IPC_PRIVATE always makes a new one"),
        arg("size", SIZE, "size of a new segment, rounded up to pages; at most that of an existing one"),
        arg("shmflg", SHM_GET_FLAGS, "whether to create it, huge pages, and its permission bits"),
        result=Result(
            I32,
            "id of the segment",
            _GET | {"EINVAL": "the size is out of bounds, or greater than that of the existing segment"},
        ),
        related=("shmat", "shmdt", "shmctl", "memfd_create"),
    ),
    syscall(
        "shmat",
        Category.IPC,
        "Map a System V shared memory segment into the caller's address space.",
        arg("shmid", I32, "id of the segment"),
        arg("shmaddr", ADDRESS, "where to map it; null lets the kernel choose"),
        arg("shmflg", SHM_ATTACH_FLAGS, "read-only or executable, and how shmaddr is taken"),
        result=Result(
            HEX64,
            "address of the segment",
            {
                "EACCES": "the permission bits do not allow it",
                "EIDRM": "the segment was removed",
                "EINVAL": "the id does not exist, or the address is not aligned or not free",
                "ENOMEM": "there is no room in the address space",
            },
        ),
        related=("shmget", "shmdt", "mmap"),
    ),
    syscall(
        "shmdt",
        Category.IPC,
        "Unmap a System V shared memory segment. A segment marked for removal goes with its last mapping.",
        arg("shmaddr", ADDRESS, "address that shmat returned"),
        result=Result(I32, _SUCCESS, {"EINVAL": "no segment is mapped at the address"}),
        related=("shmat", "shmctl", "munmap"),
        manual="shmat(2)",
    ),
    syscall(
        "shmctl",
        Category.IPC,
        "Ask about a System V shared memory segment, change it, lock it or mark it for removal.",
        arg("shmid", I32, "id of the segment; an index for SHM_STAT"),
        arg("cmd", SHM_CONTROL, "what to do"),
        inout("buf", SHM_ARGUMENT, "what the command takes or gives"),
        result=Result(
            I32,
            "0; the highest index in use (IPC_INFO, SHM_INFO) or the id (SHM_STAT)",
            _CONTROL | {"ENOMEM": "SHM_LOCK exceeds RLIMIT_MEMLOCK"},
        ),
        related=("shmget", "shmat", "shmdt"),
    ),
    syscall(
        "semget",
        Category.IPC,
        "Get the id of a set of System V semaphores by its key, creating it if asked to.",
        arg("key", KEY, "key of the set; IPC_PRIVATE always makes a new one"),
        arg("nsems", _COUNT, "how many semaphores a new set has; at most those of an existing one"),
        arg("semflg", SEM_GET_FLAGS, "whether to create it, and its permission bits"),
        result=Result(
            I32,
            "id of the set",
            _GET | {"EINVAL": "nsems is out of bounds, or greater than that of the existing set"},
        ),
        related=("semop", "semtimedop", "semctl"),
    ),
    syscall(
        "semop",
        Category.IPC,
        "Carry out operations on System V semaphores, all of them at once or none: wait until that is possible.",
        arg("semid", I32, "id of the set"),
        arg("sops", Array(SEMBUF, "nsops", 16), "the operations; the first 16"),
        arg("nsops", _OPERATION_COUNT, "how many operations there are"),
        result=Result(I32, _SUCCESS, _SEMAPHORES),
        related=("semtimedop", "semget", "semctl", "futex"),
    ),
    syscall(
        "semtimedop",
        Category.IPC,
        "Carry out operations on System V semaphores, as semop does, but wait no longer than a time.",
        arg("semid", I32, "id of the set"),
        arg("sops", Array(SEMBUF, "nsops", 16), "the operations; the first 16"),
        arg("nsops", _OPERATION_COUNT, "how many operations there are"),
        arg("timeout", TIMESPEC_POINTER, "how long to wait; null waits for ever"),
        result=Result(I32, _SUCCESS, _SEMAPHORES),
        related=("semop", "semget", "semctl"),
        manual="semop(2)",
    ),
    syscall(
        "semctl",
        Category.IPC,
        "Ask about System V semaphores, set their values, change the set or remove it.",
        arg("semid", I32, "id of the set; an index for SEM_STAT"),
        arg("semnum", _COUNT, "number of the semaphore in the set, where the command is about one"),
        arg("cmd", SEM_CONTROL, "what to do"),
        inout("arg", SEM_ARGUMENT, "what the command takes or gives; for GETALL and SETALL where the values are"),
        result=Result(
            I32,
            "0; or what was asked for: value, number of waiters, pid (GET*), index (IPC_INFO), id (SEM_STAT)",
            _CONTROL | {"ERANGE": "a value is negative or greater than a semaphore's may be"},
        ),
        related=("semget", "semop", "semtimedop"),
    ),
    syscall(
        "msgget",
        Category.IPC,
        "Get the id of a System V message queue by its key, creating it if asked to.",
        arg("key", KEY, "key of the queue; IPC_PRIVATE always makes a new one"),
        arg("msgflg", MSG_GET_FLAGS, "whether to create it, and its permission bits"),
        result=Result(I32, "id of the queue", _GET),
        related=("msgsnd", "msgrcv", "msgctl", "mq_open"),
    ),
    syscall(
        "msgsnd",
        Category.IPC,
        "Put a message into a System V message queue, and wait while the queue is full.",
        arg("msqid", I32, "id of the queue"),
        arg("msgp", Pointer(MSGBUF), "the message: its type, and the text behind it"),
        arg("msgsz", SIZE, "length of the text"),
        arg("msgflg", MSG_SEND_FLAGS, "IPC_NOWAIT does not wait"),
        result=Result(
            I32,
            _SUCCESS,
            {
                "EAGAIN": "the queue is full and IPC_NOWAIT is given",
                "EIDRM": "the queue was removed, perhaps while the call waited",
                "EINTR": "a signal arrived while the call waited",
                "EINVAL": "the queue does not exist, the type is not positive, or the text exceeds kernel.msgmax",
                "EACCES": "the caller may not write to the queue",
            },
        ),
        related=("msgrcv", "msgget", "msgctl"),
        manual="msgop(2)",
    ),
    syscall(
        "msgrcv",
        Category.IPC,
        "Take a message out of a System V message queue, the first or the first of a type; wait while there is none.",
        arg("msqid", I32, "id of the queue"),
        out("msgp", Pointer(MSGBUF), "the message: its type, and the text behind it"),
        arg("msgsz", SIZE, "how much text there is room for"),
        arg(
            "msgtyp",
            I64,
            "0 takes the first message, a positive number one of that type, a negative one the lowest type up to that; "
            "an index with MSG_COPY",
        ),
        arg("msgflg", MSG_RECEIVE_FLAGS, "whether to wait, and what to do with a message that is too long"),
        result=Result(
            _TRANSFERRED,
            "length of the text",
            {
                "ENOMSG": "no such message is there and IPC_NOWAIT is given",
                "E2BIG": "the text is longer than msgsz and MSG_NOERROR is not given",
                "EIDRM": "the queue was removed while the call waited",
                "EINTR": "a signal arrived while the call waited",
                "EINVAL": "the queue does not exist, or msgsz is negative",
                "EACCES": "the caller may not read from the queue",
            },
        ),
        related=("msgsnd", "msgget", "msgctl"),
        manual="msgop(2)",
    ),
    syscall(
        "msgctl",
        Category.IPC,
        "Ask about a System V message queue, change it or remove it.",
        arg("msqid", I32, "id of the queue; an index for MSG_STAT"),
        arg("cmd", MSG_CONTROL, "what to do"),
        inout("buf", MSG_ARGUMENT, "what the command takes or gives"),
        result=Result(I32, "0; the highest index in use (IPC_INFO, MSG_INFO) or the id (MSG_STAT)", _CONTROL),
        related=("msgget", "msgsnd", "msgrcv"),
    ),
    syscall(
        "mq_open",
        Category.IPC,
        "Open a POSIX message queue, perhaps creating it. Its descriptor is a file descriptor, so it can be polled.",
        arg("name", _QUEUE_NAME, "name of the queue, here without the slash that the C library wants"),
        arg("oflag", OPEN_FLAGS, "access mode, whether to create it, whether to wait"),
        arg("mode", MODE, "permission bits of a new queue, before the umask"),
        arg("attr", _ATTRIBUTES, "how many messages of what length a new queue holds; null for the usual"),
        result=Result(
            FD,
            "descriptor of the queue",
            {
                "ENOENT": "the queue does not exist and O_CREAT is not given",
                "EEXIST": "O_CREAT and O_EXCL are given and the queue exists",
                "EACCES": "the permission bits do not allow it, or the name has a slash",
                "EINVAL": "the attributes are out of bounds",
                "ENOSPC": "the system has as many queues as fs.mqueue.queues_max",
                "EMFILE": "the process has as many descriptors, or the user's queues as much room, as allowed",
            },
        ),
        related=("mq_timedsend", "mq_timedreceive", "mq_unlink", "mq_getsetattr"),
        manual="mq_open(3)",
    ),
    syscall(
        "mq_unlink",
        Category.IPC,
        "Remove the name of a POSIX message queue; the queue goes when the last descriptor is closed.",
        arg("name", _QUEUE_NAME, "name of the queue, here without the slash that the C library wants"),
        result=Result(
            I32,
            _SUCCESS,
            {"ENOENT": "there is no queue of that name", "EACCES": "the caller may not remove it"},
        ),
        related=("mq_open", "unlink"),
        manual="mq_unlink(3)",
    ),
    syscall(
        "mq_timedsend",
        Category.IPC,
        "Put a message into a POSIX message queue, before those of lower priority, and wait while the queue is full.",
        arg("mqdes", FD, "the queue"),
        arg("data", Bytes("msg_len", payload=True), "the message"),
        arg("msg_len", SIZE, "its length"),
        arg("msg_prio", U32, "its priority, below 32768"),
        arg("abs_timeout", TIMESPEC_POINTER, "until when to wait (CLOCK_REALTIME); null waits for ever"),
        result=Result(
            I32,
            _SUCCESS,
            _QUEUE_DESCRIPTOR
            | _QUEUE_TIMEOUT
            | {
                "EAGAIN": "the queue is full and O_NONBLOCK is set",
                "EMSGSIZE": "the message is longer than those of the queue may be",
            },
        ),
        related=("mq_timedreceive", "mq_open", "mq_notify"),
        manual="mq_send(3)",
    ),
    syscall(
        "mq_timedreceive",
        Category.IPC,
        "Take the oldest message of the highest priority out of a POSIX message queue, and wait while there is none.",
        arg("mqdes", FD, "the queue"),
        out("data", Bytes("ret", payload=True), "the message"),
        arg("msg_len", SIZE, "how much room there is; at least the queue's message length"),
        out("msg_prio", Pointer(U32), "priority of the message; null if not asked for"),
        arg("abs_timeout", TIMESPEC_POINTER, "until when to wait (CLOCK_REALTIME); null waits for ever"),
        result=Result(
            _TRANSFERRED,
            "length of the message",
            _QUEUE_DESCRIPTOR
            | _QUEUE_TIMEOUT
            | {
                "EAGAIN": "the queue is empty and O_NONBLOCK is set",
                "EMSGSIZE": "there is less room than the messages of the queue may need",
            },
        ),
        related=("mq_timedsend", "mq_open", "mq_notify"),
        manual="mq_receive(3)",
    ),
    syscall(
        "mq_notify",
        Category.IPC,
        "Ask to be notified, once, when a message comes into an empty POSIX message queue; or take that back.",
        arg("mqdes", FD, "the queue"),
        arg("notification", Pointer(SIGEVENT), "how to notify; null takes it back"),
        result=Result(
            I32,
            _SUCCESS,
            _QUEUE_DESCRIPTOR
            | {
                "EBUSY": "another process asked before",
                "EINVAL": "the way to notify or the signal is unknown",
            },
        ),
        related=("mq_open", "mq_timedreceive"),
        manual="mq_notify(3)",
    ),
    syscall(
        "mq_getsetattr",
        Category.IPC,
        "Ask for the attributes of a POSIX message queue and, if new ones are given, set O_NONBLOCK.",
        arg("mqdes", FD, "the queue"),
        arg("newattr", _ATTRIBUTES, "new attributes, of which only the flags count; null changes nothing"),
        out("oldattr", _ATTRIBUTES, "attributes before the call; null if not asked for"),
        result=Result(I32, _SUCCESS, _QUEUE_DESCRIPTOR | {"EINVAL": "a flag other than O_NONBLOCK is set"}),
        related=("mq_open", "mq_timedsend", "mq_timedreceive"),
    ),
    syscall(
        "eventfd",
        Category.IPC,
        "Create a counter to be waited for like a file: writes add to it, reads take it. eventfd2 has flags.",
        arg("count", U32, "value to start with"),
        result=Result(FD, "descriptor of the counter", _EVENTFD),
        related=("eventfd2", "epoll_ctl", "signalfd4"),
    ),
    syscall(
        "eventfd2",
        Category.IPC,
        "Create a counter to be waited for like a file: writes add to it, reads take it (a semaphore: one of it).",
        arg("count", U32, "value to start with"),
        arg("flags", EVENTFD_FLAGS, "whether it is a semaphore, and flags of the descriptor"),
        result=Result(FD, "descriptor of the counter", _EVENTFD),
        related=("eventfd", "epoll_ctl", "signalfd4"),
        manual="eventfd(2)",
    ),
    syscall(
        "signalfd",
        Category.SIGNAL,
        "Create a descriptor that signals can be read from, or change which. The old call; signalfd4 has flags.",
        arg("ufd", FD, "-1 for a new descriptor, or the signalfd to change"),
        arg("mask", SIGNAL_SET, "the signals; the caller should block them"),
        arg("sizemask", SIZE, "size of mask, 8"),
        result=Result(FD, "the descriptor, new or given", _SIGNALFD),
        related=("signalfd4", "rt_sigprocmask", "rt_sigtimedwait", "epoll_ctl"),
    ),
    syscall(
        "signalfd4",
        Category.SIGNAL,
        "Create a descriptor that signals can be read from, or change which.",
        arg("ufd", FD, "-1 for a new descriptor, or the signalfd to change"),
        arg("mask", SIGNAL_SET, "the signals; the caller should block them"),
        arg("sizemask", SIZE, "size of mask, 8"),
        arg("flags", SIGNALFD_FLAGS, "flags of the descriptor"),
        result=Result(FD, "the descriptor, new or given", _SIGNALFD),
        related=("signalfd", "rt_sigprocmask", "rt_sigtimedwait", "epoll_ctl"),
        manual="signalfd(2)",
    ),
    syscall(
        "memfd_create",
        Category.IPC,
        "Create a file that lives in memory and has no path, to be shared by passing its descriptor on.",
        arg("name", NAME, "name for people: /proc shows it as memfd:name"),
        arg("flags", MEMFD_FLAGS, "sealing, huge pages, executable or not, and flags of the descriptor"),
        result=Result(
            FD,
            "descriptor of the file",
            {
                "EINVAL": "a flag is unknown, or the name is longer than 249 bytes",
                "EPERM": "huge pages need CAP_IPC_LOCK or hugetlb_shm_group",
                "EACCES": "vm.memfd_noexec forbids executable memory files",
                "EMFILE": "the process has as many descriptors as it may have",
                "ENOMEM": "memory is short",
            },
        ),
        related=("memfd_secret", "mmap", "fcntl", "ftruncate"),
        since="3.17",
    ),
    syscall(
        "memfd_secret",
        Category.IPC,
        "Create a file in memory whose pages only those who map it see: the kernel's own mapping of them is removed. "
        "Before 6.5 it must be enabled when the kernel starts (secretmem.enable).",
        arg("flags", MEMFD_SECRET_FLAGS, "flags of the descriptor"),
        result=Result(
            FD,
            "descriptor of the file",
            {
                "ENOSYS": "the kernel or the machine cannot do it, or it is not enabled",
                "EINVAL": "a flag is unknown",
                "EMFILE": "the process has as many descriptors as it may have",
                "ENOMEM": "memory is short",
            },
        ),
        related=("memfd_create", "mmap", "mlock"),
        since="5.14",
    ),
)
