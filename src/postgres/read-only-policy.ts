import { lexSql, lowerCase, type Token } from './sql-tokens.ts';

/**
 * What a read-only tunnel refuses: the standard ways to make a session, which began with default_transaction_read_only=on, writable
 * again. The server itself refuses all writes in such a session.
 *
 * This is a policy and no wall. A function, procedure or extension of the database may set the same in its body, and superusers may write files
 * and run programs (COPY ... TO PROGRAM) in a read-only transaction. Only a role without the right to write cannot.
 *
 * RESET and DISCARD ALL are let through, since poolers of drivers send them: they return to what the session began with, which is on.
 */

/** Why a statement is refused, as the end of "this tunnel is read-only: ...". */
export type Refusal = (typeof refusals)[keyof typeof refusals];

const refusals = {
  unclear: 'the statement cannot be read with certainty',
  tooLarge: 'the statement is too long to be checked',
  readWrite: 'READ WRITE is refused',
  setting: 'its settings may not be changed',
  setConfig: 'set_config is allowed only for other settings, named by a plain literal',
  code: 'DO runs code that cannot be checked',
  alter: 'settings of roles, databases and the system may not be changed',
  largeObject: 'large objects may not be written',
  call: 'the function-call message is refused',
} as const;

export const unclear = refusals.unclear;
export const tooLarge = refusals.tooLarge;
export const functionCall = refusals.call;

/** In order, so that a number can stand for one. */
export const allRefusals: readonly Refusal[] = Object.values(refusals);

const transactionSettings = ['default_transaction_read_only', 'transaction_read_only'];
/** What the meaning of a text depends on for whoever reads it before the server does. */
const readerSettings = ['standard_conforming_strings', 'client_encoding'];
const guarded: ReadonlySet<string> = new Set([...transactionSettings, ...readerSettings]);

/** A server before PostgreSQL 16 does not count these as writing. */
const writesLargeObjects: ReadonlySet<string> = new Set(
  'lo_creat lo_create lo_from_bytea lo_import lo_put lo_truncate lo_truncate64 lo_unlink lowrite'.split(' '),
);

/** Without the value that it sets. */
const dumpsOwn =
  'select set_config ( name , , false ) from pg_settings where name = restrict_nonsystem_relation_kind';

/** Every byte below 0x80 in them is that ASCII character. */
const safeEncodings = /^(utf-?8|unicode|sql_?ascii|latin-?\d+|win-?125\d|iso-?8859-?\d+|euc_?\w+|koi8\w*)$/i;

/** What a session of this policy starts with. Client settings of these names are dropped. */
export const startupSettings: ReadonlyMap<string, string> = new Map([
  ['default_transaction_read_only', 'on'],
  ['standard_conforming_strings', 'on'],
]);

/** The client's startup settings with those of the policy, which come last and so count. */
export function guardSettings(settings: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const kept = [...settings].filter(([name]) => !guarded.has(lowerCase(name)) || isEncodingName(name));
  return new Map([...kept, ...startupSettings]);
}

export function isSafeEncoding(name: string): boolean {
  return safeEncodings.test(name);
}

/** Undefined: all statements of the text may go on. Latin-1 text, one character a byte. */
export function refusalOf(sql: string): Refusal | undefined {
  const statements = lexSql(sql);
  if (!statements) return refusals.unclear;
  for (const statement of statements) {
    const refusal = refusalOfStatement(statement);
    if (refusal) return refusal;
  }
  return undefined;
}

function refusalOfStatement(tokens: readonly Token[]): Refusal | undefined {
  switch (wordAt(tokens, 0)) {
    case 'do':
      return refusals.code;
    case 'set':
      if (!isHarmlessSet(tokens)) return refusals.setting;
      break;
    case 'reset':
      // Its default is to write, in the versions that allow it.
      if (nameAt(tokens, 1) === 'transaction_read_only') return refusals.setting;
      break;
    case 'alter':
      if (changesSettings(tokens)) return refusals.alter;
      break;
  }
  for (const at of tokens.keys()) {
    if (wordAt(tokens, at) === 'read' && wordAt(tokens, at + 1) === 'write') return refusals.readWrite;
    if (nameAt(tokens, at) === 'set_config' && !isHarmlessSetConfig(tokens, at + 1))
      return refusals.setConfig;
    if (writesLargeObjects.has(nameAt(tokens, at) ?? '') && symbolAt(tokens, at + 1) === '(')
      return refusals.largeObject;
  }
  return undefined;
}

/** SET [SESSION | LOCAL] name { TO | = } value, where it names a guarded setting; every other SET is harmless here. */
function isHarmlessSet(tokens: readonly Token[]): boolean {
  const scope = wordAt(tokens, 1);
  const at = scope === 'session' || scope === 'local' ? 2 : 1;
  if (wordAt(tokens, at) === 'names') return isSafeValue('client_encoding', tokens.slice(at + 1));
  const name = nameAt(tokens, at);
  const isAssignment = symbolAt(tokens, at + 1) === '=' || wordAt(tokens, at + 1) === 'to';
  if (name !== undefined && guarded.has(name) && isAssignment) return isSafeValue(name, tokens.slice(at + 2));
  // In any other place than that of a name being set it is refused, whatever it may mean there.
  return !tokens.some((_, other) => guarded.has(nameAt(tokens, other) ?? ''));
}

function isSafeValue(name: string, value: readonly Token[]): boolean {
  const [token] = value;
  if (value.length !== 1 || !token || !('text' in token)) return false;
  return name === 'client_encoding' ? isSafeEncoding(token.text) : /^(on|true|yes|1)$/i.test(token.text);
}

/** After the function's name: ( 'setting', ... */
function isHarmlessSetConfig(tokens: readonly Token[], at: number): boolean {
  // No call: a column, or a name in some other statement.
  if (symbolAt(tokens, at) !== '(') return true;
  const setting = tokens[at + 1];
  if (isDumpsOwn(tokens)) return true;
  if (setting?.kind !== 'string' || symbolAt(tokens, at + 2) !== ',') return false;
  return !guarded.has(lowerCase(setting.text));
}

/** The whole statement by which pg_dump protects itself from hostile views; its condition fixes which setting is meant. */
function isDumpsOwn(tokens: readonly Token[]): boolean {
  const texts = tokens.map((token) => (token.kind === 'quoted' ? '' : token.text));
  texts.splice(5, 1);
  return texts.join(' ') === dumpsOwn && tokens[5]?.kind === 'string' && tokens[14]?.kind === 'string';
}

/** The server refuses most of these in a read-only transaction, but not ALTER SYSTEM. */
function changesSettings(tokens: readonly Token[]): boolean {
  const what = wordAt(tokens, 1);
  if (what === 'system') return true;
  if (what !== 'role' && what !== 'user' && what !== 'database') return false;
  return tokens.some((_, at) => ['set', 'reset'].includes(wordAt(tokens, at) ?? ''));
}

/** A keyword; quoted it would be none. */
function wordAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === 'word' ? token.text : undefined;
}

/** A name as settings are compared: in lower case, quoted or not. */
function nameAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === 'word' || token?.kind === 'name' ? lowerCase(token.text) : undefined;
}

function symbolAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === 'symbol' ? token.text : undefined;
}

function isEncodingName(name: string): boolean {
  return lowerCase(name) === 'client_encoding';
}
