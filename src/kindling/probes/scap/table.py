"""The events of sysdig's and Falco's captures: their numbers, names and parameters, and the numbers of system calls.

Source: falcosecurity/libs, `driver/event_table.c` and `driver/ppm_events_public.h`. The project only ever appends: a
number keeps its meaning, new parameters come last, and what would break this gets a new number for the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_SHARED = {
    "@process": "exe:s args:b tid:i pid:i ptid:i cwd:s",
    "@memory": "pgft_maj:u pgft_min:u vm_size:u vm_rss:u vm_swap:u",
    "@executable": "cap_inheritable:u cap_permitted:u cap_effective:u exe_ino:u exe_ino_ctime:u exe_ino_mtime:u uid:u "
    "trusted_exepath:s pgid:i gid:u",
}
"""Parameters that several events have in a row."""

# Number of the entry (that of the return follows), name ("*": lengths of 32 bits), call, trace(point) or meta, the
# entry's parameters, the return's. i: signed, u: unsigned, s: string, b: bytes, a: address, t: tuple of addresses, l:
# list of descriptors, y: a value after a byte that tells its type.
_EVENTS = """
0 syscall call | ID:u nativeID:u | ID:u nativeID:u
2 open call | name:s flags:u mode:u | fd:i name:s flags:u mode:u dev:u ino:u
4 close call | fd:i | res:i fd:i
6 read call | fd:i size:u | res:i data:b fd:i size:u
8 write call | fd:i size:u | res:i data:b fd:i size:u
10 brk call | size:u | res:u
12 execve call | | res:i @process fdlimit:u
14 clone call | | res:i @process fdlimit:i flags:u uid:u gid:u
16 procexit trace | |
18 socket call | domain:u type:u proto:u | fd:i domain:u type:u proto:u flags:u
20 bind call | fd:i | res:i addr:a fd:i
22 connect call | fd:i addr:a | res:i tuple:t fd:i addr:a
24 listen call | fd:i backlog:i | res:i fd:i backlog:i
26 accept call | | fd:i tuple:t queuepct:u
28 send call | fd:i size:u | res:i data:b fd:i size:u tuple:t
30 sendto call | fd:i size:u tuple:t | res:i data:b fd:i size:u tuple:t
32 recv call | fd:i size:u | res:i data:b fd:i size:u tuple:t
34 recvfrom call | fd:i size:u | res:i data:b tuple:t fd:i size:u
36 shutdown call | fd:i how:u | res:i fd:i how:u
38 getsockname call | |
40 getpeername call | |
42 socketpair call | domain:u type:u proto:u | res:i fd1:i fd2:i source:u peer:u domain:u type:u proto:u
44 setsockopt call | | res:i fd:i level:u optname:u val:y optlen:u
46 getsockopt call | | res:i fd:i level:u optname:u val:y optlen:u
48 sendmsg call | fd:i size:u tuple:t | res:i data:b fd:i size:u tuple:t
50 sendmmsg call | | res:i fd:i size:u data:b tuple:t
52 recvmsg call | fd:i | res:i size:u data:b tuple:t msgcontrol:b fd:i
54 recvmmsg call | | res:i fd:i size:u data:b tuple:t msgcontrol:b
56 accept call | flags:i | fd:i tuple:t queuepct:u
58 creat call | name:s mode:u | fd:i name:s mode:u dev:u ino:u creat_flags:u
60 pipe call | | res:i fd1:i fd2:i ino:u
62 eventfd call | initval:u flags:u | res:i initval:u flags:u
64 futex call | addr:u op:u val:u | res:i addr:u op:u val:u
66 stat call | | res:i path:s
68 lstat call | | res:i path:s
70 fstat call | fd:i | res:i fd:i
72 stat64 call | | res:i path:s
74 lstat64 call | | res:i path:s
76 fstat64 call | fd:i | res:i
78 epoll_wait call | maxevents:i | res:i maxevents:i
80 poll call | fds:l timeout:i | res:i fds:l timeout:i
82 select call | | res:i
84 select call | | res:i
86 lseek call | fd:i offset:u whence:u | res:i fd:i offset:u whence:u
88 llseek call | fd:i offset:u whence:u | res:i fd:i offset:u whence:u
90 ioctl call | fd:i request:u | res:i
92 getcwd call | | res:i path:s
94 chdir call | | res:i path:s
96 fchdir call | fd:i | res:i fd:i
98 mkdir call | path:s mode:u | res:i
100 rmdir call | path:s | res:i
102 openat call | dirfd:i name:s flags:u mode:u | fd:i
104 link call | oldpath:s newpath:s | res:i
106 linkat call | olddir:i oldpath:s newdir:i newpath:s | res:i
108 unlink call | path:s | res:i
110 unlinkat call | dirfd:i name:s | res:i
112 pread call | fd:i size:u pos:u | res:i data:b fd:i size:u pos:u
114 pwrite call | fd:i size:u pos:u | res:i data:b fd:i size:u pos:u
116 readv call | fd:i | res:i size:u data:b fd:i
118 writev call | fd:i size:u | res:i data:b fd:i size:u
120 preadv call | fd:i pos:u | res:i size:u data:b fd:i pos:u
122 pwritev call | fd:i size:u pos:u | res:i data:b fd:i size:u pos:u
124 dup call | fd:i | res:i
126 signalfd call | fd:i mask:u flags:u | res:i fd:i mask:u flags:u
128 kill call | pid:i sig:u | res:i pid:i sig:u
130 tkill call | tid:i sig:u | res:i tid:i sig:u
132 tgkill call | pid:i tid:i sig:u | res:i pid:i tid:i sig:u
134 nanosleep call | interval:u | res:i interval:u
136 timerfd_create call | clockid:u flags:u | res:i clockid:u flags:u
138 inotify_init call | flags:u | res:i flags:u
140 getrlimit call | resource:u | res:i cur:i max:i resource:u
142 setrlimit call | resource:u | res:i cur:i max:i resource:u
144 prlimit call | pid:i resource:u | res:i newcur:i newmax:i oldcur:i oldmax:i pid:i resource:u
146 switch trace | next:i |
148 drop meta | ratio:u | ratio:u
150 fcntl call | fd:i cmd:u | res:i fd:i cmd:u arg:u
152 switch trace | next:i @memory |
154 execve call | | res:i @process fdlimit:u @memory
156 clone call | | res:i @process fdlimit:i @memory flags:u uid:u gid:u
158 brk call | addr:u | res:u vm_size:u vm_rss:u vm_swap:u addr:u
160 mmap call | addr:u length:u prot:u flags:u fd:i offset:u | res:i vm_size:u vm_rss:u vm_swap:u addr:u length:u
    prot:u flags:u fd:i offset:u
