import { lexSql, type PlacedToken, type Token } from './sql-tokens.ts';

/**
 * Statements for the record: their kind, and their text without literals, comments and line breaks. Trust boundary: what stands in a statement may be a
 * password. Fails closed: of a text that cannot be read with certainty, or does not begin as SQL does, the kind alone is told.
 */

export interface AuditedStatement {
  /** SELECT, INSERT and so on; unknown where the text does not tell. */
  readonly statement: string;
  /** UTF-8 again, shortened to `maxTextLength`. */
  readonly text: string | undefined;
  /** What a parser may see: as it was written, with an empty literal or a 0 in place of each and without comments. UTF-8 again. */
  readonly sql?: string;
}

export const maxTextLength = 8_192;
/** A text of more statements than this is told as one that is unknown. */
const maxStatements = 1_000;

const kinds: ReadonlySet<string> = new Set(
  (
    'abort alter analyze begin call checkpoint close cluster comment commit copy create deallocate declare delete discard do drop end ' +
    'execute explain fetch grant import insert listen load lock merge move notify prepare reassign refresh reindex release reset revoke ' +
    'rollback savepoint security select set show start table truncate unlisten update vacuum values with'
  ).split(' '),
);
const unknown: AuditedStatement = { statement: 'unknown', text: undefined };

/** All statements of a text, Latin-1, one character a byte. An empty text has none. */
export function redactStatements(sql: string): readonly AuditedStatement[] {
  // How a literal with a backslash is read depends on settings of the session that are not known here.
  const statements = sql.includes('\\') ? undefined : lexSql(sql);
  if (!statements || statements.length > maxStatements) return [{ ...unknown, statement: kindOf(sql) }];
  return statements.map((tokens) => redacted(sql, tokens));
}

function redacted(sql: string, tokens: readonly PlacedToken[]): AuditedStatement {
  const first = tokens.find(({ kind }) => kind !== 'symbol');
  const word = first?.kind === 'word' ? first.text : '';
  if (!kinds.has(word)) return unknown;
  // A setting's value may be written like a name, also in CREATE FUNCTION ... SET.
  const shown = ['set', 'alter', 'create'].includes(word) ? upToPassword(upToValue(tokens)) : tokens;
  const text = Buffer.from(joined(shown.filter(isWhole)), 'latin1').toString('utf8');
  const told = { statement: word.toUpperCase(), text: text.slice(0, maxTextLength) };
  // A fingerprint of a value that is written like a name could be guessed from.
  return shown === tokens ? { ...told, sql: withoutLiterals(sql, tokens.filter(isWhole)) } : told;
}

/** false: the rest of a number, as in 0x17 and 1_000. */
function isWhole(token: Token): boolean {
  return token.kind !== 'word' || !token.glued;
}

/**
 * The fingerprint of libpg_query leaves out literals only where its tree has them as constants: that of ALTER ROLE … PASSWORD 'x' tells
 * passwords apart, and would let one be guessed. So the parser is given none.
 */
function withoutLiterals(sql: string, tokens: readonly PlacedToken[]): string {
  let text = '';
  let end = tokens[0]!.at;
  for (const token of tokens) {
    // Comments and line breaks too: equal statements are equal texts.
    if (token.at > end) text += ' ';
    text += writtenAs(token) ?? sql.slice(token.at, token.end);
    end = token.end;
  }
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Undefined: as it stands. */
function writtenAs(token: Token): string | undefined {
  switch (token.kind) {
    case 'string':
    case 'quoted':
      return "''";
    case 'value':
      return token.text.startsWith('$') ? undefined : '0';
    default:
      return undefined;
  }
}

function kindOf(sql: string): string {
  const word = /^\s*([A-Za-z]+)/.exec(sql)?.[1]?.toLowerCase() ?? '';
  return kinds.has(word) ? word.toUpperCase() : unknown.statement;
}

function upToValue(tokens: readonly Token[]): readonly Token[] {
  const set = tokens.findIndex((token) => token.kind === 'word' && token.text === 'set');
  const at = tokens.findIndex(
    (token, index) => index > set && set >= 0 && 'text' in token && ['to', '='].includes(token.text),
  );
  return at < 0 ? tokens : [...tokens.slice(0, at + 1), { kind: 'quoted' }];
}

/** Of a role, which may be written without its quotes by mistake. */
function upToPassword(tokens: readonly Token[]): readonly Token[] {
  const isOf = (at: number, ...words: string[]) => {
    const token = tokens[at];
    return token?.kind === 'word' && words.includes(token.text);
  };
  if (!isOf(1, 'role', 'user', 'group')) return tokens;
  const isName = (at: number) => tokens[at - 1]?.kind === 'symbol';
  const at = tokens.findIndex((_, index) => isOf(index, 'password') && !isName(index));
  return at < 0 ? tokens : [...tokens.slice(0, at + 1), { kind: 'quoted' }];
}

function joined(tokens: readonly Token[]): string {
  let text = '';
  // Its last character, apart: to look for it in a text that grows with each token would read all of it again.
  let last: string | undefined;
  for (const token of tokens) {
    const next = shownAs(token);
    const isTight =
      last === undefined ||
      /^[(.]$/.test(last) ||
      /^[,.)]$/.test(next) ||
      (isOperator(last) && isOperator(next));
    text += isTight ? next : ` ${next}`;
    last = next.at(-1);
    // One token more than fits shows that it was shortened.
    if (text.length > maxTextLength) break;
  }
  return text;
}

function shownAs(token: Token): string {
  switch (token.kind) {
    case 'word':
    case 'symbol':
      return token.text;
    case 'name':
      return `"${token.text.replaceAll('"', '""')}"`;
    case 'value':
      // A parameter; one of more digits is none.
      return /^\$\d{1,5}$/.test(token.text) ? token.text : '?';
    case 'string':
    case 'quoted':
      return '?';
  }
}

function isOperator(text: string): boolean {
  return /^[-+*/<>=~!@#%^&|`:]$/.test(text);
}
