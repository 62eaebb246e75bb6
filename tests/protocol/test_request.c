/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies as bytes: tables of cases, the recorded requests of a real Postfix, and
 * every way in which a request can arrive in pieces.
 */
#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/reply.h"
#include "postlatch/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD "request=smtpd_access_policy\n"
#define S(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

/* Takes the place of the library's, so that a test can see an assertion fail. */
_Noreturn void pl_assert_failed(const char *expr, const char *file, int line)
{
    mock_assert(0, expr, file, line);
    abort();
}

/*
 * in[0..n) in memory that ends with its pad; the pad holds what, over and over. To be freed.
 */
static char *padded(const char *in, size_t n, struct pl_str what)
{
    char *copy = malloc(n + PL_REQUEST_PAD);

    assert_non_null(copy);
    if (n > 0)
        memcpy(copy, in, n);
    for (size_t i = 0; i < PL_REQUEST_PAD; i++)
        copy[n + i] = what.p[i % what.n];
    return copy;
}

static bool same_view(struct pl_str a, const char *in_a, struct pl_str b, const char *in_b)
{
    return a.n == b.n && (a.p == NULL) == (b.p == NULL) &&
           (a.p == NULL || a.p - in_a == b.p - in_b);
}

/*
 * pl_request_take on in[0..n) is what pl_request_find_end and pl_request_parse make of it in turn, with
 * the same views, whatever an earlier request has left behind it.
 */
static void check_take_before(const char *name, const char *in, size_t n, struct pl_str behind)
{
    struct pl_str want[PL_ATTR_COUNT], got[PL_ATTR_COUNT];
    struct pl_request_scan two = {0}, one = {0};
    const char *want_why = "", *got_why = "";
    size_t want_end = 0, got_end = 0;
    char *copy = padded(in, n, behind);
    enum pl_request_status want_status = pl_request_find_end(in, n, &two, &want_end, &want_why);
    enum pl_request_status got_status;

    if (want_status == PL_REQUEST_COMPLETE && !pl_request_parse(want, in, want_end, &want_why))
        want_status = PL_REQUEST_TROUBLE;
    got_status = pl_request_take(got, copy, n, &one, &got_end, &got_why);
    if (got_status != want_status)
        fail_msg("%s, %zu bytes: status %d, expected %d", name, n, got_status, want_status);
    if (want_status == PL_REQUEST_TROUBLE && strcmp(got_why, want_why) != 0)
        fail_msg("%s, %zu bytes: \"%s\", expected \"%s\"", name, n, got_why, want_why);
    if (want_status == PL_REQUEST_COMPLETE && got_end != want_end)
        fail_msg("%s, %zu bytes: end %zu, expected %zu", name, n, got_end, want_end);
    for (unsigned i = 0; i < PL_ATTR_COUNT && want_status == PL_REQUEST_COMPLETE; i++) {
        if (!same_view(got[i], copy, want[i], in))
            fail_msg("%s, %zu bytes: %s is \"%.*s\"", name, n, pl_attr_name((enum pl_attr)i),
                     (int)got[i].n, got[i].p);
    }
    free(copy);
}

static void check_take(const char *name, const char *in, size_t n)
{
    static const struct pl_str behind[] = {S("\n"), S("\0"), S("x"), S("=\n\n"),
                                           S("smtpd_access_policy\nsize=1\n\n")};

    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
        check_take_before(name, in, n, behind[i]);
}

/* The same for each length that it had on its way; what is still to come may be there already. */
static void check_take_all(const char *name, struct pl_str in)
{
    for (size_t n = 0; n <= in.n; n++) {
        check_take(name, in.p, n);
        if (n < in.n)
            check_take_before(name, in.p, n, pl_str_from(in, n));
    }
}

/* What find_end says: "more", "complete END" or "trouble: WHY". */
static const char *find(char out[200], struct pl_str in)
{
    struct pl_request_scan scan = {0};
    size_t end = SIZE_MAX;
    const char *why = NULL;
    /* A copy of its own, so that AddressSanitizer sees a read behind the end. */
    char *copy = malloc(in.n == 0 ? 1 : in.n);

    assert_non_null(copy);
    memcpy(copy, in.p, in.n);
    switch (pl_request_find_end(copy, in.n, &scan, &end, &why)) {
    case PL_REQUEST_MORE:
        snprintf(out, 200, "more");
        break;
    case PL_REQUEST_COMPLETE:
        snprintf(out, 200, "complete %zu", end);
        break;
    case PL_REQUEST_TROUBLE:
        snprintf(out, 200, "trouble: %s", why);
        break;
    }
    free(copy);
    return out;
}

