"""What can be seen in the notebooks and .qmd files themselves: links, labels, figures, formulas, options, outputs, paths."""
import json, re
from collections import Counter
from urllib.parse import unquote
import yaml
from pages import tools
from pages.notebook import joined
from pages.made import HERE, ROOT, short

SKIPPED = ('.', '_')

def page_files():
    "All notebooks and .qmd files that become pages, and the talk"
    shown = lambda p: not any(o.startswith(SKIPPED) or o == 'models' for o in p.relative_to(ROOT).parts)
    notebooks = sorted(p for p in (ROOT/'nbs').rglob('*.ipynb') if shown(p))
    others = sorted(p for p in [*(ROOT/'nbs').rglob('*.qmd'), *(ROOT/'slides').glob('*.qmd')] if shown(p))
    return notebooks + others

# --- Markdown

def blank(m): return re.sub(r'[^\n]', ' ', m[0])

FENCE = re.compile(r'^(`{3,}|~{3,}).*?^\1`*\s*?$', re.S|re.M)
INLINE_CODE = re.compile(r'(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)', re.S)
COMMENT = re.compile(r'<!--.*?-->', re.S)

def without_code(text):
    "Markdown with code fences, inline code and HTML comments blanked"
    for pattern in (FENCE, INLINE_CODE, COMMENT): text = pattern.sub(blank, text)
    return text

MATH = re.compile(r'(?<!\\)\$\$(.+?)\$\$|(?<![\\$])\$(?=[^\s$])((?:\\.|[^$\\])+?)(?<!\s)\$(?![\d$])', re.S)

def formulas(where, text):
    "The formulas of a text as (where, tex, is it displayed?)"
    return [(where, m[1] or m[2], m[1] is not None) for m in MATH.finditer(without_code(text))]

class Page:
    "A notebook or a .qmd file: its Markdown, its code cells, their outputs"
    def __init__(self, path):
        self.path, self.name = path, str(path.relative_to(ROOT))
        self.raw = json.loads(path.read_text()) if path.suffix == '.ipynb' else {}
        self.cells = self.raw['cells'] if self.raw else self.from_qmd(path.read_text())
        self.code = [(joined(c['source']), c.get('outputs', [])) for c in self.cells if c['cell_type'] == 'code']
        self.md = '\n\n'.join(joined(c['source']) for c in self.cells if c['cell_type'] == 'markdown')
        self.prose = without_code(self.md)
        self.plain = MATH.sub(blank, self.prose)

    def from_qmd(self, text):
        text = re.sub(r'\A---\n.*?^---\n', '', text, flags=re.S|re.M)
        cells = [dict(cell_type='code', source=m[1]) for m in re.finditer(r'^```\{python\}\n(.*?)^```', text, re.S|re.M)]
        return cells + [dict(cell_type='markdown', source=re.sub(r'^```\{python\}\n.*?^```', '', text, flags=re.S|re.M))]

    def outputs(self):
        "Source, data and the whole of each output that the site shows"
        for source,outs in self.code:
            if re.search(r'^#\| *hide\b', source, re.M): continue
            for o in outs: yield source, o.get('data', {}), o

    def anchors(self):
        "Ids as pandoc gives them to headings, those given by hand, and the names that the page exports"
        ids, seen = set(re.findall(r'\{[^}]*#([\w.:-]+)[^}]*\}', self.md)), Counter()
        for heading in re.findall(r'^#{1,6} +(.+?) *#*$', FENCE.sub('', self.md), re.M):
            a = anchor(heading)
            ids.add(f'{a}-{seen[a]}' if seen[a] else a)
            seen[a] += 1
        for source,_ in self.code:
            ids |= set(re.findall(r'^#\| *label: *(\S+)', source, re.M))
            if not re.search(r'^#\| *exports?\b', source, re.M): continue
            ids |= set(re.findall(r'^(?:def|class) +(\w+)', source, re.M))
            ids |= {f'{c}.{n}' for n,c in re.findall(r'^def +(\w+)\((?:self|cls): *(\w+)', source, re.M)}
        return ids | {i.lower() for i in ids}

