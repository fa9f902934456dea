"""Names and structures of System V IPC, POSIX message queues, eventfd, signalfd and memfd."""

from __future__ import annotations

from dataclasses import dataclass

from kindling.catalogue.tables.layout import names, structure
from kindling.catalogue.tables.memory import HUGE_SIZE_MASK, huge_sizes
from kindling.catalogue.types import (
    ADDRESS,
    GID,
    I16,
    I32,
    I64,
    MODE,
    PID,
    U16,
    U64,
    UID,
    Array,
    Enum,
    Flags,
    Member,
    Octal,
    Pointer,
    Quantity,
    Scalar,
    Structure,
    Switch,
    Value,
)

BYTE_COUNT = Quantity(8, unit="bytes")
PAGE_COUNT = Quantity(8, unit="pages")
SECONDS = Quantity(8, True, unit="seconds since the epoch")
_COUNT = Quantity(8, unit="count")


@dataclass(frozen=True, slots=True)
class Key(Scalar):
    """A System V IPC key: "IPC_PRIVATE" or the number in hexadecimal, as ipcs shows it."""

    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        return "IPC_PRIVATE" if value == 0 else f"{value:#x}"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "IPC key"


@dataclass(frozen=True, slots=True)
class CreationFlags(Flags):
    """Flags that share their number with permission bits: "IPC_CREAT|IPC_EXCL|0600"."""

    def show(self, value: int, machine: str) -> Value:
        # super() without arguments does not work in a dataclass with slots.
        shown = str(Flags.show(self, value & ~0o777, machine))
        permissions = f"0{value & 0o777:03o}"
        return permissions if shown == self.zero else f"{shown}|{permissions}"

    def meaning(self) -> str:
        return f"flags of {self.table} and permission bits"


KEY = Key()

_CREATE = names("IPC_CREAT 0o1000 IPC_EXCL 0o2000")

SHM_GET_FLAGS = CreationFlags(
    table="shmget",
    fields={HUGE_SIZE_MASK: huge_sizes("SHM")},
    values={**_CREATE, "SHM_HUGETLB": 0o4000, "SHM_NORESERVE": 0o10000},
)
SEM_GET_FLAGS = CreationFlags(table="semget", values=_CREATE)
MSG_GET_FLAGS = CreationFlags(table="msgget", values=_CREATE)
SHM_ATTACH_FLAGS = Flags(
    table="shmat flags", values=names("SHM_RDONLY 0o10000 SHM_RND 0o20000 SHM_REMAP 0o40000 SHM_EXEC 0o100000")
)
SEM_OPERATION_FLAGS = Flags(
    table="semaphore operation flags", size=2, values=names("IPC_NOWAIT 0o4000 SEM_UNDO 0x1000")
)
MSG_SEND_FLAGS = Flags(table="msgsnd flags", values={"IPC_NOWAIT": 0o4000})
MSG_RECEIVE_FLAGS = Flags(
    table="msgrcv flags", values=names("IPC_NOWAIT 0o4000 MSG_NOERROR 0o10000 MSG_EXCEPT 0o20000 MSG_COPY 0o40000")
)

_CONTROL = names("IPC_RMID 0 IPC_SET 1 IPC_STAT 2 IPC_INFO 3")
SHM_CONTROL = Enum(
    table="shmctl commands",
    signed=True,
    values=_CONTROL | names("SHM_LOCK 11 SHM_UNLOCK 12 SHM_STAT 13 SHM_INFO 14 SHM_STAT_ANY 15"),
)
SEM_CONTROL = Enum(
    table="semctl commands",
    signed=True,
    values=_CONTROL
    | names("""
        GETPID 11 GETVAL 12 GETALL 13 GETNCNT 14 GETZCNT 15 SETVAL 16 SETALL 17 SEM_STAT 18 SEM_INFO 19
        SEM_STAT_ANY 20
    """),
)
MSG_CONTROL = Enum(
    table="msgctl commands",
    signed=True,
    values=_CONTROL | names("MSG_STAT 11 MSG_INFO 12 MSG_STAT_ANY 13"),
)

SHM_MODE = Flags(
    table="segment state and permission bits",
    values=names("SHM_DEST 0o1000 SHM_LOCKED 0o2000"),
)


