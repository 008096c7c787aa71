# SPDX-License-Identifier: GPL-2.0-only
# Delegates only: the module is built by the kernel's build system, the tool by
# ctl/Makefile, the tests run themselves.

# The one place of the version is dkms.conf.
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

# The kernel to build the module for.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
PREFIX ?= /usr
DKMS_DIR = $(DESTDIR)/usr/src/tqueue-$(VERSION)

.PHONY: all module ctl install install-module install-ctl install-dkms demo bench check \
	check-kernels check-debug check-packages coverage nightly lint spec unit fuzz deb rpm repo clean \
	help version

all: module ctl

module:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers in $(KDIR): install the package linux-headers-$(KVER)"; \
		echo "or say where they are: make module KDIR=/path/of/the/headers"; exit 1; } >&2
	$(MAKE) -C $(KDIR) M=$(CURDIR)/module modules

ctl:
	$(MAKE) -C ctl

install: install-module install-ctl

# For one kernel and by hand; install-dkms is for keeps.
install-module: module
	$(MAKE) -C $(KDIR) M=$(CURDIR)/module INSTALL_MOD_PATH=$(DESTDIR) modules_install

install-ctl: ctl
	$(MAKE) -C ctl install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)

# What dkms needs and nothing else, no objects of a build in this checkout.
install-dkms:
	rm -rf $(DKMS_DIR)
	mkdir -p $(DKMS_DIR)
	tar -cf - --exclude='*.o' --exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' \
		--exclude='.*.cmd' --exclude='modules.order' --exclude='Module.symvers' \
		--exclude='probed-*.h' dkms.conf module uapi COPYING | \
		tar -C $(DKMS_DIR) -xf - --no-same-owner

demo:
	tests/demo/run $(CAPTURES)

bench:
	tests/bench/run $(BENCH)

# For make fuzz.
export TIME SEED

check check-kernels check-debug check-packages coverage nightly lint spec unit fuzz:
	tests/check $@

# The packages, and then repositories of them.
PACKAGES ?= packages

deb:
	debian/build $(PACKAGES)/deb

rpm:
	rpm/build $(PACKAGES)/rpm

repo:
	rpm/repo $(PACKAGES)

clean:
	-test ! -e $(KDIR)/Makefile || $(MAKE) -C $(KDIR) M=$(CURDIR)/module clean
	-test ! -e ctl/Makefile || $(MAKE) -C ctl clean
	-test ! -e tests/guest/tools/Makefile || $(MAKE) -C tests/guest/tools clean
	-test ! -e tests/fuzz/Makefile || $(MAKE) -C tests/fuzz clean
	-test ! -e tests/unit/Makefile || $(MAKE) -C tests/unit clean
	rm -f demo.pcapng bench.json bench.svg

version:
	@echo $(VERSION)

help:
	@echo 'tqueue $(VERSION)'
	@echo
	@echo '  make [KDIR=...]          module for the running (or that) kernel, and tqctl'
	@echo '  make module, make ctl    only one of them'
	@echo '  make install             both, for this kernel [DESTDIR= PREFIX=/usr]'
	@echo '  make install-ctl         tqctl and the iptables plugins'
	@echo '  make install-dkms        the sources for dkms, which builds for every kernel'
	@echo '  make deb, make rpm       packages, into ./packages [PACKAGES=folder]; make repo: and'
	@echo '                           what apt and dnf need to install them from there'
	@echo '  make demo [CAPTURES=...] traffic through a guest, into demo.pcapng'
	@echo '  make bench [BENCH=...]   how fast it is, beside ipset, nft and iptables'
	@echo '  make check               linters, unit tests, guest tests on Debian stable'
	@echo '  make check-kernels       guest tests on all kernels'
	@echo '  make check-debug         guest tests on the debug kernel, short'
	@echo '  make check-packages      install, upgrade and remove the packages in roots of Debian'
	@echo '  make coverage            check-debug, and which lines of the module it reaches'
	@echo '  make nightly             everything there is, hours; TQUEUE_TESTS="package-*" or others: a part'
	@echo '  make lint, spec, unit    parts of make check'
	@echo '  make fuzz                the parser and the message decoder, a minute each, by clang;'
	@echo '                           TIME=30m: these and the fuzzers in guests, altogether [SEED=N]'
	@echo '  make clean'
	@echo
	@echo 'Tests install what they need (as root, or by sudo), and keep kernels and'
	@echo 'root images in $${TQUEUE_CACHE:-~/.cache/tqueue}.'
