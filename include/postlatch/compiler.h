/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_COMPILER_H
#define POSTLATCH_COMPILER_H

/*
 * PL_PRINTF - let the compiler check a printf-like function: format is argument n, values start at
 * m
 */
#define PL_PRINTF(n, m) __attribute__((format(printf, n, m)))

/*
 * PL_OWN_FRAME - not inlined: what only some callers' paths need, registers saved and a guarded stack,
 * is not paid on the others
 */
#define PL_OWN_FRAME __attribute__((noinline))

/* PL_LIKELY - the condition holds nearly always; the compiler lays out the code for that */
#define PL_LIKELY(expr) __builtin_expect((expr), 1)

/*
 * pl_assert - an invariant of ours; a false one is a bug, never bad input
 *
 * Aborts in every build, NDEBUG or not: a daemon that decides who may relay must stop rather than
 * go on with a state that it does not understand. The message names the expression, file and line.
 */
#define pl_assert(expr) (PL_LIKELY(expr) ? (void)0 : pl_assert_failed(#expr, __FILE__, __LINE__))

/* pl_never - a place that is never reached, by an invariant of ours */
#define pl_never(why) pl_assert_failed("never: " why, __FILE__, __LINE__)

_Noreturn void pl_assert_failed(const char *expr, const char *file, int line);

#endif
