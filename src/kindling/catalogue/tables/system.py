"""Tables and structures of the system calls about the machine itself: bpf, perf, keys, modules, kexec, LSM, Landlock.

It also holds the types for pointers whose meaning another argument decides, which the areas `filesystem` and
`aio` use too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kindling.catalogue.tables.common import CLOCK
from kindling.catalogue.tables.layout import bits, numbered, structure
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    GID,
    HEX32,
    HEX64,
    I32,
    NAME,
    SIZE,
    STRING,
    U16,
    U32,
    U64,
    UID,
    Array,
    Boolean,
    Bytes,
    Call,
    Capture,
    Characters,
    Copy,
    Enum,
    Flags,
    LengthFrom,
    Member,
    Quantity,
    Scalar,
    String,
    Structure,
    Switch,
    Type,
    Value,
)

_NO_CALL = Call({})


def _longest(data: Sequence[bytes | None]) -> bytes | None:
    return max((copy for copy in data if copy is not None), key=len, default=None)


@dataclass(frozen=True, slots=True)
class Versioned(Type):
    """A pointer to a structure that has grown over the years and says its own size (`size_at`: offset of that u32).

    The kernel side tries a copy for each of `sizes`, because a copy fails as a whole when it runs into an unmapped
    page; the longest one that succeeded is cut to the size that the caller declared.
    """

    to: Structure
    sizes: tuple[int, ...]
    size_at: int = 0

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return tuple(Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size, tentative=True) for size in self.sizes)

    def bytes_of(self, data: Sequence[bytes | None]) -> bytes | None:
        """The structure's bytes as far as they were copied, cut to its declared size."""
        longest = _longest(data)
        if longest is None or len(longest) < self.size_at + 4:
            return None
        declared = int.from_bytes(longest[self.size_at : self.size_at + 4], "little")
        # Zero means the first version (perf_event_attr.size).
        return longest[: declared or self.sizes[0]]

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        found = self.bytes_of(data)
        return None if found is None else self.to.unpack(found, call)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [self.to.schema(), {"type": "null"}]}

    def meaning(self) -> str:
        return f"pointer to {self.to.meaning()}"


@dataclass(frozen=True, slots=True)
class Variant(Type):
    """An argument whose meaning follows from the value of the argument `on`, shifted right by `shift`.

    Unlike a `Switch` it shares its copies between the cases: one for each of `sizes` and, with `string`, a string.
    A case is a scalar (the register itself), a structure or fixed array (behind the pointer) or a string.
    """

    on: str
    cases: Mapping[int, Type] = field(hash=False)
    sizes: tuple[int, ...] = ()
    string: int = 0
    shift: int = 0
    mask: int = 0xFFFFFFFF
    default: Scalar = ADDRESS

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        heads = tuple(Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size, tentative=True) for size in self.sizes)
        return (*heads, Capture(Copy.STRING, limit=self.string, tentative=True)) if self.string else heads

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        case = self.cases.get((call.raw.get(self.on, 0) & self.mask) >> self.shift, self.default)
        if isinstance(case, Scalar):
            return case.decode(raw, (), call)
        if isinstance(case, String):
            return data[-1] if data else None
        longest = _longest(data[: len(self.sizes)])
        return None if longest is None else case.unpack(longest[: case.size_on(call.machine)], call)

    def schema(self) -> dict[str, object]:
        return {}

    def meaning(self) -> str:
        return f"depends on {self.on}"


@dataclass(frozen=True, slots=True)
class Unused(Scalar):
    """A register that means nothing in this call, shown as null: it holds whatever was left there."""

    def show(self, value: int, machine: str) -> Value:
        return None

    def schema(self) -> dict[str, object]:
        return {"type": "null"}

    def meaning(self) -> str:
        return "unused"


UNUSED = Unused()


@dataclass(frozen=True, slots=True)
class Operation(Enum):
    """One of named numbers to which flag bits may be added: "BPF_MAP_CREATE|BPF_COMMON_ATTRS"."""

    flags: Mapping[str, int] = field(default_factory=dict, hash=False)

    def show(self, value: int, machine: str) -> Value:
        added = [name for name, bit in self.flags.items() if value & bit]
        for name in added:
            value &= ~self.flags[name]
        return "|".join([str(Enum.show(self, value, machine)), *added])


# --- uname, sysinfo, reboot, syslog -------------------------------------------------------------------------------

UTSNAME = structure(
    "new_utsname",
    ("sysname", Characters(65), "name of the operating system"),
    ("nodename", Characters(65), "host name in this UTS namespace"),
    ("release", Characters(65), "kernel release"),
    ("version", Characters(65), "kernel build"),
    ("machine", Characters(65), "hardware identifier"),
    ("domainname", Characters(65), "NIS domain name"),
)


@dataclass(frozen=True, slots=True)
class LoadAverage(Scalar):
    """A load average: a fixed-point number with 16 bits behind the point, shown as a float with two digits."""

    def show(self, value: int, machine: str) -> Value:
        return round(value / 65536, 2)

    def schema(self) -> dict[str, object]:
        return {"type": "number"}

    def meaning(self) -> str:
        return "load average"


SYSINFO = structure(
    "sysinfo",
    ("uptime", Quantity(8, True, unit="seconds"), "time since boot"),
    ("loads", Array(LoadAverage(), 3), "load averages over 1, 5 and 15 minutes"),
    ("totalram", U64, "usable memory, in mem_unit"),
    ("freeram", U64, "free memory, in mem_unit"),
    ("sharedram", U64, "shared memory, in mem_unit"),
    ("bufferram", U64, "memory used by buffers, in mem_unit"),
    ("totalswap", U64, "swap space, in mem_unit"),
    ("freeswap", U64, "free swap space, in mem_unit"),
    ("procs", U16, "number of threads, modulo 65536"),
    ("", U16),
    ("totalhigh", U64, "high memory, in mem_unit"),
    ("freehigh", U64, "free high memory, in mem_unit"),
    ("mem_unit", U32, "bytes in a unit of memory"),
)

REBOOT_MAGIC1 = Enum(table="LINUX_REBOOT_MAGIC1", values={"LINUX_REBOOT_MAGIC1": 0xFEE1DEAD})
REBOOT_MAGIC2 = Enum(
    table="LINUX_REBOOT_MAGIC2*",
    values={
        "LINUX_REBOOT_MAGIC2": 672274793,
        "LINUX_REBOOT_MAGIC2A": 85072278,
        "LINUX_REBOOT_MAGIC2B": 369367448,
        "LINUX_REBOOT_MAGIC2C": 537993216,
    },
)
REBOOT_COMMAND = Enum(
    table="LINUX_REBOOT_CMD_*",
    values={
        "LINUX_REBOOT_CMD_RESTART": 0x01234567,
        "LINUX_REBOOT_CMD_HALT": 0xCDEF0123,
        "LINUX_REBOOT_CMD_CAD_ON": 0x89ABCDEF,
        "LINUX_REBOOT_CMD_CAD_OFF": 0,
        "LINUX_REBOOT_CMD_POWER_OFF": 0x4321FEDC,
        "LINUX_REBOOT_CMD_RESTART2": 0xA1B2C3D4,
        "LINUX_REBOOT_CMD_SW_SUSPEND": 0xD000FCE2,
        "LINUX_REBOOT_CMD_KEXEC": 0x45584543,
    },
)
REBOOT_ARGUMENT = Switch("cmd", REBOOT_COMMAND, {"LINUX_REBOOT_CMD_RESTART2": NAME}, ADDRESS)

SYSLOG_ACTION = Enum(
    table="SYSLOG_ACTION_*",
    signed=True,
    values=numbered(
        "SYSLOG_ACTION_CLOSE SYSLOG_ACTION_OPEN SYSLOG_ACTION_READ SYSLOG_ACTION_READ_ALL SYSLOG_ACTION_READ_CLEAR "
        "SYSLOG_ACTION_CLEAR SYSLOG_ACTION_CONSOLE_OFF SYSLOG_ACTION_CONSOLE_ON SYSLOG_ACTION_CONSOLE_LEVEL "
        "SYSLOG_ACTION_SIZE_UNREAD SYSLOG_ACTION_SIZE_BUFFER"
    ),
)

GETRANDOM_FLAGS = Flags(table="GRND_*", values=bits("GRND_NONBLOCK GRND_RANDOM GRND_INSECURE"))

SWAP_FLAGS = Flags(
    table="SWAP_FLAG_* and the priority in the low 15 bits",
    values={
        "SWAP_FLAG_PREFER": 0x8000,
        "SWAP_FLAG_DISCARD": 0x10000,
        "SWAP_FLAG_DISCARD_ONCE": 0x20000,
        "SWAP_FLAG_DISCARD_PAGES": 0x40000,
    },
)

