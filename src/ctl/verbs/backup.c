/* SPDX-License-Identifier: MIT */
/* backup: webhookd writes its store to a file that is opened here, with the rights of whoever calls. */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/private-file.h"
#include "ctl/report.h"
#include "ctl/verbs/verbs.h"

#define BLOCK_SIZE (64U * 1024U)

static int call_backup(Ctl *ctl, int fd, uint64_t *ret_bytes) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        int r;

        r = client_begin(ctl, &peer_webhook, "Backup", &message);
        if (r < 0)
                return r;

        r = sd_bus_message_append(message, "h", fd);
        r = client_send(ctl, &peer_webhook, message, r, &reply);
        if (!reply)
                return r;

        r = sd_bus_message_read(reply, "t", ret_bytes);
        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* From the beginning. */
static int copy_out(const Ctl *ctl, int fd) {
        char block[BLOCK_SIZE];
        ssize_t n;

        for (off_t at = 0; (n = pread(fd, block, sizeof(block), at)) > 0; at += n)
                if (fwrite(block, 1, (size_t) n, ctl->out) != (size_t) n)
                        return ctl_fail(ctl, -EIO, "Cannot write the backup: %s", strerror(errno));

        if (n < 0 || fflush(ctl->out) != 0)
                return ctl_fail(ctl, -EIO, "Cannot write the backup: %s", strerror(errno));

        return 0;
}

static int backup_to_output(Ctl *ctl) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;
        uint64_t bytes;
        int r;

        if (ctl->json || isatty(fileno(ctl->out))) {
                (void) ctl_fail(ctl, -EINVAL,
                                "A backup is no text: send it into a file or a pipe, without --json");
                return CTL_EXIT_USAGE;
        }

        r = private_file_open_unnamed(&file);
        if (r < 0)
                return ctl_fail(ctl, -EIO, "Cannot make a temporary file: %s", strerror(-r));

        r = call_backup(ctl, file.fd, &bytes);
        return r != 0 ? r : copy_out(ctl, file.fd);
}

static int fail_to_write(const Ctl *ctl, const char *path, int r) {
        if (r != -EEXIST)
                return ctl_fail(ctl, -EIO, "Cannot write '%s': %s", path, strerror(-r));

        (void) ctl_fail(ctl, -EIO, "'%s' is there already, and is not replaced", path);
        ctl_hint(ctl, "Name another file, or remove that one first.");
        return -EIO;
}

static int backup_to_file(Ctl *ctl, const char *path) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;
        uint64_t bytes;
        int r;

        r = private_file_open(path, &file);
        if (r < 0)
                return fail_to_write(ctl, path, r);

        r = call_backup(ctl, file.fd, &bytes);
        if (r != 0)
                return r;

        r = private_file_publish(&file);
        if (r < 0)
                return fail_to_write(ctl, path, r);

        if (ctl->json)
                return ctl_print_json(ctl,
                                      json_pack("{s:s, s:I}", "file", path, "bytes", (json_int_t) bytes));

        ctl_print(ctl, "%s: %" PRIu64 " bytes", path, bytes);
        ctl_hint(ctl, "It has the secrets of all hooks. How it is restored: man tinyforge-webhookd");
        return 0;
}

int verb_backup(Ctl *ctl, char *args[]) {
        return streq(args[0], "-") ? backup_to_output(ctl) : backup_to_file(ctl, args[0]);
}
