/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that are one value each, listen, and the sections log and metrics. */
#include "build.h"

#include "postlatch/compiler.h"
#include "postlatch/file.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { SOCKET_PATH_MAX = 107 }; /* bytes: sockaddr_un has room for one more */

/* A word that an option may have, and what it stands for. */
struct choice {
    const char *word;
    int value;
};

/* The value given for a scalar, or its default; false: a bad one, already noted. */
static bool get(struct tree_section *s, enum schema_section section, const char *name,
                struct tree_value *value)
{
    size_t n;
    const struct schema_option *options = schema_options(section, &n);
    int i = schema_find(section, pl_str_of(name));

    pl_assert(i >= 0);
    if (s != NULL && tree_scalar(s, name, value))
        return !value->bad;
    *value = (struct tree_value){.text = pl_str_of(options[i].preset), .at = PL_NOWHERE};
    if (value->text.n >= 2 && value->text.p[0] == '"') /* the default as it would be written */
        value->text = (struct pl_str){value->text.p + 1, value->text.n - 2};
    return true;
}

static int choose(struct builder *b, struct tree_section *s, enum schema_section section,
                  const char *name, const struct choice *choices, size_t n)
{
    struct tree_value value;
    struct pl_suggest suggest;
    struct pl_quote q;
    char list[300] = "", hint[80];

    if (!get(s, section, name, &value))
        return choices[0].value;
    pl_suggest_init(&suggest, value.text);
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(list);

        if (pl_str_eq(value.text, pl_str_of(choices[i].word)))
            return choices[i].value;
        pl_suggest_try(&suggest, choices[i].word);
        snprintf(list + used, sizeof(list) - used, "%s%s",
                 i == 0       ? ""
                 : i + 1 == n ? " or "
                              : ", ",
                 choices[i].word);
    }
    pl_diag_error(b->d, value.at, "%s: %s; expected %s%s", name, pl_quote(&q, value.text), list,
                  pl_suggest_text(&suggest, hint, sizeof(hint)));
    return choices[0].value;
}

#define CHOOSE(b, s, section, name, choices)                                                       \
    choose(b, s, section, name, choices, sizeof(choices) / sizeof((choices)[0]))

static unsigned number_of(struct builder *b, struct tree_section *s, enum schema_section section,
                          const char *name, unsigned long min, unsigned long max, const char *unit)
{
    struct tree_value value;
    struct pl_quote q;
    unsigned long result = min;

    if (get(s, section, name, &value) && !pl_str_to_number(value.text, min, max, &result))
        pl_diag_error(b->d, value.at, "%s: %s; expected a number from %lu to %lu%s", name,
                      pl_quote(&q, value.text), min, max, unit);
    return (unsigned)result;
}

static unsigned number(struct builder *b, const char *name, unsigned long min, unsigned long max,
                       const char *unit)
{
    return number_of(b, tree_top(b->tree), SECTION_TOP, name, min, max, unit);
}

/* The text of a scalar, copied; "" after an error. */
static const char *text(struct builder *b, struct tree_section *s, enum schema_section section,
                        const char *name, struct tree_value *value)
{
    struct pl_str copy;

    if (!get(s, section, name, value))
        value->text = (struct pl_str){NULL, 0};
    copy = pl_arena_copy(b->policy->arena, value->text);
    if (copy.p == NULL)
        pl_diag_no_memory(b->d);
    value->text = copy;
    return copy.p == NULL ? "" : copy.p;
}

/* A path of a socket: absolute, and short enough for one. */
static const char *socket_path(struct builder *b, struct tree_section *s,
                               enum schema_section section, const char *name)
{
    struct tree_value value;
    struct pl_quote q;
    const char *path = text(b, s, section, name, &value);

    if (!value.bad && (path[0] != '/' || value.text.n > SOCKET_PATH_MAX))
        pl_diag_error(b->d, value.at, "%s: %s; expected an absolute path of at most %d bytes", name,
                      pl_quote(&q, value.text), SOCKET_PATH_MAX);
    return path;
}

