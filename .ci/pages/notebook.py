"""A processed notebook as one Markdown document, the way Quarto makes it."""
import base64, json, re, struct
import yaml

def joined(x): return x if isinstance(x, str) else ''.join(x)

def directives(source):
    "The `#| key: value` lines at a cell's top as a dict, and the rest of its source"
    lines, options = source.split('\n'), {}
    while lines and lines[0].startswith('#|'):
        text = lines.pop(0)[2:].strip()
        try: said = yaml.safe_load(text)
        except yaml.YAMLError: said = None
        if isinstance(said, dict): options.update(said)
    return options, '\n'.join(lines).strip('\n')

def fenced(text, attrs=''):
    "A code block whose fence is longer than any in `text`"
    ticks = max([len(m) for m in re.findall(r'^`{3,}', text, re.M)], default=2) + 1
    fence = '`'*ticks
    return f'{fence}{attrs}\n{text}\n{fence}'

def div(content, attrs): return f'::: {{{attrs}}}\n\n{content}\n\n:::'
def quoted(text): return '"' + re.sub(r'\s+', ' ', str(text)).replace('\\', '\\\\').replace('"', '\\"') + '"'

def png_size(data):
    "Width and height that a PNG gives in its header"
    return struct.unpack('>II', data[16:24])

DATAFRAME = 'dataframe caption-top table table-sm table-striped small'   # as Quarto has it
FIRST = ('text/html', 'text/markdown', 'image/svg+xml', 'image/png', 'image/jpeg', 'text/latex', 'text/plain')

class Notebook:
    "The Markdown of a notebook in `_proc`; its pictures are written by `save(name, bytes)`, which gives their address"
    def __init__(self, path, save):
        self.cells, self.save = json.loads(path.read_text())['cells'], save

    def markdown(self): return '\n\n'.join(o for k,c in enumerate(self.cells) if (o := self.cell(k, c))) + '\n'

    def cell(self, k, cell):
        source = joined(cell['source'])
        if cell['cell_type'] != 'code': return source
        options, code = directives(source)
        if options.get('include', True) is False: return ''
        parts = [self.code(code, options)] if options.get('echo', True) is not False and code.strip() else []
        if options.get('output', True) is not False:
            for j,o in enumerate(cell.get('outputs', [])): parts.append(self.output(o, options, f'cell-{k+1}-output-{j+1}'))
        parts = [o for o in parts if o]
        if not parts: return ''
        label = str(options.get('label', ''))
        return div('\n\n'.join(parts), f'#{label} .cell' if label and not label.startswith('fig-') else '.cell')

    def code(self, code, options):
        block = fenced(code, '{.python .cell-code}')
        fold = options.get('code-fold', False)
        if fold not in (True, 'true', 'show'): return block
        opened = ' open=""' if fold == 'show' else ''
        return f'<details class="code-fold"{opened}>\n<summary>{options.get("code-summary", "Code")}</summary>\n\n{block}\n\n</details>'

    def output(self, o, options, name):
        kind = o['output_type']
        if kind == 'stream':
            if o['name'] == 'stderr' and options.get('warning') is False: return ''
            if options.get('output') == 'asis': return joined(o['text'])
            return div(fenced(joined(o['text']).rstrip('\n')), f'.cell-output .cell-output-{o["name"]}')
        if kind == 'error': return div(fenced('\n'.join(o['traceback'])), '.cell-output .cell-output-error')
        data = o.get('data', {})
        mime = next((m for m in FIRST if m in data), None)
        if mime is None: return ''
        if options.get('output') == 'asis' and mime in ('text/markdown', 'text/plain'): return joined(data[mime])
        kind = ' .cell-output-markdown' if mime == 'text/markdown' else ''
        return div(self.shown(mime, data[mime], options, name), f'.cell-output .cell-output-display{kind}')

    def shown(self, mime, content, options, name):
        if mime.startswith('image/'): return self.figure(mime, content, options, name)
        content = joined(content)
        if mime == 'text/html': return fenced(content.replace('class="dataframe"', f'class="{DATAFRAME}"'), '{=html}')
        if mime == 'text/plain': return fenced(content)
        return content

    def figure(self, mime, content, options, name):
        data = joined(content).encode() if mime == 'image/svg+xml' else base64.b64decode(joined(content))
        attrs = [f'fig-alt={quoted(options["fig-alt"])}'] if 'fig-alt' in options else []
        if mime == 'image/png': attrs += ['width=%d height=%d' % png_size(data)]
        ending = mime.split('/')[1].split('+')[0]
        picture = f'![{options.get("fig-cap", "")}]({self.save(f"{name}.{ending}", data)}){{{" ".join(attrs)}}}'
        label = str(options.get('label', ''))
        return div(picture, '#' + label) if label.startswith('fig-') else picture
