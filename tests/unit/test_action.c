/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions: nothing that Postfix would take for something else is accepted or ever sent. */
#include "exact.h"
#include "misuse.h"

#include "postlatch/action.h"

#include <stdlib.h>

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static const struct {
    const char *in, *sent, *word;
    enum pl_effect effect;
} good[] = {
    {"OK", "OK", "OK", PL_EFFECT_PASS},
    {"ok", "OK", "OK", PL_EFFECT_PASS},
    {" OK ", "OK", "OK", PL_EFFECT_PASS},
    {"DUNNO", "DUNNO", "DUNNO", PL_EFFECT_LEAVE},
    {"DISCARD", "DISCARD", "DISCARD", PL_EFFECT_PASS},
    {"discard off the list", "DISCARD off the list", "DISCARD", PL_EFFECT_PASS},
    {"REJECT", "REJECT", "REJECT", PL_EFFECT_REFUSE},
    {"reject  Go away", "REJECT Go away", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 5.7.1 Account suspended", "REJECT 5.7.1 Account suspended", "REJECT",
     PL_EFFECT_REFUSE},
    {"REJECT 1.2.3.4 is not welcome", "REJECT 1.2.3.4 is not welcome", "REJECT", PL_EFFECT_REFUSE},
    {"DEFER", "DEFER", "DEFER", PL_EFFECT_REFUSE},
    {"DEFER 4.7.1 Later", "DEFER 4.7.1 Later", "DEFER", PL_EFFECT_REFUSE},
    {"DEFER_IF_PERMIT Later", "DEFER_IF_PERMIT Later", "DEFER_IF_PERMIT", PL_EFFECT_REFUSE},
    {"DEFER_IF_REJECT Later", "DEFER_IF_REJECT Later", "DEFER_IF_REJECT", PL_EFFECT_LEAVE},
    {"450 Later", "450 Later", "450", PL_EFFECT_REFUSE},
    {"451 4.7.1 Later", "451 4.7.1 Later", "451", PL_EFFECT_REFUSE},
    {"550 5.1.1 Nobody here", "550 5.1.1 Nobody here", "550", PL_EFFECT_REFUSE},
    {"521 Bye", "521 Bye", "521", PL_EFFECT_REFUSE},
    {"reject_unauth_destination", "reject_unauth_destination", "reject_unauth_destination",
     PL_EFFECT_REFUSE},
    {"Permit_Auth_Destination", "permit_auth_destination", "permit_auth_destination",
     PL_EFFECT_LEAVE},
    {"WARN look at this", "WARN look at this", "WARN", PL_EFFECT_LEAVE},
    {"INFO", "INFO", "INFO", PL_EFFECT_LEAVE},
    {"HOLD for the boss", "HOLD for the boss", "HOLD", PL_EFFECT_LEAVE},
    {"PREPEND X-Seen: yes", "PREPEND X-Seen: yes", "PREPEND", PL_EFFECT_LEAVE},
    {"FILTER smtp:[127.0.0.1]:10025", "FILTER smtp:[127.0.0.1]:10025", "FILTER", PL_EFFECT_LEAVE},
    {"FILTER smtp:", "FILTER smtp:", "FILTER", PL_EFFECT_LEAVE},
    {"REDIRECT a@example.org", "REDIRECT a@example.org", "REDIRECT", PL_EFFECT_LEAVE},
    {"BCC a@example.org", "BCC a@example.org", "BCC", PL_EFFECT_LEAVE},
    {"class:greylist", "greylist", "class:greylist", PL_EFFECT_UNKNOWN},
    {"CLASS:my_class2", "my_class2", "class:my_class2", PL_EFFECT_UNKNOWN},
    {"class:_a-b", "_a-b", "class:_a-b", PL_EFFECT_UNKNOWN},
    {"class:" X60 "xxxx", X60 "xxxx", "class:" X60 "xxxx", PL_EFFECT_UNKNOWN},
    {"WARN 5.7.1 text", "WARN 5.7.1 text", "WARN", PL_EFFECT_LEAVE},
    {"WARN 5.7.1.", "WARN 5.7.1.", "WARN", PL_EFFECT_LEAVE},
    /* no enhanced codes, so they need not fit */
    {"REJECT 4.7 no", "REJECT 4.7 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4.7. no", "REJECT 4.7. no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4.71. no", "REJECT 4.71. no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4.711 no", "REJECT 4.711 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4.7.1.1 no", "REJECT 4.7.1.1 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 100%", "REJECT 100%", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4..71 no", "REJECT 4..71 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 4.7.1x no", "REJECT 4.7.1x no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 44.7.1 no", "REJECT 44.7.1 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 55 no", "REJECT 55 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 5500 no", "REJECT 5500 no", "REJECT", PL_EFFECT_REFUSE},
    {"REJECT 55x no", "REJECT 55x no", "REJECT", PL_EFFECT_REFUSE},
    {"PREPEND X{Y: a", "PREPEND X{Y: a", "PREPEND", PL_EFFECT_LEAVE},
    {"PREPEND X: a:b", "PREPEND X: a:b", "PREPEND", PL_EFFECT_LEAVE},
    {"FILTER a-b_c.d:[::1]!", "FILTER a-b_c.d:[::1]!", "FILTER", PL_EFFECT_LEAVE},
};

#define WORDS "expected OK, DUNNO, REJECT text, 450 text, … or class:NAME"
#define DIGITS "an action of digits alone means OK to Postfix; expected a code and text, as in "
#define DIGITS_4 DIGITS "\"450 4.7.1 Try again later\""
#define DIGITS_5 DIGITS "\"550 5.7.1 Access denied\""
#define PLACES                                                                                         \
    "%{…} is not allowed here; it may stand in the text of REJECT, DEFER…, 4NN, 5NN, WARN, INFO, " \
    "HOLD, DISCARD and the value of PREPEND"
#define LETTER                                                                                     \
    "a text with %{…} must begin with a letter; expected for example \"Client "                  \
    "%{client_address} …\""
#define FILTER_FORM                                                                                \
    "FILTER needs a transport; expected \"FILTER transport:destination\", as in "                  \
    "\"FILTER smtp:[127.0.0.1]:10025\""

static const struct {
    const char *in, *why;
} bad[] = {
    {"", "an empty action means OK to Postfix; expected OK, DUNNO, REJECT text, …"},
    {"   ", "an empty action means OK to Postfix; expected OK, DUNNO, REJECT text, …"},
    {"550", DIGITS_5},
    {"1", DIGITS_4},
    {"12345", DIGITS_4},
    {"250 fine", "bad reply code \"250\"; expected 4NN or 5NN and text"},
    {"650 text", "bad reply code \"650\"; expected 4NN or 5NN and text"},
    {"4500 text", "bad reply code \"4500\"; expected 4NN or 5NN and text"},
    {"45 text", "bad reply code \"45\"; expected 4NN or 5NN and text"},
    {"REJECT 550 no",
     "Postfix takes the code in \"REJECT 550\" for text; write \"550 no\" without REJECT"},
    {"DEFER 450",
     "Postfix takes the code in \"DEFER 450\" for text; write \"450 text\" without DEFER"},
    {"REJECT 550 " X60,
     "Postfix takes the code in \"REJECT 550\" for text; write \"550 " X60 "\" without REJECT"},
    {"REJECT 550 " X60 "yyy",
     "Postfix takes the code in \"REJECT 550\" for text; write \"550 " X60 "\" without REJECT"},
    {"550 550 no", "Postfix takes the code in \"550 550\" for text; write \"550 no\" without 550"},
    {"REJECT 5.7.1", "an enhanced code needs text behind it; expected for example \"REJECT 5.7.1 "
                     "Access denied\""},
    {"550 5.7.1",
     "an enhanced code needs text behind it; expected for example \"550 5.7.1 Access denied\""},
    {"warn 5.7.1",
     "an enhanced code needs text behind it; expected for example \"warn 5.7.1 Access denied\""},
    {"DISCARD 1.0.12345", "an enhanced code needs text behind it; expected for example \"DISCARD "
                          "1.0.12345 Access denied\""},
    {"REJECT 4.7.1 no",
     "the enhanced code \"4.7.1\" does not fit REJECT; expected one that begins with 5"},
    {"DEFER 5.7.1 no",
     "the enhanced code \"5.7.1\" does not fit DEFER; expected one that begins with 4"},
    {"450 5.7.1 no",
     "the enhanced code \"5.7.1\" does not fit 450; expected one that begins with 4"},
    {"REJECT 2.0.0 ok",
     "the enhanced code \"2.0.0\" does not fit REJECT; expected one that begins with 5"},
    {"REJCT", "unknown action \"REJCT\"; " WORDS "; did you mean \"REJECT\"?"},
    {"permit", "unknown action \"permit\"; " WORDS "; did you mean \"OK\"?"},
    {"RELAY", "unknown action \"RELAY\"; " WORDS "; did you mean \"OK\"?"},
    {"accept", "unknown action \"accept\"; " WORDS "; did you mean \"OK\"?"},
    {"pass", "unknown action \"pass\"; " WORDS "; did you mean \"DUNNO\"?"},
    {"Tempfail later", "unknown action \"Tempfail\"; " WORDS "; did you mean \"DEFER\"?"},
    {"5.7.1 No", "an enhanced code without an action; expected \"REJECT 5.7.1 text\""},
    {"4.7.1", "an enhanced code without an action; expected \"DEFER 4.7.1 text\""},
    {"5.7", "unknown action \"5.7\"; " WORDS},
    {"5.7.1.", "unknown action \"5.7.1.\"; " WORDS},
    {"allow", "unknown action \"allow\"; " WORDS "; did you mean \"OK\"?"},
    {"deny", "unknown action \"deny\"; " WORDS "; did you mean \"REJECT\"?"},
    {"DUNNO, reject", "unknown action \"DUNNO,\"; " WORDS "; did you mean \"DUNNO\"?"},
    {"permit_mynetworks", "unknown action \"permit_mynetworks\"; " WORDS},
    {"OK fine", "OK takes no text, Postfix would ignore it; expected \"OK\""},
    {"DUNNO x", "DUNNO takes no text, Postfix would ignore it; expected \"DUNNO\""},
    {"PREPEND no header", "PREPEND needs a header; expected \"PREPEND Name: value\""},
    {"PREPEND X-A:", "PREPEND needs a header; expected \"PREPEND Name: value\""},
    {"PREPEND : x", "PREPEND needs a header; expected \"PREPEND Name: value\""},
    {"PREPEND X A: b", "PREPEND needs a header; expected \"PREPEND Name: value\""},
    {"PREPEND", "PREPEND needs a header; expected \"PREPEND Name: value\""},
    {"FILTER smtp", FILTER_FORM},
    {"FILTER :[x]", FILTER_FORM},
    {"FILTER a b:c", FILTER_FORM},
    {"FILTER a!b:c", FILTER_FORM},
    {"FILTER a:b c", FILTER_FORM},
    {"FILTER", FILTER_FORM},
    {"REDIRECT nobody", "REDIRECT needs one mail address; expected \"REDIRECT user@example.org\""},
    {"REDIRECT a%b@c.example",
     "REDIRECT needs one mail address; expected \"REDIRECT user@example.org\""},
    {"BCC a@b.example c@d.example",
     "BCC needs one mail address; expected \"BCC user@example.org\""},
    {"REDIRECT", "REDIRECT needs one mail address; expected \"REDIRECT user@example.org\""},
    {"redirect a b@c.example",
     "REDIRECT needs one mail address; expected \"REDIRECT user@example.org\""},
    {"BCC @b.example", "BCC needs one mail address; expected \"BCC user@example.org\""},
    {"class:", "bad class name \"\"; expected a name from smtpd_restriction_classes: letters, "
               "digits, '_', '-'"},
    {"class:1abc", "bad class name \"1abc\"; expected a name from smtpd_restriction_classes: "
                   "letters, digits, '_', '-'"},
    {"class:a,b", "bad class name \"a,b\"; expected a name from smtpd_restriction_classes: "
                  "letters, digits, '_', '-'"},
    {"class:" X60 "xxxxx",
     "bad class name \"" X60 "xxxxx\"; expected a name from smtpd_restriction_classes: "
     "letters, digits, '_', '-'"},
    {"class:x y", "a class takes no text; expected \"class:NAME\""},
    {"class:OK",
     "class:OK is a word of Postfix's own, not a restriction class; expected another name"},
    {"class:reject", "class:reject is a word of Postfix's own, not a restriction class; expected "
                     "another name"},
    {"class:permit", "class:permit is a word of Postfix's own, not a restriction class; expected "
                     "another name"},
    {"class:permit_mynetworks", "class:permit_mynetworks is a word of Postfix's own, not a "
                                "restriction class; expected another name"},
    {"REJECT \xc3\xbc",
     "\"REJECT \\xc3\\xbc\" holds a byte that is not printable ASCII, which an SMTP reply must "
     "not; write it in plain letters"},
    {"REJECT a\nb", "\"REJECT a\\x0ab\" holds a byte that is not printable ASCII, which an SMTP "
                    "reply must not; write it in plain letters"},
    {"REJECT Not %{sender }",
     "unknown attribute \"sender \" in %{…}; expected one of Postfix's policy "
     "protocol; did you mean \"sender\"?"},
    {"REJECT Not %{}", "unknown attribute \"\" in %{…}; expected one of Postfix's policy protocol"},
    {"OK %{sender}", "OK takes no text, Postfix would ignore it; expected \"OK\""},
    {"%{sender}", "unknown action \"%{sender}\"; " WORDS},
    {"REJECT %{sender} no", LETTER},
    {"REJECT 5.7.1 %{sender}", LETTER},
    {"450 (%{sender})", LETTER},
    {"REJECT Not %{sendr}", "unknown attribute \"sendr\" in %{…}; expected one of Postfix's policy "
                            "protocol; did you mean \"sender\"?"},
    {"REJECT Not %{sender",
     "\"%{\" without its \"}\"; expected %{attribute}, as in %{client_address}"},
    {"FILTER smtp:%{sender}", PLACES},
    {"PREPEND X-%{sender}: x",
     "%{…} is not allowed in the name of a header; expected it in the value"},
};

static void good_actions(void **state)
{
    struct pl_arena *a = pl_arena_new();
    struct pl_query q;

    (void)state;
    memset(&q, 0, sizeof(q));
    for (size_t i = 0; i < ROWS(good); i++) {
        char why[PL_ACTION_WHY] = "", out[PL_ACTION_ROOM];
        struct pl_str in = exact(good[i].in);
        const struct pl_action *action = pl_action_parse(a, in, why);

        exact_free(in); /* the arena has a copy of all that is kept */
        if (action == NULL)
            fail_msg("%s: %s", good[i].in, why);
        pl_action_format(out, action, &q);
        check_str(good[i].in, out, good[i].sent);
        check_str(good[i].in, action->word.p, good[i].word);
        check_true(good[i].in, action->effect == good[i].effect);
    }
    pl_arena_free(a);
}

static void bad_actions(void **state)
{
    struct pl_arena *a = pl_arena_new();
    char why[PL_ACTION_WHY], longest[PL_ACTION_MAX + 2];

    (void)state;
    for (size_t i = 0; i < ROWS(bad); i++) {
        struct pl_str in = exact(bad[i].in);

        why[0] = '\0';
        if (pl_action_parse(a, in, why) != NULL)
            fail_msg("\"%s\" was taken", bad[i].in);
        check_str(bad[i].in, why, bad[i].why);
        exact_free(in);
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "REJECT ", 7);
    assert_non_null(pl_action_parse(a, (struct pl_str){longest, PL_ACTION_MAX}, why));
    assert_null(pl_action_parse(a, (struct pl_str){longest, PL_ACTION_MAX + 1}, why));
    check_str("too long", why, "an action of 401 bytes; expected at most 400");
    pl_arena_free(a);
}

static void placeholders(void **state)
{
    static const struct {
        const char *in, *sent;
    } rows[] = {
        {"REJECT Client %{client_address} may not", "REJECT Client 192.0.2.1 may not"},
        {"REJECT 5.7.1 From %{sender} to %{recipient}", "REJECT 5.7.1 From - to a?b@c.example"},
        {"450 Helo %{helo_name}%{helo_name}", "450 Helo x yx y"},
        {"PREPEND X-Login: %{sasl_username}", "PREPEND X-Login: -"},
        {"WARN a%{sender}", "WARN a-"},
        {"REJECT 100% sure", "REJECT 100% sure"},
        {"REJECT All {50% or 100%} of %{sender}%", "REJECT All {50% or 100%} of -%"},
        {"PREPEND X: A: {%{sender}", "PREPEND X: A: {-"},
        {"REJECT Name %{client_name}", "REJECT Name ?? ? injected=1"},
    };
    struct pl_arena *a = pl_arena_new();
    struct pl_query q;

    (void)state;
    memset(&q, 0, sizeof(q));
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("192.0.2.1");
    q.attr[PL_ATTR_RECIPIENT] = pl_str_lit("a\x01"
                                           "b@c.example");
    q.attr[PL_ATTR_HELO_NAME] = pl_str_lit("x y");
    q.attr[PL_ATTR_CLIENT_NAME] = pl_str_lit("\xc3\xbc \n injected=1");
    for (size_t i = 0; i < ROWS(rows); i++) {
        char why[PL_ACTION_WHY] = "", out[PL_ACTION_ROOM];
        const struct pl_action *action = pl_action_parse(a, pl_str_of(rows[i].in), why);

        if (action == NULL)
            fail_msg("%s: %s", rows[i].in, why);
        pl_action_format(out, action, &q);
        check_str(rows[i].in, out, rows[i].sent);
    }
    pl_arena_free(a);
}

/* Set while the system is out of memory: the linker gives us the library's calls of calloc. */
static bool memory_is_short;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_is_short ? NULL : __real_calloc(count, size);
}

