/* Every syscall, at its return, and where asked for at its entry. */
#pragma once
#include "thread.h"

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_NUMBER(regs) ((__u32)FOLLOW(regs, orig_ax))
#define SYSCALL_ARGUMENTS(regs, into)        \
	do {                                 \
		(into)[0] = FOLLOW(regs, di); \
		(into)[1] = FOLLOW(regs, si); \
		(into)[2] = FOLLOW(regs, dx); \
		(into)[3] = FOLLOW(regs, r10); \
		(into)[4] = FOLLOW(regs, r8); \
		(into)[5] = FOLLOW(regs, r9); \
	} while (0)
#define RT_SIGRETURN 15
#else
#define SYSCALL_NUMBER(regs) ((__u32)FOLLOW(regs, syscallno))
#define SYSCALL_ARGUMENTS(regs, into)              \
	do {                                       \
		(into)[0] = FOLLOW(regs, orig_x0);  \
		(into)[1] = FOLLOW(regs, regs[1]); \
		(into)[2] = FOLLOW(regs, regs[2]); \
		(into)[3] = FOLLOW(regs, regs[3]); \
		(into)[4] = FOLLOW(regs, regs[4]); \
		(into)[5] = FOLLOW(regs, regs[5]); \
	} while (0)
#define RT_SIGRETURN 139
#endif

/* One argument by its position: on the small stack there is no room for all where only one is needed. */
static __always_inline __u64 syscall_argument(struct pt_regs *regs, __u32 position)
{
#if defined(__TARGET_ARCH_x86)
	switch (position) {
	case 0:
		return FOLLOW(regs, di);
	case 1:
		return FOLLOW(regs, si);
	case 2:
		return FOLLOW(regs, dx);
	case 3:
		return FOLLOW(regs, r10);
	case 4:
		return FOLLOW(regs, r8);
	default:
		return FOLLOW(regs, r9);
	}
#else
	switch (position) {
	case 0:
		return FOLLOW(regs, orig_x0);
	case 1:
		return FOLLOW(regs, regs[1]);
	case 2:
		return FOLLOW(regs, regs[2]);
	case 3:
		return FOLLOW(regs, regs[3]);
	case 4:
		return FOLLOW(regs, regs[4]);
	default:
		return FOLLOW(regs, regs[5]);
	}
#endif
}

static __noinline bool event_wanted(struct filter_view *view, struct seen_file *seen)
{
	struct task_struct *task = current_task();
	view_thread(view, task);
	find_container(view, task);
	view->cgroup = BPF_CORE_READ(task_cgroup(task), id);
	view->followed = process_bits(FOLLOW(task, group_leader)) & PROCESS_BIT_FOLLOWED;
	view->kind = 0;
	view->has_ports = 0;
	if (seen->id) {
		view->kind = seen->kind ? seen->kind : fd_kind(seen);
		if (seen->family == 2 || seen->family == 10) {
			view->ports = (__u32)seen->local_port << 16 | seen->remote_port;
			view->has_ports = 1;
		}
	}
	return run_filter(view->cpu, FILTER_INSTRUCTIONS, settings.event_filter);
}

static __always_inline bool passes(__u32 slot, __u32 cpu, __s32 fd, __s64 ret, __u64 latency, struct seen_file *seen)
{
	if (!settings.event_filter)
		return true;
	struct filter_view *view = bpf_map_lookup_elem(&views, &cpu);
	if (!view)
		return true;
	view->slot = slot;
	view->cpu = cpu;
	view->fd = fd;
	view->ret = ret;
	view->latency = latency;
	return event_wanted(view, seen);
}

