/*
 * x_accept - listeners: accepts meet connections, ends and shortages.
 *
 * Purpose    C1, K2, R1 for lib/stream's listeners: each connection that was
 *            accepted is delivered or closed, none is lost to a cancel, and
 *            close, stop, free and the end of the library leave nothing.
 * Rules      clients are numbers of the fake network.  A lost connection is a
 *            deadlock, a leaked one an open number at the end.
 */
#include "x_net_rig.h"

#include "base/sys.h"

#include <weir/stream_options.h>

#define PORT 5000
#define URL "tcp://127.0.0.1:5000"

static struct nop op[3];
static weir_stream_listener *listener;
static unsigned delivered;

static void
go_accept(struct nop *o)
{
	weir_stream_listener_accept(o->obj, o->aio);
}

/* It has a stream, or an error. */
static void
took(struct nop *o)
{
	weir_stream *s = weir_aio_get_output(o->aio, 0);

	X_ASSERT((s != NULL) == (o->result == WEIR_OK));
	delivered += s != NULL;
	weir_stream_free(s);
}

static void
listen_on(const char *url)
{
	X_ASSERT(weir_stream_listener_alloc(&listener, url) == WEIR_OK);
	X_ASSERT(weir_stream_listener_listen(listener) == WEIR_OK);
}

static void
up(unsigned nops)
{
	net_up(2, 2);
	listen_on(URL);
	delivered = 0;
	for (unsigned i = 0; i < nops; i++) {
		nop_init(&op[i], go_accept, listener);
		op[i].then = took;
	}
}

static void
down(void)
{
	weir_stream_listener_free(listener);
	net_down();
}

/* Connect, and hear the end: whoever has it closes it. */
static void
client(void *arg)
{
	uint8_t byte;
	int fd = fake_dial(PORT);

	(void)arg;
	if (fd < 0) {
		X_REACH("refused");
		return;
	}
	X_ASSERT(fake_get(fd, &byte, 1) == 0);
	(void)wri_sys_close(fd);
}

/* Two accepts and two clients. */
static void
meet(void)
{
	int ids[4];

	up(2);
	ids[0] = x_spawn("op0", do_nop, &op[0]);
	ids[1] = x_spawn("op1", do_nop, &op[1]);
	ids[2] = x_spawn("client0", client, NULL);
	ids[3] = x_spawn("client1", client, NULL);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	join_all(ids, 4);
	X_ASSERT(delivered == 2 && fake_accepted() == 2);
	down();
}

/* An accept is cancelled, or times out: its connection is the next one's. */
static void
cut(bool by_time)
{
	int ids[3], n = 2;

	up(3);
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(
			     op[0].aio, x_rand(3) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("client", client, NULL);
	ids[1] = x_spawn("op0", do_nop, &op[0]);
	if (!by_time) {
		ids[n++] = x_spawn("cancel", do_nop_cancel, &op[0]);
	}
	nop_await(&op[0], 1);
	if (op[0].result != WEIR_OK) {
		X_ASSERT(op[0].result ==
			 (by_time ? WEIR_ETIMEDOUT : WEIR_ECANCELED));
		X_REACH(fake_accepted() > 0 ? "kept" : "cut");
		nop_go(&op[1]);
		nop_await(&op[1], 1);
		X_ASSERT(op[1].result == WEIR_OK); /* K2 */
	}
	join_all(ids, (unsigned)n);
	X_ASSERT(delivered == 1);
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

/* Two that wait in the queue, one is cancelled: the other gets what it wants,
 * and the next one what is left. */
static void
queued(void)
{
	unsigned victim;
	int ids[5];

	up(3);
	victim = x_rand(2);
	ids[0] = x_spawn("op0", do_nop, &op[0]);
	ids[1] = x_spawn("op1", do_nop, &op[1]);
	ids[2] = x_spawn("cancel", do_nop_cancel, &op[victim]);
	ids[3] = x_spawn("client0", client, NULL);
	ids[4] = x_spawn("client1", client, NULL);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1 - victim].result == WEIR_OK); /* K2 */
	if (op[victim].result != WEIR_OK) {
		X_REACH("cut");
		nop_go(&op[2]);
		nop_await(&op[2], 1);
		X_ASSERT(op[2].result == WEIR_OK);
	}
	join_all(ids, 5);
	X_ASSERT(delivered == 2);
	down();
}

