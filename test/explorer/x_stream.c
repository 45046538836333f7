/*
 * x_stream - streams: bytes in queues, and every way that they end.
 *
 * Purpose    R6, C1, K2 over lib/stream's own steps: what is received is what
 *            was sent, each byte once, under any split; an end of one operation
 *            touches no other; counts are the bytes that moved.
 * Rules      each byte of a direction has a value of its own, from 0.  The peer
 *            is a number of the fake network.
 */
#include "x_net_rig.h"

#include "base/sys.h"

#include <string.h>

#define TOTAL_MAX 64

static struct nop op[3];
static weir_stream *stream;
static int peer;

/* The peer's side. */
static unsigned nput, put; /* bytes to send, sent */
static bool put_end;       /* and then the end */
static uint8_t got[TOTAL_MAX];
static size_t ngot;

/* Bytes that the program has received. */
static unsigned seen;
static bool in_order; /* operations end in the order that they began in */
static unsigned turn;

/* ---- the peer ---------------------------------------------------------- */

static void
peer_put(void *arg)
{
	uint8_t bytes[TOTAL_MAX];
	size_t n;

	(void)arg;
	for (unsigned i = 0; i < nput; i++) {
		bytes[i] = (uint8_t)i;
	}
	(void)fake_put(peer, bytes, nput, &n);
	put = (unsigned)n;
	if (put_end) {
		(void)wri_sys_shutdown(peer, SHUT_WR);
	}
}

/* Until the end. */
static void
peer_get(void *arg)
{
	size_t n;

	(void)arg;
	while ((n = fake_get(peer, got + ngot, 1 + x_rand(6))) > 0) {
		ngot += n;
		X_ASSERT(ngot < TOTAL_MAX - 6);
	}
}

/* ---- the program's ----------------------------------------------------- */

/* R6: bytes in a row, each of them once. */
static void
took(struct nop *o)
{
	static uint64_t taken;

	if (o == NULL) {
		taken = 0;
		return;
	}
	for (size_t i = 0; i < o->count; i++) {
		X_ASSERT(o->mem[i] == (uint8_t)(o->mem[0] + i));
		X_ASSERT(o->mem[i] < TOTAL_MAX);
		X_ASSERT((taken >> o->mem[i] & 1) == 0);
		taken |= (uint64_t)1 << o->mem[i];
	}
	seen += (unsigned)o->count;
	if (in_order && o->count > 0) {
		X_ASSERT(o->mem[0] >= turn);
	}
}

static void
up(void)
{
	net_up(2, 2);
	stream = net_stream(net_family(), &peer);
	nput = put = seen = turn = 0;
	ngot = 0;
	put_end = in_order = false;
	took(NULL);
}

static void
down(void)
{
	(void)wri_sys_close(peer);
	net_down();
}

static void
init_recv(struct nop *o, bool exactly, unsigned want)
{
	nop_init(o, exactly ? go_recv_exactly : go_recv, stream);
	o->want = want;
	o->then = took;
}

/* Operations that send bytes in a row. */
static void
init_sends(unsigned from, unsigned n, bool all)
{
	uint8_t next = 0;

	for (unsigned i = from; i < n; i++) {
		nop_init(&op[i], all ? go_send_all : go_send, stream);
		op[i].want = 2 + x_rand(6);
		for (unsigned k = 0; k < op[i].want; k++) {
			op[i].mem[k] = next++;
		}
	}
}

static void
go_all(void *arg)
{
	unsigned n = *(const unsigned *)arg;

	for (unsigned i = 0; i < n; i++) {
		nop_go(&op[i]);
	}
}

static unsigned two = 2, three = 3;

/* What has come is what the operations say they moved, in their order; all: no
 * byte was lost on the way. */
static void
check_sent(unsigned n, bool all)
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < op[i].count; k++) {
			X_ASSERT(at < ngot || !all);
			if (at < ngot) {
				X_ASSERT(got[at] == op[i].mem[k]);
			}
			at++;
		}
	}
	X_ASSERT(ngot <= at);
}

/* ---- all goes well ----------------------------------------------------- */

