"""Which event of the catalogue an event of sysdig's is, and where its arguments come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

NAMES: Mapping[str, str] = {
    "_llseek": "lseek",
    "_newselect": "select",
    "_sysctl": "sysctl",
    "fcntl64": "fcntl",
    "fstat64": "fstat",
    "fstatat64": "newfstatat",
    "fstatfs64": "fstatfs",
    "getegid32": "getegid",
    "geteuid32": "geteuid",
    "getgid32": "getgid",
    "getresgid32": "getresgid",
    "getresuid32": "getresuid",
    "getuid32": "getuid",
    "llseek": "lseek",
    "lstat64": "lstat",
    "mmap2": "mmap",
    "pread": "pread64",
    "prlimit": "prlimit64",
    "procexit": "process_exit",
    "pwrite": "pwrite64",
    "recv": "recvfrom",
    "send": "sendto",
    "sendfile64": "sendfile",
    "setgid32": "setgid",
    "setresgid32": "setresgid",
    "setresuid32": "setresuid",
    "setuid32": "setuid",
    "signaldeliver": "signal_deliver",
    "stat64": "stat",
    "statfs64": "statfs",
    "ugetrlimit": "getrlimit",
    "umount": "umount2",
}
"""sysdig's names that are not the catalogue's. 64-bit variants of 32-bit machines do what the plain call does."""

# Argument of ours = parameter of sysdig's: form (see `values`). A parameter is taken from the return if it has it, else
# from the entry; "^": the other way round, "<": only from the entry, ">": only from the return. "a|b": the first that
# is there, "a+b": both together. "@": an argument in place of one that cannot be had whole.
_CALLS = """
accept addr=tuple:source
accept4 addr=tuple:source
access path=name mode
bind sockfd=fd addr:sockaddr
bpf cmd
brk addr
capset datap=cap_inheritable+cap_permitted+cap_effective:capabilities
chdir path
chmod path=filename mode
chown path owner=uid group=gid
chroot path
clone flags:clone
clone3 cl_args=flags:clone_args
close fd
close_range first last flags
connect sockfd=fd addr=^addr+>tuple:destination
copy_file_range fd_in=fdin fd_out=fdout len
creat path=^name mode=^mode
delete_module name flags:delete_module
dup oldfd=oldfd|fd
dup2 oldfd=oldfd|fd newfd
dup3 oldfd=oldfd|fd newfd flags:open
epoll_create size
epoll_create1 flags:cloexec
epoll_wait maxevents
eventfd count=initval
eventfd2 count=initval flags:open
execve path=filename|pathname argv=exe+args:argv envp=env
execveat dirfd path=pathname argv=exe+args:argv envp=env flags=<flags:execveat
fchdir fd
fchmod fd mode
fchmodat dirfd path=filename mode
fchown fd owner=uid group=gid
fchownat dirfd path=pathname owner=uid group=gid flags
fcntl fd cmd:fcntl arg
finit_module fd param_values=uargs flags
flock fd operation
fork
fsconfig fd cmd key
fstat fd
futex uaddr=addr op val
getcwd path
getdents fd
getdents64 fd
getresgid rgid:i32 egid:i32 sgid:i32
getresuid ruid:i32 euid:i32 suid:i32
getrlimit resource rlim=cur+max:limits
getsockopt sockfd=fd level:level optname:option_name optval=val:option optlen:i32
init_module len=length param_values=uargs
inotify_init1 flags:open
io_uring_enter fd to_submit min_complete flags
io_uring_register fd opcode nr_args
io_uring_setup entries
ioctl fd request arg=argument
keyctl option=operation
kill pid sig
lchown path owner=uid group=gid
link oldpath newpath
linkat olddirfd=olddir oldpath newdirfd=newdir newpath flags
listen sockfd=fd backlog
lseek fd offset whence
lstat path
memfd_create name flags
mkdir path mode
mkdirat dirfd path mode
mknod path mode dev
mknodat dirfd path mode dev
mlock addr len
mlock2 addr len flags
mlockall flags
mmap addr length prot:prot flags:map fd offset
mount source=dev path=dir filesystemtype=type mountflags=flags
mprotect addr len=length prot:prot
munlock addr len
munmap addr length
nanosleep req=interval:timespec
newfstatat dirfd path flags
open path=^name flags=^flags:open mode=^mode
open_by_handle_at mount_fd=mountfd flags:open
openat dirfd=^dirfd path=^name flags=^flags:open mode=^mode
openat2 dirfd=^dirfd path=^name how=flags+mode+resolve:how
pidfd_getfd pidfd=pid_fd targetfd=target_fd flags
pidfd_open pid flags:nonblock
pipe pipefd=fd1+fd2:descriptors
pipe2 pipefd=fd1+fd2:descriptors flags:open
poll fds=<fds+>fds:poll nfds=fds:count timeout
ppoll fds=<fds+>fds:poll nfds=fds:count tmo_p=timeout:timespec
prctl option arg2=arg2_int
pread64 fd data count=size offset=pos
preadv fd @data offset=pos @size
prlimit64 pid resource new_rlim=newcur+newmax:limits old_rlim=oldcur+oldmax:limits
process_vm_readv pid @data
process_vm_writev pid @data
ptrace request:ptrace pid addr:dynamic data:dynamic
pwrite64 fd data count=size offset=pos
pwritev fd @data offset=pos @size
quotactl cmd=cmd+type:quota special id
read fd data count=size
readv fd @data @size
recvfrom sockfd=fd data len=size src_addr=tuple:source
recvmmsg sockfd=fd @address=tuple:source @data @size @control=msgcontrol
recvmsg sockfd=fd @address=tuple:source @data @size @control=msgcontrol
rename oldpath newpath
renameat olddirfd oldpath newdirfd newpath
renameat2 olddirfd oldpath newdirfd newpath flags
rmdir path
seccomp operation=op flags
semctl semid semnum cmd:semctl
semget key nsems
semop semid sops=nsops+sem_num_0+sem_op_0+sem_flg_0+sem_num_1+sem_op_1+sem_flg_1:semaphores nsops
sendfile out_fd in_fd count=size
sendmmsg sockfd=fd @address=tuple:target @data @size
sendmsg sockfd=fd @address=tuple:target @data @size
sendto sockfd=fd data len=size dest_addr=tuple:target
setgid gid
setns fd nstype:clone
setpgid pid pgid
setregid rgid egid
setresgid rgid egid sgid
setresuid ruid euid suid
setreuid ruid euid
setrlimit resource rlim=cur+max:limits
setsockopt sockfd=fd level:level optname:option_name optval=val:option optlen
setuid uid
shutdown sockfd=fd how
signalfd ufd=fd
signalfd4 ufd=fd flags:open
socket domain type protocol=proto
socketpair domain type protocol=proto sv=fd1+fd2:descriptors
splice fd_in fd_out len=size flags
stat path
symlink target path=linkpath
symlinkat target newdirfd=linkdirfd path=linkpath
tgkill tgid=pid tid sig
timerfd_create clockid
tkill tid sig
umount2 path=name flags
unlink path
unlinkat dirfd path=name flags
unshare flags:clone
userfaultfd flags:open
vfork
write fd data count=size
writev fd @data @size
process_exit status
signal_deliver signal=sig sender=spid
"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter by its name, and from which side of the call: either ("", "^": the entry first) or one ("<", ">")."""

    name: str
    side: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one argument comes from.

    `parameters` are tried in turn, or taken all together if `joined`. `extra`: an argument that stands for one of the
    catalogue's which cannot be had whole.
    """

    argument: str
    parameters: tuple[Parameter, ...]
    form: str = ""
    joined: bool = False
    extra: bool = False


@cache
def origins() -> Mapping[str, tuple[Origin, ...]]:
    """Where the arguments of the catalogue's events come from, by the event's name."""
    found: dict[str, tuple[Origin, ...]] = {}
    for line in _CALLS.strip().split("\n"):
        name, *words = line.split()
        found[name] = tuple(_origin(word) for word in words)
    return found


def _origin(word: str) -> Origin:
    place, _, form = word.partition(":")
    argument, _, source = place.partition("=")
    name = argument.lstrip("@")
    source = source or name
    joined = "+" in source
    parameters = tuple(
        Parameter(part.lstrip("^<>"), part[0] if part[0] in "^<>" else "")
        for part in source.split("+" if joined else "|")
    )
    return Origin(name, parameters, form, joined, argument != name)