SYSCTL_ARGUMENTS = structure(
    "__sysctl_args",
    ("name", ADDRESS, "path of the setting as numbers"),
    ("nlen", I32, "how many numbers the path has"),
    ("oldval", ADDRESS, "where the old value goes"),
    ("oldlenp", ADDRESS, "length of that buffer"),
    ("newval", ADDRESS, "the new value"),
    ("newlen", SIZE, "length of the new value"),
    size=80,
)

# --- kexec and modules --------------------------------------------------------------------------------------------

KEXEC_FLAGS = Flags(
    table="KEXEC_*",
    size=8,
    fields={
        0xFFFF0000: {
            f"KEXEC_ARCH_{name}": number << 16
            for name, number in {
                "386": 3,
                "68K": 4,
                "MIPS": 8,
                "MIPS_LE": 10,
                "PARISC": 15,
                "PPC": 20,
                "PPC64": 21,
                "S390": 22,
                "ARM": 40,
                "SH": 42,
                "IA_64": 50,
                "X86_64": 62,
                "AARCH64": 183,
                "RISCV": 243,
                "LOONGARCH": 258,
            }.items()
        }
    },
    values=bits("KEXEC_ON_CRASH KEXEC_PRESERVE_CONTEXT KEXEC_UPDATE_ELFCOREHDR KEXEC_CRASH_HOTPLUG_SUPPORT"),
)
KEXEC_FILE_FLAGS = Flags(
    table="KEXEC_FILE_*",
    size=8,
    values=bits(
        "KEXEC_FILE_UNLOAD KEXEC_FILE_ON_CRASH KEXEC_FILE_NO_INITRAMFS KEXEC_FILE_DEBUG KEXEC_FILE_NO_CMA "
        "KEXEC_FILE_FORCE_DTB"
    ),
)
KEXEC_SEGMENT = structure(
    "kexec_segment",
    ("buf", ADDRESS, "the segment in the caller's memory"),
    ("bufsz", SIZE, "its bytes"),
    ("mem", ADDRESS, "physical address that it goes to"),
    ("memsz", SIZE, "bytes that it takes there"),
)
KEXEC_SEGMENTS = Array(KEXEC_SEGMENT, "nr_segments", limit=16)

MODULE_INIT_FLAGS = Flags(
    table="MODULE_INIT_*",
    values=bits("MODULE_INIT_IGNORE_MODVERSIONS MODULE_INIT_IGNORE_VERMAGIC MODULE_INIT_COMPRESSED_FILE"),
)
DELETE_MODULE_FLAGS = Flags(table="O_NONBLOCK and O_TRUNC", values={"O_NONBLOCK": 0o4000, "O_TRUNC": 0o1000})

# --- keys ---------------------------------------------------------------------------------------------------------

KEY_SPEC = {
    "KEY_SPEC_THREAD_KEYRING": -1,
    "KEY_SPEC_PROCESS_KEYRING": -2,
    "KEY_SPEC_SESSION_KEYRING": -3,
    "KEY_SPEC_USER_KEYRING": -4,
    "KEY_SPEC_USER_SESSION_KEYRING": -5,
    "KEY_SPEC_GROUP_KEYRING": -6,
    "KEY_SPEC_REQKEY_AUTH_KEY": -7,
    "KEY_SPEC_REQUESTOR_KEYRING": -8,
}


@dataclass(frozen=True, slots=True)
class KeySerial(Scalar):
    """The serial number of a key or keyring; the special ones by name ("KEY_SPEC_SESSION_KEYRING")."""

    size: int = 4
    signed: bool = True

    def show(self, value: int, machine: str) -> Value:
        return next((name for name, number in KEY_SPEC.items() if number == value), value)

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "key serial number"


KEY = KeySerial()
KEY_TIMEOUT = Quantity(4, unit="seconds")
KEY_PERMISSIONS = Flags(
    table="KEY_*_* permissions",
    values={
        f"KEY_{who}_{right}": 1 << place + shift
        for who, shift in (("POS", 24), ("USR", 16), ("GRP", 8), ("OTH", 0))
        for place, right in enumerate(("VIEW", "READ", "WRITE", "SEARCH", "LINK", "SETATTR"))
    },
)
KEY_REQUEST_DEFAULT = Enum(
    table="KEY_REQKEY_DEFL_*",
    signed=True,
    values=numbered(
        "KEY_REQKEY_DEFL_NO_CHANGE KEY_REQKEY_DEFL_DEFAULT KEY_REQKEY_DEFL_THREAD_KEYRING "
        "KEY_REQKEY_DEFL_PROCESS_KEYRING KEY_REQKEY_DEFL_SESSION_KEYRING KEY_REQKEY_DEFL_USER_KEYRING "
        "KEY_REQKEY_DEFL_USER_SESSION_KEYRING KEY_REQKEY_DEFL_GROUP_KEYRING KEY_REQKEY_DEFL_REQUESTOR_KEYRING",
        start=-1,
    ),
)
KEY_MOVE_FLAGS = Flags(table="KEYCTL_MOVE_*", values={"KEYCTL_MOVE_EXCL": 1})
KEYCTL_OPERATION = Enum(
    table="KEYCTL_*",
    signed=True,
    values=numbered(
        "KEYCTL_GET_KEYRING_ID KEYCTL_JOIN_SESSION_KEYRING KEYCTL_UPDATE KEYCTL_REVOKE KEYCTL_CHOWN KEYCTL_SETPERM "
        "KEYCTL_DESCRIBE KEYCTL_CLEAR KEYCTL_LINK KEYCTL_UNLINK KEYCTL_SEARCH KEYCTL_READ KEYCTL_INSTANTIATE "
        "KEYCTL_NEGATE KEYCTL_SET_REQKEY_KEYRING KEYCTL_SET_TIMEOUT KEYCTL_ASSUME_AUTHORITY KEYCTL_GET_SECURITY "
        "KEYCTL_SESSION_TO_PARENT KEYCTL_REJECT KEYCTL_INSTANTIATE_IOV KEYCTL_INVALIDATE KEYCTL_GET_PERSISTENT "
        "KEYCTL_DH_COMPUTE KEYCTL_PKEY_QUERY KEYCTL_PKEY_ENCRYPT KEYCTL_PKEY_DECRYPT KEYCTL_PKEY_SIGN "
        "KEYCTL_PKEY_VERIFY KEYCTL_RESTRICT_KEYRING KEYCTL_MOVE KEYCTL_CAPABILITIES KEYCTL_WATCH_KEY"
    ),
)
KEYCTL_DH_PARAMETERS = structure(
    "keyctl_dh_params",
    ("private", KEY, "key that holds the private value"),
    ("prime", KEY, "key that holds the prime"),
    ("base", KEY, "key that holds the base"),
)
KEYCTL_PKEY_PARAMETERS = structure(
    "keyctl_pkey_params",
    ("key_id", KEY, "the asymmetric key"),
    ("in_len", U32, "bytes of input"),
    ("out_len", U32, "size of the output buffer, or bytes of the second input"),
    size=40,
)
_KEYCTL = KEYCTL_OPERATION.values
KEYCTL_ARG2 = Variant(
    "option",
    dict.fromkeys(_KEYCTL.values(), KEY)
    | {
        _KEYCTL["KEYCTL_JOIN_SESSION_KEYRING"]: NAME,
        _KEYCTL["KEYCTL_SET_REQKEY_KEYRING"]: KEY_REQUEST_DEFAULT,
        _KEYCTL["KEYCTL_GET_PERSISTENT"]: UID,
        _KEYCTL["KEYCTL_SESSION_TO_PARENT"]: ADDRESS,
        _KEYCTL["KEYCTL_CAPABILITIES"]: ADDRESS,
        _KEYCTL["KEYCTL_DH_COMPUTE"]: KEYCTL_DH_PARAMETERS,
        _KEYCTL["KEYCTL_PKEY_ENCRYPT"]: KEYCTL_PKEY_PARAMETERS,
        _KEYCTL["KEYCTL_PKEY_DECRYPT"]: KEYCTL_PKEY_PARAMETERS,
        _KEYCTL["KEYCTL_PKEY_SIGN"]: KEYCTL_PKEY_PARAMETERS,
        _KEYCTL["KEYCTL_PKEY_VERIFY"]: KEYCTL_PKEY_PARAMETERS,
    },
    sizes=(40,),
    string=256,
)
# The payload of a key is a secret: what UPDATE, INSTANTIATE and READ point to is never copied. That is why these two
# are switches, which copy only for the cases that they name.
KEYCTL_ARG3 = Switch(
    "option",
    KEYCTL_OPERATION,
    {
        "KEYCTL_GET_KEYRING_ID": Boolean(),
        "KEYCTL_CHOWN": UID,
        "KEYCTL_SETPERM": KEY_PERMISSIONS,
        "KEYCTL_DESCRIBE": NAME,
        "KEYCTL_LINK": KEY,
        "KEYCTL_UNLINK": KEY,
        "KEYCTL_SEARCH": NAME,
        "KEYCTL_NEGATE": KEY_TIMEOUT,
        "KEYCTL_SET_TIMEOUT": KEY_TIMEOUT,
        "KEYCTL_REJECT": KEY_TIMEOUT,
        "KEYCTL_GET_SECURITY": NAME,
        "KEYCTL_GET_PERSISTENT": KEY,
        "KEYCTL_RESTRICT_KEYRING": NAME,
        "KEYCTL_MOVE": KEY,
        "KEYCTL_CAPABILITIES": SIZE,
        "KEYCTL_WATCH_KEY": I32,
    },
    ADDRESS,
)
KEYCTL_ARG4 = Switch(
    "option",
    KEYCTL_OPERATION,
    {
        "KEYCTL_UPDATE": SIZE,
        "KEYCTL_CHOWN": GID,
        "KEYCTL_DESCRIBE": SIZE,
        "KEYCTL_SEARCH": STRING,
        "KEYCTL_READ": SIZE,
        "KEYCTL_INSTANTIATE": SIZE,
        "KEYCTL_NEGATE": KEY,
        "KEYCTL_GET_SECURITY": SIZE,
        "KEYCTL_REJECT": U32,
        "KEYCTL_INSTANTIATE_IOV": U32,
        "KEYCTL_DH_COMPUTE": SIZE,
        "KEYCTL_RESTRICT_KEYRING": STRING,
        "KEYCTL_MOVE": KEY,
        "KEYCTL_WATCH_KEY": I32,
    },
    ADDRESS,
)
KEYCTL_ARG5 = Variant(
    "option",
    {
        _KEYCTL["KEYCTL_SEARCH"]: KEY,
        _KEYCTL["KEYCTL_INSTANTIATE"]: KEY,
        _KEYCTL["KEYCTL_REJECT"]: KEY,
        _KEYCTL["KEYCTL_INSTANTIATE_IOV"]: KEY,
        _KEYCTL["KEYCTL_MOVE"]: KEY_MOVE_FLAGS,
    },
)

