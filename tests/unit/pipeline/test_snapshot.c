/* SPDX-License-Identifier: BSD-2-Clause */
/* What is built from a configuration, and what a reload takes over. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/key_folder.h"
#include "pipeline/pipeline.h"

static char directory[] = "/tmp/submilter-snapshot.XXXXXX";
static struct arena mem; /* of the test that runs */

/*
 * The parts of the configuration that tests change. DNS is never asked here: no
 * message is signed where it would be.
 */
static const char *keys, *dns;

/* What was reported, a line each. */
static struct strbuf reported;
static size_t errors;

static void
note(void *arg, bool is_error, const char *text)
{
	(void)arg;
	errors += is_error;
	strbuf_addf(
	    &reported, "%s: %s\n", is_error ? "error" : "warning", text);
}

static const char *
path_of(const char *name)
{
	return slice_format(&mem, "%s/%s", directory, name).data;
}

static void
write_file(const char *name, const char *text)
{
	static const struct timespec old[2] = { { .tv_sec = 1000000000 },
		{ .tv_sec = 1000000000 } };
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	/* Not just now: that would be read again. */
	assert_int_equal(utimensat(AT_FDCWD, path_of(name), old, 0), 0);
}

static void
make_key(const char *domain, const char *selector)
{
	struct key_folder folder;
	struct sign_key key;
	struct err err;

	assert_int_equal(key_folder_open(slice_of(path_of("keys")),
			     slice_of(domain), &mem, &folder, &err),
	    0);
	assert_int_equal(key_folder_generate(&folder,
			     &(const struct key_spec){
				 slice_of(selector), KEY_ED25519_SHA256, 0 },
			     &key, &err),
	    0);
	key_done(&key);
	key_folder_close(&folder);
}

/* Two domains with keys, of which one is the default, and a table. */
static int
set_up(void **state)
{
	(void)state;
	arena_init(&mem);
	strbuf_init(&reported, &mem);
	errors = 0;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	assert_non_null(mkdtemp(directory));
	keys = slice_format(&mem,
	    "keys = \"%s/keys\"\n"
	    "sign { dkim-key = warn; key-states = \"%s/states\" }\n",
	    directory, directory)
		   .data;
	dns = slice_format(&mem, "zone = \"%s/zone\"", directory).data;
	assert_int_equal(mkdir(path_of("keys"), 0700), 0);
	make_key("corp.example", "s");
	make_key("sister.example", "s");
	write_file("rights",
	    "info@corp.example alice@corp.example\n"
	    "bob@sister.example alice@corp.example\n"
	    "alice@third.example alice@corp.example\n# end\n");
	write_file("zone", "corp.example. IN TXT \"v=spf1 -all\"\n");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(
	    system(slice_format(&mem, "rm -r %s", directory).data), 0);
	arena_done(&mem);
	return 0;
}

static int
try_open(const struct snapshot *previous, struct snapshot **ret_snapshot,
    struct err *err)
{
	struct slice text = slice_format(&mem,
	    "domain = corp.example; hostname = mail.corp.example\n"
	    "rights { tables = \"texthash:%s/rights\" }\n%sdns { %s }\n"
	    "bounds { header-fields = 77 }\n",
	    directory, keys, dns);
	struct config *config;

	assert_int_equal(
	    config_read_text("test", text, NULL, NULL, &config, err), 0);
	return snapshot_new(config, previous, &(struct report){ note, NULL },
	    ret_snapshot, err);
}

static struct snapshot *
open_with(const struct snapshot *previous)
{
	struct snapshot *snapshot = NULL;
	struct err err;

	if (try_open(previous, &snapshot, &err) != 0)
		fail_msg("%s\n%s", err.text, reported.data);
	return snapshot;
}

/* What a table answers for info@corp.example. */
static enum table_answer
ask(const struct snapshot *snapshot)
{
	struct err err;
	struct slice value;
	const struct table_context context = { .mem = &mem, .err = &err };

	assert_int_equal(table_set_count(snapshot->tables), 1);
	return table_lookup_one(table_set_at(snapshot->tables, 0),
	    SLICE("info@corp.example"), &context, &value);
}

