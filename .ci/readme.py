"""README.md from nbs/index.ipynb: `python .ci/readme.py README.md`. Run by `make readme`."""
import re, sys
from pathlib import Path
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import RegexRemovePreprocessor
from traitlets.config import Config

root = Path(__file__).resolve().parent.parent
config = Config()
config.RegexRemovePreprocessor.patterns = [r'^#\| *hide\b']
config.MarkdownExporter.preprocessors = [RegexRemovePreprocessor]
text, _ = MarkdownExporter(config=config).from_filename(str(root/'nbs'/'index.ipynb'))
text = re.sub(r'^#\|.*\n', '', text, flags=re.M)
text = re.sub(r'^```(ipython3)?\n(?=\S)', '```python\n', text, flags=re.M) if '```ipython3' in text else text
text = re.sub(r'\]\((?!http|#|/)([\w/.-]+\.(?:png|svg))\)', r'](nbs/\1)', text)      # pictures
text = re.sub(r'\]\((?!http|#|/)((?:solutions/)?\w+\.ipynb)', r'](nbs/\1', text)     # chapters
Path(sys.argv[1]).write_text(re.sub(r'\n{3,}', '\n\n', text).strip() + '\n', encoding='utf8')
