# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/daemon/run.h %D%/run.c %D%/key_watch.c %D%/listener.c %D%/key_directory.c %D%/settle.c \
	include/daemon/account.h %D%/account.c include/daemon/socket.h %D%/socket.c \
	include/daemon/socket_directory.h %D%/socket_directory.c %D%/daemon_priv.h