def anchor(heading):
    "The id that pandoc makes of a heading"
    heading = re.sub(r'\s*\{[^}]*\}$', '', heading)
    heading = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).lower()
    words = re.sub(r'[^\w\-. ]', '', heading).split()
    return re.sub(r'^[^a-zA-Z]+', '', '-'.join(words)) or 'section'

# --- links and labels

LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^()\s>]+(?:\([^()\s]*\))?)>?[^)]*\)(\{[^}]*\})?')
SRC = re.compile(r'<(?:img|iframe|a|script|link)\b[^>]*?\b(?:src|href)=["\']([^"\']+)', re.I)
REF = r'(?:fig|tbl|sec|eq|lst)-[\w-]+'
MADE_LATER = ('slides/', 'mathjax/')   # `make docs` makes what is there

def targets(page):
    "All that a page's sources link to"
    links = list(LINK.finditer(page.plain))
    inside = [n for m in links for n in LINK.finditer(m[2])]
    texts = [FENCE.sub('', joined(data.get('text/markdown', ''))) for _,data,_ in page.outputs()]
    return [m[3] for m in links + inside] + SRC.findall(page.prose) + [m[3] for t in texts for m in LINK.finditer(t)]

def broken_links(page, pages):
    for t in targets(page):
        if re.match(r'[a-z]+:|//', t): continue
        file, _, mark = unquote(t).partition('#')
        if file.startswith(MADE_LATER): continue
        to = (page.path.parent/file).resolve() if file else page.path
        if not to.exists() and not is_page(to): yield f'{page.name}: {t} does not exist'
        elif mark and to in pages and mark not in pages[to].anchors(): yield f'{page.name}: no section #{mark} in {to.name}'

def is_page(path):
    "Is this the address of a page, as raw HTML names it?"
    if path.suffix != '.html' or not path.parent.exists(): return False
    return any(short(p.stem) == path.stem for p in path.parent.iterdir() if p.suffix in ('.ipynb', '.qmd'))

def broken_refs(page):
    labels = re.findall(r'\{[^}]*#(' + REF + r')[^}]*\}', page.md)
    labels += [o for s,_ in page.code for o in re.findall(r'^#\| *label: *(' + REF + r')', s, re.M)]
    for r in re.findall(r'(?<![\w@/])@(' + REF + r')', page.plain):
        if r.rstrip('-') not in labels: yield f'{page.name}: @{r} has no target on its page'
    for l,n in Counter(labels).items():
        if n > 1: yield f'{page.name}: the label {l} is there {n} times'

def unknown_citations(page, keys):
    for k in re.findall(r'(?<![\w@/.\\])@([A-Za-z]\w*(?:[:.#$%&+?<>~/-]\w+)*)', page.plain):
        if not re.fullmatch(REF, k) and k not in keys: yield f'{page.name}: @{k} is not in references.bib'

# --- cells and outputs

ALT = re.compile(r'^#\| *fig-alt: *\S', re.M)
def start(source): return repr(source.strip()[:60])

def missing_alt(page):
    for source,data,o in page.outputs():
        if any(k.startswith('image/') for k in data) and not ALT.search(source): yield f'{page.name}: a figure without #| fig-alt, cell {start(source)}'
        for t in re.findall(r'<img\b[^>]*>', joined(data.get('text/html', '')), re.I):
            if not re.search(r'\balt=["\'][^"\']', t): yield f'{page.name}: an output has <img> without alt, cell {start(source)}'
    for m in LINK.finditer(page.plain):
        if m[1] and not m[2].strip() and not re.search(r'fig-alt=["\']?[^"\'\s]', m[4] or ''): yield f'{page.name}: the image {m[3]} has no alt text'
    for t in re.findall(r'<(?:img|iframe)\b[^>]*>', page.prose, re.I):
        if not re.search(r'\b(?:alt|title)=["\'][^"\']', t): yield f'{page.name}: {t[:60]} has neither alt nor title'
    if page.path.suffix != '.qmd': return
    for source,_ in page.code:
        draws = re.search(r'^#\| *label: *fig-|plt\.|show_\w+\(.*\);', source, re.M) and not re.search(r'^#\| *include: *false', source, re.M)
        if draws and not ALT.search(source): yield f'{page.name}: a cell that draws has no #| fig-alt, {start(source)}'

