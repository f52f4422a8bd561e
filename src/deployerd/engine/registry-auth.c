/* SPDX-License-Identifier: MIT */
/*
 * The engine's header for a registry: see registry-auth.h. Its form is that of the Engine API: base64url (RFC 4648, section 5) of
 * a JSON object with username, password and serveraddress, or with identitytoken.
 */
#include "deployerd/engine/registry-auth.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "shared/conf/credential.h"
#include "shared/conf/read-file.h"
#include "shared/conf/trusted.h"
#include "shared/json.h"

/* A user's name with its password, decoded; a token for an identity can be long. */
#define LOGIN_MAX  4096U
#define HEADER_MAX (64U * 1024U)

#define DOCKER_DOMAIN "docker.io"
#define DOCKER_INDEX  "index.docker.io"

void registry_auth_erasep(char **header) {
        assert(header);

        if (*header)
                explicit_bzero(*header, strlen(*header));
        free(*header);
        *header = NULL;
}

/* "https://registry.example:5000/v2/" → "registry.example:5000", as a length from where `*ret` begins. */
static size_t trim_key(const char *key, const char **ret) {
        static const char *const schemes[] = { "https://", "http://" };
        static const char *const ends[] = { "/", "/v1", "/v2" };
        size_t n;

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (strncmp(key, schemes[i], strlen(schemes[i])) == 0)
                        key += strlen(schemes[i]);

        n = strlen(key);
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                size_t m = strlen(ends[i]);

                if (n > m && strncmp(key + n - m, ends[i], m) == 0)
                        n -= m;
        }

        *ret = key;
        return n;
}

/* How many bytes of "domain/path" a key of the file takes, where it is for it at all; else 0. */
static size_t key_matches(const char *key, const char *domain, const char *repository) {
        const char *name;
        size_t n = trim_key(key, &name);

        if (streq(domain, DOCKER_DOMAIN) && n == strlen(DOCKER_INDEX) && strncmp(name, DOCKER_INDEX, n) == 0)
                return strlen(DOCKER_DOMAIN);

        return strncmp(name, repository, n) == 0 && (repository[n] == '/' || repository[n] == '\0') ? n : 0;
}

/* The member of `object` whose key is the closest to the repository, or NULL. */
static const json_t *find_closest(const json_t *object, const ImageRef *ref, const char *repository) {
        const json_t *closest = NULL, *value;
        size_t longest = 0;
        const char *key;

        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                size_t n = key_matches(key, ref->domain, repository);

                if (n <= longest)
                        continue;

                longest = n;
                closest = value;
        }

        return closest;
}

static int encode_base64url(const char *text, char **ret) {
        size_t length = strlen(text);
        char *encoded;

        if (length > HEADER_MAX)
                return -EBADMSG;

        encoded = malloc(4 * ((length + 2) / 3) + 1);
        if (!encoded)
                return -ENOMEM;

        (void) EVP_EncodeBlock((unsigned char *) encoded, (const unsigned char *) text, (int) length);
        for (char *p = encoded; *p; p++)
                *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;

        *ret = encoded;
        return 0;
}

/* "user:password" in base64, as `docker login` keeps it. -EBADMSG: it is not, or one of the two is empty, or cut off by a NUL. */
static int decode_login(const char *auth, char ret[static LOGIN_MAX]) {
        size_t length = strlen(auth), padding = 0;
        const char *colon;
        int n;

        while (padding < 2 && padding < length && auth[length - 1 - padding] == '=')
                padding++;
        if (length == 0 || length % 4 != 0 || length / 4 * 3 >= LOGIN_MAX)
                return -EBADMSG;

        n = EVP_DecodeBlock((unsigned char *) ret, (const unsigned char *) auth, (int) length);
        if (n < 0)
                return -EBADMSG;

        length = (size_t) n - padding;
        ret[length] = '\0';
        colon = strchr(ret, ':');
        return colon && colon > ret && colon[1] != '\0' && strlen(ret) == length ? 0 : -EBADMSG;
}

/* An empty entry is what `docker login` leaves where a store of its own keeps the login. */
static bool says_something(const json_t *entry) {
        static const char *const keys[] = { "identitytoken", "registrytoken", "auth", "username",
                                            "password" };

        if (!json_is_object(entry))
                return entry != NULL;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const json_t *value = json_object_get(entry, keys[i]);

                if (value && !(json_is_string(value) && isempty(json_string_value(value))))
                        return true;
        }

        return false;
}

/* What the engine takes, of one entry of `auths`; NULL where the entry has nothing. -EBADMSG: what it has is no login. */
static int auth_object(const json_t *entry, const char *domain, json_t **ret) {
        const char *server = streq(domain, DOCKER_DOMAIN) ? "https://" DOCKER_INDEX "/v1/" : domain;
        const char *token = json_get_string(entry, "identitytoken"), *auth = json_get_string(entry, "auth");
        const char *user = json_get_string(entry, "username"),
                   *password = json_get_string(entry, "password");
        char login[LOGIN_MAX];
        json_t *object = NULL;
        int r;

        if (!isempty(token))
                object = json_pack("{s:s, s:s}", "identitytoken", token, "serveraddress", server);
        else if (!isempty(user) && !isempty(password))
                object = json_pack("{s:s, s:s, s:s}", "username", user, "password", password,
                                   "serveraddress", server);
        else if (!isempty(auth)) {
                char *colon;

                r = decode_login(auth, login);
                if (r < 0)
                        return r;

                colon = strchr(login, ':');
                *colon = '\0';
                object = json_pack("{s:s, s:s, s:s}", "username", login, "password", colon + 1,
                                   "serveraddress", server);
                explicit_bzero(login, sizeof(login));
        } else if (says_something(entry))
                return -EBADMSG;
        else {
                *ret = NULL;
                return 0;
        }

        if (!object)
                return -EBADMSG;

        *ret = object;
        return 0;
}

