# Every line is one that you could type yourself.
PYTHON ?= python3
BIN = .venv/bin
.PHONY: demo test readme results docs style clean

demo: .venv/ready   ## train the baseline and the unlearned network on the full MNIST, and show the result
	$(BIN)/lnl_train colored_mnist --resume

test: .venv/ready   ## everything that must hold: library in sync, notebooks clean, README current, all notebooks run
	$(BIN)/python .ci/test.py

.venv/ready: settings.ini setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade-strategy only-if-needed --editable '.[dev]'
	touch .venv/ready

readme: .venv/ready   ## README.md from nbs/index.ipynb
	$(BIN)/python .ci/readme.py README.md

results: .venv/ready   ## the result tables that ship in the wheel
	mkdir -p lnl/assets/results && cp nbs/results/*.csv nbs/results/*.json lnl/assets/results/

docs: .venv/ready   ## the site, in _docs/ (needs Quarto: https://quarto.org)
	quarto --version && $(BIN)/nbdev_docs && quarto render slides

style:   ## the writing rules, in an environment of their own
	test -x .venv-style/bin/chkstyle || ($(PYTHON) -m venv .venv-style && .venv-style/bin/pip install --quiet fastaistyle==0.0.20)
	.venv-style/bin/chkstyle nbs

clean:   ## remove what was generated here; results/ stays
	rm -rf .venv .venv-style _docs _proc build dist *.egg-info
