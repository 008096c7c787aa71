// SPDX-License-Identifier: GPL-2.0-only
/* libtqueue: records out of a pipe, as read(2) of a queue gives them; refusals. */
#define _GNU_SOURCE
#include "unit.h"
#include <fcntl.h>
#include <unistd.h>

#include "lib_check.h"

static void put_pipe(int fd, uint64_t seq, uint16_t hdr_len, uint32_t len)
{
	unsigned char buf[4096] = { 0 };
	struct tqueue_record *rec = (void *)buf;
	uint32_t i;

	rec->type = TQUEUE_RECORD_MESSAGE;
	rec->hdr_len = hdr_len;
	rec->len = (hdr_len + len + 7) / 8 * 8;
	rec->caplen = len;
	rec->seq = seq;
	for (i = 0; i < len; i++)
		buf[hdr_len + i] = fake_byte(seq, i);
	assert_int_equal(write(fd, buf, rec->len), rec->len);
}

static void test_read(void **state)
{
	struct tqueue *q = tqueue_new();
	const struct tqueue_record *rec;
	int fds[2], i;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(tqueue_open_fd(q, fds[0], TQUEUE_O_NONBLOCK), 0);
	assert_int_equal(tqueue_fd(q), fds[0]);
	check_empty(q);
	for (i = 0; i < 9; i++)
		put_pipe(fds[1], i, 96 + i * 8, i * 11);
	for (i = 0; i < 9; i++) {
		check(q, 0, i);
		assert_int_equal(tqueue_buffered(q), i < 8);
	}
	assert_int_equal(tqueue_mapped(q), 0);
	assert_int_equal(tqueue_set_buffer(q, 1), -EBUSY);
	/* No more than wanted is taken out. */
	for (i = 0; i < 3; i++)
		put_pipe(fds[1], i, 96, 0);
	tqueue_limit(q, 2);
	check(q, 0, 0);
	check(q, 0, 1);
	assert_int_equal(tqueue_buffered(q), 0);
	tqueue_limit(q, 0);
	check(q, 0, 2);
	close(fds[1]);
	assert_int_equal(tqueue_next(q, &rec), 0);
	assert_int_equal(tqueue_next(q, &rec), 0);
	tqueue_free(q);
}

static void test_read_hold(void **state)
{
	const struct tqueue_record *rec[3];
	struct tqueue *q = tqueue_new();
	int fds[2], i;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(tqueue_open_fd(q, fds[0], TQUEUE_O_NONBLOCK | TQUEUE_O_HOLD), 0);
	for (i = 0; i < 3; i++)
		put_pipe(fds[1], i, 96, 100);
	for (i = 0; i < 3; i++)
		rec[i] = check(q, 0, i);
	put_pipe(fds[1], 3, 96, 100);
	check_empty(q);
	for (i = 0; i < 3; i++)
		assert_int_equal(rec[i]->seq, i);
	tqueue_release(q);
	check(q, 0, 3);
	tqueue_free(q);
	close(fds[1]);
}

static void test_read_broken(void **state)
{
	const struct tqueue_record *rec;
	struct tqueue *q = tqueue_new();
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(tqueue_open_fd(q, fds[0], 0), 0);
	assert_int_equal(write(fds[1], "not a record at all, but text", 29), 29);
	assert_int_equal(tqueue_next(q, &rec), -EPROTO);
	assert_non_null(strstr(tqueue_error(q), "no records"));
	put_pipe(fds[1], 7, 96, 3);
	check(q, 0, 7);
	tqueue_free(q);
	close(fds[1]);
}

/* ---- refusals ---- */

static void test_errors(void **state)
{
	static const struct {
		const char	*name;
		int		flags;
		int		err;
		const char	*text;
	} bad[] = {
		{ "", 0, -EINVAL, "not the name of a queue" },
		{ "a/b", 0, -EINVAL, "queue a/b: not the name of a queue" },
		{ "n2345678901234567890123456789012", 0, -EINVAL, "not the name of a queue" },
		{ "q", 1 << 20, -EINVAL, "queue q: flags 0x100000 are unknown" },
		{ "q", 0, -ENOENT, "network namespace /nonexistent/netns: No such file" },
	};
	const struct tqueue_record *rec;
	struct tqueue *q;
	char path[600];
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		q = tqueue_new();
		assert_string_equal(tqueue_error(q), "");
		assert_int_equal(tqueue_open_netns(q, "/nonexistent/netns", bad[i].name,
						   bad[i].flags), bad[i].err);
		if (!strstr(tqueue_error(q), bad[i].text))
			fail_msg("%s", tqueue_error(q));
		assert_int_equal(tqueue_next(q, &rec), -EBADF);
		assert_int_equal(tqueue_write(q, "x", 1), -EBADF);
		assert_int_equal(tqueue_fd(q), -1);
		tqueue_free(q);
	}
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	q = tqueue_new();
	assert_int_equal(tqueue_open_netns(q, path, "q", 0), -ENAMETOOLONG);
	assert_int_equal(tqueue_open_path(q, "/nonexistent/node", 0), -ENOENT);
	assert_string_equal(tqueue_error(q), "/nonexistent/node: No such file or directory");
	assert_int_equal(tqueue_open_fd(q, -1, 0), -EBADF);
	/* No namespace, but a file. */
	assert_int_equal(tqueue_open_netns(q, "/dev/null", "q", 0), -EINVAL);
	assert_non_null(strstr(tqueue_error(q), "queue q: a socket in its network namespace: "));
	assert_int_equal(tqueue_set_buffer(q, (size_t)-1), -EINVAL);
	assert_int_equal(tqueue_set_buffer(q, 4096), 0);
	assert_int_equal(tqueue_open_path(q, "/dev/full", TQUEUE_O_WRITE_ONLY), 0);
	assert_int_equal(tqueue_open_path(q, "/dev/null", 0), -EBUSY);
	assert_int_equal(tqueue_write(q, "", 0), -EINVAL);
	assert_int_equal(tqueue_write(q, "x", 1), -ENOSPC);
	assert_int_equal(tqueue_next(q, &rec), -EBADF);
	tqueue_free(q);
	tqueue_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_hold),
		cmocka_unit_test(test_read_broken),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("lib_read", tests, NULL, NULL);
}
