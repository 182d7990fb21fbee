"""What can be seen in the HTML of the pages, and in the files that the site serves beside them."""
import os, re
from collections import Counter
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import unquote
from pages.made import ROOT

# --- reading

HEADINGS = ('h1', 'h2', 'h3', 'h4', 'figcaption')
UNSEEN = ('script', 'style', 'template', 'title')
EMPTY = ('area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr')

class Html(HTMLParser):
    "An HTML file of the site, read once; `name` is its address. What stands in `noscript` is looked at as well"
    def __init__(self, out, name):
        super().__init__()
        self.name, self.ids, self.anchors, self.targets, self.pictures, self.texts, self.headings = name, [], set(), [], [], [], []
        self.open = []   # (tag, classes) of the elements around
        self.feed((out/name).read_text())

    def handle_starttag(self, tag, attrs):
        a = {k: v or '' for k,v in attrs}
        if 'id' in a: self.ids.append(a['id'])
        self.anchors |= {a[k] for k in ('id', 'name') if k in a}
        menu = any('sidebar-navigation' in c or 'page-navigation' in c for _,c in self.open)   # sidebar.yml is checked by itself
        if tag != 'meta' and not menu: self.targets += [a[k] for k in ('href', 'src', 'poster', 'data', 'action') if k in a]
        if tag in ('img', 'iframe'): self.pictures.append((tag, a))
        if tag in HEADINGS: self.headings.append([tag, ''])
        if tag not in EMPTY: self.open.append((tag, a.get('class', '').split()))

    def handle_endtag(self, tag):
        while any(t == tag for t,_ in self.open):
            if self.open.pop()[0] == tag: break

    def handle_data(self, data):
        tags = [t for t,_ in self.open]
        if any(t in tags for t in UNSEEN): return
        if any(t in tags for t in HEADINGS): self.headings[-1][1] += data
        if 'main' in tags: self.texts.append((data, self.in_code()))

    def in_code(self):
        "Source code, not what a cell has printed"
        printed = any('cell-output' in c for _,c in self.open)
        return any(t == 'pre' and 'sourceCode' in c or t == 'code' and not printed for t,c in self.open)

    def words(self, code): return [t for t,c in self.texts if c == code]

# --- links

def outer(target): return re.match(r'[a-z][a-z0-9+.-]*:|//', target, re.I)

def resolved(name, target):
    "File and anchor that a target on the page `name` means"
    file, _, mark = unquote(target).partition('#')
    file = file.split('?')[0]
    if file.startswith('/'): return file[1:], mark
    return (os.path.normpath(PurePosixPath(name).parent/file) if file else name), mark

def broken_links(htmls, there, exempt):
    "Relative links of pages that lead nowhere; `there` are the files of the site, `exempt` pages whose anchors nobody knows here"
    anchors = {h.name: h.anchors for h in htmls}
    for h in htmls:
        for t in h.targets:
            if not t or t == '#' or outer(t): continue
            file, mark = resolved(h.name, t)
            if file.endswith('/') or file == '.': file = os.path.normpath(f'{file}/index.html')
            if file not in there and f'{file}/index.html' not in there: yield f'{h.name}: {t} leads nowhere'
            known = file in anchors and file not in exempt
            if known and mark and mark not in anchors[file]: yield f'{h.name}: there is no #{mark} in {file}'

IN_CSS = re.compile(r'''url\((["']?)(?!data:|#|https?:)([^"')]+)()\1\)''')
IN_JS = re.compile(r'''(["'`])((?:\.{1,2}/)*[\w-]+(?:/[\w-]+)*\.(?:html|js|json|css|png|svg|webp|gif|bin|txt|md|ipynb))(?:#([\w.-]+))?\1''')
def broken_in_scripts(out, names, there):
    "Files that scripts and styles name and that the site does not have, beside the script or at the top, where a page takes it in"
    for name in names:
        text = (out/name).read_text(errors='replace')
        for m in (IN_JS if name.endswith('.js') else IN_CSS).finditer(text):
            near, top = resolved(name, m[2])[0], resolved('index.html', m[2])[0]
            if near not in there and top not in there: yield f'{name}: {m[2]} leads nowhere'

def own_addresses(files, base, there):
    "Absolute addresses of the site itself, in text files such as llms.txt"
    for path in files:
        for m in re.finditer(re.escape(base) + r'([\w./-]*)(?:#([\w.-]+))?', path.read_text()):
            file = m[1].rstrip('.') or 'index.html'
            if file.endswith('/'): file += 'index.html'
            if file not in there: yield f'{path.name}: {m[0]} will not be there'

def in_repository(htmls, git_url, branch):
    "Links to files of the repository, also those that Colab opens, that it does not have"
    here, colab = re.escape(git_url), re.escape(git_url.replace('https://github.com', 'https://colab.research.google.com/github'))
    place = re.compile(rf'(?:{here}/(?:blob|tree|raw)|{colab}/blob)/{branch}/([^#?]*)')
    for h in htmls:
        for t in h.targets:
            m = place.match(t)
            if m and not (ROOT/unquote(m[1])).exists(): yield f'{h.name}: {t} is not in the repository'

# --- what stands on a page

def double_ids(h):
    for i,n in Counter(h.ids).items():
        if n > 1: yield f'{h.name}: the id {i} is there {n} times'

def nameless_pictures(h):
    for tag,a in h.pictures:
        key = 'alt' if tag == 'img' else 'title'
        decoration = tag == 'img' and a.get('alt') == '' and a.get('role') == 'presentation'
        if not a.get(key, '').strip() and not decoration: yield f'{h.name}: <{tag} src={a.get("src", "")[:60]}> has no {key}'

RAW_LINK = re.compile(r'.{0,30}\]\(https?:.{0,30}')
def raw_links(h):
    for code in (True, False):
        for t in h.words(code):
            for m in RAW_LINK.finditer(t): yield f'{h.name}: {m[0]!r} in {"code" if code else "the text"}'

LONG_FLOAT = re.compile(r'(?<![\w./])[-−]?\d*\.\d{5,}(?:e[-+]?\d+)?(?![\w/])')
ARXIV = re.compile(r'\d{4}\.\d{5}')
def long_floats(h):
    for t in h.words(code=False):
        for m in LONG_FLOAT.finditer(t):
            if not ARXIV.fullmatch(m[0]): yield f'{h.name}: {m[0]} in {" ".join(t[max(0, m.start()-30):m.end()+20].split())!r}'
        for m in re.finditer(r'np\.(?:int|float|bool)\w*\([^)]*\)', t): yield f'{h.name}: {m[0]}'

FIGURE = re.compile(r'\bFigure\s+(\d+)')
def contradicted_figures(h):
    "An automatic number below a heading that speaks of another figure"
    above = {}   # level of a heading -> heading
    for tag,text in h.headings:
        text = ' '.join(text.split())
        if tag != 'figcaption':
            above = {level: said for level,said in above.items() if level < tag} | {tag: text}
            continue
        number = FIGURE.match(text)
        for heading in above.values():
            other = FIGURE.search(heading)
            if number and other and number[1] != other[1]: yield f'{h.name}: a caption says "{number[0]}" under the heading "{heading}"'