static void test_find_end(void **state)
{
    static const struct {
        const char *name;
        struct pl_str in;
        const char *want;
    } cases[] = {
        {"nothing", S(""), "more"},
        {"half a name", S("requ"), "more"},
        {"no line end", S("a=b"), "more"},
        {"one line", S("a=b\n"), "more"},
        {"complete", S("a=b\n\n"), "complete 5"},
        {"the empty line alone", S("\n"), "complete 1"},
        {"the next one follows", S("a=b\n\nc=d\n\n"), "complete 5"},
        {"trouble in the next one", S("a=b\n\n\0\n"), "complete 5"},
        {"empty name", S("=b\n\n"), "complete 4"},
        {"empty value", S("a=\n\n"), "complete 4"},
        {"only =", S("=\n\n"), "complete 3"},
        {"value with =", S("a=b=c=\n\n"), "complete 8"},
        {"no =", S("abc\n"), "trouble: a line without '='"},
        {"no =, second line", S("a=b\nabc\n\n"), "trouble: a line without '='"},
        {"no =, line not ended", S("a=b\nabc"), "more"},
        {"no =, first line", S("abc\n\n"), "trouble: a line without '='"},
        {"no =, in the order of Postfix", S(HEAD "protocol_state\n\n"),
         "trouble: a line without '='"},
        {"blank line", S("a=b\n \n"), "trouble: a line without '='"},
        {"CRLF", S("a=b\r\n\r\n"), "trouble: a line without '='"},
        {"NUL in a value", S("a=\0b\n\n"), "trouble: a NUL byte in the request"},
        {"NUL in a name", S("\0=b\n\n"), "trouble: a NUL byte in the request"},
        {"NUL first", S("\0"), "trouble: a NUL byte in the request"},
        {"NUL, line not ended", S("a=b\nc\0"), "trouble: a NUL byte in the request"},
        {"other bytes", S("\xff\x01\x7f=\x80\t \n\n"), "complete 9"},
    };
    char got[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(find(got, cases[i].in), cases[i].want) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", cases[i].name, got, cases[i].want);
        check_take_all(cases[i].name, cases[i].in);
    }
}

/* Every case of trouble and of completeness is the same when the bytes come one by one. */
static void test_pieces(void **state)
{
    static const struct pl_str cases[] = {
        S("a=b\n\n"),       S(HEAD "sender=a=b\n\n"), S("\n"), S("a=b\nabc\n\n"), S("a=b\r\n\r\n"),
        S("a=b\nc\0d\n\n"), S("a=b\n\nc=d\n\n")};
    char whole[200], split[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        find(whole, cases[i]);
        for (size_t step = 1; step <= cases[i].n; step++) {
            struct pl_request_scan scan = {0};
            enum pl_request_status status = PL_REQUEST_MORE;
            size_t end = 0;
            const char *why = "";

            for (size_t n = step; status == PL_REQUEST_MORE; n += step) {
                size_t len = n < cases[i].n ? n : cases[i].n;

                status = pl_request_find_end(cases[i].p, len, &scan, &end, &why);
                if (len == cases[i].n)
                    break;
            }
            if (status == PL_REQUEST_COMPLETE)
                snprintf(split, sizeof(split), "complete %zu", end);
            else if (status == PL_REQUEST_TROUBLE)
                snprintf(split, sizeof(split), "trouble: %s", why);
            else
                snprintf(split, sizeof(split), "more");
            if (strcmp(whole, split) != 0)
                fail_msg("case %zu in steps of %zu: \"%s\", whole \"%s\"", i, step, split, whole);
        }
    }
}

