/*
 * test_address - the addresses that transports make of URLs, and the URLs that
 * have none.  How a URL is taken apart is tested in test/url.
 */
#include "dns/fake.h"
#include "stream/stream.h"
#include "support/run.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define PATH107                                                                \
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"          \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define OK WEIR_OK
#define INVAL WEIR_EINVAL
#define ADDR WEIR_EADDRINVAL
#define NOTSUP WEIR_ENOTSUP

static const struct {
	const char *url;
	weir_err dialer;
	weir_err listener;
	const char *name; /* of the address, when it is one */
} urls[] = {
    /* Addresses. */
    {"tcp://127.0.0.1:80", OK, OK, "127.0.0.1:80"},
    {"tcp4://127.0.0.1:65535", OK, OK, "127.0.0.1:65535"},
    {"tcp://[::1]:443", OK, OK, "[::1]:443"},
    {"tcp6://[2001:db8::8:800:200c:417a]:1", OK, OK,
	"[2001:db8::8:800:200c:417a]:1"},
    {"tcp://[fe80::1%3]:443", OK, OK, "[fe80::1%3]:443"},
    {"tcp://[::ffff:1.2.3.4]:443", OK, OK, "[::ffff:1.2.3.4]:443"},
    {"TCP://127.0.0.1:80", OK, OK, "127.0.0.1:80"},
    {"tcp://127.0.0.1:http", OK, OK, "127.0.0.1:80"},
    {"tcp4://127.0.0.1:80/a/path?q#f", OK, OK, "127.0.0.1:80"},
    {"tcp://[::1]:80/", OK, OK, "[::1]:80"},
    {"tcp://user@1.2.3.4:80", OK, OK, "1.2.3.4:80"},
    {"unix:///x", OK, OK, "/x"},
    {"unix://relative?not#special:%41", OK, OK, "relative?not#special:%41"},
    {"UNIX://" PATH107, OK, OK, PATH107},
    {"ipc:///x", OK, OK, "/x"},
    {"ipc://a b", OK, OK, "a b"},
    {"ipc://" PATH107, OK, OK, PATH107},
    /* Paths that dial and listen will refuse. */
    {"ipc://" PATH107 "a", OK, OK, PATH107 "a"},
    {"unix://" PATH107 "aaaaaaaaaaaaaaaaaaaaa", OK, OK,
	PATH107 "aaaaaaaaaaaaaaaaaaaa"}, /* 128, cut for people */
    {"abstract://x", OK, OK, "abstract[x]"},
    {"abstract://a/b?c#d", OK, OK, "abstract[a/b?c#d]"},
    {"abstract://%61%4a%4A%00%ff", OK, OK, "abstract[aJJ@@]"},
    {"abstract://%00", OK, OK, "abstract[@]"},
    {"abstract://" PATH107, OK, OK, "abstract[" PATH107 "]"},
    {"socket://", NOTSUP, OK, "unknown"},
    {"socket://whatever", NOTSUP, OK, "unknown"},
    /* Only for listeners. */
    {"tcp://", ADDR, OK, "0.0.0.0:0"},
    {"tcp://:0", ADDR, OK, "0.0.0.0:0"},
    {"tcp://:8080", ADDR, OK, "0.0.0.0:8080"},
    {"tcp4://:8080", ADDR, OK, "0.0.0.0:8080"},
    {"tcp6://:8080", ADDR, OK, "[::]:8080"},
    {"tcp6://", ADDR, OK, "[::]:0"},
    {"tcp://127.0.0.1", ADDR, OK, "127.0.0.1:0"},
    {"tcp://127.0.0.1:0", ADDR, OK, "127.0.0.1:0"},
    {"tcp://[::]", ADDR, OK, "[::]:0"},
    {"tcp://[::]:0", ADDR, OK, "[::]:0"},
    /* No name, or of the other family. */
    {"tcp://*:80", ADDR, ADDR, NULL},
    {"tcp://a*b:80", ADDR, ADDR, NULL},
    {"tcp://a%41:80", ADDR, ADDR, NULL},
    {"tcp://\xc3\xa4:80", ADDR, ADDR, NULL},
    {"tcp://[name]:80", ADDR, ADDR, NULL},
    {"tcp:// 1.2.3.4:80", ADDR, ADDR, NULL},
    {"tcp://1.2.3.4/path", ADDR, OK, "1.2.3.4:0"},
    {"tcp:///path", ADDR, OK, "0.0.0.0:0"},
    {"tcp4://[::1]:80", ADDR, ADDR, NULL},
    {"tcp6://127.0.0.1:80", ADDR, ADDR, NULL},
    {"tcp://[127.0.0.1]:80", ADDR, ADDR, NULL},
    {"tcp://[::g]:80", ADDR, ADDR, NULL},
    {"tcp://[fe80::1%]:80", ADDR, ADDR, NULL},
    {"tcp://[fe80::1%0]:80", ADDR, ADDR, NULL},
    {"tcp://[fe80::1%lo]:80", ADDR, ADDR, NULL},
    {"tcp://[fe80::1%4294967296]:80", ADDR, ADDR, NULL},
    {"tcp://[fe80::1%99999999999]:80", ADDR, ADDR, NULL},
    {"unix://", ADDR, ADDR, NULL},
    {"ipc://", ADDR, ADDR, NULL},
    {"unix://" PATH107 "aaaaaaaaaaaaaaaaaaaaab", ADDR, ADDR, NULL},
    {"abstract://", ADDR, ADDR, NULL},
    {"abstract://" PATH107 "a", ADDR, ADDR, NULL},
    {"abstract://" PATH107 "%00", ADDR, ADDR, NULL},
    {"abstract://%", ADDR, ADDR, NULL},
    {"abstract://a%4", ADDR, ADDR, NULL},
    {"abstract://%4g", ADDR, ADDR, NULL},
    {"abstract://%g4", ADDR, ADDR, NULL},
    {"abstract://%%41", ADDR, ADDR, NULL},
    /* No URL. */
    {"", INVAL, INVAL, NULL},
    {"tcp", INVAL, INVAL, NULL},
    {"tcp:", INVAL, INVAL, NULL},
    {"tcp:/127.0.0.1:80", INVAL, INVAL, NULL},
    {"://127.0.0.1:80", INVAL, INVAL, NULL},
    {"127.0.0.1:80", INVAL, INVAL, NULL},
    {"/a/path", INVAL, INVAL, NULL},
    {"a b://x", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:no-such-service", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:65536", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:99999", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:100000", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:18446744073709551696", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:-1", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:+80", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1: 80", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:80 ", INVAL, INVAL, NULL},
    {"tcp://127.0.0.1:80:80", INVAL, INVAL, NULL},
    {"tcp://::1:80", INVAL, INVAL, NULL},
    {"tcp://[::1:80", INVAL, INVAL, NULL},
    {"tcp://[]:80", INVAL, INVAL, NULL},
    {"tcp://[::1]80", INVAL, INVAL, NULL},
    {"tcp://::1]:80", INVAL, INVAL, NULL},
    {"tcp://a[::1]:80", INVAL, INVAL, NULL},
    /* Other schemes, and what only begins like one of ours. */
    {"http://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
    {"tc://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
    {"tcp5://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
    {"tcp44://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
    {"unixx:///x", NOTSUP, NOTSUP, NULL},
    {"inproc://x", NOTSUP, NOTSUP, NULL},
    {"tls+tcp://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
    {"udp://127.0.0.1:80", NOTSUP, NOTSUP, NULL},
};

#define URLS ((int)(sizeof(urls) / sizeof(urls[0])))

static weir_err
resolve(const struct wri_stream_ops **opsp, struct wri_endpoint *ep,
    const char *text, enum wri_role role)
{
	weir_url *url;
	weir_err err = weir_url_parse(&url, text);

	if (err == WEIR_OK) {
		err = wri_stream_resolve(opsp, ep, url, role);
		weir_url_free(url);
	}
	return err;
}

static void
expect(const char *url, enum wri_role role, weir_err want, const char *name)
{
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;
	char text[WEIR_ADDR_STR_MAX];
	weir_err err = resolve(&ops, &ep, url, role);

	ck_assert_msg(err == want, "%s: %s, not %s", url, weir_strerror(err),
	    weir_strerror(want));
	if (err == WEIR_OK) {
		ck_assert_str_eq(
		    weir_sockaddr_str(&ep.name, text, sizeof(text)), name);
	}
}

START_TEST(every_form_of_url_has_its_documented_result)
{
	expect(urls[_i].url, WRI_ROLE_DIALER, urls[_i].dialer, urls[_i].name);
	expect(
	    urls[_i].url, WRI_ROLE_LISTENER, urls[_i].listener, urls[_i].name);
}
END_TEST

/* Names: dialers ask later, listeners at once; fake.h tells 192.0.2.1. */
static const struct {
	const char *url;
	weir_err dialer;
	const char *host;
	int family;
	const char *listener; /* its address */
} names[] = {
    {"tcp://localhost:80", OK, "localhost", AF_UNSPEC, "192.0.2.1:80"},
    {"tcp4://a-b_c.D.:80", OK, "a-b_c.d.", AF_INET, "192.0.2.1:80"},
    {"tcp6://name:http", OK, "name", AF_INET6, "192.0.2.1:80"},
    {"tcp://name", ADDR, "", 0, "192.0.2.1:0"},
    {"tcp://name:0/x", ADDR, "", 0, "192.0.2.1:0"},
    {"tcp://1.2.3:80", OK, "1.2.3", AF_UNSPEC, "192.0.2.1:80"},
    {"tcp://1.2.3.256:80", OK, "1.2.3.256", AF_UNSPEC, "192.0.2.1:80"},
    {"tcp://01.2.3.4:80", OK, "01.2.3.4", AF_UNSPEC, "192.0.2.1:80"},
};

START_TEST(a_name_is_kept_for_dials_and_looked_up_for_listeners)
{
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;

	ck_assert_int_eq(resolve(&ops, &ep, names[_i].url, WRI_ROLE_DIALER),
	    names[_i].dialer);
	ck_assert_uint_eq(fake_begun(), 0);
	if (names[_i].dialer == OK) {
		ck_assert_str_eq(ep.host, names[_i].host);
		ck_assert_uint_eq(ep.port, 80);
		ck_assert_int_eq(ep.family, names[_i].family);
		ck_assert_uint_eq(ep.addr.len, 0);
	}
	expect(names[_i].url, WRI_ROLE_LISTENER, OK, names[_i].listener);
	ck_assert_uint_eq(fake_begun(), 1);
	ck_assert_int_eq(
	    resolve(&ops, &ep, names[_i].url, WRI_ROLE_LISTENER), OK);
	ck_assert_str_eq(ep.host, "");
	ck_assert_int_eq(ep.family, AF_INET);
	ck_assert_uint_eq(ep.addr.len, sizeof(struct sockaddr_in));
}
END_TEST

START_TEST(the_system_gets_the_address_of_the_url)
{
	const size_t name = offsetof(struct sockaddr_un, sun_path);
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;

	ck_assert_int_eq(
	    resolve(&ops, &ep, "tcp://[fe80::1%3]:443", WRI_ROLE_DIALER), OK);
	ck_assert_ptr_eq(ops, &wri_stream_tcp);
	ck_assert_int_eq(ep.family, AF_INET6);
	ck_assert_uint_eq(ep.addr.len, sizeof(struct sockaddr_in6));
	ck_assert_uint_eq(ep.addr.u.in6.sin6_scope_id, 3);
	ck_assert_uint_eq(ntohs(ep.addr.u.in6.sin6_port), 443);

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    resolve(&ops, &ep, i == 0 ? "unix:///abc" : "ipc:///abc",
			WRI_ROLE_DIALER),
		    OK);
		ck_assert_ptr_eq(ops, &wri_stream_unix);
		ck_assert_int_eq(ep.family, AF_UNIX);
		ck_assert_uint_eq(ep.name.s_family, WEIR_AF_IPC);
		ck_assert_uint_eq(ep.addr.len, name + 5);
		ck_assert_str_eq(ep.addr.u.un.sun_path, "/abc");
	}
	ck_assert_int_eq(
	    resolve(&ops, &ep, "abstract://a%00b", WRI_ROLE_DIALER), OK);
	ck_assert_ptr_eq(ops, &wri_stream_abstract);
	ck_assert_uint_eq(ep.name.s_family, WEIR_AF_ABSTRACT);
	ck_assert_uint_eq(ep.addr.len, name + 4);
	ck_assert_int_eq(memcmp(ep.addr.u.un.sun_path, "\0a\0b", 4), 0);
	/* What the system cannot take. */
	ck_assert_int_eq(
	    resolve(&ops, &ep, "unix://" PATH107 "a", WRI_ROLE_DIALER), OK);
	ck_assert_uint_eq(ep.addr.len, 0);
}
END_TEST

/* Random texts of the characters that matter: no crash, a documented code. */
START_TEST(random_texts_have_a_documented_result)
{
	static const char *const parts[] = {"tcp", "tcp6", "unix", "abstract",
	    "://", ":", "[", "]", "::", "127.0.0.1", "%", "0", "65535", "/",
	    "a", ".", "-", "1", "\x80", "@", "?"};
	unsigned seed = (unsigned)_i * 2654435761u + 1;

	for (unsigned round = 0; round < 20000; round++) {
		const struct wri_stream_ops *ops;
		struct wri_endpoint ep;
		char text[256] = "";
		unsigned n;
		weir_err err;

		seed = seed * 1664525u + 1013904223u;
		n = (seed >> 16) % 10;
		for (unsigned i = 0; i < n; i++) {
			seed = seed * 1664525u + 1013904223u;
			strcat(text, parts[(seed >> 16) %
					   (sizeof(parts) / sizeof(parts[0]))]);
		}
		err = resolve(&ops, &ep, text,
		    (seed & 64) != 0 ? WRI_ROLE_DIALER : WRI_ROLE_LISTENER);
		ck_assert_msg(err == WEIR_OK || err == WEIR_EINVAL ||
				  err == WEIR_ENOTSUP || err == WEIR_EADDRINVAL,
		    "%s: %d", text, (int)err);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("address");

	tcase_add_checked_fixture(tc, fake_up, fake_down);
	tcase_add_loop_test(
	    tc, every_form_of_url_has_its_documented_result, 0, URLS);
	tcase_add_loop_test(tc,
	    a_name_is_kept_for_dials_and_looked_up_for_listeners, 0,
	    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tc, the_system_gets_the_address_of_the_url);
	tcase_add_loop_test(tc, random_texts_have_a_documented_result, 0, 4);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
