/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter config --diff": the options on the disk beside those in force. */
#include <stdio.h>

#include "cli/options.h"
#include "config_show_priv.h"
#include "running_priv.h"

enum { SHOWN_OCTETS = 4096 };

/* An option that is not the same; one side may not know it. */
struct difference {
	const char *name;
	struct slice running;		    /* no data: it has no such option */
	struct slice disk;		    /* the same */
	const struct config_option *option; /* on the disk; NULL: none */
};

struct differences {
	struct difference *items;
	size_t count;
	size_t restarts; /* how many of them take one */
};

static const struct status_option *
find_running(const struct status *status, const char *name)
{
	for (size_t i = 0; i < status->option_count; i++) {
		if (slice_eq(status->options[i].name, slice_of(name)))
			return &status->options[i];
	}
	return NULL;
}

static bool
is_on_disk(const struct config_option *list, size_t count, struct slice running)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(slice_of(list[i].name), running))
			return true;
	}
	return false;
}

/*
 * What only one of them knows takes a restart: it is of another version of the
 * program.
 */
static void
find_differences(const struct config *config, const struct status *status,
    struct arena *mem, struct differences *found)
{
	size_t count;
	const struct config_option *list = config_options(config, mem, &count);

	*found = (struct differences){ .items = arena_array(mem,
					   count + status->option_count,
					   sizeof(found->items[0])) };
	for (size_t i = 0; i < count; i++) {
		struct slice value = status_option_value(list[i].value, mem);
		const struct status_option *running =
		    find_running(status, list[i].name);

		if (running != NULL && slice_eq(running->value, value))
			continue;
		found->items[found->count] = (struct difference){
			.name = list[i].name,
			.disk = value,
			.option = &list[i],
		};
		if (running != NULL)
			found->items[found->count].running = running->value;
		found->restarts += running == NULL || list[i].restart;
		found->count++;
	}
	for (size_t i = 0; i < status->option_count; i++) {
		const struct status_option *running = &status->options[i];

		if (is_on_disk(list, count, running->name))
			continue;
		found->items[found->count++] = (struct difference){
			.name = escape(mem, running->name, SHOWN_OCTETS),
			.running = running->value,
		};
		found->restarts++;
	}
}

static const char *
takes(const struct difference *d)
{
	return d->running.data == NULL || d->option == NULL ||
		d->option->restart ?
	    "restart" :
	    "reload";
}

/* As a configuration writes it, like the other side; not if it holds controls. */
static const char *
value_shown(struct slice value, struct arena *mem)
{
	return slice_is_utf8(value) && !slice_has_control(value) ?
	    slice_cstr(mem, value) :
	    running_shown(value, mem);
}

static void
diff_text(const struct differences *found, const struct status *status,
    const struct config_request *request, struct arena *mem)
{
	struct strbuf buf;

	if (found->count == 0)
		return;
	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "--- the running milter, process %ld\n+++ %s\n",
	    (long)status->pid,
	    escape(mem, slice_of(request->path), SHOWN_OCTETS));
	for (size_t i = 0; i < found->count; i++) {
		const struct difference *d = &found->items[i];

		if (d->running.data != NULL)
			strbuf_addf(&buf, "-%s = %s\n", d->name,
			    value_shown(d->running, mem));
		if (d->option == NULL)
			continue;
		strbuf_addf(&buf, "+%s = %.*s  # %s%stakes a %s\n", d->name,
		    SLICE_ARGS(d->disk), config_place(d->option, mem),
		    d->option->file == NULL ? "" : ", ", takes(d));
	}
	strbuf_addf(&buf, "# %zu option%s differ%s", found->count,
	    found->count == 1 ? "" : "s", found->count == 1 ? "s" : "");
	if (found->restarts > 0)
		strbuf_addf(&buf, ", of which %zu take%s a restart",
		    found->restarts, found->restarts == 1 ? "s" : "");
	strbuf_add_char(&buf, '\n');
	command_print(&buf);
}

static void
add_side(struct strbuf *buf, const char *name, struct slice value)
{
	strbuf_addf(buf, ",\"%s\":", name);
	if (value.data == NULL)
		strbuf_add_cstr(buf, "null");
	else
		json_append(buf, value);
}

static void
diff_json(const struct differences *found, const struct status *status,
    const struct config_request *request, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_cstr(&buf, "{\"config\":");
	json_append(&buf, slice_of(request->path));
	strbuf_addf(&buf, ",\"pid\":%ld,\"same\":%s,\"differences\":[",
	    (long)status->pid, found->count == 0 ? "true" : "false");
	for (size_t i = 0; i < found->count; i++) {
		const struct difference *d = &found->items[i];

		strbuf_add_cstr(
		    &buf, i == 0 ? "\n {\"name\":" : ",\n {\"name\":");
		json_append(&buf, slice_of(d->name));
		add_side(&buf, "running", d->running);
		add_side(&buf, "disk", d->disk);
		if (d->option != NULL)
			config_place_json(&buf, d->option);
		strbuf_addf(&buf, ",\"takes\":\"%s\"}", takes(d));
	}
	strbuf_add_cstr(&buf, "]}\n");
	command_print(&buf);
}

int
config_diff(const struct config_request *request, const struct config *config,
    struct arena *mem)
{
	const struct running running = { config->main.status_file,
		request->path };
	struct differences found;
	struct status status;

	/* Without a milter there is nothing to compare with. */
	if (running_find(&running, mem, &status) != EXIT_YES)
		return EXIT_LATER;
	if (status.option_count == 0) {
		command_say("the running milter is of a version "
			    "that does not say its options: restart it");
		return EXIT_LATER;
	}
	find_differences(config, &status, mem, &found);
	if (request->json)
		diff_json(&found, &status, request, mem);
	else
		diff_text(&found, &status, request, mem);
	return found.count == 0 ? EXIT_YES : EXIT_NO;
}