/* Two receivers come again and again, to the end. */
static void
receive(void)
{
	int ids[3];

	up();
	nput = 6 + x_rand(10);
	put_end = true;
	for (unsigned i = 0; i < 2; i++) {
		init_recv(&op[i], x_rand(2) == 0, 1 + x_rand(5));
		op[i].forever = true;
	}
	ids[0] = x_spawn("peer", peer_put, NULL);
	ids[1] = x_spawn("op0", do_nop, &op[0]);
	ids[2] = x_spawn("op1", do_nop, &op[1]);
	join_all(ids, 3);
	for (unsigned i = 0; i < 2; i++) {
		X_ASSERT(weir_aio_wait(op[i].aio) == WEIR_OK);
		X_ASSERT(op[i].result == WEIR_ECONNSHUT);
	}
	X_ASSERT(seen == nput);
	weir_stream_free(stream);
	down();
}

/* Three that want all they ask for: in their order. */
static void
exactly(void)
{
	int ids[2];

	up();
	for (unsigned i = 0; i < 3; i++) {
		init_recv(&op[i], true, 1 + x_rand(6));
		nput += op[i].want;
	}
	ids[0] = x_spawn("peer", peer_put, NULL);
	ids[1] = x_spawn("ops", go_all, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK && op[i].count == op[i].want);
		X_ASSERT(op[i].mem[0] == turn);
		turn += op[i].want;
	}
	join_all(ids, 2);
	weir_stream_free(stream);
	down();
}

/* Three that send, and all of it arrives. */
static void
send_bytes(void)
{
	bool all;
	int ids[2];

	up();
	all = x_rand(3) != 0;
	init_sends(0, 3, all);
	ids[0] = x_spawn("peer", peer_get, NULL);
	ids[1] = x_spawn("ops", go_all, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK && op[i].count > 0);
		X_ASSERT(!all || op[i].count == op[i].want);
	}
	x_join(ids[1]);
	weir_stream_free(stream);
	x_join(ids[0]);
	check_sent(3, true);
	down();
}

/* ---- delimiters -------------------------------------------------------- */

static const char text[] = "aab-ab--aaab";

static void
peer_text(void *arg)
{
	size_t n;

	(void)arg;
	(void)fake_put(peer, text, sizeof(text) - 1, &n);
	(void)wri_sys_shutdown(peer, SHUT_WR);
}

static void
go_until(struct nop *o)
{
	weir_stream_recv_until(stream, "aab", 3, o->aio);
}

/* Up to a delimiter that comes in any pieces, and nothing behind it. */
static void
until(void)
{
	int ids[2];

	up();
	for (unsigned i = 0; i < 3; i++) {
		nop_init(&op[i], go_until, stream);
		op[i].want = 12;
	}
	ids[0] = x_spawn("peer", peer_text, NULL);
	ids[1] = x_spawn("ops", go_all, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
	}
	join_all(ids, 2);
	X_ASSERT(op[0].result == WEIR_OK && op[0].count == 3);
	X_ASSERT(op[1].result == WEIR_OK && op[1].count == 9);
	X_ASSERT(memcmp(op[0].mem, text, 3) == 0);
	X_ASSERT(memcmp(op[1].mem, text + 3, 9) == 0);
	X_ASSERT(op[2].result == WEIR_ECONNSHUT && op[2].count == 0);
	weir_stream_free(stream);
	down();
}

/* ---- one operation ends ------------------------------------------------ */

/* One of two receives is cancelled, or times out; what it had taken it has, and
 * the rest is the other's. */
static void
cut_recv(bool by_time)
{
	unsigned victim, other;
	int ids[3], n = 2;

	up();
	in_order = true;
	victim = x_rand(2);
	other = 1 - victim;
	for (unsigned i = 0; i < 2; i++) {
		init_recv(&op[i], true, 3 + x_rand(3));
		nput += op[i].want;
	}
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(op[victim].aio,
			     x_rand(4) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("peer", peer_put, NULL);
	ids[1] = x_spawn("ops", go_all, &two);
	if (!by_time) {
		ids[n++] = x_spawn("cancel", do_nop_cancel, &op[victim]);
	}
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[other].result == WEIR_OK); /* K2 */
	X_ASSERT(op[other].count == op[other].want);
	if (op[victim].result != WEIR_OK) {
		X_ASSERT(op[victim].result ==
			 (by_time ? WEIR_ETIMEDOUT : WEIR_ECANCELED));
		X_ASSERT(op[victim].count < op[victim].want);
		X_REACH(op[victim].count > 0 ? "half" : "none");
	} else {
		X_REACH("all");
	}
	/* In a row. */
	turn = victim == 0 ? (unsigned)op[victim].count : 0;
	X_ASSERT(op[other].mem[0] == turn);
	/* The rest is there still. */
	init_recv(&op[2], false, NOP_MEM);
	while (seen < nput) {
		nop_go(&op[2]);
		nop_await(&op[2], op[2].accepted);
		X_ASSERT(op[2].result == WEIR_OK);
	}
	join_all(ids, (unsigned)n);
	weir_stream_free(stream);
	down();
}

