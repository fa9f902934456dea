/* Kindling's kernel side: generic programs driven by plans that Python derives from the catalogue. No event is named here
 * except the few that are not syscalls and have a hook of their own. */
#include "capture.h"
#include "filter.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#include "thread.h"
#include "syscalls.h"
#include "process.h"