/* An arena that has room for exactly `room` of the smallest pieces. */
static struct pl_arena *arena_with_room(size_t room)
{
    struct pl_arena *a = pl_arena_new();
    size_t pieces = 1;

    assert_non_null(a);
    assert_non_null(pl_arena_alloc(a, 1));
    memory_is_short = true;
    while (pl_arena_alloc(a, 1) != NULL)
        pieces++;
    memory_is_short = false;
    pl_arena_free(a);
    a = pl_arena_new();
    assert_non_null(a);
    assert_true(room < pieces);
    for (size_t i = room; i < pieces; i++)
        assert_non_null(pl_arena_alloc(a, 1));
    return a;
}

/* Memory ends at each place where it can: a reason, no action; and then a whole one. */
static void run_out_of_memory(const char *in, const char *sent)
{
    const struct pl_action *action = NULL;
    struct pl_query q = {0};
    size_t room = 0;

    for (; action == NULL; room++) {
        struct pl_arena *a = arena_with_room(room);
        char why[PL_ACTION_WHY] = "", out[PL_ACTION_ROOM];

        memory_is_short = true;
        action = pl_action_parse(a, pl_str_of(in), why);
        memory_is_short = false;
        if (action == NULL) {
            check_str(in, why, "out of memory");
        } else {
            pl_action_format(out, action, &q);
            check_str(in, out, sent);
            check_true(in, pl_str_eq(action->source, pl_str_of(in)));
        }
        pl_arena_free(a);
        assert_true(room < 100);
    }
    assert_true(room > 5); /* five objects, so that many places at least */
}

