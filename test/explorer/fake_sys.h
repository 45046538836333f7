/*
 * fake_sys - the system calls of lib/poller, and sockets to watch.
 *
 * Purpose    what poller.c, epoll.c, poll.c and fd.c call of base/sys.h, on a
 *            kernel of plain data: lib/poller and the gate of descriptors run
 *            unchanged above it, on either backend.
 * Ownership  a file is the kernel's and stays until the schedule ends; its
 *            number goes with the close, and the next socket has it again.
 * Rules      Each call is one step.  Edges are as rare as those of Linux: data
 *            and an end are one each, after they can be read; room is one only
 *            for who was told that there is none.  An event says all that is
 *            ready when it is fetched, and may find that nothing is.
 *            A number that is watched, or used by a call, is not closed.
 * Bounds     FAKE_FILES files per schedule; one epoll set.
 */
#ifndef EXPLORER_FAKE_SYS_H
#define EXPLORER_FAKE_SYS_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_FILES 24

enum fake_kind {
	FAKE_SOCKET,
	FAKE_EVENTFD,
	FAKE_EPOLL,
	FAKE_NET, /* of fake_net.h */
};

struct fake_file {
	enum fake_kind kind;
	int number;      /* -1: closed */
	unsigned inside; /* calls under way */

	/* A socket: what it may move now, and has moved. */
	unsigned data, room;
	unsigned taken, sent;
	bool fin, reset; /* as the peer has ended it */
	bool nospace;    /* somebody was told that there is no room */

	uint64_t count; /* of an eventfd */
	void *net;      /* of FAKE_NET */

	/* In the epoll set. */
	bool watched, edge;
	uint32_t events;
	uint64_t event_data;
};

/* Begin with no files; at the end, all must be closed. */
void fake_sys_up(void);
void fake_sys_down(void);
/* Registrations that were asked to tell again, since fake_sys_up. */
unsigned fake_sys_agains(void);

/* A connected socket that takes room units; the lowest number. */
struct fake_file *fake_socket(unsigned room);
/* Is this the file behind the number? */
bool fake_is(const struct fake_file *f, int number);

/* The peer; nothing happens to a closed file. */
void fake_peer_send(struct fake_file *f, unsigned n);
void fake_peer_take(struct fake_file *f, unsigned n);
void fake_peer_end(struct fake_file *f);
void fake_peer_reset(struct fake_file *f);

/* As recv and send: units, 0 for the end, or -errno. */
int fake_recv(int number, unsigned n);
int fake_send(int number, unsigned n);

#endif
