/*
 * service - ports by name.
 *
 * Purpose    the one question that a URL may have to the system.
 * Ownership  nothing is kept; the answer lives on the stack.
 * Progress   that of libc: files, or what nsswitch.conf(5) names.
 * Bounds     SERVICE_NAME_MAX, SERVICE_LINE_MAX.
 * Proof      test/url/test_url_parse.c, test_url_print.c
 */
#include "url/url_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#define SERVICE_NAME_MAX 63
/* An entry with its aliases, and any line that is read on the way to it. */
#define SERVICE_LINE_MAX 8192

struct wri_fault wri_url_service_fault;

/* Could a service have this name?  No database is asked about other texts. */
static bool
service_name(const char *name, size_t len)
{
	return len > 0 && len <= SERVICE_NAME_MAX &&
	       strspn(name,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789-._+*") >= len &&
	       strspn(name, "-._+*") == 0;
}

weir_err
wri_url_service(uint32_t *port, const char *name, size_t len)
{
	char text[SERVICE_NAME_MAX + 1];
	char line[SERVICE_LINE_MAX];
	struct servent entry;
	struct servent *found = NULL;
	int eno;

	if (!service_name(name, len)) {
		return WEIR_EINVAL;
	}
	memcpy(text, name, len);
	text[len] = '\0';
	eno = wri_fault_hit(&wri_url_service_fault)
		  ? errno
		  : getservbyname_r(
			text, "tcp", &entry, line, sizeof(line), &found);
	if (eno == ENOMEM || eno == ERANGE) {
		return WEIR_ENOMEM;
	}
	if (eno == EMFILE || eno == ENFILE) {
		return WEIR_ENOFILES;
	}
	/* No list at all is one without this name. */
	if (eno != 0 || found == NULL) {
		return WEIR_EINVAL;
	}
	*port = ntohs((uint16_t)found->s_port);
	return WEIR_OK;
}
