/* Objects: what a thread is and what a descriptor stands for, sent the first time each is seen. */
#pragma once
#include "access.h"

static __always_inline struct object_buffer *object_buffer(__u32 cpu)
{
	return bpf_map_lookup_elem(&object_buffers, &cpu);
}

/* A typed pointer as the plain number that a global function takes: through the buffer's memory, where its type is lost. */
static __always_inline __u64 plain(struct object_buffer *buffer, const void *pointer)
{
	volatile __u64 *cell = &buffer->cell;
	*cell = (__u64)pointer;
	return *cell;
}

#ifdef KINDLING_OLD
#define MAX_NAMES 96
#else
#define MAX_NAMES 2048
#endif

static long put_name(__u32 index, __u32 *cpu)
{
	struct object_buffer *buffer = object_buffer(*cpu);
	if (!buffer)
		return 1;
	struct names *names = &buffer->names;
	struct dentry *dentry = (struct dentry *)names->dentry;
	struct mount *mount = (struct mount *)names->mount;
	__u32 at = names->at;

	if (names->dentry == names->root) {
		names->complete = 1;
		return 1;
	}
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == parent || dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount) {
			names->complete = 1;
			return 1;
		}
		names->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		names->mount = (__u64)above;
		return 0;
	}
	__u32 length = BPF_CORE_READ(dentry, d_name.hash_len) >> 32;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	length &= 0xff;
	if (at > names->end || at > 3 * MAX_STRINGS - NAME_MAX - 2)
		return 1;
	buffer->strings[BOUNDED(at, STRINGS_MASK)] = length;
	bpf_probe_read_kernel(&buffer->strings[BOUNDED(at, STRINGS_MASK) + 1], BOUNDED(length, 0xff), name);
	names->at = at + length + 1;
	names->dentry = (__u64)parent;
	return 0;
}

/* Names from a leaf to the root, each one byte of length and its bytes, from buffer->strings[BOUNDED(at, STRINGS_MASK)] on. Returns the end.
 * Stops at `root` (the process's own root directory) as d_path does. A global function: verified once. */
__noinline __u32 put_names(__u32 cpu, __u32 at, __u64 leaf, __u64 vfsmount, __u64 root)
{
	struct object_buffer *buffer = object_buffer(cpu);
	if (!buffer)
		return at;
	buffer->names.dentry = leaf;
	buffer->names.mount = vfsmount - bpf_core_field_offset(struct mount, mnt);
	buffer->names.root = root;
	buffer->names.at = at;
	buffer->names.end = at + MAX_STRINGS - NAME_MAX - 2;
	buffer->names.complete = 0;
	LOOP(MAX_NAMES, put_name, &cpu);
	if (!buffer->names.complete)
		buffer->descriptor.marks |= MARK_TRUNCATED;
	return buffer->names.at;
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	struct kernfs_node___before_6_15 *old = (void *)node;
	return (void *)BPF_CORE_READ(old, parent);
}

/* The task's cgroup: version 2's, or where that is the root, the first of the version 1 hierarchies that containers use. */
static __always_inline struct kernfs_node *task_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct kernfs_node *node = BPF_CORE_READ(set, dfl_cgrp, kn);
	if (kernfs_parent(node))
		return node;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		__u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
		struct cgroup_subsys_state *state;
		bpf_probe_read_kernel(&state, sizeof(state),
				      (void *)set + bpf_core_field_offset(struct css_set, subsys) + index * sizeof(void *));
		struct kernfs_node *other = BPF_CORE_READ(state, cgroup, kn);
		if (other && kernfs_parent(other))
			return other;
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		__u32 index = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
		struct cgroup_subsys_state *state;
		bpf_probe_read_kernel(&state, sizeof(state),
				      (void *)set + bpf_core_field_offset(struct css_set, subsys) + index * sizeof(void *));
		struct kernfs_node *other = BPF_CORE_READ(state, cgroup, kn);
		if (other && kernfs_parent(other))
			return other;
	}
	return node;
}

