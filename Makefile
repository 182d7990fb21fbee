# Every line is one that you could type yourself.
PYTHON ?= python3
BIN = .venv/bin
.PHONY: demo test soak site-check readme llms downloads docs pptx style clean

demo: .venv/ready   ## train the baseline and the unlearned network on the full MNIST for one epoch, and show the result
	$(BIN)/lnl_train demo --resume

test: .venv/ready   ## everything that must hold: library in sync, notebooks clean, README current, all notebooks run
	$(BIN)/python .ci/test.py

soak: .venv/ready   ## kill, fill the disk, turn the clock, start twice, train for long: nothing may be lost (a quarter of an hour; Linux)
	$(BIN)/python .ci/soak.py

site-check: .venv/ready   ## the pages without Quarto: links, figures, formulas, sizes, citations, slides (needs node, npm and Chromium; see .ci/site_check.py)
	$(BIN)/python .ci/site_check.py

.venv/ready: settings.ini setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade-strategy only-if-needed --editable '.[dev]'
	touch .venv/ready

readme: .venv/ready   ## README.md from nbs/index.ipynb
	$(BIN)/python .ci/readme.py README.md

llms: .venv/ready   ## llms.txt from the chapters' titles and the exported names
	$(BIN)/python .ci/llms.py llms.txt nbs/llms.txt > /dev/null

downloads:   ## the copies of files that the site offers for download (Quarto and nbdev leave out .py)
	cp nbs/one_file/lnl_in_one_file.py nbs/one_file/lnl_in_one_file.txt

docs: .venv/ready   ## the site, in _docs/, made in a copy and checked (needs Quarto: https://quarto.org, and npm)
	$(BIN)/python .ci/docs.py

pptx: .venv/ready   ## slides/presentation.pptx from slides/index.qmd
	test -d .venv-pptx/pptx || $(BIN)/pip install --quiet --target .venv-pptx python-pptx==1.0.2
	$(BIN)/python slides/make_pptx.py slides/presentation.pptx

style:   ## the writing rules, in an environment of their own
	test -x .venv-style/bin/chkstyle || ($(PYTHON) -m venv .venv-style && .venv-style/bin/pip install --quiet fastaistyle==0.0.20)
	.venv-style/bin/chkstyle nbs

clean:   ## remove what was generated here; results/ stays
	rm -rf .venv .venv-style .venv-pptx _docs _proc build dist *.egg-info
