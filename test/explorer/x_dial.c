/*
 * x_dial - dials: every stage of them against cancel, close and the end.
 *
 * Purpose    C1, K2, K4, R1 for lib/stream's dialers: a dial ends once, with a
 *            connection or without; whatever stage it is asked to end in
 *            (lookup, connect, nap, between two addresses), what was half made
 *            is closed before the program hears of it.
 * Rules      listeners are numbers of the fake network; names are looked up by
 *            a lookup of our own.
 */
#include "x_net_rig.h"

#include "base/mem.h"
#include "base/sys.h"
#include "dns/lookup.h"
#include "explorer/fake_sys_impl.h"
#include "net/sysaddr.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define PORT 5000

static struct nop op[3];
static weir_stream_dialer *dialer;
static unsigned connected;
static int server; /* the listener */

static void
go_dial(struct nop *o)
{
	weir_stream_dialer_dial(o->obj, o->aio);
}

static void
took(struct nop *o)
{
	weir_stream *s = weir_aio_get_output(o->aio, 0);

	X_ASSERT((s != NULL) == (o->result == WEIR_OK));
	if (s != NULL) {
		connected++;
		X_REACH("connected");
	} else {
		X_REACH("failed");
	}
	weir_stream_free(s);
}

static int
serve_inet(unsigned port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = wri_sys_socket(AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((uint16_t)port);
	X_ASSERT(wri_sys_bind(fd, (const struct sockaddr *)(const void *)&in,
		     sizeof(in)) == 0);
	X_ASSERT(wri_sys_listen(fd, 1) == 0);
	return fd;
}

static int
serve_unix(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = {0, 'a'}};
	int fd = wri_sys_socket(AF_UNIX, SOCK_STREAM, 0);

	X_ASSERT(wri_sys_bind(fd, (const struct sockaddr *)(const void *)&un,
		     sizeof(un)) == 0);
	X_ASSERT(wri_sys_listen(fd, 1) == 0);
	return fd;
}

/* n dials of a URL. */
static void
dials(const char *url, unsigned n)
{
	X_ASSERT(weir_stream_dialer_alloc(&dialer, url) == WEIR_OK);
	for (unsigned i = 0; i < n; i++) {
		nop_init(&op[i], go_dial, dialer);
		op[i].then = took;
	}
}

static void
up(void)
{
	net_up(2, 2);
	connected = 0;
	server = -1;
}

static void
down(void)
{
	weir_stream_dialer_free(dialer);
	if (server >= 0) {
		(void)wri_sys_close(server);
	}
	net_down();
}

/* When the program hears of a failure, nothing half made is open. */
static void
took_alone(struct nop *o)
{
	took(o);
	X_ASSERT(o->result == WEIR_OK || fake_open_sockets() == (server >= 0));
}

/* ---- one address ------------------------------------------------------- */

static const char *const urls[] = {
    "tcp://127.0.0.1:5000", /* somebody listens, or nobody */
    "tcp://127.0.0.1:9",    /* silent */
    "tcp://127.0.0.1:8",    /* timed out */
    "tcp://127.0.0.1:7",    /* unreachable */
};

/* Each end that an address may have. */
static void
plain(void)
{
	static const weir_err results[] = {
	    WEIR_OK, WEIR_ECONNREFUSED, WEIR_ETIMEDOUT, WEIR_EUNREACHABLE};
	static const char *const words[] = {
	    "made", "refused", "late", "unreachable"};
	unsigned to = x_rand(4);

	up();
	if (to == 0) {
		server = serve_inet(PORT);
	}
	dials(urls[to < 2 ? 0 : to], 1);
	op[0].then = took_alone;
	nop_go(&op[0]);
	nop_await(&op[0], 1);
	X_ASSERT(op[0].result == results[to]);
	X_REACH(words[to]);
	down();
}

/* The ways to end a dial; what begins after free is misuse. */
enum way {
	WAY_CLOSE,
	WAY_STOP,
	WAY_CANCEL,
	WAY_AIO_STOP,
	WAY_FREE,
	WAYS,
};

static void
end_by(void *arg)
{
	switch (*(const enum way *)arg) {
	case WAY_CLOSE:
		weir_stream_dialer_close(dialer);
		break;
	case WAY_STOP:
		weir_stream_dialer_stop(dialer);
		/* T1; what comes later is refused. */
		X_ASSERT(op_of(word_of(op[0].aio)) != OP_ACTIVE);
		break;
	case WAY_CANCEL:
		do_nop_cancel(&op[0]);
		break;
	case WAY_AIO_STOP:
		op[0].stopping = true;
		X_ASSERT(weir_aio_stop(op[0].aio) == WEIR_OK);
		break;
	case WAY_FREE:
		weir_stream_dialer_free(dialer);
		dialer = NULL;
		break;
	case WAYS:
		break;
	}
}

/* Ends of all kinds, one of which may be that the connection is made. */
static const weir_err any_end[] = {WEIR_ECLOSED, WEIR_ECANCELED, WEIR_ESTOPPED,
    WEIR_ECONNREFUSED, WEIR_ETIMEDOUT, WEIR_EUNREACHABLE, WEIR_OK};