static long put_group(__u32 index, __u32 *cpu)
{
	struct object_buffer *buffer = object_buffer(*cpu);
	if (!buffer)
		return 1;
	struct names *names = &buffer->names;
	struct kernfs_node *node = (struct kernfs_node *)names->dentry;
	__u32 at = names->at;

	if (!node)
		return 1;
	struct kernfs_node *parent = kernfs_parent(node);
	if (!parent || at > 3 * MAX_STRINGS - NAME_MAX - 2)
		return 1;
	const char *name = BPF_CORE_READ(node, name);
	long length = bpf_probe_read_kernel_str(&buffer->strings[BOUNDED(at, STRINGS_MASK) + 1], NAME_MAX, name);
	if (length < 1 || length > NAME_MAX)
		return 1;
	buffer->strings[BOUNDED(at, STRINGS_MASK)] = length - 1;
	names->at = at + length;
	names->dentry = (__u64)parent;
	return 0;
}

__noinline __u32 put_cgroup(__u32 cpu, __u32 at, __u64 leaf)
{
	struct object_buffer *buffer = object_buffer(cpu);
	if (!buffer)
		return at;
	buffer->names.dentry = leaf;
	buffer->names.at = at;
	LOOP(32, put_group, &cpu);
	return buffer->names.at;
}

/* Describe one thread. Returns false when there was no room. */
static __noinline bool send_thread(struct task_struct *task, __u32 version)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct object_buffer *buffer = object_buffer(cpu);
	if (!buffer)
		return false;
	struct thread_object *object = &buffer->thread;
	__builtin_memset(object, 0, sizeof(*object));
	object->kind = OBJECT_KIND_THREAD;
	object->time = bpf_ktime_get_ns();
	object->thread = version;
	object->tid = BPF_CORE_READ(task, pid);
	object->pid = BPF_CORE_READ(task, tgid);
	object->ppid = BPF_CORE_READ(task, real_parent, tgid);
	object->start = BPF_CORE_READ(task, start_boottime);
	BPF_CORE_READ_INTO(&object->comm, task, comm);
	object->uid = BPF_CORE_READ(task, cred, uid.val);
	object->gid = BPF_CORE_READ(task, cred, gid.val);
	object->euid = BPF_CORE_READ(task, cred, euid.val);
	object->egid = BPF_CORE_READ(task, cred, egid.val);
	object->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	object->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);

	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid;
	__u64 numbers = bpf_core_field_offset(struct pid, numbers);
	if (!bpf_probe_read_kernel(&upid, sizeof(upid), (void *)pid + numbers + (level & 31) * bpf_core_type_size(struct upid))) {
		struct pid_namespace *namespace = upid.ns;
		object->ns_tid = upid.nr;
		object->pid_ns = BPF_CORE_READ(namespace, ns.inum);
	}
	pid = BPF_CORE_READ(task, group_leader, thread_pid);
	level = BPF_CORE_READ(pid, level);
	if (!bpf_probe_read_kernel(&upid, sizeof(upid), (void *)pid + numbers + (level & 31) * bpf_core_type_size(struct upid)))
		object->ns_pid = upid.nr;

	__u32 at = 0, end;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	if (mm) {
		struct file *exe = BPF_CORE_READ(mm, exe_file);
		struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
		if (exe) {
			end = put_names(cpu, 0, plain(buffer, BPF_CORE_READ(exe, f_path.dentry)),
					plain(buffer, BPF_CORE_READ(exe, f_path.mnt)), plain(buffer, root));
			if (end > MAX_STRINGS)
				end = MAX_STRINGS;
			object->exe = end;
			at = end;
		}
		/* The arguments are in the memory of the process, which is mapped only while one of its own threads runs. */
		if (task == current_task()) {
			__u64 start = BPF_CORE_READ(mm, arg_start);
			__u64 length = BPF_CORE_READ(mm, arg_end) - start;
			__u32 limit = settings.arguments_limit;
			if (limit > 4096)
				limit = 4096;
			if (length > limit) {
				length = limit;
				object->marks |= MARK_TRUNCATED;
			}
			if (at < MAX_STRINGS && length <= 4096) {
				if (bpf_probe_read_user(&buffer->strings[BOUNDED(at, STRINGS_MASK)], BOUNDED(length, 0x1fff), (void *)start) == 0) {
					object->arguments = length;
					at += length;
				} else {
					object->marks |= MARK_FAULT;
				}
			}
		} else {
			object->marks |= MARK_NO_ROOM;
		}
	}
	struct kernfs_node *cgroup = task_cgroup(task);
	object->cgroup_id = BPF_CORE_READ(cgroup, id);
	if (at <= 2 * MAX_STRINGS) {
		end = put_cgroup(cpu, at, plain(buffer, cgroup));
		object->cgroup = end - at;
		at = end;
	}
	__u32 size = sizeof(*object) + at;
	if (size > sizeof(*object) + sizeof(buffer->strings))
		return false;
	return bpf_ringbuf_output(&objects, &buffer->thread, size, BPF_RB_NO_WAKEUP) == 0;
}

