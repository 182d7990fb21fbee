"""The site as a reader gets it, without Quarto: `.venv/bin/python .ci/preview.py OUT [name ...]`.

Renders all pages into the folder OUT, or those that are named (`toy`, `solutions/toy`), and prints their lengths. The look is close to
Quarto's, not the same: see .ci/pages/. What it needs comes from PyPI and npm and stays in ~/.cache/lnl-site. Open OUT/index.html, or
OUT/toy.html?dark; formulas and the playground need a web server: `python -m http.server --directory OUT`.
"""
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pages import browser, tools
from pages.made import ROOT, copied, processed_again
from pages.website import Site

def main(out, *names):
    out = Path(out).resolve()
    copy = tools.CACHE/f'copy-{hashlib.sha1(str(ROOT).encode()).hexdigest()[:10]}'
    with tools.locked(copy.name): copied(copy)
    site = Site(copy, out)
    wanted = [n for n,a in site.addresses.items() if not names or a.removesuffix('.html') in names or n in names or Path(n).stem in names]
    if names and not wanted: sys.exit(f'no page {" ".join(names)}')
    proc, said = processed_again(copy, [n for n in wanted if n.endswith('.ipynb')])
    if said: print(said)
    site.libraries()
    with ThreadPoolExecutor(2) as pool: made = list(pool.map(site.render, [n for n in wanted if (proc/n).exists()]))
    site.resources()
    for n,s in site.said.items():
        if s: print(f'{n}: {s}')
    lengths = browser.lengths(out, made)
    for address,height in sorted(lengths.items(), key=lambda o: -o[1]): print(f'{height:6} px  {height/900:5.1f} screens  {address}')

if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'): sys.exit(__doc__)
    main(*sys.argv[1:])
