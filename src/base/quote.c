/* SPDX-License-Identifier: BSD-2-Clause */
/* Making hostile text safe to show. One escape form everywhere: \xNN. */
#include "postlatch/quote.h"

#include <string.h>

/* Appends c to out at *n, escaped if need be; false when it does not fit with a NUL behind it. */
static bool put(char *out, size_t size, size_t *n, char c, bool escape)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char u = (unsigned char)c;

    if (*n + (escape ? 4 : 1) >= size)
        return false;
    if (!escape) {
        out[(*n)++] = c;
        return true;
    }
    out[(*n)++] = '\\';
    out[(*n)++] = 'x';
    out[(*n)++] = hex[u >> 4];
    out[(*n)++] = hex[u & 15];
    return true;
}

static void put_text(char *out, size_t size, size_t *n, const char *text)
{
    for (; *text != '\0' && put(out, size, n, *text, false); text++)
        ;
}

const char *pl_quote(struct pl_quote *q, struct pl_str s)
{
    size_t shown = s.n > PL_QUOTE_SHOWN ? PL_QUOTE_SHOWN : s.n;
    size_t n = 0;

    put(q->text, sizeof(q->text), &n, '"', false);
    for (size_t i = 0; i < shown; i++)
        put(q->text, sizeof(q->text), &n, s.p[i], !pl_ascii_is_print(s.p[i]));
    put_text(q->text, sizeof(q->text), &n, shown < s.n ? "...\"" : "\"");
    q->text[n] = '\0';
    return q->text;
}

size_t pl_escape(char *out, size_t size, struct pl_str s, size_t shown)
{
    size_t n = 0, i;
    bool dash = s.n == 1 && s.p[0] == '-';

    for (i = 0; i < s.n && i < shown; i++) {
        char c = s.p[i];
        bool escape = dash || !pl_ascii_is_print(c) || c == ' ' || c == '"' || c == '\\';

        if (!put(out, size, &n, c, escape))
            break;
    }
    if (i < s.n)
        put_text(out, size, &n, "...");
    out[n] = '\0';
    return n;
}

size_t pl_unescape(char *out, struct pl_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 3 < s.n && s.p[i + 1] == 'x' &&
            pl_ascii_hex_digit(s.p[i + 2]) >= 0 && pl_ascii_hex_digit(s.p[i + 3]) >= 0) {
            out[n++] = (char)(pl_ascii_hex_digit(s.p[i + 2]) * 16 + pl_ascii_hex_digit(s.p[i + 3]));
            i += 3;
        } else {
            out[n++] = s.p[i];
        }
    }
    return n;
}