static void
end_some_way(void *arg)
{
	(void)arg;
	switch (x_rand(3)) {
	case 0:
		weir_stream_listener_close(listener);
		break;
	case 1:
		weir_stream_listener_stop(listener);
		for (unsigned i = 0; i < 2; i++) { /* T1 */
			X_ASSERT(op_of(word_of(op[i].aio)) != OP_ACTIVE);
		}
		break;
	case 2:
		weir_stream_listener_free(listener);
		listener = NULL;
		break;
	}
}

/* Close, stop or free meets accepts and clients. */
static void
closed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[3];

	up(2);
	ids[0] = x_spawn("client0", client, NULL);
	ids[1] = x_spawn("client1", client, NULL);
	if (x_rand(2) == 0) {
		x_point();
	}
	nop_go(&op[0]);
	nop_go(&op[1]);
	ids[2] = x_spawn("end", end_some_way, NULL);
	for (unsigned i = 0; i < 2; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
		X_REACH(op[i].result == WEIR_OK ? "got" : "closed");
	}
	join_all(ids, 3);
	X_ASSERT(delivered <= fake_accepted());
	if (delivered < fake_accepted()) {
		X_REACH("given-back");
	}
	down();
}

static void
do_end(void *arg)
{
	if (x_rand(2) == 0) {
		weir_stream_listener_close(arg);
	} else {
		weir_stream_listener_stop(arg);
	}
}

/* An accept is submitted while the listener is closed; one may poll. */
static void
closed_submit(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_ETIMEDOUT, WEIR_OK};
	int ids[4];

	up(2);
	X_ASSERT(weir_aio_set_timeout(op[1].aio, 0) == WEIR_OK);
	ids[0] = x_spawn("client", client, NULL);
	ids[1] = x_spawn("op0", do_nop, &op[0]);
	ids[2] = x_spawn("op1", do_nop, &op[1]);
	ids[3] = x_spawn("close", do_end, listener);
	join_all(ids, 4);
	for (unsigned i = 0; i < 2; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
	}
	X_REACH(op[1].result == WEIR_OK ? "polled" : "nothing");
	down();
}

/* Listen and its close at once. */
static void
do_listen(void *arg)
{
	weir_err rv = weir_stream_listener_listen(arg);

	X_ASSERT(rv == WEIR_OK || rv == WEIR_ECLOSED);
	X_REACH(rv == WEIR_OK ? "listens" : "late");
}

static void
binding(void)
{
	int ids[2];

	net_up(1, 1);
	X_ASSERT(weir_stream_listener_alloc(&listener, URL) == WEIR_OK);
	ids[0] = x_spawn("listen", do_listen, listener);
	ids[1] = x_spawn("close", do_end, listener);
	join_all(ids, 2);
	down();
}

/* Descriptors are short, or connections die in the queue: the accepts wait, and
 * get what comes. */
static void
shortage(void)
{
	int ids[2];

	up(1);
	fake_mood.shortages = 1 + x_rand(2);
	fake_mood.aborts = x_rand(2);
	ids[0] = x_spawn("op0", do_nop, &op[0]);
	ids[1] = x_spawn("client", client, NULL);
	if (fake_mood.aborts > 0) {
		x_join(ids[1]);
		ids[1] = x_spawn("client", client, NULL);
	}
	nop_await(&op[0], 1);
	X_ASSERT(op[0].result == WEIR_OK);
	join_all(ids, 2);
	down();
}

/* The same, and the listener is closed, or an accept comes meanwhile. */
static void
shortage_closed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[3];

	up(2);
	fake_mood.shortages = 1 + x_rand(3);
	ids[0] = x_spawn("client", client, NULL);
	ids[1] = x_spawn("op1", do_nop, &op[1]);
	nop_go(&op[0]);
	ids[2] = x_spawn("end", do_end, listener);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(nop_is(&op[0], ends) && nop_is(&op[1], ends));
	join_all(ids, 3);
	down();
}

