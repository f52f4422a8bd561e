/* SPDX-License-Identifier: MIT */
/* Backup: the store, written to a descriptor of the caller's. A path would be opened with rights that are not the caller's. */
#include "webhookd/bus/backup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "shared/bus/errors.h"
#include "shared/log.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/reply.h"
#include "webhookd/store/upkeep.h"

/* A file, and an empty one: whoever reads from a pipe or a socket could keep everybody else waiting. */
static int check_descriptor(int fd, sd_bus_error *error) {
        struct stat st;
        int flags;

        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fstat(fd, &st) < 0)
                return -errno;

        if (!S_ISREG(st.st_mode) || st.st_size != 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH))
                return sd_bus_error_set(
                                error, ERROR_INVALID_OPTION,
                                "The descriptor has to be an empty regular file that can be written");

        return 0;
}

int method_backup(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        uint64_t bytes;
        uid_t uid;
        int r, fd;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "h", &fd);
        if (r >= 0)
                r = check_descriptor(fd, error);
        if (r < 0)
                return r;

        r = store_backup(manager->store, fd, &bytes);
        if (r < 0 && store_fault(manager->store) < 0)
                return manager_reply_store_error(manager, error, r);
        if (r < 0)
                return sd_bus_error_setf(error, ERROR_BACKUP_FAILED, "There is no backup: %s",
                                         store_error(manager->store));

        log_notice("Backup of %" PRIu64 " bytes made for uid %u", bytes, (unsigned) uid);
        return sd_bus_reply_method_return(message, "t", bytes);
}
