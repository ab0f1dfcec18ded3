/* SPDX-License-Identifier: BSD-2-Clause */
/* The report as one page of HTML, without scripts and without other files. */
#include <inttypes.h>

#include "config.h"
#include "report_priv.h"

/*
 * What the page may load is said in it: nothing. Both schemes of colours keep a
 * contrast of at least 4.5 between text and ground.
 */
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<title>submilter report</title>\n"
    "<style>\n"
    ":root{--bg:#fff;--fg:#1d2329;--dim:#57606a;--line:#d5dae0;--ok:#2f6fb3;"
    "--no:#b3402f;--bar:#dbe7f4}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ec;"
    "--dim:#a3adb8;--line:#39424c;--ok:#6ba5e0;--no:#ea8370;--bar:#22374d}}\n"
    "body{background:var(--bg);color:var(--fg);font:16px/1.45 system-ui,"
    "sans-serif;margin:0 auto;max-width:64rem;padding:1rem}\n"
    "h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 "
    ".2rem}\n"
    "p{color:var(--dim);margin:.2rem 0 .6rem;overflow-wrap:anywhere}\n"
    ".n{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,"
    "minmax(8.5rem,1fr));margin:1rem 0;padding:0}\n"
    ".n div{border:1px solid var(--line);border-radius:.4rem;"
    "padding:.5rem .7rem}\n"
    ".n b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}\n"
    ".n span,small{color:var(--dim);font-size:.85rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{border-bottom:1px solid var(--line);padding:.3rem .5rem;"
    "text-align:right;vertical-align:top;font-variant-numeric:tabular-nums}\n"
    "th{color:var(--dim);font-size:.85rem;font-weight:600}\n"
    "th:first-child,td:first-child{text-align:left;width:70%;"
    "overflow-wrap:anywhere;padding-left:0}\n"
    "td small{display:block}\n"
    ".b{background:var(--bar);border-radius:.2rem;height:.35rem;"
    "margin-top:.2rem}\n"
    "svg{display:block;height:auto;max-width:100%;width:100%}\n"
    "svg text{fill:var(--dim);font-size:15px}\n"
    "@media(max-width:40rem){svg text{font-size:25px}}\n"
    ".ok{fill:var(--ok)}.no{fill:var(--no)}.ax{stroke:var(--line)}\n"
    "i{border-radius:.2rem;display:inline-block;height:.7rem;"
    "margin-right:.3rem;width:.7rem}\n"
    "</style></head><body>\n<h1>submilter report</h1>\n";

static void
add_text(struct strbuf *buf, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '<')
			strbuf_add_cstr(buf, "&lt;");
		else if (c == '>')
			strbuf_add_cstr(buf, "&gt;");
		else if (c == '&')
			strbuf_add_cstr(buf, "&amp;");
		else if (c == '"')
			strbuf_add_cstr(buf, "&quot;");
		else
			strbuf_add_char(buf, c);
	}
}

/* One number of the first lines, and that of the period before. */
static void
add_number(const struct survey *survey, struct strbuf *buf, const char *name,
    uint64_t now, uint64_t before)
{
	strbuf_addf(buf, "<div><span>%s</span><b>%" PRIu64 "</b>", name, now);
	if (survey_compares(survey))
		strbuf_addf(buf, "<span>before: %" PRIu64, before);
	if (survey_compares(survey) && before != 0)
		strbuf_addf(buf, " (%+.0f%%)",
		    100 * ((double)now - (double)before) / (double)before);
	strbuf_add_cstr(
	    buf, survey_compares(survey) ? "</span></div>\n" : "</div>\n");
}

static void
add_ms(const struct survey *survey, struct strbuf *buf, unsigned int permille)
{
	strbuf_addf(buf, "<div><span>%g%% within</span><b>%.1f ms</b>",
	    (double)permille / 10,
	    (double)histogram_at(&survey->periods[0].ms, permille) / 10);
	if (survey_compares(survey))
		strbuf_addf(buf, "<span>before: %.1f ms</span>",
		    (double)histogram_at(&survey->periods[1].ms, permille) /
			10);
	strbuf_add_cstr(buf, "</div>\n");
}

static void
add_numbers(const struct survey *survey, struct strbuf *buf)
{
	const struct survey_period *now = &survey->periods[0],
				   *before = &survey->periods[1];
	static const char *const names[SURVEY_ACTIONS] = { "went on", "refused",
		"put off (451)", "held" };

	strbuf_add_cstr(buf, "<div class=\"n\">\n");
	add_number(survey, buf, "messages", now->messages, before->messages);
	add_number(survey, buf, "recipients", now->rcpts, before->rcpts);
	for (size_t i = 0; i < SURVEY_ACTIONS; i++)
		add_number(
		    survey, buf, names[i], now->actions[i], before->actions[i]);
	add_number(survey, buf, "only watched", now->would, before->would);
	add_number(survey, buf, "signed", now->signed_now, before->signed_now);
	add_number(survey, buf, "repaired", now->repaired, before->repaired);
	strbuf_add_cstr(buf, "</div>\n");
}