#ifndef KINDLING_OLD
struct climb {
	struct task_struct *task;
};

static long send_ancestor(__u32 index, struct climb *climb)
{
	struct task_struct *parent = climb->task->real_parent;
	if (!parent)
		return 1;
	parent = parent->group_leader;
	if (!parent || parent->pid == 0)
		return 1;
	struct thread_state *state = bpf_task_storage_get(&threads, parent, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state || state->version)
		return 1;
	__u32 version = (__u32)(bpf_ktime_get_ns() >> 8) | 1;
	if (!send_thread(parent, version))
		return 1;
	state->version = version;
	climb->task = parent;
	return 0;
}
#endif

/* The processes above `task` too, so that whoever reads the stream can name the ancestors of every thread in it. */
static __always_inline void send_ancestors(struct task_struct *task)
{
#ifndef KINDLING_OLD
	struct climb climb = {task};
	bpf_loop(32, send_ancestor, &climb, 0);
#endif
}

static __always_inline __u64 mix_path(__u64 id, struct dentry *dentry, struct vfsmount *mnt, struct dentry *root)
{
	struct dentry *parent = GET(dentry, dentry, d_parent);
	id = mix(id, GET(dentry, dentry, d_name.hash_len) ^ number(dentry));
	id = mix(id, GET(parent, dentry, d_name.hash_len) ^ number(parent));
	id = mix(id, number(GET(parent, dentry, d_parent)) ^ (GET(dentry, dentry, d_hash.pprev) == NULL));
	return mix(id, number(mnt) ^ number(root));
}

/* The identity of what an open file stands for: changes whenever its description would (a socket connects, a file is renamed
 * or deleted), so that an id always means one description. */
static __always_inline void see_file(struct seen_file *seen, struct file *file, struct dentry *root)
{
	struct inode *inode = GET(file, file, f_inode);
	__u64 id = mix(0x6b696e646c696e67ULL, number(inode));
	__u16 mode = GET(inode, inode, i_mode);

	seen->inode = inode;
	seen->mode = mode;
	seen->dentry = NULL;
	seen->mnt = NULL;
	seen->sock = NULL;
	seen->family = 0;
	seen->kind = 0;
	seen->local_port = seen->remote_port = 0;
	id = mix(id, GET(inode, inode, i_ino));
	if ((mode & 0170000) == 0140000) {
		struct socket *socket = GET(file, file, private_data);
		struct sock *sock = GET(socket, socket, sk);
		if (sock) {
			seen->sock = sock;
			seen->family = GET(sock, sock, __sk_common.skc_family);
			id = mix(id, number(sock));
			if (seen->family == 2 || seen->family == 10) {
				__u8 state = GET(sock, sock, __sk_common.skc_state);
				__u16 remote = GET(sock, sock, __sk_common.skc_dport);
				seen->local_port = GET(sock, sock, __sk_common.skc_num);
				seen->remote_port = __builtin_bswap16(remote);
				id = mix(id, GET(sock, sock, __sk_common.skc_addrpair));
				id = mix(id, (__u64)seen->local_port << 32 | (__u64)remote << 16 | (state == 10));
			} else if (seen->family == 1) {
				id = mix(id, number(GET(sock, unix_sock, addr)));
				id = mix(id, number(GET(sock, unix_sock, peer)));
			}
		}
	} else {
		struct dentry *dentry = GET(file, file, f_path.dentry);
		struct vfsmount *mnt = GET(file, file, f_path.mnt);
		id = mix_path(id, dentry, mnt, root);
		/* Only now: what is read back from a map has lost its type. */
		barrier();
		seen->dentry = dentry;
		seen->mnt = mnt;
	}
	seen->id = id ? id : 1;
}

