/*
 * resolve - the operation: a question, its lookup, and who ends it.
 *
 * Purpose    see <weir/dns.h>; docs/design/dns.md is the why.
 * Ownership  a lookup is held by its submitter, by its operation (until
 *            release), and by the lane (until drop, or until it was retracted);
 *            the last one frees it.  The aio is touched by who has the claim,
 *            and by nobody after that.
 * Pairs      D1  claimed: one exchange wins (acq_rel); start and the lane's
 *                lock carry the lookup.
 *            D2  refs: the last one out (acq_rel) sees what all have done.
 * Bounds     WEIR_RESOLVE_QUEUE_MAX, WEIR_RESOLVER_THREADS_MAX.
 * Proof      test/dns/, test/explorer/x_dns.c, test/contract/cases_dns.c
 */
#include "dns/dns_impl.h"

#include <weir/provider.h>

#include "base/attr.h"
#include "base/life.h"
#include "base/mem.h"
#include "dns/dns.h"
#include "dns/lookup.h"
#include "offload/lane.h"

#include <errno.h>
#include <string.h>

struct lookup {
	struct wri_job job;
	wri_a32 claimed; /* D1: 1: somebody ends the operation */
	wri_a32 refs;    /* D2 */

	/* Fixed before start. */
	struct wri_lane *lane; /* held */
	weir_aio *aio;         /* lent, to who has the claim */
	size_t bytes;
	int family;
	int flags;
	uint16_t port;       /* unless there is a service */
	const char *service; /* behind host, or NULL */
	char host[];
};

/* Set by init and fini; read inside the library only. */
static struct wri_lane *resolve_lane;

/* --- The life of a lookup ---------------------------------------------- */

static void
lookup_rele(struct lookup *l)
{
	if (wri_sub(&l->refs, 1, WRI_ACQ_REL) == 1) { /* D2 */
		wri_lane_rele(l->lane);
		wri_free(l, l->bytes);
	}
}

/* True, once: the caller ends the operation. */
static bool
lookup_claim(struct lookup *l)
{
	return wri_xchg(&l->claimed, 1, WRI_ACQ_REL) == 0; /* D1 */
}

static void
lookup_end(struct lookup *l, weir_err err)
{
	if (lookup_claim(l)) {
		(void)weir_aio_finish(l->aio, err);
	}
}

/* --- What the lane does ------------------------------------------------ */

static weir_err
lookup_ask(const struct lookup *l, weir_addrs **addrsp)
{
	const struct wri_lookup_ops *ops = wri_lookup();
	const struct addrinfo hints = {
	    .ai_flags = l->flags,
	    .ai_family = l->family,
	    .ai_socktype = SOCK_STREAM, /* else each comes three times */
	};
	struct addrinfo *list = NULL;
	weir_err rv;
	int code;

	errno = 0;
	code = ops->get(l->host, l->service, &hints, &list);
	if (code != 0) {
		return wri_lookup_err(code, errno);
	}
	rv = wri_addrs_of_list(addrsp, list, l->service == NULL, l->port);
	if (list != NULL) {
		ops->put(list);
	}
	return rv;
}

static void
lookup_run(struct wri_job *job)
{
	struct lookup *l = wri_container(job, struct lookup, job);
	weir_addrs *addrs = NULL;
	weir_err rv;

	/* Relaxed: a look that spares the work. */
	if (wri_load(&l->claimed, WRI_RLX) != 0) {
		return;
	}
	rv = lookup_ask(l, &addrs);
	if (!lookup_claim(l)) {
		weir_addrs_free(addrs); /* too late */
		return;
	}
	if (rv == WEIR_OK) {
		(void)weir_aio_set_output(l->aio, 0, addrs);
	}
	(void)weir_aio_finish_count(l->aio, rv, weir_addrs_count(addrs));
}

static void
lookup_drop(struct wri_job *job, weir_err err)
{
	struct lookup *l = wri_container(job, struct lookup, job);

	if (err != WEIR_OK) {
		lookup_end(l, err);
	}
	lookup_rele(l);
}

static const struct wri_job_ops lookup_job_ops = {
    .run = lookup_run, .drop = lookup_drop};

/* --- What the gate does ------------------------------------------------ */

