/*
 * url_hint - what a URL may look like, said only when the URL is at fault.
 */
#ifndef EXAMPLES_URL_HINT_H
#define EXAMPLES_URL_HINT_H

#include <weir/err.h>

/* To be put behind the error's text. */
static inline const char *
url_hint(weir_err err)
{
	return err == WEIR_EINVAL || err == WEIR_ENOTSUP ||
		       err == WEIR_EADDRINVAL
		   ? " (accepted: tcp://HOST:PORT with a numeric HOST, "
		     "unix://PATH)"
		   : "";
}

#endif
