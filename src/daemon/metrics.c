/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metrics. Their labels are bounded: names of rules and lists come from the configuration, and beyond
 * a number of them are counted together; nothing that a client has written is in any.
 */
#include "exposition.h"
#include "vitals.h"

#include "log.h"
#include "loop.h"
#include "postlatch/compiler.h"

#include <stdio.h>
#include <string.h>

enum { LISTS_MAX = 1000 };

/* All families, in the order in which they are written: enum, name, type, help. */
#define METRICS_TABLE(X)                                                                           \
    X(BUILD_INFO, "postlatch_build_info", INFO, "The version that runs.")                          \
    X(DECISIONS, "postlatch_decisions_total", COUNTER,                                             \
      "Requests answered, by the rule that decided, its action and the protocol state at which "   \
      "it holds.")                                                                                 \
    X(REQUESTS, "postlatch_requests_total", COUNTER,                                               \
      "Requests answered, by what the action does to mail for elsewhere: pass, refuse, leave (to " \
      "Postfix), unknown (a class).")                                                              \
    X(MATRIX, "postlatch_matrix_total", COUNTER,                                                   \
      "Requests answered, by what the rule that decided says of client and recipient, and its "    \
      "action.")                                                                                   \
    X(DURATION, "postlatch_request_duration_seconds", HISTOGRAM,                                   \
      "Time from a worker's waking up to its waiting again, for each request answered meanwhile.") \
    X(LONGEST, "postlatch_longest_wakeup_seconds", GAUGE,                                          \
      "The longest time that a worker took from waking up to waiting again.")                      \
    X(CONNECTIONS, "postlatch_connections", GAUGE, "Policy connections that are open.")            \
    X(CONNECTIONS_TOTAL, "postlatch_connections_total", COUNTER_BESIDE,                            \
      "Policy connections that were accepted.")                                                    \
    X(CLOSED, "postlatch_connections_closed_total", COUNTER,                                       \
      "Policy connections that the daemon closed for want of room or of requests.")                \
    X(PAUSES, "postlatch_accept_pauses_total", COUNTER,                                            \
      "Times that no connection could be accepted, for want of descriptors or memory.")            \
    X(ERRORS, "postlatch_protocol_errors_total", COUNTER,                                          \
      "Policy connections that were closed because no sound answer could be given.")               \
    X(WORKERS, "postlatch_workers", GAUGE, "Threads that answer.")                                 \
    X(GENERATION, "postlatch_config_generation", GAUGE,                                            \
      "Number of the policy in force: 1 at the start, one more with each reload that succeeds.")   \
    X(RELOAD_SUCCESS, "postlatch_config_last_reload_success", GAUGE,                               \
      "1 if the last reload succeeded or there was none, else 0.")                                 \
    X(RELOAD_TIME, "postlatch_config_last_reload_timestamp_seconds", GAUGE,                        \
      "When the last reload ended, or the daemon was started if there was none.")                  \
    X(RELOADS, "postlatch_config_reloads_total", COUNTER, "Reloads, by what became of them.")      \
    X(VERDICT, "postlatch_config_verdict", GAUGE,                                                  \
      "1 for the verdict on the policy in force, 0 for the others.")                               \
    X(ACCEPTED, "postlatch_config_verdict_accepted", GAUGE,                                        \
      "1 if the policy is not safe and waivers accept all of that, else 0.")                       \
    X(LOCKED, "postlatch_config_locked", GAUGE,                                                    \
      "1 if nobody may relay because the policy of the start must not be served, else 0.")         \
    X(MODE, "postlatch_config_mode", GAUGE, "1 for the mode in force, 0 for the other.")           \
    X(RULES, "postlatch_config_rules", GAUGE, "Rules of the policy, without the built-in ones.")   \
    X(ENTRIES, "postlatch_list_entries", GAUGE, "Entries of boundary lists and tables.")           \
    X(SURFACE_NETWORKS, "postlatch_relay_surface_networks", GAUGE,                                 \
      "Fewest networks that hold the addresses from which mail can be relayed without login.")     \
    X(SURFACE_ADDRESSES, "postlatch_relay_surface_addresses", GAUGE,                               \
      "IPv4 addresses from which mail can be relayed without login.")                              \
    X(SHADOW, "postlatch_shadow_differences_total", COUNTER,                                       \
      "Requests that the policy of the option shadow would have answered otherwise.")              \
    X(ALARMS, "postlatch_masking_alarms_total", COUNTER,                                           \
      "Trusted addresses that have shown too many names without a login.")                         \
    X(SUSPECTS, "postlatch_masking_suspects", GAUGE, "Those of the last hour or two.")             \
    X(DROPPED, "postlatch_log_dropped_total", COUNTER, "Log lines that were lost.")                \
    X(CLOCK_STEPS, "postlatch_clock_steps_total", COUNTER,                                         \
      "Times that the wall clock was set by two seconds or more.")                                 \
    X(CPU, "process_cpu_seconds_total", COUNTER, "CPU time of all threads, user and system.")      \
    X(OPEN_FDS, "process_open_fds", GAUGE, "Open file descriptors.")                               \
    X(MAX_FDS, "process_max_fds", GAUGE, "Most file descriptors that may be open.")                \
    X(VIRTUAL, "process_virtual_memory_bytes", GAUGE, "Virtual memory.")                           \
    X(RESIDENT, "process_resident_memory_bytes", GAUGE, "Resident memory.")                        \
    X(START, "process_start_time_seconds", GAUGE, "When the daemon was started.")

