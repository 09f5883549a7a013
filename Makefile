# Builds and installs res_outbound.so. `make` needs cargo, a C compiler,
# libclang, and Asterisk's headers (ASTERISK_INCLUDE=DIR names others than
# /usr/include).

CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
MODULE := $(TARGET_DIR)/release/res_outbound.so

# Where Asterisk looks: the folders that are there, else those of Debian's
# package on a Debian, else those of Asterisk's own `make install`.
DEBIAN := $(if $(wildcard /etc/debian_version),$(shell $(CC) -print-multiarch 2>/dev/null))
DESTDIR ?=
ASTMODDIR ?= $(firstword \
	$(wildcard /usr/lib/*/asterisk/modules /usr/lib64/asterisk/modules /usr/lib/asterisk/modules) \
	$(DEBIAN:%=/usr/lib/%/asterisk/modules) /usr/lib/asterisk/modules)
ASTETCDIR ?= /etc/asterisk
ASTDATADIR ?= $(firstword $(wildcard /usr/share/asterisk /var/lib/asterisk) \
	$(DEBIAN:%=/usr/share/asterisk) /var/lib/asterisk)
HELP := res_outbound-en_US.xml

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
	$(CARGO) run --quiet --release -p dialer --example help_xml >$(TARGET_DIR)/release/$(HELP)
	install -D -m 0644 $(TARGET_DIR)/release/$(HELP) \
		$(DESTDIR)$(ASTDATADIR)/documentation/thirdparty/$(HELP)

# Leaves a file alone that is there already. It holds no secrets, and Asterisk's
# user has to read it, whoever that is.
samples:
	install -d $(DESTDIR)$(ASTETCDIR)
	@if [ -e $(DESTDIR)$(ASTETCDIR)/res_outbound.conf ]; then \
		echo "$(ASTETCDIR)/res_outbound.conf is there already"; \
	else \
		install -m 0644 conf/res_outbound.conf.sample $(DESTDIR)$(ASTETCDIR)/res_outbound.conf; \
	fi

clean:
	$(CARGO) clean

# The module's symbols are resolved when Asterisk loads it: find out before.
check-symbols: build
	@ASTERISK_ROOT='$(ASTERISK_ROOT)' sh asterisk-headers/check-symbols $(MODULE)

# --- The laboratory: a real Asterisk and SIPp (see tests/).

export RES_OUTBOUND_CACHE

.PHONY: rootfs clients demo sandbox bench pacing soak test fuzz docker-test deny

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

# How fast the module dials and what that costs, beside bare loops and Asterisk's
# own ways: some nine minutes. QUICK=1 takes two; SECTION=local (pjsip, ringing,
# growth, import, latency) only that one. Its module has console commands more.
BENCH_MODULE := $(TARGET_DIR)/release/res_outbound-bench.so
bench: rootfs
	$(CARGO) build --release --lib -p res_outbound --features bench
	@cp $(TARGET_DIR)/release/libres_outbound.so $(BENCH_MODULE)
	@RES_OUTBOUND_SO=$(abspath $(BENCH_MODULE)) QUICK='$(QUICK)' SECTION='$(SECTION)' \
		exec $(CARGO) run --quiet --release --example bench

# How busy predictive pacing keeps agents, and how many people find none, beside
# other rules: simulated days on all cores, some ten minutes; SEEDS=2 takes one.
PACING_JSON := $(TARGET_DIR)/pacing.json
SEEDS ?=
pacing:
	$(CARGO) run --quiet --release -p dialer --example pacing -- dialer/scenarios \
		$(if $(SEEDS),--seeds $(SEEDS)) --json $(PACING_JSON) --chart docs/pacing.svg
	@echo "All results: $(PACING_JSON); chart: docs/pacing.svg"

# Many calls in one process, one campaign after the other, and whether anything
# grows, gets lost or is told twice; `make test` does it with fewer.
CALLS ?= 200000
soak: rootfs
	@$(MAKE) --no-print-directory build
	@RES_OUTBOUND_SO=$(abspath $(MODULE)) CALLS='$(CALLS)' \
		exec $(CARGO) test --quiet --release --test soak -- --nocapture --test-threads 1

test: rootfs clients
	@tests/all.sh

# Three manager clients that others wrote, made once beside the rootfs.
clients:
	@tests/clients.sh

# Random input for SECONDS to each program of fuzz/; `make test` does it shortly.
SECONDS ?= 600
fuzz:
	@tests/fuzz.sh $(SECONDS)

# The image of the Dockerfile, built and run with buildah.
docker-test: rootfs
	@tests/docker-test.sh

# Licences of everything that is linked in (deny.toml).
deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || { \
		echo "installing cargo-deny with cargo install (some minutes, once)"; \
		$(CARGO) install --locked cargo-deny; }
	$(CARGO) deny --all-features check licenses bans sources
