/*
 * watchdog - lines about what does not come to its end.
 *
 * Purpose    the kernel finds it (aio/stuck.c), on an expiry thread, which
 *            runs no foreign code that could be what hangs; here it is put
 *            into words.
 * Bounds     LOOKS looks in the time that makes something old.
 * Proof      test/weir/test_watchdog.c
 */
#include "watchdog.h"
#include "aio/registry.h"
#include "base/log.h"
#include "check/check.h"
#include "timer/timer.h"

#include <stdint.h>
#include <string.h>

#define LOOKS 4

static void
say(const struct wri_stuck *s)
{
	static const char *const texts[] = {
	    [WRI_STUCK_NOWHERE] = "",
	    [WRI_STUCK_CALLBACK] = "a callback does not return",
	    [WRI_STUCK_HOOK] = "a cancel function does not return",
	    [WRI_STUCK_PROVIDER] = "a stop waits for a provider",
	};
	const int64_t ms = s->age / WEIR_MS(1);
	char place[256] = "none";
	const void *pc;

	if (s->callback != NULL) {
		memcpy(&pc, &s->callback, sizeof(pc));
		(void)wri_place_text(pc, place, sizeof(place));
	}
	wri_log(WEIR_LOG_WARN,
	    "watchdog: %s, for %lld.%03d s: aio %p, tag \"%s\", callback "
	    "%s%s%s",
	    texts[s->at], (long long)(ms / 1000), (int)(ms % 1000), s->object,
	    s->tag, place, s->provider[0] != '\0' ? ", provider " : "",
	    s->provider);
}

void
wri_watchdog_set(weir_duration old)
{
	wri_watchdog_begin(old, say);
	wri_timer_look(wri_watchdog_look, old / LOOKS);
}