static void out_of_memory(void **state)
{
    (void)state;
    run_out_of_memory("REJECT 5.7.1 Not %{sender} to %{recipient}, today",
                      "REJECT 5.7.1 Not - to -, today");
    /* Texts that need more than all that comes behind them. */
    run_out_of_memory("REJECT " X60 X60 X60 X60 X60, "REJECT " X60 X60 X60 X60 X60);
    run_out_of_memory("class:" X60, X60);
}

/* An action that is nothing but blanks is none; no configuration can have made it. */
static void misuse(void **state)
{
    static const struct pl_action_piece blank[] = {{{"  ", 2}, PL_ATTR_COUNT}};
    static const struct pl_action no_pieces = {.npieces = 0},
                                  blanks = {.npieces = 1, .pieces = blank};
    char out[PL_ACTION_ROOM];
    struct pl_query q = {0};

    (void)state;
    expect_assert_failure(pl_action_format(out, &no_pieces, &q));
    expect_assert_failure(pl_action_format(out, &blanks, &q));
}

/* Whether all of s is an enhanced status code, digits and two dots, as Postfix's dsn_valid has it. */
static bool is_enhanced_code(struct pl_str s)
{
    size_t dots = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.')
            dots++;
        else if (!pl_ascii_is_digit(s.p[i]))
            return false;
    }
    return dots == 2 && s.n >= 5 && s.n <= 9 && s.p[1] == '.' && s.p[s.n - 1] != '.';
}