/* The same for a directory that is not open: a working directory. */
static __always_inline void see_directory(struct seen_file *seen, struct dentry *dentry, struct vfsmount *mnt, struct dentry *root)
{
	struct inode *inode = GET(dentry, dentry, d_inode);
	__u64 id = mix(0x6b696e646c696e67ULL, number(inode));

	id = mix_path(mix(id, GET(inode, inode, i_ino)), dentry, mnt, root);
	barrier();
	__builtin_memset(seen, 0, sizeof(*seen));
	seen->inode = inode;
	seen->mode = GET(inode, inode, i_mode);
	seen->dentry = dentry;
	seen->mnt = mnt;
	seen->id = id ? id : 1;
}

static __always_inline __u16 fd_kind(struct seen_file *seen)
{
	if (seen->family) {
		switch (seen->family) {
		case 1:
			return FD_KIND_UNIX;
		case 2:
			return FD_KIND_IPV4;
		case 10: {
			/* A v4-mapped peer is shown as IPv4. */
			__u32 words[4];
			struct sock *sock = seen->sock;
			bpf_probe_read_kernel(words, sizeof(words),
					      (void *)sock + bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
			if (words[0] == 0 && words[1] == 0 && words[2] == 0xffff0000)
				return FD_KIND_IPV4;
			return FD_KIND_IPV6;
		}
		case 16:
			return FD_KIND_NETLINK;
		case 17:
			return FD_KIND_PACKET;
		default:
			return FD_KIND_SOCKET;
		}
	}
	switch (seen->mode & 0170000) {
	case 0100000: {
		struct inode *inode = seen->inode;
		__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
		/* Anonymous inodes, pidfds and namespaces pass for regular files on newer kernels. */
		if (magic == 0x09041934 || magic == 0x50494446 || magic == 0x6e736673)
			return FD_KIND_OTHER;
		return FD_KIND_FILE;
	}
	case 0040000:
		return FD_KIND_DIRECTORY;
	case 0010000:
		return FD_KIND_PIPE;
	case 0020000:
		return FD_KIND_CHAR;
	case 0060000:
		return FD_KIND_BLOCK;
	case 0120000:
		return FD_KIND_SYMLINK;
	case 0140000:
		return FD_KIND_SOCKET;
	default:
		return FD_KIND_OTHER;
	}
}

static __always_inline void put_socket(struct object_buffer *buffer, struct descriptor_object *object, struct sock *sock)
{
	object->family = BPF_CORE_READ(sock, __sk_common.skc_family);
	object->type = BPF_CORE_READ(sock, sk_type);
	object->protocol = BPF_CORE_READ(sock, sk_protocol);
	object->state = BPF_CORE_READ(sock, __sk_common.skc_state);
	object->net_ns = BPF_CORE_READ(sock, __sk_common.skc_net.net, ns.inum);
	if (object->family == 2 || object->family == 10) {
		object->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
		object->remote_port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
		if (object->family == 2) {
			__u32 local = BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr);
			__u32 remote = BPF_CORE_READ(sock, __sk_common.skc_daddr);
			__builtin_memcpy(object->local, &local, 4);
			__builtin_memcpy(object->remote, &remote, 4);
		} else {
			BPF_CORE_READ_INTO(&object->local, sock, __sk_common.skc_v6_rcv_saddr);
			BPF_CORE_READ_INTO(&object->remote, sock, __sk_common.skc_v6_daddr);
		}
		/* Who called whom, from the socket itself: a listener's child holds the listener's port without having bound it,
		 * a client either bound its port itself or got one from connect, which marks the port as not to be shared. */
		__u32 locks = BPF_CORE_READ_BITFIELD_PROBED(sock, sk_userlocks);
		if (object->protocol == 6) {
			if (object->state == 10) {
				object->role = ROLE_SERVER;
			} else if (object->remote_port) {
				struct inet_bind_bucket *bucket =
					BPF_CORE_READ((struct inet_connection_sock *)sock, icsk_bind_hash);
				/* An accepted socket is a copy of its listener and keeps the length of its queue. */
				if (BPF_CORE_READ(sock, sk_max_ack_backlog))
					object->role = ROLE_SERVER;
				else if (locks & (8 | 4))
					object->role = ROLE_CLIENT;
				else if (bucket)
					object->role = BPF_CORE_READ(bucket, fastreuse) < 0 ? ROLE_CLIENT : ROLE_SERVER;
			}
		} else if (object->remote_port) {
			object->role = ROLE_CLIENT;
		} else if (locks & 8) {
			object->role = ROLE_SERVER;
		}
	} else if (object->family == 1) {
		struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sock, addr);
		struct sock *peer = BPF_CORE_READ((struct unix_sock *)sock, peer);
		if (!address && peer) {
			/* The client's end has no name; that of the server's end tells more. */
			address = BPF_CORE_READ((struct unix_sock *)peer, addr);
			if (address)
				object->role = ROLE_CLIENT;
		} else if (address && (peer || object->state == 10)) {
			object->role = ROLE_SERVER;
		}
		if (peer)
			object->peer_inode = BPF_CORE_READ(peer, sk_socket, file, f_inode, i_ino);
		if (address) {
			__u32 length = BPF_CORE_READ(address, len);
			if (length > 110)
				length = 110;
			if (!bpf_probe_read_kernel(buffer->strings, BOUNDED(length, 0x7f),
						   (void *)address + bpf_core_field_offset(struct unix_address, name)))
				object->name_length = length;
		}
	}
}

