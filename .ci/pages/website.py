"""The site without Quarto: nbdev's part in a copy of the checkout, pandoc, a page like Quarto's, Bootstrap with the project's style."""
import configparser, hashlib, html, json, os, re, shutil, sys
from functools import lru_cache
from pathlib import Path, PurePosixPath
import yaml
from pages import tools
from pages.notebook import Notebook, joined
from pages.tools import CACHE, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIP = ('.venv', '.git', '_docs', '_proc', 'build', 'models', '__pycache__', '.ipynb_checkpoints')

def settings():
    cfg = configparser.ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini', encoding='utf8')
    return cfg['DEFAULT']

# --- nbdev's part

def files():
    "What belongs to the checkout: what git knows, and new files that it does not ignore"
    r = run(['git', '-C', ROOT, 'ls-files', '-co', '--exclude-standard', '-z'])
    if r.returncode: names = [str(p.relative_to(ROOT)) for p in ROOT.rglob('*') if not any(o.startswith(SKIP) for o in p.relative_to(ROOT).parts)]
    else: names = r.stdout.split('\0')
    return [ROOT/n for n in names if n and (ROOT/n).is_file()]

def copied(to):
    "A copy of the checkout in the folder `to`; a file is written only if it changed, so that nbdev does only what is new"
    wanted = {p.relative_to(ROOT): p for p in files()}
    for old in [p for p in to.rglob('*') if p.is_file()]:
        name = old.relative_to(to)
        if name.parts[0] != '_proc' and '__pycache__' not in name.parts and name not in wanted: old.unlink()
    for name,p in wanted.items():
        data = p.read_bytes()
        if (to/name).exists() and (to/name).read_bytes() == data: continue
        (to/name).parent.mkdir(parents=True, exist_ok=True)
        (to/name).write_bytes(data)

def processed(copy):
    "nbdev's `_proc` of a copy, all of it, and what nbdev said if it failed"
    r = run([sys.executable, '-c', 'from nbdev.serve import proc_nbs; proc_nbs(force=True)'], cwd=copy, env=at(copy))
    bad = r.returncode or re.search(r'^\w*(Error|Exception)\b', r.stderr, re.M)
    return copy/'_proc', (r.stdout + r.stderr)[-2000:] if bad else ''

def stamp(copy, name):
    "What a processed notebook depends on, as far as it changes from one minute to the next"
    data = [(copy/'nbs'/name).read_bytes(), *[p.read_bytes() for p in (copy/'settings.ini', copy/'lnl'/'site.py') if p.exists()]]
    return hashlib.sha1(b''.join(data)).hexdigest()

def processed_again(copy, names):
    "As `processed`, for those notebooks that have changed since the last time"
    kept = copy/'_proc'/'.stamps'
    stamps = lambda: json.loads(kept.read_text()) if kept.exists() else {}
    old, new = stamps(), {n: stamp(copy, n) for n in names}
    todo = [n for n in names if old.get(n) != new[n] or not (copy/'_proc'/n).exists()]
    r = run([sys.executable, HERE/'make.py', *todo], cwd=copy, env=at(copy))
    made = {} if r.returncode else {n: new[n] for n in todo if (copy/'_proc'/n).exists()}
    with tools.locked(f'{copy.name}-stamps'): kept.write_text(json.dumps({**stamps(), **made}))
    return copy/'_proc', r.stderr[-2000:] if r.returncode else '\n'.join(re.findall(r'^WRONG (.*)', r.stdout, re.M))

def at(copy):
    "The environment of a process in which `lnl` is the copy's"
    return {**os.environ, 'PYTHONPATH': str(copy), 'OMP_NUM_THREADS': '1'}

# --- addresses

def short(name): return re.sub(r'^\d+[a-zA-Z]?_', '', name)

