/* The record rings: fixed-size slots in an mmapable array, one ring per CPU (or per group of CPUs).
 *
 * A slot is claimed by an atomic add, filled, and published by writing the number of its lap into `commit`. The reader takes
 * the published prefix and moves `tail`. No helper call, no lock, no wake-up; a nested or preempting program claims a slot of
 * its own. When the reader lags, events are counted instead, and a marker stands where the gap begins. */
#pragma once
#include "access.h"

struct ring {
	struct control *control;
	__u8 *base;
};

static __always_inline bool find_ring(struct ring *ring, __u32 cpu)
{
	__u32 index = cpu >> cpu_shift;
	ring->control = bpf_map_lookup_elem(&controls, &index);
	ring->base = bpf_map_lookup_elem(&rings, &index);
	return ring->control && ring->base;
}

static __always_inline void publish(struct record *record, __u64 position)
{
	__u32 lap = (__u32)(position >> slot_bits) + 1;
#if defined(__TARGET_ARCH_arm64) && !defined(KINDLING_OLD)
	__sync_lock_test_and_set(&record->commit, lap); /* a full barrier: the fields first */
#else
	asm volatile("" ::: "memory"); /* x86 keeps the order of stores */
	*(volatile __u32 *)&record->commit = lap;
#endif
}

static __always_inline __u64 claim(__u64 *counter, __u64 amount)
{
#ifdef KINDLING_OLD
	/* No fetching atomics before 5.12. Rings are never shared there, and hooks run with preemption off. */
	__u64 before = *(volatile __u64 *)counter;
	*(volatile __u64 *)counter = before + amount;
	return before;
#else
	return __sync_fetch_and_add(counter, amount);
#endif
}

static __always_inline struct record *slot_at(struct ring *ring, __u64 position)
{
	__u32 index = (__u32)position & slot_mask;
	return (struct record *)(ring->base + index * sizeof(struct record));
}

static __noinline void count_loss(__u32 kind, __u32 slot)
{
	__u32 index = kind * SLOTS + slot;
	__u64 *count = bpf_map_lookup_elem(&losses, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __noinline void count_full(struct control *control, __u32 slot, __u64 now)
{
	count_loss(LOSS_KIND_RING_FULL, slot);
	if (!control->pending)
		control->since = now;
	__sync_fetch_and_add(&control->pending, 1);
}

static __noinline void mark_gap(struct ring *ring, __u32 cpu)
{
	__u64 position = claim(&ring->control->head, 1);
	struct record *record = slot_at(ring, position);
	record->event = LOST_MARKER;
	record->cpu = cpu;
	record->time = ring->control->since;
	record->args[0] = ring->control->pending;
	record->length = 0;
	ring->control->pending = 0;
	publish(record, position);
}

/* A slot for one record, or NULL when the ring is full (then the loss is counted). */
static __always_inline struct record *reserve(struct ring *ring, __u32 cpu, __u32 slot, __u64 now, __u64 *position)
{
	struct control *control = ring->control;
	__u64 used = *(volatile __u64 *)&control->head - *(volatile __u64 *)&control->tail;
	/* Room is kept for the claims of programs that interrupt this one between the test and the claim. */
	if (used + 64 > slot_mask) {
		count_full(control, slot, now);
		return NULL;
	}
	if (control->pending)
		mark_gap(ring, cpu);
	*position = claim(&control->head, 1);
	return slot_at(ring, *position);
}

/* Copy a record's variable part into the data area. What does not fit is left out and marked. */
static __always_inline void store_data(struct ring *ring, struct record *record, const void *source, __u32 length)
{
	struct control *control = ring->control;
	record->length = 0;
	if (!length)
		return;
	__u64 used = *(volatile __u64 *)&control->data_head - *(volatile __u64 *)&control->data_tail;
	if (used + length + DATA_SLACK > data_mask) {
		record->marks |= MARK_NO_ROOM;
		return;
	}
	__u64 position = claim(&control->data_head, length);
	__u32 offset = (__u32)position & data_mask;
	if (length > MAX_DATA)
		return;
	if (bpf_probe_read_kernel(ring->base + data_offset + offset, BOUNDED(length, 0xffff), source))
		return;
	record->data = (__u32)position;
	record->length = length;
}
