/* The life of processes and threads: fork, exec, exit, signals; and what makes a thread's description out of date. */
#pragma once
#include "thread.h"

static __always_inline int emit(struct task_struct *task, struct thread_state *state, __u32 slot, __u64 *args, __s64 ret,
				struct scratch *scratch, __u32 length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 now = bpf_ktime_get_ns();
	struct ring ring;
	__u64 position;

	__u32 lane = cpu * LANES + LANE_OTHER;
	struct seen_file *none = bpf_map_lookup_elem(&sightings, &lane);
	if (!none)
		return 0;
	none->id = 0;
	if (!passes(slot, cpu, NO_FD, ret, NO_LATENCY, none))
		return 0;
	if (!find_ring(&ring, cpu))
		return 0;
	struct record *record = reserve(&ring, cpu, slot, now, &position);
	if (!record)
		return 0;
	record->event = slot;
	record->cpu = cpu;
	record->time = now;
	record->ret = ret;
	record->latency = NO_LATENCY;
	record->tid = FOLLOW(task, pid);
	record->pid = FOLLOW(task, tgid);
	record->thread = state->version;
	record->fd = NO_FD;
	record->object = 0;
	record->marks = scratch ? scratch->marks : 0;
	__builtin_memcpy(record->args, args, 6 * sizeof(__u64));
	if (scratch)
		store_data(&ring, record, scratch->data, length);
	else
		record->length = 0;
	publish(record, position);
	return 0;
}

static __always_inline struct plan *wanted_plan(__u32 slot)
{
	struct plan *plan = bpf_map_lookup_elem(&plans, &slot);
	return plan && plan->flags & EVENT_FLAG_WANTED ? plan : NULL;
}

static __always_inline void clear(struct scratch *scratch, __u32 slot)
{
	scratch->marks = 0;
	scratch->slot = slot;
	scratch->snaplen = 0;
	scratch->executed = 0;
	scratch->tentative = 0;
	scratch->ret = 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (FOLLOW(parent, tgid) != FOLLOW(child, tgid)) {
		__u32 bits = process_bits(FOLLOW(parent, group_leader));
		if (!settings.exclude_children)
			bits &= ~PROCESS_BIT_EXCLUDED;
		if (bits)
			set_process_bits(child, bits);
	}
	struct plan *plan = wanted_plan(SLOT_PROCESS_FORK);
	if (!plan)
		return 0;
	struct thread_state *state = thread_state(parent);
	if (!state || !admit(parent, state))
		return 0;
	struct scratch *scratch = scratch_of(bpf_get_smp_processor_id(), LANE_OTHER);
	if (!scratch)
		return 0;
	clear(scratch, SLOT_PROCESS_FORK);
	__u64 args[6] = {FOLLOW(child, tgid), FOLLOW(child, pid)};
	long length = bpf_probe_read_kernel_str(&scratch->data[4], 16, (void *)child + bpf_core_field_offset(struct task_struct, comm));
	__u32 end = put_header(scratch, 0, 0, 0, length > 0 && length <= 16 ? length - 1 : 0);
	return emit(parent, state, SLOT_PROCESS_FORK, args, 0, scratch, end);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct thread_state *state = thread_state_if_any(task);
	if (state)
		state->generation = generation() - 1;
	if (process_bits(FOLLOW(task, group_leader)) & PROCESS_BIT_FOLLOW_FROM_EXEC)
		set_process_bits(FOLLOW(task, group_leader), PROCESS_BIT_FOLLOWED);
	struct plan *plan = wanted_plan(SLOT_PROCESS_EXEC);
	if (!plan)
		return 0;
	state = thread_state(task);
	if (!state || !admit(task, state))
		return 0;
	struct scratch *scratch = scratch_of(bpf_get_smp_processor_id(), LANE_OTHER);
	if (!scratch)
		return 0;
	clear(scratch, SLOT_PROCESS_EXEC);
	__u64 args[6] = {0, 0, old_pid};
	long length = bpf_probe_read_kernel_str(&scratch->data[4], 4096, FOLLOW(bprm, filename));
	__u32 at = put_header(scratch, 0, 0, length == 4096 ? MARK_TRUNCATED : 0, length > 0 && length <= 4096 ? length - 1 : 0);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start);
	at = put_bytes(scratch, at, 1, start, BPF_CORE_READ(mm, arg_end) - start, settings.arguments_limit);
	return emit(task, state, SLOT_PROCESS_EXEC, args, 0, scratch, at);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct plan *plan = wanted_plan(SLOT_PROCESS_EXIT);
	if (plan) {
		struct thread_state *state = thread_state(task);
		if (state && admit(task, state)) {
			__u64 args[6] = {FOLLOW(task, exit_code), BPF_CORE_READ(task, signal, live.counter) == 0};
			emit(task, state, SLOT_PROCESS_EXIT, args, 0, NULL, 0);
		}
	}
#ifdef KINDLING_OLD
	__u32 tid = FOLLOW(task, pid);
	bpf_map_delete_elem(&threads, &tid);
	if (tid == FOLLOW(task, tgid))
		bpf_map_delete_elem(&processes, &tid);
#endif
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct plan *plan = wanted_plan(SLOT_SIGNAL_DELIVER);
	if (!plan)
		return 0;
	struct task_struct *task = current_task();
	struct thread_state *state = thread_state(task);
	if (!state || !admit(task, state))
		return 0;
	__u64 args[6] = {number};
	if ((__u64)info > 4096) {
		int code = BPF_CORE_READ(info, si_code);
		args[1] = (__u64)(__s64)code;
		/* Others have an address, a timer or nothing in this place: SI_USER, SI_QUEUE, SI_TKILL and SIGCHLD have a pid. */
		if (code == 0 || code == -1 || code == -6 || number == 17)
			args[2] = BPF_CORE_READ(info, _sifields._kill._pid);
	}
	args[3] = (__u64)BPF_CORE_READ(action, sa.sa_handler);
	args[4] = BPF_CORE_READ(action, sa.sa_flags);
	return emit(task, state, SLOT_SIGNAL_DELIVER, args, 0, NULL, 0);
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task)
{
	struct thread_state *state = thread_state_if_any(task);
	if (state)
		state->generation = generation() - 1;
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	__sync_fetch_and_add(&epoch, 1);
	return 0;
}