/* A name of this host's user or group data base, or ""; whether it exists is asked at start. */
static const char *account(struct builder *b, const char *name)
{
    struct tree_value value;
    struct pl_quote q;
    const char *result = text(b, tree_top(b->tree), SECTION_TOP, name, &value);

    for (size_t i = 0; i < value.text.n; i++) {
        char c = value.text.p[i];

        if (!pl_ascii_is_alnum(c) && c != '_' && c != '-' && c != '.') {
            pl_diag_error(b->d, value.at, "%s: %s is no account name", name,
                          pl_quote(&q, value.text));
            break;
        }
    }
    return result;
}

static bool is_listed(const struct pl_endpoint *list, size_t n, const struct pl_endpoint *e)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].text, e->text) == 0)
            return true;
    }
    return false;
}

/* What is wrong with one more address of a list of n: NULL if nothing is. */
static const char *in_the_way(const struct builder *b, bool metrics, const struct pl_endpoint *list,
                              size_t n, const struct pl_endpoint *e)
{
    if (is_listed(list, n, e))
        return " is given twice";
    if (metrics && pl_endpoint_is_unix(e))
        return ": a Unix socket, which no Prometheus asks; expected \"inet:address:port\"";
    if (metrics && is_listed(b->settings->listen, b->settings->nlisten, e))
        return ": Postfix asks there (listen); expected another port";
    return NULL;
}

/*
 * The addresses of a list, each once. what: names it in messages; metrics: it is of those, not where
 * Postfix asks. There is room for one more.
 */
static struct pl_endpoint *places(struct builder *b, struct tree_section *s, const char *what,
                                  bool metrics, size_t *count)
{
    struct pl_endpoint *list;
    struct tree_value value;
    struct pl_quote q;
    unsigned from = 0;
    size_t n = 0;
    const char *why;

    while (tree_list_next(s, "listen", &from, &value))
        n++;
    list = pl_arena_array(b->policy->arena, n + 1, sizeof(*list));
    if (list == NULL) {
        pl_diag_no_memory(b->d);
        return NULL;
    }
    from = 0;
    n = 0;
    while (tree_list_next(s, "listen", &from, &value)) {
        if (value.bad)
            continue;
        if (!pl_endpoint_parse(&list[n], value.text, &why)) {
            pl_diag_error(b->d, value.at, "%s: %s: %s", what, pl_quote(&q, value.text), why);
            continue;
        }
        why = in_the_way(b, metrics, list, n, &list[n]);
        if (why != NULL)
            pl_diag_error(b->d, value.at, "%s: %s%s", what, pl_quote(&q, value.text), why);
        n++;
    }
    *count = n;
    return list;
}

static void build_listen(struct builder *b)
{
    struct tree_section *top = tree_top(b->tree);
    struct pl_endpoint *listen = places(b, top, "listen", false, &b->settings->nlisten);
    const char *why;
    struct pl_pos at;

    b->settings->listen = listen;
    if (listen != NULL && !tree_list_at(top, "listen", &at)) {
        pl_assert(pl_endpoint_parse(&listen[0], pl_str_lit("inet:127.0.0.1:10071"), &why));
        b->settings->nlisten = 1;
    }
}

#ifdef PL_METRICS_HTTP
enum { METRICS_HTTP = 1 };
#else
enum { METRICS_HTTP = 0 };
#endif

static void build_metrics(struct builder *b)
{
    struct pl_settings *s = b->settings;
    struct tree_section *section;
    struct pl_pos at;

    if (tree_count(b->tree, SECTION_METRICS) == 0)
        return;
    section = tree_section(b->tree, SECTION_METRICS, 0);
    s->metrics = places(b, section, "metrics: listen", true, &s->nmetrics);
    if (s->nmetrics > 0 && !METRICS_HTTP && tree_list_at(section, "listen", &at))
        pl_diag_error(b->d, at,
                      "metrics: listen: this postlatch was built without HTTP (PL_METRICS_HTTP); "
                      "expected none: \"postlatch metrics\" prints the same");
}