static void test_parse(void **state)
{
    static const struct {
        const char *name;
        struct pl_str in;
        enum pl_attr attr;
        struct pl_str want;
        const char *why; /* NULL: it is a request */
    } cases[] = {
        {"plain", S(HEAD "sender=a@b\n\n"), PL_ATTR_SENDER, S("a@b"), NULL},
        {"last line", S(HEAD "sender=a\nrecipient=b\n\n"), PL_ATTR_RECIPIENT, S("b"), NULL},
        {"any order", S("sender=a\n" HEAD "\n"), PL_ATTR_SENDER, S("a"), NULL},
        {"absent", S(HEAD "\n"), PL_ATTR_SENDER, S(""), NULL},
        {"empty", S(HEAD "sender=\n\n"), PL_ATTR_SENDER, S(""), NULL},
        {"value with =", S(HEAD "sender=a=b=\n\n"), PL_ATTR_SENDER, S("a=b="), NULL},
        {"value is =", S(HEAD "sender==\n\n"), PL_ATTR_SENDER, S("="), NULL},
        {"blanks are kept", S(HEAD "sender= a \n\n"), PL_ATTR_SENDER, S(" a "), NULL},
        {"CR is a byte", S(HEAD "sender=a\r\n\n"), PL_ATTR_SENDER, S("a\r"), NULL},
        {"8-bit", S(HEAD "sender=\xc3\xbc\xff\n\n"), PL_ATTR_SENDER, S("\xc3\xbc\xff"), NULL},
        {"repeated: the first", S(HEAD "sender=a\nsender=b\n\n"), PL_ATTR_SENDER, S("a"), NULL},
        {"repeated: the first, empty", S(HEAD "sender=\nsender=b\n\n"), PL_ATTR_SENDER, S(""),
         NULL},
        {"repeated request=", S(HEAD "request=x\nsender=a\n\n"), PL_ATTR_SENDER, S("a"), NULL},
        {"unknown names", S("x=1\n" HEAD "sender=a\nsende=b\nsenderr=c\n\n"), PL_ATTR_SENDER,
         S("a"), NULL},
        {"case of a name", S(HEAD "Sender=a\n\n"), PL_ATTR_SENDER, S(""), NULL},
        {"blank around a name", S(HEAD " sender=a\nsender =b\n\n"), PL_ATTR_SENDER, S(""), NULL},
        {"empty name", S(HEAD "=x\nsender=a\n\n"), PL_ATTR_SENDER, S("a"), NULL},
        {"newest attribute", S(HEAD "tls_sni=mx\n\n"), PL_ATTR_TLS_SNI, S("mx"), NULL},
        {"a value that looks like a line", S(HEAD "helo_name=sender=x\n\n"), PL_ATTR_SENDER, S(""),
         NULL},
        {"nothing", S("\n"), PL_ATTR_SENDER, S(""), "no request= in the request"},
        {"no request=", S("sender=a\n\n"), PL_ATTR_SENDER, S("a"), "no request= in the request"},
        {"REQUEST=", S("REQUEST=smtpd_access_policy\n\n"), PL_ATTR_SENDER, S(""),
         "no request= in the request"},
        {"other request=", S("request=junk\n\n"), PL_ATTR_SENDER, S(""),
         "request= is not smtpd_access_policy"},
        {"empty request=", S("request=\n\n"), PL_ATTR_SENDER, S(""),
         "request= is not smtpd_access_policy"},
        {"request= with more", S("request=smtpd_access_policy \n\n"), PL_ATTR_SENDER, S(""),
         "request= is not smtpd_access_policy"},
        {"request= in upper case", S("request=SMTPD_ACCESS_POLICY\n\n"), PL_ATTR_SENDER, S(""),
         "request= is not smtpd_access_policy"},
        {"right one too late", S("request=\n" HEAD "\n"), PL_ATTR_SENDER, S(""),
         "request= is not smtpd_access_policy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pl_str attr[PL_ATTR_COUNT];
        const char *why = NULL;
        char *copy = malloc(cases[i].in.n);
        bool ok;

        assert_non_null(copy);
        memcpy(copy, cases[i].in.p, cases[i].in.n);
        ok = pl_request_parse(attr, copy, cases[i].in.n, &why);
        if (ok != (cases[i].why == NULL) || (!ok && strcmp(why, cases[i].why) != 0))
            fail_msg("%s: \"%s\", expected \"%s\"", cases[i].name, ok ? "ok" : why,
                     cases[i].why == NULL ? "ok" : cases[i].why);
        if (!pl_str_eq(attr[cases[i].attr], cases[i].want))
            fail_msg("%s: value \"%.*s\"", cases[i].name, (int)attr[cases[i].attr].n,
                     attr[cases[i].attr].p);
        check_take_all(cases[i].name, cases[i].in);
        free(copy);
    }
}

static void read_file(struct pl_buf *b, const char *name)
{
    char path[4096];
    char piece[4096];
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/corpus/%s", PL_TEST_DATA, name);
    f = fopen(path, "re");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        pl_buf_add(b, (struct pl_str){piece, n});
    fclose(f);
}

/* \xNN back to bytes, in place. */
static struct pl_str unescape(char *s)
{
    size_t n = 0;

    for (char *p = s; *p != '\0'; p++) {
        unsigned byte = (unsigned char)*p;

        if (*p == '\\' && sscanf(p, "\\x%2x", &byte) == 1)
            p += 3;
        s[n++] = (char)byte;
    }
    return (struct pl_str){s, n};
}

/* One recorded request against one row of expected.tsv: all of its values, and no others. */
static void check_recorded(char *row)
{
    struct pl_str want[PL_ATTR_COUNT] = {{NULL, 0}}, attr[PL_ATTR_COUNT];
    struct pl_request_scan scan = {0};
    struct pl_buf b = {0};
    const char *why = "", *name = strsep(&row, "\t");
    size_t end = 0;

    read_file(&b, name);
    for (char *field; (field = strsep(&row, "\t")) != NULL;) {
        struct pl_str value;
        enum pl_attr a;
        char *eq = strchr(field, '=');

        assert_non_null(eq);
        *eq = '\0';
        value = unescape(eq + 1);
        a = pl_attr_find(pl_str_of(field));
        if (a == PL_ATTR_COUNT)
            fail_msg("%s: unknown attribute %s", name, field);
        want[a] = value;
    }
    if (pl_request_find_end(b.p, b.n, &scan, &end, &why) != PL_REQUEST_COMPLETE || end != b.n)
        fail_msg("%s: does not end at %zu but at %zu %s", name, b.n, end, why);
    if (!pl_request_parse(attr, b.p, end, &why))
        fail_msg("%s: %s", name, why);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (!pl_str_eq(attr[i], want[i]))
            fail_msg("%s: %s is \"%.*s\"", name, pl_attr_name((enum pl_attr)i), (int)attr[i].n,
                     attr[i].p);
    }
    check_take(name, b.p, b.n);
    pl_buf_fini(&b);
}