enum family {
#define X(id, name, type, help) FAMILY_##id,
    METRICS_TABLE(X)
#undef X
};

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
} families[] = {
#define X(id, name, type, help) {(name), EXPOSITION_##type, (help)},
    METRICS_TABLE(X)
#undef X
};

static const char *begin(struct exposition *e, enum family family)
{
    exposition_family(e, families[family].name, families[family].type, families[family].help);
    return families[family].name;
}

/* A sample with one label. */
static void add(struct exposition *e, const char *name, const char *label, const char *value,
                double number)
{
    struct exposition_label labels[] = {{label, pl_str_of(value)}};

    exposition_value(e, name, labels, 1, number);
}

/* A family of one sample without labels. */
static void add_one(struct exposition *e, enum family family, double number)
{
    exposition_value(e, begin(e, family), NULL, 0, number);
}

/* The same, if the number is known. */
static void add_known(struct exposition *e, enum family family, double number)
{
    if (number >= 0)
        add_one(e, family, number);
}

/* ---- requests ---- */

static void add_series(const struct tally_series *s, void *arg)
{
    struct exposition_label labels[] = {
        {"stage", pl_str_of(s->stage)}, {"action", s->action}, {"rule", s->rule}};

    exposition_count(arg, families[FAMILY_DECISIONS].name, labels, 3, s->count);
}

/* What a built-in rule says of those whom it decides about; a written one says nothing in general. */
static const struct implied {
    const char *rule, *client, *recipient;
} implied[] = {{"builtin:state", "any", "any"},
               {"builtin:accepted", "any", "ours"},
               {"builtin:network", "network", "foreign"},
               {"builtin:name", "name", "foreign"},
               {"builtin:listener", "listener", "foreign"},
               {"builtin:authenticated", "login", "foreign"},
               {"builtin:certificate", "certificate", "foreign"},
               {"builtin:expired", "waived", "foreign"},
               {"builtin:locked", "any", "foreign"},
               {"builtin:reject", "outside", "foreign"},
               {NULL, "rule", "any"}};

/* More cells than there can be: words of actions are few, codes and classes are put together. */
enum { CELLS_MAX = 128, WORD_MAX = 32 };

struct matrix {
    struct cell {
        const struct implied *of;
        char action[WORD_MAX];
        unsigned long count;
    } cells[CELLS_MAX];
    size_t n;
};

static void fold(const struct tally_series *s, void *arg)
{
    struct matrix *m = arg;
    const struct implied *of = implied;
    char action[WORD_MAX];
    size_t i = 0;

    while (of->rule != NULL && !pl_str_eq(s->rule, pl_str_of(of->rule)))
        of++;
    if (pl_str_has_prefix(s->action, pl_str_lit("class:")))
        snprintf(action, sizeof(action), "class");
    else if (s->action.n > 0 && (s->action.p[0] == '4' || s->action.p[0] == '5'))
        snprintf(action, sizeof(action), "%cNN", s->action.p[0]);
    else
        snprintf(action, sizeof(action), "%.*s", (int)s->action.n, s->action.p);
    while (i < m->n && (m->cells[i].of != of || strcmp(m->cells[i].action, action) != 0))
        i++;
    pl_assert(i < CELLS_MAX);
    if (i == m->n) {
        m->cells[i] = (struct cell){.of = of};
        memcpy(m->cells[i].action, action, sizeof(action));
        m->n++;
    }
    m->cells[i].count += s->count;
}