static void build_socket_mode(struct builder *b)
{
    struct tree_value value;
    struct pl_quote q;
    mode_t mode = 0;
    bool ok;

    if (!get(tree_top(b->tree), SECTION_TOP, "socket_mode", &value))
        return;
    ok = value.text.n == 4 && value.text.p[0] == '0';
    for (size_t i = 1; i < value.text.n && ok; i++) {
        ok = value.text.p[i] >= '0' && value.text.p[i] <= '7';
        mode = mode * 8 + (mode_t)(value.text.p[i] - '0');
    }
    if (!ok)
        pl_diag_error(b->d, value.at,
                      "socket_mode: %s; expected four octal digits from \"0000\" to \"0777\"",
                      pl_quote(&q, value.text));
    b->settings->socket_mode = mode;
}

static void build_realm(struct builder *b)
{
    struct tree_value value;
    struct pl_quote q;

    text(b, tree_top(b->tree), SECTION_TOP, "default_realm", &value);
    if (pl_str_find(value.text, '@') < value.text.n || value.text.n > PL_DOMAIN_MAX)
        pl_diag_error(b->d, value.at,
                      "default_realm: %s; expected what stands behind the '@' of a login",
                      pl_quote(&q, value.text));
    else
        b->policy->users.default_realm = value.text;
}

static void build_delimiter(struct builder *b)
{
    struct tree_value value;
    struct pl_quote q;
    bool ok;

    text(b, tree_top(b->tree), SECTION_TOP, "recipient_delimiter", &value);
    ok = value.text.n <= 8;
    for (size_t i = 0; i < value.text.n; i++)
        ok = ok && pl_ascii_is_print(value.text.p[i]) && !pl_ascii_is_alnum(value.text.p[i]) &&
             strchr(" @%!\"\\", value.text.p[i]) == NULL;
    if (!ok)
        pl_diag_error(
            b->d, value.at,
            "recipient_delimiter: %s; expected up to 8 punctuation characters, as in \"+\"",
            pl_quote(&q, value.text));
    else
        b->policy->delimiters = value.text;
}

static void build_actions(struct builder *b)
{
    struct pl_policy *p = b->policy;
    struct tree_value value;
    struct pl_quote q;
    char why[PL_ACTION_WHY];
    const struct pl_action *action;

    if (get(tree_top(b->tree), SECTION_TOP, "relay_action", &value)) {
        action = pl_action_parse(p->arena, value.text, why);
        if (action == NULL || (action->kind != PL_ACTION_OK && action->kind != PL_ACTION_DUNNO))
            pl_diag_error(b->d, value.at, "relay_action: %s; expected OK or DUNNO",
                          pl_quote(&q, value.text));
        else
            p->relay_action = action;
    }
    if (get(tree_top(b->tree), SECTION_TOP, "reject_action", &value)) {
        action = pl_action_parse(p->arena, value.text, why);
        if (action == NULL)
            pl_diag_error(b->d, value.at, "reject_action: %s", why);
        else if (action->effect == PL_EFFECT_PASS || action->effect == PL_EFFECT_UNKNOWN)
            pl_diag_error(b->d, value.at,
                          "reject_action: %s may let everybody relay; expected an "
                          "action that refuses, as \"REJECT Relay access denied\"",
                          pl_quote(&q, value.text));
        else
            p->reject_action = action;
    }
}

/* A word, or where another journal listens. */
static void build_journal(struct builder *b, struct tree_section *log)
{
    static const char *const words[] = {
        [PL_LOG_JOURNAL_AUTO] = "auto", [PL_LOG_JOURNAL_YES] = "yes", [PL_LOG_JOURNAL_NO] = "no"};
    struct pl_settings *s = b->settings;
    struct pl_suggest suggest;
    struct tree_value value;
    struct pl_quote q;
    char hint[80];
    const char *given = text(b, log, SECTION_LOG, "journal", &value);

    s->log_journal = PL_LOG_JOURNAL_YES;
    s->log_journal_socket = "/run/systemd/journal/socket";
    if (value.text.n >= 1 && given[0] == '/' && value.text.n <= SOCKET_PATH_MAX) {
        s->log_journal_socket = given;
        return;
    }
    pl_suggest_init(&suggest, value.text);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (pl_str_eq(value.text, pl_str_of(words[i]))) {
            s->log_journal = (enum pl_log_journal)i;
            return;
        }
        pl_suggest_try(&suggest, words[i]);
    }
    if (!value.bad)
        pl_diag_error(
            b->d, value.at,
            "journal: %s; expected auto, yes, no or the absolute path of its socket, of at "
            "most %d bytes%s",
            pl_quote(&q, value.text), SOCKET_PATH_MAX,
            pl_suggest_text(&suggest, hint, sizeof(hint)));
}

