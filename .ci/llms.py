"""llms.txt (https://llmstxt.org) from settings.ini, the sidebar, the first cells of the chapters and lnl._modidx: `python .ci/llms.py [FILE...]`.

Prints the text, and writes it into the files named. Run by `make llms`.
"""
import ast, json, re, sys, yaml
from pathlib import Path
from pages.made import ROOT as root, address, front_matter, settings

cfg = settings()
site = cfg['doc_host'] + cfg['doc_baseurl']

def title_and_subtitle(path):
    "Of a notebook from its first cell, of a .qmd page from its front matter"
    if path.suffix == '.qmd':
        front = front_matter(path)
        return front['title'], front.get('description')
    first = ''.join(json.loads(path.read_text())['cells'][0]['source'])
    subtitle = re.search(r'^> (.+)', first, re.M)
    return re.search(r'^# (.+)', first)[1], subtitle and subtitle[1]

def chapter(entry):
    "A line for one entry of the sidebar: its address, title and subtitle"
    name = entry if isinstance(entry, str) else entry['href']
    title, subtitle = title_and_subtitle(root/'nbs'/name)
    return f'- [{title}]({site}/{address(name)})' + (f': {subtitle}' if subtitle else '')

def exported(path):
    "The names in a module's `__all__`, from its source"
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '__all__': return ast.literal_eval(node.value)
    return []

lines = [f"# {cfg['title']} (`{cfg['lib_name']}`)", '', f"> {cfg['description']}.", '',
    'A classifier g(f(x)) is trained on biased data while a third network h tries to read the bias from the features f(x), and f is trained to hide it (Kim et al., CVPR 2019).',
    'Each chapter is a notebook that exports one module; its cells are the tests. Install from a checkout with `pip install .`; `make demo` trains the baseline and the unlearned network on Colored MNIST.', '',
    'Shortest use: `from lnl.unlearn import unlearn_learner`; `learn = unlearn_learner(dls, net)` with loaders that give (x, y, bias) and a network with parts f, g, h; `learn.fit_recipe(epochs)`.', '']
for s in yaml.safe_load((root/'nbs'/'sidebar.yml').read_text())['website']['sidebar']['contents']:
    lines += [f"## {s['section']}", '', *[chapter(n) for n in s['contents']], '']
lines += ['## API', '', *[f"- `lnl.{p.stem}`: {', '.join(f'`{n}`' for n in names)}" for p in sorted((root/'lnl').glob('*.py')) if (names := exported(p))], '']
lines += ['## Cite', '', 'Cite the paper: Byungju Kim, Hyunwoo Kim, Kyungsu Kim, Sungjin Kim, Junmo Kim. Learning Not to Learn: Training Deep Neural Networks with Biased Data. CVPR 2019, pages 9012-9020.', '',
    '- [The paper](https://arxiv.org/abs/1812.10352): arXiv 1812.10352', f"- [References in BibTeX]({cfg['git_url']}/blob/{cfg['branch']}/nbs/references.bib): the paper is `kim2019lnl`"]
text = '\n'.join(lines) + '\n'
print(text, end='')
for p in sys.argv[1:]: Path(p).write_text(text, encoding='utf8')
