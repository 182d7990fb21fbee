"""The pages of the site, without Quarto: what nbdev hands to Quarto, links, figures, formulas, sizes, citations, slides.

Run by `make site-check`. Works on a copy. Installs what it needs into a temporary folder: KaTeX from npm, and node and npm with apt-get
if they are missing and it runs as root. The last line counts: `N passed, N failed`.
"""
import configparser, json, os, re, shutil, subprocess, sys, tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote
import yaml

root = Path(__file__).resolve().parent.parent
nbs, results = root/'nbs', []
cfg = configparser.ConfigParser(delimiters=['='])
cfg.read(root/'settings.ini', encoding='utf8')
cfg = cfg['DEFAULT']
skip = lambda p: any(o.startswith(('.', '_')) or o == 'models' for o in p.relative_to(root).parts)

def check(name, wrong):
    "One line for one check: `wrong` lists what is wrong"
    wrong = list(dict.fromkeys(wrong))
    results.append(not wrong)
    print(f"{'FAILED' if wrong else 'ok    '}  {name}" + ''.join(f'\n        {o}' for o in wrong[:20]) + (f'\n        and {len(wrong)-20} more' if len(wrong) > 20 else ''), flush=True)

# --- what the pages hold

def blank(m): return re.sub(r'[^\n]', ' ', m[0])
def without_code(text):
    "Markdown with code fences, inline code and HTML comments blanked"
    for pattern in (r'^(`{3,}|~{3,}).*?^\1`*\s*?$', r'(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)', r'<!--.*?-->'): text = re.sub(pattern, blank, text, flags=re.S|re.M)
    return text

MATH = re.compile(r'(?<!\\)\$\$(.+?)\$\$|(?<![\\$])\$(?=[^\s$])((?:\\.|[^$\\])+?)(?<!\s)\$(?![\d$])', re.S)
def formulas(where, text): return [(where, m[1] or m[2], m[1] is not None) for m in MATH.finditer(without_code(text))]
def joined(x): return x if isinstance(x, str) else ''.join(x)

class Page:
    "A notebook or a .qmd file: its Markdown, its code cells, their outputs"
    def __init__(self, path):
        self.path, self.name = path, str(path.relative_to(root))
        self.cells = json.loads(path.read_text())['cells'] if path.suffix == '.ipynb' else self.from_qmd(path.read_text())
        self.code = [(joined(c['source']), c.get('outputs', [])) for c in self.cells if c['cell_type'] == 'code']
        self.md = '\n\n'.join(joined(c['source']) for c in self.cells if c['cell_type'] == 'markdown')
        self.prose = without_code(self.md)
        self.plain = MATH.sub(blank, self.prose)

    def from_qmd(self, text):
        text = re.sub(r'\A---\n.*?^---\n', '', text, flags=re.S|re.M)
        cells = [dict(cell_type='code', source=m[1]) for m in re.finditer(r'^```\{python\}\n(.*?)^```', text, re.S|re.M)]
        return cells + [dict(cell_type='markdown', source=re.sub(r'^```\{python\}\n.*?^```', '', text, flags=re.S|re.M))]

    def outputs(self):
        for source,outs in self.code:
            if re.search(r'^#\| *hide\b', source, re.M): continue
            for o in outs: yield source, o.get('data', {}), o

    def anchors(self):
        "Ids as pandoc gives them to headings, those given by hand, and the names that the page exports"
        ids, seen = set(re.findall(r'\{[^}]*#([\w.:-]+)[^}]*\}', self.md)), Counter()
        for h in re.findall(r'^#{1,6} +(.+?) *#*$', re.sub(r'^```.*?^```', '', self.md, flags=re.S|re.M), re.M):
            h = re.sub(r'\s*\{[^}]*\}$', '', h)
            h = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', h).lower()
            a = re.sub(r'^[^a-zA-Z]+', '', '-'.join(re.sub(r'[^\w\-. ]', '', h).split())) or 'section'
            ids.add(f'{a}-{seen[a]}' if seen[a] else a)
            seen[a] += 1
        for source,_ in self.code:
            ids |= set(re.findall(r'^#\| *label: *(\S+)', source, re.M))
            if re.search(r'^#\| *exports?\b', source, re.M): ids |= set(re.findall(r'^(?:def|class) +(\w+)', source, re.M)) | {f'{c}.{n}' for n,c in re.findall(r'^def +(\w+)\((?:self|cls): *(\w+)', source, re.M)}
        return ids | {i.lower() for i in ids}

LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^()\s>]+(?:\([^()\s]*\))?)>?[^)]*\)(\{[^}]*\})?')
SRC = re.compile(r'<(?:img|iframe|a|script|link)\b[^>]*?\b(?:src|href)=["\']([^"\']+)', re.I)

def broken_links(page, pages):
    targets = [m[3] for m in LINK.finditer(page.plain)] + SRC.findall(page.prose)
    for m in LINK.finditer(page.plain): targets += [n[3] for n in LINK.finditer(m[2])]
    for _,data,_ in page.outputs(): targets += [m[3] for m in LINK.finditer(re.sub(r'^(`{3,}).*?^\1', '', joined(data.get('text/markdown', '')), flags=re.S|re.M))]
    for t in targets:
        if re.match(r'[a-z]+:|//', t): continue
        file, _, anchor = unquote(t).partition('#')
        to = (page.path.parent/file).resolve() if file else page.path
        if not to.exists(): yield f'{page.name}: {t} does not exist'
        elif anchor and to in pages and anchor not in pages[to].anchors(): yield f'{page.name}: no section #{anchor} in {to.name}'

REF = r'(?:fig|tbl|sec|eq|lst)-[\w-]+'
def broken_refs(page):
    labels = re.findall(r'\{[^}]*#(' + REF + r')[^}]*\}', page.md) + [o for s,_ in page.code for o in re.findall(r'^#\| *label: *(' + REF + r')', s, re.M)]
    for r in re.findall(r'(?<![\w@/])@(' + REF + r')', page.plain):
        if r.rstrip('-') not in labels: yield f'{page.name}: @{r} has no target on its page'
    for l,n in Counter(labels).items():
        if n > 1: yield f'{page.name}: the label {l} is there {n} times'

def missing_alt(page):
    for source,data,o in page.outputs():
        if any(k.startswith('image/') for k in data) and not re.search(r'^#\| *fig-alt: *\S', source, re.M): yield f'{page.name}: a figure without #| fig-alt, cell {source.strip()[:60]!r}'
        for t in re.findall(r'<img\b[^>]*>', joined(data.get('text/html', '')), re.I):
            if not re.search(r'\balt=["\'][^"\']', t): yield f'{page.name}: an output has <img> without alt, cell {source.strip()[:60]!r}'
    for m in LINK.finditer(page.plain):
        if m[1] and not m[2].strip() and not re.search(r'fig-alt=["\']?[^"\'\s]', m[4] or ''): yield f'{page.name}: the image {m[3]} has no alt text'
    for t in re.findall(r'<(?:img|iframe)\b[^>]*>', page.prose, re.I):
        if not re.search(r'\b(?:alt|title)=["\'][^"\']', t): yield f'{page.name}: {t[:60]} has neither alt nor title'
    if page.path.suffix == '.qmd':
        for source,_ in page.code:
            if re.search(r'^#\| *label: *fig-|plt\.|show_\w+\(.*\);', source, re.M) and not re.search(r'^#\| *fig-alt: *\S', source, re.M): yield f'{page.name}: a cell that draws has no #| fig-alt, {source.strip()[:60]!r}'

