"""The site, in _docs/: `python .ci/docs.py`. Run by `make docs`.

Works on a copy, so that the checkout stays as it was: nbdev and Quarto make the chapters, Quarto the slides, python-pptx the deck.
Then the pages lose what they load from elsewhere, and are checked. `--check _docs` checks a finished site, `--selftest` checks
this script on small pages and the files that must agree with settings.ini. The last line of both counts: `N passed, N failed`.
"""
import argparse, json, os, re, shutil, subprocess, sys, tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
import yaml
from pages import tools
from pages.made import ROOT, address, is_page, settings

SCRIPT_OF_MATHJAX = 'mathjax/tex-chtml-full.js'
EXPECTED = [ # files of the site, beside the chapters
    'slides/index.html', 'slides/presentation.pptx', 'playground/playground.html', 'llms.txt', SCRIPT_OF_MATHJAX,
    'one_file/lnl_in_one_file.txt', 'one_file/your_data.txt', 'images/logo.svg', 'images/card.png']
LEFT_OUT = ['.venv*', '.git', '.quarto', '_docs', '_proc', 'build', 'dist', 'runs', 'models', '*.egg-info', '__pycache__',
    '.ipynb_checkpoints'] # of the copy

def site_url(): return settings()['doc_host'] + settings()['doc_baseurl']

def chapters():
    "The addresses of the chapters"
    nbs = ROOT/'nbs'
    return sorted(address(p.name) for p in nbs.iterdir() if is_page(p, nbs))

# --- making it

def run(*command, cwd, **env):
    "Run a command in the copy; stop with its exit code if it fails"
    print('+', *[Path(command[0]).name, *command[1:]], flush=True)
    done = subprocess.run([str(o) for o in command], cwd=cwd, env={**os.environ, 'PYTHONPATH': str(cwd), **env})
    if done.returncode: sys.exit(f'{Path(command[0]).name} failed with exit code {done.returncode}')

def copy_checkout(to):
    "A copy without environments, git and what was made before"
    match = shutil.ignore_patterns(*LEFT_OUT)
    def skip(folder, names): return match(folder, names) | ({'results'} if Path(folder) == ROOT else set())
    shutil.copytree(ROOT, to, ignore=skip)
    (to/'README.md').touch() # newer than index.ipynb: nbdev would make it anew

def fetch_mathjax(to):
    "MathJax from npm: one script with all TeX extensions, its fonts and its licence"
    package = tools.node_modules()/'mathjax'
    fonts = Path('output')/'chtml'/'fonts'/'woff-v2'
    shutil.copytree(package/'es5'/fonts, to/fonts)
    shutil.copy(package/'es5'/'tex-chtml-full.js', to)
    shutil.copy(package/'LICENSE', to)

def render_chapters(copy):
    run(Path(sys.executable).parent/'nbdev_docs', cwd=copy)
    missing = [page for page in chapters() if not (copy/'_docs'/page).exists()]
    if missing: sys.exit(f'nbdev_docs made no {", ".join(missing)}')

def render_slides(copy):
    "The talk, at _docs/slides/. Without an address in the ROOT Quarto deletes the site's sitemap"
    config = yaml.safe_load((copy/'_quarto.yml').read_text())
    config['website']['site-url'] = site_url()
    (copy/'_quarto.yml').write_text(yaml.safe_dump(config, sort_keys=False))
    shutil.copytree(copy/'nbs'/'images', copy/'images')
    kept = {name: (copy/'_docs'/name).read_text() for name in ('sitemap.xml', 'search.json')}
    run('quarto', 'render', 'slides', cwd=copy, QUARTO_PYTHON=sys.executable)
    for name, text in kept.items():
        file = copy/'_docs'/name
        if not file.exists() or len(file.read_text()) < len(text): file.write_text(text)

def make_deck(copy):
    "The talk as a file for PowerPoint, next to the slides"
    run(sys.executable, '-m', 'pip', 'install', '--quiet', '--target', copy/'.venv-pptx', tools.PPTX, cwd=copy)
    run(sys.executable, 'slides/make_pptx.py', '_docs/slides/presentation.pptx', cwd=copy)

def make():
    "The whole site, checked, in _docs/"
    if not shutil.which('quarto'): sys.exit('quarto is missing; get it from https://quarto.org')
    with tempfile.TemporaryDirectory(prefix='lnl_docs_') as tmp:
        copy = Path(tmp)/'lnl'
        copy_checkout(copy)
        try: fetch_mathjax(copy/'nbs'/'mathjax')
        except tools.Missing as e: sys.exit(str(e))
        render_chapters(copy)
        render_slides(copy)
        make_deck(copy)
        clean_site(copy/'_docs')
        good = check(copy/'_docs')
        shutil.rmtree(ROOT/'_docs', ignore_errors=True)
        shutil.move(copy/'_docs', ROOT)
    sys.exit(not good)

