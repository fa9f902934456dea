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

/* A loop whose body is verified once: `body(index, context)` returns 1 to end it. Before bpf_loop (5.17) an ordinary loop. */
#ifdef KINDLING_OLD
#define LOOP(times, body, context)                     \
	do {                                           \
		for (__u32 _i = 0; _i < (times); _i++) \
			if (body(_i, context))         \
				break;                 \
	} while (0)
#else
#define LOOP(times, body, context) bpf_loop(times, body, context, 0)
#endif

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

struct cell {
	__u64 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

/* A pointer as a number. The verifier allows no arithmetic on typed pointers but the difference of two; where pointers come
 * with and without types (no casts before 6.2), they lose the type on the way through a map. */
static __always_inline __u64 number(const void *pointer)
{
	__u64 value = (__u64)pointer;
#ifdef KINDLING_OLD
	return value;
#else
	if (!has_rdonly_cast) {
		__u32 cpu = bpf_get_smp_processor_id();
		volatile struct cell *cell = bpf_map_lookup_elem(&cells, &cpu);
		if (!cell)
			return 0;
		cell->value = value;
		return cell->value;
	}
	if (!value)
		return 0;
	const void *base = &settings;
	asm volatile("%0 -= %1" : "+r"(value) : "r"(base));
	return value;
#endif
}

/* An offset with its bound in plain sight of the verifier: compilers drop a mask that they know to be redundant, and
 * verifiers before 6.8 forget bounds of what they spilled. */
#define BOUNDED(offset, mask)                                           \
	({                                                              \
		__u64 _bounded = (offset);                              \
		asm volatile("%0 &= %1" : "+r"(_bounded) : "i"(mask)); \
		_bounded;                                               \
	})

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
