import { describe, expect, it } from 'vitest';
import { redactStatements } from './redact-statement.ts';

const planted = 'hunter2';

describe('redactStatements', () => {
  it.each([
    ["SELECT * FROM t WHERE a = 'hunter2' AND b >= 12", 'SELECT', 'select * from t where a = ? and b >= ?'],
    [
      'select a.b::text, $1 -- hunter2\n from "Na""me" /* hunter2 */',
      'SELECT',
      'select a.b :: text, $1 from "Na""me"',
    ],
    ["ALTER ROLE app PASSWORD 'hunter2'", 'ALTER', 'alter role app password ?'],
    ['ALTER ROLE app SET x.password TO hunter2', 'ALTER', 'alter role app set x.password to ?'],
    ['SET app.password = hunter2', 'SET', 'set app.password = ?'],
    ['DO $x$ hunter2 $x$', 'DO', 'do ?'],
    ["COPY t FROM PROGRAM 'echo hunter2'", 'COPY', 'copy t from program ?'],
    ["insert into t values (U&'hunter2', N'hunter2', x'aa')", 'INSERT', 'insert into t values (?, ?, ?)'],
    ['(select 1)', 'SELECT', '(select ?)'],
  ])('%s', (sql, statement, text) => {
    expect(redactStatements(sql)).toMatchObject([{ statement, text }]);
  });

  it.each([
    ["SELECT 'hunter2", 'SELECT'],
    ["SELECT 'a\\' hunter2 '", 'SELECT'],
    ['SELECT $x$ hunter2', 'SELECT'],
    ['/* hunter2', 'unknown'],
    ['hunter2', 'unknown'],
    ['hunter2 hunter2', 'unknown'],
  ])('tells no text of what it cannot read: %s', (sql, statement) => {
    expect(redactStatements(sql)).toEqual([{ statement, text: undefined }]);
  });

  it('tells each of several, and bounds what it tells', () => {
    expect(redactStatements('begin; select 1; commit;').map(({ statement }) => statement)).toEqual([
      'BEGIN',
      'SELECT',
      'COMMIT',
    ]);
    expect(redactStatements('')).toEqual([]);
    const [long] = redactStatements(`select ${'a,'.repeat(50_000)}a`);
    expect(long?.text).toHaveLength(8_192);
  });

  it('gives a parser the statement as it was written, without literals and comments', () => {
    const sqlOf = (sql: string) =>
      redactStatements(Buffer.from(sql).toString('latin1')).map((told) => told.sql);
    expect(
      sqlOf(
        `SELECT a<-1.5, "B" ->> 'x'||$$y$$ /* hunter2 */ FROM tä\n WHERE x=$1; DELETE FROM t WHERE a=E'x'`,
      ),
    ).toEqual([`SELECT a<-0, "B" ->> ''||'' FROM tä WHERE x=$1`, "DELETE FROM t WHERE a=''"]);
    expect(sqlOf('SET app.password = hunter2; ALTER ROLE a SET b TO hunter2')).toEqual([
      undefined,
      undefined,
    ]);
    expect(sqlOf("SELECT '\\hunter2'")).toEqual([undefined]);
  });

  it('lets a literal out in no form', () => {
    const forms = [
      `'${planted}'`,
      `E'${planted}'`,
      `$$${planted}$$`,
      `'x''${planted}'`,
      `b'${planted}'`,
      `/*${planted}*/1`,
    ];
    for (const form of forms)
      for (const frame of [
        'select X',
        'select f(X, X)',
        'alter role a password X',
        'X',
        'with a as (select X) table a',
      ])
        expect(JSON.stringify(redactStatements(frame.replaceAll('X', form)))).not.toContain(planted);
  });
});
