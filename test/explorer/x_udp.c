/*
 * x_udp - datagrams: queues, batches, and every way that they end.
 *
 * Purpose    C1, K2, R6 for lib/udp: what is sent arrives once, whole, and from
 *            whom it was; what was taken ahead is not forgotten; an end of one
 *            operation touches no other.
 * Rules      datagram n has 1 + n % 4 bytes of n.  The fake network loses none
 *            while its queue has room, and keeps their order.
 */
#include "x_net_rig.h"

#include <weir/udp.h>

#include <arpa/inet.h>
#include <string.h>

#define GRAMS 6
#define PORT_A 6000
#define PORT_B 6001

static struct nop op[4];
static weir_udp *a, *b; /* a sends to b */
static weir_sockaddr to, from[4];
static unsigned sent, arrived, last;
static bool in_order;
static x_latch any; /* receives that got one */

static weir_sockaddr
address(unsigned port)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in.sa_family = WEIR_AF_INET;
	sa.s_in.sa_port = htons((uint16_t)port);
	sa.s_in.sa_addr = htonl(0x7f000001);
	return sa;
}

static weir_udp *
open_on(unsigned port, unsigned batch)
{
	const weir_udp_params params = {
	    .size = sizeof(params), .recv_batch = batch};
	const weir_sockaddr sa = address(port);
	weir_udp *u;

	X_ASSERT(weir_udp_open_with(&u, &sa, &params) == WEIR_OK);
	return u;
}

static void
go_recv_gram(struct nop *o)
{
	weir_udp_recv(o->obj, o->aio);
}

static void
go_send_gram(struct nop *o)
{
	weir_udp_send(o->obj, o->aio);
}

static void
took(struct nop *o)
{
	unsigned n = o->mem[0];

	if (o->result != WEIR_OK) {
		X_ASSERT(o->count == 0);
		return;
	}
	X_ASSERT(n < GRAMS && o->count == 1 + n % 4);
	for (unsigned i = 0; i < o->count; i++) {
		X_ASSERT(o->mem[i] == n);
	}
	X_ASSERT((arrived >> n & 1) == 0);
	X_ASSERT(!in_order || last <= n);
	last = n;
	arrived |= 1u << n;
	x_open(&any);
	X_ASSERT(from[o->number].s_in.sa_port == htons(PORT_A));
	memset(&from[o->number], 0, sizeof(from[0]));
}

static void
did_send(struct nop *o)
{
	if (o->result == WEIR_OK) {
		X_ASSERT(o->count == o->want);
		sent |= 1u << o->mem[0];
	} else {
		X_ASSERT(o->count == 0);
	}
}

static void
init_recv(unsigned i)
{
	struct nop *o = &op[i];

	nop_init(o, go_recv_gram, b);
	o->want = 4;
	o->then = took;
	o->number = i;
	X_ASSERT(weir_aio_set_input(o->aio, 0, &from[i]) == WEIR_OK);
}

static void
init_send(unsigned i, unsigned n)
{
	struct nop *o = &op[i];

	nop_init(o, go_send_gram, a);
	o->want = 1 + n % 4;
	memset(o->mem, (int)n, o->want);
	o->then = did_send;
	X_ASSERT(weir_aio_set_input(o->aio, 0, &to) == WEIR_OK);
}

static void
up(void)
{
	net_up(2, 2);
	to = address(PORT_B);
	a = open_on(PORT_A, 0);
	b = open_on(PORT_B, x_rand(6));
	sent = arrived = last = 0;
	in_order = false;
}

static void
down(void)
{
	weir_udp_free(a);
	weir_udp_free(b);
	net_down();
}

/* The peer: sends n datagrams by hand, from a's address. */
static unsigned peer_sends;

static void
peer_send(void *arg)
{
	(void)arg;
	for (unsigned n = 0; n < peer_sends; n++) {
		fake_gram(PORT_A, PORT_B, (uint8_t)n, 1 + n % 4);
	}
}

/* One receiver takes what comes, in its order, also what was taken ahead. */
static void
receive(void)
{
	int id;

	up();
	in_order = true;
	peer_sends = 2 + x_rand(GRAMS - 1);
	init_recv(0);
	id = x_spawn("peer", peer_send, NULL);
	for (unsigned i = 0; i < peer_sends; i++) {
		nop_go(&op[0]);
		nop_await(&op[0], i + 1);
		X_ASSERT(op[0].result == WEIR_OK);
	}
	X_ASSERT(arrived == (1u << peer_sends) - 1);
	x_join(id);
	down();
}

/* Three that wait, again and again: nothing taken ahead stays behind. */
static void
queued(void)
{
	int id;

	up();
	peer_sends = GRAMS;
	for (unsigned i = 0; i < 3; i++) {
		init_recv(i);
		op[i].forever = true;
		nop_go(&op[i]);
	}
	id = x_spawn("peer", peer_send, NULL);
	for (unsigned i = 0; i < GRAMS; i++) {
		x_await(&any, i + 1);
	}
	X_ASSERT(arrived == (1u << GRAMS) - 1);
	x_join(id);
	weir_udp_close(b);
	for (unsigned i = 0; i < 3; i++) {
		X_ASSERT(weir_aio_wait(op[i].aio) == WEIR_OK);
		/* A full list, small here, sends one away. */
		X_ASSERT(op[i].result == WEIR_ECLOSED ||
			 op[i].result == WEIR_EAGAIN);
	}
	down();
}

