// SPDX-License-Identifier: MIT
// execute.c: runs the lines that the host handed over (./helix run --exec) and ends the machine.
//
// The host puts the lines into /.helix-exec of the initramfs and a token on the command line. What the lines print stands on the
// console between "\1helix-exec-begin TOKEN" and "\1helix-exec-end TOKEN STATUS"; the log is silent there.
#include <abi/linux/fcntl.h>
#include <lib/string.h>

#include <helix/boot_info.h>
#include <helix/heap.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/vfs.h>

#include "local.h"

#define EXEC_FILE "/.helix-exec"

enum { TOKEN_BYTES = 64, EXEC_FILE_MAX = 256 * 1024 };

// The whole file as a text on the heap.
static enum status read_lines(char **text)
{
    struct open_file *file;
    TRY(vfs_open(vfs_kernel_context(), nullptr, EXEC_FILE, LINUX_O_RDONLY, 0, &file));
    uint64_t size = file->node->size;
    char *bytes = size <= EXEC_FILE_MAX ? heap_alloc(size + 1) : nullptr;
    enum status status = bytes ? STATUS_OK : STATUS_NO_MEMORY;
    size_t done = 0;
    if (bytes)
        status = file_read_at(file, 0, bytes, size, &done);
    file_release(file);
    if (status != STATUS_OK) {
        heap_free(bytes);
        return status;
    }
    bytes[done] = '\0';
    *text = bytes;
    return STATUS_OK;
}

// Runs line after line; a line begins behind the newline before it.
static void run_lines(struct shell *shell, char *text)
{
    while (text && *text && !shell->ending) {
        char *end = strchr(text, '\n');
        if (end)
            *end = '\0';
        (void)shell_execute(shell, text);
        text = end ? end + 1 : nullptr;
    }
}

void shell_run_handed_lines(struct shell *shell)
{
    static char token[TOKEN_BYTES];
    char *text = nullptr;
    if (!boot_option("exec.token", token, sizeof token) || !token[0])
        return;
    enum status status = read_lines(&text);
    if (status != STATUS_OK)
        log_error("shell", "%s: %s", EXEC_FILE, status_text(status));
    else
        (void)vfs_unlink(vfs_kernel_context(), nullptr, EXEC_FILE, false); // programs see the image's files only

    log_set_console_level(LOG_OFF);
    shell_print(shell, "\001helix-exec-begin %s\n", token);
    shell->status = status == STATUS_OK ? 0 : EXIT_NOT_FOUND;
    run_lines(shell, text);
    shell_print(shell, "\001helix-exec-end %s %d\n", token, shell->status);
    lifecycle_shutdown(SHUTDOWN_POWER_OFF);
}
