/*
 * dns - what lib/weir.c does with the room.
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <weir/err.h>
#include <weir/time.h>

/* A new life; threads at most.  Fails with WEIR_ENOMEM. */
WEIR_NODISCARD weir_err wri_dns_init(unsigned threads);
/* All lookups have ended.  WEIR_ETIMEDOUT: threads were abandoned. */
weir_err wri_dns_fini(weir_time until);
/* That there are now. */
unsigned wri_dns_threads(void);

#endif