# --- Landlock and LSM ---------------------------------------------------------------------------------------------

LANDLOCK_ACCESS_FS = Flags(
    table="LANDLOCK_ACCESS_FS_*",
    size=8,
    values=bits(
        "EXECUTE WRITE_FILE READ_FILE READ_DIR REMOVE_DIR REMOVE_FILE MAKE_CHAR MAKE_DIR MAKE_REG MAKE_SOCK "
        "MAKE_FIFO MAKE_BLOCK MAKE_SYM REFER TRUNCATE IOCTL_DEV RESOLVE_UNIX",
        prefix="LANDLOCK_ACCESS_FS_",
    ),
)
LANDLOCK_ACCESS_NET = Flags(
    table="LANDLOCK_ACCESS_NET_*",
    size=8,
    values=bits(
        "LANDLOCK_ACCESS_NET_BIND_TCP LANDLOCK_ACCESS_NET_CONNECT_TCP LANDLOCK_ACCESS_NET_BIND_UDP "
        "LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP"
    ),
)
LANDLOCK_SCOPE = Flags(
    table="LANDLOCK_SCOPE_*",
    size=8,
    values=bits("LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET LANDLOCK_SCOPE_SIGNAL"),
)
LANDLOCK_RULESET = structure(
    "landlock_ruleset_attr",
    ("handled_access_fs", LANDLOCK_ACCESS_FS, "file actions that are denied unless a rule allows them"),
    ("handled_access_net", LANDLOCK_ACCESS_NET, "network actions that are denied unless a rule allows them"),
    ("scoped", LANDLOCK_SCOPE, "what cannot reach out of the sandbox"),
    ("quiet_access_fs", LANDLOCK_ACCESS_FS, "denied file actions that are not logged"),
    ("quiet_access_net", LANDLOCK_ACCESS_NET, "denied network actions that are not logged"),
    ("quiet_scoped", LANDLOCK_SCOPE, "denied scopes that are not logged"),
)
LANDLOCK_CREATE_FLAGS = Flags(
    table="LANDLOCK_CREATE_RULESET_*", values=bits("LANDLOCK_CREATE_RULESET_VERSION LANDLOCK_CREATE_RULESET_ERRATA")
)
LANDLOCK_RULE_TYPE = Enum(
    table="LANDLOCK_RULE_*", values=numbered("LANDLOCK_RULE_PATH_BENEATH LANDLOCK_RULE_NET_PORT", start=1)
)
# Packed in the kernel's header: 12 bytes, not 16.
LANDLOCK_PATH_BENEATH = Structure(
    "landlock_path_beneath_attr",
    12,
    (
        Member("allowed_access", 0, LANDLOCK_ACCESS_FS, "what is allowed beneath the directory"),
        Member("parent_fd", 8, FD, "descriptor of the directory or file"),
    ),
)
LANDLOCK_NET_PORT = structure(
    "landlock_net_port_attr",
    ("allowed_access", LANDLOCK_ACCESS_NET, "what is allowed on the port"),
    ("port", U64, "port number; 0 is any ephemeral port"),
)
LANDLOCK_RULE = Variant("rule_type", {1: LANDLOCK_PATH_BENEATH, 2: LANDLOCK_NET_PORT}, sizes=(12, 16))
LANDLOCK_ADD_FLAGS = Flags(table="LANDLOCK_ADD_RULE_*", values=bits("LANDLOCK_ADD_RULE_QUIET"))
LANDLOCK_RESTRICT_FLAGS = Flags(
    table="LANDLOCK_RESTRICT_SELF_*",
    values=bits(
        "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON "
        "LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF LANDLOCK_RESTRICT_SELF_TSYNC"
    ),
)

LSM_ID = Enum(
    table="LSM_ID_*",
    size=8,
    values={
        "LSM_ID_UNDEF": 0,
        **numbered(
            "LSM_ID_CAPABILITY LSM_ID_SELINUX LSM_ID_SMACK LSM_ID_TOMOYO LSM_ID_APPARMOR LSM_ID_YAMA LSM_ID_LOADPIN "
            "LSM_ID_SAFESETID LSM_ID_LOCKDOWN LSM_ID_BPF LSM_ID_LANDLOCK LSM_ID_IMA LSM_ID_EVM LSM_ID_IPE",
            start=100,
        ),
    },
)
LSM_ATTRIBUTE = Enum(
    table="LSM_ATTR_*",
    values={
        "LSM_ATTR_UNDEF": 0,
        **numbered(
            "LSM_ATTR_CURRENT LSM_ATTR_EXEC LSM_ATTR_FSCREATE LSM_ATTR_KEYCREATE LSM_ATTR_PREV LSM_ATTR_SOCKCREATE",
            start=100,
        ),
    },
)
LSM_FLAGS = Flags(table="LSM_FLAG_*", values={"LSM_FLAG_SINGLE": 1})


@dataclass(frozen=True, slots=True)
class LsmContexts(Type):
    """A row of struct lsm_ctx: [{"id": "LSM_ID_SELINUX", "flags": "0x0", "context": b"..."}].

    `size` names the argument with the length of the row in bytes; with "*name" that argument points to it.
    """

    size: str = "*size"
    limit: int = 1024
    id: Enum = LSM_ID

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.size, limit=self.limit).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        row, at = data[0], 0
        found: list[Value] = []
        while at + 32 <= len(row):
            number, flags, length, context_length = (
                int.from_bytes(row[at + offset : at + offset + 8], "little") for offset in (0, 8, 16, 24)
            )
            if length < 32:
                break
            context = row[at + 32 : at + min(32 + context_length, length)]
            found.append({"id": self.id.show(number, call.machine), "flags": f"{flags:#x}", "context": context})
            at += length
        return found

    def schema(self) -> dict[str, object]:
        return {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "flags": {"type": "string"}, "context": {"type": "string"}},
            },
        }

    def meaning(self) -> str:
        return "security contexts"


# --- the local descriptor table of x86 ----------------------------------------------------------------------------

LDT_FUNCTION = Enum(
    table="LDT function",
    signed=True,
    values={"read_ldt": 0, "write_ldt_old": 1, "read_default_ldt": 2, "write_ldt": 0x11},
)
USER_DESCRIPTOR = structure(
    "user_desc",
    ("entry_number", U32, "index in the table"),
    ("base_addr", HEX32, "start of the segment"),
    ("limit", HEX32, "size of the segment less one, in bytes or pages"),
    (
        "flags",
        Flags(
            table="bits of struct user_desc",
            fields={
                0x6: {
                    "MODIFY_LDT_CONTENTS_DATA": 0,
                    "MODIFY_LDT_CONTENTS_STACK": 2,
                    "MODIFY_LDT_CONTENTS_CODE": 4,
                }
            },
            values={
                "seg_32bit": 0x1,
                "read_exec_only": 0x8,
                "limit_in_pages": 0x10,
                "seg_not_present": 0x20,
                "useable": 0x40,
                "lm": 0x80,
            },
        ),
        "what kind of segment it is",
    ),
)
LDT_ENTRY = Variant("func", {1: USER_DESCRIPTOR, 0x11: USER_DESCRIPTOR}, sizes=(16,))

