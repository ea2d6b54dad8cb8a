# Shortcuts. What must pass before a change lands is .ci/run.

BENCH    ?= .
FUZZTIME ?= 30s

.PHONY: test lint bench fuzz docs demo

test: # all tests
	go test ./...

lint: # what .ci/run asks of the code
	.ci/lint

bench: # BENCH=Decode: those whose names match
	go test -run '^$$' -bench '$(BENCH)' ./...

fuzz: # every fuzz test for FUZZTIME, one after the other
	@grep -r --include='*_test.go' '^func Fuzz' . | \
	sed -E 's|/[^/]*:func (Fuzz[A-Za-z0-9]*).*| \1|' | \
	while read -r dir name; do \
		echo "== $$dir $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$dir" || exit 1; \
	done

docs: # the generated parts of README.md and docs/
	go generate .

demo: # a run goes from processing to its shortlist; needs no key
	go run . --demo call wait_for_sourcing request_id=req_demo
