"""The pages of the site, without Quarto. Run by `make site-check`; works on a copy.

It begins where Quarto does: nbdev makes `_proc`, pandoc turns every page into HTML, Chromium opens the pages with a style close to the
site's. pandoc comes from PyPI, the rest from npm; both stay in ~/.cache/lnl-site. As root it installs node, npm and Chromium with
apt-get where they are missing. The checks are in .ci/pages/: sources.py, rendered.py, browser.py. `--all` lists
all that is wrong, not the first twenty of a kind. The last line counts: `N passed, N failed`.
"""
import re, sys, tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import docs
from pages import browser, rendered, sources, tools
from pages.made import ROOT, copied, processed, short
from pages.website import Site

CI, results = ROOT/'.ci', []
LONGEST = 15*900   # pixels: 15 screens

def check(name, wrong):
    "One line for one check: `wrong` lists what is wrong, or says which tool is missing"
    try: wrong = list(dict.fromkeys(wrong() if callable(wrong) else wrong))
    except tools.Missing as e: wrong = [str(e)]
    results.append(not wrong)
    some = wrong if '--all' in sys.argv else wrong[:20]
    more = [f'and {len(wrong)-len(some)} more; `--all` lists them'] if len(some) < len(wrong) else []
    print('\n        '.join([f"{'FAILED' if wrong else 'ok    '}  {name}", *some, *more]), flush=True)

def script(*command, cwd=ROOT):
    "What a test that prints `N passed, N failed` says is wrong"
    r = tools.run(command, cwd=cwd)
    failed = [' '.join(o.split()) for o in re.findall(r'^FAILED +(.*(?:\n {8}.*)*)', r.stdout, re.M)]
    counted = re.search(r'^(\d+) passed, (\d+) failed$', r.stdout, re.M)
    if not counted or r.returncode and not failed: failed.append(f'exit code {r.returncode}: {(r.stderr or r.stdout).strip()[-400:]}')
    return failed

# --- the checks, in the order in which they run

def check_sources(pages):
    each = lambda f, *args: [o for p in pages.values() for o in f(p, *args)]
    bib = (ROOT/'nbs'/'references.bib').read_text()
    entries = re.findall(r'^@\w+\{([^,\s]+)', bib, re.M)
    twice = [f'{k} is there {n} times' for k,n in Counter(entries).items() if n > 1]
    check('every #| line is YAML that Quarto can read', each(sources.unreadable_directives))
    check('relative links lead somewhere', each(sources.broken_links, pages))
    check('cross-references have their targets', each(sources.broken_refs))
    check(f'citations are in references.bib ({len(entries)} entries)', each(sources.unknown_citations, entries) + twice)
    check('figures and images have alt texts', each(sources.missing_alt))
    check('no error output is stored', each(sources.stored_errors))
    check('no widget output is saved', each(sources.widgets))
    check('no path of a machine, no localhost', each(sources.machine_paths))
    check('pages are smaller than 400 KB', each(sources.too_large))
    check('cell sources are lists of lines', each(sources.sources_as_text))
    check('the sidebar and the chapters agree', sources.sidebar_and_chapters)
    check('no two pages share an address', shared_addresses)
    check('llms.txt is current', old_llms)
    check('what the docs workflow does to pages, and its settings', lambda: script(sys.executable, CI/'docs.py', '--selftest'))

def shared_addresses():
    names = [short(p.stem) for p in (ROOT/'nbs').iterdir() if p.suffix in ('.ipynb', '.qmd')]
    return [f'{n} pages become {s}.html' for s,n in Counter(names).items() if n > 1]

def old_llms():
    r = tools.run([sys.executable, CI/'llms.py'])
    if r.returncode: return [r.stderr[-500:]]
    files = [ROOT/'llms.txt', ROOT/'nbs'/'llms.txt']
    return [f'run make llms; different: {p.relative_to(ROOT)}' for p in files if not p.exists() or p.read_text() != r.stdout]

def check_nbdev(pages, proc, said):
    made = [p for p in pages if p.suffix == '.ipynb' and (proc/p.relative_to(ROOT/'nbs')).exists()]
    missing = [f'{p.name} is missing' for p in pages if p.suffix == '.ipynb' and p not in made]
    check(f'nbdev makes the pages for Quarto ({len(made)} of them)', missing + [said]*bool(said) + ['_proc is empty']*(not made))
    found = sources.all_formulas(pages, proc)
    check(f'formulas parse with KaTeX ({len(found)} of them)', lambda: sources.bad_formulas(found) if found else ['no formula found'])

