/*
 * hosts - names that the test knows the addresses of.
 */
#include "stream/hosts.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct {
	struct addrinfo ai;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
} nodes[HOSTS_MAX];

static void
node_set(unsigned i, const char *addr)
{
	memset(&nodes[i], 0, sizeof(nodes[i]));
	nodes[i].ai.ai_addr = &nodes[i].u.sa;
	if (inet_pton(AF_INET, addr, &nodes[i].u.in.sin_addr) == 1) {
		nodes[i].u.in.sin_family = AF_INET;
		nodes[i].ai.ai_addrlen = sizeof(nodes[i].u.in);
	} else {
		ck_assert_int_eq(
		    inet_pton(AF_INET6, addr, &nodes[i].u.in6.sin6_addr), 1);
		nodes[i].u.in6.sin6_family = AF_INET6;
		nodes[i].ai.ai_addrlen = sizeof(nodes[i].u.in6);
	}
	nodes[i].ai.ai_family = nodes[i].u.sa.sa_family;
	if (i > 0) {
		nodes[i - 1].ai.ai_next = &nodes[i].ai;
	}
}

void
hosts_answer(unsigned n, const char *const *addrs)
{
	for (unsigned i = 0; i < n; i++) {
		node_set(i, addrs[i]);
	}
	fake_answer_list(&nodes[0].ai);
}

void
hosts_answer_one(const char *addr)
{
	hosts_answer(1, &addr);
}

void
hosts_answer_dead(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char addr[32];

		snprintf(
		    addr, sizeof(addr), "127.1.%u.%u", i / 200, i % 200 + 1);
		node_set(i, addr);
	}
	fake_answer_list(&nodes[0].ai);
}

int
hosts_port(weir_stream_listener *l)
{
	int port;

	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &port),
	    WEIR_OK);
	return port;
}

weir_stream_dialer *
hosts_dialer(const char *scheme, int port)
{
	char url[NET_URL_MAX];

	snprintf(url, sizeof(url), "%s://name.test:%d", scheme, port);
	return net_dialer(url);
}

weir_stream_listener *
hosts_listener(weir_stream_dialer **d)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(NET_TCP, url);

	*d = hosts_dialer("tcp", hosts_port(l));
	return l;
}

const char *
hosts_peer(const weir_stream *s)
{
	static char text[WEIR_ADDR_STR_MAX];
	char *colon;

	(void)weir_sockaddr_str(weir_stream_peer_addr(s), text, sizeof(text));
	colon = strrchr(text, ':');
	ck_assert_ptr_nonnull(colon);
	*colon = '\0';
	return text;
}