static void
cancel_recv(void)
{
	cut_recv(false);
}

static void
timeout_recv(void)
{
	cut_recv(true);
}

/* The same of sends: what moved is what count says, and all of it arrives. */
static void
cut_send(bool by_time)
{
	unsigned victim;
	int ids[3], n = 2;

	up();
	victim = x_rand(2);
	init_sends(0, 3, true);
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(op[victim].aio,
			     x_rand(4) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("peer", peer_get, NULL);
	ids[1] = x_spawn("ops", go_all, &three);
	if (!by_time) {
		ids[n++] = x_spawn("cancel", do_nop_cancel, &op[victim]);
	}
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK || i == victim); /* K2 */
		X_ASSERT(
		    (op[i].count == op[i].want) == (op[i].result == WEIR_OK));
	}
	if (op[victim].result != WEIR_OK) {
		X_REACH(op[victim].count > 0 ? "half" : "none");
	}
	join_all(ids + 1, (unsigned)n - 1);
	weir_stream_free(stream);
	x_join(ids[0]);
	check_sent(3, true);
	down();
}

static void
cancel_send(void)
{
	cut_send(false);
}

static void
timeout_send(void)
{
	cut_send(true);
}

/* ---- the stream ends --------------------------------------------------- */

static void
close_some_way(void *arg)
{
	(void)arg;
	switch (x_rand(3)) {
	case 0:
		weir_stream_close(stream);
		break;
	case 1:
		weir_stream_stop(stream);
		/* T1: nothing waits and nothing is carried out any more. */
		for (unsigned i = 0; i < 3; i++) {
			X_ASSERT(op[i].accepted == 0 ||
				 op_of(word_of(op[i].aio)) != OP_ACTIVE);
		}
		break;
	case 2:
		weir_stream_free(stream);
		stream = NULL;
		break;
	}
}

/* Close, stop or free meets what waits and what arrives. */
static void
closed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[3];

	up();
	nput = 8;
	init_sends(0, 1, true);
	op[0].want = 6;
	init_recv(&op[1], true, 5);
	init_recv(&op[2], false, 2);
	go_all(&three);
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	ids[2] = x_spawn("close", close_some_way, NULL);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
		X_REACH(op[i].result == WEIR_OK ? "moved" : "closed");
	}
	join_all(ids, 3); /* the peer has heard the end */
	check_sent(1, false);
	weir_stream_free(stream);
	down();
}

static void
took_frees(struct nop *o)
{
	weir_stream *s = stream;

	X_ASSERT(o->result == WEIR_ECLOSED);
	stream = NULL;
	weir_stream_free(s);
}

/* The callback of what close or stop ends frees the stream. */
static void
close_frees(void)
{
	up();
	init_recv(&op[0], false, 2);
	init_recv(&op[1], true, 2);
	op[0].then = took_frees;
	nop_go(&op[0]);
	nop_go(&op[1]);
	if (x_rand(2) == 0) {
		weir_stream_close(stream);
	} else {
		weir_stream_stop(stream);
	}
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECLOSED);
	down();
}

/* Operations that come after, or while. */
static void
closed_submit(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[3];

	up();
	nput = 3;
	init_recv(&op[0], false, 2);
	init_sends(1, 2, true);
	ids[0] = x_spawn("ops", go_all, &two);
	ids[1] = x_spawn("put", peer_put, NULL);
	ids[2] = x_spawn("get", peer_get, NULL);
	x_point();
	if (x_rand(2) == 0) {
		weir_stream_close(stream);
	} else {
		weir_stream_stop(stream);
	}
	for (unsigned i = 0; i < 2; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
	}
	join_all(ids, 3);
	weir_stream_free(stream);
	down();
}

