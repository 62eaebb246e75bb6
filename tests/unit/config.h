/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading a configuration that a test has as text, and asking it. */
#ifndef POSTLATCH_TESTS_UNIT_CONFIG_H
#define POSTLATCH_TESTS_UNIT_CONFIG_H

#include "unit.h"

#include "postlatch/buf.h"
#include "postlatch/config.h"

#include <stdlib.h>
#include <unistd.h>

/* The folder of the test's files; make_folder and remove_folder are the group's setup and teardown. */
static char folder[] = "/tmp/postlatch-unit-XXXXXX";

static inline int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static inline int remove_folder(void **state)
{
    static const char *const names[] = {"postlatch.conf", "hosted"};
    char path[512];

    (void)state;
    for (size_t i = 0; i < ROWS(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* write_file - a file of the test's folder */
static inline void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
        fail_msg("cannot write %s", path);
}

/*
 * load_text - load text as "FOLDER/postlatch.conf"
 *
 * out      *messages: all errors, a line each, the folder's name taken out; to be released
 */
static inline bool load_text(struct pl_config *config, const char *text, struct pl_buf *messages)
{
    struct pl_diag *d = pl_diag_new();
    char path[512];
    size_t cut = strlen(folder) + 1;
    bool ok;

    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    write_file(path, text);
    ok = pl_config_load(config, path, d);
    for (size_t i = 0; pl_diag_get(d, i) != NULL; i++) {
        const char *line = pl_diag_get(d, i), *at;

        while ((at = strstr(line, folder)) != NULL) {
            pl_buf_add(messages, (struct pl_str){line, (size_t)(at - line)});
            line = at + cut;
        }
        pl_buf_addf(messages, "%s\n", line);
    }
    if (ok != (pl_diag_errors(d) == 0))
        fail_msg("loaded and errors, or neither");
    pl_diag_free(d);
    return ok;
}

/* ask - the answer to "name=value name=value …" (no blanks in values), protocol_state=RCPT if not given */
static inline const char *ask(const struct pl_config *config, const char *request,
                              const char **rule)
{
    static char answer[PL_ACTION_ROOM];
    char copy[2048], *rest = copy, *word;
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_query q;

    memset(&q, 0, sizeof(q));
    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    snprintf(copy, sizeof(copy), "%s", request);
    while ((word = strsep(&rest, " ")) != NULL) {
        char *equals = strchr(word, '=');
        enum pl_attr attr = PL_ATTR_COUNT;

        if (equals != NULL)
            attr = pl_attr_find((struct pl_str){word, (size_t)(equals - word)});
        if (attr == PL_ATTR_COUNT)
            fail_msg("bad request: %s", request);
        q.attr[attr] = pl_str_of(equals + 1);
    }
    pl_query_read(&q);
    if (pl_policy_decide(config->policy, &q, &cursor, &decision) != PL_STEP_DECIDED)
        fail_msg("undecided: %s", request);
    if (rule != NULL)
        *rule = decision.rule->name.p;
    pl_policy_answer(answer, config->policy, &q, &decision);
    return answer;
}

#endif
