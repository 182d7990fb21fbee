"""The oldest versions that `settings.ini` admits, one a line, as pip reads them: `python .ci/oldest.py > oldest.txt`"""
from configparser import ConfigParser
from pathlib import Path

settings = ConfigParser()
settings.read(Path(__file__).resolve().parent.parent/'settings.ini', encoding='utf8')
for requirement in settings['DEFAULT']['requirements'].split():
    name, at_least, version = requirement.partition('>=')
    if not at_least: raise ValueError(f'requirements of settings.ini must be NAME>=VERSION, got {requirement!r}')
    print(f'{name}=={version}')