static void test_recorded(void **state)
{
    struct pl_buf b = {0};
    size_t count = 0;
    char *rest, *row;

    (void)state;
    read_file(&b, "expected.tsv");
    rest = b.p;
    while ((row = strsep(&rest, "\n")) != NULL && *row != '\0') {
        check_recorded(row);
        count++;
    }
    assert_int_equal(count, 277);
    pl_buf_fini(&b);
}

/* A few recorded requests, cut in two at every byte. */
static void test_recorded_split(void **state)
{
    static const char *const names[] = {"client-ipv4.req", "rcpt-utf8-nel-smtputf8.req",
                                        "tls-client-cert-and-auth.req", "helo-long.req"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct pl_buf b = {0};

        read_file(&b, names[i]);
        for (size_t cut = 0; cut < b.n; cut++) {
            struct pl_request_scan scan = {0};
            size_t end = 0;
            const char *why;

            if (pl_request_find_end(b.p, cut, &scan, &end, &why) != PL_REQUEST_MORE ||
                pl_request_find_end(b.p, b.n, &scan, &end, &why) != PL_REQUEST_COMPLETE ||
                end != b.n)
                fail_msg("%s cut at %zu", names[i], cut);
        }
        check_take_all(names[i], pl_buf_str(&b));
        pl_buf_fini(&b);
    }
}

/* Bytes that a name or a value may be hit by. */
static const char odd[] = {'\0', '\n', '=', 'a', '_', '\xff', '\r', ' '};

/*
 * All attributes in Postfix's order, which is the quick way, and with each byte in turn replaced: what
 * merely looks like the name that is expected is not taken for it. Twice, so that there is enough
 * behind the first.
 */
