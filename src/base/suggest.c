/* SPDX-License-Identifier: BSD-2-Clause */
/* Nearest word by edit distance with transpositions (optimal string alignment). O(n·m) for words
 * under 64 bytes. */
#include "postlatch/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 63 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

static size_t edit_distance(struct pl_str a, struct pl_str b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b.n; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *spare = before;

        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = pl_ascii_lower(a.p[i - 1]), y = pl_ascii_lower(b.p[j - 1]);

            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == pl_ascii_lower(b.p[j - 2]) &&
                pl_ascii_lower(a.p[i - 2]) == y)
                now[j] = min3(now[j], before[j - 2] + 1, now[j]);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n];
}

void pl_suggest_init(struct pl_suggest *s, struct pl_str typed)
{
    *s = (struct pl_suggest){typed, NULL, 0};
}

void pl_suggest_try(struct pl_suggest *s, const char *candidate)
{
    struct pl_str word = pl_str_of(candidate);
    size_t distance, limit = word.n <= 4 ? 1 : word.n <= 8 ? 2 : 3;

    if (s->typed.n == 0 || s->typed.n > LONGEST || word.n > LONGEST)
        return;
    if (word.n >= 4 && s->typed.n >= 4 &&
        (pl_str_has_prefix_fold(word, s->typed) || pl_str_has_prefix_fold(s->typed, word)))
        limit = 12; /* "network" for "networks", "sasl_user" for "sasl_username" */
    distance = edit_distance(s->typed, word);
    if (distance <= limit && (s->best == NULL || distance < s->distance)) {
        s->best = candidate;
        s->distance = distance;
    }
}

const char *pl_suggest_text(const struct pl_suggest *s, char *buf, size_t size)
{
    if (s->best == NULL)
        buf[0] = '\0';
    else
        snprintf(buf, size, "; did you mean \"%s\"?", s->best);
    return buf;
}
