/*
 * x_fdio_rig - the library with a poller, lines, operations under watch.
 *
 * Purpose    see x_fdio_rig.h.  Promises by number:
 * docs/design/verification.md.
 */
#include "x_fdio_rig.h"

#include "aio/fdio.h"
#include "base/err.h"
#include "base/life.h"
#include "base/mem.h"
#include "poller/poller.h"

#include <errno.h>
#include <string.h>

#define OPS_MAX 5
#define LINES_MAX 2

/* What the steps are given; gone with release. */
struct conn {
	wri_a32 steps; /* a touch, that the explorer sees */
	struct line *line;
};

static struct xop *ops[OPS_MAX];
static struct line *lines[LINES_MAX];
static unsigned nops, nlines;
static bool pool_polls, poller_stop, ended;
static int poller_id;

/* From now on operations on the line may end with this. */
static void
may_end(struct line *l, weir_err why)
{
	X_ASSERT(l->nwhy < WHYS_MAX);
	l->why[l->nwhy++] = why;
}

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

/* Before the library is down. */
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
fdio_up(unsigned n, unsigned m)
{
	/* Less of the one that walks under a lock. */
	unsigned backend = x_rand(4) == 0;

	nops = nlines = 0;
	poller_stop = ended = false;
	fake_sys_up();
	X_ASSERT(wri_fdio_init(wri_poller_names[backend], 1) == WEIR_OK);
	pool_polls =
	    fake_pool_polls(&wri_poller_role_ops, wri_poller_slot_args());
	rig_up(n, m);
	if (!pool_polls) {
		poller_id = x_spawn("poller", poller, NULL);
	}
}

static void
all_back(void)
{
	for (unsigned i = 0; i < nlines; i++) {
		struct line *l = lines[i];

		if (!l->closed) {
			line_close(l);
		}
		x_await(&l->released, 1);
	}
	for (unsigned i = 0; i < nops; i++) {
		struct xop *op = ops[i];

		if (!op->gone) {
			X_ASSERT(weir_aio_wait(op->aio) == WEIR_OK);
		}
		X_ASSERT(op->begun == op->accepted); /* C1 */
	}
	/* R6 */
	for (unsigned i = 0; i < nlines; i++) {
		X_ASSERT(lines[i]->moved[0] == lines[i]->file->taken);
		X_ASSERT(lines[i]->moved[1] == lines[i]->file->sent);
	}
	for (unsigned i = 0; i < nops; i++) {
		if (!ops[i]->gone) {
			weir_aio_free(ops[i]->aio);
		}
	}
}

void
fdio_down(void)
{
	weir_stats stats = {0};

	all_back();
	if (ended) {
		rig_check_empty();
	} else {
		wri_poller_stats(&stats);
		X_ASSERT(stats.fds == 0); /* R1 */
		poller_end();
		rig_down();
		wri_fdio_fini();
	}
	fake_sys_down();
}

void
fdio_fini(void)
{
	for (unsigned i = 0; i < nops; i++) {
		ops[i]->stopping = true;
	}
	/* As weir_fini: the threads that poll end with the pool. */
	wri_life_set(WRI_LIFE_ENDS);
	wri_registry_stop();
	X_ASSERT(wri_registry_wait(WEIR_NEVER));
	poller_end();
	X_ASSERT(rig_fini(WEIR_NEVER) == WEIR_OK);
	for (unsigned i = 0; i < nlines; i++) {
		may_end(lines[i], WEIR_ESTOPPED);
		x_open(&lines[i]->forsaken);
	}
	wri_life_deeper(1);
	wri_fdio_fini();
	wri_life_deeper(-1);
	ended = true;
}

/* ---- lines ------------------------------------------------------------- */

