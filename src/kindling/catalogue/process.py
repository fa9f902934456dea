"""The life of processes as the kernel's own tracepoints tell it: fork, exec, exit and the delivery of signals."""

from __future__ import annotations

from kindling.catalogue.define import Category, arg
from kindling.catalogue.model import Definition, Source
from kindling.catalogue.tables.common import SIGNAL, WAIT_STATUS
from kindling.catalogue.tables.signal import SA_FLAGS, SI_CODE, SI_CODES, SIGNAL_HANDLER
from kindling.catalogue.types import BOOLEAN, PATH, PID, STRING, StringArray, Switch

SIGNAL_CODE = Switch("signal", SIGNAL, SI_CODES, SI_CODE)

EVENTS: tuple[Definition, ...] = (
    Definition(
        name="process_fork",
        source=Source.TRACEPOINT,
        category=Category.PROCESS,
        description=(
            "A process or thread was made. The event's thread is the one that made it, by fork, vfork, clone or "
            "clone3; a new thread has the child_pid of its maker, a new process one that equals its child_tid."
        ),
        arguments=(
            arg("child_pid", PID, "process id of the child"),
            arg("child_tid", PID, "thread id of the child"),
            arg("child_comm", STRING, "name of the child's thread, which is still that of its maker"),
        ),
        aliases=("tracepoint-sched_process_fork",),
        related=("clone", "clone3", "fork", "vfork", "process_exec", "process_exit"),
        manual="fork(2)",
        fires="in the parent, when the child is complete and before it runs",
    ),
    Definition(
        name="process_exec",
        source=Source.TRACEPOINT,
        category=Category.PROCESS,
        description=(
            "A process has begun to run another program. The event's thread is the one that is left, already with the "
            "new name, program and credentials; a call that failed makes no such event."
        ),
        arguments=(
            arg("path", PATH, "the program as it was given to execve; for a script, the script"),
            arg("argv", StringArray(4096), "arguments, as the new program finds them"),
            arg(
                "old_tid",
                PID,
                "thread id that the caller had: not that of the process if another thread than the first called",
            ),
        ),
        aliases=("tracepoint-sched_process_exec",),
        related=("execve", "execveat", "process_fork", "process_exit"),
        manual="execve(2)",
        fires="in the new program's context, when it can no longer fail and before its first instruction",
    ),
    Definition(
        name="process_exit",
        source=Source.TRACEPOINT,
        category=Category.PROCESS,
        description=(
            "A thread has ended, of its own or by a signal. With group_dead it was the last of its process, whose "
            "descriptors and memory are released next."
        ),
        arguments=(
            arg("status", WAIT_STATUS, "exit status, or the signal that killed it, as a waiting parent will see it"),
            arg("group_dead", BOOLEAN, "whether it was the last thread of its process"),
        ),
        aliases=("tracepoint-procexit", "tracepoint-sched_process_exit"),
        related=("exit", "exit_group", "wait4", "process_fork", "signal_deliver"),
        manual="_exit(2)",
        fires="when the thread has begun to exit and still has its name, ids and descriptors",
    ),
    Definition(
        name="signal_deliver",
        source=Source.TRACEPOINT,
        category=Category.SIGNAL,
        description=(
            "A signal reached a thread, which now runs its handler, stops or dies. The event's thread is the receiver. "
            "Signals that are ignored or blocked make no such event until they are delivered. One that ends the "
            "process without a core dump arrives as SIGKILL without a sender: the kernel turns it into that for all "
            "threads when it is sent. The status of process_exit has its name."
        ),
        arguments=(
            arg("signal", SIGNAL, "the signal"),
            arg("code", SIGNAL_CODE, "why it was sent: the si_code, by its name for this signal"),
            arg("sender", PID, "process that sent it, as the receiver's siginfo says; 0 if the code names none"),
            arg("handler", SIGNAL_HANDLER, "what happens: the default, or the handler at this address"),
            arg("flags", SA_FLAGS, "flags that the handler was set with"),
        ),
        aliases=("tracepoint-signaldeliver", "tracepoint-signal_deliver"),
        related=("rt_sigaction", "kill", "tgkill", "process_exit"),
        manual="signal(7)",
        fires="in the receiver, when the kernel takes the signal from its queue on the way back to user space",
    ),
)