static void test_take_expected(void **state)
{
    struct pl_str attr[PL_ATTR_COUNT];
    struct pl_request_scan scan = {0};
    struct pl_buf b = {0};
    const char *why;
    char *copy;
    size_t end;

    (void)state;
    for (int round = 0; round < 2; round++) {
        end = b.n;
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
            pl_buf_addf(&b, "%s=%s\n", pl_attr_name((enum pl_attr)i),
                        i == PL_ATTR_REQUEST ? "smtpd_access_policy" : "v");
        pl_buf_addf(&b, "later=x\nsender=second\n\n");
    }
    assert_false(b.failed);
    check_take_all("expected", (struct pl_str){b.p, end});
    for (size_t at = 0; at < end; at++) {
        char was = b.p[at];

        for (size_t k = 0; k < sizeof(odd); k++) {
            b.p[at] = odd[k];
            check_take("expected, a byte replaced", b.p, b.n);
            check_take("expected, a byte replaced, alone", b.p, end);
        }
        b.p[at] = was;
    }
    copy = padded(b.p, b.n, pl_str_lit("x"));
    assert_int_equal(pl_request_take(attr, copy, b.n, &scan, &end, &why), PL_REQUEST_COMPLETE);
    for (unsigned i = PL_ATTR_REQUEST + 1; i < PL_ATTR_COUNT; i++)
        assert_true(pl_str_eq(attr[i], pl_str_lit("v")));
    free(copy);
    pl_buf_fini(&b);
}

/* However long a value is, and whatever stands behind the end. */
static void test_take_long(void **state)
{
    (void)state;
    for (int n = 0; n < 200; n++) {
        static const struct pl_str behind[] = {S(""), S("\n"), S("\0"), S("a=\0\n\n"),
                                               S(HEAD "\n")};

        for (size_t k = 0; k < sizeof(behind) / sizeof(behind[0]); k++) {
            struct pl_buf b = {0};

            pl_buf_addf(&b, HEAD "sender=%0*d\nrecipient=b\n\n", n, 1);
            pl_buf_add(&b, behind[k]);
            assert_false(b.failed);
            check_take("long", b.p, b.n);
            pl_buf_fini(&b);
        }
    }
}

/* A request that comes in pieces is taken like one that came whole; what is wrong is told once it is there. */
static void test_take_pieces(void **state)
{
    static const struct pl_str sound = S(HEAD "sender=a@b\nsize=7\n\n");
    static const struct pl_str wrong = S("request=x\nsender=a@b\n\n");
    struct pl_str attr[PL_ATTR_COUNT];
    const char *why = "";
    char *in = padded(sound.p, sound.n, sound);
    size_t end = 0;

    (void)state;
    for (size_t cut = 0; cut < sound.n; cut++) {
        struct pl_request_scan scan = {0};

        assert_int_equal(pl_request_take(attr, in, cut, &scan, &end, &why), PL_REQUEST_MORE);
        assert_int_equal(pl_request_take(attr, in, sound.n, &scan, &end, &why),
                         PL_REQUEST_COMPLETE);
        assert_int_equal(end, sound.n);
        assert_true(pl_str_eq(attr[PL_ATTR_SENDER], pl_str_lit("a@b")));
        assert_true(pl_str_eq(attr[PL_ATTR_SIZE], pl_str_lit("7")));
        assert_int_equal(attr[PL_ATTR_RECIPIENT].n, 0);
    }
    free(in);
    in = padded(wrong.p, wrong.n, wrong);
    for (size_t cut = 0; cut < wrong.n; cut++) {
        struct pl_request_scan scan = {0};

        assert_int_equal(pl_request_take(attr, in, cut, &scan, &end, &why), PL_REQUEST_MORE);
        assert_int_equal(pl_request_take(attr, in, wrong.n, &scan, &end, &why), PL_REQUEST_TROUBLE);
        assert_string_equal(why, "request= is not smtpd_access_policy");
    }
    free(in);
}