162 mmap2 call | addr:u length:u prot:u flags:u fd:i pgoffset:u | res:i vm_size:u vm_rss:u vm_swap:u addr:u length:u
    prot:u flags:u fd:i pgoffset:u
164 munmap call | addr:u length:u | res:i vm_size:u vm_rss:u vm_swap:u addr:u length:u
166 splice call | fd_in:i fd_out:i size:u flags:u | res:i fd_in:i fd_out:i size:u flags:u
168 ptrace call | request:u pid:i | res:i addr:y data:y request:u pid:i
170 ioctl call | fd:i request:u argument:u | res:i fd:i request:u argument:u
172 execve call | | res:i @process fdlimit:u @memory env:b
174 rename call | | res:i oldpath:s newpath:s
176 renameat call | | res:i olddirfd:i oldpath:s newdirfd:i newpath:s
178 symlink call | | res:i target:s linkpath:s
180 symlinkat call | | res:i target:s linkdirfd:i linkpath:s
182 fork call | | res:i @process fdlimit:i @memory flags:u uid:u gid:u
184 vfork call | | res:i @process fdlimit:i @memory flags:u uid:u gid:u
186 procexit trace | status:i ret:i sig:u core:u reaper_tid:i |
188 sendfile call | out_fd:i in_fd:i offset:u size:u | res:i offset:u out_fd:i in_fd:i size:u
190 quotactl call | cmd:u type:u id:u quota_fmt:u | res:i special:s quotafilepath:s dqb_bhardlimit:u
    dqb_bsoftlimit:u dqb_curspace:u dqb_ihardlimit:u dqb_isoftlimit:u dqb_btime:u dqb_itime:u dqi_bgrace:u
    dqi_igrace:u dqi_flags:u quota_fmt_out:u cmd:u type:u id:u quota_fmt:u