/* A dial, and one or two of the ends at any step of it. */
static void
run_against_end(bool may_hang)
{
	enum way way[2] = {(enum way)x_rand(WAYS), (enum way)x_rand(WAY_FREE)};
	int ids[3], n = 0;

	if (way[0] == WAY_FREE || x_rand(4) == 0) {
		nop_go(&op[0]);
	} else {
		/* Who is refused hears of it before the rest is closed. */
		op[0].then = took;
		ids[n++] = x_spawn("op0", do_nop, &op[0]);
	}
	ids[n++] = x_spawn("end", end_by, &way[0]);
	if (way[0] != WAY_FREE && x_rand(2) == 0) {
		ids[n++] = x_spawn("more", end_by, &way[1]);
	}
	join_all(ids, (unsigned)n);
	if (may_hang && op[0].begun == 0) { /* they came before the dial */
		do_nop_cancel(&op[0]);
	}
	if (op[0].accepted > 0) {
		nop_await(&op[0], 1);
		X_ASSERT(nop_is(&op[0], any_end));
	}
}

/* Any end meets a dial that waits for its socket. */
static void
ended(void)
{
	up();
	if (x_rand(3) != 0) {
		server = serve_inet(PORT);
	}
	dials(urls[x_rand(3)], 1);
	op[0].then = took_alone;
	run_against_end(true);
	down();
}

/* Silence: only who asks ends it. */
static void
silent(void)
{
	up();
	dials(urls[1], 1);
	op[0].then = took_alone;
	run_against_end(true);
	X_ASSERT(op[0].accepted == 0 || op[0].result != WEIR_OK);
	down();
}

static void
took_frees(struct nop *o)
{
	weir_stream_dialer *d = dialer;

	X_ASSERT(o->result == WEIR_ECLOSED);
	dialer = NULL;
	weir_stream_dialer_free(d);
}

/* The callback of what close or stop ends frees the dialer. */
static void
close_frees(void)
{
	up();
	dials(urls[1], 2);
	op[0].then = took_frees;
	nop_go(&op[0]);
	nop_go(&op[1]);
	if (x_rand(2) == 0) {
		weir_stream_dialer_close(dialer);
	} else {
		weir_stream_dialer_stop(dialer);
	}
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECLOSED);
	down();
}

/* A timeout against the connection. */
static void
timed_out(void)
{
	up();
	server = serve_inet(PORT);
	dials(urls[0], 1);
	op[0].then = took_alone;
	X_ASSERT(
	    weir_aio_set_timeout(op[0].aio, x_rand(3) == 0 ? 0 : D) == WEIR_OK);
	nop_go(&op[0]);
	nop_await(&op[0], 1);
	X_ASSERT(nop_is(&op[0], any_end));
	down();
}

/* ---- naps -------------------------------------------------------------- */

static void
do_accepts(void *arg)
{
	struct wri_sysaddr peer;

	(void)arg;
	for (unsigned got = 0; got < 3;) {
		uint32_t seen = fake_changes();
		int fd;

		peer.len = sizeof(peer.u);
		fd = wri_sys_accept(server, &peer.u.sa, &peer.len);
		if (fd >= 0) {
			(void)wri_sys_close(fd);
			got++;
		} else {
			fake_await(seen, WEIR_NEVER);
		}
	}
}

/* A full backlog: those who nap get in when there is room. */
static void
backlog(void)
{
	int ids[4];

	up();
	server = serve_unix();
	dials("abstract://a", 3);
	for (unsigned i = 0; i < 2; i++) {
		ids[i] = x_spawn("op", do_nop, &op[i]);
	}
	ids[2] = x_spawn("accepts", do_accepts, NULL);
	nop_await(&op[0], 1);
	nop_go(&op[2]);
	nop_await(&op[1], 1);
	nop_await(&op[2], 1);
	for (unsigned i = 0; i < 3; i++) {
		X_ASSERT(op[i].result == WEIR_OK);
	}
	join_all(ids, 3);
	down();
}

/* Any end meets a dial that naps; tcp may be short of ports. */
static void
nap_ended(void)
{
	up();
	if (x_rand(2) == 0) {
		server = serve_unix();
		dials("abstract://a", 1);
	} else {
		if (x_rand(3) != 0) {
			server = serve_inet(PORT);
		}
		dials(urls[x_rand(3)], 1);
	}
	fake_mood.no_ports = 1 + x_rand(3);
	op[0].then = took_alone;
	run_against_end(true);
	down();
}

/* ---- names ------------------------------------------------------------- */

#define NAMES_MAX 4

static unsigned ports[NAMES_MAX], nports;

/* A list is memory: the explorer knows what was not given back. */
struct node {
	struct addrinfo ai; /* first */
	struct sockaddr_in in;
};

