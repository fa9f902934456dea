"""A capture in which processes do a bit of everything, as a sysdig of the middle years would have written it."""

from __future__ import annotations

from tests.unit.probes.scap_writer import (
    Writer,
    address,
    cloned,
    connection,
    descriptor_list,
    ends,
    executed,
    file,
    i32,
    i64,
    listening,
    named,
    process,
    text,
    u8,
    u16,
    u32,
    u64,
    unix,
    unix_ends,
)

CONTAINER = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
O_RDONLY, O_WRONLY, O_CREAT, O_DIRECTORY, O_CLOEXEC = 1, 2, 4, 1 << 10, 1 << 12
AT_FDCWD = -100


def scenario() -> Writer:
    """Lists, and 40 calls of six threads."""
    writer = Writer().machine()
    writer.interfaces().users()
    writer.processes(
        process(1, 1, 0, "init", "/sbin/init", "/sbin/init"),
        process(100, 100, 1, "sh", "-sh", "/bin/dash", ["-c", "x y"], "/home/me", 1000, 1000),
        process(
            300, 300, 1, "nginx", "nginx: master", "/usr/sbin/nginx", cwd="/", uid=33, gid=33,
            cgroups=["cpuset=/", f"memory=/docker/{CONTAINER}"], vtid=7, vpid=7,
        ),
        process(301, 300, 1, "worker", "nginx: master", "/usr/sbin/nginx", cwd="/", uid=33, gid=33, vtid=8, vpid=7),
    )  # fmt: skip
    writer.descriptors(
        100,
        named(0, 7, "pipe:[555]", 555),
        file(1, "/dev/pts/0", 3),
        named(9, 2, "/srv/data", 12),
        named(8, 9, "anon_inode:[eventfd]"),
    )
    writer.descriptors(
        300, listening(6, "0.0.0.0", 80), connection(7, "10.0.0.1", 80, "10.0.0.9", 40000),
        connection(8, "10.0.0.1", 50000, "10.0.0.3", 3306), unix(5, "/run/nginx.sock"),
    )  # fmt: skip
    # Files.
    writer.call(
        306,
        100,
        [i64(AT_FDCWD), text("notes.txt"), u32(O_RDONLY | O_CLOEXEC), u32(0)],
        [i64(3), i64(AT_FDCWD), text("notes.txt"), u32(O_RDONLY | O_CLOEXEC), u32(0), u32(0x801), u64(4711)],
    )
    writer.call(6, 100, [i64(3), u32(4096)], [i64(5), b"hello"])
    writer.call(
        306,
        100,
        [i64(9), text("../new"), u32(O_WRONLY | O_CREAT), u32(0o640)],
        [i64(4), i64(9), text("../new"), u32(O_WRONLY | O_CREAT), u32(0o640), u32(0x801), u64(4712)],
    )
    writer.call(8, 100, [i64(4), u32(300)], [i64(300), b"0123456789" * 8])
    writer.call(2, 100, [], [i64(-2), text("/none"), u32(O_RDONLY), u32(0)])
    writer.call(94, 100, [], [i64(0), text("/tmp/./deep/..")])
    writer.call(2, 100, [], [i64(5), text("here"), u32(O_RDONLY | O_DIRECTORY), u32(0)])
    writer.call(124, 100, [i64(4)], [i64(6)])
    writer.call(150, 100, [i64(6), u8(26)], [i64(10)])
    writer.call(60, 100, [], [i64(0), i64(11), i64(12), u64(900)])
    writer.call(4, 100, [i64(4)], [i64(0)])
    writer.call(4, 100, [i64(4)], [i64(-9)])
    writer.call(8, 100, [i64(6), u32(2)], [i64(2), b"ab"])
    writer.call(266, 100, [], [i64(-1), text("/jail")])
    writer.call(256, 100, [u32(1 << 0 | 1 << 12)], [i64(0), text("tmpfs"), text("/mnt"), text("tmpfs")])
    # A child that becomes another program.
    writer.event(222, 100)
    writer.event(223, 200, *cloned(0, "-sh", ["-c", "x y"], 200, 200, 100, "sh", uid=1000, gid=1000))
    writer.event(223, 100, *cloned(200, "-sh", ["-c", "x y"], 100, 100, 1, "sh", uid=1000, gid=1000))
    writer.call(124, 200, [i64(6)], [i64(1)])
    writer.event(292, 200, text("bin/tool"))
    writer.event(
        293,
        200,
        *executed(
            0, "tool", ["-v", "all files"], 200, 200, 100, "tool", "/tmp/bin/tool", uid=1000, environment=["A=1", "B=2"]
        ),
    )
    writer.call(6, 200, [i64(3), u32(10)], [i64(-9), b""])
    writer.call(8, 200, [i64(1), u32(1)], [i64(1), b"x"])
    writer.call(198, 200, [u32(33)], [i64(0)])
    writer.call(202, 200, [], [u32(33)])
    # A client and a server.
    writer.call(18, 200, [u32(2), u32(1), u32(0)], [i64(3)])
    writer.call(22, 200, [i64(3)], [i64(0), ends("10.0.0.2", 51000, "10.0.0.1", 80)])
    writer.call(246, 300, [], [i64(9), ends("10.0.0.2", 51000, "10.0.0.1", 80), u8(0), u32(0), u32(128)])
    writer.call(8, 200, [i64(3), u32(18)], [i64(18), b"GET / HTTP/1.1\r\n\r\n"])
    writer.call(
        34, 301, [i64(9), u32(1000)], [i64(18), b"GET / HTTP/1.1\r\n\r\n", ends("10.0.0.2", 51000, "10.0.0.1", 80)]
    )
    writer.call(6, 300, [i64(7), u32(8)], [i64(0), b""])
    writer.call(6, 301, [i64(8), u32(8)], [i64(8), b"\1\0\0\1" * 2])
    writer.call(30, 301, [i64(9), u32(5), b""], [i64(5), b"HTTP/"])
    writer.call(80, 300, [descriptor_list((6, 1), (9, 1 | 4)), i64(100)], [i64(1), descriptor_list((6, 0), (9, 1))])
    # Datagrams.
    writer.call(18, 200, [u32(2), u32(2), u32(17)], [i64(4)])
    writer.call(30, 200, [i64(4), u32(3), ends("0.0.0.0", 0, "10.0.0.53", 53)], [i64(3), b"abc"])
    writer.call(34, 200, [i64(4), u32(512)], [i64(4), b"defg", ends("10.0.0.53", 53, "10.0.0.2", 33000)])
    # A server of its own, and a unix socket.
    writer.call(18, 200, [u32(10), u32(1), u32(6)], [i64(7)])
    writer.call(20, 200, [i64(7)], [i64(0), address("::", 8080)])
    writer.call(24, 200, [i64(7), u32(5)], [i64(0)])
    writer.call(18, 200, [u32(1), u32(1 | 0o2000000), u32(0)], [i64(8)])
    writer.call(22, 200, [i64(8)], [i64(0), unix_ends(0xFFFF0001, 0xFFFF0002, "/run/db.sock")])
    # Waiting, memory, and calls that carry only a number.
    writer.call(134, 200, [u64(1_500_000_000)], [i64(0)])
    writer.call(
        160,
        200,
        [u64(0), u64(4096), u32(1 | 2), u32(2 | 8), i64(-1), u64(0)],
        [i64(0x7F0000000000), u32(1), u32(2), u32(3)],
    )
    writer.call(64, 301, [u64(0x7F00), u16(1 | 128), u64(1)], [i64(0)])
    writer.call(0, 301, [u16(11), u16(201)], [u16(11)])
    writer.call(78, 300, [i64(512)], [i64(2)])
    writer.event(152, 300, i64(200), u64(0), u64(0), u32(0), u32(0), u32(0))
    # A signal, and ends.
    writer.event(232, 200, i64(100), i64(200), u8(15))
    writer.event(186, 200, i64(15), i64(0), u8(15), u8(0), i64(1))
    writer.event(0, 301, u16(164), u16(231))
    writer.event(186, 301, i64(0), i64(0), u8(0), u8(0), i64(1))
    writer.call(128, 100, [i64(300), u8(9)], [i64(-1)])
    writer.call(86, 100, [i64(3), u64(0), u8(2)], [i64(5)])
    writer.call(248, 300, [i32(0)], [i64(10), ends("::1", 40001, "::1", 80), u8(0), u32(0), u32(128)])
    writer.event(6, 300, i64(10), u32(100))
    return writer
