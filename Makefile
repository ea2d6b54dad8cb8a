# Shortcuts. What must pass before a change lands is .ci/run.

BENCH    ?= .
FUZZTIME ?= 30s

# Newer ones need a newer Go, or a module that the module proxy does not serve.
GORELEASER ?= go run github.com/goreleaser/goreleaser/v2@v2.16.0
REPOSITORY ?= example/instaview-mcp

.PHONY: test lint bench fuzz browser docs pictures demo release release-check release-snapshot

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

browser: # the tests of the page, in Chromium
	.ci/browser

docs: # the generated parts of README.md and docs/
	go generate .

pictures: # of the page, in docs/pictures
	.ci/browser pictures

demo: # a run goes from processing to its shortlist; needs no key
	go run . --demo call wait_for_sourcing request_id=req_demo

release-check: # is .goreleaser.yaml in order?
	$(GORELEASER) check

# goreleaser builds one after the other, because otherwise the halves of the
# macOS program come in either order.
release: # run by release.yml; NOTES: file with what is new
	REPOSITORY=$(REPOSITORY) $(GORELEASER) release --clean --parallelism 1 --release-notes $(NOTES)

# All of a release but images and signatures, in dist/; nothing is published.
# goreleaser takes the commit's date only from a clone that has a remote.
release-snapshot:
	REPOSITORY=$(REPOSITORY) GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url \
	GIT_CONFIG_VALUE_0=https://github.com/$(REPOSITORY) \
	$(GORELEASER) release --snapshot --clean --parallelism 1 --skip docker,sign