@dataclass(frozen=True, slots=True)
class SegmentMode(Octal):
    """The mode of a shared memory segment: permission bits, and whether it is locked or about to go."""

    def show(self, value: int, machine: str) -> Value:
        state = str(SHM_MODE.show(value & 0o3000, machine))
        permissions = f"0{value & ~0o3000:03o}"
        return permissions if state == "0" else f"{state}|{permissions}"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}


def _permissions(mode: Octal) -> Structure:
    return structure(
        "ipc64_perm",
        ("key", KEY, "its key"),
        ("uid", UID, "the owner"),
        ("gid", GID, "the owner's group"),
        ("cuid", UID, "who created it"),
        ("cgid", GID, "the creator's group"),
        ("mode", mode, "permission bits"),
        ("seq", U16, "sequence number, part of the id, so that an id is not soon used again"),
        ("", U16),
        ("", U64),
        ("", U64),
    )


IPC_PERMISSIONS = _permissions(MODE)
SHMID_DS = structure(
    "shmid64_ds",
    ("shm_perm", _permissions(SegmentMode())),
    ("shm_segsz", BYTE_COUNT, "size of the segment"),
    ("shm_atime", SECONDS, "last shmat"),
    ("shm_dtime", SECONDS, "last shmdt"),
    ("shm_ctime", SECONDS, "creation, or last change by shmctl"),
    ("shm_cpid", PID, "process that created it"),
    ("shm_lpid", PID, "process of the last shmat or shmdt"),
    ("shm_nattch", _COUNT, "how many times it is attached"),
    ("", U64),
    ("", U64),
)
SHMINFO = structure(
    "shminfo64",
    ("shmmax", BYTE_COUNT, "largest size of a segment"),
    ("shmmin", BYTE_COUNT, "smallest size of a segment, always 1"),
    ("shmmni", U64, "how many segments there may be"),
    ("shmseg", U64, "how many segments a process may attach; not enforced"),
    ("shmall", PAGE_COUNT, "how much shared memory there may be in all"),
    ("", U64),
    ("", U64),
    ("", U64),
    ("", U64),
)
SHM_INFO = structure(
    "shm_info",
    ("used_ids", I32, "segments that exist"),
    ("shm_tot", PAGE_COUNT, "shared memory in all"),
    ("shm_rss", PAGE_COUNT, "of it in memory"),
    ("shm_swp", PAGE_COUNT, "of it swapped out"),
    ("swap_attempts", U64, "unused since Linux 2.4"),
    ("swap_successes", U64, "unused since Linux 2.4"),
)
SEMID_DS = Structure(
    "semid64_ds",
    104,
    (
        Member("sem_perm", 0, IPC_PERMISSIONS),
        Member("sem_otime", 48, SECONDS, "last semop"),
        Member("sem_ctime", 64, SECONDS, "creation, or last change by semctl", {"aarch64": 56}),
        Member("sem_nsems", 80, _COUNT, "semaphores in the set", {"aarch64": 64}),
    ),
    sizes={"aarch64": 88},
)
"""x86_64 kept room for the upper halves of its times, which it never needed."""
SEMINFO = structure(
    "seminfo",
    ("semmap", I32, "not used by the kernel"),
    ("semmni", I32, "how many sets there may be"),
    ("semmns", I32, "how many semaphores there may be in all sets"),
    ("semmnu", I32, "not used by the kernel"),
    ("semmsl", I32, "how many semaphores a set may have"),
    ("semopm", I32, "how many operations a semop may do"),
    ("semume", I32, "not used by the kernel"),
    ("semusz", I32, "size of struct sem_undo; with SEM_INFO the sets that exist"),
    ("semvmx", I32, "largest value of a semaphore"),
    ("semaem", I32, "largest value that SEM_UNDO records; with SEM_INFO the semaphores in all sets"),
)
SEMBUF = structure(
    "sembuf",
    ("sem_num", U16, "which semaphore of the set, from 0"),
    ("sem_op", I16, "added to its value when positive, taken from it when negative; 0 waits until the value is 0"),
    ("sem_flg", SEM_OPERATION_FLAGS, "fail instead of waiting, undo at the end of the process"),
)
MSQID_DS = structure(
    "msqid64_ds",
    ("msg_perm", IPC_PERMISSIONS),
    ("msg_stime", SECONDS, "last msgsnd"),
    ("msg_rtime", SECONDS, "last msgrcv"),
    ("msg_ctime", SECONDS, "creation, or last change by msgctl"),
    ("msg_cbytes", BYTE_COUNT, "what is in the queue"),
    ("msg_qnum", _COUNT, "messages in the queue"),
    ("msg_qbytes", BYTE_COUNT, "how much the queue may hold"),
    ("msg_lspid", PID, "process of the last msgsnd"),
    ("msg_lrpid", PID, "process of the last msgrcv"),
    ("", U64),
    ("", U64),
)
MSGINFO = structure(
    "msginfo",
    ("msgpool", I32, "not used by the kernel; with MSG_INFO the queues that exist"),
    ("msgmap", I32, "not used by the kernel; with MSG_INFO the messages in all queues"),
    ("msgmax", I32, "largest size of a message, in bytes"),
    ("msgmnb", I32, "how many bytes a new queue may hold"),
    ("msgmni", I32, "how many queues there may be"),
    ("msgssz", I32, "not used by the kernel"),
    ("msgtql", I32, "not used by the kernel; with MSG_INFO the bytes in all queues"),
    ("msgseg", U16, "not used by the kernel"),
)
MSGBUF = structure("msgbuf", ("mtype", I64, "type of the message, greater than 0"))
"""The type alone: the text of a message begins behind it, where no copy of payload can start."""

