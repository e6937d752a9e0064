# The commands of the README. Each is a script in scripts/, which says at its top what it does.
.PHONY: help run test check bench soak fuzz

help:
	@echo 'make run     build and start the console on the demo plant (ARGS="…" goes to the console)'
	@echo 'make test    everything: checks, unit, integration, browser and desktop tests'
	@echo 'make check   format, lints, types, licences and banned versions'
	@echo 'make bench   measurements'
	@echo 'make soak    the crash tests for a long time'
	@echo 'make fuzz    the property tests with a long budget'

run:
	@scripts/run $(ARGS)

test:
	@scripts/test

check:
	@scripts/check

bench:
	@scripts/bench $(ARGS)

soak:
	@scripts/soak

fuzz:
	@scripts/fuzz
