# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/dns/test_record tests/unit/dns/test_resolver_zone
tests_unit_dns_test_record_SOURCES = tests/unit/dns/test_record.c
tests_unit_dns_test_record_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_dns_test_record_LDADD = $(TEST_LDADD)
tests_unit_dns_test_resolver_zone_SOURCES = tests/unit/dns/test_resolver_zone.c
tests_unit_dns_test_resolver_zone_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_dns_test_resolver_zone_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/dns/test_bounded
tests_unit_dns_test_bounded_SOURCES = tests/unit/dns/test_bounded.c
tests_unit_dns_test_bounded_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_dns_test_bounded_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/dns/test_resolver_unbound
tests_unit_dns_test_resolver_unbound_SOURCES = tests/unit/dns/test_resolver_unbound.c
tests_unit_dns_test_resolver_unbound_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_dns_test_resolver_unbound_LDADD = $(TEST_LDADD)
