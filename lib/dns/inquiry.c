/*
 * inquiry - a question, its lookup, and who hears of it.
 *
 * Purpose    see dns.h; docs/design/dns.md is the why.
 * Ownership  an inquiry is held by who made it, and by the lane (until drop, or
 *            until it was retracted); the last one frees it.  arg is touched by
 *            who has the claim, and by nobody after that.
 * Pairs      D1  claimed: one exchange wins (acq_rel); the lane's lock carries
 *                the inquiry.
 *            D2  refs: the last one out (acq_rel) sees what all have done.
 * Bounds     WEIR_RESOLVE_QUEUE_MAX, WEIR_RESOLVER_THREADS_MAX.
 * Proof      test/dns/, test/contract/cases_dns.c
 */
#include "dns/dns.h"
#include "base/attr.h"
#include "base/mem.h"
#include "dns/dns_impl.h"
#include "dns/lookup.h"
#include "offload/lane.h"

#include <errno.h>
#include <string.h>

struct wri_inquiry {
	struct wri_job job;
	wri_a32 claimed; /* D1: 1: it was told or cancelled */
	wri_a32 refs;    /* D2 */

	/* Fixed after alloc. */
	struct wri_lane *lane; /* held */
	wri_told_fn told;
	void *arg; /* borrowed, by who has the claim */
	size_t bytes;
	struct wri_question q; /* its texts lie in text */
	char text[];
};

/* Set by init and fini; read inside the library only. */
static struct wri_lane *resolve_lane;

/* --- Its life ---------------------------------------------------------- */

void
wri_inquiry_hold(struct wri_inquiry *inq)
{
	(void)wri_add(&inq->refs, 1, WRI_RLX); /* by one who has a reference */
}

void
wri_inquiry_rele(struct wri_inquiry *inq)
{
	if (wri_sub(&inq->refs, 1, WRI_ACQ_REL) == 1) { /* D2 */
		wri_lane_rele(inq->lane);
		wri_free(inq, inq->bytes);
	}
}

/* True, once: what comes of it is the caller's to say. */
static bool
inquiry_claim(struct wri_inquiry *inq)
{
	return wri_xchg(&inq->claimed, 1, WRI_ACQ_REL) == 0; /* D1 */
}

/* --- What the lane does ------------------------------------------------ */

weir_err
wri_question_ask(const struct wri_question *q, weir_addrs **addrsp)
{
	const struct wri_lookup_ops *ops = wri_lookup();
	const struct addrinfo hints = {
	    .ai_flags = q->flags,
	    .ai_family = q->family,
	    .ai_socktype = SOCK_STREAM, /* else each comes three times */
	};
	struct addrinfo *list = NULL;
	weir_err rv;
	int code;

	errno = 0;
	code = ops->get(q->host, q->service, &hints, &list);
	if (code != 0) {
		return wri_lookup_err(code, errno);
	}
	rv = wri_addrs_of_list(addrsp, list, q->service == NULL, q->port);
	if (list != NULL) {
		ops->put(list);
	}
	return rv;
}

static void
inquiry_run(struct wri_job *job)
{
	struct wri_inquiry *inq = wri_container(job, struct wri_inquiry, job);
	weir_addrs *addrs = NULL;
	weir_err rv;

	/* Relaxed: a look that spares the work. */
	if (wri_load(&inq->claimed, WRI_RLX) != 0) {
		return;
	}
	rv = wri_question_ask(&inq->q, &addrs);
	if (inquiry_claim(inq)) {
		inq->told(inq->arg, rv, addrs);
	} else {
		weir_addrs_free(addrs); /* too late */
	}
}

static void
inquiry_drop(struct wri_job *job, weir_err err)
{
	struct wri_inquiry *inq = wri_container(job, struct wri_inquiry, job);

	if (err != WEIR_OK && inquiry_claim(inq)) {
		inq->told(inq->arg, err, NULL);
	}
	wri_inquiry_rele(inq);
}

static const struct wri_job_ops inquiry_job_ops = {
    .run = inquiry_run, .drop = inquiry_drop};

/* --- Whose it is ------------------------------------------------------- */

weir_err
wri_inquiry_alloc(struct wri_inquiry **inqp, const struct wri_question *q,
    wri_told_fn told, void *arg)
{
	size_t host = strlen(q->host) + 1;
	size_t service = q->service != NULL ? strlen(q->service) + 1 : 0;
	size_t bytes = sizeof(struct wri_inquiry) + host + service;
	struct wri_inquiry *inq = wri_alloc(bytes);

	if (inq == NULL) {
		return WEIR_ENOMEM;
	}
	inq->bytes = bytes;
	inq->q = *q;
	inq->q.host = inq->text;
	memcpy(inq->text, q->host, host);
	if (q->service != NULL) {
		memcpy(inq->text + host, q->service, service);
		inq->q.service = inq->text + host;
	}
	inq->told = told;
	inq->arg = arg;
	inq->job.ops = &inquiry_job_ops;
	inq->job.what = inq->text;
	wri_lane_hold(resolve_lane);
	inq->lane = resolve_lane;
	/* The lane's, too: a cancel may come before the post.  Relaxed: who
	 * gives it to others carries it. */
	wri_store(&inq->refs, 2, WRI_RLX);
	*inqp = inq;
	return WEIR_OK;
}

void
wri_inquiry_post(struct wri_inquiry *inq)
{
	weir_err rv = wri_lane_post(inq->lane, &inq->job);

	/* Retracted: who did it gave the lane's reference back. */
	if (rv != WEIR_OK && rv != WEIR_ECANCELED) {
		inquiry_drop(&inq->job, rv);
	}
}

bool
wri_inquiry_cancel(struct wri_inquiry *inq)
{
	if (!inquiry_claim(inq)) {
		return false;
	}
	if (wri_lane_retract(inq->lane, &inq->job)) {
		wri_inquiry_rele(inq); /* the lane's */
	}
	return true;
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