/* 1,000 requests in one buffer, each different. */
static void test_many(void **state)
{
    struct pl_buf b = {0};
    size_t pos = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        pl_buf_addf(&b, "size=%d\n" HEAD "sender=s%d@example.org\n\n", i, i);
    assert_false(b.failed);
    for (int i = 0; i < 1000; i++) {
        struct pl_str attr[PL_ATTR_COUNT];
        struct pl_request_scan scan = {0};
        char want[64];
        size_t end = 0;
        const char *why = "";

        if (pl_request_find_end(b.p + pos, b.n - pos, &scan, &end, &why) != PL_REQUEST_COMPLETE)
            fail_msg("request %d: %s", i, why);
        assert_true(pl_request_parse(attr, b.p + pos, end, &why));
        snprintf(want, sizeof(want), "s%d@example.org", i);
        assert_true(pl_str_eq(attr[PL_ATTR_SENDER], pl_str_of(want)));
        snprintf(want, sizeof(want), "%d", i);
        assert_true(pl_str_eq(attr[PL_ATTR_SIZE], pl_str_of(want)));
        pos += end;
    }
    assert_int_equal(pos, b.n);
    pl_buf_fini(&b);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * A mebibyte in one line, and in many, byte by byte: linear work takes some ten milliseconds, even
 * with sanitizers; quadratic work would take minutes.
 */
static void test_slow_sender_is_linear(void **state)
{
    static const char *const lines[] = {"a", "a=b\n"};
    enum { SIZE = 1024 * 1024 };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct pl_request_scan scan = {0};
        struct pl_buf b = {0};
        double start;
        size_t end;
        const char *why;

        while (b.n < SIZE)
            pl_buf_add(&b, pl_str_of(lines[i]));
        start = now_s();
        for (size_t n = 1; n <= b.n; n++) {
            if (pl_request_find_end(b.p, n, &scan, &end, &why) != PL_REQUEST_MORE)
                fail_msg("unexpected end at %zu", n);
        }
        if (now_s() - start > 10)
            fail_msg("\"%s\": %.1f s for %d bytes one by one", lines[i], now_s() - start, SIZE);
        pl_buf_fini(&b);
    }
}

static void test_misuse(void **state)
{
    static const char request[] = "a=b\nab\n\n";
    struct pl_request_scan bad = {3, 2}, far = {0, 99};
    struct pl_str attr[PL_ATTR_COUNT];
    size_t end;
    const char *why;

    (void)state;
    expect_assert_failure(pl_request_find_end(request, 5, &bad, &end, &why));
    expect_assert_failure(pl_request_find_end(request, 5, &far, &end, &why));
    expect_assert_failure(pl_request_parse(attr, request, 0, &why));
    expect_assert_failure(pl_request_parse(attr, request, 3, &why));
    expect_assert_failure(pl_request_parse(attr, request, sizeof(request) - 1, &why));
}

static void test_reply(void **state)
{
    static char longest[PL_ACTION_MAX + 1];
    char out[PL_REPLY_MAX];
    size_t n;

    (void)state;
    n = pl_reply_format(out, pl_str_lit("DUNNO"));
    assert_int_equal(n, 14);
    assert_memory_equal(out, "action=DUNNO\n\n", 14);
    n = pl_reply_format(out, pl_str_lit("450 4.7.1 Try \"again\" later"));
    assert_int_equal(n, 36);
    assert_memory_equal(out, "action=450 4.7.1 Try \"again\" later\n\n", 36);
    memset(longest, 'x', PL_ACTION_MAX);
    n = pl_reply_format(out, (struct pl_str){longest, PL_ACTION_MAX});
    assert_int_equal(n, PL_REPLY_MAX);
    assert_memory_equal(out + PL_REPLY_MAX - 3, "x\n\n", 3);
}

/* What Postfix takes for a permit, or for two answers, never leaves. */
static void test_reply_never(void **state)
{
    static char longer[PL_ACTION_MAX + 1];
    static const struct pl_str too_long = {longer, sizeof(longer)};
    static const struct pl_str cases[] = {
        S(""),         S("550"),       S("1"),         S(" OK"),  S(" "),
        S("REJECT\n"), S("REJECT\nx"), S("REJECT\r"),  S("OK\0"), S("REJECT \t"),
        S("a\x7f"),    S("\xc3\xbc"),  S("4294967296")};
    char out[PL_REPLY_MAX];

    (void)state;
    for (volatile size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_assert_failure(pl_reply_format(out, cases[i]));
    memset(longer, 'x', sizeof(longer));
    expect_assert_failure(pl_reply_format(out, too_long));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_end),       cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_parse),          cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_recorded_split), cmocka_unit_test(test_take_expected),
        cmocka_unit_test(test_take_long),      cmocka_unit_test(test_take_pieces),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_slow_sender_is_linear),
        cmocka_unit_test(test_misuse),         cmocka_unit_test(test_reply),
        cmocka_unit_test(test_reply_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
