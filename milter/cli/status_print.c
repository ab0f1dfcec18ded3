/* SPDX-License-Identifier: BSD-2-Clause */
/* What "submilter status" prints, for people and as JSON. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shell.h"
#include "base/terminal.h"
#include "cli/options.h"
#include "status_priv.h"

/* In UTC, as in the files of states. */
static const char *
time_text(time_t when, struct arena *mem)
{
	char text[32];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		return "at no time";
	return slice_cstr(mem, slice_of(text));
}

/* Text from the file, safe on a terminal. */
static const char *
status_print_shown(struct slice text, struct arena *mem)
{
	return escape(mem, text, 1000);
}

/* A word that must be seen. */
static const char *
status_toned(enum tone tone, const char *word, struct arena *mem)
{
	return toned(terminal_has_colours(STDOUT_FILENO), tone, word, mem);
}

/* The commands for the configuration that runs, which may not be systemd's. */
static void
show_remedy(const struct status *status, struct arena *mem)
{
	const char *path =
	    shell_quoted(mem, status_print_shown(status->config_path, mem));

	if (slice_eq(status->config_path, SLICE(DEFAULT_CONFIG_FILE)))
		printf("               to use it: submilter check && systemctl "
		       "reload submilter\n");
	else
		printf("               to use it: submilter check -c %s && "
		       "submilter reload -c %s\n",
		    path, path);
}

/* The configuration, tables and keys that are in force. */
static void
show_in_force(const struct status_view *view, struct arena *mem)
{
	const struct status *status = &view->status;
	const char *before = ": ";

	printf("configuration  %s, in force since %s\n",
	    status_print_shown(status->config_path, mem),
	    time_text(status->loaded, mem));
	for (size_t i = 0; i < view->difference_count; i++)
		printf("               %s: %s: %s since then\n",
		    status_toned(TONE_BAD, "NOT in force", mem),
		    status_print_shown(view->differences[i].path, mem),
		    view->differences[i].how);
	if (view->disk_fault.len != 0)
		printf("               on the disk: %s\n",
		    status_print_shown(view->disk_fault, mem));
	else if (view->difference_count == 0)
		printf("               as it stands on the disk\n");
	else
		show_remedy(status, mem);
	if (status->after_restart.len != 0)
		printf("               %s: %s\n",
		    status_toned(TONE_WARN, "waits for a restart", mem),
		    status_print_shown(status->after_restart, mem));
	if (status->reload_at == 0)
		printf("last reload    none since the start\n");
	else
		printf("last reload    %s: %s%s\n",
		    time_text(status->reload_at, mem),
		    status->reload_refused ?
			status_toned(TONE_BAD, "REFUSED: ", mem) :
			"done",
		    status->reload_refused ?
			status_print_shown(status->reload_reason, mem) :
			"");
	for (size_t i = 0; i < status->table_count; i++) {
		const struct status_table *table = &status->tables[i];

		printf("%-15s%s", i == 0 ? "tables" : "",
		    status_print_shown(table->spec, mem));
		if (table->rows == STATUS_NO_ROWS)
			printf("\n");
		else
			printf(": %zu row%s\n", table->rows,
			    table->rows == 1 ? "" : "s");
	}
	if (status->tables_fault.len != 0)
		printf("               %s: %s\n",
		    status_toned(TONE_BAD, "NOT in force", mem),
		    status_print_shown(status->tables_fault, mem));
	printf("keys           %zu of %zu domain%s", status->keys,
	    status->domains, status->domains == 1 ? "" : "s");
	for (size_t i = 0; i < STATUS_KEY_USES; i++) {
		if (status->key_uses[i] == 0)
			continue;
		printf("%s%zu %s", before, status->key_uses[i],
		    status_toned(key_role_tone((enum key_role)i),
			key_role_name((enum key_role)i), mem));
		before = ", ";
	}
	printf("\n");
}

void
status_show(const struct status_view *view, struct arena *mem)
{
	const struct status *status = &view->status;
	const struct tally *tally = &status->tally;
	long long age = (long long)(clock_now() - status->started);
	const char *unit = age < 120 ? "s" :
	    age < 7200		     ? "min" :
	    age < 172800	     ? "h" :
				       "days";

	if (!view->found) {
		printf("submilter %s: there is no %s\n",
		    status_toned(TONE_BAD, "does not run", mem), view->path);
		return;
	}
	if (!view->running) {
		printf("submilter %s: process %ld, which wrote %s, "
		       "has gone without an orderly end\n",
		    status_toned(TONE_BAD, "does not run", mem),
		    (long)status->pid, view->path);
		return;
	}
	age = age < 0	 ? 0 :
	    age < 120	 ? age :
	    age < 7200	 ? age / 60 :
	    age < 172800 ? age / 3600 :
			   age / 86400;
	printf("%s        process %ld, version %s, since %s (%lld %s)\n",
	    status_toned(TONE_GOOD, "running", mem), (long)status->pid,
	    status_print_shown(status->version, mem),
	    time_text(status->started, mem), age, unit);
	printf("listens on     %s\n", status_print_shown(status->listen, mem));
	show_in_force(view, mem);
	printf("messages       %lu accept, %lu reject, %lu tempfail, %lu "
	       "hold, since the start\n",
	    tally->counts[ACTION_ACCEPT], tally->counts[ACTION_REJECT],
	    tally->counts[ACTION_TEMPFAIL], tally->counts[ACTION_HOLD]);
	if (status->accounting.is_on)
		printf("accounting     %lu sent, %lu wait, %lu lost\n",
		    status->accounting.sent, status->accounting.waiting,
		    status->accounting.lost);
	for (size_t i = 0; i < tally->last_count; i++) {
		const struct tally_entry *entry = &tally->last[i];

		printf("%-15s%s %s%s%s%s%s\n", i == 0 ? "the last ones" : "",
		    time_text(entry->when, mem), action_name(entry->action),
		    entry->reason[0] == '\0' ? "" : " ",
		    status_print_shown(slice_of(entry->reason), mem),
		    entry->qid[0] == '\0' ? "" : " qid=",
		    status_print_shown(slice_of(entry->qid), mem));
	}
}

