/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_COUNTER_H
#define DAEMON_COUNTER_H

#include <stdatomic.h>

/* counter_add - to a counter that one thread writes, others read: no locked instruction */
static inline void counter_add(atomic_ulong *c, unsigned long n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* counter_get - of any thread's */
static inline unsigned long counter_get(const atomic_ulong *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

#endif
