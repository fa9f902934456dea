"""System calls about the machine itself: names, modules, kexec, keys, bpf, perf, sandboxes, and those that are gone."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition, Field
from kindling.catalogue.tables.system import (
    BPF_COMMAND,
    BPF_COMMON,
    BPF_COMMON_SIZE,
    DELETE_MODULE_FLAGS,
    GETRANDOM_FLAGS,
    KEXEC_FILE_FLAGS,
    KEXEC_FLAGS,
    KEXEC_SEGMENTS,
    KEY,
    KEYCTL_ARG2,
    KEYCTL_ARG3,
    KEYCTL_ARG4,
    KEYCTL_ARG5,
    KEYCTL_OPERATION,
    LANDLOCK_ADD_FLAGS,
    LANDLOCK_CREATE_FLAGS,
    LANDLOCK_RESTRICT_FLAGS,
    LANDLOCK_RULE,
    LANDLOCK_RULE_TYPE,
    LANDLOCK_RULESET,
    LDT_ENTRY,
    LDT_FUNCTION,
    LSM_ATTRIBUTE,
    LSM_FLAGS,
    LSM_ID,
    MODULE_INIT_FLAGS,
    PERF_ATTRIBUTES,
    PERF_OPEN_FLAGS,
    REBOOT_ARGUMENT,
    REBOOT_COMMAND,
    REBOOT_MAGIC1,
    REBOOT_MAGIC2,
    SWAP_FLAGS,
    SYSCTL_ARGUMENTS,
    SYSINFO,
    SYSLOG_ACTION,
    UTSNAME,
    BpfAttributes,
    LsmContexts,
)
from kindling.catalogue.types import (
    ADDRESS,
    BOOLEAN,
    FD,
    HEX32,
    I32,
    I64,
    LENGTH,
    NAME,
    PATH,
    PID,
    SIZE,
    STRING,
    U32,
    Array,
    Bytes,
    Pointer,
    Quantity,
    SizedStructure,
)

_ZERO = I32


def _gone(name: str, description: str, *arguments: Field, since: str = "") -> Definition:
    return syscall(
        name,
        Category.OTHER,
        description,
        *arguments,
        result=Result(I64, "always a failure", {"ENOSYS": "the kernel does not implement this call"}),
        manual="unimplemented(2)",
        since=since,
        fd="",
    )


SYSCALLS: tuple[Definition, ...] = (
    # --- the machine and its name ---------------------------------------------------------------------------------
    syscall(
        "uname",
        Category.SYSTEM,
        "Tell the name, release, version and hardware of the system. Host and domain name are those of the caller's "
        "UTS namespace.",
        out("buf", Pointer(UTSNAME), "names of the system"),
        result=Result(_ZERO, "0 on success", {"EFAULT": "buf is not writable memory"}),
        related=("sethostname", "setdomainname", "sysinfo"),
    ),
    syscall(
        "sethostname",
        Category.SYSTEM,
        "Set the host name of the caller's UTS namespace.",
        arg("name", Bytes("len", limit=64), "new host name, without a NUL at its end"),
        arg("len", LENGTH, "length of the name, at most 64 bytes"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_ADMIN in the user namespace that owns the UTS namespace",
                "EINVAL": "the length is negative or more than 64",
                "EFAULT": "the name is not readable memory",
            },
        ),
        related=("setdomainname", "uname"),
    ),
    syscall(
        "setdomainname",
        Category.SYSTEM,
        "Set the NIS domain name of the caller's UTS namespace.",
        arg("name", Bytes("len", limit=64), "new domain name, without a NUL at its end"),
        arg("len", LENGTH, "length of the name, at most 64 bytes"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_ADMIN in the user namespace that owns the UTS namespace",
                "EINVAL": "the length is negative or more than 64",
                "EFAULT": "the name is not readable memory",
            },
        ),
        related=("sethostname", "uname"),
        manual="getdomainname(2)",
    ),
    syscall(
        "sysinfo",
        Category.SYSTEM,
        "Tell uptime, load averages, memory and swap totals and the number of threads of the whole machine.",
        out("info", Pointer(SYSINFO), "the figures; memory is counted in units of mem_unit bytes"),
        result=Result(_ZERO, "0 on success", {"EFAULT": "info is not writable memory"}),
        related=("uname", "times"),
    ),
    syscall(
        "syslog",
        Category.SYSTEM,
        "Read or clear the kernel's message buffer or set which messages go to the console. It has nothing to do with"
        " the C library's syslog().",
        arg("type", SYSLOG_ACTION, "what to do"),
        out("data", Bytes("ret", payload=True), "kernel messages that were read"),
        arg("len", LENGTH, "size of the buffer; for SYSLOG_ACTION_CONSOLE_LEVEL the level"),
        result=Result(
            I32,
            "bytes read, or the size asked for; 0 for the other actions",
            {
                "EPERM": "the caller lacks CAP_SYSLOG and the action is restricted (kernel.dmesg_restrict)",
                "EINVAL": "the action is unknown, the buffer is missing or the level is out of range",
                "ERESTARTSYS": "a signal came while SYSLOG_ACTION_READ waited for messages",
            },
        ),
        related=("read",),
    ),
    syscall(
        "reboot",
        Category.SYSTEM,
        "Restart, halt, power off or suspend the machine, start a loaded kexec kernel, or choose what Ctrl-Alt-Del "
        "does. In a PID namespace it ends the namespace's init instead.",
        arg("magic1", REBOOT_MAGIC1, "guard against accidents"),
        arg("magic2", REBOOT_MAGIC2, "second guard"),
        arg("cmd", REBOOT_COMMAND, "what to do"),
        arg("arg", REBOOT_ARGUMENT, "with LINUX_REBOOT_CMD_RESTART2 a string for the firmware; otherwise ignored"),
        result=Result(
            _ZERO,
            "0 for the commands that return at all",
            {
                "EPERM": "the caller lacks CAP_SYS_BOOT in the user namespace of its PID namespace",
                "EINVAL": "a magic number or the command is wrong, or no kexec kernel is loaded",
            },
        ),
        related=("kexec_load", "kexec_file_load", "sync"),
    ),
    syscall(
        "getrandom",
        Category.SYSTEM,
        "Fill a buffer with random bytes from the kernel's generator, waiting only while that is not yet seeded. The "
        "bytes are never captured: they become keys.",
        arg("buf", ADDRESS, "where the random bytes go"),
        arg("count", SIZE, "how many bytes were asked for"),
        arg("flags", GETRANDOM_FLAGS, "which source, and whether to wait"),
        result=Result(
            Quantity(8, True, unit="bytes"),
            "bytes written; fewer than asked for only if a signal came",
            {
                "EAGAIN": "the generator is not seeded yet and GRND_NONBLOCK was given",
                "EFAULT": "buf is not writable memory",
                "EINVAL": "a flag is unknown, or GRND_RANDOM and GRND_INSECURE were combined",
                "EINTR": "a signal came before any byte was there",
            },
        ),
        related=("read", "openat"),
        since="3.17",
    ),
    syscall(
        "acct",
        Category.SYSTEM,
        "Turn process accounting on, to a file that gets a record whenever a process ends, or off.",
        arg("path", PATH, "existing file that records are appended to; NULL turns accounting off"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_PACCT",
                "ENOENT": "the file does not exist",
                "EACCES": "the path is no regular file or may not be written",
                "ENOSYS": "the kernel was built without process accounting",
            },
        ),
        related=("wait4", "getrusage"),
    ),
    syscall(
        "uselib",
        Category.SYSTEM,
        "Map a shared library at the address that its own headers name. Obsolete since ELF: most kernels are built "
        "without it.",
        arg("path", PATH, "the library"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "ENOSYS": "the kernel was built without it",
                "ENOEXEC": "the file is not a library in a format that the kernel knows",
                "EACCES": "the file may not be read and executed",
            },
        ),
        related=("mmap", "execve"),
    ),
    # --- swap -----------------------------------------------------------------------------------------------------
    syscall(
        "swapon",
        Category.SYSTEM,
        "Start to swap to a file or block device.",
        arg("path", PATH, "swap file or device, prepared by mkswap"),
        arg("flags", SWAP_FLAGS, "discard policy, and the priority in the low 15 bits if SWAP_FLAG_PREFER is set"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_ADMIN, or all places for swap areas are taken",
                "EBUSY": "the area is in use already",
                "EINVAL": "there is no swap signature, the file has holes or the file system cannot hold swap",
                "ENOENT": "the path does not exist",
            },
        ),
        related=("swapoff", "sysinfo"),
    ),
    syscall(
        "swapoff",
        Category.SYSTEM,
        "Stop to swap to an area, after all its pages have been read back into memory, which can take long.",
        arg("path", PATH, "swap file or device"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_ADMIN",
                "EINVAL": "the path is no active swap area",
                "ENOMEM": "memory does not suffice for what the area holds",
                "EINTR": "a signal came while pages were read back",
            },
        ),
        related=("swapon", "sysinfo"),
        manual="swapon(2)",
    ),
    # --- kexec and modules ----------------------------------------------------------------------------------------
    syscall(
        "kexec_load",
        Category.SYSTEM,
        "Load a kernel, given as memory segments, that a later reboot (or a crash) starts directly. No segments "
        "unload it.",
        arg("entry", ADDRESS, "physical address where the new kernel starts"),
        arg("nr_segments", Quantity(8, unit="count"), "number of segments, at most 16"),
        arg("segments", KEXEC_SEGMENTS, "the segments and where each goes"),
        arg("flags", KEXEC_FLAGS, "purpose and machine"),
        result=Result(
            I64,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_BOOT, or kernel.kexec_load_disabled or lockdown forbids it",
                "EINVAL": "a flag, the number of segments or their placement is wrong",
                "EBUSY": "another load is under way, or the image for crashes is in use",
                "ENOMEM": "there is not enough memory for the image",
                "EADDRNOTAVAIL": "a segment lies outside of the memory reserved for it",
            },
        ),
        related=("kexec_file_load", "reboot"),
    ),
    syscall(
        "kexec_file_load",
        Category.SYSTEM,
        "Load a kernel and initramfs from files, for a later reboot or crash; the kernel reads them itself and can "
        "check their signature.",
        arg("kernel_fd", FD, "kernel image"),
        arg("initrd_fd", FD, "initramfs, unless KEXEC_FILE_NO_INITRAMFS is set"),
        arg("cmdline_len", SIZE, "length of the command line with its NUL"),
        arg("cmdline", STRING, "command line of the new kernel"),
        arg("flags", KEXEC_FILE_FLAGS, "purpose of the image, or KEXEC_FILE_UNLOAD"),
        result=Result(
            I64,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_BOOT, or kernel.kexec_load_disabled or lockdown forbids it",
                "EBADF": "a descriptor is not open for reading",
                "EINVAL": "a flag is unknown or the command line is too long or does not end in NUL",
                "EKEYREJECTED": "the image is not signed by a trusted key",
                "ENOEXEC": "the file is not a kernel image that is known",
            },
        ),
        related=("kexec_load", "reboot"),
        since="3.17",
    ),
    syscall(
        "init_module",
        Category.SYSTEM,
        "Load a kernel module from an image in memory and run its init function.",
        arg("module_image", ADDRESS, "the module's ELF image"),
        arg("len", SIZE, "size of the image"),
        arg("param_values", STRING, 'parameters of the module: "name=value name=value"'),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_MODULE or module loading was disabled",
                "EEXIST": "a module of that name is loaded already",
                "ENOEXEC": "the image is no module for this kernel",
                "EKEYREJECTED": "the module must be signed by a trusted key and is not",
                "ENOENT": "a symbol that the module needs does not exist",
                "ETIMEDOUT": "a module that this one needs did not finish loading in time",
            },
        ),
        related=("finit_module", "delete_module"),
    ),
    syscall(
        "finit_module",
        Category.SYSTEM,
        "Load a kernel module from a file and run its init function.",
        arg("fd", FD, "the module's file"),
        arg("param_values", STRING, 'parameters of the module: "name=value name=value"'),
        arg("flags", MODULE_INIT_FLAGS, "which checks to leave out, and whether the file is compressed"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_MODULE or module loading was disabled",
                "EBADF": "fd is not open for reading",
                "EEXIST": "a module of that name is loaded already",
                "ENOEXEC": "the file is no module for this kernel",
                "EKEYREJECTED": "the module must be signed by a trusted key and is not",
                "ENOENT": "a symbol that the module needs does not exist",
            },
        ),
        related=("init_module", "delete_module"),
    ),
    syscall(
        "delete_module",
        Category.SYSTEM,
        "Unload a kernel module that nothing uses, after its exit function has run.",
        arg("name", NAME, "name of the module"),
        arg(
            "flags", DELETE_MODULE_FLAGS, "O_NONBLOCK is always meant; with O_TRUNC also a module in use is forced out"
        ),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_MODULE or module loading was disabled",
                "ENOENT": "no module of that name is loaded",
                "EAGAIN": "other modules depend on it or it is in use",
                "EBUSY": "the module has no exit function, or is just being loaded or unloaded",
            },
        ),
        related=("init_module", "finit_module"),
    ),
    # --- keys -----------------------------------------------------------------------------------------------------
    syscall(
        "add_key",
        Category.SYSTEM,
        "Create a key, or update the one of the same type and description, and link it to a keyring. Its payload is a"
        " secret and is never captured.",
        arg("type", NAME, 'type of the key: "user", "logon", "keyring", "asymmetric" ...'),
        arg("description", STRING, "name of the key among those of its type"),
        arg("payload", ADDRESS, "the key's content"),
        arg("plen", SIZE, "size of the content"),
        arg("keyring", KEY, "keyring that the key is linked to"),
        result=Result(
            KEY,
            "serial number of the key",
            {
                "EACCES": "the keyring may not be written",
                "EDQUOT": "the user's quota of keys or of bytes in keys is used up",
                "ENODEV": "there is no such type of key",
                "EINVAL": "the content does not suit the type",
                "EPERM": "the type is reserved for the kernel",
                "ENOKEY": "the keyring does not exist",
                "EKEYREJECTED": "a restricted keyring does not accept the key",
            },
        ),
        related=("request_key", "keyctl"),
    ),
    syscall(
        "request_key",
        Category.SYSTEM,
        "Search the caller's keyrings for a key and, if callout_info is given, have user space make it "
        "(/sbin/request-key).",
        arg("type", NAME, "type of the key"),
        arg("description", STRING, "name of the key"),
        arg("callout_info", STRING, "passed to the program that makes the key; NULL means that none is made"),
        arg("dest_keyring", KEY, "keyring that a found key is linked to; 0 for none"),
        result=Result(
            KEY,
            "serial number of the key",
            {
                "ENOKEY": "no such key was found",
                "EACCES": "the key or the keyring is not accessible to the caller",
                "EKEYEXPIRED": "the key that was found has expired",
                "EKEYREVOKED": "the key that was found was revoked",
                "EKEYREJECTED": "making the key was tried and refused",
                "EDQUOT": "the user's quota is used up",
            },
        ),
        related=("add_key", "keyctl"),
    ),
    syscall(
        "keyctl",
        Category.SYSTEM,
        "Work with keys and keyrings: describe, link, search, read, revoke, and compute with them. What the arguments"
        " mean follows from the operation; the content of keys is never captured.",
        arg("option", KEYCTL_OPERATION, "the operation"),
        arg("arg2", KEYCTL_ARG2, "mostly the key or keyring"),
        arg("arg3", KEYCTL_ARG3, "second argument of the operation"),
        arg("arg4", KEYCTL_ARG4, "third argument of the operation"),
        arg("arg5", KEYCTL_ARG5, "fourth argument of the operation"),
        result=Result(
            I64,
            "a serial number, a length or 0, as the operation has it",
            {
                "ENOKEY": "the key does not exist or was not found",
                "EACCES": "the key's permissions or a security module forbid it",
                "EKEYEXPIRED": "the key has expired",
                "EKEYREVOKED": "the key was revoked",
                "EKEYREJECTED": "the key is marked as rejected",
                "EDQUOT": "the user's quota is used up",
                "EOPNOTSUPP": "the operation is unknown here or the type of key does not have it",
                "EPERM": "only the owner or a capable caller may do this",
            },
        ),
        related=("add_key", "request_key"),
    ),
    # --- bpf and perf ---------------------------------------------------------------------------------------------
    syscall(
        "bpf",
        Category.SYSTEM,
        "Do anything with eBPF: create and use maps, load, attach, query and run programs, work with links and BTF. "
        "The command says which members of the attributes matter.",
        arg("cmd", BPF_COMMAND, "the command"),
        inout("attr", BpfAttributes(), "attributes as they are after the call"),
        arg("size", LENGTH, "bytes of attr that the caller knows; the rest counts as zero"),
        inout("attr_common", BPF_COMMON, "with BPF_COMMON_ATTRS: where a log goes, whatever the command"),
        arg("size_common", BPF_COMMON_SIZE, "with BPF_COMMON_ATTRS: bytes of attr_common"),
        result=Result(
            I32,
            "a descriptor for commands that create, open or get an object; 0 for most others",
            {
                "EPERM": (
                    "the caller lacks CAP_BPF (with CAP_PERFMON or CAP_NET_ADMIN for many programs), or unprivileged "
                    "use is disabled"
                ),
                "EACCES": "the verifier rejects the program as unsafe, or the map or program may not be used that way",
                "EINVAL": "the command, an attribute or their combination is not valid on this kernel",
                "E2BIG": "attr has bytes set that this kernel does not know, or the map or program is too large",
                "ENOENT": "the element, object or id does not exist",
                "EEXIST": "the element exists already (BPF_NOEXIST)",
                "ENOSPC": "the verifier log did not fit into its buffer",
                "EBADF": "a descriptor in the attributes is not a BPF object",
                "ENOTSUPP": "the kernel lacks what the program or map needs",
            },
        ),
        related=("perf_event_open", "setsockopt", "seccomp", "ioctl"),
        since="3.18",
        fd="",
    ),
    syscall(
        "perf_event_open",
        Category.SYSTEM,
        "Open a counter or sampler: of a hardware or software event, a tracepoint, probe or breakpoint, for a thread,"
        " a CPU or a control group.",
        arg("attr", PERF_ATTRIBUTES, "what to count or sample and how"),
        arg(
            "pid",
            PID,
            "thread to watch: 0 is the caller, -1 all; with PERF_FLAG_PID_CGROUP a descriptor of a cgroup directory",
        ),
        arg("cpu", I32, "CPU to watch; -1 is any"),
        arg("group_fd", FD, "leader of the group that the event joins; -1 makes it a leader"),
        arg("flags", PERF_OPEN_FLAGS, "meaning of pid and group_fd, close-on-exec"),
        result=Result(
            FD,
            "descriptor of the event",
            {
                "EACCES": "kernel.perf_event_paranoid or a missing CAP_PERFMON forbids this scope",
                "EPERM": "the event needs privileges that the caller lacks",
                "ENOENT": "the event type or config does not exist on this machine",
                "EINVAL": "the attributes contradict each other or the CPU does not exist",
                "E2BIG": "attr has bytes set that this kernel does not know",
                "ENODEV": "the hardware lacks the feature",
                "EOPNOTSUPP": "the PMU cannot do that: sampling, branch stacks, exclusion",
                "EBUSY": "another user has the PMU exclusively",
                "ESRCH": "the thread does not exist",
                "EMFILE": "the process has too many descriptors open",
            },
        ),
        related=("bpf", "ioctl", "mmap", "read"),
    ),
    # --- sandboxes and security modules ---------------------------------------------------------------------------
    syscall(
        "landlock_create_ruleset",
        Category.PROCESS,
        "Create a Landlock ruleset that names the actions it will deny, or, with a flag, tell which version of "
        "Landlock this kernel has.",
        arg("attr", SizedStructure(LANDLOCK_RULESET, "size"), "actions that the ruleset handles; NULL with a flag"),
        arg("size", SIZE, "bytes of attr that the caller knows"),
        arg("flags", LANDLOCK_CREATE_FLAGS, "what to return instead of a ruleset"),
        result=Result(
            FD,
            "descriptor of the ruleset; with a flag the version, or the errata, as a number",
            {
                "EOPNOTSUPP": "Landlock was not enabled at boot",
                "ENOSYS": "the kernel was built without Landlock",
                "EINVAL": "a flag or an action is unknown to this kernel",
                "ENOMSG": "the ruleset would handle nothing",
                "E2BIG": "attr has bytes set that this kernel does not know",
            },
        ),
        related=("landlock_add_rule", "landlock_restrict_self", "seccomp"),
        since="5.13",
        # With a flag the result is a version, not a descriptor.
        fd="",
    ),
    syscall(
        "landlock_add_rule",
        Category.PROCESS,
        "Add to a Landlock ruleset what is allowed beneath a directory or on a network port.",
        arg("ruleset_fd", FD, "the ruleset"),
        arg("rule_type", LANDLOCK_RULE_TYPE, "kind of rule"),
        arg("rule_attr", LANDLOCK_RULE, "what is allowed where"),
        arg("flags", LANDLOCK_ADD_FLAGS, "whether denials under this rule are logged"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EINVAL": "the rule allows actions that the ruleset does not handle, or the port is out of range",
                "ENOMSG": "the rule allows nothing",
                "EBADF": "ruleset_fd is not open, or the rule's directory is not",
                "EBADFD": "ruleset_fd is no ruleset, or parent_fd is no file of a file system",
                "EPERM": "the ruleset's descriptor is not open for writing",
            },
        ),
        related=("landlock_create_ruleset", "landlock_restrict_self"),
        since="5.13",
    ),
    syscall(
        "landlock_restrict_self",
        Category.PROCESS,
        "Put the calling thread and its future children under a Landlock ruleset, for good.",
        arg("ruleset_fd", FD, "the ruleset; -1 changes logging only"),
        arg("flags", LANDLOCK_RESTRICT_FLAGS, "what is logged, and whether the sibling threads are restricted too"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the thread has neither no_new_privs set nor CAP_SYS_ADMIN",
                "EBADFD": "ruleset_fd is no ruleset",
                "E2BIG": "the thread is under 16 rulesets already",
                "EINVAL": "a flag is unknown",
            },
        ),
        related=("landlock_create_ruleset", "landlock_add_rule", "prctl"),
        since="5.13",
    ),
    syscall(
        "lsm_get_self_attr",
        Category.PROCESS,
        "Tell the calling thread's attribute (its current security context, for example) in every security module "
        "that has it.",
        arg("attr", LSM_ATTRIBUTE, "which attribute"),
        out("ctx", LsmContexts("*size"), "one context for each security module"),
        inout("size", Pointer(U32), "size of the buffer; after the call the size that is needed"),
        arg("flags", LSM_FLAGS, "with LSM_FLAG_SINGLE only of the module named in ctx"),
        result=Result(
            I32,
            "number of contexts",
            {
                "E2BIG": "the buffer is too small",
                "EINVAL": "a flag is unknown, or LSM_FLAG_SINGLE names no module",
                "EOPNOTSUPP": "no active security module has the attribute",
            },
        ),
        related=("lsm_set_self_attr", "lsm_list_modules"),
        since="6.8",
    ),
    syscall(
        "lsm_set_self_attr",
        Category.PROCESS,
        "Set an attribute of the calling thread in one security module.",
        arg("attr", LSM_ATTRIBUTE, "which attribute"),
        arg("ctx", LsmContexts("size"), "module and new context"),
        arg("size", LENGTH, "bytes of ctx"),
        arg("flags", HEX32, "must be 0"),
        result=Result(
            I32,
            "0 on success",
            {
                "EINVAL": "the context or its size is malformed",
                "EOPNOTSUPP": "the module does not have the attribute",
                "E2BIG": "the context is larger than a page",
                "EACCES": "the module does not allow the change",
            },
        ),
        related=("lsm_get_self_attr", "lsm_list_modules"),
        since="6.8",
    ),
    syscall(
        "lsm_list_modules",
        Category.SYSTEM,
        "List the active security modules in the order in which they are asked.",
        out("ids", Array(LSM_ID, "ret", limit=32), "identifiers of the modules"),
        inout("size", Pointer(U32), "size of the array in bytes; after the call the size that is needed"),
        arg("flags", HEX32, "must be 0"),
        result=Result(
            I32,
            "number of modules",
            {
                "E2BIG": "the array is too small",
                "EINVAL": "flags is not 0",
                "EFAULT": "a pointer is not writable memory",
            },
        ),
        related=("lsm_get_self_attr", "lsm_set_self_attr"),
        since="6.8",
    ),
    syscall(
        "vhangup",
        Category.SYSTEM,
        "Hang up the calling process's terminal, so that the next login finds it unused.",
        result=Result(I32, "0 on success", {"EPERM": "the caller lacks CAP_SYS_TTY_CONFIG"}),
        related=("setsid", "ioctl"),
    ),
    # --- x86 ------------------------------------------------------------------------------------------------------
    syscall(
        "ioperm",
        Category.SYSTEM,
        "Give or take the calling thread's access to a range of x86 I/O ports.",
        arg("from", Quantity(8, unit="port"), "first port"),
        arg("num", Quantity(8, unit="count"), "number of ports"),
        arg("turn_on", BOOLEAN, "whether access is given"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the caller lacks CAP_SYS_RAWIO, or lockdown forbids it",
                "EINVAL": "the range does not lie within the 65536 ports",
                "ENOMEM": "there is no memory for the bitmap",
            },
        ),
        related=("iopl",),
    ),
    syscall(
        "iopl",
        Category.SYSTEM,
        "Set the calling thread's I/O privilege level on x86; level 3 gives access to all ports. Since 5.5 it no "
        "longer lets the thread disable interrupts.",
        arg("level", U32, "privilege level, 0 to 3"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "EPERM": "the level rises and the caller lacks CAP_SYS_RAWIO, or lockdown forbids it",
                "EINVAL": "the level is more than 3",
                "ENOSYS": "the kernel was built without it",
            },
        ),
        related=("ioperm",),
    ),
    syscall(
        "modify_ldt",
        Category.MEMORY,
        "Read or change the process's local descriptor table, the segments that 16-bit and old 32-bit x86 programs "
        "need.",
        arg(
            "func", LDT_FUNCTION, "read (0), write (1 is the old form, 0x11 the new one) or read the default table (2)"
        ),
        arg("ptr", LDT_ENTRY, "entry to write, or buffer to read into"),
        arg("bytecount", SIZE, "size of the entry or buffer"),
        result=Result(
            I32,
            "bytes read; 0 after a write",
            {
                "EINVAL": "the entry is malformed or has the wrong size",
                "ENOSYS": "func is unknown, or the kernel was built without it",
                "EFAULT": "ptr is not valid memory",
            },
        ),
        related=("arch_prctl", "set_thread_area"),
    ),
    syscall(
        "uretprobe",
        Category.SYSTEM,
        "Not for programs: the trampoline that the kernel maps where a probed x86 function returns to calls it to "
        "report the return.",
        result=Result(
            ADDRESS,
            "what the probed function returned: a small negative number is no error here",
            {"EPERM": "it was not called from the kernel's trampoline; SIGILL follows"},
        ),
        related=("uprobe", "perf_event_open"),
        manual="uretprobe(2)",
        since="6.11",
    ),
    syscall(
        "uprobe",
        Category.SYSTEM,
        "Not for programs: the trampoline that the kernel maps for user probes on x86 calls it, which is faster than "
        "the breakpoint that it replaces.",
        result=Result(
            ADDRESS,
            "the register as the probed code had it",
            {"ENXIO": "it was not called from a trampoline", "EPROTO": "the trampoline's stack is not as expected"},
        ),
        related=("uretprobe", "perf_event_open"),
        since="6.18",
    ),
    # --- gone or never there --------------------------------------------------------------------------------------
    syscall(
        "_sysctl",
        Category.SYSTEM,
        "Read or write a kernel setting named by numbers. Removed in 5.5, and rarely built in before: /proc/sys is "
        "the way.",
        arg("args", Pointer(SYSCTL_ARGUMENTS), "the setting and its old and new value"),
        result=Result(
            _ZERO,
            "0 on success",
            {
                "ENOSYS": "the kernel does not have the call (all since 5.5)",
                "ENOTDIR": "the setting does not exist",
                "EPERM": "the caller may not change the setting",
            },
        ),
        related=("openat", "read", "write"),
        manual="sysctl(2)",
    ),
    _gone(
        "nfsservctl", "Once controlled the kernel's NFS server, which is done through the nfsd file system since 3.1."
    ),
    _gone("create_module", "Once reserved memory for a kernel module; since 2.6 init_module does all of it."),
    _gone("get_kernel_syms", "Once listed the kernel's symbols; since 2.6 /proc/kallsyms does."),
    _gone("query_module", "Once asked about loaded modules; since 2.6 /proc/modules and sysfs tell."),
    _gone("getpmsg", "Reserved for STREAMS messages of other Unix systems; Linux never had it."),
    _gone("putpmsg", "Reserved for STREAMS messages of other Unix systems; Linux never had it."),
    _gone("afs_syscall", "Reserved for the Andrew file system; mainline Linux never had it."),
    _gone("tuxcall", "Reserved for the TUX in-kernel web server, which never became part of Linux."),
    _gone("security", "Reserved for security modules of the 2.5 days and never implemented."),
    _gone("vserver", "Reserved for the Linux-VServer patches; mainline Linux never had it."),
)