static void build_log(struct builder *b)
{
    static const struct choice decisions[] = {
        {"all", PL_LOG_ALL}, {"rejects", PL_LOG_REJECTS}, {"none", PL_LOG_NONE}};
    static const struct choice formats[] = {{"text", PL_LOG_TEXT}, {"json", PL_LOG_JSON}};
    static const struct choice facilities[] = {
        {"mail", LOG_MAIL},     {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV},
        {"cron", LOG_CRON},     {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},
        {"lpr", LOG_LPR},       {"news", LOG_NEWS},     {"syslog", LOG_SYSLOG},
        {"user", LOG_USER},     {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},
        {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
        {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
        {"local7", LOG_LOCAL7}};
    struct tree_section *log =
        tree_count(b->tree, SECTION_LOG) > 0 ? tree_section(b->tree, SECTION_LOG, 0) : NULL;
    struct pl_settings *s = b->settings;
    struct tree_value value;
    struct pl_quote q;
    bool ok;

    s->log_decisions = (enum pl_log_decisions)CHOOSE(b, log, SECTION_LOG, "decisions", decisions);
    s->log_format = (enum pl_log_format)CHOOSE(b, log, SECTION_LOG, "format", formats);
    s->log_facility = CHOOSE(b, log, SECTION_LOG, "facility", facilities);
    s->log_tag = text(b, log, SECTION_LOG, "tag", &value);
    ok = value.text.n >= 1 && value.text.n <= 32;
    for (size_t i = 0; i < value.text.n; i++)
        ok = ok && (pl_ascii_is_alnum(value.text.p[i]) || strchr("_-./", value.text.p[i]) != NULL);
    if (!ok && !value.bad)
        pl_diag_error(b->d, value.at,
                      "tag: %s; expected 1 to 32 letters, digits, '_', '-', '.' or '/'",
                      pl_quote(&q, value.text));
    s->log_socket = socket_path(b, log, SECTION_LOG, "socket");
    build_journal(b, log);
}

static bool add_except(void *arg, const struct pl_prefix *prefix)
{
    struct builder *b = arg;
    struct pl_masking_alarm *m = &b->settings->masking_alarm;
    struct pl_prefix *all = pl_arena_array(b->policy->arena, m->nexcept + 1, sizeof(*all));

    if (all == NULL)
        return false;
    if (m->nexcept > 0)
        memcpy(all, m->except, m->nexcept * sizeof(*all));
    all[m->nexcept++] = *prefix;
    m->except = all;
    return true;
}

static void build_masking_alarm(struct builder *b)
{
    struct pl_masking_alarm *m = &b->settings->masking_alarm;
    const char *word = schema_section_word(SECTION_MASKING_ALARM);
    struct tree_section *s = tree_count(b->tree, SECTION_MASKING_ALARM) > 0
                                 ? tree_section(b->tree, SECTION_MASKING_ALARM, 0)
                                 : NULL;

    m->helo_names = number_of(b, s, SECTION_MASKING_ALARM, "helo_names", 0, PL_ALARM_HELO_NAMES_MAX,
                              " (0: they are not counted)");
    m->senders = number_of(b, s, SECTION_MASKING_ALARM, "senders", 0, PL_ALARM_SENDERS_MAX,
                           " (0: they are not counted)");
    if (s != NULL)
        build_networks(b, s, "except", word, add_except, b);
}

/* The path of the other policy; it is read by whoever compares. */
static void build_shadow(struct builder *b)
{
    struct tree_value value;
    char *path;

    b->settings->shadow = text(b, tree_top(b->tree), SECTION_TOP, "shadow", &value);
    if (value.bad || value.text.n == 0)
        return;
    b->settings->shadow_at = value.at;
    path = pl_path_beside(pl_diag_file_name(b->d, value.at.file), value.text);
    b->settings->shadow = path == NULL ? NULL : pl_arena_copy(b->policy->arena, pl_str_of(path)).p;
    free(path);
    if (b->settings->shadow == NULL) {
        pl_diag_no_memory(b->d);
        b->settings->shadow = "";
    }
}

/* What the daemon may do, and what becomes of it when a policy is not what it should be. */
static void build_refusal(struct builder *b)
{
    static const struct choice wider[] = {{"log", PL_RELOAD_WIDER_LOG},
                                          {"refuse", PL_RELOAD_WIDER_REFUSE}};
    static const struct choice bad[] = {{"stop", PL_BAD_POLICY_STOP},
                                        {"locked", PL_BAD_POLICY_LOCKED}};
    static const struct choice sandbox[] = {{"on", 1}, {"off", 0}};
    struct tree_section *top = tree_top(b->tree);

    b->settings->sandbox = CHOOSE(b, top, SECTION_TOP, "sandbox", sandbox) != 0;
    b->settings->reload_wider =
        (enum pl_reload_wider)CHOOSE(b, top, SECTION_TOP, "reload_wider", wider);
    b->settings->on_bad_policy =
        (enum pl_on_bad_policy)CHOOSE(b, top, SECTION_TOP, "on_bad_policy", bad);
}

static void build_policy_options(struct builder *b)
{
    static const struct choice modes[] = {{"enforce", PL_MODE_ENFORCE},
                                          {"observe", PL_MODE_OBSERVE}};
    static const struct choice after[] = {{"reject_unauth_destination", PL_AFTER_REJECT_UNAUTH},
                                          {"defer_unauth_destination", PL_AFTER_DEFER_UNAUTH},
                                          {"reject", PL_AFTER_REJECT},
                                          {"permit", PL_AFTER_PERMIT}};
    static const struct choice bare[] = {{"ours", 1}, {"foreign", 0}};
    static const struct choice cases[] = {{"fold", 1}, {"keep", 0}};
    struct tree_section *top = tree_top(b->tree);
    struct pl_policy *p = b->policy;
    struct tree_value value;

    p->mode = (enum pl_mode)CHOOSE(b, top, SECTION_TOP, "mode", modes);
    p->after_dunno = (enum pl_after_dunno)CHOOSE(b, top, SECTION_TOP, "after_dunno", after);
    p->bare_is_ours = CHOOSE(b, top, SECTION_TOP, "bare_recipient", bare) != 0;
    p->users.fold = CHOOSE(b, top, SECTION_TOP, "username_case", cases) != 0;
    if (p->mode == PL_MODE_OBSERVE && p->after_dunno == PL_AFTER_PERMIT &&
        tree_scalar(top, "mode", &value))
        pl_diag_error(b->d, value.at,
                      "mode: observe answers DUNNO to everybody, which with "
                      "after_dunno = permit is an open relay; expected enforce, or "
                      "another after_dunno");
    build_realm(b);
    build_delimiter(b);
    build_actions(b);
    b->widest_v4 = number(b, "widest_network_v4", 0, 32, "");
    b->widest_v6 = number(b, "widest_network_v6", 0, 128, "");
}

void build_options(struct builder *b)
{
    struct pl_settings *s = b->settings;

    build_policy_options(b);
    build_listen(b);
    build_socket_mode(b);
    s->socket_owner = account(b, "socket_owner");
    s->socket_group = account(b, "socket_group");
    s->control = socket_path(b, tree_top(b->tree), SECTION_TOP, "control");
    s->workers = number(b, "workers", 0, 256, " (0: one a CPU)");
    s->user = account(b, "user");
    s->group = account(b, "group");
    s->max_connections = number(b, "max_connections", 1, 1000000, "");
    s->max_request_size = number(b, "max_request_size", 4096, 1048576, " bytes");
    s->idle_timeout_s = number(b, "idle_timeout", 0, 86400, " seconds (0: never)");
    build_log(b);
    build_metrics(b);
    build_refusal(b);
    build_masking_alarm(b);
    build_shadow(b);
}
