"""The talk as Chromium shows it: `python .ci/slides_test.py`, or with `--shots FOLDER` to look at all slides.

Its cells run in a kernel, as for presentation.pptx (slides/make_pptx.py); their outputs are kept in the cache until the deck, the
library or the results change. pandoc writes the slides for reveal.js, sass compiles slides/talk.scss on reveal's own theme template,
and .ci/slides_test.mjs walks through the slides at both sizes. Quarto is not needed: what it adds to reveal is approximated in STYLE,
without its menu and other plugins. presentation.pptx is built as well, and its texts must fit.
"""
import hashlib, html, json, re, shutil, subprocess, sys, tempfile
from pathlib import Path
root = Path(__file__).resolve().parent.parent
slides = root/'slides'
sys.path[:0] = [str(root/'.ci'/'pages'), str(slides)]
import nbformat, tools, make_pptx

REVEAL = 'reveal.js@5.2.1'
shots = sys.argv[sys.argv.index('--shots') + 1] if '--shots' in sys.argv else ''
passed = []
if shots: Path(shots).mkdir(parents=True, exist_ok=True)

def check(name, wrong):
    "One line for one check: `wrong` lists what is wrong"
    wrong = list(wrong)
    passed.append(not wrong)
    print(f"{'FAILED' if wrong else 'ok    '}  {name}" + ''.join(f'\n        {o}' for o in wrong), flush=True)

def fetched(what, command): # a package of its own folder in the cache
    def install(folder):
        r = tools.run([*command, folder, what])
        if r.returncode: raise tools.Missing(f'cannot install {what}: {(r.stderr or r.stdout).strip()[-300:]}')
    return tools.fetched(re.sub(r'\W+', '-', what), what, install)

# --- the cells

def executed(text):
    "Outputs of the cells: from the cache, if nothing that they depend on has changed"
    known = hashlib.sha1(text.encode())
    for p in [slides/'make_pptx.py', *sorted(p for p in (root/'lnl').rglob('*') if p.is_file() and '__pycache__' not in p.parts)]:
        known.update(p.read_bytes())
    kept = tools.CACHE/'slides'/f'{known.hexdigest()}.json'
    if not kept.exists():
        outputs = make_pptx.run(text)
        shutil.rmtree(kept.parent, ignore_errors=True)
        kept.parent.mkdir(parents=True)
        kept.write_text(json.dumps(outputs))
    return [[nbformat.from_dict(o) for o in outs] for outs in json.loads(kept.read_text())]

def for_pandoc(text, outputs):
    "The deck's Markdown, with what Quarto would put into the place of its cells"
    outputs = iter(outputs)
    def shown(m):
        outs = next(outputs)
        if m['value']: return ''.join(o.text for o in outs).strip()
        if re.search(r'^#\| *include: *false', m['code'], re.M): return ''
        alt = re.search(r'^#\| *fig-alt: *(.+)', m['code'], re.M)
        parts = []
        for data in [o.data for o in outs if 'data' in o]:
            if 'image/png' in data:
                src, said = 'data:image/png;base64,' + data['image/png'].replace('\n', ''), html.escape(alt[1] if alt else '')
                parts.append(f'<div class="quarto-figure quarto-figure-center"><figure class="figure"><p><img src="{src}" class="figure-img" alt="{said}"></p></figure></div>')
            elif 'text/markdown' in data: parts.append(data['text/markdown'])
        return '\n\n'.join(['::: {.cell}', *(f'::: {{.cell-output .cell-output-display}}\n{o}\n:::' for o in parts), ':::'])
    return make_pptx.CELL.sub(shown, text)

# --- the look: what Quarto sets before reveal's template, as far as a slide's measures depend on it

STYLE = '''
$presentation-slide-text-align: left !default;
$code-color: $body-color !default;
$backgroundColor: #fff; $mainColor: $body-color; $mainFont: $font-family-sans-serif; $mainFontSize: $presentation-font-size-root;
$blockMargin: 12px; $headingMargin: 0 0 $blockMargin 0; $headingFont: $font-family-sans-serif; $headingColor: $presentation-heading-color;
$headingTextTransform: none; $headingFontWeight: $presentation-heading-font-weight;
$heading1Size: $presentation-h1-font-size; $heading2Size: $presentation-h2-font-size; $heading3Size: 1.3em; $heading4Size: 1em;
$codeFont: monospace; $linkColor: $link-color; $linkColorHover: $link-color;
@import "theme";
.reveal .slides { text-align: $presentation-slide-text-align; }
.reveal p, .reveal .slides section { line-height: $presentation-line-height; }
.reveal .slides section.smaller { font-size: .7em; h2 { font-size: calc(#{$presentation-h2-font-size} / .7); } }
#title-slide { text-align: center; top: 180px !important; } // Quarto centres it
.reveal pre { width: 100%; font-size: .55em; }
.reveal code { white-space: pre-wrap; }
.reveal pre code { white-space: pre; }
.reveal div.sourceCode { border: 1px solid #ccc; overflow: auto; margin: 0; }
.reveal .slide { height: 100%; }
.reveal .slide ul, .reveal .slide ol { margin-bottom: .5em; }
.reveal .slide li { margin: .4em 0 .2em; }
'''

