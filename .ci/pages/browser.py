"""Pages in Chromium."""
import json, os
from pathlib import Path
from pages import tools

HERE = Path(__file__).resolve().parent
VIEWS = [(1440, False), (1440, True), (390, True), (390, False)]   # width in pixels, dark?

def look(out, pages, views):
    "What browser.mjs finds on pages of the folder `out`; `views` are lists (width, dark)"
    job = {'out': str(out), 'pages': list(pages), 'views': list(views), 'chromium': tools.chromium()}
    r = tools.run([tools.node(), HERE/'browser.mjs'], input=json.dumps(job), env={**os.environ, 'NODE_PATH': str(tools.node_modules())})
    if r.returncode: raise tools.Missing(f'the browser stopped: {r.stderr.strip()[-600:]}')
    return json.loads(r.stdout)

def lengths(out, pages):
    "Heights in pixels at 1440 pixels"
    return {o['page']: o['views'][0]['height'] for o in look(out, pages, VIEWS[:1]) if o['views']}

def cut(found):
    "What is too wide on a page, each once, with the first view in which it is"
    seen = set()
    for v in found['views']:
        where = f'{found["page"]}, {v["width"]} px, {"dark" if v["dark"] else "light"}'
        if v['wide'] > v['view'] and 'wide' not in seen: yield f'{where}: scrolls sideways, {v["wide"]} px'
        if v['wide'] > v['view']: seen.add('wide')
        for w in v['cut']:
            what = w.rsplit(':', 1)[0]
            if what not in seen: yield f'{where}: {w}'
            seen.add(what)