# --- bpf ----------------------------------------------------------------------------------------------------------

BPF_COMMON_ATTRS = 1 << 16
BPF_COMMAND = Operation(
    table="BPF_* commands",
    signed=True,
    values=numbered(
        "BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD "
        "BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID "
        "BPF_MAP_GET_NEXT_ID BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY "
        "BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD BPF_BTF_GET_FD_BY_ID BPF_TASK_FD_QUERY BPF_MAP_LOOKUP_AND_DELETE_ELEM "
        "BPF_MAP_FREEZE BPF_BTF_GET_NEXT_ID BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH BPF_MAP_UPDATE_BATCH "
        "BPF_MAP_DELETE_BATCH BPF_LINK_CREATE BPF_LINK_UPDATE BPF_LINK_GET_FD_BY_ID BPF_LINK_GET_NEXT_ID "
        "BPF_ENABLE_STATS BPF_ITER_CREATE BPF_LINK_DETACH BPF_PROG_BIND_MAP BPF_TOKEN_CREATE "
        "BPF_PROG_STREAM_READ_BY_FD BPF_PROG_ASSOC_STRUCT_OPS"
    ),
    flags={"BPF_COMMON_ATTRS": BPF_COMMON_ATTRS},
)
BPF_MAP_TYPE = Enum(
    table="BPF_MAP_TYPE_*",
    values=numbered(
        "BPF_MAP_TYPE_UNSPEC BPF_MAP_TYPE_HASH BPF_MAP_TYPE_ARRAY BPF_MAP_TYPE_PROG_ARRAY "
        "BPF_MAP_TYPE_PERF_EVENT_ARRAY BPF_MAP_TYPE_PERCPU_HASH BPF_MAP_TYPE_PERCPU_ARRAY BPF_MAP_TYPE_STACK_TRACE "
        "BPF_MAP_TYPE_CGROUP_ARRAY BPF_MAP_TYPE_LRU_HASH BPF_MAP_TYPE_LRU_PERCPU_HASH BPF_MAP_TYPE_LPM_TRIE "
        "BPF_MAP_TYPE_ARRAY_OF_MAPS BPF_MAP_TYPE_HASH_OF_MAPS BPF_MAP_TYPE_DEVMAP BPF_MAP_TYPE_SOCKMAP "
        "BPF_MAP_TYPE_CPUMAP BPF_MAP_TYPE_XSKMAP BPF_MAP_TYPE_SOCKHASH BPF_MAP_TYPE_CGROUP_STORAGE "
        "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE BPF_MAP_TYPE_QUEUE BPF_MAP_TYPE_STACK "
        "BPF_MAP_TYPE_SK_STORAGE BPF_MAP_TYPE_DEVMAP_HASH BPF_MAP_TYPE_STRUCT_OPS BPF_MAP_TYPE_RINGBUF "
        "BPF_MAP_TYPE_INODE_STORAGE BPF_MAP_TYPE_TASK_STORAGE BPF_MAP_TYPE_BLOOM_FILTER BPF_MAP_TYPE_USER_RINGBUF "
        "BPF_MAP_TYPE_CGRP_STORAGE BPF_MAP_TYPE_ARENA BPF_MAP_TYPE_INSN_ARRAY BPF_MAP_TYPE_RHASH"
    ),
)
BPF_PROGRAM_TYPE = Enum(
    table="BPF_PROG_TYPE_*",
    values=numbered(
        "BPF_PROG_TYPE_UNSPEC BPF_PROG_TYPE_SOCKET_FILTER BPF_PROG_TYPE_KPROBE BPF_PROG_TYPE_SCHED_CLS "
        "BPF_PROG_TYPE_SCHED_ACT BPF_PROG_TYPE_TRACEPOINT BPF_PROG_TYPE_XDP BPF_PROG_TYPE_PERF_EVENT "
        "BPF_PROG_TYPE_CGROUP_SKB BPF_PROG_TYPE_CGROUP_SOCK BPF_PROG_TYPE_LWT_IN BPF_PROG_TYPE_LWT_OUT "
        "BPF_PROG_TYPE_LWT_XMIT BPF_PROG_TYPE_SOCK_OPS BPF_PROG_TYPE_SK_SKB BPF_PROG_TYPE_CGROUP_DEVICE "
        "BPF_PROG_TYPE_SK_MSG BPF_PROG_TYPE_RAW_TRACEPOINT BPF_PROG_TYPE_CGROUP_SOCK_ADDR "
        "BPF_PROG_TYPE_LWT_SEG6LOCAL BPF_PROG_TYPE_LIRC_MODE2 BPF_PROG_TYPE_SK_REUSEPORT "
        "BPF_PROG_TYPE_FLOW_DISSECTOR BPF_PROG_TYPE_CGROUP_SYSCTL BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE "
        "BPF_PROG_TYPE_CGROUP_SOCKOPT BPF_PROG_TYPE_TRACING BPF_PROG_TYPE_STRUCT_OPS BPF_PROG_TYPE_EXT "
        "BPF_PROG_TYPE_LSM BPF_PROG_TYPE_SK_LOOKUP BPF_PROG_TYPE_SYSCALL BPF_PROG_TYPE_NETFILTER"
    ),
)
BPF_ATTACH_TYPE = Enum(
    table="enum bpf_attach_type",
    values=numbered(
        "BPF_CGROUP_INET_INGRESS BPF_CGROUP_INET_EGRESS BPF_CGROUP_INET_SOCK_CREATE BPF_CGROUP_SOCK_OPS "
        "BPF_SK_SKB_STREAM_PARSER BPF_SK_SKB_STREAM_VERDICT BPF_CGROUP_DEVICE BPF_SK_MSG_VERDICT BPF_CGROUP_INET4_BIND "
        "BPF_CGROUP_INET6_BIND BPF_CGROUP_INET4_CONNECT BPF_CGROUP_INET6_CONNECT BPF_CGROUP_INET4_POST_BIND "
        "BPF_CGROUP_INET6_POST_BIND BPF_CGROUP_UDP4_SENDMSG BPF_CGROUP_UDP6_SENDMSG BPF_LIRC_MODE2 BPF_FLOW_DISSECTOR "
        "BPF_CGROUP_SYSCTL BPF_CGROUP_UDP4_RECVMSG BPF_CGROUP_UDP6_RECVMSG BPF_CGROUP_GETSOCKOPT BPF_CGROUP_SETSOCKOPT "
        "BPF_TRACE_RAW_TP BPF_TRACE_FENTRY BPF_TRACE_FEXIT BPF_MODIFY_RETURN BPF_LSM_MAC BPF_TRACE_ITER "
        "BPF_CGROUP_INET4_GETPEERNAME BPF_CGROUP_INET6_GETPEERNAME BPF_CGROUP_INET4_GETSOCKNAME "
        "BPF_CGROUP_INET6_GETSOCKNAME BPF_XDP_DEVMAP BPF_CGROUP_INET_SOCK_RELEASE BPF_XDP_CPUMAP BPF_SK_LOOKUP BPF_XDP "
        "BPF_SK_SKB_VERDICT BPF_SK_REUSEPORT_SELECT BPF_SK_REUSEPORT_SELECT_OR_MIGRATE BPF_PERF_EVENT "
        "BPF_TRACE_KPROBE_MULTI BPF_LSM_CGROUP BPF_STRUCT_OPS BPF_NETFILTER BPF_TCX_INGRESS BPF_TCX_EGRESS "
        "BPF_TRACE_UPROBE_MULTI BPF_CGROUP_UNIX_CONNECT BPF_CGROUP_UNIX_SENDMSG BPF_CGROUP_UNIX_RECVMSG "
        "BPF_CGROUP_UNIX_GETPEERNAME BPF_CGROUP_UNIX_GETSOCKNAME BPF_NETKIT_PRIMARY BPF_NETKIT_PEER "
        "BPF_TRACE_KPROBE_SESSION BPF_TRACE_UPROBE_SESSION BPF_TRACE_FSESSION BPF_TRACE_FENTRY_MULTI "
        "BPF_TRACE_FEXIT_MULTI BPF_TRACE_FSESSION_MULTI"
    ),
)
BPF_MAP_FLAGS = Flags(
    table="BPF_F_* of maps",
    values=bits(
        "BPF_F_NO_PREALLOC BPF_F_NO_COMMON_LRU BPF_F_NUMA_NODE BPF_F_RDONLY BPF_F_WRONLY BPF_F_STACK_BUILD_ID "
        "BPF_F_ZERO_SEED BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG BPF_F_CLONE BPF_F_MMAPABLE BPF_F_PRESERVE_ELEMS "
        "BPF_F_INNER_MAP BPF_F_LINK BPF_F_PATH_FD BPF_F_VTYPE_BTF_OBJ_FD BPF_F_TOKEN_FD BPF_F_SEGV_ON_FAULT "
        "BPF_F_NO_USER_CONV BPF_F_RB_OVERWRITE"
    ),
)
BPF_ELEMENT_FLAGS = Flags(
    table="BPF_ANY, BPF_NOEXIST, BPF_EXIST and BPF_F_* of elements",
    size=8,
    zero="BPF_ANY",
    values=bits("BPF_NOEXIST BPF_EXIST BPF_F_LOCK BPF_F_CPU BPF_F_ALL_CPUS"),
)
BPF_PROGRAM_FLAGS = Flags(
    table="BPF_F_* of programs",
    values={
        **bits(
            "BPF_F_STRICT_ALIGNMENT BPF_F_ANY_ALIGNMENT BPF_F_TEST_RND_HI32 BPF_F_TEST_STATE_FREQ BPF_F_SLEEPABLE "
            "BPF_F_XDP_HAS_FRAGS BPF_F_XDP_DEV_BOUND_ONLY BPF_F_TEST_REG_INVARIANTS"
        ),
        "BPF_F_TOKEN_FD": 1 << 16,
    },
)
BPF_ATTACH_FLAGS = Flags(
    table="BPF_F_* of attachments",
    values={
        **bits("BPF_F_ALLOW_OVERRIDE BPF_F_ALLOW_MULTI BPF_F_REPLACE BPF_F_BEFORE BPF_F_AFTER BPF_F_ID BPF_F_PREORDER"),
        "BPF_F_LINK": 1 << 13,
    },
)
BPF_FILE_FLAGS = Flags(
    table="BPF_F_* of opened objects",
    values={"BPF_F_RDONLY": 1 << 3, "BPF_F_WRONLY": 1 << 4, "BPF_F_PATH_FD": 1 << 14, "BPF_F_TOKEN_FD": 1 << 16},
)
BPF_QUERY_FLAGS = Flags(table="BPF_F_QUERY_*", values={"BPF_F_QUERY_EFFECTIVE": 1})
BPF_TEST_FLAGS = Flags(
    table="BPF_F_TEST_*",
    values=bits("BPF_F_TEST_RUN_ON_CPU BPF_F_TEST_XDP_LIVE_FRAMES BPF_F_TEST_SKB_CHECKSUM_COMPLETE"),
)
BPF_STATS_TYPE = Enum(table="BPF_STATS_*", values={"BPF_STATS_RUN_TIME": 0})
BPF_STREAM = Enum(table="BPF_STREAM_*", values={"BPF_STREAM_STDOUT": 1, "BPF_STREAM_STDERR": 2})
BPF_FD_TYPE = Enum(
    table="BPF_FD_TYPE_*",
    values=numbered(
        "BPF_FD_TYPE_RAW_TRACEPOINT BPF_FD_TYPE_TRACEPOINT BPF_FD_TYPE_KPROBE BPF_FD_TYPE_KRETPROBE BPF_FD_TYPE_UPROBE "
        "BPF_FD_TYPE_URETPROBE"
    ),
)
BPF_KPROBE_MULTI_FLAGS = Flags(table="BPF_F_KPROBE_MULTI_*", values=bits("BPF_F_KPROBE_MULTI_RETURN"))
BPF_UPROBE_MULTI_FLAGS = Flags(
    table="BPF_F_UPROBE_MULTI_*", values=bits("BPF_F_UPROBE_MULTI_RETURN BPF_F_UPROBE_MULTI_PATH_FD")
)
BPF_NETFILTER_FLAGS = Flags(table="BPF_F_NETFILTER_*", values=bits("BPF_F_NETFILTER_IP_DEFRAG"))

