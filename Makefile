# Builds and installs res_outbound.so. `make` needs cargo, a C compiler,
# libclang, and Asterisk's headers (ASTERISK_INCLUDE=DIR names others than
# /usr/include).

CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
MODULE := $(TARGET_DIR)/release/res_outbound.so

DESTDIR ?=
ASTMODDIR ?= $(firstword $(wildcard /usr/lib/*/asterisk/modules /usr/lib64/asterisk/modules) /usr/lib/asterisk/modules)
ASTETCDIR ?= /etc/asterisk
ASTDATADIR ?= $(firstword $(wildcard /usr/share/asterisk) /var/lib/asterisk)

# The Asterisk to check the module's symbols against: an installed one, or the
# test lab's.
RES_OUTBOUND_CACHE ?= $(HOME)/.cache/res_outbound
ASTERISK_ROOT ?= $(if $(wildcard /usr/sbin/asterisk),,$(RES_OUTBOUND_CACHE)/rootfs)

.PHONY: all build install samples clean check-symbols

all: build

# By rename, because an Asterisk may be running the file that is there.
build:
	$(CARGO) build --release --lib -p res_outbound
	@cp $(TARGET_DIR)/release/libres_outbound.so $(MODULE).new
	@mv $(MODULE).new $(MODULE)

install: build
	install -d $(DESTDIR)$(ASTMODDIR)
	install -m 0755 $(MODULE) $(DESTDIR)$(ASTMODDIR)/.res_outbound.so.new
	mv $(DESTDIR)$(ASTMODDIR)/.res_outbound.so.new $(DESTDIR)$(ASTMODDIR)/res_outbound.so
	@for doc in $(wildcard conf/*-en_US.xml); do \
		install -D -m 0644 $$doc \
			$(DESTDIR)$(ASTDATADIR)/documentation/thirdparty/$${doc##*/} || exit 1; \
	done

# Leaves files alone that are there already.
samples:
	install -d $(DESTDIR)$(ASTETCDIR)
	@for sample in $(wildcard conf/*.conf conf/*.conf.sample); do \
		name=$${sample##*/}; name=$${name%.sample}; \
		if [ -e $(DESTDIR)$(ASTETCDIR)/$$name ]; then \
			echo "$(ASTETCDIR)/$$name is there already"; \
		else \
			install -m 0640 $$sample $(DESTDIR)$(ASTETCDIR)/$$name || exit 1; \
		fi; \
	done

clean:
	$(CARGO) clean

# The module's symbols are resolved when Asterisk loads it: find out before.
check-symbols: build
	@ASTERISK_ROOT='$(ASTERISK_ROOT)' sh asterisk-headers/check-symbols $(MODULE)

# --- The laboratory: a real Asterisk and SIPp (see tests/).

export RES_OUTBOUND_CACHE

.PHONY: rootfs demo sandbox test docker-test deny

# Makes a folder with Asterisk 22 and SIPp once, outside of this one, and finds
# it again later.
rootfs:
	@tests/rootfs.sh >/dev/null

# A real campaign over SIP, and a table that compares two accounts of it.
demo: rootfs
	@$(MAKE) --no-print-directory build
	@RES_OUTBOUND_SO=$(abspath $(MODULE)) exec $(CARGO) run --quiet --release --example demo

# A private Asterisk with the module, in the foreground: see tests/sandbox.rs
# for AMI_PORT, HTTP_PORT, SIP_PORT, SANDBOX_CONF.
sandbox: rootfs
	@$(MAKE) --no-print-directory build
	@RES_OUTBOUND_SO=$(abspath $(MODULE)) exec $(CARGO) run --quiet --release --example sandbox

test: rootfs
	@tests/all.sh

# The image of the Dockerfile, built and run with buildah.
docker-test: rootfs
	@tests/docker-test.sh

# Licences of everything that is linked in (deny.toml).
deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || { \
		echo "installing cargo-deny with cargo install (some minutes, once)"; \
		$(CARGO) install --locked cargo-deny; }
	$(CARGO) deny --all-features check licenses bans sources