192 setresuid call | ruid:u euid:u suid:u | res:i ruid:u euid:u suid:u
194 setresgid call | rgid:u egid:u sgid:u | res:i rgid:u egid:u sgid:u
196 scapevent meta | event_type:u event_data:u |
198 setuid call | uid:u | res:i uid:u
200 setgid call | gid:u | res:i gid:u
202 getuid call | | uid:u
204 geteuid call | | euid:u
206 getgid call | | gid:u
208 getegid call | | egid:u
210 getresuid call | | res:i ruid:u euid:u suid:u
212 getresgid call | | res:i rgid:u egid:u sgid:u
214 execve call | | res:i @process fdlimit:u @memory comm:s env:b
216 clone call | | res:i @process fdlimit:i @memory comm:s flags:u uid:u gid:u
218 fork call | | res:i @process fdlimit:i @memory comm:s flags:u uid:u gid:u
220 vfork call | | res:i @process fdlimit:i @memory comm:s flags:u uid:u gid:u
222 clone call | | res:i @process fdlimit:i @memory comm:s cgroups:b flags:u uid:u gid:u vtid:i vpid:i
    pidns_init_start_ts:u
224 fork call | | res:i @process fdlimit:i @memory comm:s cgroups:b flags:u uid:u gid:u vtid:i vpid:i
    pidns_init_start_ts:u
226 vfork call | | res:i @process fdlimit:i @memory comm:s cgroups:b flags:u uid:u gid:u vtid:i vpid:i
    pidns_init_start_ts:u
228 container meta | id:s type:u name:s image:s |
230 execve call | | res:i @process fdlimit:u @memory comm:s cgroups:b env:b
232 signaldeliver trace | spid:i dpid:i sig:u |
234 procinfo meta | cpu_usr:u cpu_sys:u |
236 getdents call | fd:i | res:i fd:i
238 getdents64 call | fd:i | res:i fd:i
240 setns call | fd:i nstype:u | res:i fd:i nstype:u
242 flock call | fd:i operation:u | res:i fd:i operation:u
244 cpu_hotplug meta | cpu:u action:u |
246 accept call | | fd:i tuple:t queuepct:u queuelen:u queuemax:u
248 accept call | flags:i | fd:i tuple:t queuepct:u queuelen:u queuemax:u
250 semop call | semid:i | res:i nsops:u sem_num_0:u sem_op_0:i sem_flg_0:u sem_num_1:u sem_op_1:i sem_flg_1:u
    semid:i
252 semctl call | semid:i semnum:i cmd:u val:i | res:i semid:i semnum:i cmd:u val:i
254 ppoll call | fds:l timeout:u sigmask:u | res:i fds:l timeout:u sigmask:u
256 mount call | flags:u | res:i dev:s dir:s type:s flags:u
258 umount call | flags:u | res:i name:s
260 k8s meta | json:s |
262 semget call | key:i nsems:i semflg:u | res:i key:i nsems:i semflg:u
264 access call | mode:u | res:i name:s mode:u
266 chroot call | | res:i path:s
268 tracer meta | id:i tags:b args:b |
270 mesos meta | json:s |
272 container meta | json:s |
274 setsid call | | res:i
276 mkdir call | mode:u | res:i path:s mode:u
278 rmdir call | | res:i path:s
280 notification meta | id:s desc:s |
282 execve call | | res:i @process fdlimit:u @memory comm:s cgroups:b env:b tty:i
284 unshare call | flags:u | res:i flags:u
286 infra meta | source:s name:s description:s scope:s |
288 execve call | filename:s | res:i @process fdlimit:u @memory comm:s cgroups:b env:b tty:i
290 page_fault trace | addr:u ip:u error:u |
292 execve call | filename:s | res:i @process fdlimit:u @memory comm:s cgroups:b env:b tty:u vpgid:i loginuid:u
    flags:u @executable filename:s
