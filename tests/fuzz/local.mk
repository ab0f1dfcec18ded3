# SPDX-License-Identifier: BSD-2-Clause
# Fuzz targets: fuzz_X.c with corpus/X/. Built with --enable-fuzzers they are
# libFuzzer programs:
#	tests/fuzz/fuzz_config -max_total_time=60 NEW-DIR ../tests/fuzz/corpus/config
# and otherwise programs that replay files; "make check" replays the corpus.
# A new target needs the three lines that fuzz_config has.
fuzz_targets =
if FUZZERS
fuzz_main =
else
fuzz_main = tests/fuzz/replay.c
endif
fuzz_target_ldflags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

fuzz_targets += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_config_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_address
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_address_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_address_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_decode
tests_fuzz_fuzz_decode_SOURCES = tests/fuzz/fuzz_decode.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_decode_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_decode_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_display
tests_fuzz_fuzz_display_SOURCES = tests/fuzz/fuzz_display.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_display_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_display_LDADD = $(SUBMILTER_LDADD)

# The sources once more, with a call at each basic block: what a header costs is
# counted.
if COST_TEST
check_LIBRARIES = tests/fuzz/libcost.a
tests_fuzz_libcost_a_SOURCES = $(libsubmilter_a_SOURCES)
tests_fuzz_libcost_a_CFLAGS = $(AM_CFLAGS) -fsanitize-coverage=trace-pc
fuzz_targets += tests/fuzz/fuzz_cost
tests_fuzz_fuzz_cost_SOURCES = tests/fuzz/fuzz_cost.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_cost_LDFLAGS = $(fuzz_target_ldflags) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free \
	-Wl,--wrap=__sanitizer_cov_trace_pc
tests_fuzz_fuzz_cost_LDADD = tests/fuzz/libcost.a $(SUBMILTER_LDADD)
endif

fuzz_targets += tests/fuzz/fuzz_dns
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz_dns.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_dns_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_dns_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_message
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_message_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_mime
tests_fuzz_fuzz_mime_SOURCES = tests/fuzz/fuzz_mime.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_mime_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_mime_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_policy
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_policy_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_policy_LDADD = $(SUBMILTER_LDADD)
fuzz_targets += tests/fuzz/fuzz_spf
tests_fuzz_fuzz_spf_SOURCES = tests/fuzz/fuzz_spf.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_spf_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_spf_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_stamp
tests_fuzz_fuzz_stamp_SOURCES = tests/fuzz/fuzz_stamp.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_stamp_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_stamp_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_states
tests_fuzz_fuzz_states_SOURCES = tests/fuzz/fuzz_states.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_states_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_states_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_log
tests_fuzz_fuzz_log_SOURCES = tests/fuzz/fuzz_log.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_log_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_log_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_import
tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz_import.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_import_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_import_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_table
tests_fuzz_fuzz_table_SOURCES = tests/fuzz/fuzz_table.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_table_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_table_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_server
tests_fuzz_fuzz_server_SOURCES = tests/fuzz/fuzz_server.c tests/fuzz/fuzz.h $(fuzz_main)
nodist_tests_fuzz_fuzz_server_SOURCES = milter/backends/memcache.c
tests_fuzz_fuzz_server_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_server_LDADD = $(SUBMILTER_LDADD)

fuzz_targets += tests/fuzz/fuzz_radius
tests_fuzz_fuzz_radius_SOURCES = tests/fuzz/fuzz_radius.c tests/fuzz/fuzz.h $(fuzz_main)
nodist_tests_fuzz_fuzz_radius_SOURCES = milter/backends/radius_packet.c
tests_fuzz_fuzz_radius_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_radius_LDADD = $(SUBMILTER_LDADD)

if REDIS
fuzz_targets += tests/fuzz/fuzz_redis
tests_fuzz_fuzz_redis_SOURCES = tests/fuzz/fuzz_redis.c tests/fuzz/fuzz.h $(fuzz_main)
nodist_tests_fuzz_fuzz_redis_SOURCES = milter/backends/redis_server.c milter/backends/redis_cluster.c
tests_fuzz_fuzz_redis_CPPFLAGS = $(AM_CPPFLAGS) $(REDIS_CFLAGS)
tests_fuzz_fuzz_redis_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_redis_LDADD = $(SUBMILTER_LDADD) $(REDIS_LIBS)
endif

fuzz_targets += tests/fuzz/fuzz_database
tests_fuzz_fuzz_database_SOURCES = tests/fuzz/fuzz_database.c tests/fuzz/fuzz.h $(fuzz_main)
tests_fuzz_fuzz_database_LDFLAGS = $(fuzz_target_ldflags)
tests_fuzz_fuzz_database_LDADD = $(SUBMILTER_LDADD)

check_PROGRAMS += $(fuzz_targets)
dist_check_SCRIPTS += tests/fuzz/check-corpus.sh
EXTRA_DIST += tests/fuzz/corpus
