/*
 * resolve - the operation: an inquiry whose answer ends it.
 *
 * Purpose    see <weir/dns.h>; docs/design/dns.md is the why.
 * Ownership  an inquiry is held by its submitter and by its operation (until
 *            release).  The aio is its arg: whoever has the claim ends it.
 * Proof      test/dns/, test/contract/cases_dns.c
 */
#include "dns/dns.h"
#include "dns/dns_impl.h"

#include <weir/provider.h>

#include "base/life.h"

/* What has come of the inquiry. */
static void
resolve_told(void *arg, weir_err err, weir_addrs *addrs)
{
	weir_aio *aio = arg;

	if (err == WEIR_OK) {
		(void)weir_aio_set_output(aio, 0, addrs);
	}
	(void)weir_aio_finish_count(aio, err, weir_addrs_count(addrs));
}

static void
resolve_cancel(weir_aio *aio, void *arg, weir_err why)
{
	if (wri_inquiry_cancel(arg)) {
		(void)weir_aio_finish(aio, why);
	}
}

static void
resolve_release(void *arg)
{
	wri_inquiry_rele(arg);
}

static const weir_provider resolve_provider = {
    .size = sizeof(resolve_provider),
    .name = "resolve",
    .cancel = resolve_cancel,
    .release = resolve_release,
};

/* Inside the library: the lane stays. */
static void
resolve_submit(const struct query *q, weir_aio *aio)
{
	struct wri_inquiry *inq;
	weir_err rv = wri_inquiry_alloc(&inq,
	    &(struct wri_question){
		.host = q->host,
		.service = q->service,
		.port = q->port,
		.family = q->family,
		.flags = q->literal ? AI_NUMERICHOST : 0,
	    },
	    resolve_told, aio);

	if (rv != WEIR_OK) {
		(void)weir_aio_finish(aio, rv);
		return;
	}
	wri_inquiry_hold(inq); /* for release */
	if (weir_aio_start(aio, &resolve_provider, inq) == WEIR_OK) {
		wri_inquiry_post(inq);
	} else {
		/* Weir ends it; nobody else knows the inquiry. */
		(void)wri_inquiry_cancel(inq);
		wri_inquiry_rele(inq);
	}
	wri_inquiry_rele(inq);
}

static void
resolve_name(const struct query *q, weir_aio *aio)
{
	weir_err rv = wri_life_enter();

	if (rv != WEIR_OK) {
		/* To the program its operation was stopped. */
		(void)weir_aio_finish(
		    aio, rv == WEIR_ESTATE ? WEIR_ESTOPPED : rv);
		return;
	}
	resolve_submit(q, aio);
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

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
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
