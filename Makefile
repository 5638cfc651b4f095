# Two commands do everything from a bare clone: `make demo` and `make test`.
# The work is in scripts/; each target sets up what it needs and skips what is there.
.DEFAULT_GOAL := help
.PHONY: help demo test unit lint fmt setup shell pot install-check bench shots clean distclean
export T B N ARGS DB

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## play the story on real data, then serve it (ARGS=--no-serve ends after the job, N=5000 adds invoices)
	@bash scripts/demo.sh $(ARGS)

test:  ## run every test (T=path runs a part)
	@bash scripts/test.sh

unit:  ## run the tests that need no database
	@bash scripts/test.sh --unit

lint:  ## ruff, pylint-odoo, OCA checks
	@bash scripts/bootstrap.sh && bash scripts/lint.sh

fmt:  ## format the code
	@bash scripts/bootstrap.sh && bash scripts/fmt.sh

setup:  ## only make the environment
	@bash scripts/bootstrap.sh browser

shell:  ## an Odoo shell on the demo database (DB=name for another)
	@bash scripts/shell.sh

pot:  ## write the .pot files again and merge them into the translations
	@bash scripts/test.sh --pot

install-check:  ## install, update and uninstall the add-ons apart and together
	@bash scripts/install_check.sh

bench:  ## measure (B=name one bench, N=sizes)
	@bash scripts/bench.sh

shots:  ## take the screenshots of docs/img from the demo database
	@bash scripts/shots.sh

clean:  ## stop the private PostgreSQL, remove what this clone made
	@bash scripts/clean.sh

distclean:  ## clean, and empty the shared cache
	@bash scripts/clean.sh --cache
