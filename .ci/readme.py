"""README.md from nbs/index.ipynb: `python .ci/readme.py README.md`. Run by `make readme`."""
import re, sys
import nbformat
from pathlib import Path
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import RegexRemovePreprocessor
from traitlets.config import Config
from pages.made import settings

root = Path(__file__).resolve().parent.parent
config = Config()
config.RegexRemovePreprocessor.patterns = [r'^#\| *hide\b']
config.MarkdownExporter.preprocessors = [RegexRemovePreprocessor]
nb = nbformat.read(root/'nbs'/'index.ipynb', as_version=4)
nb.metadata['language_info'] = {'name': 'python'}    # labels the fences
for cell in nb.cells:
    if re.search(r'^#\| *echo: *false', cell.source, re.M): cell.source = ''
text, _ = MarkdownExporter(config=config).from_notebook_node(nb)
text = re.sub(r'^```python\s*```$', '', text, flags=re.M)
text = re.sub(r'^#\|.*\n', '', text, flags=re.M)

# what only the site understands
text = re.sub(r'^</?div(?: class="(?:start|lnl-hero)")?>\n|^<script.*</script>\n', '', text, flags=re.M)
text = re.sub(r'^<style scoped>.*?</style>\n', '', text, flags=re.M|re.S)
text = re.sub(r'<img src="([^"]+)" alt="([^"]+)">', r'![\2](\1)', text)
text = re.sub(r'\]\(([^)]+)\)\{\.button[^}]*\}', r'](\1) ·', text)
text = re.sub(r' ·$', '', text, flags=re.M)

# addresses: pictures and chapters in the repository, other pages on the site
site = settings()['doc_host'] + settings()['doc_baseurl']
text = re.sub(r'\]\((?!http|#|/)([\w/.-]+\.(?:png|svg|webp|gif))\)', r'](nbs/\1)', text)
text = re.sub(r'\]\((?!http|#|/)((?:solutions/)?\w+\.ipynb)', r'](nbs/\1', text)
text = re.sub(r'\]\((?!http|#|/)(\w+)\.qmd', rf']({site}/\1.html', text)
Path(sys.argv[1]).write_text(re.sub(r'\n{3,}', '\n\n', text).strip() + '\n', encoding='utf8')
