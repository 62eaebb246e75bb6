/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch snippet: the lines that make Postfix ask. */
#include "cli.h"
#include "snippet.h"

#include <string.h>

static bool choose_placement(const char *word, enum snippet_placement *placement)
{
    static const char *const words[] = {"", "relay", "recipient"};

    for (int i = 1; word != NULL && i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            *placement = (enum snippet_placement)i;
            return true;
        }
    }
    if (word != NULL)
        trouble("snippet: --placement is relay or recipient, not \"%s\"", word);
    return word == NULL;
}

static bool choose_endpoint(const struct arguments *a, struct snippet_input *in,
                            struct pl_endpoint *room)
{
    const char *why;

    in->endpoint = &in->config->settings.listen[0];
    if (a->socket == NULL)
        return true;
    if (!pl_endpoint_parse(room, pl_str_of(a->socket), &why)) {
        trouble("snippet: --socket %s: %s", a->socket, why);
        return false;
    }
    in->endpoint = room;
    return true;
}

int cmd_snippet(const struct arguments *a)
{
    struct pl_config config = {0};
    struct postfix postfix = {0};
    struct snippet_input in = {.config = &config};
    struct snippet s = {0};
    struct pl_endpoint endpoint;
    int status = EXIT_TROUBLE;

    if (!choose_placement(a->placement, &in.placement) || !load(&config, a->config))
        return EXIT_TROUBLE;
    if (!choose_endpoint(a, &in, &endpoint))
        goto out;
    if (postfix_read(&postfix, a->postfix))
        in.postfix = &postfix;
    else if (a->postfix != NULL)
        goto out;
    if (!snippet_build(&s, &in))
        goto out;
    if (a->json)
        snippet_print_json(&s);
    else if (a->master)
        snippet_print_master(&s);
    else
        snippet_print_main(&s, a->config);
    status = snippet_undecided(&s) ? EXIT_FOUND : EXIT_FINE;
out:
    snippet_fini(&s);
    postfix_fini(&postfix);
    pl_config_fini(&config);
    return status;
}
