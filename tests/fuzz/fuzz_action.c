/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions with placeholders: whatever the configuration says and the client sends, the answer is one
 * line of printable ASCII that begins with the word that was checked.
 *
 * Input: the action, NUL, then values of attributes with a NUL behind each.
 */
#include "fuzz.h"
#include "postlatch/action.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct pl_str text = input_until(&in, '\0');
    struct pl_arena *arena = pl_arena_new();
    const struct pl_action *action;
    char why[PL_ACTION_WHY] = "", out[PL_ACTION_ROOM];
    char *copy = fuzz_heap(text);
    struct pl_query q;
    struct pl_str sent;

    fuzz_check(arena != NULL);
    text.p = copy;
    action = pl_action_parse(arena, text, why);
    if (action == NULL) {
        fuzz_check(why[0] != '\0' && memchr(why, '\0', sizeof(why)) != NULL);
        goto out;
    }
    memset(&q, 0, sizeof(q));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        q.attr[i] = input_until(&in, '\0');
    pl_query_read(&q);
    sent = (struct pl_str){out, pl_action_format(out, action, &q)};
    fuzz_check(sent.n <= PL_ACTION_MAX && out[sent.n] == '\0' && fuzz_is_action(sent));
    if (action->kind == PL_ACTION_CLASS) {
        fuzz_check(pl_str_has_prefix(action->word, pl_str_lit("class:")));
        fuzz_check(pl_str_eq(sent, pl_str_from(action->word, 6)));
    } else {
        fuzz_check(pl_str_has_prefix(sent, action->word));
        fuzz_check(sent.n == action->word.n || out[action->word.n] == ' ');
        fuzz_check(sent.n == action->word.n || sent.n > action->word.n + 1);
    }
out:
    pl_arena_free(arena);
    free(copy);
    return 0;
}