294 setpgid call | pid:i pgid:i | res:i pid:i pgid:i
296 bpf call | cmd:i | res_or_fd:y
298 seccomp call | op:u flags:u | res:i op:u flags:u
300 unlink call | | res:i path:s
302 unlinkat call | | res:i dirfd:i name:s flags:u
304 mkdirat call | | res:i dirfd:i path:s mode:u
306 openat call | dirfd:i name:s flags:u mode:u | fd:i dirfd:i name:s flags:u mode:u dev:u ino:u
308 link call | | res:i oldpath:s newpath:s
310 linkat call | | res:i olddir:i oldpath:s newdir:i newpath:s flags:u
312 fchmodat call | | res:i dirfd:i filename:s mode:u
314 chmod call | | res:i filename:s mode:u
316 fchmod call | | res:i fd:i mode:u
318 renameat2 call | | res:i olddirfd:i oldpath:s newdirfd:i newpath:s flags:u
320 userfaultfd call | | res:i flags:u
322 pluginevent* meta | plugin_id:u event_data:b |
324 container* meta | json:s |
326 openat2 call | dirfd:i name:s flags:u mode:u resolve:u | fd:i dirfd:i name:s flags:u mode:u resolve:u dev:u
    ino:u
328 mprotect call | addr:u length:u prot:u | res:i addr:u length:u prot:u
330 execveat call | dirfd:i pathname:s flags:u | res:i @process fdlimit:u @memory comm:s cgroups:b env:b tty:u
    vpgid:i loginuid:u flags:u cap_inheritable:u cap_permitted:u cap_effective:u exe_ino:u exe_ino_ctime:u
    exe_ino_mtime:u uid:u trusted_exepath:s pgid:i gid:u
332 copy_file_range call | fdin:i offin:u len:u | res:i fdout:i offout:u fdin:i offin:u len:u
334 clone3 call | | res:i @process fdlimit:i @memory comm:s cgroups:b flags:u uid:u gid:u vtid:i vpid:i
    pidns_init_start_ts:u
336 open_by_handle_at call | | fd:i mountfd:i flags:u path:s dev:u ino:u
338 io_uring_setup call | | res:i entries:u sq_entries:u cq_entries:u flags:u sq_thread_cpu:u sq_thread_idle:u
    features:u
340 io_uring_enter call | | res:i fd:i to_submit:u min_complete:u flags:u sig:u
342 io_uring_register call | | res:i fd:i opcode:u arg:u nr_args:u
344 mlock call | | res:i addr:u len:u
346 munlock call | | res:i addr:u len:u
348 mlockall call | | res:i flags:u
350 munlockall call | | res:i
352 capset call | | res:i cap_inheritable:u cap_permitted:u cap_effective:u
354 useradded meta | uid:u gid:u name:s home:s shell:s container_id:s |
356 userdeleted meta | uid:u gid:u name:s home:s shell:s container_id:s |
358 groupadded meta | gid:u name:s container_id:s |
360 groupdeleted meta | gid:u name:s container_id:s |
362 dup2 call | fd:i | res:i oldfd:i newfd:i
364 dup3 call | fd:i | res:i oldfd:i newfd:i flags:u
366 dup call | fd:i | res:i oldfd:i
368 bpf call | cmd:i | fd:i cmd:u
370 mlock2 call | | res:i addr:u len:u flags:u
372 fsconfig call | | res:i fd:i cmd:u key:s value_bytebuf:b value_charbuf:s aux:i
374 epoll_create call | size:i | res:i size:i
376 epoll_create1 call | flags:u | res:i flags:u
378 chown call | | res:i path:s uid:u gid:u
380 lchown call | | res:i path:s uid:u gid:u
382 fchown call | | res:i fd:i uid:u gid:u
384 fchownat call | | res:i dirfd:i pathname:s uid:u gid:u flags:u
386 umount call | | res:i name:s
388 accept4 call | flags:i | fd:i tuple:t queuepct:u queuelen:u queuemax:u flags:i
390 umount2 call | flags:u | res:i name:s flags:u
392 pipe2 call | | res:i fd1:i fd2:i ino:u flags:u
394 inotify_init1 call | | res:i flags:u
396 eventfd2 call | initval:u | res:i flags:u initval:u
398 signalfd4 call | fd:i mask:u | res:i flags:u fd:i mask:u
400 prctl call | | res:i option:u arg2_str:s arg2_int:i
402 asyncevent* meta | plugin_id:u name:s data:b |
404 memfd_create call | | fd:i name:s flags:u
406 pidfd_getfd call | | fd:i pid_fd:i target_fd:i flags:u
408 pidfd_open call | | fd:i pid:i flags:u
410 init_module call | | res:i img:b length:u uargs:s
412 finit_module call | | res:i fd:i uargs:s flags:u
414 mknod call | | res:i path:s mode:u dev:u
416 mknodat call | | res:i dirfd:i path:s mode:u dev:u
418 newfstatat call | | res:i dirfd:i path:s flags:u
420 process_vm_readv call | | res:i pid:i data:b
422 process_vm_writev call | | res:i pid:i data:b
424 delete_module call | | res:i name:s flags:u
426 setreuid call | | res:i ruid:u euid:u
428 setregid call | | res:i rgid:u egid:u
430 task meta | ppid:i pgid:i vpgid:i sid:i comm:s argv:b exepath:s flags:u env:b cwd:s fdlimit:u euid:u egid:u
    cap_permitted:u cap_effective:u cap_inheritable:u exe_ino_num:u exe_ino_ctime:u exe_ino_mtime:u vm_size:u
    vm_rss:u vm_swap:u pgft_maj:u pgft_min:u vtgid:i vpid:i pidns_init_start_ts:u cgroups:b root:s start_time:u
    tty:u loginuid:u |