def layers(path):
    "Defaults and rules of a style in Quarto's format"
    found = re.split(r'^/\*-- scss:(\w+) --\*/$', path.read_text(encoding='utf8'), flags=re.M)
    return dict(zip(found[1::2], found[2::2]))

def style(themes, modules, reveal):
    "The compiled style sheet of the talk"
    mine = [layers(slides/t) for t in themes if (slides/t).exists()]
    parts = ['@import "mixins"; @import "settings";', *[l.get('defaults', '') for l in mine], STYLE, *[l.get('rules', '') for l in mine]]
    template = reveal/'css'/'theme'/'template'
    command = [tools.node(), modules/'sass'/'sass.js', '--stdin', '--quiet', '--silence-deprecation=import,global-builtin', f'--load-path={template}']
    r = tools.run(command, input='\n'.join(parts))
    if r.returncode: raise tools.Missing(f'sass: {r.stderr.strip()[:500]}')
    return r.stdout

def page(front, text, site, modules, reveal):
    "The talk at `site`/slides/index.html, with reveal.js and MathJax where it looks for them"
    options = front['format']['revealjs']
    home = site/'slides'
    home.mkdir(parents=True)
    for o in ('dist', 'plugin'): shutil.copytree(reveal/o, home/'reveal'/o)
    shutil.copytree(modules/'mathjax'/'es5', site/'mathjax')
    (home/'reveal'/'dist'/'theme'/'talk.css').write_text(f"@import url(./fonts/source-sans-pro/source-sans-pro.css);\n{style(options['theme'], modules, reveal)}")
    (home/'head.html').write_text(options['include-in-header']['text'])
    settings = {'revealjs-url': 'reveal', 'theme': 'talk', 'center': 'false', 'controls': 'false', 'hash': 'true', 'transition': 'none', 'slideNumber': "'c/t'", 'navigationMode': 'linear'}
    settings |= {k: options[k] for k in ('width', 'height', 'margin')}
    meta = [f'{k}={front[k]}' for k in ('title', 'subtitle', 'author')]
    command = [tools.pandoc(), '--from=markdown', '--to=revealjs', '--standalone', '--slide-level=2', f"--mathjax={options['html-math-method']['url']}",
        f"--include-in-header={home/'head.html'}", *[f'--metadata={o}' for o in meta], *[f'--variable={k}={v}' for k,v in settings.items()], '-o', home/'index.html']
    r = tools.run(command, input=text)
    if r.returncode: raise tools.Missing(f'pandoc: {r.stderr.strip()[:500]}')

try:
    front, text = make_pptx.source()
    try: outputs = executed(text)
    except Exception as e: check('the cells of the talk run', [str(e)[-1500:]])
    else:
        deck = make_pptx.read_deck(text, outputs)
        check(f'the cells of the talk run; its {len(deck)} slides have content and speaker notes', make_pptx.incomplete(deck))
        with tempfile.TemporaryDirectory(prefix='lnl_talk_') as tmp:
            tmp = Path(tmp)
            modules = tools.node_modules()
            reveal = fetched(REVEAL, [tools.npm(), 'install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix'])/'node_modules'/'reveal.js'
            page(front, for_pandoc(text, outputs), tmp/'site', modules, reveal)
            r = subprocess.run([tools.node(), root/'.ci'/'slides_test.mjs', modules/'playwright-core', tools.chromium(), tmp/'site', shots], capture_output=True, text=True)
            if r.returncode: check('Chromium walks through the slides', [r.stderr.strip()[-1500:]])
            else:
                for name,wrong in json.loads(r.stdout): check(name, wrong)
            sys.path.append(str(fetched(tools.PPTX, [sys.executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target'])))
            check('presentation.pptx: what is on a slide fits', make_pptx.build(front, deck, tmp/'presentation.pptx'))
            if shots: shutil.copy(tmp/'presentation.pptx', shots)
except tools.Missing as e: check('the tools of this test are here', [str(e)])

print(f'{passed.count(True)} passed, {passed.count(False)} failed')
sys.exit(not all(passed))
