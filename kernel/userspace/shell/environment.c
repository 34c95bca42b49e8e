// SPDX-License-Identifier: MIT
// environment.c: the variables that the shell expands and programs inherit.
#include <lib/format.h>
#include <lib/string.h>

#include <helix/heap.h>

#include "local.h"

// Where the entry of `name` stands; count when there is none.
static size_t entry_find(const struct environment *environment, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < environment->count; i++) {
        const char *entry = environment->entries[i];
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return i;
    }
    return environment->count;
}

const char *environment_get(const struct environment *environment, const char *name)
{
    size_t at = entry_find(environment, name);
    return at < environment->count ? environment->entries[at] + strlen(name) + 1 : nullptr;
}

static bool name_valid(const char *name)
{
    if (!name[0] || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (; *name; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
        if (!letter && *name != '_' && !(*name >= '0' && *name <= '9'))
            return false;
    }
    return true;
}

enum status environment_set(struct environment *environment, const char *name, const char *value)
{
    if (!name_valid(name))
        return STATUS_BAD_ARGUMENT;
    size_t at = entry_find(environment, name);
    if (at == ENVIRONMENT_MAX)
        return STATUS_NO_SPACE;
    size_t size = strlen(name) + strlen(value) + 2;
    char *entry = heap_alloc(size);
    if (!entry)
        return STATUS_NO_MEMORY;
    format_text(entry, size, "%s=%s", name, value);
    if (at == environment->count)
        environment->count++;
    else
        heap_free(environment->entries[at]);
    environment->entries[at] = entry;
    environment->entries[environment->count] = nullptr;
    return STATUS_OK;
}

bool environment_unset(struct environment *environment, const char *name)
{
    size_t at = entry_find(environment, name);
    if (at == environment->count)
        return false;
    heap_free(environment->entries[at]);
    for (; at < environment->count; at++)
        environment->entries[at] = environment->entries[at + 1];
    environment->count--;
    return true;
}

void environment_clear(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++)
        heap_free(environment->entries[i]);
    environment->count = 0;
    environment->entries[0] = nullptr;
}

void environment_init(struct environment *environment)
{
    static const struct {
        const char *name, *value;
    } defaults[] = {
        { "PATH", "/bin:/usr/bin:/sbin:/usr/sbin" },
        { "HOME", "/root" },
        { "USER", "root" },
        { "SHELL", "/bin/sh" },
        { "TERM", "xterm" },
        { "LANG", "en_US.UTF-8" },
        { "PWD", "/" },
    };
    *environment = (struct environment){ 0 };
    for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++)
        (void)environment_set(environment, defaults[i].name, defaults[i].value);
}