/* The domain that signs for an author; "-": none; "?": it is not known. */
static const char *
signed_by(struct snapshot *snapshot, const char *author)
{
	const struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice@corp.example"),
		.path = slice_of(author),
	};
	struct message *message = message_new(snapshot, &facts);
	const char *found = "-";
	struct verdict verdict = pipeline_mail(message);
	const struct edits *edits;

	assert_int_equal(verdict.action, ACTION_ACCEPT);
	message_add_header(message, SLICE("From"), slice_of(author));
	verdict = pipeline_header(message);
	if (verdict.action == ACTION_ACCEPT) {
		pipeline_body(message, SLICE("Hello.\r\n"));
		verdict = pipeline_end(message);
	}
	edits = message_edits(message);
	for (size_t i = 0; i < edits->count; i++) {
		const char *domain;

		if (!slice_eq(
			edits->fields[i].field.name, SLICE("DKIM-Signature")))
			continue;
		domain = strstr(edits->fields[i].field.value.data, " d=");
		assert_non_null(domain);
		domain += strlen(" d=");
		found = slice_format(
		    &mem, "%.*s", (int)strcspn(domain, ";"), domain)
			    .data;
	}
	if (verdict.action == ACTION_TEMPFAIL)
		found = "?";
	message_free(message);
	return found;
}

static void
a_configuration_is_opened_with_all_that_it_names(void **state)
{
	struct snapshot *snapshot = open_with(NULL);

	(void)state;
	assert_int_equal(errors, 0);
	assert_int_equal(ask(snapshot), TABLE_FOUND);
	assert_int_equal(snapshot->limits.fields, 77);
	assert_true(
	    own_domains_has(&snapshot->own->domains, SLICE("corp.example")));
	assert_true(
	    own_domains_has(&snapshot->own->domains, SLICE("sister.example")));
	assert_false(
	    own_domains_has(&snapshot->own->domains, SLICE("other.example")));
	assert_int_equal(keystore_domain_count(snapshot->keys), 2);
	assert_non_null(snapshot->key_history);
	assert_non_null(snapshot->preflight.resolver);
	assert_string_equal(
	    signed_by(snapshot, "alice@corp.example"), "corp.example");
	snapshot_unref(snapshot);
}

static void
every_fault_is_reported_and_nothing_is_opened(void **state)
{
	struct snapshot *snapshot = NULL;
	struct err err;

	(void)state;
	dns = "zone = \"/nowhere/zone\"";
	assert_int_equal(unlink(path_of("rights")), 0);
	assert_int_equal(try_open(NULL, &snapshot, &err), -1);
	assert_null(snapshot);
	if (errors < 2 || strstr(reported.data, "error: table ") == NULL ||
	    strstr(reported.data, "error: dns") == NULL)
		fail_msg("%s", reported.data);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "parts of the configuration"));
}

static void
a_reload_takes_over_what_did_not_change(void **state)
{
	struct snapshot *first, *second, *third;
	struct resolver *resolver;
	struct table *table;

	(void)state;
	dns = "servers = {127.0.0.1}";
	first = open_with(NULL);
	resolver = first->preflight.resolver;
	table = table_set_at(first->tables, 0);
	assert_non_null(resolver);
	second = open_with(first);
	assert_ptr_equal(second->preflight.resolver, resolver);
	assert_ptr_equal(second->key_history, first->key_history);
	assert_ptr_equal(table_set_at(second->tables, 0), table);
	write_file("rights", "info@corp.example bob@corp.example\n# end\n");
	dns = "servers = {127.0.0.2}";
	third = open_with(second);
	assert_ptr_not_equal(table_set_at(third->tables, 0), table);
	assert_ptr_not_equal(third->preflight.resolver, resolver);
	/* The first two go; the third lacks nothing. */
	snapshot_unref(first);
	snapshot_unref(second);
	assert_int_equal(ask(third), TABLE_FOUND);
	assert_int_equal(keystore_domain_count(third->keys), 2);
	snapshot_unref(third);
}

