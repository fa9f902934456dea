"""Names and structures of System V IPC, POSIX message queues, eventfd, signalfd and memfd."""

from __future__ import annotations

from dataclasses import dataclass

from kindling.catalogue.tables.common import SIGNAL
from kindling.catalogue.tables.layout import layout, names
from kindling.catalogue.tables.memory import HUGE_SIZE_MASK, huge_sizes
from kindling.catalogue.types import (
    ADDRESS,
    GID,
    HEX64,
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
    return layout(
        "ipc64_perm",
        key=KEY,
        uid=UID,
        gid=GID,
        cuid=UID,
        cgid=GID,
        mode=mode,
        seq=U16,
        pad1=U16,
        pad2=U64,
        pad3=U64,
    )


IPC_PERMISSIONS = _permissions(MODE)
SHMID_DS = layout(
    "shmid64_ds",
    shm_perm=_permissions(SegmentMode()),
    shm_segsz=BYTE_COUNT,
    shm_atime=SECONDS,
    shm_dtime=SECONDS,
    shm_ctime=SECONDS,
    shm_cpid=PID,
    shm_lpid=PID,
    shm_nattch=Quantity(8, unit="count"),
    pad1=U64,
    pad2=U64,
)
SHMINFO = layout(
    "shminfo64",
    shmmax=BYTE_COUNT,
    shmmin=BYTE_COUNT,
    shmmni=U64,
    shmseg=U64,
    shmall=PAGE_COUNT,
    pad1=U64,
    pad2=U64,
    pad3=U64,
    pad4=U64,
)
SHM_INFO = layout(
    "shm_info",
    used_ids=I32,
    shm_tot=PAGE_COUNT,
    shm_rss=PAGE_COUNT,
    shm_swp=PAGE_COUNT,
    swap_attempts=U64,
    swap_successes=U64,
)
SEMID_DS = Structure(
    "semid64_ds",
    104,
    (
        Member("sem_perm", 0, IPC_PERMISSIONS),
        Member("sem_otime", 48, SECONDS),
        Member("sem_ctime", 64, SECONDS, offsets={"aarch64": 56}),
        Member("sem_nsems", 80, Quantity(8, unit="count"), offsets={"aarch64": 64}),
    ),
    sizes={"aarch64": 88},
)
"""x86_64 kept room for the upper halves of its times, which it never needed."""
SEMINFO = layout(
    "seminfo",
    semmap=I32,
    semmni=I32,
    semmns=I32,
    semmnu=I32,
    semmsl=I32,
    semopm=I32,
    semume=I32,
    semusz=I32,
    semvmx=I32,
    semaem=I32,
)
SEMBUF = layout("sembuf", sem_num=U16, sem_op=I16, sem_flg=SEM_OPERATION_FLAGS)
MSQID_DS = layout(
    "msqid64_ds",
    msg_perm=IPC_PERMISSIONS,
    msg_stime=SECONDS,
    msg_rtime=SECONDS,
    msg_ctime=SECONDS,
    msg_cbytes=BYTE_COUNT,
    msg_qnum=Quantity(8, unit="count"),
    msg_qbytes=BYTE_COUNT,
    msg_lspid=PID,
    msg_lrpid=PID,
    pad1=U64,
    pad2=U64,
)
MSGINFO = layout(
    "msginfo",
    msgpool=I32,
    msgmap=I32,
    msgmax=I32,
    msgmnb=I32,
    msgmni=I32,
    msgssz=I32,
    msgtql=I32,
    msgseg=U16,
)
MSGBUF = layout("msgbuf", mtype=I64)
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
MQ_ATTR = layout(
    "mq_attr",
    mq_flags=QUEUE_FLAGS,
    mq_maxmsg=I64,
    mq_msgsize=Quantity(8, True, unit="bytes"),
    mq_curmsgs=I64,
    pad=Array(I64, 4),
)
SIGEV_NOTIFY = Enum(
    table="ways to notify",
    signed=True,
    values=names("SIGEV_SIGNAL 0 SIGEV_NONE 1 SIGEV_THREAD 2 SIGEV_THREAD_ID 4"),
)
SIGEVENT = Structure(
    "sigevent",
    64,
    (
        Member("sigev_value", 0, HEX64, "value that the signal carries, or (SIGEV_THREAD) the address of a cookie"),
        Member("sigev_signo", 8, SIGNAL, "the signal"),
        Member("sigev_notify", 12, SIGEV_NOTIFY, "how to notify"),
    ),
)

EVENTFD_FLAGS = Flags(table="eventfd flags", values=names("EFD_SEMAPHORE 1 EFD_NONBLOCK 0o4000 EFD_CLOEXEC 0o2000000"))
SIGNALFD_FLAGS = Flags(table="signalfd flags", values=names("SFD_NONBLOCK 0o4000 SFD_CLOEXEC 0o2000000"))
MEMFD_FLAGS = Flags(
    table="memfd_create flags",
    fields={HUGE_SIZE_MASK: huge_sizes("MFD")},
    values=names("MFD_CLOEXEC 1 MFD_ALLOW_SEALING 2 MFD_HUGETLB 4 MFD_NOEXEC_SEAL 8 MFD_EXEC 16"),
)
MEMFD_SECRET_FLAGS = Flags(table="memfd_secret flags", values={"O_CLOEXEC": 0o2000000})
