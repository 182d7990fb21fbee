"""The pages: nbdev's notebooks through pandoc into a frame like Quarto's, and the files that the site serves beside them."""
import hashlib, html, json, os, re, shutil
from pathlib import Path, PurePosixPath
import yaml
from pages import tools
from pages.frame import Frame, as_list
from pages.made import HERE, ROOT, address, front_matter, is_page, settings
from pages.notebook import Notebook
from pages.style import stylesheet

TEMPLATE, FILTER = HERE/'page.html', HERE/'page.lua'
LINKS = re.compile(r'(\s(?:href|src|poster|data-src)=")([^"]*)"')
UNUSED = ('sre', 'a11y', 'input', 'mml-*', 'tex-svg*', 'tex-mml*')   # parts of MathJax

def yaml_of(path): return yaml.safe_load(path.read_text()) or {} if path.exists() else {}

class Site:
    "The site of a copy of the checkout in which nbdev has made `_proc`, rendered into the folder `out`"
    def __init__(self, copy, out):
        self.proc, self.nbs, self.out, self.cfg = copy/'_proc', copy/'nbs', Path(out), settings()
        shared, self.own = yaml_of(copy/'_quarto.yml'), yaml_of(self.nbs/'_quarto.yml')
        self.format, self.web = shared.get('format', {}).get('html', {}), shared.get('website', {})
        self.sources = sorted(str(p.relative_to(self.nbs)) for p in self.nbs.rglob('*') if is_page(p, self.nbs))
        self.addresses = {n: address(n) for n in self.sources}
        contents = yaml_of(self.nbs/'sidebar.yml').get('website', {}).get('sidebar', {}).get('contents', [])
        self.frame = Frame(self.web, contents, self.addresses, self.nbs, self.cfg['title'])
        self.base = f"{self.cfg['doc_host']}{self.cfg['doc_baseurl']}/"
        bibliography = self.nbs/str(self.own.get('bibliography', ''))
        self.bibliography = bibliography if bibliography.is_file() else None
        self.said = {}     # what pandoc said about a page
        self.named = set() # files that pages name

    def find(self, name): return next(p for p in (self.nbs/name, ROOT/name) if p.exists())

    # -- from notebook to page

    def markdown(self, name):
        "A page's Markdown; its pictures are saved beside the page"
        if name.endswith('.qmd'): return (self.proc/name).read_text()
        page = self.out/self.addresses[name]
        folder = page.with_name(f'{page.stem}_files')/'figure-html'
        shutil.rmtree(folder.parent, ignore_errors=True)
        def save(picture, data):
            folder.mkdir(parents=True, exist_ok=True)
            (folder/picture).write_bytes(data)
            return str((folder/picture).relative_to(page.parent))
        return Notebook(self.proc/name, save).markdown()

    def variables(self, name, text):
        "What the template wants to know"
        here, head = self.addresses[name], front_matter(self.proc/name)
        root = '../'*(len(PurePosixPath(here).parts) - 1)
        math = self.format.get('html-math-method')
        script = str(math.get('url', '')).rsplit('/')[-1] if isinstance(math, dict) else ''
        return {
            'root': root,
            'site-title': self.cfg['title'],
            'favicon': str(self.web.get('favicon') or '').lstrip('/'),
            'full': head.get('page-layout') == 'full',
            'has-math': re.search(r'\$|\\\(', text) is not None,
            'mathjax': script or 'tex-chtml-full.js',
            'header-includes': self.extra('include-in-header'),
            'sidebar': self.frame.sidebar(here, root),
            'breadcrumb': self.frame.breadcrumb(name),
            'neighbours': self.frame.neighbours(here, root),
            'footer': self.frame.footer()}

    def extra(self, key):
        "What `include-in-header` and its like hold, as a list"
        said = [o if isinstance(o, dict) else {'file': o} for o in as_list(self.format.get(key))]
        return [o['text'] if 'text' in o else self.find(o['file']).read_text() for o in said]

    def pandoc(self, name, text, variables):
        "HTML of a Markdown document, and pandoc's errors and warnings; kept in the cache"
        options = ['--from=markdown', '--to=html', '--standalone', '--mathjax', '--section-divs', '--wrap=none',
            '--metadata=link-citations:true', f'--template={TEMPLATE}', f'--lua-filter={FILTER}']
        if front_matter(self.proc/name).get('toc', self.format.get('toc', True)):
            options += ['--toc', f'--toc-depth={self.format.get("toc-depth", 3)}']
        books = self.bibliography.read_text() if self.bibliography else ''
        if books: options += ['--citeproc', f'--bibliography={self.bibliography}']
        files = [TEMPLATE.read_text(), FILTER.read_text(), books]
        key = hashlib.sha1(json.dumps([tools.PANDOC, text, variables, files, options[:-1]]).encode()).hexdigest()
        kept = tools.CACHE/'html'/f'{key}.json'
        if not kept.exists():
            given = kept.with_name(f'{key}-{os.getpid()}.yaml')
            tools.keep(given, json.dumps({'variables': variables}))
            r = tools.run([tools.pandoc(), *options, f'--defaults={given}'], input=text)
            given.unlink()
            failed = f'pandoc ended with code {r.returncode}' if r.returncode else ''
            tools.keep(kept, json.dumps([r.stdout, r.stderr.strip() or failed]))
        return json.loads(kept.read_text())

    def link(self, name, target):
        "A target as the site will have it: notebooks become pages, absolute addresses of the site relative ones"
        here = PurePosixPath(name).parent
        if target.startswith(self.base): target = os.path.relpath(target[len(self.base):] or 'index.html', here)
        if re.match(r'[a-z][a-z+.-]*:|//|#', target, re.I): return target
        file, rest = re.match(r'([^?#]*)(.*)', target, re.S).groups()
        to = os.path.normpath(here/file) if file else name
        if to in self.addresses: return os.path.relpath(self.addresses[to], here) + rest
        if file and (self.proc/to).is_file(): self.named.add(to)
        return target

    def render(self, name):
        "Write a page; gives its address"
        here, text = self.addresses[name], self.markdown(name)
        done, self.said[name] = self.pandoc(name, text, self.variables(name, text))
        done = LINKS.sub(lambda m: f'{m[1]}{html.escape(self.link(name, html.unescape(m[2])))}"', done)
        done = done.replace('</body>', '\n'.join([*self.extra('include-after-body'), '</body>']))
        (self.out/here).parent.mkdir(parents=True, exist_ok=True)
        (self.out/here).write_text(done)
        return here

    # -- everything else

    def libraries(self):
        "Style and scripts of all pages"
        libs, theme = self.out/'site_libs', self.format.get('theme', 'cosmo')
        libs.mkdir(parents=True, exist_ok=True)
        own = [(HERE/'code.css').read_text(), *[self.find(p).read_text() for p in as_list(self.format.get('css'))]]
        for kind in ('light', 'dark'):
            names = theme[kind] if isinstance(theme, dict) else theme
            (libs/f'{kind}.css').write_text('\n'.join([stylesheet(names, self.nbs, kind == 'dark'), *own]))
        shutil.copy(HERE/'theme.js', libs)
        if (libs/'mathjax').exists(): return
        shutil.copytree(tools.node_modules()/'mathjax', libs/'mathjax', ignore=shutil.ignore_patterns(*UNUSED))

    def resources(self):
        "What Quarto copies: the `resources` of nbs/_quarto.yml, favicon and logo, and the files that pages name"
        patterns = self.own.get('project', {}).get('resources', [])
        patterns = [f'{p}/*' if p.endswith('**') else p for p in patterns]
        marks = [self.web.get('favicon'), self.web.get('sidebar', {}).get('logo')]
        patterns += [str(o).lstrip('/') for o in marks if o]
        found = {str(p.relative_to(self.proc)) for g in patterns for p in self.proc.glob(g) if p.is_file()}
        for n in found | self.named:
            (self.out/n).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.proc/n, self.out/n)