static void
add_period(const struct survey *survey, struct strbuf *buf)
{
	bool compares = survey_compares(survey);
	int64_t from = compares ? survey->since : survey->first;
	int64_t to = compares ? survey->until : survey->last;

	strbuf_add_cstr(buf, "<p>");
	if (to != 0) {
		strbuf_add(buf, report_time(buf->mem, from));
		strbuf_add_cstr(buf, " to ");
		strbuf_add(buf, report_time(buf->mem, to));
		strbuf_add_cstr(buf,
		    compares ? ", compared with as long before it. " : ". ");
	}
	strbuf_addf(buf,
	    "%" PRIu64 " lines were read: %" PRIu64 " of messages, %" PRIu64
	    " others of the milter, %" PRIu64 " of other programs.",
	    survey->counts.lines, survey->counts.messages,
	    survey->counts.others, survey->counts.foreign);
	if (survey->counts.unknown != 0) {
		strbuf_addf(buf,
		    " %" PRIu64
		    " lines were not understood, and are not counted; the "
		    "first: ",
		    survey->counts.unknown);
		add_text(buf, slice_of(survey->counts.unknown_line));
	}
	if (survey->counts.cut != 0)
		strbuf_addf(buf, " A logger cut %" PRIu64 " lines.",
		    survey->counts.cut);
	if (survey->counts.untimed != 0)
		strbuf_addf(buf, " %" PRIu64 " messages have no time.",
		    survey->counts.untimed);
	if (survey->outside != 0)
		strbuf_addf(buf, " %" PRIu64 " messages are of other times.",
		    survey->outside);
	if (survey->counts.failed != 0)
		strbuf_addf(buf,
		    " <strong>%" PRIu64
		    " files could not be read, or not to the end.</strong>",
		    survey->counts.failed);
	strbuf_add_cstr(buf, "</p>\n");
}

static void
add_row(const struct survey *survey, const struct survey_form *form,
    const struct census_item *item, uint64_t most, struct strbuf *buf)
{
	strbuf_add_cstr(buf, "<tr><td>");
	add_text(buf, census_name(item));
	if (item->sample_len != 0) {
		strbuf_add_cstr(buf, "<small>qid ");
		add_text(buf, census_sample(item));
		strbuf_add_cstr(buf, "</small>");
	}
	strbuf_addf(buf, "<div class=\"b\" style=\"width:%.1f%%\"></div></td>",
	    most == 0 ? 0 : 100 * (double)item->count[0] / (double)most);
	strbuf_addf(buf, "<td>%" PRIu64 "</td>", item->count[0]);
	if (survey_compares(survey))
		strbuf_addf(buf, "<td>%" PRIu64 "</td>", item->count[1]);
	if (form->marked != NULL)
		strbuf_addf(buf, "<td>%" PRIu64 "</td>", item->marked[0]);
	strbuf_add_cstr(buf, "</tr>\n");
}

static void
add_table(
    const struct report_view *view, enum survey_table id, struct strbuf *buf)
{
	const struct survey_form *form = &survey_forms[id];
	const struct census *census = &view->survey->tables[id];

	if (census->count == 0)
		return;
	strbuf_addf(buf, "<h2 id=\"%s\">%s</h2>\n<p>%s", form->name,
	    form->title, form->text);
	if (census->left_out != 0)
		strbuf_addf(buf,
		    " There are too many names: rare ones are left out, and a "
		    "count may be up to %" PRIu64 " too low.",
		    census->missing);
	if (census->count > view->rows)
		strbuf_addf(buf, " %zu more names are not shown.",
		    census->count - view->rows);
	strbuf_addf(
	    buf, "</p>\n<table><tr><th>%s</th><th>messages</th>", form->what);
	if (survey_compares(view->survey))
		strbuf_add_cstr(buf, "<th>before</th>");
	if (form->marked != NULL)
		strbuf_addf(buf, "<th>%s</th>", form->marked);
	strbuf_add_cstr(buf, "</tr>\n");
	for (size_t i = 0; i < census->count && i < view->rows; i++)
		add_row(view->survey, form, &census->items[i],
		    census->items[0].count[0], buf);
	strbuf_add_cstr(buf, "</table>\n");
}

void
report_print_html(const struct report_view *view, struct strbuf *buf)
{
	static const unsigned int permille[] = { 500, 900, 990, 999 };
	const struct survey *survey = view->survey;

	strbuf_add_cstr(buf, head);
	add_period(survey, buf);
	add_numbers(survey, buf);
	report_plot_times(survey, buf);
	for (size_t i = 0; i < SURVEY_TABLES; i++)
		add_table(view, (enum survey_table)i, buf);
	strbuf_add_cstr(buf,
	    "<h2>How long the milter worked on a message</h2>\n"
	    "<div class=\"n\">\n");
	for (size_t i = 0; i < 4; i++)
		add_ms(survey, buf, permille[i]);
	strbuf_add_cstr(buf, "</div>\n");
	report_plot_ms(survey, buf);
	strbuf_add_cstr(buf,
	    "<p>Made by submilter " SUBMILTER_VERSION "; \"submilter explain "
	    "QID\" says more of one message.</p>\n</body></html>\n");
}