# --- taking out what pages load from elsewhere

HOST = r'["\'](?:https?:)?//'
WIDGETS = r'[^"\']*(?:polyfill|require(?:js|\.min|\.js|@|/)|jquery)[^"\']*["\']'
SCRIPT = re.compile(rf'[ \t]*<script\b[^>]*\bsrc={HOST}{WIDGETS}[^>]*>\s*</script>\n?', re.I)
DEFINE = re.compile(r'[ \t]*<script\b[^>]*>\s*define\(["\']jquery["\'].*?</script>\n?', re.I|re.S)
FONT_LINK = re.compile(rf'[ \t]*<link\b[^>]*\bhref={HOST}fonts\.(?:googleapis|gstatic)\.com[^>]*>\n?', re.I)
FONT_IMPORT = re.compile(r'@import\s*(?:url\()?\s*["\']?(?:https?:)?//[^;]*;', re.I)
STYLE = re.compile(r'<style\b.*?</style>', re.S)
ROOTED = re.compile(r'((?:src|href)=["\'])/(?=(?:mathjax|images)/)') # Quarto makes such an address relative; if it does not

def clean_page(html, depth=0):
    "A page without Quarto's scripts for notebook widgets, polyfills and web fonts; `depth` counts the folders above it"
    for pattern in (SCRIPT, DEFINE, FONT_LINK): html = pattern.sub('', html)
    html = STYLE.sub(lambda m: FONT_IMPORT.sub('', m[0]), html)
    html = ROOTED.sub(rf'\g<1>{"../"*depth}', html)
    if 'Reveal.initialize(' not in html: return html
    return re.sub(r"(\bmathjax: *')[^']*(')", rf'\g<1>{"../"*depth}{SCRIPT_OF_MATHJAX}\2', html)

def described(html):
    "A page of slides has no description: the site's"
    if 'name="description"' in html: return html
    text = settings()['description'].replace('"', '&quot;')
    return html.replace('</title>', f'</title>\n<meta name="description" content="{text}">', 1)

def clean_site(docs):
    "All pages and styles of a rendered site, in place"
    for file in docs.rglob('*.html'):
        text = file.read_text(encoding='utf8')
        new = clean_page(text, len(file.relative_to(docs).parts)-1)
        if 'Reveal.initialize(' in new: new = described(new)
        if new != text: file.write_text(new, encoding='utf8')
    for file in docs.rglob('*.css'):
        text = file.read_text(encoding='utf8')
        if FONT_IMPORT.search(text): file.write_text(FONT_IMPORT.sub('', text), encoding='utf8')

# --- looking at it

class Page(HTMLParser):
    "What a page loads, what it links to, and what it says about itself"
    LOADS = dict(
        script=['src'], img=['src', 'data-src', 'srcset'], source=['src', 'srcset'], iframe=['src', 'data-src'],
        video=['src', 'poster'], audio=['src'], track=['src'], embed=['src'], object=['data'], image=['href'], use=['href'],
        section=['data-background-image', 'data-background-iframe'])
    RELS = {'stylesheet', 'icon', 'apple-touch-icon', 'mask-icon', 'manifest', 'preload', 'modulepreload', 'prefetch',
        'preconnect', 'dns-prefetch'}

    def __init__(self, html):
        super().__init__()
        self.loads = []
        self.links = []
        self.meta = {}
        self.code = [] # (script or style, text)
        self.title = ''
        self.lang = ''
        self.math = False
        self.inside = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = {name: value or '' for name, value in attrs}
        for name in self.LOADS.get(tag, []):
            if name == 'srcset': self.loads += [o.split()[0] for o in found.get(name, '').split(',') if o.strip()]
            elif name in found: self.loads.append(found[name])
        if tag == 'link' and self.RELS & set(found.get('rel', '').lower().split()): self.loads.append(found.get('href', ''))
        if tag == 'a' and 'href' in found: self.links.append(found['href'])
        if tag == 'html': self.lang = found.get('lang', '')
        if tag == 'meta': self.meta[found.get('name') or found.get('property')] = found.get('content', '')
        if 'math' in found.get('class', '').split(): self.math = True
        if 'style' in found: self.code.append(('style', found['style']))
        if tag in ('script', 'style', 'title') and 'json' not in found.get('type', ''): self.inside = tag

    def handle_endtag(self, tag):
        if tag == self.inside: self.inside = None

    def handle_data(self, data):
        if self.inside == 'title' and not self.title: self.title = data.strip()
        if self.inside in ('script', 'style'): self.code.append((self.inside, data))

