/*
 * x_net_rig - the library with a poller over the fake network; see
 * x_net_rig.h.  Promises by number: docs/design/verification.md.
 */
#include "x_net_rig.h"

#include "aio/fdio.h"
#include "base/life.h"
#include "dns/dns.h"
#include "poller/poller.h"

#include <string.h>
#include <sys/socket.h>

#define NOPS_MAX 6

static struct nop *nops[NOPS_MAX];
static unsigned nnops;
static bool pool_polls, poller_stop, ended, with_dns;
static int poller_id;

/* ---- the library ------------------------------------------------------- */

static void
poller(void *arg)
{
	const struct wri_role_ops *role = &wri_poller_role_ops;
	void *slot = wri_poller_slot_args()[0];

	(void)arg;
	while (!poller_stop) {
		if (role->wait(slot, true) > 0) {
			role->feed(slot);
		}
	}
}

static void
poller_end(void)
{
	if (pool_polls) {
		return; /* ends with the pool */
	}
	poller_stop = true;
	wri_poller_role_ops.wake(wri_poller_slot_args()[0]);
	x_join(poller_id);
}

void
net_up(unsigned n, unsigned m)
{
	unsigned backend = x_rand(4) == 0;

	nnops = 0;
	poller_stop = ended = with_dns = false;
	fake_sys_up();
	fake_net_up();
	X_ASSERT(wri_fdio_init(wri_poller_names[backend], 1) == WEIR_OK);
	pool_polls =
	    fake_pool_polls(&wri_poller_role_ops, wri_poller_slot_args());
	rig_up(n, m);
	if (!pool_polls) {
		poller_id = x_spawn("poller", poller, NULL);
	}
}

void
net_dns(unsigned threads)
{
	with_dns = true;
	X_ASSERT(wri_dns_init(threads) == WEIR_OK);
}

static void
dns_end(void)
{
	if (with_dns) {
		X_ASSERT(wri_dns_fini(WEIR_NEVER) == WEIR_OK);
	}
}

/* What was freed goes by itself; a livelock: it does not. */
static void
all_gone(void)
{
	weir_stats stats;

	for (;;) {
		memset(&stats, 0, sizeof(stats));
		wri_registry_stats(&stats);
		wri_poller_stats(&stats);
		if (stats.aios == 0 && stats.fds == 0) {
			return;
		}
		wri_yield();
	}
}

void
net_down(void)
{
	for (unsigned i = 0; i < nnops; i++) {
		X_ASSERT(weir_aio_wait(nops[i]->aio) == WEIR_OK);
		X_ASSERT(nops[i]->begun == nops[i]->accepted); /* C1 */
		weir_aio_free(nops[i]->aio);
	}
	if (ended) {
		rig_check_empty();
	} else {
		all_gone(); /* R1 */
		dns_end();
		poller_end();
		rig_down();
		wri_fdio_fini();
	}
	fake_net_down();
	fake_sys_down();
}

void
net_fini(void)
{
	for (unsigned i = 0; i < nnops; i++) {
		nops[i]->stopping = true;
	}
	/* As weir_fini: the threads that poll end with the pool. */
	wri_life_set(WRI_LIFE_ENDS);
	wri_registry_stop();
	X_ASSERT(wri_registry_wait(WEIR_NEVER));
	poller_end();
	X_ASSERT(rig_fini(WEIR_NEVER) == WEIR_OK);
	dns_end();
	wri_life_deeper(1);
	wri_fdio_fini();
	wri_life_deeper(-1);
	ended = true;
}

/* ---- operations -------------------------------------------------------- */

static void
callback(void *arg)
{
	struct nop *op = arg;

	X_ASSERT(!op->running && x_locks() == 0); /* C4, C5 */
	X_ASSERT(!op->silent);
	op->running = true;
	op->begun++;
	X_ASSERT(op->begun == op->accepted); /* C1 */
	op->result = weir_aio_result(op->aio);
	op->count = weir_aio_count(op->aio);
	x_trace("ends with %d, count %u", (int)op->result, (unsigned)op->count);
	switch ((int)op->result) {
	case WEIR_ETIMEDOUT:
		/* D1; the network has timeouts too. */
		X_ASSERT(op->due == WEIR_NEVER || x_time() >= op->due);
		break;
	case WEIR_ECANCELED:
		X_ASSERT(op->cancelled);
		break;
	case WEIR_ESTOPPED:
		X_ASSERT(op->stopping);
		break;
	default:
		break;
	}
	if (op->then != NULL) {
		op->then(op);
	}
	x_point();
	X_ASSERT(op->result == weir_aio_result(op->aio)); /* C3 */
	op->running = false;
	if (op->forever && op->result == WEIR_OK) {
		nop_go(op);
	}
	x_open(&op->back);
}

void
nop_init(struct nop *op, void (*submit)(struct nop *op), void *obj)
{
	memset(op, 0, sizeof(*op));
	X_ASSERT(nnops < NOPS_MAX);
	nops[nnops++] = op;
	op->submit = submit;
	op->obj = obj;
	X_ASSERT(weir_aio_alloc(&op->aio, callback, op) == WEIR_OK);
	x_name(&op->aio->word, sizeof(op->aio->word), "word");
}

/* op->mem, in one piece or two. */
static void
set_iov(struct nop *op)
{
	unsigned cut = x_rand(2) == 0 ? 0 : x_rand(op->want);
	weir_iov iov[2] = {
	    {op->mem, cut},
	    {op->mem + cut, op->want - cut},
	};
	unsigned skip = cut == 0;

	X_ASSERT(op->want <= NOP_MEM);
	X_ASSERT(weir_aio_set_iov(op->aio, 2 - skip, iov + skip) == WEIR_OK);
}

void
nop_go(struct nop *op)
{
	if (op->want > 0) {
		set_iov(op);
	}
	if (weir_aio_reset(op->aio) != WEIR_OK) {
		X_ASSERT(op->stopping);
		return;
	}
	op->accepted++;
	op->due =
	    op->aio->timeout >= 0 ? x_time() + op->aio->timeout : WEIR_NEVER;
	op->submit(op);
}

void
nop_await(struct nop *op, unsigned n)
{
	x_await(&op->back, n);
}

bool
nop_is(const struct nop *op, const weir_err *results)
{
	while (*results != op->result && *results != WEIR_OK) {
		results++;
	}
	return *results == op->result;
}

/* ---- streams ----------------------------------------------------------- */

int
net_family(void)
{
	return x_rand(2) == 0 ? AF_INET : AF_UNIX;
}

weir_stream *
net_stream(int family, int *peer)
{
	weir_stream *s;
	int fds[2];

	fake_pair(family, fds);
	X_ASSERT(weir_stream_from_fd(&s, fds[0]) == WEIR_OK);
	*peer = fds[1];
	return s;
}

void
go_recv(struct nop *op)
{
	weir_stream_recv(op->obj, op->aio);
}

void
go_recv_exactly(struct nop *op)
{
	weir_stream_recv_exactly(op->obj, op->aio);
}

void
go_send(struct nop *op)
{
	weir_stream_send(op->obj, op->aio);
}

void
go_send_all(struct nop *op)
{
	weir_stream_send_all(op->obj, op->aio);
}

/* ---- fibers ------------------------------------------------------------ */

void
do_nop(void *arg)
{
	nop_go(arg);
}

void
do_nop_cancel(void *arg)
{
	struct nop *op = arg;

	op->cancelled = true;
	(void)weir_aio_cancel(op->aio);
}

void
join_all(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}