_MAP_ELEMENT = structure(
    "bpf_attr",
    ("map_fd", FD, "the map"),
    ("key", ADDRESS, "address of the key"),
    ("value", ADDRESS, "address of the value"),
    ("flags", BPF_ELEMENT_FLAGS, "flags of the command"),
)
_MAP_BATCH = structure(
    "bpf_attr",
    ("in_batch", ADDRESS, "address of the position to start from; NULL is the beginning"),
    ("out_batch", ADDRESS, "address where the position to go on from goes"),
    ("keys", ADDRESS, "address of the keys"),
    ("values", ADDRESS, "address of the values"),
    ("count", U32, "elements asked for; after the call those that were handled"),
    ("map_fd", FD, "the map"),
    ("elem_flags", BPF_ELEMENT_FLAGS, "how each element is treated"),
    ("flags", HEX64, "flags of the command"),
)
_OBJECT = structure(
    "bpf_attr",
    ("pathname", ADDRESS, "address of the path in the BPF file system"),
    ("bpf_fd", FD, "the map, program or link"),
    ("file_flags", BPF_FILE_FLAGS, "access, and how the path is meant"),
    ("path_fd", FD, "directory that the path starts from, with BPF_F_PATH_FD"),
)
_ATTACH = structure(
    "bpf_attr",
    ("target_fd", I32, "descriptor, or index of a network interface"),
    ("attach_bpf_fd", FD, "the program"),
    ("attach_type", BPF_ATTACH_TYPE, "where it is attached"),
    ("attach_flags", BPF_ATTACH_FLAGS, "how it joins those already there"),
    ("replace_bpf_fd", FD, "program that it replaces, with BPF_F_REPLACE"),
    ("relative_fd", I32, "descriptor or id of a neighbour"),
    ("expected_revision", U64, "revision that the list of programs must have; 0 is any"),
)
_NEXT_ID = structure(
    "bpf_attr",
    ("start_id", U32, "id after which the search starts"),
    ("next_id", U32, "the next id, after the call"),
    ("open_flags", BPF_FILE_FLAGS, "access that the descriptor gives"),
)


def _by_id(name: str) -> Structure:
    return structure(
        "bpf_attr",
        (name, U32, "the object's id"),
        ("", U32),
        ("open_flags", BPF_FILE_FLAGS, "access that the descriptor gives"),
        ("fd_by_id_token_fd", FD, "BPF token that permits it"),
    )


