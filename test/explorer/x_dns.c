/*
 * x_dns - lookups against cancel, timeout, stop, a shortage, and the end.
 *
 * Purpose    each lookup ends once, at every step of the thread that looks it
 *            up; its answer is the program's or is freed, once; whoever comes
 *            late touches nothing that has gone.
 */
#include "x_aio_rig.h"

#include "base/mem.h"
#include "base/sys.h"
#include "dns/dns.h"
#include "dns/lookup.h"

#include <weir/dns.h>

#include <errno.h>
#include <string.h>

#define D WEIR_US(200)
#define ENDS 3

/* One operation on a handle without a callback. */
struct end {
	weir_aio *aio;
	weir_cancel met;
};

static struct end ends[ENDS];
static x_latch looking, gate;
static bool hangs; /* a lookup waits for the gate */

/* The system's, which we do not have here: query.c. */
int
wri_sys_if_index(const char *name)
{
	(void)name;
	return -ENODEV;
}

/* A list is memory: the explorer knows what was not given back. */
struct node {
	struct addrinfo ai; /* first */
	struct sockaddr_in sin;
};

static int
fake_get(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	struct node *node = wri_alloc(sizeof(*node));

	(void)service;
	(void)hints;
	X_ASSERT(x_locks() == 0 && strcmp(host, "x.test") == 0);
	x_open(&looking);
	if (node == NULL) {
		return EAI_MEMORY;
	}
	if (hangs) {
		x_await(&gate, 1);
	} else {
		x_point();
	}
	node->sin.sin_family = AF_INET;
	node->ai.ai_addr = (struct sockaddr *)&node->sin;
	node->ai.ai_addrlen = sizeof(node->sin);
	*list = &node->ai;
	return 0;
}

static void
fake_put(struct addrinfo *list)
{
	wri_free(list, sizeof(struct node));
}

static const struct wri_lookup_ops fake = {fake_get, fake_put};

static void
up(unsigned threads, unsigned n)
{
	rig_up(2, 2);
	wri_lookup_ops.v = (void *)(uintptr_t)&fake;
	hangs = false;
	memset(ends, 0, sizeof(ends));
	X_ASSERT(wri_dns_init(threads) == WEIR_OK);
	for (unsigned i = 0; i < n; i++) {
		X_ASSERT(weir_aio_alloc(&ends[i].aio, NULL, NULL) == WEIR_OK);
	}
}

static void
handles_free(void)
{
	for (int i = 0; i < ENDS; i++) {
		weir_aio_free(ends[i].aio);
	}
}

static void
down(void)
{
	handles_free();
	X_ASSERT(wri_dns_fini(WEIR_NEVER) == WEIR_OK);
	rig_down();
}

static void
submit(struct end *e)
{
	const weir_resolve_params p = {.size = sizeof(p), .host = "x.test"};

	weir_resolve(&p, e->aio);
}

/* The operation has ended: so, and with or without a result. */
static void
judge(struct end *e)
{
	weir_err rv = weir_aio_result(e->aio);
	weir_addrs *addrs = weir_aio_get_output(e->aio, 0);

	X_ASSERT((addrs != NULL) == (rv == WEIR_OK));
	X_ASSERT(weir_aio_count(e->aio) == (rv == WEIR_OK));
	X_ASSERT(weir_addrs_count(addrs) == (rv == WEIR_OK));
	weir_addrs_free(addrs);
	if (rv == WEIR_ECANCELED) {
		X_REACH("cancelled");
	} else if (rv == WEIR_ETIMEDOUT) {
		X_REACH("timed-out");
	} else if (rv == WEIR_ESTOPPED) {
		X_REACH("stopped");
	} else if (rv == WEIR_ENOMEM || rv == WEIR_EAGAIN) {
		X_REACH("short");
	} else {
		X_ASSERT(rv == WEIR_OK);
		X_REACH("answered");
	}
}

static void
run(void *arg)
{
	struct end *e = arg;

	submit(e);
	X_ASSERT(weir_aio_wait(e->aio) == WEIR_OK);
	judge(e);
}

