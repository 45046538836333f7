/*
 * sysaddr - addresses as the system wants them, and back.
 *
 * Purpose    the one place that knows both forms; for rooms that own sockets.
 * Ownership  values; the caller's memory.
 * Progress   pure.
 */
#ifndef NET_SYSADDR_H
#define NET_SYSADDR_H

#include <weir/err.h>
#include <weir/sockaddr.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* An address as the system wants it. */
struct wri_sysaddr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} u;
};

/*
 * From the system's form (AF_INET, AF_INET6) to ours; WEIR_EADDRINVAL for
 * another family, *name is then unspecified.
 */
weir_err wri_sysaddr_name(const struct wri_sysaddr *addr, weir_sockaddr *name);

/*
 * From our form to the system's: WEIR_AF_INET, WEIR_AF_INET6, WEIR_AF_IPC (a
 * path of 1 to 107 bytes), WEIR_AF_ABSTRACT (0 to 107 bytes).  WEIR_EADDRINVAL
 * for NULL, another family, or a name of another length; *addr is then
 * unspecified.
 */
weir_err wri_sysaddr_of(struct wri_sysaddr *addr, const weir_sockaddr *name);

#endif