OUTSIDE = re.compile(r'(?:https?:)?//[\w.-]', re.I)
ADDRESS = r'["\'`]((?:https?:|wss?:)?//[^"\'`]+)'
CSS_LOADS = re.compile(r'(?:@import\s*|url\(\s*)["\']?((?:https?:)?//[^"\')\s;]+)', re.I)
CALLS = r'(?:\bfetch|\bimport|importScripts|new (?:Worker|EventSource|WebSocket))\s*\(\s*'
JS_LOADS = re.compile(rf'(?:{CALLS}|\.src\s*=\s*|\bfrom\s*|\bmathjax: *){ADDRESS}')

def outside(docs):
    "Everything that a page, a style or a script would load from another host"
    patterns = dict(script=JS_LOADS, style=CSS_LOADS)
    for file in sorted(docs.rglob('*.html')):
        page = Page(file.read_text(encoding='utf8'))
        urls = [url for url in page.loads if OUTSIDE.match(url)]
        for kind, code in page.code: urls += patterns[kind].findall(code)
        for url in urls: yield f'{file.relative_to(docs)} loads {url}'
    for file in sorted([*docs.rglob('*.css'), *docs.rglob('*.js')]):
        pattern = CSS_LOADS if file.suffix == '.css' else JS_LOADS
        text = file.read_text(encoding='utf8', errors='replace')
        for url in pattern.findall(text): yield f'{file.relative_to(docs)} loads {url}'

def local(docs, file, url):
    "The file that a page means by `url`; None if that is not a file of the site"
    if not url or re.match(r'[a-z][a-z0-9+.-]*:|//|#|\{\{', url, re.I): return
    path = unquote(re.split(r'[?#]', url)[0])
    if not path: return
    to = docs/path.lstrip('/') if path.startswith('/') else (file.parent/path).resolve()
    return to/'index.html' if to.is_dir() else to

def made_by_quarto(page): return page.meta.get('generator', '').startswith('quarto')

def dead(docs):
    "Files that a page of ours names and that are not there; and addresses from the ROOT, which another host could not serve"
    docs = docs.resolve()
    for file in sorted(docs.rglob('*.html')):
        if 'site_libs' in file.parts: continue
        page = Page(file.read_text(encoding='utf8'))
        for url in page.loads + page.links:
            to = local(docs, file, url)
            if to and (not to.exists() or url.startswith('/')): yield f'{file.relative_to(docs)}: {url}'

def nameless(docs):
    "Pages without a title, a description, a language, or the card of the site"
    for file in sorted(docs.rglob('*.html')):
        page = Page(file.read_text(encoding='utf8'))
        if not made_by_quarto(page): continue
        name = file.relative_to(docs)
        if not page.title: yield f'{name} has no title'
        if not page.meta.get('description'): yield f'{name} has no description'
        if not page.lang: yield f'{name} has no language'
        for key in ('og:image', 'twitter:image'):
            if page.meta.get(key) != f'{site_url()}/images/card.png': yield f'{name}: {key} is {page.meta.get(key)}'

def without_math(docs):
    "Pages with formulas that do not load MathJax"
    for file in sorted(docs.rglob('*.html')):
        html = file.read_text(encoding='utf8')
        page = Page(html)
        name = file.relative_to(docs)
        if page.math and made_by_quarto(page) and SCRIPT_OF_MATHJAX not in html: yield f'{name} has formulas and no MathJax'
        old = re.search(r'\bRevealMath\s*[,\]]', html) and not re.search(r'\bMathJax\.Hub *=', html)
        if old: yield f'{name} asks for MathJax 2; see the header in slides/index.qmd'

def unlisted(docs):
    "Chapters that the sitemap or the search does not know"
    sitemap, search = docs/'sitemap.xml', docs/'search.json'
    if not sitemap.exists(): yield 'sitemap.xml is missing'
    if not search.exists(): yield 'search.json is missing'
    places = re.findall(r'<loc>(.*?)</loc>', sitemap.read_text()) if sitemap.exists() else []
    entries = json.loads(search.read_text()) if search.exists() else []
    found = {e['href'].partition('#')[0] for e in entries if e.get('text')}
    for page in chapters():
        if f'{site_url()}/{page}' not in places: yield f'{page} is not in sitemap.xml'
        if page not in found: yield f'{page} is not in search.json'

