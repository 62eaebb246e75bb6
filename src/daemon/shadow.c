/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another policy beside the running one, to see what it would change before it answers anybody. It is
 * asked after the answer has gone, so that it delays none.
 */
#include "shadow.h"

#include "postlatch/action.h"
#include "reload.h"

#include <stdlib.h>
#include <string.h>

struct shadow *shadow_load(const struct pl_config *of, struct pl_diag *d)
{
    struct shadow *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        pl_diag_no_memory(d);
        return NULL;
    }
    if (!pl_config_load_shadow(&s->config, of, d)) {
        free(s);
        return NULL;
    }
    if (!verdict_prove(&s->verdict, s->config.policy, of->settings.shadow)) {
        pl_diag_no_memory(d);
        shadow_free(s);
        return NULL;
    }
    return s;
}

void shadow_free(struct shadow *s)
{
    if (s == NULL)
        return;
    pl_config_fini(&s->config);
    verdict_fini(&s->verdict);
    free(s);
}

void shadow_tell(struct pl_buf *b, const struct shadow *s, const char *path)
{
    pl_buf_addf(b, "shadow: answers are compared with %s: ", path);
    reload_summary(b, s->config.policy);
    pl_buf_addf(b, "; verdict: %s\n", s->verdict.word);
}

bool shadow_differs(const struct shadow *s, struct pl_query *q, const struct pl_decision *mine,
                    struct pl_decision *theirs)
{
    struct pl_cursor cursor = {0};
    char a[PL_ACTION_ROOM], b[PL_ACTION_ROOM];

    if (pl_policy_decide(s->config.policy, q, &cursor, theirs) != PL_STEP_DECIDED)
        return false;
    pl_action_format(a, mine->action, q);
    pl_action_format(b, theirs->action, q);
    return strcmp(a, b) != 0;
}
