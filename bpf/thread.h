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
	if (bits & PROCESS_BIT_EXCLUDED)
		return false;
	__u32 count = settings.thread_filter;
	if (!count)
		return true;
	__u32 cpu = bpf_get_smp_processor_id();
	struct filter_view *view = bpf_map_lookup_elem(&views, &cpu);
	if (!view)
		return true;
	view->latency = NO_LATENCY;
	view->fd = NO_FD;
	view->followed = bits & PROCESS_BIT_FOLLOWED;
	view->cgroup = BPF_CORE_READ(task_cgroup(task), id);
	view_thread(view, task);
	find_container(view, task);
	return run_filter(cpu, 0, count);
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
	send_ancestors(task);
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
