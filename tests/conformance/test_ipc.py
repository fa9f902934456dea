"""Communication between processes: System V shared memory, queues and semaphores, POSIX queues, futexes."""

from __future__ import annotations

import ctypes
import errno
import os

from tests.conformance.harness import ANY, Expected, Having, Watch, system

IPC_PRIVATE, IPC_RMID = 0, 0


def test_shared_memory(watch: Watch) -> None:
    watch.needs("shmget")

    def act() -> tuple[int, int]:
        segment = system.shmget(IPC_PRIVATE, 8192, 0o1600)
        address = system.shmat(segment, None, 0o10000)
        system.shmdt(address)
        system.shmctl(segment, IPC_RMID, None)
        system.shmat(segment, None, 0)
        return segment, address

    seen = watch(act, "shmget", "shmat", "shmdt", "shmctl")
    segment, address = seen.value
    seen.expect(
        Expected("shmget", {"key": "IPC_PRIVATE", "size": 8192, "shmflg": "IPC_CREAT|0600"}, segment, category="ipc"),
        Expected("shmat", {"shmid": segment, "shmaddr": None, "shmflg": "SHM_RDONLY"}, address),
        Expected("shmdt", {"shmaddr": f"{address:#x}"}, 0),
        Expected("shmctl", {"shmid": segment, "cmd": "IPC_RMID", "buf": ANY}, 0),
        Expected("shmat", {"shmid": segment, "shmaddr": None, "shmflg": ANY}, -errno.EINVAL),
    )


def test_message_queues(watch: Watch) -> None:
    message = ctypes.create_string_buffer((17).to_bytes(8, "little") + b"seventeen", 32)
    got = ctypes.create_string_buffer(64)

    def act() -> int:
        queue = system.msgget(IPC_PRIVATE, 0o1600)
        system.msgsnd(queue, message, 9, 0o4000)
        system.msgrcv(queue, got, 32, 17, 0o4000)
        system.msgrcv(queue, got, 32, 0, 0o4000)
        system.msgctl(queue, IPC_RMID, None)
        return queue

    seen = watch(act, "msgget", "msgsnd", "msgrcv", "msgctl")
    queue = seen.value
    seen.expect(
        Expected("msgget", {"key": "IPC_PRIVATE", "msgflg": "IPC_CREAT|0600"}, queue),
        Expected("msgsnd", {"msqid": queue, "msgp": Having(mtype=17), "msgsz": 9, "msgflg": "IPC_NOWAIT"}, 0),
        Expected(
            "msgrcv",
            {"msqid": queue, "msgp": Having(mtype=17), "msgsz": 32, "msgtyp": 17, "msgflg": "IPC_NOWAIT"},
            9,
        ),
        Expected(
            "msgrcv",
            {"msqid": queue, "msgp": None, "msgsz": 32, "msgtyp": 0, "msgflg": "IPC_NOWAIT"},
            -errno.ENOMSG,
        ),
        Expected("msgctl", {"msqid": queue, "cmd": "IPC_RMID", "buf": ANY}, 0),
    )


def test_semaphores(watch: Watch) -> None:
    up = (ctypes.c_short * 3)(0, 2, 0)
    down = (ctypes.c_short * 6)(0, -1, 0, 0, -5, 0o4000)

    def act() -> int:
        semaphores = system.semget(IPC_PRIVATE, 3, 0o1600)
        system.semop(semaphores, up, 1)
        system.semop(semaphores, down, 2)
        system.semctl(semaphores, 0, 12, 0)
        system.semctl(semaphores, 0, IPC_RMID, 0)
        return semaphores

    seen = watch(act, "semget", "semop", "semctl")
    number = seen.value
    seen.expect(
        Expected("semget", {"key": "IPC_PRIVATE", "nsems": 3, "semflg": "IPC_CREAT|0600"}, number),
        Expected(
            "semop",
            {"semid": number, "sops": [{"sem_num": 0, "sem_op": 2, "sem_flg": "0"}], "nsops": 1},
            0,
        ),
        Expected(
            "semop",
            {
                "semid": number,
                "sops": [
                    {"sem_num": 0, "sem_op": -1, "sem_flg": "0"},
                    {"sem_num": 0, "sem_op": -5, "sem_flg": "IPC_NOWAIT"},
                ],
                "nsops": 2,
            },
            -errno.EAGAIN,
        ),
        Expected("semctl", {"semid": number, "semnum": 0, "cmd": "GETVAL", "arg": ANY}, 2),
        Expected("semctl", {"semid": number, "semnum": 0, "cmd": "IPC_RMID", "arg": ANY}, 0),
    )


def test_posix_queues(watch: Watch) -> None:
    name = b"kindling-%d" % os.getpid()
    attributes = (ctypes.c_long * 8)(0, 5, 64)
    got, priority = ctypes.create_string_buffer(64), ctypes.c_uint()

    def act() -> int:
        queue = system.mq_open(name, os.O_RDWR | os.O_CREAT, 0o600, attributes)
        system.mq_timedsend(queue, b"urgent", 6, 31, None)
        system.mq_timedreceive(queue, got, 64, priority, None)
        system.mq_unlink(name)
        return queue

    seen = watch(act, "mq_open", "mq_timedsend", "mq_timedreceive", "mq_unlink", snaplen=64)
    queue = seen.value
    if queue == -errno.ENOSYS:
        watch.unavailable("this kernel is built without POSIX message queues")
    file = {"num": queue, "type": "file"}
    seen.expect(
        Expected(
            "mq_open",
            {
                "name": name,
                "oflag": "O_RDWR|O_CREAT",
                "mode": "0600",
                "attr": Having(mq_maxmsg=5, mq_msgsize=64),
            },
            queue,
            fd=file,
        ),
        Expected(
            "mq_timedsend",
            {"mqdes": queue, "data": b"urgent", "msg_len": 6, "msg_prio": 31, "abs_timeout": None},
            0,
            fd=file,
        ),
        Expected(
            "mq_timedreceive",
            {"mqdes": queue, "data": b"urgent", "msg_len": 64, "msg_prio": 31, "abs_timeout": None},
            6,
            fd=file,
        ),
        Expected("mq_unlink", {"name": name}, 0),
    )


def test_futexes(watch: Watch) -> None:
    word = ctypes.c_int(5)
    timeout = (ctypes.c_long * 2)(0, 1009)
    where = f"{ctypes.addressof(word):#x}"

    def act() -> None:
        system.futex(word, 0x80, 7, None, None, 0)
        system.futex(word, 0x80, 5, timeout, None, 0)
        system.futex(word, 0x81, 3, None, None, 0)

    seen = watch(act, "futex").only(lambda event: event.args["uaddr"] == where)
    rest = {"uaddr2": ANY, "val3": ANY}
    seen.expect(
        Expected(
            "futex",
            {"uaddr": where, "op": "FUTEX_WAIT|FUTEX_PRIVATE_FLAG", "val": 7, "timeout": None, **rest},
            -errno.EAGAIN,
            category="wait",
        ),
        Expected(
            "futex",
            {
                "uaddr": where,
                "op": "FUTEX_WAIT|FUTEX_PRIVATE_FLAG",
                "val": 5,
                "timeout": {"tv_sec": 0, "tv_nsec": 1009},
                **rest,
            },
            -errno.ETIMEDOUT,
        ),
        Expected(
            "futex",
            {"uaddr": where, "op": "FUTEX_WAKE|FUTEX_PRIVATE_FLAG", "val": 3, "timeout": ANY, **rest},
            0,
        ),
    )