static void
status_print_json_text(struct strbuf *buf, const char *name, struct slice value)
{
	strbuf_addf(buf, ",\"%s\":", name);
	json_append(buf, value);
}

static void
json_number(struct strbuf *buf, const char *name, unsigned long long number)
{
	strbuf_addf(buf, ",\"%s\":%llu", name, number);
}

/* The configuration and tables that are in force. */
static void
json_in_force(struct strbuf *buf, const struct status_view *view)
{
	const struct status *status = &view->status;

	status_print_json_text(buf, "config", status->config_path);
	json_number(buf, "loaded", (unsigned long long)status->loaded);
	strbuf_addf(buf, ",\"current\":%s,\"compared\":%s,\"differences\":[",
	    status_is_current(view) ? "true" : "false",
	    view->compared ? "true" : "false");
	for (size_t i = 0; i < view->difference_count; i++) {
		strbuf_addf(buf, "%s{\"how\":\"%s\"", i == 0 ? "" : ",",
		    view->differences[i].how);
		status_print_json_text(buf, "file", view->differences[i].path);
		strbuf_add_char(buf, '}');
	}
	strbuf_add_char(buf, ']');
	status_print_json_text(buf, "disk_fault", view->disk_fault);
	status_print_json_text(buf, "after_restart", status->after_restart);
	strbuf_addf(buf, ",\"reload\":{\"result\":\"%s\"",
	    status->reload_at == 0     ? "none" :
		status->reload_refused ? "refused" :
					 "ok");
	json_number(buf, "at", (unsigned long long)status->reload_at);
	json_number(buf, "count", status->reloads_done);
	status_print_json_text(buf, "reason", status->reload_reason);
	strbuf_add_cstr(buf, "},\"tables\":[");
	for (size_t i = 0; i < status->table_count; i++) {
		strbuf_addf(buf, "%s{\"rows\":%s", i == 0 ? "" : ",",
		    status->tables[i].rows == STATUS_NO_ROWS ?
			"null" :
			slice_format(buf->mem, "%zu", status->tables[i].rows)
			    .data);
		status_print_json_text(buf, "table", status->tables[i].spec);
		strbuf_add_char(buf, '}');
	}
	strbuf_add_char(buf, ']');
	status_print_json_text(buf, "tables_fault", status->tables_fault);
}

void
status_show_json(const struct status_view *view, struct arena *mem)
{
	const struct status *status = &view->status;
	const struct tally *tally = &status->tally;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "{\"running\":%s", view->running ? "true" : "false");
	status_print_json_text(&buf, "status_file", slice_of(view->path));
	if (!view->running) {
		strbuf_add_cstr(&buf, "}\n");
		command_print(&buf);
		return;
	}
	json_number(&buf, "pid", (unsigned long long)status->pid);
	status_print_json_text(&buf, "version", status->version);
	json_number(&buf, "started", (unsigned long long)status->started);
	status_print_json_text(&buf, "listen", status->listen);
	json_in_force(&buf, view);
	json_number(&buf, "domains", status->domains);
	json_number(&buf, "keys", status->keys);
	strbuf_add_cstr(&buf, ",\"key_uses\":{");
	for (size_t i = 0; status->keys_are_watched && i < STATUS_KEY_USES; i++)
		strbuf_addf(&buf, "%s\"%s\":%zu", i == 0 ? "" : ",",
		    key_role_name((enum key_role)i), status->key_uses[i]);
	strbuf_add_cstr(&buf, "},\"messages\":{");
	for (size_t i = 0; i < TALLY_ACTIONS; i++)
		strbuf_addf(&buf, "%s\"%s\":%lu", i == 0 ? "" : ",",
		    action_name((enum action)i), tally->counts[i]);
	strbuf_add_char(&buf, '}');
	if (status->accounting.is_on)
		strbuf_addf(&buf,
		    ",\"accounting\":{\"sent\":%lu,\"waiting\":%lu,"
		    "\"lost\":%lu}",
		    status->accounting.sent, status->accounting.waiting,
		    status->accounting.lost);
	strbuf_add_cstr(&buf, ",\"last\":[");
	for (size_t i = 0; i < tally->last_count; i++) {
		const struct tally_entry *entry = &tally->last[i];

		strbuf_addf(&buf, "%s{\"at\":%lld,\"action\":\"%s\"",
		    i == 0 ? "" : ",", (long long)entry->when,
		    action_name(entry->action));
		status_print_json_text(&buf, "reason", slice_of(entry->reason));
		status_print_json_text(&buf, "qid", slice_of(entry->qid));
		strbuf_add_char(&buf, '}');
	}
	strbuf_add_char(&buf, ']');
	json_number(&buf, "written", (unsigned long long)status->written);
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}
