"""Tables and structures of mounts, extended attributes, quotas, notification and file handles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kindling.catalogue.tables.layout import bits, numbered, structure
from kindling.catalogue.tables.system import Variant, Versioned
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    HEX64,
    I8,
    I16,
    I32,
    I64,
    NAME,
    PATH,
    STRING,
    U16,
    U32,
    U64,
    UID,
    Bytes,
    Call,
    Capture,
    Characters,
    Copy,
    Descriptor,
    Enum,
    Flags,
    LengthFrom,
    Quantity,
    Scalar,
    Structure,
    Switch,
    Type,
    Value,
)

_NO_CALL = Call({})

# --- statfs -------------------------------------------------------------------------------------------------------

FILE_SYSTEM_MAGIC = Enum(
    table="file system magic",
    size=8,
    # ext2, ext3 and ext4 share a number; the first name is shown.
    values={
        "EXT2_SUPER_MAGIC": 0xEF53,
        "EXT3_SUPER_MAGIC": 0xEF53,
        "EXT4_SUPER_MAGIC": 0xEF53,
        "AAFS_MAGIC": 0x5A3C69F0,
        "ADFS_SUPER_MAGIC": 0xADF5,
        "AFFS_SUPER_MAGIC": 0xADFF,
        "AFS_FS_MAGIC": 0x6B414653,
        "AFS_SUPER_MAGIC": 0x5346414F,
        "ANON_INODE_FS_MAGIC": 0x09041934,
        "AUFS_SUPER_MAGIC": 0x61756673,
        "AUTOFS_SUPER_MAGIC": 0x0187,
        "BALLOON_KVM_MAGIC": 0x13661366,
        "BCACHEFS_SUPER_MAGIC": 0xCA451A4E,
        "BDEVFS_MAGIC": 0x62646576,
        "BEFS_SUPER_MAGIC": 0x42465331,
        "BFS_MAGIC": 0x1BADFACE,
        "BINDERFS_SUPER_MAGIC": 0x6C6F6F70,
        "BINFMTFS_MAGIC": 0x42494E4D,
        "BPF_FS_MAGIC": 0xCAFE4A11,
        "BTRFS_SUPER_MAGIC": 0x9123683E,
        "BTRFS_TEST_MAGIC": 0x73727279,
        "CEPH_SUPER_MAGIC": 0x00C36400,
        "CGROUP2_SUPER_MAGIC": 0x63677270,
        "CGROUP_SUPER_MAGIC": 0x27E0EB,
        "CIFS_SUPER_MAGIC": 0xFF534D42,
        "CODA_SUPER_MAGIC": 0x73757245,
        "CONFIGFS_MAGIC": 0x62656570,
        "CRAMFS_MAGIC": 0x28CD3D45,
        "CRAMFS_MAGIC_WEND": 0x453DCD28,
        "DAXFS_MAGIC": 0x64646178,
        "DEBUGFS_MAGIC": 0x64626720,
        "DEVFS_SUPER_MAGIC": 0x1373,
        "DEVMEM_MAGIC": 0x454D444D,
        "DEVPTS_SUPER_MAGIC": 0x1CD1,
        "DMA_BUF_MAGIC": 0x444D4142,
        "ECRYPTFS_SUPER_MAGIC": 0xF15F,
        "EFIVARFS_MAGIC": 0xDE5E81E4,
        "EFS_SUPER_MAGIC": 0x414A53,
        "EROFS_SUPER_MAGIC_V1": 0xE0F5E1E2,
        "EXFAT_SUPER_MAGIC": 0x2011BAB0,
        "EXT2_OLD_SUPER_MAGIC": 0xEF51,
        "EXT_SUPER_MAGIC": 0x137D,
        "F2FS_SUPER_MAGIC": 0xF2F52010,
        "FUSE_CTL_SUPER_MAGIC": 0x65735543,
        "FUSE_SUPER_MAGIC": 0x65735546,
        "FUTEXFS_SUPER_MAGIC": 0x0BAD1DEA,
        "GFS2_MAGIC": 0x01161970,
        "GPFS_SUPER_MAGIC": 0x47504653,
        "GUEST_MEMFD_MAGIC": 0x474D454D,
        "HFSPLUS_SUPER_MAGIC": 0x482B,
        "HFS_SUPER_MAGIC": 0x4244,
        "HOSTFS_SUPER_MAGIC": 0x00C0FFEE,
        "HPFS_SUPER_MAGIC": 0xF995E849,
        "HUGETLBFS_MAGIC": 0x958458F6,
        "ISOFS_SUPER_MAGIC": 0x9660,
        "JFFS2_SUPER_MAGIC": 0x72B6,
        "JFS_SUPER_MAGIC": 0x3153464A,
        "LOGFS_MAGIC": 0xC97E8168,
        "LUSTRE_SUPER_MAGIC": 0x0BD00BD1,
        "MINIX2_SUPER_MAGIC": 0x2468,
        "MINIX2_SUPER_MAGIC2": 0x2478,
        "MINIX3_SUPER_MAGIC": 0x4D5A,
        "MINIX_SUPER_MAGIC": 0x137F,
        "MINIX_SUPER_MAGIC2": 0x138F,
        "MSDOS_SUPER_MAGIC": 0x4D44,
        "MTD_INODE_FS_MAGIC": 0x11307854,
        "NCP_SUPER_MAGIC": 0x564C,
        "NFS_SUPER_MAGIC": 0x6969,
        "NILFS_SUPER_MAGIC": 0x3434,
        "NSFS_MAGIC": 0x6E736673,
        "NTFS_SB_MAGIC": 0x5346544E,
        "NULL_FS_MAGIC": 0x4E554C4C,
        "OCFS2_SUPER_MAGIC": 0x7461636F,
        "OPENPROM_SUPER_MAGIC": 0x9FA1,
        "OVERLAYFS_SUPER_MAGIC": 0x794C7630,
        "PID_FS_MAGIC": 0x50494446,
        "PIPEFS_MAGIC": 0x50495045,
        "PROC_SUPER_MAGIC": 0x9FA0,
        "PSTOREFS_MAGIC": 0x6165676C,
        "QNX4_SUPER_MAGIC": 0x002F,
        "QNX6_SUPER_MAGIC": 0x68191122,
        "RAMFS_MAGIC": 0x858458F6,
        "RDTGROUP_SUPER_MAGIC": 0x7655821,
        "REISERFS_SUPER_MAGIC": 0x52654973,
        "ROMFS_MAGIC": 0x7275,
        "SECRETMEM_MAGIC": 0x5345434D,
        "SECURITYFS_MAGIC": 0x73636673,
        "SELINUX_MAGIC": 0xF97CFF8C,
        "SMACK_MAGIC": 0x43415D53,
        "SMB2_SUPER_MAGIC": 0xFE534D42,
        "SMB_SUPER_MAGIC": 0x517B,
        "SOCKFS_MAGIC": 0x534F434B,
        "SQUASHFS_MAGIC": 0x73717368,
        "SYSFS_MAGIC": 0x62656572,
        "SYSV2_SUPER_MAGIC": 0x012FF7B6,
        "SYSV4_SUPER_MAGIC": 0x012FF7B5,
        "TMPFS_MAGIC": 0x01021994,
        "TRACEFS_MAGIC": 0x74726163,
        "UBIFS_SUPER_MAGIC": 0x24051905,
        "UDF_SUPER_MAGIC": 0x15013346,
        "UFS_MAGIC": 0x00011954,
        "USBDEVICE_SUPER_MAGIC": 0x9FA2,
        "V9FS_MAGIC": 0x01021997,
        "VXFS_SUPER_MAGIC": 0xA501FCF5,
        "VZFS_SUPER_MAGIC": 0x565A4653,
        "XENFS_SUPER_MAGIC": 0xABBA1974,
        "XENIX_SUPER_MAGIC": 0x012FF7B4,
        "XFS_SUPER_MAGIC": 0x58465342,
        "ZFS_SUPER_MAGIC": 0x2FC12FC1,
        "ZONEFS_MAGIC": 0x5A4F4653,
        "Z3FOLD_MAGIC": 0x33,
        "ZSMALLOC_MAGIC": 0x58295829,
    },
)
STATFS_FLAGS = Flags(
    table="ST_* flags",
    size=8,
    values=bits(
        "ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_VALID ST_MANDLOCK ST_WRITE ST_APPEND ST_IMMUTABLE "
        "ST_NOATIME ST_NODIRATIME ST_RELATIME ST_NOSYMFOLLOW"
    ),
)
STATFS = structure(
    "statfs",
    ("f_type", FILE_SYSTEM_MAGIC, "kind of file system"),
    ("f_bsize", I64, "preferred size of transfers in bytes"),
    ("f_blocks", U64, "size of the file system in blocks of f_frsize bytes"),
    ("f_bfree", U64, "free blocks"),
    ("f_bavail", U64, "free blocks for unprivileged users"),
    ("f_files", U64, "number of inodes"),
    ("f_ffree", U64, "free inodes"),
    ("f_fsid", HEX64, "identifier of the file system"),
    ("f_namelen", I64, "longest file name in bytes"),
    ("f_frsize", I64, "size of a block in bytes"),
    ("f_flags", STATFS_FLAGS, "mount options"),
    size=120,
)
USTAT = structure(
    "ustat",
    ("f_tfree", I32, "free blocks"),
    ("f_tinode", U64, "free inodes"),
    ("f_fname", Characters(6), "always empty"),
    ("f_fpack", Characters(6), "always empty"),
)
# The kernel has no names for these but the functions that implement them.
SYSFS_OPTION = Enum(
    table="sysfs option (fs/filesystems.c)", signed=True, values={"fs_index": 1, "fs_name": 2, "fs_maxindex": 3}
)
SYSFS_ARG1 = Switch("option", SYSFS_OPTION, {"fs_index": NAME, "fs_name": U32}, ADDRESS)
SYSFS_ARG2 = Switch("option", SYSFS_OPTION, {"fs_name": NAME}, ADDRESS)

# --- mounts -------------------------------------------------------------------------------------------------------

MOUNT_FLAGS = Flags(
    table="MS_* flags",
    size=8,
    fields={0xFFFF0000: {"MS_MGC_VAL": 0xC0ED0000}},
    values={
        **bits(
            "MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC MS_SYNCHRONOUS MS_REMOUNT MS_MANDLOCK MS_DIRSYNC MS_NOSYMFOLLOW"
        ),
        **bits(
            "MS_NOATIME MS_NODIRATIME MS_BIND MS_MOVE MS_REC MS_SILENT MS_POSIXACL MS_UNBINDABLE MS_PRIVATE MS_SLAVE "
            "MS_SHARED MS_RELATIME MS_KERNMOUNT MS_I_VERSION MS_STRICTATIME MS_LAZYTIME MS_SUBMOUNT MS_NOREMOTELOCK "
            "MS_NOSEC MS_BORN MS_ACTIVE MS_NOUSER",
            start=10,
        ),
    },
)
UMOUNT_FLAGS = Flags(table="MNT_* and UMOUNT_* flags", values=bits("MNT_FORCE MNT_DETACH MNT_EXPIRE UMOUNT_NOFOLLOW"))
_CLOEXEC = 0o2000000
OPEN_TREE_FLAGS = Flags(
    table="OPEN_TREE_* and AT_* flags",
    values={
        "OPEN_TREE_CLONE": 1,
        "OPEN_TREE_NAMESPACE": 2,
        "AT_SYMLINK_NOFOLLOW": 0x100,
        "AT_NO_AUTOMOUNT": 0x800,
        "AT_EMPTY_PATH": 0x1000,
        "AT_RECURSIVE": 0x8000,
        "OPEN_TREE_CLOEXEC": _CLOEXEC,
    },
)
MOVE_MOUNT_FLAGS = Flags(
    table="MOVE_MOUNT_* flags",
    values={
        "MOVE_MOUNT_F_SYMLINKS": 0x1,
        "MOVE_MOUNT_F_AUTOMOUNTS": 0x2,
        "MOVE_MOUNT_F_EMPTY_PATH": 0x4,
        "MOVE_MOUNT_T_SYMLINKS": 0x10,
        "MOVE_MOUNT_T_AUTOMOUNTS": 0x20,
        "MOVE_MOUNT_T_EMPTY_PATH": 0x40,
        "MOVE_MOUNT_SET_GROUP": 0x100,
        "MOVE_MOUNT_BENEATH": 0x200,
    },
)
FSOPEN_FLAGS = Flags(table="FSOPEN_* flags", values=bits("FSOPEN_CLOEXEC"))
FSPICK_FLAGS = Flags(
    table="FSPICK_* flags", values=bits("FSPICK_CLOEXEC FSPICK_SYMLINK_NOFOLLOW FSPICK_NO_AUTOMOUNT FSPICK_EMPTY_PATH")
)
FSMOUNT_FLAGS = Flags(table="FSMOUNT_* flags", values=bits("FSMOUNT_CLOEXEC FSMOUNT_NAMESPACE"))
FSCONFIG_COMMAND = Enum(
    table="FSCONFIG_* commands",
    values=numbered(
        "FSCONFIG_SET_FLAG FSCONFIG_SET_STRING FSCONFIG_SET_BINARY FSCONFIG_SET_PATH FSCONFIG_SET_PATH_EMPTY "
        "FSCONFIG_SET_FD FSCONFIG_CMD_CREATE FSCONFIG_CMD_RECONFIGURE FSCONFIG_CMD_CREATE_EXCL"
    ),
)
FSCONFIG_VALUE = Switch(
    "cmd",
    FSCONFIG_COMMAND,
    {
        "FSCONFIG_SET_STRING": STRING,
        "FSCONFIG_SET_BINARY": Bytes("aux", limit=256),
        "FSCONFIG_SET_PATH": PATH,
        "FSCONFIG_SET_PATH_EMPTY": PATH,
    },
    ADDRESS,
)
FSCONFIG_AUX = Switch(
    "cmd",
    FSCONFIG_COMMAND,
    {
        "FSCONFIG_SET_PATH": Descriptor(directory=True),
        "FSCONFIG_SET_FD": FD,
    },
    I32,
)
MOUNT_ATTRIBUTES = Flags(
    table="MOUNT_ATTR_* flags",
    size=8,
    # MOUNT_ATTR__ATIME holds one of three; the zero, MOUNT_ATTR_RELATIME, is the default and not named.
    fields={0x70: {"MOUNT_ATTR_NOATIME": 0x10, "MOUNT_ATTR_STRICTATIME": 0x20, "MOUNT_ATTR__ATIME": 0x70}},
    values={
        "MOUNT_ATTR_RDONLY": 0x1,
        "MOUNT_ATTR_NOSUID": 0x2,
        "MOUNT_ATTR_NODEV": 0x4,
        "MOUNT_ATTR_NOEXEC": 0x8,
        "MOUNT_ATTR_NODIRATIME": 0x80,
        "MOUNT_ATTR_IDMAP": 0x100000,
        "MOUNT_ATTR_NOSYMFOLLOW": 0x200000,
    },
)
MOUNT_ATTRIBUTES_32 = Flags(
    table=MOUNT_ATTRIBUTES.table, size=4, fields=MOUNT_ATTRIBUTES.fields, values=MOUNT_ATTRIBUTES.values
)
MOUNT_PROPAGATION = Flags(
    table="MS_* propagation",
    size=8,
    values={name: MOUNT_FLAGS.values[name] for name in ("MS_UNBINDABLE", "MS_PRIVATE", "MS_SLAVE", "MS_SHARED")},
)
MOUNT_ATTR = structure(
    "mount_attr",
    ("attr_set", MOUNT_ATTRIBUTES, "attributes to set"),
    ("attr_clr", MOUNT_ATTRIBUTES, "attributes to clear, before others are set"),
    ("propagation", MOUNT_PROPAGATION, "new propagation type; 0 leaves it"),
    ("userns_fd", U64, "descriptor of the user namespace for MOUNT_ATTR_IDMAP"),
)
MOUNT_SETATTR_FLAGS = Flags(
    table="AT_* flags of mount_setattr",
    values={"AT_SYMLINK_NOFOLLOW": 0x100, "AT_NO_AUTOMOUNT": 0x800, "AT_EMPTY_PATH": 0x1000, "AT_RECURSIVE": 0x8000},
)
STATMOUNT_MASK = Flags(
    table="STATMOUNT_* mask",
    size=8,
    values=bits(
        "SB_BASIC MNT_BASIC PROPAGATE_FROM MNT_ROOT MNT_POINT FS_TYPE MNT_NS_ID MNT_OPTS FS_SUBTYPE SB_SOURCE "
        "OPT_ARRAY OPT_SEC_ARRAY SUPPORTED_MASK MNT_UIDMAP MNT_GIDMAP",
        prefix="STATMOUNT_",
    ),
)
STATMOUNT_FLAGS = Flags(table="STATMOUNT_* flags", values=bits("STATMOUNT_BY_FD"))
LISTMOUNT_FLAGS = Flags(table="LISTMOUNT_* flags", values=bits("LISTMOUNT_REVERSE"))


@dataclass(frozen=True, slots=True)
class MountId(Scalar):
    """The unique 64-bit id of a mount; the special one by name (LSMT_ROOT)."""

    def show(self, value: int, machine: str) -> Value:
        return "LSMT_ROOT" if value == 0xFFFFFFFFFFFFFFFF else value

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "mount id"


MOUNT_ID = MountId()


def _mount_request(param: tuple[str, Type, str]) -> Versioned:
    return Versioned(
        structure(
            "mnt_id_req",
            ("size", U32, "bytes of this structure that the caller knows"),
            ("mnt_ns_fd", U32, "descriptor of a mount namespace, or with STATMOUNT_BY_FD of the mount"),
            ("mnt_id", MOUNT_ID, "the mount"),
            param,
            ("mnt_ns_id", U64, "the mount namespace; 0 is the caller's"),
        ),
        sizes=(24, 32),
    )


STATMOUNT_REQUEST = _mount_request(("param", STATMOUNT_MASK, "what is asked for"))
LISTMOUNT_REQUEST = _mount_request(("param", U64, "the mount after which the list continues; 0 starts it"))

SUPER_FLAGS = Flags(
    table="SB_* flags", values={"SB_RDONLY": 0x1, "SB_SYNCHRONOUS": 0x10, "SB_DIRSYNC": 0x80, "SB_LAZYTIME": 1 << 25}
)
_STATMOUNT = structure(
    "statmount",
    ("size", U32, "total size with the strings"),
    ("mnt_opts", U32, "options of the file system"),
    ("mask", STATMOUNT_MASK, "what was written"),
    ("sb_dev_major", U32, "major number of the device"),
    ("sb_dev_minor", U32, "minor number of the device"),
    ("sb_magic", FILE_SYSTEM_MAGIC, "kind of file system"),
    ("sb_flags", SUPER_FLAGS, "options of the superblock"),
    ("fs_type", U32, "name of the kind of file system"),
    ("mnt_id", U64, "unique id of the mount"),
    ("mnt_parent_id", U64, "unique id of its parent"),
    ("mnt_id_old", U32, "id in /proc/PID/mountinfo"),
    ("mnt_parent_id_old", U32, "id of its parent in /proc/PID/mountinfo"),
    ("mnt_attr", MOUNT_ATTRIBUTES, "attributes of the mount"),
    ("mnt_propagation", MOUNT_PROPAGATION, "propagation of the mount"),
    ("mnt_peer_group", U64, "group of peers of a shared mount"),
    ("mnt_master", U64, "group that a slave mount gets events from"),
    ("propagate_from", U64, "nearest group above it that the caller can see"),
    ("mnt_root", U32, "directory of the file system that is the mount's root"),
    ("mnt_point", U32, "where it is mounted"),
    ("mnt_ns_id", U64, "id of the mount namespace"),
    ("fs_subtype", U32, "subtype of the file system, as FUSE has it"),
    ("sb_source", U32, "source of the mount"),
    ("opt_num", U32, "number of options"),
    ("opt_array", U32, "options, one by one"),
    ("opt_sec_num", U32, "number of security options"),
    ("opt_sec_array", U32, "security options, one by one"),
    ("supported_mask", STATMOUNT_MASK, "what this kernel can tell"),
    ("mnt_uidmap_num", U32, "number of user mappings"),
    ("mnt_uidmap", U32, "user mappings of the mount"),
    ("mnt_gidmap_num", U32, "number of group mappings"),
    ("mnt_gidmap", U32, "group mappings of the mount"),
    size=512,
)
_STATMOUNT_PARTS: dict[str, tuple[str, ...]] = {
    "STATMOUNT_SB_BASIC": ("sb_dev_major", "sb_dev_minor", "sb_magic", "sb_flags"),
    "STATMOUNT_MNT_BASIC": (
        "mnt_id",
        "mnt_parent_id",
        "mnt_id_old",
        "mnt_parent_id_old",
        "mnt_attr",
        "mnt_propagation",
        "mnt_peer_group",
        "mnt_master",
    ),
    "STATMOUNT_PROPAGATE_FROM": ("propagate_from",),
    "STATMOUNT_MNT_ROOT": ("mnt_root",),
    "STATMOUNT_MNT_POINT": ("mnt_point",),
    "STATMOUNT_FS_TYPE": ("fs_type",),
    "STATMOUNT_MNT_NS_ID": ("mnt_ns_id",),
    "STATMOUNT_MNT_OPTS": ("mnt_opts",),
    "STATMOUNT_FS_SUBTYPE": ("fs_subtype",),
    "STATMOUNT_SB_SOURCE": ("sb_source",),
    "STATMOUNT_OPT_ARRAY": ("opt_num", "opt_array"),
    "STATMOUNT_OPT_SEC_ARRAY": ("opt_sec_num", "opt_sec_array"),
    "STATMOUNT_SUPPORTED_MASK": ("supported_mask",),
    "STATMOUNT_MNT_UIDMAP": ("mnt_uidmap_num", "mnt_uidmap"),
    "STATMOUNT_MNT_GIDMAP": ("mnt_gidmap_num", "mnt_gidmap"),
}
_STATMOUNT_STRINGS = (
    "mnt_opts",
    "fs_type",
    "mnt_root",
    "mnt_point",
    "fs_subtype",
    "sb_source",
    "opt_array",
    "opt_sec_array",
    "mnt_uidmap",
    "mnt_gidmap",
)
_STATMOUNT_COUNTS = {
    "opt_array": "opt_num",
    "opt_sec_array": "opt_sec_num",
    "mnt_uidmap": "mnt_uidmap_num",
    "mnt_gidmap": "mnt_gidmap_num",
}


@dataclass(frozen=True, slots=True)
class StatMount(Type):
    """A struct statmount in a buffer of `size` bytes: the members that `mask` says were written, strings as strings."""

    size: str = "bufsize"
    limit: int = 2048
    to: Structure = _STATMOUNT

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.size, limit=self.limit).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        members = self.to.unpack(data[0], call)
        if not isinstance(members, dict) or "mask" not in members:
            return members
        strings = data[0][self.to.size :]
        written = str(members["mask"]).split("|")
        shown: dict[str, Value] = {"size": members["size"], "mask": members["mask"]}
        for part, names in _STATMOUNT_PARTS.items():
            for name in names if part in written else ():
                value = members.get(name)
                if name in _STATMOUNT_STRINGS and isinstance(value, int):
                    number = members.get(_STATMOUNT_COUNTS.get(name, ""))
                    value = _strings(strings, value, number if isinstance(number, int) else None)
                if name not in _STATMOUNT_COUNTS.values():
                    shown[name] = value
        return shown

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "null"]}

    def meaning(self) -> str:
        return "pointer to struct statmount"


def _strings(area: bytes, offset: int, count: int | None) -> Value:
    # A buffer cut short by the copy's limit must not turn into an empty string: what is not there is null.
    if offset >= len(area):
        return None
    if count is None:
        return area[offset:].split(b"\0", 1)[0]
    found: list[Value] = []
    found.extend(area[offset:].split(b"\0")[:count])
    return found


NAMESPACE_TYPES = Flags(
    table="namespace types",
    values={
        "TIME_NS": 1 << 7,
        "MNT_NS": 1 << 17,
        "CGROUP_NS": 1 << 25,
        "UTS_NS": 1 << 26,
        "IPC_NS": 1 << 27,
        "USER_NS": 1 << 28,
        "PID_NS": 1 << 29,
        "NET_NS": 1 << 30,
    },
)


@dataclass(frozen=True, slots=True)
class NamespaceId(Scalar):
    """The 64-bit id of a namespace; the special one by name (LISTNS_CURRENT_USER)."""

    def show(self, value: int, machine: str) -> Value:
        return "LISTNS_CURRENT_USER" if value == 0xFFFFFFFFFFFFFFFF else value

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "namespace id"


LISTNS_REQUEST = Versioned(
    structure(
        "ns_id_req",
        ("size", U32, "bytes of this structure that the caller knows"),
        ("", U32),
        ("ns_id", U64, "the namespace after which the list continues; 0 starts it"),
        ("ns_type", NAMESPACE_TYPES, "kinds of namespace; 0 is all"),
        ("", U32),
        ("user_ns_id", NamespaceId(), "user namespace that owns them; 0 is any"),
    ),
    sizes=(32,),
)

# --- quotas -------------------------------------------------------------------------------------------------------

QUOTA_COMMANDS = {
    **numbered(
        "Q_SYNC Q_QUOTAON Q_QUOTAOFF Q_GETFMT Q_GETINFO Q_SETINFO Q_GETQUOTA Q_SETQUOTA Q_GETNEXTQUOTA", start=0x800001
    ),
    **numbered(
        "Q_XQUOTAON Q_XQUOTAOFF Q_XGETQUOTA Q_XSETQLIM Q_XGETQSTAT Q_XQUOTARM Q_XQUOTASYNC Q_XGETQSTATV "
        "Q_XGETNEXTQUOTA",
        start=0x5801,
    ),
}
QUOTA_TYPES = numbered("USRQUOTA GRPQUOTA PRJQUOTA")


@dataclass(frozen=True, slots=True)
class QuotaCommand(Scalar):
    """A quota command and whose quota it is about: "QCMD(Q_GETQUOTA, USRQUOTA)"."""

    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        names = {number: name for name, number in QUOTA_COMMANDS.items()}
        types = {number: name for name, number in QUOTA_TYPES.items()}
        command, type = value >> 8, value & 0xFF
        return f"QCMD({names.get(command, f'{command:#x}')}, {types.get(type, f'{type:#x}')})"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "quota command"


QUOTA_COMMAND = QuotaCommand()
QUOTA_FORMAT = Enum(table="QFMT_*", values=numbered("QFMT_VFS_OLD QFMT_VFS_V0 QFMT_OCFS2 QFMT_VFS_V1 QFMT_SHMEM", 1))
_DQBLK_VALID = Flags(table="QIF_*", values=bits("BLIMITS SPACE ILIMITS INODES BTIME ITIME", prefix="QIF_"))
IF_DQBLK = structure(
    "if_dqblk",
    ("dqb_bhardlimit", U64, "absolute limit of space, in KiB"),
    ("dqb_bsoftlimit", U64, "limit of space that may be exceeded for a while, in KiB"),
    ("dqb_curspace", U64, "bytes used"),
    ("dqb_ihardlimit", U64, "absolute limit of inodes"),
    ("dqb_isoftlimit", U64, "limit of inodes that may be exceeded for a while"),
    ("dqb_curinodes", U64, "inodes used"),
    ("dqb_btime", U64, "when the grace time for space ends, in seconds since the epoch"),
    ("dqb_itime", U64, "when the grace time for inodes ends, in seconds since the epoch"),
    ("dqb_valid", _DQBLK_VALID, "which members count"),
)
IF_NEXTDQBLK = structure(
    "if_nextdqblk",
    *((member.name, member.type, member.description) for member in IF_DQBLK.members),
    ("dqb_id", U32, "whose quota it is"),
)
IF_DQINFO = structure(
    "if_dqinfo",
    ("dqi_bgrace", Quantity(8, unit="seconds"), "grace time for space"),
    ("dqi_igrace", Quantity(8, unit="seconds"), "grace time for inodes"),
    (
        "dqi_flags",
        Flags(table="DQF_*", values={"DQF_ROOT_SQUASH": 1, "DQF_SYS_FILE": 1 << 16}),
        "properties of the quota file",
    ),
    ("dqi_valid", Flags(table="IIF_*", values=bits("IIF_BGRACE IIF_IGRACE IIF_FLAGS")), "which members count"),
)
_DISK_QUOTA_FIELDS = Flags(
    table="FS_DQ_*",
    size=2,
    values=bits(
        "ISOFT IHARD BSOFT BHARD RTBSOFT RTBHARD BTIMER ITIMER RTBTIMER BWARNS IWARNS RTBWARNS BCOUNT ICOUNT RTBCOUNT "
        "BIGTIME",
        prefix="FS_DQ_",
    ),
)
FS_DISK_QUOTA = structure(
    "fs_disk_quota",
    ("d_version", I8, "version of the structure"),
    (
        "d_flags",
        Flags(table="FS_*_QUOTA", size=1, values=bits("FS_USER_QUOTA FS_PROJ_QUOTA FS_GROUP_QUOTA")),
        "whose quota it is",
    ),
    ("d_fieldmask", _DISK_QUOTA_FIELDS, "which members count"),
    ("d_id", U32, "whose quota it is"),
    ("d_blk_hardlimit", U64, "absolute limit of space, in blocks of 512 bytes"),
    ("d_blk_softlimit", U64, "limit of space that may be exceeded for a while, in blocks of 512 bytes"),
    ("d_ino_hardlimit", U64, "absolute limit of inodes"),
    ("d_ino_softlimit", U64, "limit of inodes that may be exceeded for a while"),
    ("d_bcount", U64, "blocks of 512 bytes used"),
    ("d_icount", U64, "inodes used"),
    ("d_itimer", I32, "when the grace time for inodes ends, low half"),
    ("d_btimer", I32, "when the grace time for space ends, low half"),
    ("d_iwarns", U16, "warnings given about inodes"),
    ("d_bwarns", U16, "warnings given about space"),
    ("d_itimer_hi", I8, "high bits of d_itimer"),
    ("d_btimer_hi", I8, "high bits of d_btimer"),
    ("d_rtbtimer_hi", I8, "high bits of d_rtbtimer"),
    ("", I8),
    ("d_rtb_hardlimit", U64, "absolute limit of realtime space, in blocks of 512 bytes"),
    ("d_rtb_softlimit", U64, "limit of realtime space that may be exceeded for a while"),
    ("d_rtbcount", U64, "realtime blocks of 512 bytes used"),
    ("d_rtbtimer", I32, "when the grace time for realtime space ends, low half"),
    ("d_rtbwarns", U16, "warnings given about realtime space"),
    ("", I16),
    ("", Characters(8)),
)
_XFS_QUOTA_FLAGS = Flags(
    table="FS_QUOTA_*",
    size=2,
    values=bits("UDQ_ACCT UDQ_ENFD GDQ_ACCT GDQ_ENFD PDQ_ACCT PDQ_ENFD", prefix="FS_QUOTA_"),
)
XFS_QUOTA_FLAGS = Flags(table="FS_QUOTA_*", values=_XFS_QUOTA_FLAGS.values)
_QUOTA_FILE = structure(
    "fs_qfilestat",
    ("qfs_ino", U64, "inode"),
    ("qfs_nblks", U64, "blocks of 512 bytes"),
    ("qfs_nextents", U32, "extents of the quota file"),
)
FS_QUOTA_STAT = structure(
    "fs_quota_stat",
    ("qs_version", I8, "version of the structure"),
    ("qs_flags", _XFS_QUOTA_FLAGS, "what is counted and enforced"),
    ("", I8),
    ("qs_uquota", _QUOTA_FILE),
    ("qs_gquota", _QUOTA_FILE),
    ("qs_incoredqs", U32, "quotas held in memory"),
    ("qs_btimelimit", I32, "grace time for space, in seconds"),
    ("qs_itimelimit", I32, "grace time for inodes, in seconds"),
    ("qs_rtbtimelimit", I32, "grace time for realtime space, in seconds"),
    ("qs_bwarnlimit", U16, "warnings about space before it is refused"),
    ("qs_iwarnlimit", U16, "warnings about inodes before they are refused"),
)
FS_QUOTA_STATV = structure(
    "fs_quota_statv",
    ("qs_version", I8, "version of the structure"),
    ("", I8),
    ("qs_flags", _XFS_QUOTA_FLAGS, "what is counted and enforced"),
    ("qs_incoredqs", U32, "quotas held in memory"),
    ("qs_uquota", _QUOTA_FILE),
    ("qs_gquota", _QUOTA_FILE),
    ("qs_pquota", _QUOTA_FILE),
    ("qs_btimelimit", I32, "grace time for space, in seconds"),
    ("qs_itimelimit", I32, "grace time for inodes, in seconds"),
    ("qs_rtbtimelimit", I32, "grace time for realtime space, in seconds"),
    ("qs_bwarnlimit", U16, "warnings about space before it is refused"),
    ("qs_iwarnlimit", U16, "warnings about inodes before they are refused"),
    ("qs_rtbwarnlimit", U16, "warnings about realtime space before it is refused"),
    size=160,
)
_POINTED_FORMAT = structure("format", ("format", QUOTA_FORMAT, "format of the quota files"))
QUOTA_ADDRESS = Variant(
    "cmd",
    {
        QUOTA_COMMANDS["Q_QUOTAON"]: PATH,
        QUOTA_COMMANDS["Q_GETFMT"]: _POINTED_FORMAT,
        QUOTA_COMMANDS["Q_GETINFO"]: IF_DQINFO,
        QUOTA_COMMANDS["Q_SETINFO"]: IF_DQINFO,
        QUOTA_COMMANDS["Q_GETQUOTA"]: IF_DQBLK,
        QUOTA_COMMANDS["Q_SETQUOTA"]: IF_DQBLK,
        QUOTA_COMMANDS["Q_GETNEXTQUOTA"]: IF_NEXTDQBLK,
        QUOTA_COMMANDS["Q_XQUOTAON"]: structure("flags", ("flags", XFS_QUOTA_FLAGS, "which quotas")),
        QUOTA_COMMANDS["Q_XQUOTAOFF"]: structure("flags", ("flags", XFS_QUOTA_FLAGS, "which quotas")),
        QUOTA_COMMANDS["Q_XQUOTARM"]: structure("flags", ("flags", XFS_QUOTA_FLAGS, "which quotas")),
        QUOTA_COMMANDS["Q_XGETQUOTA"]: FS_DISK_QUOTA,
        QUOTA_COMMANDS["Q_XSETQLIM"]: FS_DISK_QUOTA,
        QUOTA_COMMANDS["Q_XGETNEXTQUOTA"]: FS_DISK_QUOTA,
        QUOTA_COMMANDS["Q_XGETQSTAT"]: FS_QUOTA_STAT,
        QUOTA_COMMANDS["Q_XGETQSTATV"]: FS_QUOTA_STATV,
    },
    sizes=(4, 24, 80, 112, 160),
    string=4096,
    shift=8,
)
QUOTA_ID = Variant("cmd", {QUOTA_COMMANDS["Q_QUOTAON"]: QUOTA_FORMAT}, shift=8, default=UID)

# --- file handles -------------------------------------------------------------------------------------------------

HANDLE_FLAGS = Flags(
    table="AT_* flags of file handles",
    values={
        "AT_HANDLE_MNT_ID_UNIQUE": 0x1,
        "AT_HANDLE_CONNECTABLE": 0x2,
        "AT_HANDLE_FID": 0x200,
        "AT_SYMLINK_FOLLOW": 0x400,
        "AT_EMPTY_PATH": 0x1000,
    },
)
HANDLE_TYPE = Enum(
    table="FILEID_*",
    signed=True,
    values={
        "FILEID_ROOT": 0,
        "FILEID_INO32_GEN": 1,
        "FILEID_INO32_GEN_PARENT": 2,
        "FILEID_BTRFS_WITHOUT_PARENT": 0x4D,
        "FILEID_BTRFS_WITH_PARENT": 0x4E,
        "FILEID_BTRFS_WITH_PARENT_ROOT": 0x4F,
        "FILEID_UDF_WITHOUT_PARENT": 0x51,
        "FILEID_UDF_WITH_PARENT": 0x52,
        "FILEID_NILFS_WITHOUT_PARENT": 0x61,
        "FILEID_NILFS_WITH_PARENT": 0x62,
        "FILEID_FAT_WITHOUT_PARENT": 0x71,
        "FILEID_FAT_WITH_PARENT": 0x72,
        "FILEID_INO64_GEN": 0x81,
        "FILEID_INO64_GEN_PARENT": 0x82,
        "FILEID_LUSTRE": 0x97,
        "FILEID_BCACHEFS_WITHOUT_PARENT": 0xB1,
        "FILEID_BCACHEFS_WITH_PARENT": 0xB2,
        "FILEID_NSFS": 0xF1,
        "OVL_FILEID_V0": 0xFB,
        "OVL_FILEID_V1": 0xF8,
        "FILEID_KERNFS": 0xFE,
        "FILEID_INVALID": 0xFF,
    },
)


@dataclass(frozen=True, slots=True)
class FileHandle(Type):
    """A struct file_handle: {"handle_bytes": 8, "handle_type": "FILEID_INO32_GEN", "f_handle": b"..."}."""

    type: Enum = HANDLE_TYPE

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        # A handle is 8 bytes and at most 128 more; the longest copy that does not run into an unmapped page is used.
        return tuple(Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size) for size in (8, 24, 136))

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        longest = max((copy for copy in data if copy is not None), key=len, default=b"")
        if len(longest) < 8:
            return None
        size = int.from_bytes(longest[:4], "little")
        return {
            "handle_bytes": size,
            "handle_type": self.type.show(int.from_bytes(longest[4:8], "little", signed=True), call.machine),
            "f_handle": longest[8 : 8 + size],
        }

    def schema(self) -> dict[str, object]:
        return {
            "type": ["object", "null"],
            "properties": {
                "handle_bytes": {"type": "integer"},
                "handle_type": {"type": "string"},
                "f_handle": {"type": "string"},
            },
        }

    def meaning(self) -> str:
        return "pointer to struct file_handle"


@dataclass(frozen=True, slots=True)
class HandleMountId(Type):
    """The mount id that name_to_handle_at returns: 32 bits, or the unique 64 bits with AT_HANDLE_MNT_ID_UNIQUE."""

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return tuple(Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size) for size in (4, 8))

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        size = 8 if call.raw.get("flags", 0) & HANDLE_FLAGS.values["AT_HANDLE_MNT_ID_UNIQUE"] else 4
        longest = max((copy for copy in data if copy is not None), key=len, default=b"")
        return int.from_bytes(longest[:size], "little", signed=size == 4) if len(longest) >= size else None

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "null"]}

    def meaning(self) -> str:
        return "pointer to mount id"


# --- extended attributes ------------------------------------------------------------------------------------------

XATTR_FLAGS = Flags(table="XATTR_* flags", values=bits("XATTR_CREATE XATTR_REPLACE"))
XATTR_AT_FLAGS = Flags(table="AT_* flags of attributes", values={"AT_SYMLINK_NOFOLLOW": 0x100, "AT_EMPTY_PATH": 0x1000})
XATTR_ARGUMENTS = structure(
    "xattr_args",
    ("value", ADDRESS, "where the value is, or goes"),
    ("size", U32, "bytes of it"),
    ("flags", XATTR_FLAGS, "whether the attribute must or must not exist"),
)


@dataclass(frozen=True, slots=True)
class AttributeNames(Type):
    """The names that listxattr returns, one after the other with a NUL each.

    `length` is as in Bytes.
    """

    length: str = "ret"
    limit: int = 1024

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.length, limit=self.limit).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        # Asked with a size of zero the kernel writes nothing, yet returns a length.
        if not data or data[0] is None or call.raw.get("size") == 0:
            return None
        names: list[Value] = []
        names.extend(name for name in data[0].split(b"\0") if name)
        return names

    def schema(self) -> dict[str, object]:
        return {"type": ["array", "null"], "items": {"type": "string"}}

    def meaning(self) -> str:
        return "attribute names"


@dataclass(frozen=True, slots=True)
class AttributeValue(Bytes):
    """The value that getxattr returns: "ret" bytes, none when only the length was asked for (a size of zero)."""

    limit: int = 1024

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return None if call.raw.get("size") == 0 or not data else data[0]


FILE_ATTRIBUTE_FLAGS = Flags(
    table="FS_XFLAG_*",
    size=8,
    values={
        "FS_XFLAG_REALTIME": 0x1,
        "FS_XFLAG_PREALLOC": 0x2,
        **bits(
            "IMMUTABLE APPEND SYNC NOATIME NODUMP RTINHERIT PROJINHERIT NOSYMLINKS EXTSIZE EXTSZINHERIT NODEFRAG "
            "FILESTREAM DAX COWEXTSIZE VERITY CASEFOLD CASENONPRESERVING",
            start=3,
            prefix="FS_XFLAG_",
        ),
        "FS_XFLAG_HASATTR": 0x80000000,
    },
)
FILE_ATTR = structure(
    "file_attr",
    ("fa_xflags", FILE_ATTRIBUTE_FLAGS, "attributes of the inode"),
    ("fa_extsize", U32, "hint for the size of extents, in bytes"),
    ("fa_nextents", U32, "number of extents"),
    ("fa_projid", U32, "project that the file's space counts for"),
    ("fa_cowextsize", U32, "hint for the size of extents that copy on write, in bytes"),
)

# --- page cache ---------------------------------------------------------------------------------------------------

CACHESTAT_RANGE = structure(
    "cachestat_range", ("off", U64, "first byte"), ("len", U64, "number of bytes; 0 is to the end of the file")
)
CACHESTAT = structure(
    "cachestat",
    ("nr_cache", U64, "pages in the cache"),
    ("nr_dirty", U64, "pages not yet written"),
    ("nr_writeback", U64, "pages being written"),
    ("nr_evicted", U64, "pages that were in the cache once"),
    ("nr_recently_evicted", U64, "pages whose eviction still shows memory pressure"),
)

# --- inotify and fanotify -----------------------------------------------------------------------------------------

INOTIFY_FLAGS = Flags(table="IN_* flags", values={"IN_NONBLOCK": 0o4000, "IN_CLOEXEC": _CLOEXEC})
_EVENTS = "ACCESS MODIFY ATTRIB CLOSE_WRITE CLOSE_NOWRITE OPEN MOVED_FROM MOVED_TO CREATE DELETE DELETE_SELF MOVE_SELF"
INOTIFY_MASK = Flags(
    table="IN_* events",
    values={
        **bits(_EVENTS, prefix="IN_"),
        "IN_UNMOUNT": 0x2000,
        "IN_Q_OVERFLOW": 0x4000,
        "IN_IGNORED": 0x8000,
        "IN_ONLYDIR": 0x01000000,
        "IN_DONT_FOLLOW": 0x02000000,
        "IN_EXCL_UNLINK": 0x04000000,
        "IN_MASK_CREATE": 0x10000000,
        "IN_MASK_ADD": 0x20000000,
        "IN_ISDIR": 0x40000000,
        "IN_ONESHOT": 0x80000000,
    },
)
FANOTIFY_INIT_FLAGS = Flags(
    table="FAN_* of fanotify_init",
    fields={0xC: {"FAN_CLASS_NOTIF": 0, "FAN_CLASS_CONTENT": 0x4, "FAN_CLASS_PRE_CONTENT": 0x8}},
    values={
        **bits("CLOEXEC NONBLOCK", prefix="FAN_"),
        **bits(
            "UNLIMITED_QUEUE UNLIMITED_MARKS ENABLE_AUDIT REPORT_PIDFD REPORT_TID REPORT_FID REPORT_DIR_FID "
            "REPORT_NAME REPORT_TARGET_FID REPORT_FD_ERROR REPORT_MNT",
            start=4,
            prefix="FAN_",
        ),
    },
)
FANOTIFY_MARK_FLAGS = Flags(
    table="FAN_MARK_* flags",
    # What is marked: an inode (0), and the two bits of a mount and a file system together mean a mount namespace.
    fields={0x110: {"FAN_MARK_MOUNT": 0x10, "FAN_MARK_FILESYSTEM": 0x100, "FAN_MARK_MNTNS": 0x110}},
    values={
        "FAN_MARK_ADD": 0x1,
        "FAN_MARK_REMOVE": 0x2,
        "FAN_MARK_FLUSH": 0x80,
        "FAN_MARK_DONT_FOLLOW": 0x4,
        "FAN_MARK_ONLYDIR": 0x8,
        "FAN_MARK_IGNORED_MASK": 0x20,
        "FAN_MARK_IGNORED_SURV_MODIFY": 0x40,
        "FAN_MARK_EVICTABLE": 0x200,
        "FAN_MARK_IGNORE": 0x400,
    },
)
FANOTIFY_MASK = Flags(
    table="FAN_* events",
    size=8,
    values={
        **bits(_EVENTS + " OPEN_EXEC", prefix="FAN_"),
        "FAN_Q_OVERFLOW": 0x4000,
        "FAN_FS_ERROR": 0x8000,
        "FAN_OPEN_PERM": 0x10000,
        "FAN_ACCESS_PERM": 0x20000,
        "FAN_OPEN_EXEC_PERM": 0x40000,
        "FAN_DIR_MODIFY": 0x80000,
        "FAN_PRE_ACCESS": 0x100000,
        "FAN_MNT_ATTACH": 0x01000000,
        "FAN_MNT_DETACH": 0x02000000,
        "FAN_EVENT_ON_CHILD": 0x08000000,
        "FAN_RENAME": 0x10000000,
        "FAN_ONDIR": 0x40000000,
    },
)