def check_html(site, made):
    "Gives all HTML files of the site"
    check(f'pandoc makes HTML of the pages without a warning ({len(made)} of them)', [f'{n}: {s}' for n,s in site.said.items() if s])
    files = {str(p.relative_to(site.out)) for p in site.out.rglob('*') if p.is_file()}
    there = files | {o for o in docs.EXPECTED if o.startswith(sources.MADE_LATER)}
    others = sorted(n for n in files if n.endswith('.html') and n not in made)
    scripts = sorted(n for n in files if n.endswith(('.js', '.css')) and not n.startswith('site_libs/'))
    htmls = [rendered.Html(site.out, n) for n in made + others]
    ours = htmls[:len(made)]
    each = lambda f, some=htmls: [o for h in some for o in f(h)]
    texts = [p for p in (ROOT/'README.md', ROOT/'llms.txt') if p.exists()]
    broken = [*rendered.broken_links(htmls, there, others), *rendered.broken_in_scripts(site.out, scripts, there)]
    check('links and anchors of the pages, scripts and styles lead somewhere', broken)
    check('addresses of the site in README.md and llms.txt will be there', rendered.own_addresses(texts, site.base, there))
    check('links into the repository lead to its files', rendered.in_repository(htmls, site.cfg['git_url'], site.cfg['branch']))
    check('downloads and other files of the site are there', [f'{o} is missing' for o in docs.EXPECTED if o not in there])
    check('no id is there twice', each(rendered.double_ids))
    check('every picture and frame has a name', each(rendered.nameless_pictures))
    check('no raw Markdown link in code or text', each(rendered.raw_links, ours))
    check('no number with more than four digits after the point', each(rendered.long_floats, ours))
    check('numbers of figures do not contradict headings', each(rendered.contradicted_figures, ours))
    outside = [o for o in docs.outside(site.out) if not o.startswith('site_libs/mathjax')]
    check('nothing is loaded from another host', outside + list(outside_of_talk()))
    return [h.name for h in htmls]

def outside_of_talk():
    "What the talk's sources would load from another host; what reveal adds is seen by .ci/slides_test.py"
    loads = re.compile(r'''(?:src=["']|url\(["']?|@import +["']|!\[[^\]]*\]\()((?:https?:)?//[^"')\s]+)''')
    for p in sorted((ROOT/'slides').iterdir()):
        if p.suffix not in ('.qmd', '.scss', '.css', '.js', '.html'): continue
        yield from (f'slides/{p.name} loads {m[1]}' for m in loads.finditer(p.read_text()))

def check_browser(site, names, made):
    try: found = browser.look(site.out, names, browser.VIEWS)
    except tools.Missing as e: return check('Chromium opens the pages', [str(e)])
    heights = {o['page']: o['views'][0]['height'] for o in found if o['views'] and o['page'] in made}
    longest_first = sorted(heights.items(), key=lambda o: -o[1])
    check('no page is longer than 15 screens', [f'{n}: {h} px, {h/900:.1f} screens' for n,h in longest_first if h > LONGEST])
    check('no error and no warning in the console', [f'{o["page"]}: {t}' for o in found for t in o['trouble']])
    check('no page asks another host for anything', [f'{o["page"]}: {t}' for o in found for t in o['foreign']])
    check('nothing scrolls sideways, nothing is cut, at 390 and 1440 pixels, light and dark', [w for o in found for w in browser.cut(o)])

def played_with():
    "What the playground's own test finds wrong; it looks for playwright-core in the current folder"
    modules = tools.node_modules()
    return script('env', f'CHROMIUM={tools.chromium()}', tools.node(), CI/'playground_test.mjs', cwd=modules.parent)

def main():
    with tempfile.TemporaryDirectory(prefix='lnl_site_') as tmp, ThreadPoolExecutor(1) as beside:
        pages = {p: sources.Page(p) for p in sources.page_files()}
        played = beside.submit(played_with)   # while nbdev works
        talk = beside.submit(lambda: script(sys.executable, CI/'slides_test.py'))
        copy, out = Path(tmp)/'copy', Path(tmp)/'out'
        copied(copy)
        check_sources(pages)
        proc, said = processed(copy)
        check_nbdev(pages, proc, said)
        try: site, made = rendered_site(copy, out)
        except tools.Missing as e: check('pandoc makes HTML of the pages', [str(e)])
        else: check_browser(site, check_html(site, made), made)
        check('the playground works, by real clicks, keys and strokes', played.result)
        check('the talk: its cells run, no slide overflows, no text of the deck is too long', talk.result)
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    return all(results)

def rendered_site(copy, out):
    site = Site(copy, out)
    site.libraries()
    names = [n for n in site.sources if (site.proc/n).exists()]
    with ThreadPoolExecutor(2) as pool: made = list(pool.map(site.render, names))
    site.resources()
    return site, made

if __name__ == '__main__': sys.exit(not main())