static void
lookup_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct lookup *l = arg;

	if (!lookup_claim(l)) {
		return;
	}
	if (wri_lane_retract(l->lane, &l->job)) {
		lookup_rele(l); /* the lane's */
	}
	(void)weir_aio_finish(aio, why);
}

static void
lookup_release(void *arg)
{
	lookup_rele(arg);
}

static const weir_provider lookup_provider = {
    .size = sizeof(lookup_provider),
    .name = "resolve",
    .cancel = lookup_cancel,
    .release = lookup_release,
};

/* --- The submitter ----------------------------------------------------- */

static struct lookup *
lookup_new(const struct query *q)
{
	size_t host = strlen(q->host) + 1;
	size_t service = q->service != NULL ? strlen(q->service) + 1 : 0;
	size_t bytes = sizeof(struct lookup) + host + service;
	struct lookup *l = wri_alloc(bytes);

	if (l == NULL) {
		return NULL;
	}
	l->bytes = bytes;
	l->family = q->family;
	l->flags = q->literal ? AI_NUMERICHOST : 0;
	l->port = q->port;
	memcpy(l->host, q->host, host);
	if (q->service != NULL) {
		memcpy(l->host + host, q->service, service);
		l->service = l->host + host;
	}
	l->job.ops = &lookup_job_ops;
	l->job.what = l->host;
	return l;
}

/* Inside the library: the lane stays. */
static void
lookup_submit(struct lookup *l, weir_aio *aio)
{
	weir_err rv;

	wri_lane_hold(resolve_lane);
	l->lane = resolve_lane;
	l->aio = aio;
	wri_store(&l->refs, 3, WRI_RLX); /* start and post carry it */
	if (weir_aio_start(aio, &lookup_provider, l) != WEIR_OK) {
		wri_store(&l->refs, 1, WRI_RLX); /* nobody else knows it */
		lookup_rele(l);
		return; /* weir ends it */
	}
	rv = wri_lane_post(l->lane, &l->job);
	if (rv != WEIR_OK) {
		/* Retracted: its hook gave the lane's reference back. */
		if (rv != WEIR_ECANCELED) {
			lookup_end(l, rv);
			lookup_rele(l); /* the lane's */
		}
	}
	lookup_rele(l);
}

static void
resolve_name(const struct query *q, weir_aio *aio)
{
	struct lookup *l = lookup_new(q);
	weir_err rv;

	if (l == NULL) {
		(void)weir_aio_finish(aio, WEIR_ENOMEM);
		return;
	}
	rv = wri_life_enter();
	if (rv != WEIR_OK) {
		wri_free(l, l->bytes);
		/* To the program its operation was stopped. */
		(void)weir_aio_finish(
		    aio, rv == WEIR_ESTATE ? WEIR_ESTOPPED : rv);
		return;
	}
	lookup_submit(l, aio);
	wri_life_leave();
}

static void
resolve_literal(const struct query *q, weir_aio *aio)
{
	weir_addrs *addrs = wri_addrs_of_one(&q->addr, q->port);

	if (addrs == NULL) {
		(void)weir_aio_finish(aio, WEIR_ENOMEM);
		return;
	}
	(void)weir_aio_set_output(aio, 0, addrs);
	(void)weir_aio_finish_count(aio, WEIR_OK, 1);
}

void
weir_resolve(const weir_resolve_params *params, weir_aio *aio)
{
	struct query q;
	weir_err rv;

	if (weir_aio_reset(aio) != WEIR_OK) {
		return;
	}
	rv = wri_query_init(&q, params);
	if (rv != WEIR_OK) {
		(void)weir_aio_finish(aio, rv);
	} else if (q.literal && q.service == NULL) {
		resolve_literal(&q, aio);
	} else {
		resolve_name(&q, aio);
	}
}

/* --- The room ---------------------------------------------------------- */

weir_err
wri_dns_init(unsigned threads)
{
	const struct wri_lane_config config = {
	    .name = "weir-resolve",
	    .threads = threads,
	    .queue_max = WEIR_RESOLVE_QUEUE_MAX,
	};

	return wri_lane_alloc(&resolve_lane, &config);
}

weir_err
wri_dns_fini(weir_time until)
{
	weir_err rv = wri_lane_fini(resolve_lane, until);

	resolve_lane = NULL;
	return rv;
}

unsigned
wri_dns_threads(void)
{
	return wri_lane_threads(resolve_lane);
}
