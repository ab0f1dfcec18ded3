# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/table/address_keys.h %D%/address_keys.c \
	include/table/table.h %D%/table.c %D%/table_priv.h \
	include/table/trace.h %D%/table_trace.c \
	include/table/backend.h include/table/module.h %D%/module.c \
	include/table/index_file.h %D%/index_file.c \
	%D%/index_map.c %D%/index_map_priv.h \
	include/table/record.h %D%/record.c include/table/table_set.h %D%/table_set.c \
	include/table/world.h %D%/world.c %D%/world_priv.h \
	%D%/cache.c %D%/cache_priv.h %D%/cache_store.c %D%/cache_store_priv.h \
	%D%/outage.c %D%/outage_priv.h \
	include/table/table_stats.h %D%/table_stats.c \
	%D%/table_down.c %D%/table_text.c %D%/table_text_priv.h \
	include/table/text_source.h %D%/text_source.c \
	include/table/database.h %D%/database.c %D%/database_priv.h \
	%D%/database_source.c %D%/database_template.c %D%/domain_list.c \
	include/table/sql.h %D%/sql.c %D%/sql_priv.h %D%/sql_tokens.c \
	%D%/table_file.c %D%/table_file_priv.h %D%/table_values.c \
	%D%/patterns.c %D%/patterns_priv.h \
	%D%/table_cidr.c %D%/table_pcre.c %D%/table_regexp.c \
	%D%/table_fold.c %D%/table_list.c %D%/table_parts.c \
	%D%/table_parts_priv.h %D%/table_inline.c %D%/table_unionmap.c \
	%D%/table_pipemap.c include/table/server.h %D%/server.c \
	%D%/server_hosts.c %D%/server_hosts_priv.h \
	include/table/server_replies.h %D%/server_table.c \
	%D%/server_table_priv.h include/table/stream.h %D%/stream.c %D%/stream_tls.c %D%/stream_priv.h \
	include/table/tls_setup.h %D%/tls_setup.c \
	include/table/hosts.h %D%/hosts.c %D%/hosts_priv.h %D%/host_resolve.c \
	%D%/hosts_srv.c \
	%D%/table_socketmap.c %D%/table_tcp.c %D%/table_static.c %D%/table_texthash.c \
	%D%/table_dataset.c %D%/wildcard_index.c %D%/wildcard_index_priv.h
