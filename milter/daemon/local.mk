# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/daemon/run.h %D%/run.c %D%/listener.c \
	%D%/key_watch.c %D%/key_watch_look.c %D%/key_watch_log.c %D%/key_watch_priv.h \
	%D%/key_watcher_priv.h %D%/key_hand_over.c \
	%D%/settle.c %D%/notify.c %D%/idle.c \
	include/daemon/account.h %D%/account.c include/daemon/socket.h %D%/socket.c \
	include/daemon/socket_directory.h %D%/socket_directory.c %D%/daemon_priv.h \
	include/daemon/status_file.h %D%/status_file.c %D%/status.c \
	%D%/status_priv.h %D%/table_watch.c \
	%D%/health.c %D%/health_priv.h \
	%D%/metrics_server.c %D%/metrics_text.c %D%/metrics_priv.h
