"""Syscalls on user ids, group ids and capabilities."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.user import CAPABILITY_HEADER, CapabilitySets, GroupList
from kindling.catalogue.types import COUNT32, GID, I32, UID, Array, Pointer

_SETTERS = {
    "EPERM": "the caller lacks {cap} and asks for an id that it does not hold",
    "EINVAL": "an id has no meaning in the caller's user namespace",
    "EAGAIN": "the change would pass RLIMIT_NPROC of the new user, or memory is short",
}


def _errors(capability: str, *names: str) -> dict[str, str]:
    return {name: _SETTERS[name].format(cap=capability) for name in names}


_UID_ERRORS = _errors("CAP_SETUID", "EPERM", "EINVAL", "EAGAIN")
_GID_ERRORS = _errors("CAP_SETGID", "EPERM", "EINVAL")
_KEEP = "-1 leaves it as it is"

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "getuid",
        Category.USER,
        "Ask the real user id of the caller, seen from its user namespace. Cannot fail.",
        result=Result(UID, "the real user id; 65534 if it has no number in the caller's user namespace"),
        related=("geteuid", "getresuid", "setuid"),
    ),
    syscall(
        "geteuid",
        Category.USER,
        "Ask the effective user id of the caller, the one that permissions are checked with. Cannot fail.",
        result=Result(UID, "the effective user id; 65534 if it has no number in the caller's user namespace"),
        related=("getuid", "getresuid", "setuid"),
    ),
    syscall(
        "getgid",
        Category.USER,
        "Ask the real group id of the caller, seen from its user namespace. Cannot fail.",
        result=Result(GID, "the real group id; 65534 if it has no number in the caller's user namespace"),
        related=("getegid", "getresgid", "getgroups"),
    ),
    syscall(
        "getegid",
        Category.USER,
        "Ask the effective group id of the caller. Cannot fail.",
        result=Result(GID, "the effective group id; 65534 if it has no number in the caller's user namespace"),
        related=("getgid", "getresgid", "getgroups"),
    ),
    syscall(
        "setuid",
        Category.USER,
        "Set the effective user id of the calling thread; with CAP_SETUID the real and the saved one too, which "
        "cannot be undone. The C library repeats the call in every thread of the process.",
        arg("uid", UID, "the new user id"),
        result=Result(I32, "0", _UID_ERRORS),
        related=("setreuid", "setresuid", "setfsuid", "getuid"),
    ),
    syscall(
        "setgid",
        Category.USER,
        "Set the effective group id of the calling thread; with CAP_SETGID the real and the saved one too. The C "
        "library repeats the call in every thread of the process.",
        arg("gid", GID, "the new group id"),
        result=Result(I32, "0", _GID_ERRORS),
        related=("setregid", "setresgid", "setgroups", "getgid"),
    ),
    syscall(
        "setreuid",
        Category.USER,
        "Set the real and the effective user id of the calling thread. The saved one follows the effective one when "
        "the real one is set or the effective one differs from it.",
        arg("ruid", UID, f"real user id; {_KEEP}"),
        arg("euid", UID, f"effective user id; {_KEEP}"),
        result=Result(I32, "0", _UID_ERRORS),
        related=("setuid", "setresuid", "getresuid"),
    ),
    syscall(
        "setregid",
        Category.USER,
        "Set the real and the effective group id of the calling thread. The saved one follows the effective one when "
        "the real one is set or the effective one differs from it.",
        arg("rgid", GID, f"real group id; {_KEEP}"),
        arg("egid", GID, f"effective group id; {_KEEP}"),
        result=Result(I32, "0", _GID_ERRORS),
        related=("setgid", "setresgid", "getresgid"),
    ),
    syscall(
        "setresuid",
        Category.USER,
        "Set the real, effective and saved user id of the calling thread; without CAP_SETUID each to one that it "
        "holds.",
        arg("ruid", UID, f"real user id; {_KEEP}"),
        arg("euid", UID, f"effective user id; {_KEEP}"),
        arg("suid", UID, f"saved user id; {_KEEP}"),
        result=Result(I32, "0", _UID_ERRORS),
        related=("getresuid", "setuid", "setreuid", "setresgid"),
    ),
    syscall(
        "getresuid",
        Category.USER,
        "Ask the real, effective and saved user id of the caller.",
        out("ruid", Pointer(UID), "real user id"),
        out("euid", Pointer(UID), "effective user id"),
        out("suid", Pointer(UID), "saved user id"),
        result=Result(I32, "0", {"EFAULT": "one of the addresses is not writable memory"}),
        related=("setresuid", "getuid", "geteuid"),
    ),
    syscall(
        "setresgid",
        Category.USER,
        "Set the real, effective and saved group id of the calling thread; without CAP_SETGID each to one that it "
        "holds.",
        arg("rgid", GID, f"real group id; {_KEEP}"),
        arg("egid", GID, f"effective group id; {_KEEP}"),
        arg("sgid", GID, f"saved group id; {_KEEP}"),
        result=Result(I32, "0", _GID_ERRORS),
        related=("getresgid", "setgid", "setregid", "setresuid"),
    ),
    syscall(
        "getresgid",
        Category.USER,
        "Ask the real, effective and saved group id of the caller.",
        out("rgid", Pointer(GID), "real group id"),
        out("egid", Pointer(GID), "effective group id"),
        out("sgid", Pointer(GID), "saved group id"),
        result=Result(I32, "0", {"EFAULT": "one of the addresses is not writable memory"}),
        related=("setresgid", "getgid", "getegid"),
    ),
    syscall(
        "setfsuid",
        Category.USER,
        "Set the user id that the calling thread's file accesses are checked with. Made for NFS servers before "
        "threads had ids of their own. Never reports an error: only a second call with an invalid id tells whether it "
        "worked.",
        arg("fsuid", UID, "the new id; -1 only asks"),
        result=Result(UID, "the id before the call, whether it was changed or not"),
        related=("setfsgid", "setresuid", "geteuid"),
    ),
    syscall(
        "setfsgid",
        Category.USER,
        "Set the group id that the calling thread's file accesses are checked with. Never reports an error: only a "
        "second call with an invalid id tells whether it worked.",
        arg("fsgid", GID, "the new id; -1 only asks"),
        result=Result(GID, "the id before the call, whether it was changed or not"),
        related=("setfsuid", "setresgid", "getegid"),
    ),
    syscall(
        "getgroups",
        Category.USER,
        "Ask the supplementary groups of the caller.",
        arg("size", COUNT32, "room in list; 0 only asks how many groups there are"),
        out("list", GroupList(GID, "ret"), "the supplementary groups, at most 64 of them shown"),
        result=Result(
            COUNT32,
            "number of supplementary groups",
            {"EINVAL": "size is negative, or not 0 and too small", "EFAULT": "list is not writable memory"},
        ),
        related=("setgroups", "getgid", "getegid"),
    ),
    syscall(
        "setgroups",
        Category.USER,
        "Replace the supplementary groups of the calling thread. The C library repeats the call in every thread.",
        arg("size", COUNT32, "number of groups in list"),
        arg("list", Array(GID, "size"), "the groups, at most 64 of them shown"),
        result=Result(
            I32,
            "0",
            {
                "EPERM": "no CAP_SETGID, or /proc/pid/setgroups of the user namespace says deny",
                "EINVAL": "more than 65536 groups, or one without meaning in the caller's user namespace",
                "EFAULT": "list is not readable memory",
                "ENOMEM": "no memory for the list",
            },
        ),
        related=("getgroups", "setgid", "setresgid"),
    ),
    syscall(
        "capget",
        Category.USER,
        "Ask the capabilities of a thread. With an unknown version the kernel writes the one it prefers into the "
        "header, which is how libraries find it out.",
        inout(
            "hdrp", Pointer(CAPABILITY_HEADER), "version of the interface and the thread; the version may be corrected"
        ),
        out("datap", CapabilitySets(), "effective, permitted and inheritable set; null only asks for the version"),
        result=Result(
            I32,
            "0",
            {
                "EINVAL": "unknown version together with data, or a negative pid",
                "ESRCH": "there is no such thread",
                "EFAULT": "hdrp or datap is not accessible memory",
            },
        ),
        related=("capset", "prctl", "getresuid"),
    ),
    syscall(
        "capset",
        Category.USER,
        "Set the capabilities of the calling thread: the permitted set can only shrink, and the effective one stays "
        "within it.",
        inout("hdrp", Pointer(CAPABILITY_HEADER), "version of the interface; pid must be 0 or the caller"),
        arg("datap", CapabilitySets(), "effective, permitted and inheritable set"),
        result=Result(
            I32,
            "0",
            {
                "EPERM": "a set would gain what it may not, or pid is another thread",
                "EINVAL": "unknown version of the interface",
                "EFAULT": "hdrp or datap is not readable memory",
            },
        ),
        related=("capget", "prctl", "setresuid"),
    ),
)