static void
a_table_that_is_cut_is_reported(void **state)
{
	struct snapshot *first = open_with(NULL), *second = NULL;
	struct err err;

	(void)state;
	write_file("rights", "info@corp.example alice@corp.example\n");
	assert_int_equal(try_open(first, &second, &err), 0);
	assert_non_null(strstr(reported.data, "more stood before"));
	assert_int_equal(ask(second), TABLE_FOUND);
	snapshot_unref(second);
	/* Without the end of its last line it is broken, and the old one stays. */
	write_file("rights", "info@corp.example alice@cor");
	second = NULL;
	assert_int_equal(try_open(first, &second, &err), -1);
	assert_null(second);
	assert_int_equal(ask(first), TABLE_FOUND);
	snapshot_unref(first);
}

static void
a_table_that_is_down_at_the_start_answers_nothing(void **state)
{
	struct snapshot *snapshot, *later;
	struct rlimit files, none;
	struct err err, why;

	(void)state;
	keys = "";
	dns = "servers = {127.0.0.1}";
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	snapshot = open_with(NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(errors, 0);
	assert_non_null(strstr(reported.data, "Too many open files"));
	assert_true(table_is_down(table_set_at(snapshot->tables, 0), &why));
	assert_int_equal(ask(snapshot), TABLE_FAILED);
	later = open_with(snapshot);
	assert_int_equal(ask(later), TABLE_FOUND);
	snapshot_unref(snapshot);
	/* One that answers is not given up for one that is down. */
	snapshot = NULL;
	write_file("rights", "info@corp.example bob@corp.example\n# end\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(try_open(later, &snapshot, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_null(snapshot);
	assert_int_equal(ask(later), TABLE_FOUND);
	snapshot_unref(later);
}

static void
a_fault_in_one_key_is_of_its_domain_alone(void **state)
{
	struct snapshot *snapshot;

	(void)state;
	write_file(
	    "keys/sister.example/s.key", "-----BEGIN PRIVATE KEY-----\n");
	snapshot = open_with(NULL);
	assert_int_equal(keystore_faults(snapshot->keys), 1);
	assert_non_null(strstr(reported.data, "sister.example"));
	assert_string_equal(
	    signed_by(snapshot, "alice@corp.example"), "corp.example");
	assert_string_equal(signed_by(snapshot, "bob@sister.example"), "?");
	snapshot_unref(snapshot);
}

static void
new_keys_come_without_the_edited_configuration(void **state)
{
	struct snapshot *first = open_with(NULL), *second = NULL;
	struct err err;

	(void)state;
	assert_string_equal(signed_by(first, "alice@third.example"), "-");
	make_key("third.example", "s");
	write_file("rights", "nobody@corp.example alice@corp.example\n");
	assert_int_equal(snapshot_with_keys(first, false,
			     &(struct report){ note, NULL }, &second, &err),
	    0);
	assert_string_equal(
	    signed_by(second, "alice@third.example"), "third.example");
	assert_true(
	    own_domains_has(&second->own->domains, SLICE("third.example")));
	assert_false(
	    own_domains_has(&first->own->domains, SLICE("third.example")));
	assert_int_equal(ask(second), TABLE_FOUND);
	assert_ptr_equal(second->config, first->config);
	/* What they share outlives the one that opened it. */
	snapshot_unref(first);
	assert_string_equal(
	    signed_by(second, "alice@corp.example"), "corp.example");
	snapshot_unref(second);
}

static void
forgotten_dns_is_asked_again(void **state)
{
	struct snapshot *first = open_with(NULL), *same = NULL, *other = NULL;
	struct err err;

	(void)state;
	assert_int_equal(snapshot_with_keys(first, false,
			     &(struct report){ note, NULL }, &same, &err),
	    0);
	assert_ptr_equal(same->preflight.resolver, first->preflight.resolver);
	assert_int_equal(snapshot_with_keys(first, true,
			     &(struct report){ note, NULL }, &other, &err),
	    0);
	assert_non_null(other->preflight.resolver);
	assert_ptr_not_equal(
	    other->preflight.resolver, first->preflight.resolver);
	snapshot_unref(first);
	snapshot_unref(same);
	/* DNS that cannot be asked leaves all as it was. */
	assert_int_equal(unlink(path_of("zone")), 0);
	first = NULL;
	assert_int_equal(snapshot_with_keys(other, true,
			     &(struct report){ note, NULL }, &first, &err),
	    -1);
	assert_null(first);
	assert_string_equal(
	    signed_by(other, "alice@corp.example"), "corp.example");
	snapshot_unref(other);
}

static void
a_fault_that_nobody_reads_is_one_all_the_same(void **state)
{
	struct snapshot *first = NULL;
	struct config *config;
	struct err err;

	(void)state;
	assert_int_equal(config_read_text("test",
			     slice_format(&mem,
				 "domain = corp.example; keys = \"%s/keys\"\n"
				 "rights { tables = \"texthash:%s/rights\" }\n"
				 "sign { signed-headers = subject }\n",
				 directory, directory),
			     NULL, NULL, &config, &err),
	    0);
	write_file("rights", "alice corp.example;nothing\n");
	assert_int_equal(snapshot_new(config, NULL, NULL, &first, &err), -1);
	assert_null(first);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void
new_tables_come_without_new_keys(void **state)
{
	struct snapshot *first = open_with(NULL), *second = NULL;
	struct table *tables[1];
	struct err err;

	(void)state;
	assert_int_equal(
	    table_open_text(table_spec(table_set_at(first->tables, 0)),
		SLICE("bob@sister.example alice@corp.example\n"
		      "alice@third.example alice@corp.example\n"),
		&tables[0], &err),
	    0);
	make_key("third.example", "s");
	assert_int_equal(snapshot_with_tables(first, tables, &second, &err), 0);
	table_close(tables[0]);
	snapshot_unref(first);
	assert_int_equal(ask(second), TABLE_ABSENT);
	assert_string_equal(signed_by(second, "alice@third.example"), "-");
	assert_string_equal(
	    signed_by(second, "alice@corp.example"), "corp.example");
	snapshot_unref(second);
}

static int
open_with_secret(const struct snapshot *previous, mode_t mode,
    struct snapshot **ret_snapshot, struct err *err)
{
	struct config *config;

	write_file("secret", "0123456789abcdef\n");
	assert_int_equal(chmod(path_of("secret"), mode), 0);
	assert_int_equal(
	    config_read_text("test",
		slice_format(&mem,
		    "domain = corp.example\n"
		    "identify { methods = login-field; login-field = X-Login\n"
		    "login-secret = \"%s\" }\n",
		    path_of("secret")),
		NULL, NULL, &config, err),
	    0);
	return snapshot_new(config, previous, &(struct report){ note, NULL },
	    ret_snapshot, err);
}

/* The code of the reply at the end of the header; "" where it is accepted. */
static const char *
reply_with_secret(struct snapshot *snapshot)
{
	const struct mail_facts facts = { .path = SLICE("<>") };
	struct message *message = message_new(snapshot, &facts);
	struct verdict verdict = pipeline_mail(message);
	const char *code;

	assert_int_equal(verdict.action, ACTION_ACCEPT);
	message_add_header(
	    message, SLICE("X-Login"), SLICE(" 0123456789abcdef alice"));
	message_add_header(
	    message, SLICE("From"), SLICE(" alice@corp.example"));
	verdict = pipeline_header(message);
	code = verdict.code == NULL ? "" : verdict.code;
	message_free(message);
	return code;
}

static void
a_secret_is_read_with_the_configuration_alone(void **state)
{
	struct snapshot *first, *second = NULL, *third = NULL, *none = NULL;
	struct err err;

	(void)state;
	assert_int_equal(open_with_secret(NULL, 0600, &first, &err), 0);
	assert_string_equal(reply_with_secret(first), "");
	assert_int_equal(unlink(path_of("secret")), 0);
	assert_int_equal(snapshot_with_tables(first, NULL, &second, &err), 0);
	snapshot_unref(first);
	assert_int_equal(snapshot_with_keys(second, false,
			     &(struct report){ note, NULL }, &third, &err),
	    0);
	snapshot_unref(second);
	assert_string_equal(reply_with_secret(third), "");
	/* A reload takes over none that others can read, a start goes on. */
	assert_int_equal(errors, 0);
	assert_int_equal(open_with_secret(third, 0644, &none, &err), -1);
	assert_null(none);
	assert_int_equal(errors, 1);
	assert_int_equal(open_with_secret(NULL, 0644, &first, &err), 0);
	assert_int_equal(errors, 2);
	assert_string_equal(reply_with_secret(first), "451");
	snapshot_unref(first);
	assert_string_equal(reply_with_secret(third), "");
	snapshot_unref(third);
	assert_false(slice_has_text_nocase(
	    strbuf_slice(&reported), SLICE("0123456789abcdef")));
}

static void
a_message_keeps_the_snapshot_that_it_began_with(void **state)
{
	const struct mail_facts facts = { .path = SLICE("<>") };
	struct snapshot *first = open_with(NULL), *current;
	struct snapshot_slot slot;
	struct message *message;

	(void)state;
	snapshot_slot_init(&slot, first);
	current = snapshot_acquire(&slot);
	assert_ptr_equal(current, first);
	message = message_new(current, &facts);
	snapshot_unref(current);
	assert_int_equal(first->references, 2);
	snapshot_publish(&slot, open_with(first));
	current = snapshot_acquire(&slot);
	assert_ptr_not_equal(current, first);
	snapshot_unref(current);
	assert_ptr_equal(message_snapshot(message), first);
	assert_int_equal(first->references, 2);
	assert_int_equal(ask(message_snapshot(message)), TABLE_FOUND);
	/* It is freed by whoever changes snapshots, not by a message. */
	message_free(message);
	assert_int_equal(first->references, 1);
	assert_ptr_equal(slot.retired, first);
	snapshot_sweep(&slot);
	assert_null(slot.retired);
	snapshot_slot_done(&slot);
}

static void
domains_that_stay_are_not_worked_out_anew(void **state)
{
	struct snapshot *first = open_with(NULL), *second = open_with(first),
			*third;
	struct slice domain;

	(void)state;
	assert_ptr_equal(second->own, first->own);
	snapshot_unref(first);
	make_key("rnore.example", "s");
	third = open_with(second);
	assert_ptr_not_equal(third->own, second->own);
	snapshot_unref(second);
	assert_true(own_domains_look_like(
	    &third->own->domains, SLICE("rnore.exarnple"), &domain));
	check_slice("domain", domain, "rnore.example");
	snapshot_unref(third);
}

int
main(void)
{
#define SNAPSHOT_TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SNAPSHOT_TEST(a_configuration_is_opened_with_all_that_it_names),
		SNAPSHOT_TEST(every_fault_is_reported_and_nothing_is_opened),
		SNAPSHOT_TEST(a_reload_takes_over_what_did_not_change),
		SNAPSHOT_TEST(a_table_that_is_cut_is_reported),
		SNAPSHOT_TEST(
		    a_table_that_is_down_at_the_start_answers_nothing),
		SNAPSHOT_TEST(a_fault_in_one_key_is_of_its_domain_alone),
		SNAPSHOT_TEST(new_keys_come_without_the_edited_configuration),
		SNAPSHOT_TEST(forgotten_dns_is_asked_again),
		SNAPSHOT_TEST(a_fault_that_nobody_reads_is_one_all_the_same),
		SNAPSHOT_TEST(new_tables_come_without_new_keys),
		SNAPSHOT_TEST(a_secret_is_read_with_the_configuration_alone),
		SNAPSHOT_TEST(a_message_keeps_the_snapshot_that_it_began_with),
		SNAPSHOT_TEST(domains_that_stay_are_not_worked_out_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
