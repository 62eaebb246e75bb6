/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch who, postlatch where: who may send to a recipient; where a client or a login may send. */
#include "cli.h"

#include "postlatch/reach_text.h"

#include <stdio.h>
#include <string.h>

typedef bool (*answer_fn)(const struct pl_policy *p, const struct pl_space *s, struct pl_str about,
                          bool json, FILE *out);

static int answer(const struct arguments *a, answer_fn print)
{
    struct pl_config config = {0};
    struct pl_space *space = NULL;
    bool too_large = false;
    int status = EXIT_TROUBLE;

    if (!load(&config, a->config))
        goto out;
    space = pl_space_new(config.policy, NULL, &too_large);
    if (too_large)
        trouble("the policy tells too many values apart to hold them in memory");
    else if (space == NULL || !print(config.policy, space, pl_str_of(a->words[0]), a->json, stdout))
        trouble("out of memory");
    else
        status = EXIT_FINE;
out:
    pl_space_free(space);
    pl_config_fini(&config);
    return status;
}

int cmd_who(const struct arguments *a)
{
    if (a->count != 1 || a->words[0][0] == '\0')
        return trouble(
            "who: expected one RECIPIENT, as in \"postlatch who someone@foreign.example\"");
    if (strchr(a->words[0], '@') == NULL && strchr(a->words[0], '.') != NULL)
        return trouble("who: \"%s\" has no '@'; expected a mail address, as in \"someone@%s\"",
                       a->words[0], a->words[0]);
    return answer(a, pl_reach_who);
}

/* A mistyped address is not to be taken for a login of which there is nothing to say. */
static bool is_like_an_address(const char *text)
{
    struct pl_addr addr;

    return !pl_addr_parse(&addr, pl_str_of(text)) &&
           (strchr(text, ':') != NULL ||
            (strchr(text, '.') != NULL && strspn(text, "0123456789.") == strlen(text)));
}

int cmd_where(const struct arguments *a)
{
    if (a->count != 1 || a->words[0][0] == '\0')
        return trouble(
            "where: expected one CLIENT or LOGIN, as in \"postlatch where 192.0.2.1\" or "
            "\"postlatch where alice\"");
    if (strchr(a->words[0], '/') != NULL)
        return trouble("where: \"%s\" is no address and no login; expected one address, without a "
                       "prefix length",
                       a->words[0]);
    if (is_like_an_address(a->words[0]))
        return trouble("where: \"%s\" is no address; expected one like 192.0.2.1 or 2001:db8::1",
                       a->words[0]);
    return answer(a, pl_reach_where);
}
