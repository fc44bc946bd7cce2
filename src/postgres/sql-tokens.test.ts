import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { lexSql } from './sql-tokens.ts';

/** Short: words bare, names in "", strings in '', quoted as Q, values in <>. */
function shown(sql: string): string[] | undefined {
  return lexSql(sql)?.map((tokens) =>
    tokens
      .map((token) => {
        switch (token.kind) {
          case 'word':
          case 'symbol':
            return token.text;
          case 'name':
            return `"${token.text}"`;
          case 'string':
            return `'${token.text}'`;
          case 'quoted':
            return 'Q';
          default:
            return `<${token.text}>`;
        }
      })
      .join(' '),
  );
}

describe('lexSql', () => {
  it.each([
    ['', []],
    [' ;; -- nothing\n ; /* at /* all */ */', []],
    ['SELECT 1; Select 2', ['select <1>', 'select <2>']],
    ["'it''s' '' '\\'", ["'it's' '' '\\'"]],
    [`"a""b" "A;B"`, [`"a"b" "A;B"`]],
    ["E'\\';' ; e'''' ; E'a\\\\'", ['Q', 'Q', 'Q']],
    ["b'01' X'ff' N'x' u&'\\0041'", ['Q Q Q Q']],
    ['$$ ; $$ $a$ $$ ; $b$ $a$', ['Q Q']],
    ['a$b$c; $1 + $2', ['a$b$c', '<$1> + <$2>']],
    ['a--b\r;c/*d;*/e', ['a', 'c e']],
    ["a'b'", ["a 'b'"]],
    ['1.5e+10 .5 1..2', ['<1.5> e + <10> <.5> <1.> <.2>']],
    ['a/*/*;*/*/b', ['a b']],
    ['*/* ; */a', ['* a']],
    ['täble "ü"', ['täble "ü"']],
    ["x = 'a'\n'b'", ["x = 'a' 'b'"]],
    ["1E'\\''", ['<1> Q']],
  ])('%j', (sql, expected) => {
    expect(shown(sql)).toEqual(expected);
  });

  it.each([
    "'",
    "'it''s",
    '"',
    "E'\\'",
    "b'01",
    "u&'",
    'U&"x"',
    '$$',
    '$a$ $b$',
    '$',
    '/*',
    '/* /* */',
    'a\0b',
    // In the mode of its first part the quote in the second one is escaped.
    "E'a'\n'\\'; SET x = 1 --'",
    "$$a$$ 'b'",
  ])('is not certain of %j', (sql) => {
    expect(lexSql(sql)).toBeUndefined();
  });

  it('never throws, and loses no word that stands outside of quotes', () => {
    const piece = fc.constantFrom(
      ...[
        "'a'",
        '"b"',
        "E'\\''",
        '$$c$$',
        '$t$d$t$',
        '-- e\n',
        '/* f */',
        '1.5',
        ' ',
        '\n',
        '=',
        "''",
        'g',
        ';',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(piece, { maxLength: 20 }), (before, after) => {
        const statements = lexSql(`${before.join(' ')} needle ${after.join(' ')}`);
        if (!statements) return;
        expect(statements.flat()).toContainEqual(expect.objectContaining({ kind: 'word', text: 'needle' }));
      }),
      fuzzed(2_000),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (text) => {
        lexSql(text);
      }),
      fuzzed(5_000),
    );
  });

  it('is certain of nothing that begins and does not end', () => {
    const open = fc.constantFrom("'", '"', "E'", '$$', '$tag$', '/*', "x'");
    const inside = fc.string({ unit: fc.constantFrom('a', ' ', ';', '=', '1', '\n'), maxLength: 20 });
    fc.assert(
      fc.property(inside, open, inside, (before, opened, text) => {
        // Where a word ends in it, the prefix of a literal is part of the word.
        expect(lexSql(`${before} ${opened}${text}`)).toBeUndefined();
      }),
      fuzzed(100),
    );
  });

  it('takes statements of megabytes', () => {
    const values = Array.from({ length: 50_000 }, (_, n) => `(${n}, 'it''s number ${n}')`).join(', ');
    expect(lexSql(`INSERT INTO t VALUES ${values}`)?.[0]).toHaveLength(4 + 6 * 50_000 - 1);
    expect(lexSql(`SELECT '${"''".repeat(1_000_000)}'`)).toHaveLength(1);
    expect(lexSql(`SELECT E'${'\\n'.repeat(1_000_000)}'`)).toHaveLength(1);
    expect(lexSql(`${'/*'.repeat(100_000)}${'*/'.repeat(100_000)}`)).toEqual([]);
  });
});