static void
on_release(void *arg)
{
	struct conn *c = arg;
	struct line *l = c->line;

	X_ASSERT(l->closed && l->file->number < 0 && x_locks() == 0);
	X_ASSERT(l->in_step[0] + l->in_step[1] == 0);
	X_ASSERT(l->conn == c);
	l->conn = NULL;
	wri_free(c, sizeof(*c));
	x_open(&l->released);
}

void
line_socket(struct line *l, unsigned room)
{
	memset(l, 0, sizeof(*l));
	X_ASSERT(nlines < LINES_MAX);
	lines[nlines++] = l;
	l->file = fake_socket(room);
}

void
line_watch(struct line *l)
{
	weir_fd_params params = {.size = sizeof(params), .release = on_release};

	l->conn = params.arg = wri_alloc(sizeof(*l->conn));
	X_ASSERT(l->conn != NULL);
	l->conn->line = l;
	X_ASSERT(weir_fd_open(&l->fd, l->file->number, &params) == WEIR_OK);
}

void
line_open(struct line *l, unsigned room)
{
	line_socket(l, room);
	line_watch(l);
}

void
line_shut(struct line *l, weir_err why)
{
	may_end(l, why);
	weir_fd_shut(l->fd, why);
}

void
line_shut_dir(struct line *l, weir_dir dir, weir_err why)
{
	may_end(l, why);
	weir_fd_shut_dir(l->fd, dir, why);
}

void
line_drain(struct line *l)
{
	X_ASSERT(weir_fd_drain(l->fd) == WEIR_OK);
	X_ASSERT(l->in_step[0] + l->in_step[1] == 0);
	l->drained = true;
	for (unsigned i = 0; i < nops; i++) {
		if (ops[i]->line == l && ops[i]->submitting == 0 &&
		    !ops[i]->gone) {
			/* Finished; a callback may have submitted again. */
			X_ASSERT(op_of(word_of(ops[i]->aio)) != OP_ACTIVE);
		}
	}
}

void
line_close(struct line *l)
{
	may_end(l, WEIR_ECLOSED);
	l->closed = true;
	weir_fd_close(l->fd);
}

/* ---- steps ------------------------------------------------------------- */

static weir_err
move(struct xop *op, int number, unsigned *flags)
{
	unsigned asked = op->want - op->done;
	int n;

	asked = op->piece != 0 && asked > op->piece ? op->piece : asked;
	n = op->dir == WEIR_DIR_READ ? fake_recv(number, asked)
				     : fake_send(number, asked);
	if (n == 0) {
		return WEIR_ECONNSHUT;
	}
	if (n < 0) {
		return n == -EAGAIN ? WEIR_EAGAIN : wri_err_of(-n);
	}
	op->done += (unsigned)n;
	weir_aio_set_count(op->aio, op->done);
	if ((unsigned)n < asked && !op->plain && op->dir == WEIR_DIR_READ) {
		*flags = WEIR_FD_DRAINED;
	}
	if (op->all && op->done < op->want) {
		*flags |= WEIR_FD_MORE;
		return WEIR_EAGAIN;
	}
	return WEIR_OK;
}

static weir_err
step(weir_aio *aio, int number, void *arg, unsigned *flags)
{
	struct conn *c = arg;
	struct line *l = c->line;
	struct xop *op = aio->cb_arg;
	weir_err rv;

	(void)wri_add(&c->steps, 1, WRI_RLX); /* not freed */
	X_ASSERT(fake_is(l->file, number) && op->line == l);
	X_ASSERT(!l->drained && x_locks() == 0);
	X_ASSERT(l->in_step[op->dir]++ == 0);
	X_ASSERT(op->begun < op->accepted);
	if (op->number != 0) { /* first submitted, first carried out */
		X_ASSERT(op->number >= l->turn[op->dir]);
		l->turn[op->dir] = op->number;
	}
	*flags = 0;
	if (op->steps++ == 0 && op->shy) {
		*flags = WEIR_FD_MORE;
		rv = WEIR_EAGAIN;
	} else {
		rv = move(op, number, flags);
	}
	l->in_step[op->dir]--;
	return rv;
}

