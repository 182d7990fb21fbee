"""What Quarto gets: a copy of the checkout in which nbdev has made `_proc`, and the addresses that its pages will have."""
import configparser, hashlib, json, os, re, sys
from pathlib import Path, PurePosixPath
import yaml
from pages.notebook import joined
from pages.tools import locked, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIPPED = ('.venv', '.git', '_docs', '_proc', 'build', 'models', '__pycache__', '.ipynb_checkpoints')

def settings():
    "What settings.ini says"
    cfg = configparser.ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini', encoding='utf8')
    return cfg['DEFAULT']

# --- the copy

def names():
    "What belongs to the checkout: what git knows, and new files that it does not ignore"
    r = run(['git', '-C', ROOT, 'ls-files', '-co', '--exclude-standard', '-z'])
    if not r.returncode: return [n for n in r.stdout.split('\0') if n]
    found = [p.relative_to(ROOT) for p in ROOT.rglob('*')]   # not a git checkout
    return [str(p) for p in found if not any(o.startswith(SKIPPED) for o in p.parts)]

def copied(to):
    "A copy of the checkout in the folder `to`; a file is written only if it has changed"
    wanted = {Path(n): ROOT/n for n in names() if (ROOT/n).is_file()}
    for old in [p for p in to.rglob('*') if p.is_file()]:
        name = old.relative_to(to)
        made = name.parts[0] == '_proc' or '__pycache__' in name.parts
        if not made and name not in wanted: old.unlink()
    for name,path in wanted.items():
        data = path.read_bytes()
        if (to/name).exists() and (to/name).read_bytes() == data: continue
        (to/name).parent.mkdir(parents=True, exist_ok=True)
        (to/name).write_bytes(data)

# --- nbdev's part

def at(copy):
    "The environment of a process in which `lnl` is the copy's"
    return {**os.environ, 'PYTHONPATH': str(copy), 'OMP_NUM_THREADS': '1'}

def processed(copy):
    "nbdev's `_proc` of a copy, all of it, and what nbdev said if it failed"
    r = run([sys.executable, '-c', 'from nbdev.serve import proc_nbs; proc_nbs(force=True)'], cwd=copy, env=at(copy))
    bad = r.returncode or re.search(r'^\w*(Error|Exception)\b', r.stderr, re.M)
    return copy/'_proc', (r.stdout + r.stderr)[-2000:] if bad else ''

def stamp(copy, name):
    "What a processed notebook depends on, as far as it changes from one minute to the next"
    files = [copy/'nbs'/name, copy/'settings.ini', copy/'lnl'/'site.py']
    data = [p.read_bytes() for p in files if p.exists()]
    return hashlib.sha1(b''.join(data)).hexdigest()

def processed_again(copy, names):
    "As `processed`, for those notebooks that have changed since the last time"
    proc, kept = copy/'_proc', copy/'_proc'/'.stamps'
    stamps = lambda: json.loads(kept.read_text()) if kept.exists() else {}
    old, new = stamps(), {n: stamp(copy, n) for n in names}
    todo = [n for n in names if old.get(n) != new[n] or not (proc/n).exists()]
    r = run([sys.executable, HERE/'make.py', *todo], cwd=copy, env=at(copy))
    made = {} if r.returncode else {n: new[n] for n in todo if (proc/n).exists()}
    with locked(f'{copy.name}-stamps'): kept.write_text(json.dumps({**stamps(), **made}))
    said = r.stderr[-2000:] if r.returncode else '\n'.join(re.findall(r'^WRONG (.*)', r.stdout, re.M))
    return proc, said

# --- pages and their addresses

def is_page(path, nbs):
    "Is this file of the folder `nbs` a page of the site?"
    return path.suffix in ('.ipynb', '.qmd') and not any(o[0] in '._' for o in path.relative_to(nbs).parts)

def short(name):
    "A notebook's name without its number"
    return re.sub(r'^\d+[a-zA-Z]?_', '', name)

def address(name):
    "Where the site has a page"
    p = PurePosixPath(name)
    stem = short(p.stem) if p.suffix == '.ipynb' else p.stem
    return str(p.with_name(f'{stem}.html'))

def front_matter(path):
    "The YAML at the top of a page"
    if path.suffix == '.ipynb':
        first = json.loads(path.read_text())['cells'][:1]
        text = ''.join(joined(c['source']) for c in first if c['cell_type'] == 'raw')
    else: text = path.read_text()
    m = re.match(r'\s*---\n(.*?)\n---\s*(\n|\Z)', text, re.S)
    return yaml.safe_load(m[1]) if m else {}

def title_of(path):
    "A page's title: of a notebook its first heading"
    if path.suffix == '.qmd': return str(front_matter(path).get('title', path.stem))
    for c in json.loads(path.read_text())['cells']:
        if m := re.match(r'# +(.+)', joined(c['source'])): return m[1]
    return path.stem
