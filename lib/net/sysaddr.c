/*
 * sysaddr - addresses as the system wants them, and back.
 *
 * Purpose    values in, values out.
 * Bounds     a path is what sun_path holds with its NUL; an abstract name what
 *            it holds behind its leading NUL (unix(7)).
 * Proof      test/net/test_sysaddr.c
 */
#include "net/sysaddr.h"

#include <stddef.h>
#include <string.h>

#define UN_NAME offsetof(struct sockaddr_un, sun_path)

weir_err
wri_sysaddr_name(const struct wri_sysaddr *addr, weir_sockaddr *name)
{
	memset(name, 0, sizeof(*name));
	if (addr->u.sa.sa_family == AF_INET) {
		name->s_in.sa_family = WEIR_AF_INET;
		name->s_in.sa_port = addr->u.in.sin_port;
		name->s_in.sa_addr = addr->u.in.sin_addr.s_addr;
		return WEIR_OK;
	}
	if (addr->u.sa.sa_family == AF_INET6) {
		name->s_in6.sa_family = WEIR_AF_INET6;
		name->s_in6.sa_port = addr->u.in6.sin6_port;
		name->s_in6.sa_scope = addr->u.in6.sin6_scope_id;
		memcpy(name->s_in6.sa_addr, &addr->u.in6.sin6_addr,
		    sizeof(name->s_in6.sa_addr));
		return WEIR_OK;
	}
	return WEIR_EADDRINVAL;
}

static weir_err
sysaddr_of_path(struct wri_sysaddr *addr, const weir_sockaddr_path *path)
{
	struct sockaddr_un *un = &addr->u.un;
	size_t len = strnlen(path->sa_path, sizeof(path->sa_path));

	if (len == 0 || len >= sizeof(un->sun_path)) {
		return WEIR_EADDRINVAL;
	}
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path->sa_path, len);
	addr->len = (socklen_t)(UN_NAME + len + 1);
	return WEIR_OK;
}

static weir_err
sysaddr_of_abstract(
    struct wri_sysaddr *addr, const weir_sockaddr_abstract *name)
{
	struct sockaddr_un *un = &addr->u.un;

	_Static_assert(sizeof(name->sa_name) < sizeof(un->sun_path),
	    "a name fits behind its NUL");
	if (name->sa_len > sizeof(name->sa_name)) {
		return WEIR_EADDRINVAL;
	}
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + 1, name->sa_name, name->sa_len);
	addr->len = (socklen_t)(UN_NAME + 1 + name->sa_len);
	return WEIR_OK;
}

weir_err
wri_sysaddr_of(struct wri_sysaddr *addr, const weir_sockaddr *name)
{
	memset(addr, 0, sizeof(*addr));
	switch (name == NULL ? WEIR_AF_UNSPEC : (enum weir_af)name->s_family) {
	case WEIR_AF_INET:
		addr->len = sizeof(addr->u.in);
		addr->u.in.sin_family = AF_INET;
		addr->u.in.sin_port = name->s_in.sa_port;
		addr->u.in.sin_addr.s_addr = name->s_in.sa_addr;
		return WEIR_OK;
	case WEIR_AF_INET6:
		addr->len = sizeof(addr->u.in6);
		addr->u.in6.sin6_family = AF_INET6;
		addr->u.in6.sin6_port = name->s_in6.sa_port;
		addr->u.in6.sin6_scope_id = name->s_in6.sa_scope;
		memcpy(&addr->u.in6.sin6_addr, name->s_in6.sa_addr,
		    sizeof(name->s_in6.sa_addr));
		return WEIR_OK;
	case WEIR_AF_IPC:
		return sysaddr_of_path(addr, &name->s_ipc);
	case WEIR_AF_ABSTRACT:
		return sysaddr_of_abstract(addr, &name->s_abstract);
	case WEIR_AF_INPROC:
	case WEIR_AF_UNSPEC:
		break;
	}
	return WEIR_EADDRINVAL; /* and families of later releases */
}