static __always_inline int emit_syscall(struct task_struct *task, struct thread_state *state, struct plan *plan, __u32 slot,
					struct pt_regs *regs, __s64 ret, __u64 now, __u64 latency, __u32 marks, bool returned)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 lane = cpu * LANES + (returned ? LANE_RETURN : LANE_ENTRY);
	__u32 flags = plan->flags;
	__u32 from = plan->descriptor;
	__s32 fd = NO_FD;
	__u64 object = 0;

	struct seen_file *seen = bpf_map_lookup_elem(&sightings, &lane);
	if (!seen)
		return 0;
	seen->id = 0;
	if (from == FROM_RESULT)
		fd = ret >= 0 ? ret : NO_FD;
	else if (from < MAX_ARGUMENTS)
		fd = syscall_argument(regs, from);
	if (fd < 0)
		fd = NO_FD;
	if (fd != NO_FD) {
		if (returned && flags & EVENT_FLAG_ENTRY_FD) {
			if (state->marks & STATE_NOT_WANTED)
				return 0;
			object = state->enter_object;
			seen->id = object;
			seen->kind = state->enter_kind;
			seen->family = state->enter_family;
			seen->local_port = state->enter_local_port;
			seen->remote_port = state->enter_remote_port;
			if (!object)
				marks |= state->marks & (MARK_BAD_FD | MARK_NO_OBJECT);
		} else {
			struct file *file = file_of(task, fd);
			if (file) {
				struct dentry *root = root_of(task);
				see_file(seen, file, root);
				if (returned && state->enter_file && state->enter_file != (__u64)file && from != FROM_RESULT)
					marks |= MARK_FD_CHANGED;
				else if (announce(seen, root))
					object = seen->id;
				else
					marks |= MARK_NO_OBJECT;
			} else {
				marks |= returned && state->enter_file ? MARK_FD_CHANGED : MARK_BAD_FD;
			}
		}
	}
	__u16 only = plan->only;
	if (only && !(flags & EVENT_FLAG_ENTRY_FD) && seen->id && !(only >> (seen->mode >> 12) & 1))
		return 0;
	if (!passes(slot, cpu, fd, ret, latency, seen))
		return 0;

	__u32 length = 0;
	struct scratch *scratch = NULL;
	if (plan->captures) {
		scratch = bpf_map_lookup_elem(&scratches, &lane);
		if (!scratch)
			return 0;
		SYSCALL_ARGUMENTS(regs, scratch->args);
		scratch->ret = ret;
		scratch->snaplen = settings.snaplen;
		scratch->marks = 0;
		scratch->slot = slot;
		scratch->executed = 0;
		if (flags & EVENT_FLAG_EXEC && returned && ret == 0) {
			/* The old memory is gone. The kernel put what it was given on top of the new stack: strings of argv, of the
			 * environment, then the path. */
			struct mm_struct *mm = BPF_CORE_READ(task, mm);
			scratch->executed = 1;
			scratch->argument_start = BPF_CORE_READ(mm, arg_start);
			scratch->argument_end = BPF_CORE_READ(mm, arg_end);
			scratch->environment_start = BPF_CORE_READ(mm, env_start);
			scratch->environment_end = BPF_CORE_READ(mm, env_end);
			scratch->args[plan->path & 1] = scratch->environment_end;
		}
		length = capture_all(lane, plan->captures);
		marks |= scratch->marks;
	}

	struct ring ring;
	__u64 position;
	if (!find_ring(&ring, cpu))
		return 0;
	struct record *record = reserve(&ring, cpu, slot, now, &position);
	if (!record)
		return 0;
	record->event = slot;
	record->cpu = cpu;
	record->time = now;
	record->ret = ret;
	record->latency = latency;
	record->tid = FOLLOW(task, pid);
	record->pid = FOLLOW(task, tgid);
	record->thread = state->version;
	record->fd = fd;
	record->object = object;
	record->marks = marks;
	SYSCALL_ARGUMENTS(regs, record->args);
	if (flags & EVENT_FLAG_EXEC && returned && ret == 0) {
		record->args[0] = plan->path ? state->exec_directory : 0;
		record->args[4] = plan->path ? state->exec_flags : 0;
	}
	if (scratch)
		store_data(&ring, record, scratch->data, length);
	else
		record->length = 0;
	publish(record, position);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	__u32 slot = number;
	if (slot >= SYSCALLS)
		return 0;
	struct plan *plan = bpf_map_lookup_elem(&plans, &slot);
	if (!plan || !(plan->flags & (EVENT_FLAG_ENTRY | EVENT_FLAG_EMIT_ENTRY)))
		return 0;
	struct task_struct *task = current_task();
	if (is_foreign_abi(task))
		return 0;
	struct thread_state *state = thread_state(task);
	if (!state)
		return 0;
	/* A program that is about to be followed is noted already when it is executed. */
	if (state->generation == generation() && !state->wanted && !(plan->flags & EVENT_FLAG_EXEC))
		return 0;
	state->enter_slot = slot + 1;
	if (plan->flags & EVENT_FLAG_EXEC) {
		state->exec_directory = syscall_argument(regs, 0);
		state->exec_flags = syscall_argument(regs, 4);
	}
	__u32 from = plan->descriptor;
	state->enter_file = 0;
	if (from < MAX_ARGUMENTS) {
		struct files_struct *files = FOLLOW(task, files);
		/* Only who shares the table can lose a descriptor during the call. */
		if (plan->flags & EVENT_FLAG_ENTRY_FD || (files && FOLLOW(files, count.counter) > 1)) {
			struct file *file = file_of(task, syscall_argument(regs, from));
			state->enter_file = (__u64)file;
			if (plan->flags & EVENT_FLAG_ENTRY_FD) {
				state->enter_object = 0;
				state->marks = MARK_BAD_FD;
				__u32 lane = bpf_get_smp_processor_id() * LANES + LANE_ENTRY;
				struct seen_file *seen = bpf_map_lookup_elem(&sightings, &lane);
				if (file && seen && admit(task, state)) {
					struct dentry *root = root_of(task);
					see_file(seen, file, root);
					state->marks = MARK_NO_OBJECT;
					if (plan->only && !(plan->only >> (seen->mode >> 12) & 1))
						state->marks = STATE_NOT_WANTED;
					else if (announce(seen, root))
						state->enter_object = seen->id;
					if (settings.event_filter) {
						state->enter_kind = fd_kind(seen);
						state->enter_family = seen->family;
						state->enter_local_port = seen->local_port;
						state->enter_remote_port = seen->remote_port;
					}
				}
			}
		}
	}
	__u64 now = 0;
	if (want_latency || plan->flags & EVENT_FLAG_EMIT_ENTRY)
		now = bpf_ktime_get_ns();
	state->enter_time = now;
	if (!(plan->flags & EVENT_FLAG_EMIT_ENTRY))
		return 0;
	/* exit and exit_group do not return and keep their own slot; for the others the entry is an event beside the return. */
	__u32 entry = slot + ENTER;
	struct plan *entry_plan = bpf_map_lookup_elem(&plans, &entry);
	if (entry_plan && entry_plan->flags & EVENT_FLAG_WANTED) {
		plan = entry_plan;
		slot = entry;
	}
	if (!admit(task, state))
		return 0;
	return emit_syscall(task, state, plan, slot, regs, 0, now, NO_LATENCY, 0, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 slot = SYSCALL_NUMBER(regs);
	if (slot >= SYSCALLS) {
		/* The number is wiped when the thread returns from a signal handler. */
		if (slot != (__u32)-1)
			return 0;
		slot = RT_SIGRETURN;
	}
	struct plan *plan = bpf_map_lookup_elem(&plans, &slot);
	if (!plan || !(plan->flags & EVENT_FLAG_WANTED))
		return 0;
	__u32 flags = plan->flags;
	if (flags & EVENT_FLAG_NEW_CHILD && ret == 0)
		return 0;
	struct task_struct *task = current_task();
	struct thread_state *state = thread_state(task);
	if (!state) {
		count_loss(LOSS_KIND_NO_MEMORY, slot);
		return 0;
	}
	if (!admit(task, state))
		return 0;
	if (is_foreign_abi(task)) {
		/* Numbers of 32-bit calls mean other calls: one counter for all. */
		count_loss(LOSS_KIND_FOREIGN_ABI, 0);
		return 0;
	}
	/* A program that was executed by execveat seems to come from execve (x86 sets the number anew). */
	if (flags & EVENT_FLAG_EXEC && ret == 0 && state->enter_slot && state->enter_slot != slot + 1) {
		__u32 entered_slot = state->enter_slot - 1;
		struct plan *entered_plan = bpf_map_lookup_elem(&plans, &entered_slot);
		if (entered_plan && entered_plan->flags & EVENT_FLAG_EXEC) {
			slot = entered_slot;
			plan = entered_plan;
			flags = plan->flags;
			if (!(flags & EVENT_FLAG_WANTED))
				return 0;
		}
	}
	__u64 now = bpf_ktime_get_ns();
	__u64 latency = NO_LATENCY;
	__u32 marks = 0;
	bool entered = state->enter_slot == slot + 1;
	if (flags & EVENT_FLAG_ENTRY) {
		if (!entered) {
			marks = MARK_NO_ENTRY;
			state->enter_file = 0;
			state->enter_object = 0;
			state->marks = 0;
		} else if (want_latency) {
			latency = now - state->enter_time;
		}
	}
	state->enter_slot = 0;
	return emit_syscall(task, state, plan, slot, regs, ret, now, latency, marks, true);
}