static const weir_fdop xop_op = {
    .size = sizeof(weir_fdop),
    .name = "x",
    .try_step = step,
};

/* ---- operations -------------------------------------------------------- */

static bool
was_shut(const struct line *l, weir_err why)
{
	for (unsigned i = 0; i < l->nwhy; i++) {
		if (l->why[i] == why) {
			return true;
		}
	}
	return false;
}

/* C2, D1, R6: the result has a cause, and the count is what was moved. */
static void
check_result(struct xop *op)
{
	struct line *l = op->line;

	X_ASSERT(weir_aio_count(op->aio) == op->done);
	switch ((int)op->result) {
	case WEIR_OK:
		X_ASSERT(op->done == op->want || (!op->all && op->done > 0));
		return;
	case WEIR_ECONNSHUT:
		X_ASSERT(l->file->fin && l->file->data == 0);
		break;
	case WEIR_ECONNRESET:
		X_ASSERT(l->file->reset);
		break;
	case WEIR_ECANCELED:
		X_ASSERT(op->cancelled);
		break;
	case WEIR_ETIMEDOUT:
		X_ASSERT(x_time() >= op->due);
		break;
	case WEIR_EAGAIN:
		X_REACH("full");
		break;
	default:
		X_ASSERT(was_shut(l, op->result) ||
			 (op->result == WEIR_ESTOPPED && op->stopping));
	}
	X_ASSERT(op->all || op->done == 0); /* nothing was taken */
}

static void
callback(void *arg)
{
	struct xop *op = arg;

	X_ASSERT(!op->running && x_locks() == 0); /* C4, C5 */
	op->running = true;
	op->begun++;
	X_ASSERT(op->begun == op->accepted); /* C1 */
	op->result = weir_aio_result(op->aio);
	check_result(op);
	X_REACH(op->steps == 0 ? "never-tried" : "tried");
	if (op->steps > 1 && op->result == WEIR_OK) {
		X_REACH("waited");
	}
	op->line->moved[op->dir] += op->done;
	x_open(&op->line->any);
	op->running = false;
	if (op->forever && op->result == WEIR_OK) {
		fdio_submit(op);
	}
	if (op->then != NULL) {
		op->then(op);
	}
	x_open(&op->back);
}

void
fdio_op(struct xop *op, struct line *l, weir_dir dir, unsigned want)
{
	memset(op, 0, sizeof(*op));
	X_ASSERT(nops < OPS_MAX);
	ops[nops++] = op;
	op->line = l;
	op->dir = dir;
	op->want = want;
	X_ASSERT(weir_aio_alloc(&op->aio, callback, op) == WEIR_OK);
	x_name(&op->aio->word, sizeof(op->aio->word), "word");
}

void
fdio_submit(struct xop *op)
{
	if (weir_aio_reset(op->aio) != WEIR_OK) {
		X_ASSERT(op->stopping);
		return;
	}
	op->submitting++;
	op->accepted++;
	op->steps = op->done = 0;
	op->due =
	    op->aio->timeout >= 0 ? x_time() + op->aio->timeout : WEIR_NEVER;
	weir_fd_submit(op->line->fd, op->dir, op->aio, &xop_op);
	op->submitting--;
	x_open(&op->out);
}

void
fdio_await(struct xop *op, unsigned n)
{
	x_await(&op->back, n);
}

/* ---- fibers ------------------------------------------------------------ */

void
do_op(void *arg)
{
	fdio_submit(arg);
}

void
do_cancel(void *arg)
{
	struct xop *op = arg;

	op->cancelled = true;
	(void)weir_aio_cancel(op->aio);
}

void
do_line_shut(void *arg)
{
	line_shut(arg, WEIR_ECLOSED);
}

void
do_line_close(void *arg)
{
	line_close(arg);
}