BPF_ATTRIBUTES: dict[str, Structure] = {
    "BPF_MAP_CREATE": structure(
        "bpf_attr",
        ("map_type", BPF_MAP_TYPE, "kind of map"),
        ("key_size", U32, "bytes of a key"),
        ("value_size", U32, "bytes of a value"),
        ("max_entries", U32, "most elements that it can hold"),
        ("map_flags", BPF_MAP_FLAGS, "how it is made and who may use it"),
        ("inner_map_fd", FD, "a map like those that are elements of it"),
        ("numa_node", U32, "memory node, with BPF_F_NUMA_NODE"),
        ("map_name", Characters(16), "name of the map"),
        ("map_ifindex", U32, "network interface that the map is offloaded to"),
        ("btf_fd", FD, "BTF object that describes key and value"),
        ("btf_key_type_id", U32, "BTF type of the key"),
        ("btf_value_type_id", U32, "BTF type of the value"),
        ("btf_vmlinux_value_type_id", U32, "kernel BTF type of a struct_ops map's value"),
        ("map_extra", HEX64, "what a map type needs besides (bloom filter: number of hashes)"),
        ("value_type_btf_obj_fd", FD, "module BTF object of a struct_ops map's value"),
        ("map_token_fd", FD, "BPF token that permits it"),
        ("excl_prog_hash", ADDRESS, "address of the hash of the only program that may use it"),
        ("excl_prog_hash_size", U32, "bytes of the hash"),
    ),
    "BPF_MAP_LOOKUP_ELEM": _MAP_ELEMENT,
    "BPF_MAP_UPDATE_ELEM": _MAP_ELEMENT,
    "BPF_MAP_DELETE_ELEM": structure("bpf_attr", ("map_fd", FD, "the map"), ("key", ADDRESS, "address of the key")),
    "BPF_MAP_GET_NEXT_KEY": structure(
        "bpf_attr",
        ("map_fd", FD, "the map"),
        ("key", ADDRESS, "address of the key"),
        ("next_key", ADDRESS, "address where the next key goes"),
    ),
    "BPF_MAP_LOOKUP_AND_DELETE_ELEM": _MAP_ELEMENT,
    "BPF_MAP_FREEZE": structure("bpf_attr", ("map_fd", FD, "the map")),
    "BPF_MAP_LOOKUP_BATCH": _MAP_BATCH,
    "BPF_MAP_LOOKUP_AND_DELETE_BATCH": _MAP_BATCH,
    "BPF_MAP_UPDATE_BATCH": _MAP_BATCH,
    "BPF_MAP_DELETE_BATCH": _MAP_BATCH,
    "BPF_PROG_LOAD": structure(
        "bpf_attr",
        ("prog_type", BPF_PROGRAM_TYPE, "kind of program"),
        ("insn_cnt", U32, "number of instructions"),
        ("insns", ADDRESS, "address of the instructions"),
        ("license", ADDRESS, "address of the license string"),
        ("log_level", U32, "how much the verifier tells; 0 is nothing"),
        ("log_size", U32, "bytes of the log buffer"),
        ("log_buf", ADDRESS, "address of the log buffer"),
        ("kern_version", HEX32, "kernel version; no longer checked"),
        ("prog_flags", BPF_PROGRAM_FLAGS, "how it is verified and run"),
        ("prog_name", Characters(16), "name of the program"),
        ("prog_ifindex", U32, "network interface that it is offloaded to"),
        ("expected_attach_type", BPF_ATTACH_TYPE, "where it will be attached"),
        ("prog_btf_fd", FD, "BTF object of the program"),
        ("func_info_rec_size", U32, "bytes of one function record"),
        ("func_info", ADDRESS, "address of the function records"),
        ("func_info_cnt", U32, "number of function records"),
        ("line_info_rec_size", U32, "bytes of one line record"),
        ("line_info", ADDRESS, "address of the line records"),
        ("line_info_cnt", U32, "number of line records"),
        ("attach_btf_id", U32, "BTF type of what it attaches to"),
        ("attach_prog_fd", FD, "program, or BTF object, that it attaches to"),
        ("core_relo_cnt", U32, "number of CO-RE relocations"),
        ("fd_array", ADDRESS, "address of the descriptors that instructions refer to"),
        ("core_relos", ADDRESS, "address of the CO-RE relocations"),
        ("core_relo_rec_size", U32, "bytes of one relocation"),
        ("log_true_size", U32, "bytes that the whole log needs, after the call"),
        ("prog_token_fd", FD, "BPF token that permits it"),
        ("fd_array_cnt", U32, "number of descriptors in fd_array"),
        ("signature", ADDRESS, "address of the signature"),
        ("signature_size", U32, "bytes of the signature"),
        ("keyring_id", KEY, "keyring with the key of the signature"),
    ),
    "BPF_OBJ_PIN": _OBJECT,
    "BPF_OBJ_GET": _OBJECT,
    "BPF_PROG_ATTACH": _ATTACH,
    "BPF_PROG_DETACH": _ATTACH,
    "BPF_PROG_TEST_RUN": structure(
        "bpf_attr",
        ("prog_fd", FD, "the program"),
        ("retval", U32, "what the program returned"),
        ("data_size_in", U32, "bytes of input"),
        ("data_size_out", U32, "room for output; after the call the bytes of it"),
        ("data_in", ADDRESS, "address of the input"),
        ("data_out", ADDRESS, "address of the output"),
        ("repeat", U32, "how often it runs"),
        ("duration", U32, "mean nanoseconds of one run"),
        ("ctx_size_in", U32, "bytes of the context"),
        ("ctx_size_out", U32, "room for the context; after the call the bytes of it"),
        ("ctx_in", ADDRESS, "address of the context"),
        ("ctx_out", ADDRESS, "address where the context goes after the run"),
        ("flags", BPF_TEST_FLAGS, "flags of the command"),
        ("cpu", U32, "CPU to run on, with BPF_F_TEST_RUN_ON_CPU"),
        ("batch_size", U32, "packets in a batch of live frames"),
    ),
    "BPF_PROG_GET_NEXT_ID": _NEXT_ID,
    "BPF_MAP_GET_NEXT_ID": _NEXT_ID,
    "BPF_BTF_GET_NEXT_ID": _NEXT_ID,
    "BPF_LINK_GET_NEXT_ID": _NEXT_ID,
    "BPF_PROG_GET_FD_BY_ID": _by_id("prog_id"),
    "BPF_MAP_GET_FD_BY_ID": _by_id("map_id"),
    "BPF_BTF_GET_FD_BY_ID": _by_id("btf_id"),
    "BPF_LINK_GET_FD_BY_ID": _by_id("link_id"),
    "BPF_OBJ_GET_INFO_BY_FD": structure(
        "bpf_attr",
        ("bpf_fd", FD, "the map, program or link"),
        ("info_len", U32, "room for the information; after the call its bytes"),
        ("info", ADDRESS, "address where the information goes"),
    ),
    "BPF_PROG_QUERY": structure(
        "bpf_attr",
        ("target_fd", I32, "descriptor, or index of a network interface"),
        ("attach_type", BPF_ATTACH_TYPE, "where it is attached"),
        ("query_flags", BPF_QUERY_FLAGS, "which programs count"),
        ("attach_flags", BPF_ATTACH_FLAGS, "how it joins those already there"),
        ("prog_ids", ADDRESS, "address where the ids go"),
        ("prog_cnt", U32, "room for ids; after the call the number of programs"),
        ("", U32),
        ("prog_attach_flags", ADDRESS, "address where the flags of each program go"),
        ("link_ids", ADDRESS, "address where the ids of the links go"),
        ("link_attach_flags", ADDRESS, "address where the flags of each link go"),
        ("revision", U64, "revision of the list, after the call"),
    ),
    "BPF_RAW_TRACEPOINT_OPEN": structure(
        "bpf_attr",
        ("name", ADDRESS, "address of the tracepoint's name"),
        ("prog_fd", FD, "the program"),
        ("", U32),
        ("cookie", HEX64, "value that the program can ask for"),
    ),
    "BPF_BTF_LOAD": structure(
        "bpf_attr",
        ("btf", ADDRESS, "address of the BTF data"),
        ("btf_log_buf", ADDRESS, "address of the log buffer"),
        ("btf_size", U32, "bytes of BTF data"),
        ("btf_log_size", U32, "bytes of the log buffer"),
        ("btf_log_level", U32, "how much the check tells; 0 is nothing"),
        ("btf_log_true_size", U32, "bytes that the whole log needs, after the call"),
        ("btf_flags", BPF_FILE_FLAGS, "whether a token is given"),
        ("btf_token_fd", FD, "BPF token that permits it"),
    ),
    "BPF_TASK_FD_QUERY": structure(
        "bpf_attr",
        ("pid", I32, "the process"),
        ("fd", FD, "descriptor in that process"),
        ("flags", HEX32, "flags of the command"),
        ("buf_len", U32, "room for the name; after the call its length"),
        ("buf", ADDRESS, "address where the name of the probed thing goes"),
        ("prog_id", U32, "id of the program"),
        ("fd_type", BPF_FD_TYPE, "what the descriptor probes, after the call"),
        ("probe_offset", HEX64, "offset of the probe, after the call"),
        ("probe_addr", HEX64, "address of the probe, after the call"),
    ),
    "BPF_LINK_CREATE": structure(
        "bpf_attr",
        ("prog_fd", FD, "program, or struct_ops map, to attach"),
        ("target_fd", I32, "descriptor, or index of a network interface"),
        ("attach_type", BPF_ATTACH_TYPE, "where it is attached"),
        ("flags", BPF_ATTACH_FLAGS, "flags of the command"),
    ),
    "BPF_LINK_UPDATE": structure(
        "bpf_attr",
        ("link_fd", FD, "the link"),
        ("new_prog_fd", FD, "the program, or struct_ops map, that it gets"),
        ("flags", BPF_ATTACH_FLAGS, "flags of the command"),
        ("old_prog_fd", FD, "the one that it must have had, with BPF_F_REPLACE"),
    ),
    "BPF_LINK_DETACH": structure("bpf_attr", ("link_fd", FD, "the link")),
    "BPF_ENABLE_STATS": structure("bpf_attr", ("type", BPF_STATS_TYPE, "which statistics")),
    "BPF_ITER_CREATE": structure("bpf_attr", ("link_fd", FD, "the link"), ("flags", HEX32, "flags of the command")),
    "BPF_PROG_BIND_MAP": structure(
        "bpf_attr", ("prog_fd", FD, "the program"), ("map_fd", FD, "the map"), ("flags", HEX32, "flags of the command")
    ),
    "BPF_TOKEN_CREATE": structure(
        "bpf_attr",
        ("flags", HEX32, "flags of the command"),
        ("bpffs_fd", FD, "the BPF file system that delegates rights"),
    ),
    "BPF_PROG_STREAM_READ_BY_FD": structure(
        "bpf_attr",
        ("stream_buf", ADDRESS, "address where the text goes"),
        ("stream_buf_len", U32, "room for the text"),
        ("stream_id", BPF_STREAM, "which of the program's streams"),
        ("prog_fd", FD, "the program"),
    ),
    "BPF_PROG_ASSOC_STRUCT_OPS": structure(
        "bpf_attr", ("map_fd", FD, "the map"), ("prog_fd", FD, "the program"), ("flags", HEX32, "flags of the command")
    ),
}
"""What union bpf_attr holds for each command."""

