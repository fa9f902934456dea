/* The part of a filter that the kernel evaluates: a list of tests and of operations on a stack of truth values, one bit each.
 * A field that an event does not have makes its test false. */
#pragma once
#include "objects.h"

struct filter_view {
	__u64 latency;
	__s64 ret;
	__u32 slot;
	__u32 cpu;
	__s32 fd;
	__u32 kind;
	__u32 ports; /* both, one above the other */
	__u32 has_ports;
	__u64 comm_low, comm_high;
	__u64 container_low, container_high;
	__u64 cgroup;
	__u32 pid, tid, uid, gid;
	__u32 followed, has_container;
};

/* One per CPU, in a map so that the functions below need numbers only and are verified once. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_view);
} views SEC(".maps");

static __always_inline bool compare_number(__u32 how, __s64 value, __s64 with)
{
	if (how == FILTER_COMPARE_EQ)
		return value == with;
	if (how == FILTER_COMPARE_LT)
		return value < with;
	return value > with;
}

static __always_inline bool run_test(const struct filter *test, const struct filter_view *view)
{
	__s64 value;

	switch (test->field) {
	case FILTER_FIELD_PID:
		value = view->pid;
		break;
	case FILTER_FIELD_TID:
		value = view->tid;
		break;
	case FILTER_FIELD_UID:
		value = view->uid;
		break;
	case FILTER_FIELD_GID:
		value = view->gid;
		break;
	case FILTER_FIELD_COMM:
		return view->comm_low == test->low && view->comm_high == test->high;
	case FILTER_FIELD_CGROUP:
		value = view->cgroup;
		break;
	case FILTER_FIELD_CONTAINER:
		return view->has_container && view->container_low == test->low && view->container_high == test->high;
	case FILTER_FIELD_FOLLOWED:
		return view->followed;
	case FILTER_FIELD_EVENT:
		value = view->slot;
		break;
	case FILTER_FIELD_RET:
		value = view->ret;
		break;
	case FILTER_FIELD_LATENCY:
		if (view->latency == NO_LATENCY)
			return false;
		value = view->latency;
		break;
	case FILTER_FIELD_FD_NUM:
		if (view->fd == NO_FD)
			return false;
		value = view->fd;
		break;
	case FILTER_FIELD_FD_TYPE:
		if (!view->kind)
			return false;
		value = view->kind;
		break;
	case FILTER_FIELD_FD_PORT:
		if (!view->has_ports)
			return false;
		return compare_number(test->compare, view->ports & 0xffff, test->low) ||
		       compare_number(test->compare, view->ports >> 16, test->low);
	case FILTER_FIELD_CPU:
		value = view->cpu;
		break;
	default:
		return false;
	}
	return compare_number(test->compare, value, test->low);
}

/* One instruction: the stack before it to the stack after it. */
__noinline __u64 filter_step(__u32 cpu, __u32 index, __u64 stack)
{
	struct filter *step = bpf_map_lookup_elem(&filters, &index);
	struct filter_view *view = bpf_map_lookup_elem(&views, &cpu);
	if (!step || !view)
		return 0;
	switch (step->op) {
	case FILTER_OP_TEST:
		return stack << 1 | run_test(step, view);
	case FILTER_OP_AND:
		return stack >> 2 << 1 | (stack & stack >> 1 & 1);
	case FILTER_OP_OR:
		return stack >> 2 << 1 | ((stack | stack >> 1) & 1);
	default:
		return stack ^ 1;
	}
}

/* Run `count` instructions from number `first` on; the last truth value is the answer. */
__noinline __u32 run_filter(__u32 cpu, __u32 first, __u32 count)
{
	__u64 stack = 0;

	for (__u32 i = 0; i < FILTER_INSTRUCTIONS; i++) {
		if (i >= count)
			break;
		stack = filter_step(cpu, first + i, stack);
	}
	return stack & 1;
}

static __always_inline void view_thread(struct filter_view *view, struct task_struct *task)
{
	view->pid = FOLLOW(task, tgid);
	view->tid = FOLLOW(task, pid);
	view->uid = BPF_CORE_READ(task, cred, uid.val);
	view->gid = BPF_CORE_READ(task, cred, gid.val);
	bpf_probe_read_kernel(&view->comm_low, 8, (void *)task + bpf_core_field_offset(struct task_struct, comm));
	bpf_probe_read_kernel(&view->comm_high, 8, (void *)task + bpf_core_field_offset(struct task_struct, comm) + 8);
}

static __always_inline bool is_scope(const char *end)
{
	char suffix[8] = {};
	bpf_probe_read_kernel(suffix, 6, end);
	return *(__u64 *)suffix == 0x65706f63732eULL; /* ".scope" */
}

/* The container's id as runtimes put it into the name of a cgroup: 64 hexadecimal digits, perhaps between a prefix and ".scope".
 * The innermost such name counts. */
static __always_inline void find_container(struct filter_view *view, struct task_struct *task)
{
	struct kernfs_node *node = task_cgroup(task);
	char name[96];

	view->has_container = 0;
	for (int i = 0; i < 8; i++) {
		if (!node || !kernfs_parent(node))
			break;
		long length = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(node, name)) - 1;
		__u32 start = 0;
		if (length > 70 && length < 95 && is_scope(BPF_CORE_READ(node, name) + length - 6))
			start = length - 70;
		if (length == 64 || start) {
			__u64 low = 0;
			__u32 high = 0;
			const char *from = BPF_CORE_READ(node, name) + start;
			bpf_probe_read_kernel(&low, 8, from);
			bpf_probe_read_kernel(&high, 4, from + 8);
			view->container_low = low;
			view->container_high = high;
			view->has_container = 1;
			return;
		}
		node = kernfs_parent(node);
	}
}