SHM_ARGUMENT = Switch(
    on="cmd",
    enum=SHM_CONTROL,
    cases={
        "IPC_STAT": Pointer(SHMID_DS),
        "IPC_SET": Pointer(SHMID_DS),
        "SHM_STAT": Pointer(SHMID_DS),
        "SHM_STAT_ANY": Pointer(SHMID_DS),
        "IPC_INFO": Pointer(SHMINFO),
        "SHM_INFO": Pointer(SHM_INFO),
    },
    default=ADDRESS,
)
SEM_ARGUMENT = Switch(
    on="cmd",
    enum=SEM_CONTROL,
    cases={
        "SETVAL": I32,
        "IPC_STAT": Pointer(SEMID_DS),
        "IPC_SET": Pointer(SEMID_DS),
        "SEM_STAT": Pointer(SEMID_DS),
        "SEM_STAT_ANY": Pointer(SEMID_DS),
        "IPC_INFO": Pointer(SEMINFO),
        "SEM_INFO": Pointer(SEMINFO),
    },
    default=ADDRESS,
)
MSG_ARGUMENT = Switch(
    on="cmd",
    enum=MSG_CONTROL,
    cases={
        "IPC_STAT": Pointer(MSQID_DS),
        "IPC_SET": Pointer(MSQID_DS),
        "MSG_STAT": Pointer(MSQID_DS),
        "MSG_STAT_ANY": Pointer(MSQID_DS),
        "IPC_INFO": Pointer(MSGINFO),
        "MSG_INFO": Pointer(MSGINFO),
    },
    default=ADDRESS,
)

QUEUE_FLAGS = Flags(table="message queue flags", size=8, values={"O_NONBLOCK": 0o4000})
MQ_ATTR = structure(
    "mq_attr",
    ("mq_flags", QUEUE_FLAGS, "whether sending and receiving through this descriptor may wait"),
    ("mq_maxmsg", I64, "how many messages the queue may hold"),
    ("mq_msgsize", Quantity(8, True, unit="bytes"), "largest size of a message"),
    ("mq_curmsgs", I64, "messages in the queue"),
    ("", Array(I64, 4)),
)
EVENTFD_FLAGS = Flags(table="eventfd flags", values=names("EFD_SEMAPHORE 1 EFD_NONBLOCK 0o4000 EFD_CLOEXEC 0o2000000"))
SIGNALFD_FLAGS = Flags(table="signalfd flags", values=names("SFD_NONBLOCK 0o4000 SFD_CLOEXEC 0o2000000"))
MEMFD_FLAGS = Flags(
    table="memfd_create flags",
    fields={HUGE_SIZE_MASK: huge_sizes("MFD")},
    values=names("MFD_CLOEXEC 1 MFD_ALLOW_SEALING 2 MFD_HUGETLB 4 MFD_NOEXEC_SEAL 8 MFD_EXEC 16"),
)
MEMFD_SECRET_FLAGS = Flags(table="memfd_secret flags", values={"O_CLOEXEC": 0o2000000})