def front_matter(path):
    "The YAML at the top of a page"
    if path.suffix == '.ipynb': text = next((joined(c['source']) for c in json.loads(path.read_text())['cells'][:1] if c['cell_type'] == 'raw'), '')
    else: text = path.read_text()
    m = re.match(r'\s*---\n(.*?)\n---\s*(\n|\Z)', text, re.S)
    return yaml.safe_load(m[1]) if m else {}

def address(name):
    "Where the site has a page: a notebook's name without its number"
    p = PurePosixPath(name)
    return str(p.with_name((short(p.stem) if p.suffix == '.ipynb' else p.stem) + '.html'))

def title_of(path):
    "A page's title before nbdev has made it: its first heading"
    if path.suffix == '.qmd': return front_matter(path).get('title', path.stem)
    for c in json.loads(path.read_text())['cells']:
        if m := re.match(r'# +(.+)', joined(c['source'])): return m[1]
    return path.stem

# --- the style

def layers(text):
    "The sections of a scss file that Quarto knows: `/*-- scss:defaults --*/` and so on"
    parts = re.split(r'^/\*-- *scss:(\w+) *--\*/ *$', text, flags=re.M)
    found = {}
    for name,content in zip(parts[1::2], parts[2::2]): found[name] = found.get(name, '') + content
    return found

def theme_layers(names, home):
    "The layers of a Quarto theme, such as `[cosmo, local.scss]`"
    dist = tools.node_modules()/'bootswatch'/'dist'
    found = []
    for name in [names] if isinstance(names, str) else names:
        if name.endswith('.scss'): found.append(layers(next(p for p in (home/name, ROOT/name) if p.exists()).read_text()))
        elif (dist/name).exists(): found.append({'defaults': (dist/name/'_variables.scss').read_text(), 'rules': (dist/name/'_bootswatch.scss').read_text()})
        else: raise tools.Missing(f'no theme {name!r} in bootswatch')
    return found

def stylesheet(names, home, dark):
    "The compiled CSS of a theme on Bootstrap, in Quarto's order: what is nearest to the project first, as `!default` wants it"
    theme = theme_layers(names, home)
    ours = [layers((HERE/'dark.scss').read_text())]*dark + [layers((HERE/'quarto.scss').read_text())]
    get = lambda found, key: '\n'.join(o.get(key, '') for o in found)
    scss = '\n'.join([get(theme, 'uses'), '@import "bootstrap/scss/functions";', get(theme, 'functions'), get(theme[::-1], 'defaults'), get(ours, 'defaults'),
        '@import "bootstrap/scss/bootstrap";', get(theme, 'mixins'), get(ours, 'rules'), get(theme, 'rules')])
    sheet = CACHE/'css'/f'{hashlib.sha1((scss + repr(tools.NPM)).encode()).hexdigest()}.css'
    if not sheet.exists():
        sheet.parent.mkdir(parents=True, exist_ok=True)
        modules = tools.node_modules()
        r = run([tools.node(), modules/'sass'/'sass.js', '--stdin', '--quiet', '--no-source-map', '--style=expanded', f'--load-path={modules}'], input=scss)
        if r.returncode: raise ValueError(f'sass: {r.stderr.strip()[:1500]}')
        sheet.write_text(r.stdout)
    return sheet.read_text()

# --- pages

