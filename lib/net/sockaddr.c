/*
 * sockaddr - addresses printed and compared.
 *
 * Purpose    values in, values out; nothing here asks the system.
 * Ownership  the caller's memory.
 * Bounds     a text has at most WEIR_ADDR_STR_MAX bytes with its NUL; a name
 *            that lacks its NUL is read to the end of its array and no
 *            further.
 * Proof      test/net/test_sockaddr.c
 */
#include <weir/sockaddr.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define IN6_WORDS 8
#define ABSTRACT_MAX 107

/* The text while it is written. */
struct text {
	char *buf;
	size_t size;
	size_t len; /* without NUL; < size */
};

static void text_add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0) {
		size_t room = t->size - t->len - 1;

		t->len += (size_t)n < room ? (size_t)n : room;
	}
}

static unsigned
in6_word(const uint8_t *addr, unsigned i)
{
	return (unsigned)addr[2 * i] << 8 | addr[2 * i + 1];
}

/* Where the longest row of zero words begins; *len 0: there is none. */
static unsigned
in6_zeros(const uint8_t *addr, unsigned *len)
{
	unsigned best = 0;

	*len = 0;
	for (unsigned i = 0; i < IN6_WORDS; i++) {
		unsigned n = 0;

		while (i + n < IN6_WORDS && in6_word(addr, i + n) == 0) {
			n++;
		}
		if (n > *len) {
			best = i;
			*len = n;
		}
		i += n;
	}
	return best;
}

static bool
in6_mapped(const uint8_t *addr)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr, prefix, sizeof(prefix)) == 0;
}

static void
text_add_in6(struct text *t, const weir_sockaddr_in6 *in6)
{
	const uint8_t *a = in6->sa_addr;
	unsigned len;
	unsigned gap = in6_zeros(a, &len);

	text_add(t, "[");
	if (in6_mapped(a)) {
		text_add(t, "::ffff:%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
	} else {
		for (unsigned i = 0; i < IN6_WORDS; i++) {
			if (len > 0 && i == gap) {
				text_add(t, "::");
				i += len - 1;
				continue;
			}
			text_add(t, "%s%x",
			    i == 0 || (len > 0 && i == gap + len) ? "" : ":",
			    in6_word(a, i));
		}
	}
	if (in6->sa_scope != 0) {
		text_add(t, "%%%u", in6->sa_scope);
	}
	text_add(t, "]:%u", ntohs(in6->sa_port));
}

static void
text_add_in(struct text *t, const weir_sockaddr_in *in)
{
	uint8_t a[4];

	memcpy(a, &in->sa_addr, sizeof(a));
	text_add(
	    t, "%u.%u.%u.%u:%u", a[0], a[1], a[2], a[3], ntohs(in->sa_port));
}

/* An abstract name is any bytes: those that a line cannot show become '@'. */
static void
text_add_abstract(struct text *t, const weir_sockaddr_abstract *name)
{
	char shown[ABSTRACT_MAX + 1];
	size_t len = name->sa_len < ABSTRACT_MAX ? name->sa_len : ABSTRACT_MAX;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = name->sa_name[i];

		shown[i] = '@';
		if (c >= 0x20 && c < 0x7f) {
			shown[i] = (char)c;
		}
	}
	shown[len] = '\0';
	text_add(t, "abstract[%s]", shown);
}

const char *
weir_sockaddr_str(const weir_sockaddr *sa, char *buf, size_t bufsz)
{
	struct text t = {.buf = buf, .size = bufsz, .len = 0};

	if (buf == NULL || bufsz == 0) {
		return buf;
	}
	buf[0] = '\0';
	switch (sa == NULL ? WEIR_AF_UNSPEC : (enum weir_af)sa->s_family) {
	case WEIR_AF_INPROC:
		text_add(
		    &t, "inproc[%.*s]", WEIR_ADDR_MAX, sa->s_inproc.sa_name);
		return buf;
	case WEIR_AF_IPC:
		text_add(&t, "%.*s", WEIR_ADDR_MAX, sa->s_ipc.sa_path);
		return buf;
	case WEIR_AF_INET:
		text_add_in(&t, &sa->s_in);
		return buf;
	case WEIR_AF_INET6:
		text_add_in6(&t, &sa->s_in6);
		return buf;
	case WEIR_AF_ABSTRACT:
		text_add_abstract(&t, &sa->s_abstract);
		return buf;
	case WEIR_AF_UNSPEC:
		break;
	}
	text_add(&t, "unknown"); /* and families of later releases */
	return buf;
}

uint32_t
weir_sockaddr_port(const weir_sockaddr *sa)
{
	if (sa != NULL && sa->s_family == WEIR_AF_INET) {
		return ntohs(sa->s_in.sa_port);
	}
	if (sa != NULL && sa->s_family == WEIR_AF_INET6) {
		return ntohs(sa->s_in6.sa_port);
	}
	return 0;
}

static bool
in6_equal(const weir_sockaddr_in6 *a, const weir_sockaddr_in6 *b)
{
	return a->sa_port == b->sa_port && a->sa_scope == b->sa_scope &&
	       memcmp(a->sa_addr, b->sa_addr, sizeof(a->sa_addr)) == 0;
}

static bool
abstract_equal(const weir_sockaddr_abstract *a, const weir_sockaddr_abstract *b)
{
	return a->sa_len == b->sa_len && a->sa_len <= ABSTRACT_MAX &&
	       memcmp(a->sa_name, b->sa_name, a->sa_len) == 0;
}

bool
weir_sockaddr_equal(const weir_sockaddr *a, const weir_sockaddr *b)
{
	if (a == NULL || b == NULL || a->s_family != b->s_family) {
		return false;
	}
	switch ((enum weir_af)a->s_family) {
	case WEIR_AF_INPROC:
		return strncmp(a->s_inproc.sa_name, b->s_inproc.sa_name,
			   WEIR_ADDR_MAX) == 0;
	case WEIR_AF_IPC:
		return strncmp(a->s_ipc.sa_path, b->s_ipc.sa_path,
			   WEIR_ADDR_MAX) == 0;
	case WEIR_AF_INET:
		return a->s_in.sa_port == b->s_in.sa_port &&
		       a->s_in.sa_addr == b->s_in.sa_addr;
	case WEIR_AF_INET6:
		return in6_equal(&a->s_in6, &b->s_in6);
	case WEIR_AF_ABSTRACT:
		return abstract_equal(&a->s_abstract, &b->s_abstract);
	case WEIR_AF_UNSPEC:
		break;
	}
	return false;
}