static void add_matrix(struct exposition *e, struct tally *tally)
{
    const char *name = begin(e, FAMILY_MATRIX);
    struct matrix m = {.n = 0};

    tally_each(tally, fold, &m);
    for (size_t i = 0; i < m.n; i++) {
        const struct cell *c = &m.cells[i];
        struct exposition_label labels[] = {{"client_class", pl_str_of(c->of->client)},
                                            {"recipient_class", pl_str_of(c->of->recipient)},
                                            {"action", pl_str_of(c->action)}};

        exposition_count(e, name, labels, 3, c->count);
    }
}

static void add_duration(struct exposition *e, const struct vitals_sums *sums)
{
    static const char *const bounds[] = {
#define X(us, text) (text),
        DURATION_TABLE(X)
#undef X
            "+Inf"};
    const char *name = begin(e, FAMILY_DURATION);
    unsigned long so_far = 0;
    char part[80];

    snprintf(part, sizeof(part), "%s_bucket", name);
    for (size_t i = 0; i <= DURATION_BOUNDS; i++) {
        so_far += sums->duration[i];
        exposition_count(e, part, &(struct exposition_label){"le", pl_str_of(bounds[i])}, 1,
                         so_far);
    }
    snprintf(part, sizeof(part), "%s_sum", name);
    exposition_value(e, part, NULL, 0, (double)sums->duration_us / 1e6);
    snprintf(part, sizeof(part), "%s_count", name);
    exposition_count(e, part, NULL, 0, so_far);
}

static void add_requests(struct exposition *e, const struct vitals *v,
                         const struct vitals_sums *sums)
{
    static const char *const effects[] = {[PL_EFFECT_PASS] = "pass",
                                          [PL_EFFECT_REFUSE] = "refuse",
                                          [PL_EFFECT_LEAVE] = "leave",
                                          [PL_EFFECT_UNKNOWN] = "unknown"};
    unsigned long by_effect[PL_EFFECT_UNKNOWN + 1];
    struct tally *tally = &v->pool->snapshots->tally;
    const char *name;

    begin(e, FAMILY_DECISIONS);
    tally_each(tally, add_series, e);
    tally_effects(tally, by_effect);
    name = begin(e, FAMILY_REQUESTS);
    for (size_t i = 0; i <= PL_EFFECT_UNKNOWN; i++)
        add(e, name, "effect", effects[i], (double)by_effect[i]);
    add_matrix(e, tally);
    add_duration(e, sums);
    add_one(e, FAMILY_LONGEST, (double)sums->longest_us / 1e6);
}

/* What the proof cannot know, and what another policy would do. */
static void add_watched(struct exposition *e, const struct vitals *v,
                        const struct vitals_sums *sums)
{
    struct pl_buf names = {0};
    unsigned suspects = alarm_suspects(&v->pool->alarm, clock_us(), &names);

    pl_buf_fini(&names);
    add_one(e, FAMILY_SHADOW, (double)sums->shadow_differs);
    add_one(e, FAMILY_ALARMS, (double)atomic_load(&v->pool->alarm.total));
    add_one(e, FAMILY_SUSPECTS, suspects);
}

/* ---- connections ---- */

static void add_connections(struct exposition *e, const struct vitals *v,
                            const struct vitals_sums *sums)
{
    static const char *const reasons[] = {
#define X(id, label) (label),
        TROUBLE_TABLE(X)
#undef X
    };
    const char *name;

    add_one(e, FAMILY_CONNECTIONS, (double)atomic_load(&v->pool->connections));
    add_one(e, FAMILY_CONNECTIONS_TOTAL, (double)v->pool->connections_total);
    name = begin(e, FAMILY_CLOSED);
    add(e, name, "reason", "idle_timeout", (double)sums->closed_idle);
    add(e, name, "reason", "max_connections", (double)sums->closed_idlest);
    add_one(e, FAMILY_PAUSES, (double)v->listeners->pauses);
    name = begin(e, FAMILY_ERRORS);
    for (size_t i = 0; i < TROUBLE_COUNT; i++)
        add(e, name, "reason", reasons[i], (double)sums->troubles[i]);
    add_one(e, FAMILY_WORKERS, (double)v->pool->count);
}

/* ---- the policy ---- */

/* Entries of a boundary list, those of the tables that it names included. */
static size_t entries_of(const struct pl_set *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->in_count; i++)
        n += set->in[i].table != NULL ? set->in[i].table->count : entries_of(set->in[i].set);
    return n;
}

