# SPDX-License-Identifier: BSD-2-Clause
# What is installed beside the program, and what goes into a release.

popdir = $(docdir)/pop-before-smtp
dist_pop_DATA = %D%/pop-before-smtp/note-login \
	%D%/pop-before-smtp/dovecot-note-login.conf \
	%D%/pop-before-smtp/dovecot-last-login.conf \
	%D%/pop-before-smtp/pop-dict.conf.ext %D%/pop-before-smtp/pop.sql \
	%D%/pop-before-smtp/pop-redis.cf %D%/pop-before-smtp/pop-sqlite.cf

# Debian has another directory for zsh: debian/rules says so.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_bashcomp_DATA = %D%/completions/submilter
dist_zshcomp_DATA = %D%/completions/_submilter
dist_fishcomp_DATA = %D%/completions/submilter.fish

# Files that name directories are made by make, because configure leaves
# ${prefix} in them.
packaging_made = packaging/submilter.conf packaging/submilter.service \
	packaging/submilter.tmpfiles packaging/socket-directory
packaging_fill = $(AM_V_GEN)$(MKDIR_P) packaging && \
	sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|@docdir[@]|$(docdir)|g' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e 's|@SERVICE_TYPE[@]|$(SERVICE_TYPE)|g'

packaging/submilter.conf: $(srcdir)/packaging/submilter.conf.in Makefile
	$(packaging_fill) $(srcdir)/packaging/submilter.conf.in > $@.tmp && mv $@.tmp $@
packaging/submilter.service: $(srcdir)/packaging/submilter.service.in Makefile
	$(packaging_fill) $(srcdir)/packaging/submilter.service.in > $@.tmp && mv $@.tmp $@
packaging/submilter.tmpfiles: $(srcdir)/packaging/submilter.tmpfiles.in Makefile
	$(packaging_fill) $(srcdir)/packaging/submilter.tmpfiles.in > $@.tmp && mv $@.tmp $@
packaging/socket-directory: $(srcdir)/packaging/socket-directory.in Makefile
	$(packaging_fill) $(srcdir)/packaging/socket-directory.in > $@.tmp && \
		chmod 755 $@.tmp && mv $@.tmp $@

all-local: $(packaging_made)
CLEANFILES += $(packaging_made)

# A configuration that is there is never overwritten, and one that was changed
# never removed; the directory of the keys stays while there are keys in it.
install-data-local: $(packaging_made)
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)/submilter"
	test -d "$(DESTDIR)$(sysconfdir)/submilter/keys" || \
		$(INSTALL) -d -m 700 "$(DESTDIR)$(sysconfdir)/submilter/keys"
	test -e "$(DESTDIR)$(sysconfdir)/submilter/submilter.conf" || \
		$(INSTALL_DATA) packaging/submilter.conf \
		"$(DESTDIR)$(sysconfdir)/submilter/submilter.conf"
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)" "$(DESTDIR)$(tmpfilesdir)"
	$(INSTALL_DATA) $(srcdir)/packaging/submilter.sysusers \
		"$(DESTDIR)$(sysusersdir)/submilter.conf"
	$(INSTALL_DATA) packaging/submilter.tmpfiles \
		"$(DESTDIR)$(tmpfilesdir)/submilter.conf"
	$(MKDIR_P) "$(DESTDIR)$(pkglibexecdir)"
	$(INSTALL_SCRIPT) packaging/socket-directory \
		"$(DESTDIR)$(pkglibexecdir)/socket-directory"
	test -z "$(systemdsystemunitdir)" || { \
		$(MKDIR_P) "$(DESTDIR)$(systemdsystemunitdir)" && \
		$(INSTALL_DATA) packaging/submilter.service \
		"$(DESTDIR)$(systemdsystemunitdir)/submilter.service"; }

uninstall-local: packaging/submilter.conf
	rm -f "$(DESTDIR)$(sysusersdir)/submilter.conf" \
		"$(DESTDIR)$(tmpfilesdir)/submilter.conf" \
		"$(DESTDIR)$(pkglibexecdir)/socket-directory"
	-rmdir "$(DESTDIR)$(pkglibexecdir)" 2> /dev/null
	test -z "$(systemdsystemunitdir)" || \
		rm -f "$(DESTDIR)$(systemdsystemunitdir)/submilter.service"
	conf="$(DESTDIR)$(sysconfdir)/submilter/submilter.conf"; \
	if cmp -s packaging/submilter.conf "$$conf"; then rm -f "$$conf"; fi
	rmdir "$(DESTDIR)$(sysconfdir)/submilter/keys" \
		"$(DESTDIR)$(sysconfdir)/submilter" 2> /dev/null || :

# A release holds every file that git knows of, so that no test of it lacks its
# data, and nothing more: the directories in EXTRA_DIST bring what a build left
# in them. MANIFEST lets an unpacked release make a release, or a package, again.
dist-hook:
	$(srcdir)/packaging/list-files $(srcdir) | LC_ALL=C sort > $(distdir)/MANIFEST.tmp
	test -s $(distdir)/MANIFEST.tmp
	while IFS= read -r file; do \
		test -e "$(distdir)/$$file" || { \
			$(MKDIR_P) "$(distdir)/$$(dirname "$$file")" && \
			cp -fp "$(srcdir)/$$file" "$(distdir)/$$file"; } || exit 1; \
	done < $(distdir)/MANIFEST.tmp
	cd $(distdir) && find . -type f -path './*/*' ! -path './build-aux/*' | \
		sed 's|^\./||' | LC_ALL=C sort | LC_ALL=C comm -23 - MANIFEST.tmp | \
		while IFS= read -r file; do rm -f "$$file" || exit 1; done
	mv $(distdir)/MANIFEST.tmp $(distdir)/MANIFEST
