/*
 * cases_udp - receive and send on one socket, opposite to a plain one.
 *
 * Shape      Loopback takes every datagram at once, so a send never waits
 *            there.  This program has a sendmsg of its own, which the library
 *            calls: while the gate is shut the socket's buffer is full.  What
 *            the socket itself sends by another call makes the event that a
 *            buffer with room again would make.
 */
#include "contract/cases.h"

#include <weir/udp.h>

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static weir_udp *udp_socket;
static int udp_peer; /* ours */
static weir_sockaddr udp_peer_name;
static struct sockaddr_in udp_addr; /* of the socket */
static int udp_own = -1;            /* the socket's number, borrowed */
static _Atomic int udp_full = -1;   /* the number whose buffer is full */

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fd == udp_full) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

/* The number of the socket, by its name. */
static int
udp_find(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_in name = {0};
		socklen_t len = sizeof(name);

		if (getsockname(fd, (struct sockaddr *)&name, &len) == 0 &&
		    name.sin_family == AF_INET &&
		    name.sin_port == udp_addr.sin_port) {
			return fd;
		}
	}
	ck_abort_msg("the socket's descriptor was not found");
	return -1;
}

static void
udp_setup(unsigned batch)
{
	weir_udp_params p = {.size = sizeof(p), .recv_batch = batch};
	weir_sockaddr sa = {.s_in = {.sa_family = WEIR_AF_INET}};
	struct sockaddr_in peer = {.sin_family = AF_INET};
	socklen_t len = sizeof(peer);

	sa.s_in.sa_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(weir_udp_open_with(&udp_socket, &sa, &p), WEIR_OK);
	ck_assert_int_eq(weir_udp_sockname(udp_socket, &sa), WEIR_OK);
	udp_addr.sin_family = AF_INET;
	udp_addr.sin_port = sa.s_in.sa_port;
	udp_addr.sin_addr.s_addr = sa.s_in.sa_addr;
	udp_own = udp_find();

	udp_peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    bind(udp_peer, (struct sockaddr *)&peer, sizeof(peer)), 0);
	ck_assert_int_eq(
	    getsockname(udp_peer, (struct sockaddr *)&peer, &len), 0);
	udp_peer_name = sa;
	udp_peer_name.s_in.sa_port = peer.sin_port;
}

void
udp_one_setup(void)
{
	udp_setup(0);
}

void
udp_batch_setup(void)
{
	udp_setup(8);
}

void
udp_teardown(void)
{
	udp_full = -1;
	weir_udp_free(udp_socket);
	(void)close(udp_peer);
}

/* Each operation a byte of its own. */
static void
udp_set_iov(weir_aio *aio)
{
	static char bytes[4096];
	static _Atomic unsigned next;
	const weir_iov iov = {&bytes[next++ % sizeof(bytes)], 1};

	(void)weir_aio_set_iov(aio, 1, &iov);
}

void
udp_recv_submit(weir_aio *aio)
{
	udp_set_iov(aio);
	weir_udp_recv(udp_socket, aio);
}

void
udp_recv_end(void)
{
	/* Full of datagrams that stopped handles left: there is one. */
	(void)sendto(udp_peer, "x", 1, MSG_DONTWAIT,
	    (struct sockaddr *)&udp_addr, sizeof(udp_addr));
}

void
udp_recv_soon(weir_aio *aio)
{
	udp_recv_end();
	udp_recv_submit(aio);
}

static void
udp_send_now(weir_aio *aio)
{
	udp_set_iov(aio);
	(void)weir_aio_set_input(aio, 0, &udp_peer_name);
	weir_udp_send(udp_socket, aio);
}

void
udp_send_submit(weir_aio *aio)
{
	udp_full = udp_own;
	udp_send_now(aio);
}

void
udp_send_end(void)
{
	struct sockaddr_in to = udp_addr;

	udp_full = -1;
	to.sin_port = udp_peer_name.s_in.sa_port;
	(void)sendto(
	    udp_own, "", 0, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
}

void
udp_send_soon(weir_aio *aio)
{
	udp_send_end();
	udp_send_now(aio);
}
