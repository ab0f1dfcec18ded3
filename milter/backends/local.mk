# SPDX-License-Identifier: BSD-2-Clause
# One module a source file: a shared object that the program loads when a table
# of its type is named. configure says which are built (MODULES).
moduledir = $(pkglibdir)
module_PROGRAMS = @MODULES@
COMPILE_MODULE = -std=c17 -fvisibility=hidden $(WARNING_CFLAGS) -fstack-protector-strong -fPIC $(SANITIZE_CFLAGS)
LINK_MODULE = $(SANITIZE_CFLAGS) -shared -Wl,-z,relro -Wl,-z,now
EXTRA_DIST += %D%/exports

.PHONY: modules
modules: $(module_PROGRAMS)
uninstall-hook:
	-rmdir "$(DESTDIR)$(moduledir)" 2> /dev/null
# The loader wants files that nobody else may write, whatever the umask is.
all-local: modules
	test -z '$(MODULES)' || chmod go-w milter/backends $(MODULES)
EXTRA_submilter_DEPENDENCIES = %D%/exports

EXTRA_PROGRAMS += %D%/ldap.so
%C%_ldap_so_SOURCES = %D%/ldap.c %D%/ldap_filter.c %D%/ldap_hosts.c \
	%D%/ldap_layer.c %D%/ldap_link.c %D%/ldap_priv.h %D%/ldap_search.c
%C%_ldap_so_CPPFLAGS = $(AM_CPPFLAGS) $(LDAP_CFLAGS)
%C%_ldap_so_CFLAGS = $(COMPILE_MODULE)
%C%_ldap_so_LDFLAGS = $(LINK_MODULE)
%C%_ldap_so_LDADD = $(LDAP_LIBS)

EXTRA_PROGRAMS += %D%/pgsql.so
%C%_pgsql_so_SOURCES = %D%/pgsql.c %D%/pgsql_link.c %D%/pgsql_priv.h
%C%_pgsql_so_CPPFLAGS = $(AM_CPPFLAGS) $(PGSQL_CFLAGS)
%C%_pgsql_so_CFLAGS = $(COMPILE_MODULE)
%C%_pgsql_so_LDFLAGS = $(LINK_MODULE)
%C%_pgsql_so_LDADD = $(PGSQL_LIBS)

EXTRA_PROGRAMS += %D%/mysql.so
%C%_mysql_so_SOURCES = %D%/mysql.c %D%/mysql_link.c %D%/mysql_priv.h
%C%_mysql_so_CPPFLAGS = $(AM_CPPFLAGS) $(MYSQL_CFLAGS)
%C%_mysql_so_CFLAGS = $(COMPILE_MODULE)
%C%_mysql_so_LDFLAGS = $(LINK_MODULE)
%C%_mysql_so_LDADD = $(MYSQL_LIBS)

EXTRA_PROGRAMS += %D%/sqlite.so
%C%_sqlite_so_SOURCES = %D%/sqlite.c
%C%_sqlite_so_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_sqlite_so_CFLAGS = $(COMPILE_MODULE)
%C%_sqlite_so_LDFLAGS = $(LINK_MODULE)
%C%_sqlite_so_LDADD = $(SQLITE_LIBS)

EXTRA_PROGRAMS += %D%/redis.so
%C%_redis_so_SOURCES = %D%/redis.c %D%/redis_server.c %D%/redis_cluster.c %D%/redis_priv.h
%C%_redis_so_CPPFLAGS = $(AM_CPPFLAGS) $(REDIS_CFLAGS)
%C%_redis_so_CFLAGS = $(COMPILE_MODULE)
%C%_redis_so_LDFLAGS = $(LINK_MODULE)
%C%_redis_so_LDADD = $(REDIS_LIBS)

EXTRA_PROGRAMS += %D%/memcache.so
%C%_memcache_so_SOURCES = %D%/memcache.c
%C%_memcache_so_CPPFLAGS = $(AM_CPPFLAGS) $(MEMCACHE_CFLAGS)
%C%_memcache_so_CFLAGS = $(COMPILE_MODULE)
%C%_memcache_so_LDFLAGS = $(LINK_MODULE)
%C%_memcache_so_LDADD = $(MEMCACHE_LIBS)

EXTRA_PROGRAMS += %D%/radius.so
nodist_%C%_radius_so_SOURCES = %D%/radius.c %D%/radius_association.c \
	%D%/radius_association.h %D%/radius_dtls.c %D%/radius_link.c \
	%D%/radius_packet.c %D%/radius_priv.h
%C%_radius_so_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_radius_so_CFLAGS = $(COMPILE_MODULE)
%C%_radius_so_LDFLAGS = $(LINK_MODULE)
%C%_radius_so_LDADD = -lssl -lcrypto

EXTRA_PROGRAMS += %D%/lmdb.so
%C%_lmdb_so_SOURCES = %D%/lmdb.c
%C%_lmdb_so_CPPFLAGS = $(AM_CPPFLAGS)
%C%_lmdb_so_CFLAGS = $(COMPILE_MODULE)
%C%_lmdb_so_LDFLAGS = $(LINK_MODULE)
%C%_lmdb_so_LDADD =

EXTRA_PROGRAMS += %D%/cdb.so
%C%_cdb_so_SOURCES = %D%/cdb.c
%C%_cdb_so_CPPFLAGS = $(AM_CPPFLAGS)
%C%_cdb_so_CFLAGS = $(COMPILE_MODULE)
%C%_cdb_so_LDFLAGS = $(LINK_MODULE)
%C%_cdb_so_LDADD =

EXTRA_PROGRAMS += %D%/bdb.so
%C%_bdb_so_SOURCES = %D%/bdb.c
%C%_bdb_so_CPPFLAGS = $(AM_CPPFLAGS) $(BDB_CFLAGS)
%C%_bdb_so_CFLAGS = $(COMPILE_MODULE)
%C%_bdb_so_LDFLAGS = $(LINK_MODULE)
%C%_bdb_so_LDADD = $(BDB_LIBS)
