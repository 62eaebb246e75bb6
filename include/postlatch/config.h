/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_H
#define POSTLATCH_CONFIG_H

#include "postlatch/diag.h"
#include "postlatch/endpoint.h"
#include "postlatch/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum pl_log_decisions { PL_LOG_ALL, PL_LOG_REJECTS, PL_LOG_NONE };
enum pl_log_format { PL_LOG_TEXT, PL_LOG_JSON };
/* Lines go to the journal, with fields: when a service manager gave us to it; always; never. */
enum pl_log_journal { PL_LOG_JOURNAL_AUTO, PL_LOG_JOURNAL_YES, PL_LOG_JOURNAL_NO };
/* A reload that lets more clients relay: is told, or refused. */
enum pl_reload_wider { PL_RELOAD_WIDER_LOG, PL_RELOAD_WIDER_REFUSE };
/* A start with a policy that is not safe: none, or one that serves our own recipients only. */
enum pl_on_bad_policy { PL_BAD_POLICY_STOP, PL_BAD_POLICY_LOCKED };

/* A trusted address that shows so many names, without a login, may hide others behind it. */
struct pl_masking_alarm {
    unsigned helo_names, senders; /* 0: they are not counted; at most PL_ALARM_…_MAX */
    size_t nexcept;
    const struct pl_prefix *except; /* whose addresses are known to */
};
enum { PL_ALARM_HELO_NAMES_MAX = 100, PL_ALARM_SENDERS_MAX = 500 };

/*
 * What the daemon is told beside the policy. Strings are NUL-terminated and owned by the policy's
 * arena.
 */
struct pl_settings {
    size_t nlisten; /* at least 1 */
    const struct pl_endpoint *listen;
    mode_t socket_mode;
    const char *socket_owner, *socket_group; /* "": leave as created */
    const char *control;                     /* absolute path */
    unsigned workers;                        /* 0: one a CPU */
    const char *user, *group;                /* "": keep */
    unsigned max_connections;
    size_t max_request_size; /* bytes */
    unsigned idle_timeout_s; /* 0: never */
    bool sandbox;            /* the daemon gives up what it will not need */
    enum pl_reload_wider reload_wider;
    enum pl_on_bad_policy on_bad_policy;
    enum pl_log_decisions log_decisions;
    enum pl_log_format log_format;
    int log_facility; /* LOG_MAIL, … of syslog.h */
    const char *log_tag;
    const char *log_socket; /* of syslog; absolute path */
    enum pl_log_journal log_journal;
    const char *log_journal_socket;    /* absolute path */
    size_t nmetrics;                   /* where metrics are given over HTTP; 0: nowhere */
    const struct pl_endpoint *metrics; /* never Unix */
    struct pl_masking_alarm masking_alarm;
    const char *shadow; /* "": none; else the file to be opened: pl_config_load_shadow */
    struct pl_pos shadow_at;
};

/* struct pl_config - a loaded configuration; both parts live and die with the policy */
struct pl_config {
    struct pl_policy *policy;
    struct pl_settings settings;
};

/*
 * pl_config_load - read, check and build everything that a configuration names
 *
 * Nothing is skipped: with any error there is no configuration, and d has all of the errors, each
 * with file and line.
 *
 * in       path, also used in messages as given
 * out      *config; release with pl_config_fini. Zeroed when false
 * returns  false after noting at least one error in d
 * threads  any, one at a time (libconfuse keeps global state: a lock inside makes callers wait)
 */
bool pl_config_load(struct pl_config *config, const char *path, struct pl_diag *d);

/*
 * pl_config_load_lean - the same for who only asks the policy, as the daemon does: entries of tables
 * are in the compiled form alone, without texts and places, so that a million of them take a tenth of
 * the memory. Neither pl_policy_interpret nor pl_explain can be asked about it
 *
 * If anything is wrong the file is read a second time, with all places, for the messages; should it
 * load then, it has been changed meanwhile, and what there is now counts.
 */
bool pl_config_load_lean(struct pl_config *config, const char *path, struct pl_diag *d);

/*
 * pl_config_load_shadow - the configuration that another one names as its shadow, lean
 *
 * in       of: its option shadow is not ""; what the shadow says of a shadow of its own is ignored
 * returns  false after noting the place that names it, and what is wrong with it
 */
bool pl_config_load_shadow(struct pl_config *shadow, const struct pl_config *of, struct pl_diag *d);

/*
 * pl_config_load_settings - of a configuration whose policy does not load: its settings, with a policy
 * of no rules and empty lists, by which nobody may relay and no recipient is ours
 *
 * returns  false if the options themselves are in doubt too: something is wrong with the form of the
 *          file, a name in it is unknown, or the value of an option is bad
 */
bool pl_config_load_settings(struct pl_config *config, const char *path);

/*
 * pl_config_find_control - the control socket that a configuration names, even if it does not load
 *
 * A reload is asked for just when a file is being repaired: the daemon must be found all the same.
 *
 * out      path of size bytes, NUL-terminated
 * returns  false if no usable path can be made out (it was not given, or the file cannot be read)
 */
bool pl_config_find_control(const char *config_path, char *path, size_t size);

/* pl_config_fini - frees policy and settings */
void pl_config_fini(struct pl_config *config);

/*
 * pl_config_restart_needed - what differs between two configurations and only a restart can change
 *
 * returns  the option's name, from is the next to look at ({0} first); NULL when there is no more
 */
const char *pl_config_restart_needed(const struct pl_settings *running,
                                     const struct pl_settings *wanted, size_t *from);

#endif
