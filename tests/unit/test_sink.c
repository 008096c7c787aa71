// SPDX-License-Identifier: GPL-2.0-only
/* Captured records in files: rows of pcapng files, JSON lines, names, errors. */
#define _GNU_SOURCE
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <json-c/json.h>

#include "sink.h"

static char dir[64];
static unsigned char bytes[1000];
static const struct record_names names = { .queue = "ids", .table = "t", .iif = "eth0", .oif = "-" };

static struct tqueue_record packet(uint32_t len)
{
	return (struct tqueue_record) {
		.type = TQUEUE_RECORD_PACKET, .real_ns = UINT64_C(1700000000123456789),
		.caplen = len, .origlen = len, .rule = 42, .table = 3, .generation = 7, .iif = 2,
		.linktype = TQUEUE_LINKTYPE_ETHERNET, .mac_len = 14, .hook = TQUEUE_HOOK_INPUT,
		.verdict = TQUEUE_VERDICT_DROP, .mark = 0x10, .queue = 9,
	};
}

/* The path of @name in our folder; two at a time. */
static const char *in_dir(const char *name)
{
	static char path[2][512];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static long file_size(const char *name)
{
	struct stat st;

	return stat(in_dir(name), &st) ? -1 : st.st_size;
}

static unsigned int count_files(void)
{
	unsigned int n = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static int clean(void **state)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return -1;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlink(in_dir(e->d_name));
	closedir(d);
	return 0;
}

static void put(struct sink *s, uint32_t len)
{
	const struct tqueue_record rec = packet(len);

	assert_int_equal(sink_record(s, &rec, bytes, &names), 0);
}

/* The first and the last block of a pcapng file: a section, and statistics. */
static void check_whole(const char *name, uint32_t packets)
{
	unsigned char buf[16384];
	uint32_t type, len, at = 0, epb = 0, last = 0;
	FILE *f = fopen(in_dir(name), "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	while (at < n) {
		memcpy(&type, buf + at, 4);
		memcpy(&len, buf + at + 4, 4);
		assert_true(len >= 12 && len <= n - at);
		assert_int_equal(type == 0x0a0d0d0a, at == 0);
		epb += type == 6;
		last = type;
		at += len;
	}
	assert_int_equal(at, n);
	assert_int_equal(epb, packets);
	assert_int_equal(last, 5);
}

static void test_names(void **state)
{
	static const struct { const char *path, *name; } rows[] = {
		{ "trace.pcapng", "trace_00007.pcapng" },
		{ "/a.b/trace", "/a.b/trace_00007" },
		{ "/a.b/.hidden", "/a.b/.hidden_00007" },
		{ "a.b.c", "a.b_00007.c" },
		{ "%Y%m%d-%H.json", "20231114-22_00007.json" },
		{ "100%%", "100%_00007" },
	};
	char path[8192], *name;
	size_t i;

	setenv("TZ", "UTC", 1);
	for (i = 0; i < COUNT(rows); i++) {
		name = sink_name(rows[i].path, 7, 1700000000);
		assert_string_equal(name, rows[i].name);
		free(name);
	}
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	assert_null(sink_name(path, 1, 0));
	assert_int_equal(errno, ENAMETOOLONG);
	name = sink_name("x", 123456, 0);
	assert_string_equal(name, "x_123456");
	free(name);
}

/* Each file is whole; the row keeps its newest; what is there is not touched. */
static void test_rotate_size(void **state)
{
	struct sink s = { .path = in_dir("row.pcapng"), .rotate_bytes = 2000, .files = 3,
			  .pcapng = { .name = "ids", .app = "test" } };
	FILE *f = fopen(in_dir("row_00002.pcapng"), "w");
	char path[256];
	int i;

	snprintf(path, sizeof(path), "%s", s.path);
	s.path = path;
	fclose(f);
	assert_int_equal(sink_open(&s), 0);
	assert_string_equal(sink_where(&s), in_dir("row_00001.pcapng"));
	/* about 1,100 bytes each: two to a file, then one in the fourth */
	for (i = 0; i < 9; i++)
		put(&s, 1000);
	assert_int_equal(s.opened, 5);
	assert_int_equal(sink_end(&s), 0);
	/* 1, 3 and 4 were written, 2 was there; 5 and 6 are the newest. */
	assert_int_equal(file_size("row_00001.pcapng"), -1);
	assert_int_equal(file_size("row_00002.pcapng"), 0);
	assert_int_equal(file_size("row_00003.pcapng"), -1);
	check_whole("row_00004.pcapng", 2);
	check_whole("row_00005.pcapng", 2);
	check_whole("row_00006.pcapng", 1);
	assert_int_equal(count_files(), 4);
	sink_free(&s);
}

static void test_rotate_time(void **state)
{
	struct sink s = { .rotate_ns = 20000000, .json = true };
	const struct timespec wait = { .tv_nsec = 30000000 };
	char path[256];

	snprintf(path, sizeof(path), "%s", in_dir("row"));
	s.path = path;
	assert_int_equal(sink_open(&s), 0);
	/* Nothing in it: it stays. */
	nanosleep(&wait, NULL);
	assert_int_equal(sink_flush(&s), 0);
	assert_non_null(s.file);
	put(&s, 5);
	assert_int_equal(sink_flush(&s), 0);
	assert_null(s.file);
	assert_int_equal(sink_flush(&s), 0);
	assert_int_equal(count_files(), 1);
	put(&s, 5);
	assert_int_equal(sink_flush(&s), 0);
	assert_non_null(s.file);
	nanosleep(&wait, NULL);
	assert_int_equal(sink_flush(&s), 0);
	assert_null(s.file);
	assert_int_equal(count_files(), 2);
	assert_true(file_size("row_00002") > 0);
	sink_free(&s);
}

static json_object *line(FILE *f, char **buf, size_t *size)
{
	json_object *obj;

	assert_true(getline(buf, size, f) > 0);
	obj = json_tokener_parse(*buf);
	assert_non_null(obj);
	return obj;
}

static const char *text(json_object *obj, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(obj, key, &v) ? json_object_get_string(v) : "(none)";
}

static void test_json(void **state)
{
	struct tqueue_record rec = packet(60);
	struct tqueue_lost lost = { .count = 3, .cause[TQUEUE_LOSS_FULL] = 3 };
	struct sink s = { .json = true, .pcapng.snaplen = 20 };
	char path[256], *buf = NULL;
	json_object *obj;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s", in_dir("lines"));
	s.path = path;
	assert_int_equal(sink_open(&s), 0);
	assert_int_equal(sink_record(&s, &rec, bytes, &names), 0);
	rec.type = TQUEUE_RECORD_LOST;
	rec.caplen = sizeof(lost);
	assert_int_equal(sink_record(&s, &rec, &lost, &names), 0);
	rec = packet(3);
	rec.type = TQUEUE_RECORD_MESSAGE;
	s.no_payload = true;
	assert_int_equal(sink_record(&s, &rec, "abc", &names), 0);
	assert_int_equal(sink_end(&s), 0);
	sink_free(&s);

	f = fopen(path, "r");
	assert_non_null(f);
	obj = line(f, &buf, &size);
	assert_string_equal(text(obj, "type"), "packet");
	assert_string_equal(text(obj, "time"), "2023-11-14T22:13:20.123456789Z");
	assert_string_equal(text(obj, "queue_name"), "ids");
	assert_string_equal(text(obj, "table"), "t");
	assert_string_equal(text(obj, "rule"), "42");
	assert_string_equal(text(obj, "generation"), "7");
	assert_string_equal(text(obj, "verdict"), "drop");
	assert_string_equal(text(obj, "caplen"), "20");
	assert_string_equal(text(obj, "origlen"), "60");
	assert_int_equal(strlen(text(obj, "payload")), 40);
	json_object_put(obj);
	obj = line(f, &buf, &size);
	assert_string_equal(text(obj, "type"), "lost");
	assert_string_equal(text(obj, "lost"), "3");
	json_object_put(obj);
	obj = line(f, &buf, &size);
	assert_string_equal(text(obj, "type"), "message");
	assert_string_equal(text(obj, "payload"), "(none)");
	json_object_put(obj);
	assert_true(getline(&buf, &size, f) < 0);
	free(buf);
	fclose(f);
}

static void test_comment(void **state)
{
	struct tqueue_record rec = packet(60);
	char buf[256];

	record_comment(buf, sizeof(buf), &rec, &names);
	assert_string_equal(buf, "table=t rule=42 gen=7 verdict=drop hook=input iif=eth0 mark=0x10");
	/* cut, but never beyond its end */
	record_comment(buf, 12, &rec, &names);
	assert_true(strlen(buf) < 12);
	memset(&rec, 0, sizeof(rec));
	record_comment(buf, sizeof(buf), &rec, &names);
	assert_string_equal(buf, "");
}

/* Each record has the comment of its own, whichever were before it. */
static void test_comments(void **state)
{
	static const struct { unsigned int rule, gen, mark; } turns[] = {
		{ 1, 7, 0 }, { 1 + SINK_COMMENTS, 7, 0 }, { 1, 7, 0 }, { 1, 8, 0 }, { 1, 8, 5 }, { 0, 0, 0 },
		{ 1, 7, 0 }, { 1, 7, 0 },
	};
	struct sink s = { .path = in_dir("comments"), .pcapng = { .name = "q", .app = "t" } };
	char file[8192], want[256], *at = file;
	size_t i, len;
	FILE *f;

	assert_int_equal(sink_open(&s), 0);
	for (i = 0; i < COUNT(turns); i++) {
		struct tqueue_record rec = packet(20);

		rec.rule = turns[i].rule;
		rec.generation = turns[i].gen;
		rec.mark = turns[i].mark;
		assert_int_equal(sink_record(&s, &rec, bytes, &names), 0);
	}
	assert_int_equal(sink_end(&s), 0);
	sink_free(&s);
	f = fopen(in_dir("comments"), "r");
	assert_non_null(f);
	len = fread(file, 1, sizeof(file), f);
	fclose(f);
	for (i = 0; i < COUNT(turns); i++) {
		struct tqueue_record rec = packet(20);

		rec.rule = turns[i].rule;
		rec.generation = turns[i].gen;
		rec.mark = turns[i].mark;
		record_comment(want, sizeof(want), &rec, &names);
		at = memmem(at, file + len - at, "table=", 6);
		assert_non_null(at);
		assert_memory_equal(at, want, strlen(want));
		at += strlen(want);
		/* the padding, or the next option */
		assert_true((unsigned char)*at < ' ');
	}
}

static unsigned long writes(void)
{
	unsigned long n = 0;
	char line[80];
	FILE *f = fopen("/proc/self/io", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "syscw: %lu", &n);
	fclose(f);
	return n;
}

/* As many bytes as the buffer has go with each system call. */
static void test_few_writes(void **state)
{
	struct sink s = { .path = in_dir("few"), .pcapng = { .name = "q", .app = "t" } };
	unsigned long before;
	int i;

	assert_int_equal(sink_open(&s), 0);
	before = writes();
	for (i = 0; i < 10000; i++)
		put(&s, 100);
	assert_int_equal(sink_flush(&s), 0);
	assert_in_range(writes() - before, 2, s.bytes / (200 * 1024) + 2);
	sink_free(&s);
}

static void test_errors(void **state)
{
	struct sink s = { .path = "/nonexistent/file", .pcapng = { .name = "", .app = "" } };
	struct tqueue_record rec = packet(1000);
	int i, ret = 0;

	assert_int_equal(sink_open(&s), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(sink_where(&s), "/nonexistent/file");
	sink_free(&s);
	s = (struct sink) { .path = "/nonexistent/row", .rotate_bytes = 1 };
	assert_int_equal(sink_open(&s), -1);
	assert_string_equal(sink_where(&s), "/nonexistent/row_00001");
	sink_free(&s);
	s = (struct sink) { .path = "/dev/full", .json = true };
	assert_int_equal(sink_open(&s), 0);
	for (i = 0; i < 1000 && !ret; i++)
		ret = sink_record(&s, &rec, bytes, &names);
	ret |= sink_flush(&s);
	assert_int_equal(ret, -1);
	assert_int_equal(errno, ENOSPC);
	sink_free(&s);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/test_sink.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	return clean(state) || rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_teardown(test_rotate_size, clean),
		cmocka_unit_test_teardown(test_rotate_time, clean),
		cmocka_unit_test_teardown(test_json, clean),
		cmocka_unit_test(test_comment),
		cmocka_unit_test_teardown(test_comments, clean),
		cmocka_unit_test_teardown(test_few_writes, clean),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("sink", tests, setup, teardown);
}