/* Postfix's reading of an action, as measured: what must never be sent. */
static void check_safe(const char *in, struct pl_str out)
{
    struct pl_str word = {out.p, pl_str_find(out, ' ')};
    struct pl_str rest = word.n < out.n ? pl_str_from(out, word.n + 1) : (struct pl_str){NULL, 0};
    bool digits = word.n > 0;

    check_true(in, out.n > 0 && out.n <= PL_ACTION_MAX);
    for (size_t i = 0; i < out.n; i++)
        check_true(in, pl_ascii_is_print(out.p[i]));
    for (size_t i = 0; i < word.n; i++)
        digits = digits && pl_ascii_is_digit(word.p[i]);
    check_true(in, out.p[0] != ' ' && out.p[out.n - 1] != ' ');
    check_true(in,
               !digits || (word.n == 3 && (word.p[0] == '4' || word.p[0] == '5') && rest.n > 0));
    if (is_enhanced_code(rest))
        fail_msg("an enhanced code without text: \"%.*s\" from \"%s\"", (int)out.n, out.p, in);
}

/* Generated actions and hostile values: whatever is accepted is safe to send. */
static void never_a_permit_by_accident(void **state)
{
    static const char *const pieces[] = {"OK",
                                         "REJECT",
                                         "DEFER",
                                         "550",
                                         "451",
                                         "5.7.1",
                                         "4.7.1",
                                         "0",
                                         "%{sender}",
                                         "%{helo_name}",
                                         "%{client_name}",
                                         "text",
                                         "a",
                                         "DUNNO",
                                         "PREPEND",
                                         "X: ",
                                         "class:",
                                         "WARN",
                                         "DISCARD",
                                         "HOLD",
                                         ":",
                                         "%{recipient}",
                                         "%",
                                         "{",
                                         "DEFER_IF_PERMIT",
                                         "%{sasl_username}",
                                         "FILTER",
                                         "@",
                                         "1.",
                                         "."};
    static const char *const hostile[] = {"",       "550",      "5.7.1",     " ",        "OK",
                                          "\n",     "\r\n\r\n", "action=OK", "\xff",     "\x01",
                                          "5.7.1 ", "  ",       "x",         "%{sender}"};
    unsigned seed = 25112026;
    unsigned taken = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct pl_arena *a = pl_arena_new();
        char in[600] = "", why[PL_ACTION_WHY] = "", out[PL_ACTION_ROOM], big[3000];
        const struct pl_action *action;
        struct pl_query q;
        int n = 1 + rand_r(&seed) % 5;

        memset(&q, 0, sizeof(q));
        memset(big, 'b', sizeof(big));
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
            q.attr[i] = pl_str_of(hostile[(size_t)rand_r(&seed) % ROWS(hostile)]);
        if (rand_r(&seed) % 8 == 0)
            q.attr[PL_ATTR_SENDER] = (struct pl_str){big, (size_t)rand_r(&seed) % sizeof(big)};
        for (int i = 0; i < n; i++) {
            size_t used = strlen(in);

            snprintf(in + used, sizeof(in) - used, "%s%s",
                     pieces[(size_t)rand_r(&seed) % ROWS(pieces)],
                     rand_r(&seed) % 4 == 0 ? "" : " ");
        }
        action = pl_action_parse(a, pl_str_of(in), why);
        if (action != NULL) {
            size_t length = pl_action_format(out, action, &q);

            taken++;
            check_safe(in, (struct pl_str){out, length});
            check_true(in, length == strlen(out));
        } else {
            check_true(in, why[0] != '\0');
        }
        pl_arena_free(a);
    }
    assert_true(taken > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_actions), cmocka_unit_test(bad_actions),
        cmocka_unit_test(placeholders), cmocka_unit_test(out_of_memory),
        cmocka_unit_test(misuse),       cmocka_unit_test(never_a_permit_by_accident),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
