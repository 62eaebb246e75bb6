/* SPDX-License-Identifier: BSD-2-Clause */
/* Comments of the files that are written for people: main.cf, master.cf, postlatch.conf. */
#include "comment.h"

#include <string.h>

enum { COLUMNS = 100 };

static void print_word(FILE *out, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        putc((unsigned char)word[i] < ' ' || word[i] == 0x7f ? '?' : word[i], out);
}

void print_comment(FILE *out, const char *indent, const char *text)
{
    size_t used = 0;

    text += strspn(text, " \n");
    while (*text != '\0') {
        size_t n = strcspn(text, " \n");

        if (used == 0 || used + 1 + n > COLUMNS) {
            fprintf(out, "%s%s# ", used > 0 ? "\n" : "", indent);
            used = strlen(indent) + 2;
        } else {
            putc(' ', out);
            used++;
        }
        print_word(out, text, n);
        used += n;
        text += n;
        text += strspn(text, " \n");
    }
    putc('\n', out);
}
