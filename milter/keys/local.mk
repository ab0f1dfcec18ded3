# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/keys/key.h %D%/key_pem.c %D%/key_access.c \
	include/keys/keystore.h %D%/keystore.c %D%/keystore_open.c %D%/keystore_walk.c \
	%D%/keystore_priv.h %D%/domain_keys.c \
	%D%/key_names_priv.h %D%/key_names.c %D%/public_keys_priv.h %D%/public_keys.c \
	include/keys/key_source.h %D%/key_source_priv.h %D%/key_directory.c %D%/key_mark.c \
	include/keys/key_table.h %D%/key_table.c %D%/key_table_source.c %D%/key_table_check.c \
	%D%/signing_table.c %D%/key_sources.c \
	include/keys/key_folder.h %D%/key_folder.c \
	%D%/key_priv.h include/keys/key_crypto.h %D%/key_crypto.c \
	include/keys/key_choice.h %D%/key_choice.c \
	include/keys/key_status.h %D%/key_status.c \
	include/keys/key_history.h %D%/key_history.c %D%/key_history_priv.h \
	%D%/key_history_file.c %D%/key_history_write.c %D%/key_recall.c \
	include/keys/key_role.h %D%/key_role.c \
	include/keys/key_lookup.h %D%/key_lookup.c