_TRACING = structure(
    "tracing",
    ("target_btf_id", U32, "BTF type of what it attaches to"),
    ("cookie", HEX64, "value that the program can ask for"),
)
_RELATIVE = structure(
    "relative",
    ("relative_fd", I32, "descriptor or id of the neighbour that it goes before or after"),
    ("expected_revision", U64, "revision that the list of programs must have; 0 is any"),
)
_KPROBE_MULTI = structure(
    "kprobe_multi",
    ("flags", BPF_KPROBE_MULTI_FLAGS, "whether it fires at the return"),
    ("cnt", U32, "number of functions"),
    ("syms", ADDRESS, "address of the function names"),
    ("addrs", ADDRESS, "address of the function addresses"),
    ("cookies", ADDRESS, "address of the cookies, one for each"),
)
_UPROBE_MULTI = structure(
    "uprobe_multi",
    ("path", ADDRESS, "address of the path of the program or library"),
    ("offsets", ADDRESS, "address of the offsets in the file"),
    ("ref_ctr_offsets", ADDRESS, "address of the offsets of reference counters"),
    ("cookies", ADDRESS, "address of the cookies, one for each"),
    ("cnt", U32, "number of offsets"),
    ("flags", BPF_UPROBE_MULTI_FLAGS, "whether it fires at the return, and how the path is meant"),
    ("pid", I32, "process that it is limited to; 0 is any"),
    ("path_fd", FD, "directory that the path starts from"),
)
_TRACING_MULTI = structure(
    "tracing_multi",
    ("ids", ADDRESS, "address of the BTF ids of the functions"),
    ("cookies", ADDRESS, "address of the cookies, one for each"),
    ("cnt", U32, "number of functions"),
)
_NETFILTER = structure(
    "netfilter",
    ("pf", U32, "protocol family"),
    ("hooknum", U32, "hook of netfilter"),
    ("priority", I32, "place among the hook's functions; low ones first"),
    ("flags", BPF_NETFILTER_FLAGS, "whether fragments are put together first"),
)
BPF_LINK_TAILS: dict[str, Structure] = {
    "BPF_TRACE_ITER": structure(
        "iter", ("iter_info", ADDRESS, "address of what the iterator goes over"), ("iter_info_len", U32, "bytes of it")
    ),
    "BPF_PERF_EVENT": structure("perf_event", ("bpf_cookie", HEX64, "value that the program can ask for")),
    "BPF_TRACE_KPROBE_MULTI": _KPROBE_MULTI,
    "BPF_TRACE_KPROBE_SESSION": _KPROBE_MULTI,
    "BPF_TRACE_UPROBE_MULTI": _UPROBE_MULTI,
    "BPF_TRACE_UPROBE_SESSION": _UPROBE_MULTI,
    "BPF_TRACE_FENTRY_MULTI": _TRACING_MULTI,
    "BPF_TRACE_FEXIT_MULTI": _TRACING_MULTI,
    "BPF_TRACE_FSESSION_MULTI": _TRACING_MULTI,
    "BPF_NETFILTER": _NETFILTER,
    **dict.fromkeys(
        (
            "BPF_TRACE_RAW_TP",
            "BPF_TRACE_FENTRY",
            "BPF_TRACE_FEXIT",
            "BPF_TRACE_FSESSION",
            "BPF_MODIFY_RETURN",
            "BPF_LSM_MAC",
        ),
        _TRACING,
    ),
    **{
        name: _RELATIVE
        for name in BPF_ATTACH_TYPE.values
        if name.startswith(("BPF_CGROUP_", "BPF_TCX_", "BPF_NETKIT_"))
    },
}
"""What follows the first 16 bytes of BPF_LINK_CREATE's attributes, by attach type."""


@dataclass(frozen=True, slots=True)
class BpfAttributes(Type):
    """A union bpf_attr of `size` bytes, shown as the members that its command uses."""

    size: str = "size"
    limit: int = 256
    commands: Mapping[str, Structure] = field(default_factory=lambda: BPF_ATTRIBUTES, hash=False)
    links: Mapping[str, Structure] = field(default_factory=lambda: BPF_LINK_TAILS, hash=False)

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.size, limit=self.limit).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        number = BPF_COMMAND.number(call.raw.get("cmd", 0)) & ~BPF_COMMON_ATTRS
        layout = self.commands.get(BPF_COMMAND.names(call.machine).get(number, ""))
        if layout is None:
            return ADDRESS.decode(raw, (), call)
        shown = layout.unpack(data[0], call)
        if isinstance(shown, dict) and layout is self.commands["BPF_LINK_CREATE"]:
            tail = self.links.get(str(shown.get("attach_type")))
            rest = tail.unpack(data[0][16:], call) if tail else None
            if tail and rest:
                shown[tail.name] = rest
        return shown

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "string", "null"]}

    def meaning(self) -> str:
        return "pointer to union bpf_attr"


BPF_COMMON_ATTRIBUTES = structure(
    "bpf_common_attr",
    ("log_buf", ADDRESS, "address of the log buffer"),
    ("log_size", U32, "bytes of the log buffer"),
    ("log_level", U32, "how much the verifier tells; 0 is nothing"),
    ("log_true_size", U32, "bytes that the whole log needs, after the call"),
)
# Callers that do not set BPF_COMMON_ATTRS pass three arguments only.
BPF_COMMON = Variant("cmd", {1: BPF_COMMON_ATTRIBUTES}, sizes=(24,), shift=16, mask=BPF_COMMON_ATTRS, default=UNUSED)
BPF_COMMON_SIZE = Variant("cmd", {1: U32}, shift=16, mask=BPF_COMMON_ATTRS, default=UNUSED)

# --- perf ---------------------------------------------------------------------------------------------------------

