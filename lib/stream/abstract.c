/*
 * abstract - the transport abstract://NAME: unix sockets whose name is bytes,
 * and no file.
 *
 * Purpose    the name, with escapes; all else is as on unix.
 * Ownership  the system forgets a name with its last descriptor: nothing to
 *            take back.
 * Progress   never blocks.
 * Bounds     names of 1 to 107 bytes (unix(7)).
 * Proof      test/stream/test_names.c
 */
#include "stream/unix.h"
#include "base/sys.h"

#include <string.h>

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F') {
		c = (char)(c - 'A' + 'a');
	}
	at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

/* Decode escapes.  False: a bad escape, nothing, or too much. */
static bool
name_decode(weir_sockaddr_abstract *name, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		int byte = (unsigned char)*text;

		if (n == sizeof(name->sa_name)) {
			return false;
		}
		if (*text == '%') {
			int high = hex_digit(text[1]);
			int low = high < 0 ? -1 : hex_digit(text[2]);

			if (low < 0) {
				return false;
			}
			byte = high * 16 + low;
			text += 2;
		}
		name->sa_name[n++] = (uint8_t)byte;
	}
	name->sa_len = (uint16_t)n;
	return n > 0;
}

/* An empty name would be one that the system chooses, which nobody could
 * dial. */
static weir_err
abstract_resolve(
    struct wri_endpoint *ep, const weir_url *url, enum wri_role role)
{
	(void)role;
	ep->family = AF_UNIX;
	ep->name.s_abstract.sa_family = WEIR_AF_ABSTRACT;
	if (!name_decode(&ep->name.s_abstract, weir_url_path(url))) {
		return WEIR_EADDRINVAL;
	}
	return wri_sysaddr_of(&ep->addr, &ep->name);
}

static weir_err
abstract_bind(const struct wri_endpoint *ep, int fd,
    const struct wri_settings *set, struct wri_sockfile *file)
{
	int r = wri_sys_bind(fd, &ep->addr.u.sa, ep->addr.len);

	(void)set; /* there is no file to have a mode */
	file->made = false;
	return r == 0 ? WEIR_OK : wri_unix_bind_err(-r);
}

static void
abstract_unbind(const struct wri_endpoint *ep, const struct wri_sockfile *file)
{
	(void)ep;
	(void)file;
}

const struct wri_stream_ops wri_stream_abstract = {
    .name = "abstract",
    .options = wri_unix_options,
    .passes_fds = true,
    .resolve = abstract_resolve,
    .bind = abstract_bind,
    .unbind = abstract_unbind,
    .bound = wri_unix_bound,
    .connect_err = wri_unix_connect_err,
    .name_ends = wri_unix_name_ends,
};
