/* SPDX-License-Identifier: BSD-2-Clause */
/* A main for builds without libFuzzer: every file of the folders given, once. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct pl_buf content = {0};
    char chunk[4096];
    size_t n;

    fuzz_check(f != NULL);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        pl_buf_add(&content, (struct pl_str){chunk, n});
    fclose(f);
    /* A block of the exact size, so that the sanitizer sees each byte beyond. */
    char *exact = fuzz_heap(pl_buf_str(&content));
    LLVMFuzzerTestOneInput((const uint8_t *)exact, content.n);
    free(exact);
    pl_buf_fini(&content);
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *e;
        char path[4096];

        if (dir == NULL) {
            fprintf(stderr, "%s: no such folder\n", argv[i]);
            return 1;
        }
        while ((e = readdir(dir)) != NULL) {
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            replay(path);
            count++;
        }
        closedir(dir);
    }
    printf("%zu inputs\n", count);
    return count == 0; /* a corpus that is not there must not pass */
}