def report(checks):
    "Print one line for each check of {name: what is wrong}, and the count"
    good = []
    for name, wrong in checks.items():
        wrong = list(dict.fromkeys(wrong))
        more = [f'and {len(wrong)-20} more'] if len(wrong) > 20 else []
        print(f"{'FAILED' if wrong else 'ok    '}  {name}", *wrong[:20], *more, sep='\n        ', flush=True)
        good.append(not wrong)
    print(f'{good.count(True)} passed, {good.count(False)} failed')
    return all(good)

def check(docs):
    "Is this a site that can be published?"
    missing = [name for name in chapters() + EXPECTED if not (docs/name).exists()]
    return report({
        'nothing is loaded from another host': outside(docs),
        'pages, downloads and pictures of the site are there': missing,
        'what pages name is there': dead(docs),
        'pages have a title, a description, a language and the card': nameless(docs),
        'pages with formulas load MathJax': without_math(docs),
        'the sitemap and the search know every chapter': unlisted(docs)})

# --- testing it, without Quarto

CHAPTER = '''<html lang="en"><head><meta name="generator" content="quarto-1.10.18" />
<meta name="description" content="A chapter"><title>Toy</title>
<link href="site_libs/quarto-html/tippy.css" rel="stylesheet">
<link href="https://fonts.googleapis.com/css2?family=Lato" rel="stylesheet">
<link rel="canonical" href="https://example.org/toy.html">
<script src="https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.6/require.min.js" integrity="sha512-c3==" crossorigin="anonymous"></script>
<script src="https://cdn.jsdelivr.net/npm/requirejs@2.3.6/require.min.js" integrity="sha384-c9c sha384-6V1" crossorigin="anonymous"></script>
<script src="https://cdn.jsdelivr.net/npm/jquery@3.5.1/dist/jquery.min.js" integrity="sha384-Zv" crossorigin="anonymous" data-relocate-top="true"></script>
<script type="application/javascript">define('jquery', [],function() {return window.jQuery;})</script>
  <script src="https://cdnjs.cloudflare.com/polyfill/v3/polyfill.min.js?features=es6"></script>
  <script defer="" src="/mathjax/tex-chtml-full.js" type="text/javascript"></script>
<style>@import url("https://fonts.googleapis.com/css2?family=Lato&display=swap");
main{color:red}</style>
<script>window.Quarto = {typesetMath};</script></head>
<body><span class="math inline">\\(f\\)</span><a href="https://example.org">out</a><a href="other.html#x">other</a><img src="images/a.png"></body></html>'''

DECK = '''<html lang="en"><head><meta name="generator" content="quarto-1.10.18"><title>Talk</title></head><body>
<script>HEADER</script>
<span class="math inline">\\(f\\)</span><script src="../site_libs/revealjs/plugin/math/math.js"></script>
<script>
      Reveal.initialize({
'smaller': false,
        math: {
          mathjax: 'https://cdn.jsdelivr.net/npm/mathjax@2.7.9/MathJax.js',
          config: 'TeX-AMS_HTML-full',
        },
        plugins: [QuartoLineHighlight, PdfExport,
          RevealMath,
          RevealNotes
        ]
      });
</script></body></html>'''

def disagreements():
    "Files that repeat what settings.ini or another file says, and say something else"
    cfg = settings()
    cff = yaml.safe_load((ROOT/'CITATION.cff').read_text())
    config = (ROOT/'_quarto.yml').read_text()
    if str(cff['version']) != cfg['version']: yield f"CITATION.cff has version {cff['version']}, settings.ini {cfg['version']}"
    for key in ('repository-code', 'url'):
        if cff[key] not in (cfg['git_url'], site_url()): yield f'CITATION.cff: {key} is {cff[key]}'
    for url in re.findall(r'https://github\.com/[\w.-]+/[\w.-]+', config):
        if url.rstrip('.') != cfg['git_url']: yield f'_quarto.yml names {url}, settings.ini {cfg["git_url"]}'
    entry = re.search(r'@inproceedings\{kim2019lnl,(.*?)\n\}', (ROOT/'nbs'/'references.bib').read_text(), re.S)[1]
    paper = cff['preferred-citation']
    if paper['title'] not in entry: yield 'the title of the paper in CITATION.cff is not that in references.bib'
    if f"{paper['start']}--{paper['end']}" not in entry: yield 'the pages of the paper in CITATION.cff are not those in references.bib'
    for a in paper['authors']:
        if f"{a['family-names']}, {a['given-names']}" not in entry: yield f"{a['given-names']} {a['family-names']} is not in references.bib"
    one = ROOT/'nbs'/'one_file'/'lnl_in_one_file.py'
    download = one.with_suffix('.txt')
    if not download.exists() or download.read_text() != one.read_text(): yield 'the download of the one file is not current; run make downloads'

