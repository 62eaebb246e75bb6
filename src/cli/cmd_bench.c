/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch bench: what a running daemon can take, and how long its answers take. */
#include "ask.h"
#include "load.h"

#include "postlatch/json.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_CONNECTIONS = 64, DEFAULT_SECONDS = 5, DEFAULT_SEED = 1 };

/* The percentiles that are printed. */
static const struct percentile {
    const char *name;
    unsigned permille;
} percentiles[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}, {"max", 1000}};

enum { PERCENTILES = sizeof(percentiles) / sizeof(percentiles[0]) };

static bool take_number(const char *option, const char *text, unsigned long min, unsigned long max,
                        unsigned long *out)
{
    struct pl_quote q;

    if (text == NULL || pl_str_to_number(pl_str_of(text), min, max, out))
        return true;
    trouble("bench: %s %s: expected a number from %lu to %lu", option,
            pl_quote(&q, pl_str_of(text)), min, max);
    return false;
}

static bool take_plan(const struct arguments *a, struct load_plan *plan, unsigned long *seed)
{
    unsigned long connections = DEFAULT_CONNECTIONS, seconds = DEFAULT_SECONDS, rate = 0, pid = 0;

    *seed = DEFAULT_SEED;
    if (!take_number("--connections", a->connections, 1, LOAD_CONNECTIONS_MAX, &connections) ||
        !take_number("--seconds", a->seconds, 1, LOAD_SECONDS_MAX, &seconds) ||
        !take_number("--rate", a->rate, 1, LOAD_RATE_MAX, &rate) ||
        !take_number("--pid", a->pid, 1, INT32_MAX, &pid) ||
        !take_number("--seed", a->seed, 0, UINT32_MAX, seed))
        return false;
    if ((a->seed != NULL) + (a->requests != NULL) + (a->count > 0) > 1) {
        trouble("bench: --seed, --requests and ATTR=VALUE exclude each other");
        return false;
    }
    plan->connections = (unsigned)connections;
    plan->seconds = (unsigned)seconds;
    plan->rate = (unsigned)rate;
    plan->pid = (pid_t)pid;
    return true;
}

static bool take_requests(const struct arguments *a, struct load_requests *r, unsigned long seed)
{
    if (a->requests != NULL)
        return load_requests_read(r, a->requests);
    if (a->count > 0)
        return load_requests_ask(r, a->words, a->count);
    return load_requests_generate(r, seed);
}

/* Microseconds, rounded up: an answer never takes none. */
static long long us(int64_t ns)
{
    return (ns + 999) / 1000;
}

static long long per_second(const struct load_result *r)
{
    return r->elapsed_ns > 0 ? (long long)((double)r->answers * 1e9 / (double)r->elapsed_ns) : 0;
}

static void print_text(const struct load_plan *plan, const struct load_result *r)
{
    printf("%-14s %u\n", "connections", plan->connections);
    if (plan->rate > 0)
        printf("%-14s open, %u requests/s due\n", "loop", plan->rate);
    else
        printf("%-14s closed\n", "loop");
    printf("%-14s %.3f\n", "seconds", (double)r->elapsed_ns / 1e9);
    printf("%-14s %llu\n", "answers", (unsigned long long)r->answers);
    printf("%-14s %lld\n", "requests/s", per_second(r));
    for (size_t i = 0; i < r->nwords; i++)
        printf("action %-7s %llu\n", r->words[i].text, (unsigned long long)r->words[i].count);
    if (r->other_words > 0)
        printf("%-14s %llu\n", "other actions", (unsigned long long)r->other_words);
    for (size_t i = 0; i < PERCENTILES; i++)
        printf("%-5s us       %lld\n", percentiles[i].name,
               us(load_histogram_at(&r->latency, percentiles[i].permille)));
    if (plan->pid != 0 && r->answers > 0)
        printf("%-14s %.3f\n", "CPU us/request", (double)r->cpu_ns / 1000 / (double)r->answers);
    printf("%-14s %llu\n", "errors", (unsigned long long)load_result_errors(r));
}

static void print_json(const struct load_plan *plan, const struct load_result *r)
{
    struct pl_json *out = pl_json_object(), *actions = pl_json_object(),
                   *latency = pl_json_object();

    pl_json_set(out, "loop", pl_json_string(pl_str_of(plan->rate > 0 ? "open" : "closed")));
    pl_json_set(out, "connections", pl_json_number(plan->connections));
    if (plan->rate > 0)
        pl_json_set(out, "rate", pl_json_number(plan->rate));
    pl_json_set(out, "elapsed_us", pl_json_number(us(r->elapsed_ns)));
    pl_json_set(out, "answers", pl_json_number((long long)r->answers));
    pl_json_set(out, "requests_per_s", pl_json_number(per_second(r)));
    for (size_t i = 0; i < r->nwords; i++)
        pl_json_set(actions, r->words[i].text, pl_json_number((long long)r->words[i].count));
    pl_json_set(out, "actions", actions);
    pl_json_set(out, "other_actions", pl_json_number((long long)r->other_words));
    for (size_t i = 0; i < PERCENTILES; i++)
        pl_json_set(latency, percentiles[i].name,
                    pl_json_number(us(load_histogram_at(&r->latency, percentiles[i].permille))));
    pl_json_set(out, "latency_us", latency);
    if (plan->pid != 0)
        pl_json_set(out, "cpu_us", pl_json_number(us(r->cpu_ns)));
    pl_json_set(out, "errors", pl_json_number((long long)load_result_errors(r)));
    pl_json_set(out, "trouble",
                r->trouble[0] == '\0' ? pl_json_null() : pl_json_string(pl_str_of(r->trouble)));
    pl_json_print(out, stdout);
    pl_json_free(out);
}

int cmd_bench(const struct arguments *a)
{
    struct load_plan plan = {0};
    struct load_requests requests = {0};
    struct load_result result;
    struct pl_endpoint where;
    unsigned long seed;
    int status = EXIT_TROUBLE;

    if (!take_plan(a, &plan, &seed) || !find_policy_socket(a, &where) ||
        !take_requests(a, &requests, seed))
        goto out;
    plan.where = &where;
    plan.requests = &requests;
    if (!load_run(&plan, &result))
        goto out;
    (a->json ? print_json : print_text)(&plan, &result);
    status = EXIT_FINE;
    if (load_result_errors(&result) > 0)
        status = trouble("bench: %s", result.trouble);
out:
    load_requests_fini(&requests);
    return status;
}