class Site:
    "The pages of a folder `_proc`, rendered into `out`; `settings` of Quarto are read there and in the checkout"
    def __init__(self, copy, out):
        self.proc, self.nbs, self.out, self.cfg = copy/'_proc', copy/'nbs', Path(out), settings()
        read = lambda p: yaml.safe_load(p.read_text()) or {} if p.exists() else {}
        self.shared, self.own, bar = read(copy/'_quarto.yml'), read(self.nbs/'_quarto.yml'), read(self.nbs/'sidebar.yml')
        self.format = self.shared.get('format', {}).get('html', {})
        self.web = self.shared.get('website', {})
        self.contents = bar.get('website', {}).get('sidebar', {}).get('contents', [])
        self.sources = sorted(str(p.relative_to(self.nbs)) for p in self.nbs.rglob('*') if p.suffix in ('.ipynb', '.qmd') and not any(o[0] in '._' for o in p.relative_to(self.nbs).parts))
        self.addresses = {n: address(n) for n in self.sources}
        self.base = f"{self.cfg['doc_host']}{self.cfg['doc_baseurl']}/"
        self.said = {}   # what pandoc said about a page
        self.used = {}   # files that pages name, with the pages

    # -- around the text

    def title(self, name):
        made = self.proc/name
        return str(front_matter(made).get('title') or '') if made.exists() and made.suffix == '.qmd' else title_of(self.nbs/name)

    @lru_cache(None)
    def inline(self, text):
        "A line of Markdown as HTML"
        done = run([tools.pandoc(), '--from=markdown', '--to=html'], input=str(text)).stdout.strip()
        return re.sub(r'\A<p>(.*)</p>\Z', r'\1', done, flags=re.S)

    def entry(self, item):
        "Text and address of a sidebar's entry, without what lies below it"
        if isinstance(item, str): item = {'href': item}
        href = item.get('href') or item.get('file')
        text = item.get('text') or item.get('section') or (self.title(href) if href in self.addresses else href)
        if item.get('section') in self.addresses: text, href = self.title(item['section']), item['section']
        return str(text), self.addresses.get(href, href)

    def flat(self, items=None):
        "All entries of the sidebar that lead somewhere, in order"
        for item in self.contents if items is None else items:
            text,href = self.entry(item)
            if href: yield text, href
            if isinstance(item, dict): yield from self.flat(item.get('contents', []))

    def menu(self, items, here, root, depth=1):
        lines = []
        for item in items:
            text,href = self.entry(item)
            inside = item.get('contents') if isinstance(item, dict) else None
            words = f'<span class="menu-text">{self.inline(text)}</span>'
            active = ' active' if href == here else ''
            link = f'<a href="{root}{href}" class="sidebar-item-text sidebar-link{active}">{words}</a>' if href else f'<span class="sidebar-item-text sidebar-link text-start">{words}</span>'
            below = f'<ul class="collapse list-unstyled sidebar-section depth{depth} show">{self.menu(inside, here, root, depth+1)}</ul>' if inside else ''
            lines.append(f'<li class="sidebar-item{" sidebar-item-section" if inside else ""}"><div class="sidebar-item-container">{link}</div>{below}</li>')
        return '\n'.join(lines)

    def sidebar(self, here, root):
        bar = self.web.get('sidebar', {})
        logo = f'<a href="{root}index.html" class="sidebar-logo-link"><img src="{root}{bar["logo"].lstrip("/")}" alt="{html.escape(bar.get("logo-alt", ""))}" class="sidebar-logo"></a>' if bar.get('logo') else ''
        tools_ = ''.join(f'<a href="{t["href"]}" title="{html.escape(t.get("text", ""))}" class="quarto-navigation-tool px-1" aria-label="{html.escape(t.get("text", ""))}">⎇</a>' for t in bar.get('tools', []))
        toggle = '<a href="#" class="quarto-color-scheme-toggle quarto-navigation-tool px-1" title="Toggle dark mode" aria-label="Toggle dark mode"><i class="bi"></i></a>'
        title = f'<div class="sidebar-title mb-0 py-0"><a href="{root}index.html">{html.escape(bar.get("title") or self.cfg["title"])}</a><div class="sidebar-tools-main">{tools_}{toggle}</div></div>'
        search = '<div class="sidebar-search"><div id="quarto-search">Search</div></div>' if self.web.get('search', True) else ''
        return (f'<nav id="quarto-sidebar" class="sidebar sidebar-navigation floating overflow-auto" aria-label="All pages"><div class="pt-lg-2 mt-2 text-left sidebar-header">{logo}{title}</div>{search}'
            f'<div class="sidebar-menu-container"><ul class="list-unstyled mt-1">{self.menu(self.contents, here, root)}</ul></div></nav>')

    def neighbours(self, here, root):
        order = list(self.flat())
        at = next((k for k,(_,href) in enumerate(order) if href == here), None)
        if at is None or not self.web.get('page-navigation'): return ''
        link = lambda k, way, before, after: f'<div class="nav-page nav-page-{way}"><a href="{root}{order[k][1]}" class="pagination-link">{before}<span class="nav-page-text">{self.inline(order[k][0])}</span>{after}</a></div>'
        back = link(at-1, 'previous', '← ', '') if at > 0 else '<div class="nav-page nav-page-previous"></div>'
        return back + (link(at+1, 'next', '', ' →') if at+1 < len(order) else '<div class="nav-page nav-page-next"></div>')

    def footer(self):
        said = self.web.get('page-footer', {})
        said = {'center': said} if isinstance(said, str) else said
        text = lambda o: ' '.join(self.inline(f"[{i.get('text', i.get('icon', ''))}]({i.get('href', '')})" if isinstance(i, dict) else i) for i in ([o] if isinstance(o, (str, dict)) else o or []))
        return ''.join(f'<div class="nav-footer-{k}">{text(said.get(k))}</div>' for k in ('left', 'center', 'right')) if said else ''

    def section(self, here):
        "The part of the sidebar that a page is in"
        for item in self.contents:
            if isinstance(item, dict) and any(href == here for _,href in self.flat([item])): return self.entry(item)[0]
        return ''

    def extra(self, key):
        "What `include-in-header` and its like hold"
        for o in (lambda v: v if isinstance(v, list) else [v] if v else [])(self.format.get(key)):
            if isinstance(o, dict) and 'text' in o: yield o['text']
            else:
                name = o['file'] if isinstance(o, dict) else o
                yield next(p for p in (self.nbs/name, ROOT/name) if p.exists()).read_text()

    # -- from notebook to page

    def markdown(self, name):
        "A page's Markdown; its pictures are saved beside the page"
        if name.endswith('.qmd'): return (self.proc/name).read_text()
        folder = PurePosixPath(self.addresses[name]).with_suffix('').name + '_files/figure-html'
        home = (self.out/self.addresses[name]).parent/folder
        shutil.rmtree(home, ignore_errors=True)
        def save(picture, data):
            home.mkdir(parents=True, exist_ok=True)
            (home/picture).write_bytes(data)
            return f'{folder}/{picture}'
        return Notebook(self.proc/name, save).markdown()

    def link(self, name, target):
        "A target as the site will have it: notebooks become pages, absolute addresses of the site relative ones"
        here = PurePosixPath(name).parent
        if target.startswith(self.base): target = os.path.relpath(target[len(self.base):] or 'index.html', here)
        if re.match(r'[a-z][a-z+.-]*:|//|#', target, re.I): return target
        file, mark, rest = re.match(r'([^?#]*)()(.*)', target, re.S).groups()
        to = os.path.normpath(here/file) if file else name
        if to in self.addresses: return os.path.relpath(self.addresses[to], here) + rest
        if file and (self.proc/to).is_file(): self.used.setdefault(to, []).append(name)
        return target

    def render(self, name):
        "Write a page; gives its address"
        here, text = self.addresses[name], self.markdown(name)
        root = '../'*(len(PurePosixPath(here).parts) - 1)
        math = self.format.get('html-math-method', {})
        script = str(math.get('url', '')).rsplit('/')[-1] if isinstance(math, dict) else ''
        variables = {'root': root, 'site-title': self.cfg['title'], 'sidebar': self.sidebar(here, root), 'neighbours': self.neighbours(here, root), 'footer': self.footer(),
            'breadcrumb': f'{html.escape(self.section(here))} › {self.inline(self.title(name))}'.removeprefix(' › '), 'mathjax': script or 'tex-chtml-full.js', 'favicon': str(self.web.get('favicon') or '').lstrip('/'),
            'full': front_matter(self.proc/name).get('page-layout') == 'full', 'has-math': re.search(r'\$|\\\(', text) is not None, 'header-includes': list(self.extra('include-in-header'))}
        key = hashlib.sha1(json.dumps([text, variables, self.bibliography(), *[(HERE/f).read_text() for f in ('page.lua', 'page.html', 'website.py')], tools.PANDOC]).encode()).hexdigest()
        kept = CACHE/'html'/f'{key}.json'
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(self.pandoc(name, text, variables)))
        done, said = json.loads(kept.read_text())
        self.said[name] = said
        done = re.sub(r'(\s(?:href|src|poster|data-src)=")([^"]*)"', lambda m: f'{m[1]}{html.escape(self.link(name, html.unescape(m[2])))}"', done)
        (self.out/here).parent.mkdir(parents=True, exist_ok=True)
        (self.out/here).write_text(done.replace('</body>', '\n'.join([*self.extra('include-after-body'), '</body>'])))
        return here

    @lru_cache(None)
    def bibliography(self):
        path = self.nbs/str(self.own.get('bibliography', ''))
        return path.read_text() if path.is_file() else ''

    def pandoc(self, name, text, variables):
        "HTML of a Markdown document, and pandoc's errors and warnings"
        given = CACHE/'html'/f'{os.getpid()}-{name.replace("/", "-")}.yaml'
        given.write_text(json.dumps({'variables': variables}))
        command = [tools.pandoc(), '--from=markdown', '--to=html', '--standalone', '--mathjax', '--section-divs', '--wrap=none', f'--template={HERE/"page.html"}', f'--defaults={given}',
            f'--lua-filter={HERE/"page.lua"}', '--metadata=link-citations:true', f'--toc-depth={self.format.get("toc-depth", 3)}']
        if front_matter(self.proc/name).get('toc', self.format.get('toc', True)): command += ['--toc']
        if self.bibliography(): command += ['--citeproc', f'--bibliography={self.nbs/self.own["bibliography"]}']
        r = run(command, input=text)
        given.unlink()
        return r.stdout, r.stderr.strip() or (f'pandoc ended with code {r.returncode}' if r.returncode else '')

    # -- everything else

    def libraries(self):
        "Style and scripts of all pages"
        libs = self.out/'site_libs'
        libs.mkdir(parents=True, exist_ok=True)
        theme = self.format.get('theme', 'cosmo')
        theme = theme if isinstance(theme, dict) else {'light': theme, 'dark': theme}
        code = (HERE/'code.css').read_text()
        own = ''.join((self.nbs/p).read_text() for p in (lambda c: [c] if isinstance(c, str) else c or [])(self.format.get('css')) if (self.nbs/p).exists())
        for k in ('light', 'dark'): (libs/f'{k}.css').write_text(stylesheet(theme[k], self.nbs, k == 'dark') + code + own)
        shutil.copy(HERE/'theme.js', libs)
        if not (libs/'mathjax').exists(): shutil.copytree(tools.node_modules()/'mathjax', libs/'mathjax', ignore=shutil.ignore_patterns('sre', 'a11y', 'input', 'mml-*', 'tex-svg*', 'tex-mml*'))

    def resources(self):
        "What Quarto copies: the `resources` of nbs/_quarto.yml, the favicon, and the files that pages name"
        wanted = list(self.own.get('project', {}).get('resources', [])) + [str(o).lstrip('/') for o in (self.web.get('favicon'), self.web.get('sidebar', {}).get('logo')) if o]
        names = {str(p.relative_to(self.proc)) for g in wanted if g for p in self.proc.glob(g + '/*' if g.endswith('**') else g) if p.is_file()}
        for n in names | set(self.used):
            (self.out/n).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.proc/n, self.out/n)
        return names