def bad_config():
    "Settings of Quarto that would not work, such as a list of pages in the ROOT, or files that are not there"
    top = yaml.safe_load((ROOT/'_quarto.yml').read_text())
    own = yaml.safe_load((ROOT/'nbs'/'_quarto.yml').read_text())
    site = top['website']
    if 'render' in top['project']: yield '_quarto.yml has render:, which leaks into nbs/'
    if own['metadata-files'][0] != '../_quarto.yml': yield 'nbs/_quarto.yml does not take the shared look'
    files = [site['favicon'], site['sidebar']['logo'], site['open-graph']['image'], site['twitter-card']['image']]
    for o in files + [own['bibliography'], *own['metadata-files'][2:]]:
        if not (ROOT/'nbs'/o.lstrip('/')).exists(): yield f'nbs/{o.lstrip("/")} is missing'
    math = top['format']['html']['html-math-method']
    if math != dict(method='mathjax', url='/mathjax/tex-chtml-full.js'): yield f'html-math-method is {math}'
    for o in ('mathjax/**', 'images/**', 'playground/**', 'one_file/*.txt', 'llms.txt'):
        if o not in own['project']['resources']: yield f'nbs/_quarto.yml: {o} is not among the resources'

def wrong_cleaning():
    "What `clean_page` and the checks do with pages like Quarto's"
    html = clean_page(CHAPTER, 1)
    for gone in ('require', 'jquery', 'jQuery', 'polyfill', 'googleapis', 'cdn'):
        if gone in html: yield f'{gone} is left'
    ours = ['src="../mathjax/tex-chtml-full.js"', 'tippy.css', 'main{color:red}', 'window.Quarto']
    for kept in ours + ['rel="canonical"', 'href="https://example.org"']:
        if kept not in html: yield f'{kept} is gone'
    if clean_page(html, 1) != html: yield 'a clean page is changed'
    deck = described(clean_page(DECK, 1))
    for kept in ("mathjax: '../mathjax/tex-chtml-full.js'", 'name="description"'):
        if kept not in deck: yield f'slides have no {kept}'
    if described(clean_page(deck, 1)) != deck: yield 'clean slides are changed'
    with tempfile.TemporaryDirectory() as tmp:
        docs = Path(tmp)
        (docs/'toy.html').write_text(CHAPTER)
        (docs/'slides').mkdir()
        (docs/'slides'/'index.html').write_text(DECK)
        lato = '@import url(https://fonts.googleapis.com/css?family=Lato);'
        (docs/'a.css').write_text(lato + 'b{background:url("//evil.example/x.png")}')
        (docs/'a.js').write_text('fetch("https://x.example/a"); i.src = `https://y.example/b`; see("https://docs.example")')
        found = list(outside(docs))
        if len(found) != 11: yield f'{len(found)} loads from outside are found, not 11: {found}'
        if len(list(nameless(docs))) != 5: yield f'{list(nameless(docs))}' # no description of the slides, four cards
        if len(list(without_math(docs))) != 2: yield f'{list(without_math(docs))}' # the slides: no MathJax, and version 2
        if not any('other.html' in o for o in dead(docs)): yield 'a dead link is not found'
        if 'sitemap.xml is missing' not in unlisted(docs): yield 'a missing sitemap is not found'
        clean_site(docs)
        left = list(outside(docs))
        if [o for o in left if 'evil' not in o and '.example' not in o]: yield f'after cleaning: {left}'
        if len(left) != 3: yield f'what is not known must stay and be reported: {left}'
        if len(list(without_math(docs))) != 1: yield f'{list(without_math(docs))}' # version 2 still
        (docs/'slides'/'index.html').write_text(deck.replace('HEADER', 'MathJax.Hub = {}'))
        if list(without_math(docs)): yield f'{list(without_math(docs))}'

def selftest():
    return report({
        'pages are cleaned, and what is wrong is found': wrong_cleaning(),
        'files agree with settings.ini and with each other': disagreements(),
        "Quarto's settings name what is there": bad_config()})

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', metavar='FOLDER', type=Path, help='check a finished site')
    parser.add_argument('--selftest', action='store_true', help='check this script and the settings')
    args = parser.parse_args()
    if args.check: sys.exit(not check(args.check))
    if args.selftest: sys.exit(not selftest())
    make()
