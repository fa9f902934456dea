"""How mounts, statistics, attributes, quotas, handles and notification decode; sizes are checked in test_system."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from kindling.catalogue.model import Category, Direction
from kindling.catalogue.syscalls import filesystem
from kindling.catalogue.tables import filesystem as tables
from kindling.catalogue.types import Call, Descriptor, Value

DEFINITIONS = {definition.name: definition for definition in filesystem.SYSCALLS}


def _decode(event: str, argument: str, raw: int = 0, data: list[bytes | None] | None = None, **registers: int) -> Value:
    return DEFINITIONS[event].argument(argument).type.decode(raw, data or [], Call(registers))


def test_statfs_of_this_machine() -> None:
    # Only the C library's statvfs is at hand; what it takes over from the kernel's structure must be where it says.
    found = os.statvfs("/")
    data = struct.pack(
        "<qqQQQQQQqqq", 0xEF53, found.f_bsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files,
        found.f_ffree, 0x1234, found.f_namemax, found.f_frsize, os.ST_NOSUID | os.ST_RDONLY | 0x20,
    ).ljust(120, b"\0")  # fmt: skip
    assert _decode("statfs", "buf", 1, [data]) == {
        "f_type": "EXT2_SUPER_MAGIC",
        "f_bsize": found.f_bsize,
        "f_blocks": found.f_blocks,
        "f_bfree": found.f_bfree,
        "f_bavail": found.f_bavail,
        "f_files": found.f_files,
        "f_ffree": found.f_ffree,
        "f_fsid": "0x1234",
        "f_namelen": found.f_namemax,
        "f_frsize": found.f_frsize,
        "f_flags": "ST_RDONLY|ST_NOSUID|ST_VALID",
    }


@pytest.mark.parametrize(
    "name",
    "ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_MANDLOCK ST_WRITE ST_APPEND ST_NOATIME ST_NODIRATIME "
    "ST_RELATIME".split(),
)
def test_mount_flags_of_statfs_are_the_c_library_s(name: str) -> None:
    # The C library's ST_RELATIME and the kernel's are the same bit.
    assert tables.STATFS_FLAGS.values[name] == getattr(os, name)


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (0, "0"),
        (4096 | 16384, "MS_BIND|MS_REC"),
        (0xC0ED0000 | 1, "MS_MGC_VAL|MS_RDONLY"),
        (1 << 18 | 16384, "MS_REC|MS_PRIVATE"),
        (1 << 40 | 32, "MS_REMOUNT|0x10000000000"),
    ],
)
def test_mount_flags(flags: int, shown: str) -> None:
    assert _decode("mount", "mountflags", flags) == shown


def test_fsconfig_value_follows_the_command() -> None:
    def value(cmd: int, data: list[bytes | None], raw: int = 1) -> Value:
        return _decode("fsconfig", "value", raw, data, cmd=cmd)

    assert value(1, [b"/dev/sda1", None, None, None]) == b"/dev/sda1"
    assert value(2, [None, b"\1\2", None, None]) == b"\1\2"
    assert value(3, [None, None, b"image", None]) == b"image"
    assert value(6, [None, None, None, None], 0) is None
    assert _decode("fsconfig", "aux", 2**64 - 100, [None, None], cmd=3) == "AT_FDCWD"
    assert _decode("fsconfig", "aux", 5, [None, None], cmd=5) == 5
    assert _decode("fsconfig", "cmd", 8) == "FSCONFIG_CMD_CREATE_EXCL"


def test_mount_attributes() -> None:
    data = struct.pack("<QQQQ", 0x1 | 0x20, 0x70, 1 << 18, 0)
    assert _decode("mount_setattr", "attr", 1, [data], size=32) == {
        "attr_set": "MOUNT_ATTR_STRICTATIME|MOUNT_ATTR_RDONLY",
        "attr_clr": "MOUNT_ATTR__ATIME",
        "propagation": "MS_PRIVATE",
        "userns_fd": 0,
    }
    assert _decode("fsmount", "attr_flags", 0x10 | 0x8) == "MOUNT_ATTR_NOATIME|MOUNT_ATTR_NOEXEC"


def test_statmount_shows_strings_and_only_what_was_written() -> None:
    strings = b"\0ext4\0/\0/srv/data\0a\0b\0"
    names = [member.name for member in tables.StatMount().to.members]
    fixed = bytearray(512)

    def put(name: str, value: int) -> None:
        member = tables.StatMount().to.members[names.index(name)]
        size = member.type.size_on("x86_64")
        fixed[member.offset : member.offset + size] = value.to_bytes(size, "little")

    put("size", 512 + len(strings))
    put("mask", 0x1 | 0x8 | 0x10 | 0x20 | 0x400)
    put("sb_dev_major", 8)
    put("sb_magic", 0xEF53)
    put("fs_type", 1)
    put("mnt_root", 6)
    put("mnt_point", 8)
    put("opt_num", 2)
    put("opt_array", 18)
    shown = {
        "size": 512 + len(strings),
        "mask": "STATMOUNT_SB_BASIC|STATMOUNT_MNT_ROOT|STATMOUNT_MNT_POINT|STATMOUNT_FS_TYPE|STATMOUNT_OPT_ARRAY",
        "sb_dev_major": 8,
        "sb_dev_minor": 0,
        "sb_magic": "EXT2_SUPER_MAGIC",
        "sb_flags": "0",
        "mnt_root": b"/",
        "mnt_point": b"/srv/data",
        "fs_type": b"ext4",
        "opt_array": [b"a", b"b"],
    }
    assert _decode("statmount", "buf", 1, [bytes(fixed) + strings]) == shown
    cut = _decode("statmount", "buf", 1, [bytes(fixed) + strings[:7]])
    assert isinstance(cut, dict)
    assert cut["mnt_point"] is None
    assert cut["fs_type"] == b"ext4"


def test_requests_are_cut_to_the_size_they_declare() -> None:
    request = struct.pack("<IIQQQ", 24, 0, 2**64 - 1, 0x3, 77)
    assert _decode("statmount", "req", 1, [request[:24], request]) == {
        "size": 24,
        "mnt_ns_fd": 0,
        "mnt_id": "LSMT_ROOT",
        "param": "STATMOUNT_SB_BASIC|STATMOUNT_MNT_BASIC",
    }
    request = struct.pack("<IIQQQ", 32, 0, 5, 9, 77)
    assert _decode("listmount", "req", 1, [request[:24], request]) == {
        "size": 32,
        "mnt_ns_fd": 0,
        "mnt_id": 5,
        "param": 9,
        "mnt_ns_id": 77,
    }
    request = struct.pack("<IIQIIQ", 32, 0, 0, 1 << 30 | 1 << 17, 0, 2**64 - 1)
    assert _decode("listns", "req", 1, [request]) == {
        "size": 32,
        "ns_id": 0,
        "ns_type": "MNT_NS|NET_NS",
        "user_ns_id": "LISTNS_CURRENT_USER",
    }


def test_quota_command_decides_about_id_and_address() -> None:
    command = 0x800007 << 8 | 1
    assert _decode("quotactl", "cmd", command) == "QCMD(Q_GETQUOTA, GRPQUOTA)"
    assert _decode("quotactl", "cmd", 0xFFFFFFFF_00000000 | 0x5803 << 8 | 2) == "QCMD(Q_XGETQUOTA, PRJQUOTA)"
    assert _decode("quotactl", "cmd", 0x123400 | 9) == "QCMD(0x1234, 0x9)"
    assert _decode("quotactl", "id", 1000, cmd=command) == 1000
    assert _decode("quotactl", "id", 4, cmd=0x800002 << 8) == "QFMT_VFS_V1"
    blocks = struct.pack("<8QI4x", 100, 90, 4096, 10, 9, 1, 0, 0, 0x3F)
    heads: list[bytes | None] = [blocks[:4], blocks[:24], blocks.ljust(80, b"\xff"), None, None, None]
    assert _decode("quotactl", "addr", 1, heads, cmd=command) == {
        "dqb_bhardlimit": 100,
        "dqb_bsoftlimit": 90,
        "dqb_curspace": 4096,
        "dqb_ihardlimit": 10,
        "dqb_isoftlimit": 9,
        "dqb_curinodes": 1,
        "dqb_btime": 0,
        "dqb_itime": 0,
        "dqb_valid": "QIF_BLIMITS|QIF_SPACE|QIF_ILIMITS|QIF_INODES|QIF_BTIME|QIF_ITIME",
    }
    path: list[bytes | None] = [None, None, None, None, None, b"/aquota.user"]
    assert _decode("quotactl", "addr", 1, path, cmd=0x800002 << 8) == b"/aquota.user"
    assert _decode("quotactl_fd", "addr", 1, [b"\4\0\0\0", *[None] * 5], cmd=0x800004 << 8) == {"format": "QFMT_VFS_V1"}
    assert _decode("quotactl", "addr", 0, [None] * 6, cmd=0x800001 << 8) is None


def test_file_handle() -> None:
    handle = struct.pack("<Ii", 8, 1) + bytes(range(8))
    longest: list[bytes | None] = [handle[:8], handle.ljust(24, b"\xff"), None]
    assert _decode("name_to_handle_at", "handle", 1, longest) == {
        "handle_bytes": 8,
        "handle_type": "FILEID_INO32_GEN",
        "f_handle": bytes(range(8)),
    }
    # EOVERFLOW: only how many bytes it takes.
    assert _decode("name_to_handle_at", "handle", 1, [struct.pack("<Ii", 128, 0), None, None]) == {
        "handle_bytes": 128,
        "handle_type": "FILEID_ROOT",
        "f_handle": b"",
    }
    assert _decode("name_to_handle_at", "handle", 0, [None, None, None]) is None
    data: list[bytes | None] = [b"\x1e\0\0\0", b"\x1e\0\0\0\1\0\0\x80"]
    assert _decode("name_to_handle_at", "mount_id", 1, data, flags=0) == 30
    assert _decode("name_to_handle_at", "mount_id", 1, data, flags=1) == 0x800000010000001E
    assert _decode("name_to_handle_at", "mount_id", 1, [data[0], None], flags=1) is None


def test_attribute_names_and_values_are_none_when_only_the_length_was_asked_for() -> None:
    names = b"user.a\0security.selinux\0"
    assert _decode("listxattr", "list", 1, [names], size=256) == [b"user.a", b"security.selinux"]
    assert _decode("listxattr", "list", 1, [names], size=0) is None
    assert _decode("listxattr", "list", 1, [b""], size=10) == []
    assert _decode("getxattr", "value", 1, [b"\1\0\0\2"], size=20) == b"\1\0\0\2"
    assert _decode("getxattr", "value", 1, [b"stack"], size=0) is None
    assert _decode("setxattrat", "args", 1, [struct.pack("<QII", 0x1000, 5, 2)], size=16) == {
        "value": "0x1000",
        "size": 5,
        "flags": "XATTR_REPLACE",
    }


def test_attribute_flags_are_python_s() -> None:
    assert tables.XATTR_FLAGS.values == {"XATTR_CREATE": os.XATTR_CREATE, "XATTR_REPLACE": os.XATTR_REPLACE}


def test_attribute_names_of_a_real_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    try:
        os.setxattr(file, "user.kindling", b"1")
    except OSError:
        pytest.skip("this file system has no user attributes")
    listed = os.listxattr(file)
    raw = b"".join(name.encode() + b"\0" for name in listed)
    assert _decode("listxattr", "list", 1, [raw], size=256) == [name.encode() for name in listed]


def test_notification_masks() -> None:
    assert _decode("inotify_add_watch", "mask", 0x21000002) == "IN_MODIFY|IN_ONLYDIR|IN_MASK_ADD"
    assert _decode("inotify_init1", "flags", os.O_CLOEXEC | os.O_NONBLOCK) == "IN_NONBLOCK|IN_CLOEXEC"
    assert _decode("fanotify_init", "flags", 0x4 | 0x1) == "FAN_CLASS_CONTENT|FAN_CLOEXEC"
    assert _decode("fanotify_init", "flags", 0x200) == "FAN_CLASS_NOTIF|FAN_REPORT_FID"
    assert _decode("fanotify_mark", "flags", 0x101) == "FAN_MARK_FILESYSTEM|FAN_MARK_ADD"
    assert _decode("fanotify_mark", "flags", 0x111) == "FAN_MARK_MNTNS|FAN_MARK_ADD"
    assert _decode("fanotify_mark", "mask", 0x48000020) == "FAN_OPEN|FAN_EVENT_ON_CHILD|FAN_ONDIR"


def test_sysfs_argument_follows_the_option() -> None:
    assert _decode("sysfs", "arg1", 1, [b"ext4"], option=1) == b"ext4"
    assert _decode("sysfs", "arg1", 7, [None], option=2) == 7


def test_the_descriptor_of_each_event() -> None:
    expected = {
        "statfs": None,
        "fstatfs": "fd",
        "open_tree": "ret",
        "move_mount": "from_dirfd",
        "fsopen": "ret",
        "fsconfig": "fd",
        "fsmount": "ret",
        "fsetxattr": "fd",
        "inotify_add_watch": "fd",
        "fanotify_mark": "fd",
        "open_by_handle_at": "ret",
        "statmount": None,
    }
    assert {name: DEFINITIONS[name].descriptor for name in expected} == expected


def test_definitions_are_whole() -> None:
    assert len(DEFINITIONS) == len(filesystem.SYSCALLS)
    for definition in filesystem.SYSCALLS:
        assert definition.category is Category.FILE
        assert definition.result is not None
        for argument in definition.arguments:
            assert argument.direction is not Direction.OUT or not isinstance(argument.type, Descriptor)
