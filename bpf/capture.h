/* The variable part of a record: strings, structures, addresses, payload, as the plan says. Put together in the CPU's scratch
 * area, then copied into the ring in one go. */
#pragma once
#include "objects.h"
#include "ring.h"

static __always_inline struct scratch *scratch_of(__u32 cpu, __u32 lane)
{
	__u32 index = cpu * LANES + lane;
	return bpf_map_lookup_elem(&scratches, &index);
}

static __always_inline __u32 put_header(struct scratch *scratch, __u32 at, __u32 number, __u32 marks, __u32 length)
{
	struct data_header *header;
	if (at > MAX_DATA)
		return at;
	header = (struct data_header *)&scratch->data[BOUNDED(at, SCRATCH_MASK)];
	header->capture = number;
	header->marks = marks;
	header->length = length;
	scratch->marks |= marks;
	return (at + sizeof(*header) + length + 7) & ~7U;
}

static __always_inline __u32 put_bytes(struct scratch *scratch, __u32 at, __u32 number, __u64 address, __u64 wanted, __u32 limit)
{
	__u32 length = wanted > limit ? limit : wanted;
	__u32 marks = wanted > limit ? MARK_TRUNCATED : 0;

	if (at > MAX_DATA)
		return at;
	if (length > MAX_PAYLOAD)
		length = MAX_PAYLOAD;
	if (at + length > MAX_DATA) {
		scratch->marks |= MARK_TRUNCATED;
		return at;
	}
	if (bpf_probe_read_user(&scratch->data[BOUNDED(at, SCRATCH_MASK) + 4], BOUNDED(length, SCRATCH_MASK), (void *)address))
		return scratch->tentative ? at : put_header(scratch, at, number, MARK_FAULT, 0);
	return put_header(scratch, at, number, marks, length);
}

struct user_iovec {
	__u64 base, length;
};

/* The bytes that `count` iovecs point to, up to `wanted`. */
static __always_inline __u32 put_vector(struct scratch *scratch, __u32 at, __u32 number, __u64 vector, __u32 count, __u64 wanted,
					__u32 limit)
{
	__u32 left = wanted > limit ? limit : wanted, done = 0, marks = wanted > limit ? MARK_TRUNCATED : 0;

	for (__u32 i = 0; i < 16; i++) {
		struct user_iovec segment;
		if (i >= count || !left)
			break;
		if (bpf_probe_read_user(&segment, sizeof(segment), (void *)(vector + i * sizeof(segment)))) {
			marks |= MARK_FAULT;
			break;
		}
		__u32 length = segment.length > left ? left : segment.length;
		__u32 position = at + 4 + done;
		if (length > MAX_PAYLOAD || position > MAX_DATA)
			break;
		if (bpf_probe_read_user(&scratch->data[BOUNDED(position, SCRATCH_MASK)], BOUNDED(length, SCRATCH_MASK),
					(void *)segment.base)) {
			marks |= MARK_FAULT;
			break;
		}
		done += length;
		left -= length;
	}
	if (left)
		marks |= MARK_TRUNCATED;
	return put_header(scratch, at, number, marks, done);
}

struct user_msghdr {
	__u64 name;
	__u32 name_length, pad;
	__u64 vector, count, control, control_length;
	__u64 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LANES);
	__type(key, __u32);
	__type(value, struct user_msghdr);
} messages SEC(".maps");

