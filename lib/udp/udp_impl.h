/*
 * udp_impl - the socket; for the files of this folder only.
 *
 * Ownership  the program owns a weir_udp; its memory goes in the release of
 *            its weir_fd.
 */
#ifndef UDP_UDP_IMPL_H
#define UDP_UDP_IMPL_H

#include "base/sync.h"
#include "net/sysaddr.h"

#include <weir/provider.h>
#include <weir/udp.h>

enum udp_magic {
	UDP_MAGIC_NONE = 0,
	UDP_MAGIC_OPEN = 0x57724941,
	UDP_MAGIC_GONE = 0x57724900,
};

/* No datagram is longer. */
#define UDP_SLOT_LEN 65536

/* A datagram taken ahead. */
struct udp_slot {
	struct wri_sysaddr from;
	size_t len;
	char bytes[UDP_SLOT_LEN];
};

struct weir_udp {
	/* Fixed once the program has it. */
	uint32_t magic;
	weir_fd *fd; /* until free */
	weir_sockaddr bound;
	uint32_t multicast_if;
	unsigned nslots;
	struct udp_slot *slots; /* NULL: none are taken ahead */

	wri_a32 holds; /* the program, and each stop */

	/* The receive step's: those in slots[next..filled-1] wait. */
	unsigned next;
	unsigned filled;
};

/* udpio.c: arg is the weir_udp. */
extern const weir_fdop wri_udp_recv_op;
extern const weir_fdop wri_udp_send_op;

/* sock.c */

/* What an errno means where all else than the address is known to be good. */
weir_err wri_udp_addr_err(int eno);

/* Make a socket with these settings, bind it, tell its address. */
WEIR_NODISCARD weir_err wri_udp_sock_open(int *fd, weir_sockaddr *bound,
    const weir_sockaddr *sa, const weir_udp_params *params);
/* Join or leave a group, on the socket's number. */
weir_err wri_udp_sock_member(
    const weir_udp *u, const weir_sockaddr *group, bool join);

#endif
