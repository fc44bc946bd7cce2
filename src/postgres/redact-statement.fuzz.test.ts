import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { redactStatements } from './redact-statement.ts';

/** A secret as text, one in a comment, and one as a number. */
const text = 'hunter2canary';
const remark = 'remark2canary';
const digits = '987654321012';
const hex = BigInt(digits).toString(16);

const gap = fc.constantFrom(' ', '\n', '\t', ' /* x */ ', ' -- x\n', ' /* /* ; */ */ ', '\r\n\f\v');

/** Every way to write a literal, and the comments. */
const secret = fc.constantFrom(
  ...[`'${text}'`, `'a''${text}'`, `E'${text}'`, `e'\\'${text}'`, `U&'${text}'`, `u&'${text}' UESCAPE '!'`],
  ...[`N'${text}'`, `b'${text}'`, `X'${text}'`, `'x'\n'${text}'`, `'x' -- y\n '${text}'`, `'\\${text}'`],
  ...[`$$${text}$$`, `$t$${text}$t$`, `$t$ $x$ ${text} $$ $t$`, `$_1$'${text}$_1$`, `$é$${text}$é$`],
  ...[`/* ${remark} */ 1`, `/* /* ${remark} */ ${remark} */ 1`, `-- ${remark}\n 1`, `1 --${remark}`],
  ...[
    digits,
    `-${digits}`,
    `${digits}.5`,
    `.${digits}`,
    `1${digits}e7`,
    `0x${hex}`,
    `0X${hex}`,
    `1_${digits}`,
  ],
  ...[`0o${digits}`, `${digits}abc`, `1e${digits}`, `1.5_${digits}`],
);

const frames = fc.constantFrom(
  'SELECT @, a FROM t WHERE b = @ AND c IN (@, @)',
  'select @::text || @ as x',
  'INSERT INTO t VALUES (@, @) ON CONFLICT (a) DO UPDATE SET b = @',
  'UPDATE t SET a = @ WHERE b = @ RETURNING @',
  'WITH a AS (SELECT @) TABLE a',
  'COPY t FROM PROGRAM @',
  'COPY (SELECT @) TO @ WITH (DELIMITER @)',
  'PREPARE p (text) AS SELECT @, $1',
  'EXECUTE p(@, @)',
  'EXPLAIN (ANALYZE) SELECT @',
  'DO @',
  'DO LANGUAGE plpgsql @',
  'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS @',
  'CREATE FUNCTION f() RETURNS text LANGUAGE sql SET a.b = @ AS @',
  'CREATE TABLE a AS SELECT @',
  'CREATE TABLE t (a text DEFAULT @ CHECK (a <> @))',
  'CREATE ROLE a LOGIN PASSWORD @ VALID UNTIL @',
  'CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (password @)',
  'CREATE USER MAPPING FOR a SERVER s OPTIONS (user @, password @)',
  'CREATE SUBSCRIPTION s CONNECTION @ PUBLICATION p',
  'ALTER ROLE a ENCRYPTED PASSWORD @',
  'ALTER SYSTEM SET a = @',
  'ALTER USER a SET b.c TO @, @',
  'COMMENT ON TABLE t IS @',
  'SECURITY LABEL ON TABLE t IS @',
  'SET a.b = @',
  'SET SESSION a TO @',
  'SET TIME ZONE @',
  'NOTIFY c, @',
  'VALUES (@), (@)',
  'DECLARE c CURSOR FOR SELECT @',
  'CALL p(@, a => @)',
  'GRANT SELECT ON t TO a',
  '@',
  '(SELECT @)',
  'MERGE INTO t USING u ON @ WHEN MATCHED THEN UPDATE SET a = @',
);

/** A frame with each of its words apart and each of its places filled in its own way. */
const statement = fc
  .tuple(
    frames,
    fc.array(secret, { minLength: 5, maxLength: 5 }),
    fc.array(gap, { minLength: 8, maxLength: 8 }),
  )
  .map(([frame, secrets, gaps]) => {
    let count = 0;
    return frame
      .replaceAll(' ', () => gaps[count++ % gaps.length]!)
      .replaceAll('@', () => secrets[count++ % secrets.length]!);
  });

const statements = fc.array(statement, { minLength: 1, maxLength: 3 }).map((list) => list.join(';'));
const cut = fc.tuple(statements, fc.nat()).map(([sql, at]) => sql.slice(0, at % (sql.length + 1)));
/**
 * One secret, and somewhere a character that turns what follows into something else. With two, what was between them may stand where a
 * literal stood; a number or a comment that is torn apart leaves names, as in 1 e987. Those are no literals, and shown.
 */
const damaged = fc
  .tuple(frames, secret, fc.nat(), fc.constantFrom(';', '$', '\\', '(', '\0', '/*', '\n'))
  .map(([frame, written, place, inserted]) => {
    const sql = frame.replace('@', () => written).replaceAll('@', 'x');
    const at = place % (sql.length + 1);
    return sql.slice(0, at) + inserted + sql.slice(at);
  });

const latin1 = (sql: string) => Buffer.from(sql).toString('latin1');

const shownOf = (sql: string) => JSON.stringify(redactStatements(latin1(sql))).toLowerCase();

it('shows a secret of no statement, however it is written or cut', () => {
  fc.assert(
    fc.property(fc.oneof(statements, cut), (sql) => {
      for (const piece of [text, remark, digits, hex]) expect(shownOf(sql), sql).not.toContain(piece);
    }),
    fuzzed(10_000),
  );
});

it('shows a secret of no statement that is damaged', () => {
  fc.assert(
    fc.property(damaged, (sql) => {
      expect(shownOf(sql), sql).not.toContain(text);
    }),
    fuzzed(10_000),
  );
});

it('shows no value of a setting and no password of a role that was written without its quotes', () => {
  const assigned = fc.constantFrom('=', ' = ', ' TO ', '\nto\n', '/**/=/**/');
  const before = fc.constantFrom(
    'SET a.b',
    'SET LOCAL a',
    'ALTER ROLE a SET b',
    'ALTER ROLE a IN DATABASE b SET c.d',
    'ALTER SYSTEM SET a',
    'ALTER FUNCTION f() SET a',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a.b',
    'CREATE PROCEDURE f() SET a',
  );
  const password = fc.constantFrom(
    'ALTER ROLE a PASSWORD ',
    'CREATE USER a WITH ENCRYPTED PASSWORD ',
    'create group g password\n',
  );
  const setting = fc.tuple(before, assigned).map((parts) => parts.join(''));
  const value = fc.constantFrom(text, `a, ${text}`, `"${text}"`, `${text} /* x */`);
  fc.assert(
    fc.property(fc.oneof(setting, password), value, (head, written) => {
      expect(JSON.stringify(redactStatements(head + written)), head).not.toContain(text);
    }),
    fuzzed(1_000),
  );
});
