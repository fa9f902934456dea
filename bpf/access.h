/* Two ways to read kernel memory. Where the program may follow typed pointers, loads are plain instructions; on kernels
 * without (KINDLING_OLD: before 5.12) and behind untyped pointers, every load is a helper call. */
#pragma once
#include "maps.h"

#ifdef KINDLING_OLD
#define FOLLOW(pointer, field) BPF_CORE_READ(pointer, field)
#else
#define FOLLOW(pointer, field) ((pointer)->field)
#endif

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/* `pointer` as a typed pointer of the verifier's, where this kernel has that cast (6.2 and later). */
#define CAST(pointer, type)                                                                            \
	(has_rdonly_cast ? (struct type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(struct type)) \
			 : (struct type *)(pointer))
#define GET(pointer, type, field)                                                                              \
	(has_rdonly_cast ? ((struct type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(struct type)))->field \
			 : BPF_CORE_READ((struct type *)(pointer), field))

static __always_inline struct task_struct *current_task(void)
{
#ifdef KINDLING_OLD
	return (struct task_struct *)bpf_get_current_task();
#else
	return bpf_get_current_task_btf();
#endif
}

static __always_inline struct thread_state *thread_state(struct task_struct *task)
{
#ifdef KINDLING_OLD
	__u32 tid = FOLLOW(task, pid);
	struct thread_state *state = bpf_map_lookup_elem(&threads, &tid);
	if (state)
		return state;
	struct thread_state fresh = {};
	bpf_map_update_elem(&threads, &tid, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&threads, &tid);
#else
	return bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
#endif
}

static __always_inline struct thread_state *thread_state_if_any(struct task_struct *task)
{
#ifdef KINDLING_OLD
	__u32 tid = FOLLOW(task, pid);
	return bpf_map_lookup_elem(&threads, &tid);
#else
	return bpf_task_storage_get(&threads, task, 0, 0);
#endif
}

/* The PROCESS_* bits of a thread group, by its leader. */
static __always_inline __u32 process_bits(struct task_struct *leader)
{
#ifdef KINDLING_OLD
	__u32 pid = FOLLOW(leader, tgid);
	__u32 *bits = bpf_map_lookup_elem(&processes, &pid);
#else
	__u32 *bits = bpf_task_storage_get(&processes, leader, 0, 0);
#endif
	return bits ? *bits : 0;
}

static __always_inline void set_process_bits(struct task_struct *leader, __u32 bits)
{
#ifdef KINDLING_OLD
	__u32 pid = FOLLOW(leader, tgid);
	bpf_map_update_elem(&processes, &pid, &bits, BPF_ANY);
#else
	__u32 *value = bpf_task_storage_get(&processes, leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value)
		*value = bits;
#endif
}

/* A pointer as a number. The verifier allows no arithmetic on typed pointers but the difference of two. */
static __always_inline __u64 number(const void *pointer)
{
	__u64 value = (__u64)pointer;
	if (!value)
		return 0;
	const void *base = &settings;
	asm volatile("%0 -= %1" : "+r"(value) : "r"(base));
	return value;
}

static __always_inline __u64 mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static __always_inline bool is_foreign_abi(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return FOLLOW(task, thread_info.status) & 2; /* TS_COMPAT */
#else
	return FOLLOW(task, thread_info.flags) & (1UL << 22); /* TIF_32BIT */
#endif
}