def unreadable_directives(page):
    "Quarto reads the `#| key: value` lines at a cell's top as YAML; one that it can't read stops the whole site"
    for i,c in enumerate(page.cells):
        if c['cell_type'] != 'code': continue
        for line in [l[2:].strip() for l in joined(c['source']).splitlines() if l.startswith('#|')]:
            if not re.match(r'[\w-]+:(\s|$)', line): continue # nbdev's own directives, such as `exports`
            try: said = yaml.safe_load(line)
            except yaml.YAMLError as e: yield f'{page.name}, cell {i}: {line[:60]!r} is not YAML ({" ".join(str(e).split())[:80]}); quote the value'
            else:
                if not isinstance(said, dict): yield f'{page.name}, cell {i}: {line[:60]!r} is not a key and a value'

def stored_errors(page):
    for source,outs in page.code:
        for o in outs:
            if o.get('name') == 'stderr': yield f'{page.name}: {joined(o["text"]).strip()[:80]!r} on stderr, cell {start(source)}'

MACHINE = re.compile(r'(?<![\w.:/-])/(?:home|root|Users|tmp|work|mnt|private|var/folders)/[\w.-]+|\b[A-Z]:\\\\?Users\b|https?://(?:localhost|127\.0\.0\.1)')
PICTURE = re.compile(r'"image/\w+": "[^"]*"')

def machine_paths(page):
    texts = [joined(c['source']) for c in page.cells]
    texts += [json.dumps({k: v for k,v in o.items() if k != 'metadata'}, ensure_ascii=False) for _,outs in page.code for o in outs]
    for t in texts:
        for m in MACHINE.finditer(PICTURE.sub('', t)): yield f'{page.name}: {m[0]}'

def widgets(page):
    if 'widgets' in page.raw.get('metadata', {}): yield f'{page.name}: saved widget state'
    for source,data,_ in page.outputs():
        if any('widget' in k for k in data): yield f'{page.name}: a widget as output, cell {start(source)}'

def too_large(page):
    size = page.path.stat().st_size
    if size > 400_000: yield f'{page.name}: {size//1000} KB'

def sources_as_text(page):
    if page.raw and any(isinstance(c['source'], str) for c in page.cells): yield page.name

# --- formulas

def all_formulas(pages, proc):
    "The formulas of all pages, and those that outputs show"
    found = [o for p in pages.values() for o in formulas(p.name, p.md)]
    for p in sorted(proc.rglob('*.ipynb')):
        outs = [o for c in json.loads(p.read_text())['cells'] for o in c.get('outputs', [])]
        texts = [joined(o['data'][k]) for o in outs for k in ('text/markdown', 'text/latex') if k in o.get('data', {})]
        found += [f for t in texts for f in formulas(f'{p.name}, an output', t)]
    return list(dict.fromkeys(found))

def bad_formulas(found):
    "What KaTeX cannot parse"
    module = tools.node_modules()/'katex'/'dist'/'katex.mjs'
    r = tools.run([tools.node(), HERE.parent/'katex_check.mjs', module], input=json.dumps(found))
    return [r.stderr[-500:]] if r.returncode else json.loads(r.stdout)

# --- the sidebar

def named(tree):
    "All pages that a sidebar's contents name"
    if isinstance(tree, str): return [tree]
    if isinstance(tree, list): return [o for t in tree for o in named(t)]
    return [o for k in ('href', 'file', 'contents') if k in tree for o in named(tree[k])]

def sidebar_and_chapters():
    nbs = ROOT/'nbs'
    listed = named(yaml.safe_load((nbs/'sidebar.yml').read_text())['website']['sidebar']['contents'])
    for n,k in Counter(listed).items():
        later = n.startswith((*MADE_LATER, 'https:'))
        if not later and not (nbs/n).exists(): yield f'{n} is in sidebar.yml, but there is no such page'
        if k > 1: yield f'{n} is in sidebar.yml {k} times'
    for p in sorted(nbs.iterdir()):
        if p.suffix in ('.ipynb', '.qmd') and p.name not in listed: yield f'{p.name} is not in sidebar.yml'