static void add_lists(struct exposition *e, const struct pl_policy *p)
{
    const char *name = begin(e, FAMILY_ENTRIES);
    struct exposition_label label = {.name = "list"};
    size_t others = 0;

    for (size_t b = 0; b < PL_BOUNDARY_COUNT; b++)
        add(e, name, "list", pl_boundary_name((enum pl_boundary)b),
            (double)entries_of(&p->boundary[b]));
    add(e, name, "list", "relay_listeners", (double)p->nlisteners);
    for (size_t i = 0; i < p->ntables; i++) {
        label.value = p->tables[i]->name;
        if (i < LISTS_MAX)
            exposition_count(e, name, &label, 1, p->tables[i]->count);
        else
            others += p->tables[i]->count;
    }
    if (p->ntables > LISTS_MAX)
        add(e, name, "list", TALLY_OTHER, (double)others);
}

static void add_verdict(struct exposition *e, const struct snapshot *s)
{
    static const char *const words[] = {"safe", "open", "unprovable", "invalid"};
    struct pl_surface_size size = s->verdict.surface;
    bool observe = s->config.policy->mode == PL_MODE_OBSERVE;
    const char *name = begin(e, FAMILY_VERDICT);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        add(e, name, "verdict", words[i], strcmp(words[i], s->verdict.word) == 0);
    add_one(e, FAMILY_ACCEPTED, strcmp(vitals_accepted(s), "yes") == 0);
    add_one(e, FAMILY_LOCKED, s->locked);
    name = begin(e, FAMILY_MODE);
    add(e, name, "mode", "enforce", !observe);
    add(e, name, "mode", "observe", observe);
    add_one(e, FAMILY_RULES, (double)s->config.policy->nwritten);
    add_lists(e, s->config.policy);
    if (s->locked)
        size = (struct pl_surface_size){0}; /* nobody may relay */
    if (size.unknown != NULL)
        return;
    name = begin(e, FAMILY_SURFACE_NETWORKS);
    add(e, name, "family", "ipv4", (double)size.networks_v4);
    add(e, name, "family", "ipv6", (double)size.networks_v6);
    add_one(e, FAMILY_SURFACE_ADDRESSES, size.addresses_v4);
}

static void add_config(struct exposition *e, const struct vitals *v)
{
    static const enum reload_outcome ended[] = {RELOAD_OK, RELOAD_REFUSED, RELOAD_ERROR};
    const struct reload *r = v->reload;
    bool good = r->last == RELOAD_NONE || r->last == RELOAD_OK;
    const char *name;

    add_one(e, FAMILY_GENERATION, (double)r->snapshot->generation);
    add_one(e, FAMILY_RELOAD_SUCCESS, good);
    add_one(e, FAMILY_RELOAD_TIME,
            r->last == RELOAD_NONE ? v->process->started_at : (double)r->last_at);
    name = begin(e, FAMILY_RELOADS);
    for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
        add(e, name, "outcome", reload_outcome_word(ended[i]), (double)r->ended[ended[i]]);
    add_verdict(e, r->snapshot);
}

/* ---- the process ---- */

static void add_process(struct exposition *e, const struct process *p)
{
    struct process_figures f;
    const char *name = begin(e, FAMILY_DROPPED);

    add(e, name, "to", "syslog", (double)log_dropped());
    add(e, name, "to", "stderr", (double)log_stderr_dropped());
    add_one(e, FAMILY_CLOCK_STEPS, (double)clock_steps());
    process_read(p, &f);
    add_known(e, FAMILY_CPU, f.cpu_s);
    add_known(e, FAMILY_OPEN_FDS, f.open_fds);
    add_known(e, FAMILY_MAX_FDS, f.max_fds);
    add_known(e, FAMILY_VIRTUAL, f.virtual_bytes);
    add_known(e, FAMILY_RESIDENT, f.resident_bytes);
    add_one(e, FAMILY_START, p->started_at);
}

void metrics_add(struct pl_buf *b, const struct vitals *v, bool openmetrics)
{
    struct exposition e = {b, openmetrics};
    struct vitals_sums sums;

    vitals_add_up(v, &sums);
    add(&e, begin(&e, FAMILY_BUILD_INFO), "version", PL_VERSION, 1);
    add_requests(&e, v, &sums);
    add_connections(&e, v, &sums);
    add_config(&e, v);
    add_watched(&e, v, &sums);
    add_process(&e, v->process);
    exposition_end(&e);
}
