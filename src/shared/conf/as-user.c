/* SPDX-License-Identifier: MIT */
/* Root's rights, laid down and taken up again: see as-user.h. */
#include "shared/conf/as-user.h"

#include <grp.h>
#include <pwd.h>

int as_user_begin(const char *name) {
        const struct passwd *user;

        assert(name);

        if (geteuid() != 0)
                return 0;

        errno = 0;
        user = getpwnam(name);
        if (!user)
                return errno == ENOMEM ? -ENOMEM : 0;

        if (initgroups(name, user->pw_gid) < 0 || setegid(user->pw_gid) < 0 || seteuid(user->pw_uid) < 0)
                return -errno;

        return 1;
}

int as_user_end(void) {
        return seteuid(0) < 0 || setegid(0) < 0 ? -errno : 0;
}
