/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Look-ups in the indexes alone: a file of networks or names, half of the questions about what is in
 * it. Dependent: where the next question is depends on the answer before, so that nothing overlaps,
 * as in a request that comes alone. Prints nanoseconds a look-up (median of 15 rounds) and bytes an entry.
 *
 *     bench_lookup networks FILE | domains FILE
 */
#include "postlatch/addrindex.h"
#include "postlatch/domain.h"
#include "postlatch/nameindex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUESTIONS = 1 << 15, ROUNDS = 15, REPEAT = 8 };

static uint64_t state = 88172645463325252ULL;

static uint32_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* One look-up of question i. */
typedef uint32_t (*ask)(const void *index, const void *questions, size_t i);

static void measure(const char *what, ask f, const void *index, const void *questions)
{
    double dependent[ROUNDS], independent[ROUNDS];
    volatile uint32_t sink;

    for (int r = 0; r < ROUNDS; r++) {
        size_t i = 0;
        uint32_t sum = 0;
        double start = now_ns();

        for (size_t n = 0; n < (size_t)QUESTIONS * REPEAT; n++)
            i = (n + (f(index, questions, i) >> 31)) & (QUESTIONS - 1);
        dependent[r] = (now_ns() - start) / (QUESTIONS * REPEAT);
        start = now_ns();
        for (size_t n = 0; n < (size_t)QUESTIONS * REPEAT; n++)
            sum += f(index, questions, n & (QUESTIONS - 1));
        independent[r] = (now_ns() - start) / (QUESTIONS * REPEAT);
        sink = sum + (uint32_t)i;
    }
    (void)sink;
    qsort(dependent, ROUNDS, sizeof(double), by_value);
    qsort(independent, ROUNDS, sizeof(double), by_value);
    printf("%s: dependent %.0f ns, independent %.0f ns\n", what, dependent[ROUNDS / 2],
           independent[ROUNDS / 2]);
}

static uint32_t ask_addr(const void *index, const void *questions, size_t i)
{
    return pl_addr_index_find(index, (const struct pl_addr *)questions + i);
}

/* Questions lie one behind the other and are asked in order, so that reading them costs nothing. */
struct name {
    char text[62];
    uint16_t n;
};

static uint32_t ask_domain(const void *index, const void *questions, size_t i)
{
    const struct name *q = (const struct name *)questions + i;

    return pl_name_index_find(index, (struct pl_str){q->text, q->n});
}

static void networks(FILE *f)
{
    struct pl_networks sources = {0};
    struct pl_addr_index x = {0};
    struct pl_addr *q = malloc(QUESTIONS * sizeof(*q));
    struct pl_prefix p;
    char line[128], why[PL_PREFIX_WHY];
    size_t n = 0, bytes;

    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!pl_prefix_parse(&p, pl_str_of(line), why) || !pl_networks_add(&sources, &p, 0))
            exit(1);
        n++;
    }
    for (size_t i = 0; i < QUESTIONS; i++) {
        q[i] = (struct pl_addr){sources.n4 > 0 ? 4 : 6, {0}};
        for (unsigned b = 0; b < pl_addr_bits(&q[i]) / 8; b++)
            q[i].bytes[b] = (uint8_t)random_bits();
        if (q[i].family == 6)
            q[i].bytes[0] = 0x20 | (q[i].bytes[0] & 0x0f);
        if (i % 2 == 0) { /* within a network of the list */
            uint64_t net = sources.n4 > 0 ? sources.v4[random_bits() % sources.n4] >> 32 << 32
                                          : sources.v6[random_bits() % sources.n6].high;

            for (int b = 0; b < (sources.n4 > 0 ? 4 : 8); b++)
                q[i].bytes[b] = (uint8_t)(net >> (56 - 8 * b));
        }
    }
    if (!pl_addr_index_build(&x, &sources))
        exit(1);
    bytes = x.v4.count * ((x.v4.direct_bits == 0 ? 4 : 2) + x.v4.class_bytes) +
            (x.v4.direct_bits == 0 ? 0 : ((size_t)4 << x.v4.direct_bits)) + x.v6.count * 12 +
            x.v6.ntails * 12 + x.v6.nparts * 4 + (x.v6.direct == NULL ? 0 : x.v6.slots * 4);
    measure("address", ask_addr, &x, q);
    printf("%zu networks, %zu + %zu ranges, %.1f bytes a network\n", n, x.v4.count, x.v6.count,
           (double)bytes / (double)n);
    pl_addr_index_fini(&x);
    pl_networks_fini(&sources);
    free(q);
}

static void domains(FILE *f)
{
    struct pl_keys keys = {0};
    struct pl_name_index x = {0};
    struct name *q = calloc(QUESTIONS, sizeof(*q));
    struct pl_domain d;
    char line[512];
    const char *why;
    size_t n = 0;

    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!pl_domain_parse(&d, pl_str_of(line), &why) ||
            !pl_keys_add(&keys, pl_domain_str(&d), 0))
            exit(1);
        /* Names from all over the file, then half of them made to miss. */
        if (d.len <= sizeof(q->text) && (n < QUESTIONS || random_bits() % (n + 1) < QUESTIONS)) {
            struct name *to = &q[n < QUESTIONS ? n : random_bits() % QUESTIONS];

            memcpy(to->text, d.text, d.len);
            to->n = d.len;
        }
        n++;
        /* Some entries hold subdomains, so that parents have to be tried. */
        if (n % 10 == 0) {
            char below[PL_DOMAIN_MAX + 2];

            snprintf(below, sizeof(below), ".%s", d.text);
            if (!pl_keys_add(&keys, pl_str_of(below), 0))
                exit(1);
        }
    }
    for (size_t i = 1; i < QUESTIONS; i += 2)
        q[i].text[0] = '_';
    if (n < QUESTIONS || !pl_name_index_build(&x, &keys, PL_KEYS_DOMAINS))
        exit(1);
    measure("domain with all parents", ask_domain, &x, q);
    printf("%zu keys, %u in the fullest bucket, %.1f bytes a key\n", x.count, x.fullest,
           (double)((x.nbuckets + 1) * 8 + (x.buckets[x.nbuckets] >> 32)) / (double)x.count);
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
    free(q);
}

int main(int argc, char **argv)
{
    FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;

    if (f == NULL || (strcmp(argv[1], "networks") != 0 && strcmp(argv[1], "domains") != 0)) {
        fputs("usage: bench_lookup networks FILE | domains FILE\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "networks") == 0)
        networks(f);
    else
        domains(f);
    fclose(f);
    return 0;
}
