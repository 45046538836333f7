/*
 * dns - what other rooms do with this one: lib/weir.c, and services that need
 * a name looked up on their way.
 *
 * Purpose    weir_resolve ends with a callback on a thread of a pool, and a
 *            program may block all of those.  An inquiry ends with a call of
 *            weir's own on the thread that looked up.
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <weir/dns.h>
#include <weir/err.h>
#include <weir/time.h>

/* A new life; threads at most.  Fails with WEIR_ENOMEM. */
WEIR_NODISCARD weir_err wri_dns_init(unsigned threads);
/* All lookups have ended.  WEIR_ETIMEDOUT: threads were abandoned. */
weir_err wri_dns_fini(weir_time until);
/* That there are now. */
unsigned wri_dns_threads(void);

/* What is looked up. */
struct wri_question {
	const char *host;
	const char *service; /* a name, or NULL: port */
	uint16_t port;       /* host order */
	int family;          /* AF_UNSPEC, AF_INET, AF_INET6 */
	int flags;           /* of getaddrinfo(3) */
};

/*
 * Look up on this thread: blocks until the system has answered.  addrsp: given.
 * Fails as weir_resolve does with what the lookup met.  At any time.
 */
WEIR_NODISCARD weir_err wri_question_ask(
    const struct wri_question *q, weir_addrs **addrsp);

/*
 * A question on its way through the lane.
 *
 *   alloc ──▶ post ──▶ told          once
 *     └────────┴─cancel─▶ nothing    once
 *
 * Of told and a cancel that is true there is one; after alloc one of them is
 * owed.  There is no waiting for the other: a cancel that is false says that
 * told has begun, on another thread perhaps, and whoever cancels and told agree
 * by a lock of their own.
 */
struct wri_inquiry;

/*
 * The answer; on a thread of the lane with whatever it is, on any with an
 * error.  It does not block, and is called with no lock held.  addrs: given, on
 * WEIR_OK.
 */
typedef void (*wri_told_fn)(void *arg, weir_err err, weir_addrs *addrs);

/* One reference, the caller's.  Copies the question; arg is borrowed until told
 * or a cancel that is true.  WEIR_ENOMEM. */
WEIR_NODISCARD weir_err wri_inquiry_alloc(struct wri_inquiry **inqp,
    const struct wri_question *q, wri_told_fn told, void *arg);
/*
 * Once, in the same wri_life_enter as alloc.  What refuses it (WEIR_EAGAIN: the
 * queue is full, or no thread can be started; WEIR_ENOMEM) is told, perhaps in
 * this call.
 */
void wri_inquiry_post(struct wri_inquiry *inq);
/* Also before post, often, at any time.  True, once: it is not told and will
 * not be, and arg is let go. */
bool wri_inquiry_cancel(struct wri_inquiry *inq);
void wri_inquiry_hold(struct wri_inquiry *inq);
void wri_inquiry_rele(struct wri_inquiry *inq);

#endif
