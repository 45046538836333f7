/*
 * fake_net_impl - the sockets of the fake kernel: fake_net.c, fake_calls.c,
 * fake_bytes.c.
 */
#ifndef EXPLORER_FAKE_NET_IMPL_H
#define EXPLORER_FAKE_NET_IMPL_H

#include "explorer/fake_net.h"
#include "explorer/fake_sys_impl.h"

enum fake_shape {
	SHAPE_FRESH, /* a stream socket that is nothing yet */
	SHAPE_CONNECTING,
	SHAPE_STREAM,
	SHAPE_LISTENER,
	SHAPE_DGRAM,
	SHAPE_TIMER,
};

struct gram {
	unsigned from, len;
	uint8_t bytes[FAKE_GRAM_LEN];
};

struct fake_sock {
	struct fake_file *file;
	enum fake_shape shape;
	int family;
	unsigned port; /* own; of AF_UNIX: what the name says */
	unsigned to;   /* CONNECTING: where */
	bool closed;   /* it has no number any more */
	bool told;     /* connect(2) has said that it is made */
	bool rang;     /* TIMER: since it was set */
	weir_time at;  /* TIMER: when, WEIR_NEVER: not set */

	/* STREAM. */
	struct fake_sock *peer;
	unsigned cap;
	unsigned len, flight; /* bytes there, and on their way behind them */
	uint8_t buf[FAKE_BUF];
	bool fin, fin_flight; /* the peer's end: heard, on its way */
	bool rst_flight;
	bool rd_shut, wr_shut; /* here */
	bool broken;           /* over, and err or somebody has told why */
	int err;               /* to be told once */
	bool nospace;          /* somebody was told that there is no room */
	bool stalled;          /* no memory: the network will ring */

	/* LISTENER: made, not accepted. */
	struct fake_sock *backlog[FAKE_BACKLOG];
	unsigned nbacklog;

	/* DGRAM. */
	struct gram grams[FAKE_GRAMS];
	unsigned ngrams;
};

extern struct fake_sock fake_socks[FAKE_SOCKETS];
extern unsigned fake_nsocks, fake_naccepted;

struct fake_sock *fake_sock_new(
    enum fake_shape shape, int family, bool numbered);
/* A number that must be a socket: the head of each call. */
struct fake_sock *fake_sock_at(int fd);
/* The network has something to do. */
void fake_work(void);

/* Does somebody listen there? */
struct fake_sock *fake_listener_at(int family, unsigned port);
/* CONNECTING: can it be told something now?  Tell it. */
bool fake_is_answered(const struct fake_sock *s);
void fake_answer(struct fake_sock *s);
/* Two ends, one of them in the backlog. */
void fake_connect(struct fake_sock *c, struct fake_sock *l);
/* Those that nobody accepted. */
void fake_drop_backlog(struct fake_sock *l);

/* fake_bytes.c */
uint32_t fake_stream_level(struct fake_sock *s);
unsigned fake_room(const struct fake_sock *s); /* that it has for its peer */
void fake_send_fin(struct fake_sock *s);       /* to its peer */
void fake_send_rst(struct fake_sock *s);
void fake_broken(struct fake_sock *s, int eno); /* a reset has come */
/* Something is on its way to it; bring some of it. */
bool fake_flies(const struct fake_sock *s);
void fake_bring(struct fake_sock *s);

#endif