static void
shut(void *arg)
{
	(void)arg;
	X_ASSERT(weir_stream_shutdown(stream) == WEIR_OK);
}

/* The own half is closed: what was sent arrives, then the end; receiving goes
 * on. */
static void
half(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[4];

	up();
	nput = 5;
	init_sends(0, 2, true);
	init_recv(&op[2], true, nput);
	ids[0] = x_spawn("ops", go_all, &three);
	ids[1] = x_spawn("put", peer_put, NULL);
	ids[2] = x_spawn("get", peer_get, NULL);
	ids[3] = x_spawn("shutdown", shut, NULL);
	for (unsigned i = 0; i < 2; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
		X_REACH(op[i].result == WEIR_OK ? "moved" : "closed");
	}
	nop_await(&op[2], 1);
	X_ASSERT(op[2].result == WEIR_OK);
	join_all(ids, 4);
	check_sent(2, true);
	weir_stream_free(stream);
	down();
}

/* What broke the connection is told to both sides, though the system says so
 * once. */
static void
reset(void)
{
	static const weir_err sends[] = {
	    WEIR_ECONNRESET, WEIR_ECLOSED, WEIR_OK};
	int ids[2];

	up();
	fake_mood.cap = 1;
	init_sends(0, 1, true);
	init_recv(&op[1], true, 5);
	ids[0] = x_spawn("send", do_nop, &op[0]);
	ids[1] = x_spawn("recv", do_nop, &op[1]);
	fake_reset(peer);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECONNRESET);
	nop_await(&op[0], 1);
	X_ASSERT(nop_is(&op[0], sends));
	X_REACH(op[0].result == WEIR_ECONNRESET ? "reset" : "epipe");
	join_all(ids, 2);
	weir_stream_free(stream);
	down();
}

/* The library ends. */
static void
library_ends(void)
{
	int ids[2];

	up();
	nput = 4;
	put_end = x_rand(2) == 0;
	init_sends(0, 1, true);
	init_recv(&op[1], true, 5);
	init_recv(&op[2], false, 2);
	op[2].forever = true;
	go_all(&three);
	ids[0] = x_spawn("put", peer_put, NULL);
	net_fini();
	ids[1] = x_spawn("get", peer_get, NULL);
	for (unsigned i = 0; i < 3; i++) {
		X_ASSERT(!weir_aio_busy(op[i].aio));
		X_REACH(op[i].result == WEIR_ESTOPPED ? "stopped" : "before");
	}
	if (x_rand(2) == 0) {
		weir_stream_close(stream);
		weir_stream_stop(stream);
	}
	weir_stream_free(stream);
	join_all(ids, 2);
	check_sent(1, false);
	down();
}

const struct x_test x_tests[] = {
    {"receive", receive, "R6 Q1, two receivers to the end", X_NOTIME, 0, "",
	NULL},
    {"exactly", exactly, "R6 Q1, three receives in order", X_NOTIME, 0, "",
	NULL},
    {"send", send_bytes, "R6 Q1, three sends in order", X_NOTIME, 0, "", NULL},
    {"until", until, "R6, delimiters in pieces", X_NOTIME, 0, "", NULL},
    {"cancel_recv", cancel_recv, "K2 R6, one of two receives", X_NOTIME, 0,
	"half none all", NULL},
    {"timeout_recv", timeout_recv, "K2 R6 D3, one of two receives", 0, 0,
	"half none all", NULL},
    {"cancel_send", cancel_send, "K2 R6, one of three sends", X_NOTIME, 0,
	"half none", NULL},
    {"timeout_send", timeout_send, "K2 R6 D3, one of three sends", 0, 0,
	"half none", NULL},
    {"closed", closed, "C1 T1 T3, close, stop, free", X_NOTIME, 0,
	"moved closed", NULL},
    {"close_frees", close_frees, "R1, the callback frees it", X_NOTIME, 0, "",
	NULL},
    {"closed_submit", closed_submit, "C1, submit meets close", X_NOTIME, 0, "",
	NULL},
    {"half", half, "R6, the own half is closed", X_NOTIME, 0, "moved closed",
	NULL},
    {"reset", reset, "C1, a reset is told to both sides", X_NOTIME, 0, "reset",
	NULL},
    {"library_ends", library_ends, "T7, weir_fini", 0, 0, "stopped before",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
