# SPDX-License-Identifier: BSD-2-Clause
# What comes with the programs: a reader in Python, a sample configuration, a service, completion for shells.

EXTRA_DIST += %D%/clickhouse/ask %D%/clickhouse/cluster.py %D%/clickhouse/down %D%/clickhouse/load %D%/clickhouse/up %D%/grafana/check %D%/grafana/pavo.json
EXTRA_DIST += %D%/python/pavoread.py %D%/python/xxh3.py %D%/python/pavo.py %D%/python/pyproject.toml
dist_doc_DATA = README.md NEWS COPYING
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/pavo.conf.sample %D%/libpavo/sum.c %D%/python/pavoread.py %D%/python/xxh3.py

# Programs are installed as $(transform) says (--program-prefix), and so are the names in these files.
fill_in = sed -e 's|[@]sbindir[@]|$(sbindir)|g' -e 's|[@]sysconfdir[@]|$(sysconfdir)|g' -e "s|/pavo -F|/`echo pavo | sed '$(transform)'` -F|"

unit_DATA = %D%/systemd/pavo@.service
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = %D%/systemd/pavo.conf
EXTRA_DIST += %D%/systemd/pavo@.service.in
CLEANFILES += $(unit_DATA)
contrib/systemd/pavo@.service: %D%/systemd/pavo@.service.in Makefile
	$(AM_V_GEN)mkdir -p $(@D) && $(fill_in) $(srcdir)/contrib/systemd/pavo@.service.in > $@.tmp && mv $@.tmp $@

# Completion: a template for each shell, filled in for each program from its tables of options.
COMPLETE = contrib/completion/complete$(RUNS_HERE)
if CROSS
EXTRA_DIST += %D%/completion/complete.c
CLEANFILES += contrib/completion/complete$(RUNS_HERE)
contrib/completion/complete$(RUNS_HERE): %D%/completion/complete.c $(OF_TABLE) $(srcdir)/format/fields.def
	$(MAKE_HERE) $(srcdir)/contrib/completion/complete.c $(OF_TABLE)
else
noinst_PROGRAMS += contrib/completion/complete
contrib_completion_complete_SOURCES = %D%/completion/complete.c
contrib_completion_complete_LDADD = $(FLOW_LIBS)
endif
EXTRA_DIST += debian/README.Debian debian/changelog debian/control debian/copyright debian/libpavo0.install debian/libpavo0.symbols debian/libpavo-dev.install debian/pavo-tools.install debian/pavo.install \
	debian/pavo.postinst debian/pavo.prerm debian/rules debian/source/format
EXTRA_DIST += %D%/completion/bash.in %D%/completion/zsh.in
COMPLETED = $(bin_PROGRAMS) $(sbin_PROGRAMS)
all-local: contrib/completion/done
contrib/completion/done: $(COMPLETE) %D%/completion/bash.in %D%/completion/zsh.in \
	    $(top_srcdir)/probe/probe.opt $(top_srcdir)/ra-tools/*.opt Makefile
	$(AM_V_GEN)rm -rf $(@D)/bash $(@D)/zsh && mkdir -p $(@D)/bash $(@D)/zsh && for p in $(COMPLETED); do \
	    p=$${p%$(EXEEXT)} t=$(srcdir)/ra-tools/$$p.opt c=$(srcdir)/ra-tools/run/run.opt; \
	    [ $$p != pavo ] || { t=$(srcdir)/probe/probe.opt c=; }; [ -f $$t ] || t=; \
	    n=`echo $$p | sed '$(transform)'`; \
	    for s in bash zsh; do \
	        $(COMPLETE) $$p $$n $$t $$c < $(srcdir)/contrib/completion/$$s.in > $(@D)/$$s/$$n || exit 1; \
	    done; done && touch $@
install-data-local: contrib/completion/done
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)'
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/pavo'
	f='$(DESTDIR)$(sysconfdir)/pavo/pavo.conf'; [ -e $$f ] || $(INSTALL_DATA) $(srcdir)/contrib/pavo.conf.sample $$f
	for f in contrib/completion/bash/*; do $(INSTALL_DATA) $$f '$(DESTDIR)$(bashcompdir)/' || exit 1; done
	for f in contrib/completion/zsh/*; do $(INSTALL_DATA) $$f '$(DESTDIR)$(zshcompdir)'/_$${f##*/} || exit 1; done
# With a prefix pages have other names: so do those that they speak of.
install-data-hook:
	[ -z '$(program_prefix)$(program_suffix)' ] || for page in $(MANS); do \
	    n=`echo $${page##*/} | sed 's/\.\([0-9]\)$$/ \1/'`; n=`echo $${n% *} | sed '$(transform)'`.$${n#* }; \
	    $(rename_in_pages) '$(DESTDIR)$(mandir)'/man$${n##*.}/$$n || exit 1; done
program_words = `echo $(COMPLETED) | tr ' ' '|'`
rename_in_pages = sed -i -E -e "s/^(\.Xr )($(program_words)|pavo-[a-z]+) /\1$(program_prefix)\2$(program_suffix) /" \
	-e "/^\.Xr/b" -e "s/^(\.Nm )($(program_words))/\1$(program_prefix)\2$(program_suffix)/" \
	-e ":again" -e "s/(^|sbin.|[ \"'(|])($(program_words))( -|\$$)/\1$(program_prefix)\2$(program_suffix)\3/" -e "t again"

uninstall-local:
	f='$(DESTDIR)$(sysconfdir)/pavo/pavo.conf'; ! cmp -s $(srcdir)/contrib/pavo.conf.sample $$f || rm -f $$f
	for p in $(COMPLETED); do n=`echo $$p | sed '$(transform)'`; \
	    rm -f '$(DESTDIR)$(bashcompdir)'/$$n '$(DESTDIR)$(zshcompdir)'/_$$n; done
clean-local:
	rm -rf contrib/completion/bash contrib/completion/zsh contrib/completion/done