/* The library ends under accepts, or while they are submitted. */
static void
library_ends(void)
{
	int ids[2];

	up(2);
	ids[0] = x_spawn("client", client, NULL);
	op[1].stopping = op[0].stopping = true;
	nop_go(&op[0]);
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
	/* Nobody connects to a dead listener. */
	x_join(ids[0]);
	X_ASSERT(fake_dial(PORT) < 0);
	down();
}

/* The same, and no accept is there to hear of it. */
static void
idle_ends(void)
{
	int id;

	up(0);
	id = x_spawn("client", client, NULL);
	net_fini();
	x_join(id);
	X_ASSERT(fake_dial(PORT) < 0);
	down();
}

/* ---- fed --------------------------------------------------------------- */

static void
feed(void *arg)
{
	int fds[2];
	uint8_t byte;

	(void)arg;
	fake_pair(AF_UNIX, fds);
	if (weir_stream_listener_set_int(
		listener, WEIR_OPT_SOCKET_FD, fds[0]) != WEIR_OK) {
		X_REACH("refused");
		(void)wri_sys_close(fds[0]);
	} else {
		X_REACH("fed");
	}
	X_ASSERT(fake_get(fds[1], &byte, 1) == 0);
	(void)wri_sys_close(fds[1]);
}

/* Connections that the program gives, against accepts and a close. */
static void
fed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[4];

	net_up(2, 2);
	X_ASSERT(weir_stream_listener_alloc(&listener, "socket://") == WEIR_OK);
	delivered = 0;
	for (unsigned i = 0; i < 2; i++) {
		nop_init(&op[i], go_accept, listener);
		op[i].then = took;
	}
	ids[0] = x_spawn("feed0", feed, NULL);
	ids[1] = x_spawn("feed1", feed, NULL);
	ids[2] = x_spawn("op0", do_nop, &op[0]);
	nop_go(&op[1]);
	ids[3] = x_spawn("close", do_end, listener);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(nop_is(&op[0], ends) && nop_is(&op[1], ends));
	join_all(ids, 4);
	down();
}

/* ---- freed ------------------------------------------------------------- */

static void
took_frees(struct nop *o)
{
	weir_stream_listener *l = listener;

	X_ASSERT(o->result == WEIR_ECLOSED);
	listener = NULL;
	weir_stream_listener_free(l);
}

/* The callback of what close or stop ends frees the listener. */
static void
close_frees(void)
{
	net_up(2, 2);
	if (x_rand(2) == 0) {
		listen_on(URL);
	} else {
		X_ASSERT(weir_stream_listener_alloc(&listener, "socket://") ==
			 WEIR_OK);
	}
	nop_init(&op[0], go_accept, listener);
	nop_init(&op[1], go_accept, listener);
	op[0].then = took_frees;
	nop_go(&op[0]);
	nop_go(&op[1]);
	do_end(listener);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECLOSED);
	down();
}

const struct x_test x_tests[] = {
    {"meet", meet, "C1 Q1, two and two", X_NOTIME, 0, "", NULL},
    {"cancelled", cancelled, "K2 R1, a cancelled accept", X_NOTIME, 0,
	"kept cut", NULL},
    {"timed_out", timed_out, "K2 R1 D3, an accept in time", 0, 0, "kept cut",
	NULL},
    {"queued", queued, "K2 R1, one of two that wait", X_NOTIME, 0, "cut", NULL},
    {"closed", closed, "C1 T1 T3 R1, close, stop, free", X_NOTIME, 0,
	"got closed given-back refused", NULL},
    {"closed_submit", closed_submit, "C1 D3, submit meets close", X_NOTIME, 0,
	"polled nothing", NULL},
    {"binding", binding, "R1, listen meets close", X_NOTIME, 0, "listens late",
	NULL},
    {"shortage", shortage, "C1, descriptors are short", 0, 0, "", NULL},
    {"shortage_closed", shortage_closed, "C1 T3, short, and closed", 0, 0, "",
	NULL},
    {"library_ends", library_ends, "T7, weir_fini", 0, 0, "stopped before",
	NULL},
    {"idle_ends", idle_ends, "T7, weir_fini, no accept", 0, 0, "", NULL},
    {"fed", fed, "C1 R1, connections that are given", X_NOTIME, 0,
	"refused fed", NULL},
    {"close_frees", close_frees, "R1, the callback frees it", X_NOTIME, 0, "",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
