"""Names that are not text: newlines, control bytes, invalid UTF-8, the longest that there may be."""

import os

os.mkdir(b"dir\n\x1b[31m\xff")
os.chdir(b"dir\n\x1b[31m\xff")
for name in (b"a b", b"new\nline", b"\xff\xfe\x80", b'"quoted\\', b"\x01\x7f", b"=|;$()", "ünï".encode()):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600))
    os.stat(name)
    os.rename(name, name + b"2")
    os.unlink(name + b"2")
# Down to where an absolute path would be longer than PATH_MAX, by relative steps.
part = b"d" * 200
for _ in range(30):
    os.mkdir(part)
    os.chdir(part)
os.close(os.open(b"deep", os.O_CREAT | os.O_WRONLY))
longest = b"./" * ((4095 - 4) // 2) + b"deep"
assert len(longest) <= 4095
os.stat(longest)
with open("/proc/self/comm", "wb") as comm:
    comm.write(b"a b\n)(\xff")
os.getppid()