/* One capture of one plan entry; returns where the next one goes. A global function: verified once, called with numbers. */
__noinline __u32 capture_one(__u32 index, __u32 number, __u32 at)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &index);
	if (!scratch || number >= MAX_CAPTURES || at > MAX_DATA)
		return at;
	__u32 slot = scratch->slot;
	struct plan *plan = bpf_map_lookup_elem(&plans, &slot);
	if (!plan)
		return at;
	struct capture *capture = &plan->capture[BOUNDED(number, MAX_CAPTURES - 1)];
	__u32 argument = capture->argument;
	if (argument >= MAX_ARGUMENTS)
		return at;
	__u64 address = scratch->args[argument];
	__s64 ret = scratch->ret;
	__u32 limit = capture->limit;
	__u64 wanted = 0;
	__u32 id = capture->number;

	scratch->tentative = capture->flags & CAPTURE_FLAG_TENTATIVE;
	if (capture->when_argument < MAX_ARGUMENTS && (__u32)scratch->args[capture->when_argument] != capture->when_value)
		return at;
	if (capture->flags & CAPTURE_FLAG_ON_SUCCESS && ret < 0 && ret >= -4095)
		return at;
	if (capture->flags & CAPTURE_FLAG_PAYLOAD) {
		limit = scratch->snaplen;
		if (!limit)
			return at;
	}
	if (limit > MAX_PAYLOAD)
		limit = MAX_PAYLOAD;

	if (capture->kind == COPY_OBJECT || capture->kind == COPY_CWD) {
		/* An absolute path starts nowhere. */
		if (capture->length_argument < MAX_ARGUMENTS) {
			char first = 0;
			bpf_probe_read_user(&first, 1, (void *)scratch->args[capture->length_argument]);
			if (first == '/' || (!first && capture->kind == COPY_CWD))
				return at;
		}
		if (capture->kind == COPY_CWD)
			address = (__u64)-100;
		struct task_struct *task = current_task();
		struct seen_file *seen = bpf_map_lookup_elem(&sightings, &index);
		__u64 object = 0;
		if (!seen)
			return at;
		struct file *file = file_of(task, (__s32)address);
		if (file) {
			struct dentry *root = root_of(task);
			see_file(seen, file, root);
			if (announce(seen, root))
				object = seen->id;
			else
				scratch->marks |= MARK_NO_OBJECT;
		} else if ((__s32)address == -100 && FOLLOW(task, fs)) {
			/* AT_FDCWD: the working directory, described like an open directory. */
			struct fs_struct *fs = FOLLOW(task, fs);
			struct dentry *root = root_of(task);
			see_directory(seen, FOLLOW(fs, pwd.dentry), FOLLOW(fs, pwd.mnt), root);
			if (announce(seen, root))
				object = seen->id;
			else
				scratch->marks |= MARK_NO_OBJECT;
		}
		__builtin_memcpy(&scratch->data[BOUNDED(at, SCRATCH_MASK) + 4], &object, 8);
		return put_header(scratch, at, id, 0, 8);
	}
	if (scratch->executed && capture->kind == COPY_STRINGS) {
		bool environment = capture->flags & CAPTURE_FLAG_ENVIRONMENT;
		limit = environment ? settings.environment_limit : settings.arguments_limit;
		if (!limit)
			return at;
		address = environment ? scratch->environment_start : scratch->argument_start;
		wanted = (environment ? scratch->environment_end : scratch->argument_end) - address;
		return put_bytes(scratch, at, id, address, wanted, limit);
	}
	if (!address)
		return at;

	switch (capture->length_from) {
	case LENGTH_FROM_FIXED:
		wanted = capture->length;
		break;
	case LENGTH_FROM_ARGUMENT:
		if (capture->length_argument < MAX_ARGUMENTS)
			wanted = scratch->args[capture->length_argument];
		if (wanted >> 40) /* a negative int, or nonsense */
			wanted = 0;
		wanted *= capture->length;
		break;
	case LENGTH_FROM_RESULT:
		wanted = ret > 0 ? ret * capture->length : 0;
		break;
	case LENGTH_FROM_POINTED_32:
		if (capture->length_argument < MAX_ARGUMENTS) {
			__u32 pointed = 0;
			bpf_probe_read_user(&pointed, sizeof(pointed), (void *)scratch->args[capture->length_argument]);
			wanted = (__u64)pointed * capture->length;
		}
		break;
	}

	switch (capture->kind) {
	case COPY_STRING: {
		if (limit > 4096)
			limit = 4096;
		if (at > MAX_DATA || limit < 2)
			return at;
		long length = bpf_probe_read_user_str(&scratch->data[BOUNDED(at, SCRATCH_MASK) + 4], BOUNDED(limit, 0x1fff), (void *)address);
		if (length <= 0 || length > 4096)
			return scratch->tentative ? at : put_header(scratch, at, id, MARK_FAULT, 0);
		__u32 truncated = 0;
		if (length == limit) {
			/* A string that just fits, as a path of PATH_MAX bytes does, ends here in the caller's memory too. */
			char last = 1;
			bpf_probe_read_user(&last, 1, (void *)(address + limit - 1));
			truncated = last ? MARK_TRUNCATED : 0;
		}
		return put_header(scratch, at, id, truncated, length - 1);
	}
	case COPY_BYTES:
		/* Nothing came of it, which is not the same as no bytes. */
		if (capture->length_from == LENGTH_FROM_RESULT && ret < 0)
			return at;
		return put_bytes(scratch, at, id, address, wanted, limit);
	case COPY_STRINGS: {
		__u32 done = 0, marks = 0;
		bool environment = capture->flags & CAPTURE_FLAG_ENVIRONMENT;
		__u32 room = environment ? settings.environment_limit : settings.arguments_limit;
		if (!room)
			return at;
		for (__u32 i = 0; i < 128; i++) {
			__u64 pointer;
			if (bpf_probe_read_user(&pointer, sizeof(pointer), (void *)(address + i * 8))) {
				marks |= MARK_FAULT;
				break;
			}
			if (!pointer)
				break;
			__u32 position = at + 4 + done;
			if (done >= room || position > MAX_DATA || i == 127) {
				marks |= MARK_TRUNCATED;
				break;
			}
			long length = bpf_probe_read_user_str(&scratch->data[BOUNDED(position, SCRATCH_MASK)], 4096, (void *)pointer);
			if (length <= 0) {
				marks |= MARK_FAULT;
				break;
			}
			done += length & 0x1fff;
		}
		return put_header(scratch, at, id, marks, done);
	}
	case COPY_IOVEC:
		if (capture->length_argument >= MAX_ARGUMENTS)
			return at;
		if (ret <= 0)
			return at;
		return put_vector(scratch, at, id, address, scratch->args[capture->length_argument], ret, limit);
	case COPY_MSGHDR:
		return put_bytes(scratch, at, id, address, sizeof(struct user_msghdr), sizeof(struct user_msghdr));
	default: {
		struct user_msghdr *message = bpf_map_lookup_elem(&messages, &index);
		if (!message || bpf_probe_read_user(message, sizeof(*message), (void *)address))
			return at;
		if (capture->kind == COPY_MSG_NAME && message->name && message->name_length)
			return put_bytes(scratch, at, id, message->name, message->name_length, limit);
		if (capture->kind == COPY_MSG_CONTROL && message->control && message->control_length)
			return put_bytes(scratch, at, id, message->control, message->control_length, limit);
		if (capture->kind == COPY_MSG_PAYLOAD && ret > 0)
			return put_vector(scratch, at, id, message->vector, message->count, ret, limit);
		return at;
	}
	}
}

/* All captures of a plan entry into scratch area `index`; returns how many bytes they take. */
static __always_inline __u32 capture_all(__u32 index, __u32 count)
{
	__u32 at = 0;
	for (__u32 i = 0; i < MAX_CAPTURES; i++) {
		if (i >= count)
			break;
		at = capture_one(index, i, at);
	}
	return at;
}
