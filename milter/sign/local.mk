# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/sign/keys.h \
	include/sign/signer.h