def unreadable_directives(page):
    "Quarto reads the `#| key: value` lines at a cell's top as YAML; one that it can't read stops the whole site"
    for i,c in enumerate(page.cells):
        if c['cell_type'] != 'code': continue
        lines = [l[2:].strip() for l in joined(c['source']).splitlines() if l.startswith('#|')]
        for l in lines:
            if not re.match(r'[\w-]+:(\s|$)', l): continue # nbdev's own directives, such as `exports`
            try: one = yaml.safe_load(l)
            except yaml.YAMLError as e: yield f'{page.name}, cell {i}: {l[:60]!r} is not YAML ({" ".join(str(e).split())[:80]}); quote the value'
            else:
                if not isinstance(one, dict): yield f'{page.name}, cell {i}: {l[:60]!r} is not a key and a value'

MACHINE = re.compile(r'(?<![\w.:/-])/(?:home|root|Users|tmp|work|mnt|private|var/folders)/[\w.-]+|\b[A-Z]:\\\\?Users\b|https?://(?:localhost|127\.0\.0\.1)')
def machine_paths(page):
    texts = [joined(c['source']) for c in page.cells] + [json.dumps({k: v for k,v in o.items() if k != 'metadata'}, ensure_ascii=False) for _,outs in page.code for o in outs]
    for t in texts:
        for m in MACHINE.finditer(re.sub(r'"image/\w+": "[^"]*"', '', t)): yield f'{page.name}: {m[0]}'

def widgets(page):
    if page.path.suffix == '.ipynb' and 'widgets' in json.loads(page.path.read_text()).get('metadata', {}): yield f'{page.name}: saved widget state'
    for source,data,_ in page.outputs():
        if any('widget' in k for k in data): yield f'{page.name}: a widget as output, cell {source.strip()[:60]!r}'

def unknown_citations(page, keys):
    for k in re.findall(r'(?<![\w@/.\\])@([A-Za-z]\w*(?:[:.#$%&+?<>~/-]\w+)*)', page.plain):
        if not re.fullmatch(REF, k) and k not in keys: yield f'{page.name}: @{k} is not in references.bib'

def named(tree):
    "All pages that a sidebar's contents name"
    if isinstance(tree, str): return [tree]
    if isinstance(tree, list): return [o for t in tree for o in named(t)]
    return [o for k in ('href', 'file', 'contents') if k in tree for o in named(tree[k])]

# --- tools from elsewhere

def katex():
    "The path of the KaTeX module, installed from npm for this run, and the folder that holds it"
    if not (shutil.which('node') and shutil.which('npm')) and shutil.which('apt-get') and os.geteuid() == 0:
        subprocess.run('apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm', shell=True, capture_output=True)
    if not (shutil.which('node') and shutil.which('npm')): raise OSError('node and npm are missing, and this script cannot install them; see https://nodejs.org')
    r = subprocess.run(['npm', 'install', '--prefix', tmp/'npm', '--silent', '--no-audit', '--no-fund', 'katex@0.16'], capture_output=True, text=True)
    if r.returncode: raise OSError(f'npm cannot install katex: {r.stderr.strip()[-300:]}')
    return tmp/'npm'/'node_modules'/'katex'/'dist'/'katex.mjs'

def bad_formulas(found):
    try: r = subprocess.run(['node', root/'.ci'/'katex_check.mjs', katex()], input=json.dumps(found), capture_output=True, text=True)
    except OSError as e: return [str(e)]
    return json.loads(r.stdout) if not r.returncode else [r.stderr[-500:]]

def processed():
    "The folder `_proc` of a copy, as nbdev makes it for Quarto; empty if that fails"
    copy = tmp/'copy'
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns('.venv*', '.git', '.src', '_docs', '_proc', '*.egg-info', '__pycache__', '.ipynb_checkpoints', 'models', 'build'))
    r = subprocess.run([sys.executable, '-c', 'from nbdev.serve import proc_nbs; proc_nbs()'], cwd=copy, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(copy)})
    if r.returncode or r.stderr.count('Error'): print(r.stdout[-2000:], r.stderr[-2000:])
    return copy/'_proc', r.returncode

# --- the checks

