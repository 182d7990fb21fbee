"""The style sheet: Bootstrap and bootswatch from npm, the project's own scss, in the order in which Quarto takes them."""
import hashlib, re
from pages import tools
from pages.made import HERE, ROOT

def layers(text):
    "The sections of a scss file that Quarto knows: `/*-- scss:defaults --*/` and so on"
    parts = re.split(r'^/\*-- *scss:(\w+) *--\*/ *$', text, flags=re.M)
    found = {}
    for name,content in zip(parts[1::2], parts[2::2]): found[name] = found.get(name, '') + content
    return found

def layers_of(name, home):
    "The layers of one part of a theme: a file of the project, or a theme of bootswatch"
    if name.endswith('.scss'): return layers(next(p for p in (home/name, ROOT/name) if p.exists()).read_text())
    theme = tools.node_modules()/'bootswatch'/'dist'/name
    if not theme.exists(): raise tools.Missing(f'bootswatch has no theme {name!r}')
    return {'defaults': (theme/'_variables.scss').read_text(), 'rules': (theme/'_bootswatch.scss').read_text()}

def source(names, home, dark):
    "One scss text. Variables with `!default` keep their first value, so what is nearest to the project comes first"
    theme = [layers_of(n, home) for n in ([names] if isinstance(names, str) else names)]
    quarto = [layers((HERE/f).read_text()) for f in (['dark.scss'] if dark else []) + ['quarto.scss']]
    get = lambda found, key: '\n'.join(o.get(key, '') for o in found)
    variables = [get(theme, 'functions'), get(theme[::-1], 'defaults'), get(quarto, 'defaults')]
    rules = [get(theme, 'mixins'), get(quarto, 'rules'), get(theme, 'rules')]
    head, body = '@import "bootstrap/scss/functions";', '@import "bootstrap/scss/bootstrap";'
    return '\n'.join([get(theme, 'uses'), head, *variables, body, *rules])

def stylesheet(names, home, dark):
    "The CSS of a theme such as `[cosmo, local.scss]`, kept in the cache"
    scss = source(names, home, dark)
    key = hashlib.sha1((scss + repr(tools.NPM)).encode()).hexdigest()
    sheet = tools.CACHE/'css'/f'{key}.css'
    if not sheet.exists():
        modules = tools.node_modules()
        command = [tools.node(), modules/'sass'/'sass.js', '--stdin', '--quiet', '--no-source-map', f'--load-path={modules}']
        r = tools.run(command, input=scss)
        if r.returncode: raise tools.Missing(f'sass: {r.stderr.strip()[:1500]}')
        tools.keep(sheet, r.stdout)
    return sheet.read_text()
