/* What is decided once per thread and kept: whether its events are wanted at all, and which version of it was described. */
#pragma once
#include "capture.h"
#include "filter.h"

static __always_inline __u32 generation(void)
{
	return settings.generation + epoch;
}

static __noinline bool thread_wanted(struct task_struct *task)
{
	__u32 bits = process_bits(FOLLOW(task, group_leader));
	if (bits & PROCESS_EXCLUDED)
		return false;
	__u32 count = settings.thread_filter;
	if (!count)
		return true;
	struct filter_view view = {};
	view.task = task;
	view.latency = NO_LATENCY;
	view.fd = NO_FD;
	view.pid = FOLLOW(task, tgid);
	view.tid = FOLLOW(task, pid);
	view.uid = BPF_CORE_READ(task, cred, uid.val);
	view.gid = BPF_CORE_READ(task, cred, gid.val);
	view.followed = bits & PROCESS_FOLLOWED;
	view.cgroup = BPF_CORE_READ(task_cgroup(task), id);
	bpf_probe_read_kernel(&view.comm_low, 8, (void *)task + bpf_core_field_offset(struct task_struct, comm));
	bpf_probe_read_kernel(&view.comm_high, 8, (void *)task + bpf_core_field_offset(struct task_struct, comm) + 8);
	find_container(&view);
	return run_filter(&view, 0, count);
}

/* Decide about the thread, and describe it if it is wanted. */
static __noinline bool decide(struct task_struct *task, struct thread_state *state, __u32 now_generation)
{
	state->generation = now_generation;
	state->cred = (__u64)FOLLOW(task, cred);
	state->version = 0;
	state->wanted = thread_wanted(task);
	if (!state->wanted)
		return false;
	__u32 version = (__u32)(bpf_ktime_get_ns() >> 8) | 1;
	send_ancestors(task, now_generation);
	if (send_thread(task, version))
		state->version = version;
	else
		state->generation = now_generation - 1; /* try again at the next event */
	return true;
}

/* Whether events of the current thread are wanted; describes it first where that is due. */
static __always_inline bool admit(struct task_struct *task, struct thread_state *state)
{
	__u32 now_generation = generation();
	if (state->generation != now_generation || state->cred != (__u64)FOLLOW(task, cred) || (state->wanted && !state->version))
		return decide(task, state, now_generation);
	return state->wanted;
}