files = sorted(p for p in nbs.rglob('*.ipynb') if not skip(p))
files += sorted(p for p in [*nbs.rglob('*.qmd'), *(root/'slides').glob('*.qmd')] if not skip(p))
pages = {p: Page(p) for p in files}
each = lambda f, *args: [o for p in pages.values() for o in f(p, *args)]
bib = nbs/'references.bib'
entries = re.findall(r'^@\w+\{([^,\s]+)', bib.read_text(), re.M) if bib.exists() else []

with tempfile.TemporaryDirectory(prefix='lnl_site_') as tmp:
    tmp = Path(tmp)
    proc, code = processed()
    made = sorted(proc.rglob('*.ipynb')) if proc.exists() else []
    missing = [f'{p.name} is missing' for p in files if p.suffix == '.ipynb' and not (proc/p.relative_to(nbs)).exists()]
    check(f'nbdev makes the pages for Quarto ({len(made)} of them)', (missing or ['_proc is empty'] if not made or missing else []) + ([f'exit code {code}'] if code else []))
    check('relative links lead somewhere', each(broken_links, pages))
    check('cross-references have their targets', each(broken_refs))
    check('figures and images have alt texts', each(missing_alt))
    found = [o for p in pages.values() for o in formulas(p.name, p.md)]
    for p in made:
        outs = [o for c in json.loads(p.read_text())['cells'] for o in c.get('outputs', [])]
        found += [f for o in outs for k in ('text/markdown', 'text/latex') if k in o.get('data', {}) for f in formulas(f'{p.name}, an output', joined(o['data'][k]))]
    found = list(dict.fromkeys(found))
    check(f'formulas parse with KaTeX ({len(found)} of them)', bad_formulas(found) if found else ['no formula found'])

check('pages are smaller than 400 KB', [f'{p.name}: {p.path.stat().st_size//1000} KB' for p in pages.values() if p.path.stat().st_size > 400_000])
check('no widget output is saved', each(widgets))
check('no path of a machine, no localhost', each(machine_paths))
listed = named(yaml.safe_load((nbs/'sidebar.yml').read_text())['website']['sidebar']['contents'])
check('the sidebar and the chapters agree', [f'{n} is in sidebar.yml, but there is no such page' for n in listed if not (nbs/n).exists()] +
    [f'{p.name} is not in sidebar.yml' for p in nbs.glob('*.ipynb') if p.name not in listed] + [f'{n} is in sidebar.yml {k} times' for n,k in Counter(listed).items() if k > 1])
check(f'citations are in references.bib ({len(entries)} entries)', each(unknown_citations, entries) + [f'{k} is there {n} times' for k,n in Counter(entries).items() if n > 1])
check('every #| line is YAML that Quarto can read', each(unreadable_directives))
check('cell sources are lists of lines', [p.name for p in pages.values() if p.path.suffix == '.ipynb' and any(isinstance(c['source'], str) for c in p.cells)])
short = {k: re.sub(r'^\d+[a-zA-Z]?_', '', p.stem) for p in nbs.glob('*.ipynb') for k in [p.name]}
check('no two pages share an address', [f'{[k for k,v in short.items() if v == s]} become {s}.html' for s,n in Counter(short.values()).items() if n > 1])

llms = subprocess.run([sys.executable, root/'.ci'/'llms.py'], capture_output=True, text=True)
check('llms.txt is current', [llms.stderr[-500:]] if llms.returncode else [f'run make llms; different: {p.relative_to(root)}' for p in (root/'llms.txt', nbs/'llms.txt') if not p.exists() or p.read_text() != llms.stdout])
talk = subprocess.run([sys.executable, root/'slides'/'make_pptx.py', '--check'], cwd=root/'slides', capture_output=True, text=True)
check('the cells of the slides run', [talk.stderr.strip()[-1000:]] if talk.returncode else [])

print(f'{results.count(True)} passed, {results.count(False)} failed')
sys.exit(not all(results))
