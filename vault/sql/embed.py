#!/usr/bin/python3
"""Write the migrations given as arguments into one C header.

KIND-NNN.sql, numbered from 001 without a gap, become one table per kind.
"""
import os
import re
import sys


def c_string(text):
    lines = text.splitlines()
    escaped = (l.replace('\\', '\\\\').replace('"', '\\"') for l in lines)
    return ''.join('\t    "%s\\n"\n' % l for l in escaped)


def main(out, paths):
    kinds = {}
    for path in sorted(paths, key=os.path.basename):
        name = os.path.basename(path)
        kind, number = re.fullmatch(r'([a-z]+)-([0-9]{3})\.sql', name).groups()
        texts = kinds.setdefault(kind, [])
        assert int(number) == len(texts) + 1, 'a migration is missing'
        with open(path, encoding='utf-8') as f:
            text = f.read()
        assert 'PRAGMA user_version = %d;' % int(number) in text, name
        texts.append((name, text))
    with open(out, 'w', encoding='utf-8') as f:
        f.write('/* Generated from vault/sql/. */\n')
        f.write('#pragma GCC diagnostic push\n')
        f.write('#pragma GCC diagnostic ignored "-Woverlength-strings"\n')
        for kind, texts in kinds.items():
            f.write('static const struct db_migration %s_migrations[] = {\n'
                    % kind)
            for name, text in texts:
                f.write('\t{"%s",\n%s\t},\n' % (name, c_string(text)))
            f.write('};\n')
        f.write('#pragma GCC diagnostic pop\n')


main(sys.argv[1], sys.argv[2:])