PERF_TYPE = Enum(
    table="PERF_TYPE_*",
    values=numbered(
        "PERF_TYPE_HARDWARE PERF_TYPE_SOFTWARE PERF_TYPE_TRACEPOINT PERF_TYPE_HW_CACHE PERF_TYPE_RAW "
        "PERF_TYPE_BREAKPOINT"
    ),
)
PERF_HARDWARE = Enum(
    table="PERF_COUNT_HW_*",
    values=numbered(
        "PERF_COUNT_HW_CPU_CYCLES PERF_COUNT_HW_INSTRUCTIONS PERF_COUNT_HW_CACHE_REFERENCES "
        "PERF_COUNT_HW_CACHE_MISSES PERF_COUNT_HW_BRANCH_INSTRUCTIONS PERF_COUNT_HW_BRANCH_MISSES "
        "PERF_COUNT_HW_BUS_CYCLES PERF_COUNT_HW_STALLED_CYCLES_FRONTEND PERF_COUNT_HW_STALLED_CYCLES_BACKEND "
        "PERF_COUNT_HW_REF_CPU_CYCLES"
    ),
)
PERF_SOFTWARE = Enum(
    table="PERF_COUNT_SW_*",
    size=8,
    values=numbered(
        "PERF_COUNT_SW_CPU_CLOCK PERF_COUNT_SW_TASK_CLOCK PERF_COUNT_SW_PAGE_FAULTS PERF_COUNT_SW_CONTEXT_SWITCHES "
        "PERF_COUNT_SW_CPU_MIGRATIONS PERF_COUNT_SW_PAGE_FAULTS_MIN PERF_COUNT_SW_PAGE_FAULTS_MAJ "
        "PERF_COUNT_SW_ALIGNMENT_FAULTS PERF_COUNT_SW_EMULATION_FAULTS PERF_COUNT_SW_DUMMY PERF_COUNT_SW_BPF_OUTPUT "
        "PERF_COUNT_SW_CGROUP_SWITCHES"
    ),
)
PERF_CACHE = Enum(
    table="PERF_COUNT_HW_CACHE_*",
    size=1,
    values=numbered(
        "PERF_COUNT_HW_CACHE_L1D PERF_COUNT_HW_CACHE_L1I PERF_COUNT_HW_CACHE_LL PERF_COUNT_HW_CACHE_DTLB "
        "PERF_COUNT_HW_CACHE_ITLB PERF_COUNT_HW_CACHE_BPU PERF_COUNT_HW_CACHE_NODE"
    ),
)
PERF_CACHE_OPERATION = Enum(
    table="PERF_COUNT_HW_CACHE_OP_*",
    size=1,
    values=numbered("PERF_COUNT_HW_CACHE_OP_READ PERF_COUNT_HW_CACHE_OP_WRITE PERF_COUNT_HW_CACHE_OP_PREFETCH"),
)
PERF_CACHE_RESULT = Enum(
    table="PERF_COUNT_HW_CACHE_RESULT_*",
    size=1,
    values=numbered("PERF_COUNT_HW_CACHE_RESULT_ACCESS PERF_COUNT_HW_CACHE_RESULT_MISS"),
)
PERF_SAMPLE_TYPE = Flags(
    table="PERF_SAMPLE_*",
    size=8,
    values=bits(
        "PERF_SAMPLE_IP PERF_SAMPLE_TID PERF_SAMPLE_TIME PERF_SAMPLE_ADDR PERF_SAMPLE_READ PERF_SAMPLE_CALLCHAIN "
        "PERF_SAMPLE_ID PERF_SAMPLE_CPU PERF_SAMPLE_PERIOD PERF_SAMPLE_STREAM_ID PERF_SAMPLE_RAW "
        "PERF_SAMPLE_BRANCH_STACK PERF_SAMPLE_REGS_USER PERF_SAMPLE_STACK_USER PERF_SAMPLE_WEIGHT PERF_SAMPLE_DATA_SRC "
        "PERF_SAMPLE_IDENTIFIER PERF_SAMPLE_TRANSACTION PERF_SAMPLE_REGS_INTR PERF_SAMPLE_PHYS_ADDR PERF_SAMPLE_AUX "
        "PERF_SAMPLE_CGROUP PERF_SAMPLE_DATA_PAGE_SIZE PERF_SAMPLE_CODE_PAGE_SIZE PERF_SAMPLE_WEIGHT_STRUCT"
    ),
)
PERF_READ_FORMAT = Flags(
    table="PERF_FORMAT_*",
    size=8,
    values=bits("TOTAL_TIME_ENABLED TOTAL_TIME_RUNNING ID GROUP LOST", prefix="PERF_FORMAT_"),
)
PERF_ATTRIBUTE_BITS = Flags(
    table="bits of struct perf_event_attr",
    size=8,
    fields={0x18000: {"precise_ip=1": 0x8000, "precise_ip=2": 0x10000, "precise_ip=3": 0x18000}},
    values={
        **bits(
            "disabled inherit pinned exclusive exclude_user exclude_kernel exclude_hv exclude_idle mmap comm freq "
            "inherit_stat enable_on_exec task watermark"
        ),
        **bits(
            "mmap_data sample_id_all exclude_host exclude_guest exclude_callchain_kernel exclude_callchain_user mmap2 "
            "comm_exec use_clockid context_switch write_backward namespaces ksymbol bpf_event aux_output cgroup "
            "text_poke build_id inherit_thread remove_on_exec sigtrap defer_callchain defer_output",
            start=17,
        ),
    },
)
PERF_BRANCH_SAMPLE_TYPE = Flags(
    table="PERF_SAMPLE_BRANCH_*",
    size=8,
    values=bits(
        "PERF_SAMPLE_BRANCH_USER PERF_SAMPLE_BRANCH_KERNEL PERF_SAMPLE_BRANCH_HV PERF_SAMPLE_BRANCH_ANY "
        "PERF_SAMPLE_BRANCH_ANY_CALL PERF_SAMPLE_BRANCH_ANY_RETURN PERF_SAMPLE_BRANCH_IND_CALL "
        "PERF_SAMPLE_BRANCH_ABORT_TX PERF_SAMPLE_BRANCH_IN_TX PERF_SAMPLE_BRANCH_NO_TX PERF_SAMPLE_BRANCH_COND "
        "PERF_SAMPLE_BRANCH_CALL_STACK PERF_SAMPLE_BRANCH_IND_JUMP PERF_SAMPLE_BRANCH_CALL "
        "PERF_SAMPLE_BRANCH_NO_FLAGS PERF_SAMPLE_BRANCH_NO_CYCLES PERF_SAMPLE_BRANCH_TYPE_SAVE "
        "PERF_SAMPLE_BRANCH_HW_INDEX PERF_SAMPLE_BRANCH_PRIV_SAVE PERF_SAMPLE_BRANCH_COUNTERS"
    ),
)
PERF_BREAKPOINT_TYPE = Flags(
    table="HW_BREAKPOINT_*",
    values=bits("HW_BREAKPOINT_R HW_BREAKPOINT_W HW_BREAKPOINT_X"),
    zero="HW_BREAKPOINT_EMPTY",
)
PERF_OPEN_FLAGS = Flags(
    table="PERF_FLAG_*",
    size=8,
    values=bits("PERF_FLAG_FD_NO_GROUP PERF_FLAG_FD_OUTPUT PERF_FLAG_PID_CGROUP PERF_FLAG_FD_CLOEXEC"),
)
PERF_AUX_ACTION = Flags(table="aux actions", values=bits("aux_start_paused aux_pause aux_resume"))
PERF_EVENT_ATTR = structure(
    "perf_event_attr",
    ("type", PERF_TYPE, "kind of event; others are the number of a PMU in sysfs"),
    ("size", U32, "bytes of this structure that the caller knows"),
    ("config", HEX64, "which event; its meaning depends on type"),
    ("sample_period", U64, "events between samples; sample_freq (samples per second) with the flag freq"),
    ("sample_type", PERF_SAMPLE_TYPE, "what a sample holds"),
    ("read_format", PERF_READ_FORMAT, "what read() returns"),
    ("flags", PERF_ATTRIBUTE_BITS, "when and where it counts"),
    ("wakeup_events", U32, "samples between wake-ups; wakeup_watermark (bytes) with the flag watermark"),
    ("bp_type", PERF_BREAKPOINT_TYPE, "accesses that a breakpoint stops at"),
    ("config1", HEX64, "bp_addr for a breakpoint; name of the function or path for a probe"),
    ("config2", HEX64, "bp_len for a breakpoint; address or offset for a probe"),
    ("branch_sample_type", PERF_BRANCH_SAMPLE_TYPE, "which branches a branch stack holds"),
    ("sample_regs_user", HEX64, "user registers that a sample holds, as a mask"),
    ("sample_stack_user", U32, "bytes of user stack that a sample holds"),
    ("clockid", CLOCK, "clock of timeouts"),
    ("sample_regs_intr", HEX64, "interrupted registers that a sample holds, as a mask"),
    ("aux_watermark", U32, "bytes of trace data between wake-ups"),
    ("sample_max_stack", U16, "most frames of a call chain; 0 is the system's limit"),
    ("", U16),
    ("aux_sample_size", U32, "bytes of trace data that a sample holds"),
    ("aux_action", PERF_AUX_ACTION, "what an event does to the trace"),
    ("sig_data", HEX64, "value that SIGTRAP carries, with sigtrap"),
    ("config3", HEX64, "what a PMU needs besides"),
    ("config4", HEX64, "what a PMU needs besides"),
)
_PERF_QUIET = (
    "config3",
    "config4",
    "branch_sample_type",
    "sample_regs_user",
    "sample_stack_user",
    "sample_regs_intr",
    "aux_watermark",
    "sample_max_stack",
    "aux_sample_size",
    "aux_action",
    "sig_data",
)


@dataclass(frozen=True, slots=True)
class PerfAttributes(Versioned):
    """A struct perf_event_attr; `config` is named after its `type`, members that do not matter are left out."""

    configs: tuple[Enum, ...] = (
        PERF_HARDWARE,
        PERF_SOFTWARE,
        PERF_CACHE,
        PERF_CACHE_OPERATION,
        PERF_CACHE_RESULT,
    )

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        found = self.bytes_of(data)
        if found is None:
            return None
        shown = self.to.unpack(found, call)
        if not isinstance(shown, dict) or "config" not in shown:
            return shown
        config = int.from_bytes(found[8:16], "little")
        flags = str(shown.get("flags", "")).split("|")
        shown["config"] = _perf_config(shown.get("type"), config, call.machine)
        result: dict[str, Value] = {}
        for name, value in shown.items():
            if name == "sample_period" and "freq" in flags:
                name = "sample_freq"
            elif name == "wakeup_events" and "watermark" in flags:
                name = "wakeup_watermark"
            elif shown["type"] == "PERF_TYPE_BREAKPOINT" and name in ("config1", "config2"):
                name = "bp_addr" if name == "config1" else "bp_len"
            elif (
                (name == "bp_type" and shown["type"] != "PERF_TYPE_BREAKPOINT")
                or (name == "clockid" and "use_clockid" not in flags)
                or (name in _PERF_QUIET and value in (0, "0", "0x0"))
            ):
                continue
            result[name] = value
        return result

    def schema(self) -> dict[str, object]:
        members = {member.name: member.type.schema() for member in self.to.members}
        members["config"] = {"type": ["string", "integer"]}
        return {"anyOf": [{"type": "object", "properties": members}, {"type": "null"}]}


def _perf_config(type: Value, config: int, machine: str) -> Value:
    if type == "PERF_TYPE_HARDWARE":
        # The upper half picks one of several PMUs on hybrid CPUs.
        name = str(PERF_HARDWARE.show(config & 0xFFFFFFFF, machine))
        return f"{config >> 32:#x}<<32|{name}" if config >> 32 else name
    if type == "PERF_TYPE_SOFTWARE":
        return PERF_SOFTWARE.show(config, machine)
    if type == "PERF_TYPE_TRACEPOINT":
        return config
    if type == "PERF_TYPE_HW_CACHE":
        result = PERF_CACHE_RESULT.show(config >> 16 & 0xFF, machine)
        operation = PERF_CACHE_OPERATION.show(config >> 8 & 0xFF, machine)
        rest = f"{config >> 24:#x}<<24|" if config >> 24 else ""
        cache = PERF_CACHE.show(config & 0xFF, machine)
        return f"{rest}{result!s}<<16|{operation!s}<<8|{cache!s}"
    return f"{config:#x}"


PERF_ATTRIBUTES = PerfAttributes(PERF_EVENT_ATTR, sizes=(64, 112, 136, 144), size_at=4)
