"""README.md from nbs/index.ipynb: `python .ci/readme.py README.md`. Run by `make readme`."""
import re, sys
import nbformat
from pathlib import Path
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import RegexRemovePreprocessor
from traitlets.config import Config

root = Path(__file__).resolve().parent.parent
config = Config()
config.RegexRemovePreprocessor.patterns = [r'^#\| *hide\b']
config.MarkdownExporter.preprocessors = [RegexRemovePreprocessor]
nb = nbformat.read(root/'nbs'/'index.ipynb', as_version=4)
nb.metadata['language_info'] = {'name': 'python'}    # labels the fences
text, _ = MarkdownExporter(config=config).from_notebook_node(nb)
text = re.sub(r'^#\|.*\n', '', text, flags=re.M)
text = re.sub(r'\]\((?!http|#|/)([\w/.-]+\.(?:png|svg))\)', r'](nbs/\1)', text)      # pictures
text = re.sub(r'\]\((?!http|#|/)((?:solutions/)?\w+\.ipynb)', r'](nbs/\1', text)     # chapters
Path(sys.argv[1]).write_text(re.sub(r'\n{3,}', '\n\n', text).strip() + '\n', encoding='utf8')