432 task_file_pipe meta | fd:i path:s ino_num:u |
434 task_file_memfd meta | fd:i path:s ino_num:u |
436 task_file_regular meta | fd:i path:s flags:u mnt_id:u ino_num:u |
438 task_file_directory meta | fd:i path:s ino_num:u |
440 task_file_socket_inet meta | fd:i sk_type:u sk_proto:u local_ip:b local_port:u remote_ip:b remote_port:u
    ino_num:u |
442 task_file_socket_inet6 meta | fd:i sk_type:u sk_proto:u local_ip:b local_port:u remote_ip:b remote_port:u
    ino_num:u |
444 task_file_socket_unix meta | fd:i sk_type:u sk_proto:u sk_pointer:u sun_path:s ino_num:u |
446 task_file_socket_netlink meta | fd:i sk_type:u sk_proto:u ino_num:u |
448 task_file_anon_inode meta | fd:i fd_type:u path:s ino_num:u |
450 close_range call | | res:i first:u last:u flags:u
452 keyctl call | | res:i operation:u arg2:y arg3:y arg4:y arg5:y
"""

_SYSTEM_CALLS = """
unknown restart_syscall exit read write open close creat link unlink chdir time mknod chmod stat lseek getpid mount
ptrace alarm fstat pause utime access sync kill rename mkdir rmdir dup pipe times brk acct ioctl fcntl setpgid umask
chroot ustat dup2 getppid getpgrp setsid sethostname setrlimit getrusage gettimeofday settimeofday symlink lstat
readlink uselib swapon reboot mmap munmap truncate ftruncate fchmod getpriority setpriority statfs fstatfs syslog
setitimer getitimer uname vhangup wait4 swapoff sysinfo fsync setdomainname adjtimex mprotect init_module
delete_module quotactl getpgid fchdir sysfs personality getdents select flock msync readv writev getsid fdatasync
mlock munlock mlockall munlockall sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_yield
sched_get_priority_max sched_get_priority_min sched_rr_get_interval nanosleep mremap poll prctl rt_sigaction
rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend getcwd capget capset sendfile getrlimit
lchown getuid getgid geteuid getegid setreuid setregid getgroups setgroups fchown setresuid getresuid setresgid
getresgid chown setuid setgid setfsuid setfsgid pivot_root mincore madvise gettid setxattr lsetxattr fsetxattr
getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr tkill futex
sched_setaffinity sched_getaffinity set_thread_area get_thread_area io_setup io_destroy io_getevents io_submit
io_cancel exit_group epoll_create epoll_ctl epoll_wait remap_file_pages set_tid_address timer_create timer_settime
timer_gettime timer_getoverrun timer_delete clock_settime clock_gettime clock_getres clock_nanosleep tgkill utimes
mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_load waitid add_key request_key keyctl
ioprio_set ioprio_get inotify_init inotify_add_watch inotify_rm_watch openat mkdirat mknodat fchownat futimesat
unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat pselect6 ppoll unshare set_robust_list
get_robust_list splice tee vmsplice getcpu epoll_pwait utimensat signalfd timerfd_create eventfd timerfd_settime
timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo
perf_event_open fanotify_init prlimit64 clock_adjtime syncfs setns getdents64 socket bind connect listen accept
getsockname getpeername socketpair sendto recvfrom shutdown setsockopt getsockopt sendmsg sendmmsg recvmsg recvmmsg
accept4 semop semget semctl msgsnd msgrcv msgget msgctl shmdt shmget shmctl statfs64 fstatfs64 fstatat64 sendfile64
ugetrlimit bdflush sigprocmask ipc socketcall stat64 lstat64 fstat64 fcntl64 mmap2 _newselect sgetmask ssetmask
sigpending olduname umount signal nice stime _llseek waitpid pread64 pwrite64 arch_prctl shmat rt_sigreturn
fallocate newfstatat process_vm_readv process_vm_writev fork vfork setuid32 getuid32 setgid32 geteuid32 getgid32
setresuid32 setresgid32 getresuid32 getresgid32 finit_module bpf seccomp sigaltstack getrandom fadvise64 renameat2
userfaultfd openat2 umount2 execve execveat copy_file_range clone clone3 open_by_handle_at io_uring_setup
io_uring_enter io_uring_register mlock2 getegid32 fsconfig fspick fsmount fsopen open_tree move_mount mount_setattr
memfd_create memfd_secret ioperm kexec_file_load pidfd_getfd pidfd_open pidfd_send_signal pkey_alloc pkey_mprotect
pkey_free landlock_create_ruleset quotactl_fd landlock_restrict_self landlock_add_rule epoll_pwait2 migrate_pages
move_pages preadv2 pwritev2 kcmp sched_setattr mbind epoll_ctl_old lookup_dcookie modify_ldt statx set_mempolicy
io_pgetevents set_mempolicy_home_node semtimedop get_kernel_syms readahead futex_waitv getpmsg name_to_handle_at
process_mrelease nfsservctl epoll_wait_old rseq create_module na_1 sched_getattr faccessat2 _sysctl query_module
get_mempolicy sync_file_range process_madvise membarrier iopl close_range fanotify_mark recv send sched_process_exit
sched_switch page_fault_user page_fault_kernel signal_deliver timerfd s390_pci_mmio_read sigaction
s390_pci_mmio_write readdir s390_sthyi sigsuspend idle s390_runtime_instr sigreturn s390_guarded_storage cachestat
fchmodat2 map_shadow_stack riscv_flush_icache riscv_hwprobe futex_wake futex_requeue futex_wait oldstat
switch_endian multiplexer oldlstat spu_create sync_file_range2 oldfstat spu_run swapcontext pciconfig_write rtas
pciconfig_read sys_debug_setcontext vm86 oldolduname subpage_prot pciconfig_iobase listmount statmount
lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal uretprobe removexattrat listxattrat getxattrat setxattrat
open_tree_attr file_getattr file_setattr listns uprobe rseq_slice_yield
"""


@dataclass(frozen=True, slots=True)
class Side:
    """The entry or the return of an event: names and kinds of its parameters, in the file's order."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventPair:
    """An event: `number` is that of its entry, `number` + 1 that of its return.

    `kind` is "call", "trace" (a kernel tracepoint) or "meta" (what sysdig itself tells). `wide`: the lengths of the
    parameters take 32 bits instead of 16.
    """

    number: int
    name: str
    kind: str
    wide: bool
    entry: Side
    exit: Side

    def side(self, number: int) -> Side:
        """The side that has this number."""
        return self.exit if number & 1 else self.entry


@cache
def events() -> Mapping[int, EventPair]:
    """All events by the numbers of their entry and of their return."""
    found: dict[int, EventPair] = {}
    text = _EVENTS.strip().replace("\n    ", " ")
    for short, long in _SHARED.items():
        text = text.replace(short, long)
    for line in text.split("\n"):
        head, entry, exit = (part.strip() for part in line.split("|"))
        number, name, kind = head.split()
        pair = EventPair(int(number), name.rstrip("*"), kind, name.endswith("*"), _side(entry), _side(exit))
        found[pair.number] = found[pair.number + 1] = pair
    return found


def _side(text: str) -> Side:
    parts = [word.split(":") for word in text.split()]
    return Side(tuple(name for name, _ in parts), tuple(kind for _, kind in parts))


@cache
def system_calls() -> tuple[str, ...]:
    """The names of all system calls, by the number that events without parameters of their own carry."""
    return tuple(_SYSTEM_CALLS.split())