static void
cancel(void *arg)
{
	struct end *e = arg;

	e->met = weir_aio_cancel(e->aio);
}

static void
stop(void *arg)
{
	struct end *e = arg;

	X_ASSERT(weir_aio_stop(e->aio) == WEIR_OK);
}

/* A cancel at any step: of the submission, of the thread, of the end. */
static void
cancelled(void)
{
	int ids[3];

	up(1, 2);
	ids[0] = x_spawn("one", run, &ends[0]);
	ids[1] = x_spawn("two", run, &ends[1]);
	ids[2] = x_spawn("cancel", cancel, &ends[x_rand(2)]);
	for (int i = 0; i < 3; i++) {
		x_join(ids[i]);
	}
	down();
}

/* Several reasons at once; the answer may come much later. */
static void
asked(void)
{
	int ids[2];

	up(1, 1);
	hangs = x_rand(2) == 0;
	X_ASSERT(weir_aio_set_timeout(ends[0].aio, D) == WEIR_OK);
	ids[0] = x_spawn("cancel", cancel, &ends[0]);
	ids[1] = x_spawn("ask", x_rand(2) == 0 ? stop : cancel, &ends[0]);
	run(&ends[0]);
	x_open(&gate);
	x_join(ids[0]);
	x_join(ids[1]);
	down();
}

/* The one thread hangs: what is behind it ends at its deadline. */
static void
behind(void)
{
	up(1, 2);
	hangs = true;
	submit(&ends[0]);
	x_await(&looking, 1);
	X_ASSERT(weir_aio_set_timeout(ends[1].aio, D) == WEIR_OK);
	submit(&ends[1]);
	X_ASSERT(weir_aio_wait(ends[1].aio) == WEIR_OK);
	X_ASSERT(weir_aio_result(ends[1].aio) == WEIR_ETIMEDOUT);
	X_ASSERT(weir_aio_busy(ends[0].aio));
	if (x_rand(2) == 0) {
		cancel(&ends[0]); /* its answer comes too late */
	}
	x_open(&gate);
	X_ASSERT(weir_aio_wait(ends[0].aio) == WEIR_OK);
	judge(&ends[0]);
	down();
	X_ASSERT(x_count(&looking) == 1);
}

/* No memory, no thread. */
static void
shortage(void)
{
	int id;

	up(2, 2);
	wri_mem_fail_at(x_rand(6));
	wri_thread_fail_at(x_rand(3));
	id = x_spawn("one", run, &ends[0]);
	run(&ends[1]);
	x_join(id);
	down();
}

/* The library ends under lookups, and one hangs beyond the end. */
static void
ended(void)
{
	weir_err rv;

	up(1, 2);
	hangs = x_rand(2) == 0;
	submit(&ends[0]);
	submit(&ends[1]);
	X_ASSERT(rig_fini(WEIR_NEVER) == WEIR_OK);
	rv = wri_dns_fini(x_time() + D);
	if (rv != WEIR_OK) {
		X_ASSERT(rv == WEIR_ETIMEDOUT); /* it hangs, or is slow */
		X_REACH("abandoned");
	}
	for (int i = 0; i < 2; i++) {
		X_ASSERT(!weir_aio_busy(ends[i].aio));
		judge(&ends[i]);
	}
	handles_free();
	x_open(&gate);
	rig_check_empty();
	/* What was abandoned comes back: the explorer waits for it, and for
	 * its memory. */
}

const struct x_test x_tests[] = {
    {"cancelled", cancelled, "C1 K1, lookup", X_NOTIME, 0, "cancelled answered",
	NULL},
    {"asked", asked, "C1 K2 T1, lookup", 0, 0,
	"cancelled timed-out stopped answered", NULL},
    {"behind", behind, "D1, lookups behind one that hangs", 0, 0,
	"cancelled answered", NULL},
    {"shortage", shortage, "lookup", X_NOTIME, 0, "short answered", NULL},
    {"ended", ended, "lookups and weir_fini", 0, 0,
	"abandoned stopped answered", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
