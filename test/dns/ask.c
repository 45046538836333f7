/*
 * ask - short forms for the tests of this folder.
 */
#include "dns/ask.h"

#include <check.h>

void
ask(struct consumer *c, const char *host)
{
	const weir_resolve_params p = {.size = sizeof(p), .host = host};

	weir_resolve(&p, c->aio);
}

void
ask_collect(struct consumer *c)
{
	if (weir_aio_result(c->aio) == WEIR_OK) {
		weir_addrs_free(weir_aio_get_output(c->aio, 0));
	} else {
		ck_assert_ptr_null(weir_aio_get_output(c->aio, 0));
	}
}

void
ask_then_collect(struct consumer *c)
{
	if (c->result == WEIR_OK) {
		weir_addrs_free(weir_aio_get_output(c->aio, 0));
	}
}

void
ask_expect(struct consumer *c, int n, const char *const *texts)
{
	const weir_addrs *addrs = weir_aio_get_output(c->aio, 0);
	char text[WEIR_ADDR_STR_MAX];

	ck_assert_int_eq(weir_aio_result(c->aio), WEIR_OK);
	ck_assert_uint_eq(weir_aio_count(c->aio), (unsigned)n);
	ck_assert_uint_eq(weir_addrs_count(addrs), (unsigned)n);
	for (int i = 0; i < n; i++) {
		ck_assert_str_eq(
		    weir_sockaddr_str(
			weir_addrs_at(addrs, (size_t)i), text, sizeof(text)),
		    texts[i]);
	}
	ck_assert_ptr_null(weir_addrs_at(addrs, (size_t)n));
}