static __noinline bool send_descriptor(struct seen_file *seen, struct dentry *root)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct object_buffer *buffer = object_buffer(cpu);
	if (!buffer)
		return false;
	struct descriptor_object *object = &buffer->descriptor;
	struct inode *inode = seen->inode;
	__u32 at = 0;

	__builtin_memset(object, 0, sizeof(*object));
	object->kind = OBJECT_KIND_DESCRIPTOR;
	object->time = bpf_ktime_get_ns();
	object->id = seen->id;
	object->mode = seen->mode;
	object->inode = BPF_CORE_READ(inode, i_ino);
	object->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	object->device = BPF_CORE_READ(inode, i_sb, s_dev);
	if (seen->sock) {
		put_socket(buffer, object, seen->sock);
		at = object->name_length;
	} else {
		struct dentry *dentry = seen->dentry;
		if ((seen->mode & 0170000) == 0020000 || (seen->mode & 0170000) == 0060000)
			object->type = 1; /* a device: its number */
		if (object->type)
			object->peer_inode = BPF_CORE_READ(inode, i_rdev);
		/* A root of its own file system is never hashed, and not deleted either. */
		if (!BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry)
			object->state = 1;
		at = put_names(cpu, 0, plain(buffer, dentry), plain(buffer, seen->mnt), plain(buffer, root));
		if (!at && dentry != root) {
			/* The file system's root itself: what it is called tells anonymous inodes apart. */
			__u32 length = (BPF_CORE_READ(dentry, d_name.hash_len) >> 32) & 0xff;
			buffer->strings[0] = length;
			bpf_probe_read_kernel(&buffer->strings[1], BOUNDED(length, 0xff), BPF_CORE_READ(dentry, d_name.name));
			object->state |= 2;
			at = length + 1;
		}
		object->path = at;
	}
	__u32 size = sizeof(*object) + at;
	if (size > sizeof(*object) + sizeof(buffer->strings))
		return false;
	return bpf_ringbuf_output(&objects, &buffer->descriptor, size, BPF_RB_NO_WAKEUP) == 0;
}

/* Send the description unless it was sent already. */
static __always_inline bool announce(struct seen_file *seen, struct dentry *root)
{
	__u32 first = (__u32)seen->id & (SENT_SLOTS - 1), second = first ^ 1;
	__u64 *one = bpf_map_lookup_elem(&sent, &first);
	__u64 *two = bpf_map_lookup_elem(&sent, &second);
	if (!one || !two)
		return false;
	if (*one == seen->id || *two == seen->id)
		return true;
	if (!send_descriptor(seen, root))
		return false;
	if (!*one || (*two && seen->id >> 63))
		*one = seen->id;
	else
		*two = seen->id;
	return true;
}

/* The file behind a descriptor of the current task; NULL when it is not open. */
static __always_inline struct file *file_of(struct task_struct *task, __s32 fd)
{
	struct files_struct *files = FOLLOW(task, files);
	struct fdtable *table = files ? FOLLOW(files, fdt) : NULL;
	struct file *file = NULL;
	if (!table || fd < 0 || (__u32)fd >= FOLLOW(table, max_fds))
		return NULL;
	if (bpf_probe_read_kernel(&file, sizeof(file), FOLLOW(table, fd) + fd))
		return NULL;
	return file;
}

static __always_inline struct dentry *root_of(struct task_struct *task)
{
	struct fs_struct *fs = FOLLOW(task, fs);
	return fs ? FOLLOW(fs, root.dentry) : NULL;
}