/* A helper is a program, and this one may execute none. */
static const char *config_problem(const json_t *config, const ImageRef *ref, const char *repository) {
        const json_t *auths = json_object_get(config, "auths");

        if (!json_is_object(config))
                return "it has to be one JSON object";
        if (auths && !json_is_object(auths))
                return "/auths has to be an object, with a key for each registry";
        if (!auths && find_closest(config, ref, repository))
                return "the login for this registry has to lie in /auths, and there is none";
        if (find_closest(json_object_get(config, "credHelpers"), ref, repository))
                return "/credHelpers has a helper for this registry: helpers cannot run in the deployer's "
                       "sandbox, so put the login itself into /auths";

        return NULL;
}

int registry_auth_from_json(const json_t *config, const ImageRef *ref, char **ret,
                            const char **ret_problem) {
        _cleanup_(registry_auth_erasep) char *text = NULL;
        _cleanup_(json_freep) json_t *object = NULL;
        _cleanup_free_ char *repository = NULL;
        const json_t *entry;
        int r;

        assert(ref);
        assert(ret);
        assert(ret_problem);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        *ret_problem = config_problem(config, ref, repository);
        if (*ret_problem)
                return -EBADMSG;

        entry = find_closest(json_object_get(config, "auths"), ref, repository);
        r = auth_object(entry, ref->domain, &object);
        if (r == -EBADMSG)
                *ret_problem = "the entry of /auths for this registry has no usable login, which is auth, username and "
                               "password, or identitytoken";
        if (r < 0)
                return r;

        if (!object && entry && !isempty(json_get_string(config, "credsStore"))) {
                *ret_problem = "/credsStore keeps the login for this registry elsewhere: stores cannot run in "
                               "the deployer's sandbox, so put the login itself into /auths";
                return -EBADMSG;
        }
        if (!object) {
                *ret = NULL;
                return 0;
        }

        r = json_encode(object, &text);
        if (r >= 0)
                r = encode_base64url(text, ret);
        if (r == -EBADMSG)
                *ret_problem = "the entry of /auths for this registry is too long";
        return r;
}

/* `value` may be NULL: then there is no line either. */
static int make_line(const char *value, char **ret) {
        char *line = NULL;

        if (value && asprintf(&line, "X-Registry-Auth: %s", value) < 0)
                return -ENOMEM;

        *ret = line;
        return 0;
}

/* What a source says of the registry: 1 and the header's value; 0: nothing. `source` is what people call it. */
static int read_login(Worker *worker, const char *source, const char *bytes, size_t length,
                      const ImageRef *ref, char **ret) {
        _cleanup_(json_freep) json_t *config = NULL;
        const char *problem = NULL;
        JsonError error;
        int r;

        r = json_decode(bytes, length, &config, &error);
        if (r == -EBADMSG)
                return worker_fail(worker, r, "%s is no JSON: line %i, column %i: %s", source, error.line,
                                   error.column, error.text);
        if (r < 0)
                return r;

        r = registry_auth_from_json(config, ref, ret, &problem);
        if (r == -EBADMSG)
                return worker_fail(worker, r, "%s cannot be used for %s: %s", source, ref->domain,
                                   strempty(problem));

        return r < 0 ? r : *ret != NULL;
}

/* Root's file, as it is now. */
static int read_file(Worker *worker, const char *path, const ImageRef *ref, char **ret) {
        _cleanup_(credential_done) Credential file = { .name = path };
        _cleanup_close_ int fd = -1;
        const char *problem = NULL;
        int r;

        fd = trusted_open(AT_FDCWD, path, S_IFREG, &problem);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return worker_fail(worker, fd == -EPERM ? fd : -EBADMSG, "%s: %s", path,
                                   problem ? problem : strerror(-fd));

        r = read_whole(fd, REGISTRY_CREDENTIAL_MAX, &file.bytes, &file.length);
        if (r < 0)
                return r == -ENOMEM ? r : worker_fail(worker, -EBADMSG, "%s: %s", path, strerror(-r));

        return read_login(worker, path, file.bytes, file.length, ref, ret);
}

static int read_credential(Worker *worker, const ImageRef *ref, char **ret) {
        _cleanup_(credential_done) Credential credential = { .name = REGISTRY_CREDENTIAL };
        int r;

        r = credential_read(&credential, REGISTRY_CREDENTIAL_MAX);
        if (r == 0 || r == -ENOMEM)
                return r;
        if (r < 0)
                return worker_fail(worker, -EBADMSG, "Cannot read the credential %s: %s",
                                   REGISTRY_CREDENTIAL, strerror(-r));

        return read_login(worker, "The credential " REGISTRY_CREDENTIAL, credential.bytes, credential.length,
                          ref, ret);
}

int registry_auth_header(Worker *worker, const char *path, const ImageRef *ref, char **ret) {
        _cleanup_(registry_auth_erasep) char *value = NULL;
        int r = 0;

        assert(worker);
        assert(ref);
        assert(ret);

        if (path)
                r = read_file(worker, path, ref, &value);
        if (r == 0)
                r = read_credential(worker, ref, &value);
        if (r < 0)
                return r;

        return make_line(value, ret);
}
