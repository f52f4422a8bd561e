/* SPDX-License-Identifier: MIT */
/* backup: webhookd writes its store to a file that is opened here, with the rights of whoever calls. */
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>

#include "ctl/client.h"
#include "ctl/private-file.h"
#include "ctl/report.h"
#include "ctl/verbs/verbs.h"
#include "shared/std-fds.h"

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

static int fail_to_copy(const Ctl *ctl, int error) {
        return ctl_fail(ctl, -EIO, "Cannot write the backup: %s", std_fds_error(error));
}

/* All of it, past the buffer of `ctl->out`, which has nothing to say of it then. Whoever shares a pipe may have it not wait. */
static int write_block(int fd, const char *block, size_t n) {
        struct pollfd room = { .fd = fd, .events = POLLOUT };

        while (n > 0) {
                ssize_t written = write(fd, block, n);

                if (written < 0 && errno == EAGAIN)
                        (void) poll(&room, 1, -1);
                else if (written < 0 && errno != EINTR)
                        return -errno;
                if (written > 0) {
                        block += written;
                        n -= (size_t) written;
                }
        }

        return 0;
}

/* From the beginning, as much as there is now: what is added meanwhile may be our own output. */
static int copy_out(const Ctl *ctl, int fd) {
        char block[BLOCK_SIZE];
        struct stat st;
        ssize_t n;
        int r;

        if (fstat(fd, &st) < 0)
                return fail_to_copy(ctl, errno);

        for (off_t at = 0; at < st.st_size; at += n) {
                size_t wanted = st.st_size - at < (off_t) sizeof(block) ? (size_t) (st.st_size - at)
                                                                        : sizeof(block);

                n = pread(fd, block, wanted, at);
                if (n <= 0)
                        return fail_to_copy(ctl, n < 0 ? errno : EIO);
                r = write_block(fileno(ctl->out), block, (size_t) n);
                if (r < 0)
                        return fail_to_copy(ctl, -r);
        }

        return 0;
}

static int backup_to_output(Ctl *ctl) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;
        uint64_t bytes = 0;
        int r;

        if (ctl->json || isatty(fileno(ctl->out))) {
                (void) ctl_fail(ctl, -EINVAL,
                                "A backup is no text: send it into a file or a pipe, without --json");
                return CTL_EXIT_USAGE;
        }

        /* Before anybody is asked to make one. */
        if (std_fds_lack_output())
                return fail_to_copy(ctl, EBADF);

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
        uint64_t bytes = 0;
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

        /* A name that is no text is none in JSON. */
        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:o?, s:I}", "file", json_string(path), "bytes",
                                                     (json_int_t) bytes));

        ctl_print(ctl, "%s: %" PRIu64 " bytes", path, bytes);
        ctl_hint(ctl, "It has the secrets of all hooks. How it is restored: man tinyforge-webhookd");
        return 0;
}

int verb_backup(Ctl *ctl, char *args[]) {
        return streq(args[0], "-") ? backup_to_output(ctl) : backup_to_file(ctl, args[0]);
}
