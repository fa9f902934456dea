/* Maps and settings. Python sizes the maps before they are made and writes plans, settings and filters into them. */
#pragma once
#include "kernel.h"
#include "layout.h"

/* Fixed before the programs are loaded: the verifier sees them as constants. */
const volatile __u32 slot_mask;     /* records in a ring, minus one */
const volatile __u32 slot_bits;     /* log2 of that number */
const volatile __u32 data_offset;   /* where a ring's data area starts */
const volatile __u32 data_mask;     /* bytes in the data area, minus one */
const volatile __u32 cpu_shift;     /* CPUs that share a ring, as a power of two */
const volatile bool has_rdonly_cast;
const volatile bool want_latency;
const volatile bool has_sched_hooks;

/* What can change at any time. */
struct settings settings = {};
/* Raised by the kernel side when every thread must be described anew (cgroup move). */
__u32 epoch = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, 4096);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} controls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct plan);
} plans SEC(".maps");

/* Events dropped, by cause and slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LOSS_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * FILTER_INSTRUCTIONS);
	__type(key, __u32);
	__type(value, struct filter);
} filters SEC(".maps");

/* Ids of the descriptor objects that were sent. Forgetting one only means that it is sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SENT_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21);
} objects SEC(".maps");

/* One per CPU and lane; an array because per-CPU values may not be larger than 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* What a descriptor is, as far as the fast path has to look at it anyway. */
struct seen_file {
	__u64 id;
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct inode *inode;
	struct sock *sock;
	__u16 mode;
	__u16 family;
	__u16 local_port, remote_port;
	__u16 kind; /* FD_KIND_*, 0 while nobody asked */
};

/* Programs that could interrupt one another work in lanes of their own. */
enum { LANE_RETURN = 0, LANE_ENTRY = 1, LANE_OTHER = 2, LANES = 3 };

/* One per CPU and lane; in a map because the stack is small. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LANES);
	__type(key, __u32);
	__type(value, struct seen_file);
} sightings SEC(".maps");

/* A walk from a name to the root; here because the stack is small. */
struct names {
	__u64 dentry, mount, root;
	__u32 at, end, complete;
};

struct object_buffer {
	union {
		struct thread_object thread;
		struct descriptor_object descriptor;
	};
	char strings[STRINGS_SIZE];
	__u64 cell;
	struct names names;
};
_Static_assert(sizeof(struct thread_object) == sizeof(struct descriptor_object), "strings follow both");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct object_buffer);
} object_buffers SEC(".maps");

/* What is remembered of a thread between its events. */
struct thread_state {
	__u64 enter_time;
	__u64 enter_file;
	__u64 enter_object;
	__u64 cred;
	/* Of a call that replaces the program: its registers are gone at the return. */
	__u64 exec_directory, exec_flags;
	__u32 enter_slot; /* plan slot of the call in progress plus one */
	__u32 version;    /* of the description that was sent; 0: none yet */
	__u32 generation; /* of settings and epoch that `wanted` holds for */
	__s32 enter_fd;
	/* For filters, of a descriptor that is gone at the return. */
	__u16 enter_kind, enter_family, enter_local_port, enter_remote_port;
	__u8 wanted;
	__u8 marks; /* of the descriptor at the entry, or STATE_NOT_WANTED */
};
enum { STATE_NOT_WANTED = 0x80 };

#ifdef KINDLING_OLD
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct thread_state);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
} processes SEC(".maps");
#else
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_state);
} threads SEC(".maps");

/* Kept at the thread group's leader: whether the process is followed or left out. Set from user space by pidfd. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} processes SEC(".maps");
#endif
