// SPDX-License-Identifier: MIT
// complete.c: what could stand before the cursor: commands and programs for a first word, files for the others.
#include <lib/format.h>
#include <lib/string.h>

#include <arch/linux.h>

#include <helix/vfs.h>

#include "local.h"

TABLE_DECLARE(struct shell_command, helix_shell_commands);

enum { FOLDER_BYTES = 512 };

struct search {
    struct completion *completion;
    char folder[FOLDER_BYTES]; // as written, with its slash; what candidates begin with
    const char *prefix;        // of the name
    size_t prefix_length;
    bool programs; // candidates are single names along PATH
};

static bool add_name(void *context, const char *name, size_t length, uint64_t number, uint32_t mode, uint64_t next)
{
    struct search *search = context;
    char text[FOLDER_BYTES + NAME_MAX_BYTES + 1];
    bool hidden = name[0] == '.' && search->prefix_length == 0;
    bool directory = (mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
    if (hidden || length < search->prefix_length || memcmp(name, search->prefix, search->prefix_length) != 0 ||
        (directory && search->programs))
        return true;
    format_text(text, sizeof text, "%s%.*s", search->programs ? "" : search->folder, (int)length, name);
    completion_add(search->completion, text, directory ? '/' : ' ');
    return !search->completion->overflow;
}

static void search_folder(struct search *search, const char *path)
{
    struct open_file *file;
    if (vfs_open(vfs_kernel_context(), nullptr, path, LINUX_O_RDONLY | LINUX_O_DIRECTORY, 0, &file) != STATUS_OK)
        return;
    (void)file_read_directory(file, add_name, search);
    file_release(file);
}

static void complete_path(struct search *search, const char *word, size_t length)
{
    size_t folder = length;
    while (folder > 0 && word[folder - 1] != '/')
        folder--;
    if (folder >= sizeof search->folder)
        return;
    memcpy(search->folder, word, folder);
    search->folder[folder] = '\0';
    search->prefix = word + folder;
    search->prefix_length = length - folder;
    search_folder(search, folder ? search->folder : ".");
}

static void complete_command(const struct shell *shell, struct search *search, const char *word, size_t length)
{
    search->prefix = word;
    search->prefix_length = length;
    search->programs = true;
    TABLE_EACH(struct shell_command, row, helix_shell_commands) {
        if (strncmp(row->name, word, length) == 0)
            completion_add(search->completion, row->name, ' ');
    }
    const char *folders = environment_get(&shell->environment, "PATH");
    while (folders && *folders && length) {
        const char *end = strchr(folders, ':');
        char folder[FOLDER_BYTES];
        format_text(folder, sizeof folder, "%.*s", end ? (int)(end - folders) : (int)strlen(folders), folders);
        search_folder(search, folder);
        folders = end ? end + 1 : nullptr;
    }
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ';' || c == '&' || c == '|' || c == '"' || c == '\'' || c == '=';
}

// Whether a command stands at `at`: nothing but blanks between it and the start or a connector.
static bool is_first_word(const char *line, size_t at)
{
    while (at > 0 && (line[at - 1] == ' ' || line[at - 1] == '\t'))
        at--;
    return at == 0 || line[at - 1] == ';' || line[at - 1] == '&' || line[at - 1] == '|';
}

void shell_complete(void *context, const char *line, size_t cursor, struct completion *completion)
{
    struct search search = { .completion = completion };
    size_t start = cursor;
    while (start > 0 && !is_separator(line[start - 1]))
        start--;
    completion->word_start = start;
    bool path = false;
    for (size_t i = start; i < cursor; i++)
        path |= line[i] == '/';
    if (is_first_word(line, start) && !path)
        complete_command(context, &search, line + start, cursor - start);
    else
        complete_path(&search, line + start, cursor - start);
}