static int
fake_lookup(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	struct addrinfo **end = list;

	(void)service;
	(void)hints;
	X_ASSERT(x_locks() == 0 && strcmp(host, "x.test") == 0);
	x_point();
	for (unsigned i = 0; i < nports; i++) {
		struct node *node = wri_alloc(sizeof(*node));

		X_ASSERT(node != NULL);
		node->in.sin_family = AF_INET;
		/* The port is the URL's. */
		node->in.sin_addr.s_addr = htonl(
		    INADDR_LOOPBACK + (ports[i] == PORT ? 0 : ports[i] - 1));
		node->ai.ai_addr = (struct sockaddr *)&node->in;
		node->ai.ai_addrlen = sizeof(node->in);
		*end = &node->ai;
		end = &node->ai.ai_next;
	}
	return nports > 0 ? 0 : EAI_NONAME;
}

static void
fake_give_back(struct addrinfo *list)
{
	while (list != NULL) {
		struct addrinfo *next = list->ai_next;

		wri_free(list, sizeof(struct node));
		list = next;
	}
}

static const struct wri_lookup_ops lookup = {fake_lookup, fake_give_back};

static void
names_up(void)
{
	up();
	net_dns(1);
	wri_lookup_ops.v = (void *)(uintptr_t)&lookup;
	dials("tcp://x.test:5000", 1);
	op[0].then = took_alone;
}

/* The first that answers gets it; else the error that says most. */
static void
names(void)
{
	static const unsigned bad[] = {
	    FAKE_PORT_LATE, FAKE_PORT_UNREACHABLE, 6};
	bool good = x_rand(4) != 0;

	names_up();
	nports = x_rand(NAMES_MAX);
	for (unsigned i = 0; i < nports; i++) {
		ports[i] = bad[x_rand(3)];
	}
	if (good) {
		server = serve_inet(PORT);
		ports[nports++] = PORT;
	}
	fake_mood.no_ports = x_rand(4) == 0;
	nop_go(&op[0]);
	nop_await(&op[0], 1);
	X_ASSERT((op[0].result == WEIR_OK) == good);
	if (nports > 2 && good) {
		X_REACH("third");
	}
	down();
}

/* Any end, at any stage. */
static void
names_ended(void)
{
	static const unsigned some[] = {
	    FAKE_PORT_SILENT, FAKE_PORT_LATE, 6, FAKE_PORT_UNREACHABLE, PORT};

	names_up();
	server = serve_inet(PORT);
	nports = 1 + x_rand(3);
	for (unsigned i = 0; i < nports; i++) {
		ports[i] = some[x_rand(5)];
	}
	fake_mood.no_ports = x_rand(4) == 0;
	run_against_end(true);
	down();
}

/* ---- the end of the library -------------------------------------------- */

static void
library_ends_under(void)
{
	int id;

	op[0].stopping = true;
	id = x_spawn("op0", do_nop, &op[0]);
	if (x_rand(2) == 0) {
		x_join(id);
		id = -1;
	}
	net_fini();
	if (id >= 0) {
		x_join(id);
	}
	X_ASSERT(!weir_aio_busy(op[0].aio));
	X_REACH(op[0].result == WEIR_ESTOPPED ? "stopped" : "before");
	if (x_rand(2) == 0) {
		weir_stream_dialer_stop(dialer);
	}
	down();
}

static void
library_ends(void)
{
	up();
	server = serve_inet(PORT);
	dials(urls[x_rand(2)], 1);
	fake_mood.no_ports = x_rand(3) == 0;
	library_ends_under();
}

static void
names_library_ends(void)
{
	names_up();
	server = serve_inet(PORT);
	nports = 2;
	ports[0] = x_rand(2) == 0 ? FAKE_PORT_LATE : FAKE_PORT_SILENT;
	ports[1] = PORT;
	library_ends_under();
}

const struct x_test x_tests[] = {
    {"plain", plain, "C1 R1, made, refused, late", X_NOTIME, 0,
	"made refused late unreachable", NULL},
    {"ended", ended, "C1 K4 T1 R1, any end", X_NOTIME, 0, "connected failed",
	NULL},
    {"silent", silent, "K4 T2 R1, any end of silence", X_NOTIME, 0, "failed",
	NULL},
    {"close_frees", close_frees, "R1, the callback frees it", X_NOTIME, 0,
	"failed", NULL},
    {"timed_out", timed_out, "C1 D3 R1, a timeout", 0, 0, "connected failed",
	NULL},
    {"backlog", backlog, "C1, a full backlog", 0, 0, "connected", NULL},
    {"nap_ended", nap_ended, "C1 K4 T1 R1, any end of a nap", 0, 0,
	"connected failed", NULL},
    {"names", names, "C1 R1, several addresses", 0, 0, "connected failed third",
	NULL},
    {"names_ended", names_ended, "C1 K4 R1, any end, several addresses", 0, 0,
	"connected failed", NULL},
    {"library_ends", library_ends, "T7, weir_fini", 0, 0, "stopped before",
	NULL},
    {"names_library_ends", names_library_ends, "T7, weir_fini, by name", 0, 0,
	"stopped before", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