/* Two receivers, and two that send. */
static void
exchange(void)
{
	int id;

	up();
	init_recv(0);
	init_recv(1);
	init_send(2, 0);
	init_send(3, 1);
	id = x_spawn("recv", do_nop, &op[0]);
	nop_go(&op[1]);
	nop_go(&op[2]);
	nop_go(&op[3]);
	for (unsigned i = 0; i < 4; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK);
	}
	X_ASSERT(sent == 3 && arrived == 3);
	x_join(id);
	down();
}

/* One of two receives ends: no datagram is lost with it. */
static void
cut(bool by_time)
{
	unsigned victim, n = 0;
	int ids[3];

	up();
	victim = x_rand(2);
	peer_sends = 3;
	init_recv(0);
	init_recv(1);
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(op[victim].aio,
			     x_rand(3) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("peer", peer_send, NULL);
	ids[1] = x_spawn("op0", do_nop, &op[0]);
	ids[2] = by_time ? -1 : x_spawn("cancel", do_nop_cancel, &op[victim]);
	nop_go(&op[1]);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1 - victim].result == WEIR_OK); /* K2 */
	X_REACH(op[victim].result == WEIR_OK ? "got" : "cut");
	init_recv(2);
	while (arrived != 7) {
		nop_go(&op[2]);
		nop_await(&op[2], ++n);
		X_ASSERT(op[2].result == WEIR_OK);
	}
	join_all(ids, by_time ? 2 : 3);
	down();
}

static void
cancelled(void)
{
	cut(false);
}

static void
timed_out(void)
{
	cut(true);
}

/* A send that finds no room ends: it is sent, or it is not. */
static void
send_cut(void)
{
	int ids[2];

	up();
	fake_mood.stalls = 2;
	init_send(0, 0);
	init_send(1, 1);
	init_recv(2);
	ids[0] = x_spawn("op0", do_nop, &op[0]);
	ids[1] = x_spawn("cancel", do_nop_cancel, &op[0]);
	nop_go(&op[1]);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_OK);
	while (arrived != sent) {
		nop_go(&op[2]);
		nop_await(&op[2], op[2].accepted);
	}
	X_REACH(sent == 3 ? "both" : "one");
	join_all(ids, 2);
	down();
}

static void
end_some_way(void *arg)
{
	(void)arg;
	switch (x_rand(3)) {
	case 0:
		weir_udp_close(b);
		break;
	case 1:
		weir_udp_stop(b);
		for (unsigned i = 0; i < 2; i++) { /* T1 */
			X_ASSERT(op_of(word_of(op[i].aio)) != OP_ACTIVE);
		}
		break;
	case 2:
		weir_udp_free(b);
		b = NULL;
		break;
	}
}

static void
closed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[2];

	up();
	peer_sends = 1 + x_rand(4);
	init_recv(0);
	init_recv(1);
	nop_go(&op[0]);
	nop_go(&op[1]);
	ids[0] = x_spawn("peer", peer_send, NULL);
	ids[1] = x_spawn("end", end_some_way, NULL);
	for (unsigned i = 0; i < 2; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
		X_REACH(op[i].result == WEIR_OK ? "got" : "closed");
	}
	join_all(ids, 2);
	down();
}

static void
took_frees(struct nop *o)
{
	weir_udp *u = b;

	X_ASSERT(o->result == WEIR_ECLOSED);
	b = NULL;
	weir_udp_free(u);
}

/* The callback of what close or stop ends frees the socket. */
static void
close_frees(void)
{
	up();
	init_recv(0);
	init_recv(1);
	op[0].then = took_frees;
	nop_go(&op[0]);
	nop_go(&op[1]);
	if (x_rand(2) == 0) {
		weir_udp_close(b);
	} else {
		weir_udp_stop(b);
	}
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECLOSED);
	down();
}

static void
library_ends(void)
{
	int ids[2];

	up();
	peer_sends = 2;
	init_recv(0);
	init_recv(1);
	op[0].stopping = op[1].stopping = true;
	op[0].forever = true;
	nop_go(&op[0]);
	ids[0] = x_spawn("peer", peer_send, NULL);
	ids[1] = x_spawn("op1", do_nop, &op[1]);
	if (x_rand(2) == 0) {
		x_join(ids[1]);
		ids[1] = -1;
	}
	net_fini();
	if (ids[1] >= 0) {
		x_join(ids[1]);
	}
	for (unsigned i = 0; i < 2; i++) {
		X_ASSERT(!weir_aio_busy(op[i].aio));
		X_REACH(op[i].result == WEIR_ESTOPPED ? "stopped" : "before");
	}
	x_join(ids[0]);
	down();
}

const struct x_test x_tests[] = {
    {"receive", receive, "R6 Q1, batches in order", X_NOTIME, 0, "", NULL},
    {"queued", queued, "R6 Q1, batches for three that wait", X_NOTIME, 0, "",
	NULL},
    {"exchange", exchange, "C1 R6, two and two", X_NOTIME, 0, "", NULL},
    {"cancelled", cancelled, "K2 R6, one of two receives", X_NOTIME, 0,
	"got cut", NULL},
    {"timed_out", timed_out, "K2 R6 D3, one of two receives", 0, 0, "got cut",
	NULL},
    {"send_cut", send_cut, "K2 R6, one of two sends", X_NOTIME, 0, "both one",
	NULL},
    {"closed", closed, "C1 T1 T3, close, stop, free", X_NOTIME, 0, "got closed",
	NULL},
    {"close_frees", close_frees, "R1, the callback frees it", X_NOTIME, 0, "",
	NULL},
    {"library_ends", library_ends, "T7, weir_fini", 0, 0, "stopped before",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
