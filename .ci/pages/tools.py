"""Tools from package registries: pandoc, packages from npm, node and Chromium. They are kept in a cache folder outside the checkout."""
import hashlib, os, shutil, subprocess, sys
from contextlib import contextmanager
from pathlib import Path
from filelock import FileLock

CACHE = Path(os.environ.get('XDG_CACHE_HOME') or Path.home()/'.cache')/'lnl-site'
PANDOC = 'pypandoc_binary==1.17'
PPTX = 'python-pptx==1.0.2'
NPM = ['bootstrap@5.3.8', 'bootswatch@5.3.8', 'katex@0.16.47', 'mathjax@3.2.2', 'playwright-core@1.65.1', 'sass@1.108.2']

class Missing(Exception):
    "A tool that is not here and can't be installed, or that does not do its work"

@contextmanager
def locked(name):
    "One process at a time; the lock goes when the process ends"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE/f'{name}.lock'): yield

def keep(path, text):
    "Write a file of the cache, all at once"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    part.write_text(text, encoding='utf8')
    part.replace(path)

def run(command, **kwargs): return subprocess.run([str(o) for o in command], capture_output=True, text=True, **kwargs)

def fetched(name, what, install):
    "A folder in the cache, filled by `install(folder)` if it is not there or holds something else than `what`"
    home = CACHE/f'{name}-{hashlib.sha1(repr(what).encode()).hexdigest()[:10]}'
    with locked(name):
        if not home.exists():
            part = CACHE/f'{name}.part'
            shutil.rmtree(part, ignore_errors=True)
            install(part)
            part.rename(home)
    return home

def pandoc():
    "The path of pandoc, which pypandoc_binary carries"
    def install(folder):
        r = run([sys.executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', folder, PANDOC])
        if r.returncode: raise Missing(f'pip cannot install {PANDOC}, which carries pandoc: {r.stderr.strip()[-300:]}')
    return fetched('pandoc', PANDOC, install)/'pypandoc'/'files'/'pandoc'

def system(program, package, where):
    "The path of a program of the system; installed with apt-get if it is missing and this runs as root"
    if not shutil.which(program) and shutil.which('apt-get') and os.geteuid() == 0:
        with locked('apt'):
            run(['apt-get', 'update', '-qq'])
            run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', package])
    found = shutil.which(program)
    if not found: raise Missing(f'{program} is missing and cannot be installed here; see {where}')
    return found

def node(): return system('node', 'nodejs', 'https://nodejs.org')
def npm(): return node() and system('npm', 'npm', 'https://nodejs.org')

def chromium():
    "The path of Chromium: $CHROMIUM, or what the system calls it"
    if os.environ.get('CHROMIUM'): return os.environ['CHROMIUM']
    for name in ('chromium', 'chromium-browser', 'google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'):
        if shutil.which(name): return shutil.which(name)
    return system('chromium', 'chromium', 'https://www.chromium.org, or name a browser of its kind in $CHROMIUM')

def node_modules():
    "The folder of the packages from npm"
    def install(folder):
        r = run([npm(), 'install', '--prefix', folder, '--silent', '--no-audit', '--no-fund', '--ignore-scripts', *NPM])
        if r.returncode: raise Missing(f'npm cannot install {" ".join(NPM)}: {(r.stderr or r.stdout).strip()[-300:]}')
    return fetched('npm', NPM, install)/'node_modules'
