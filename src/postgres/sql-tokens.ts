/**
 * PostgreSQL's lexical structure (chapter 4.1; scan.l), as far as a policy needs it: where words, literals and comments begin and end. Trust boundary: the text
 * is whatever a client sends. Fails closed: what PostgreSQL might read in another way than this file makes the whole text unclear. Bytes are
 * taken as Latin-1, one character each. It holds while standard_conforming_strings is on and no byte of a longer character is ASCII: the policy sees to both.
 */

export type Token =
  /** Unquoted: a keyword or a name, in lower case. `glued`: it stands right behind a number, and may be the rest of that. */
  | { readonly kind: 'word'; readonly text: string; readonly glued?: true }
  /** "quoted": a name as it stands. */
  | { readonly kind: 'name'; readonly text: string }
  /** A plain '...' literal: its value. */
  | { readonly kind: 'string'; readonly text: string }
  /** E'', U&'', B'', X'', N'' and $$...$$: quoted, not looked into. */
  | { readonly kind: 'quoted' }
  /** A number or a parameter. */
  | { readonly kind: 'value'; readonly text: string }
  /** One character of an operator or of punctuation. */
  | { readonly kind: 'symbol'; readonly text: string };

/** Where it stands in its text: from `at` up to but not including `end`. */
export type PlacedToken = Token & { readonly at: number; readonly end: number };

/** All statements of a text, each as its tokens; empty ones are left out. */
export type Statements = readonly (readonly PlacedToken[])[];

const space = /[ \t\n\r\f\v]+|--[^\n\r]*/y;
const word = /[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*/y;
/** Without exponent, base or trailing junk, which follow as words: versions differ on where such a number ends. */
const value = /\d+(?:\.\d*)?|\.\d+|\$\d+/y;
const dollarTag = /\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$/y;
/** What a literal in which a quote ends or is doubled may begin with; of a Unicode literal \' is no escape either. */
const literalPrefix = /(?:[nNbBxX]|[uU]&)(?=')/y;
const escapePrefix = /[eE](?=')/y;
/** Spells any name by numbers, and UESCAPE changes how. */
const unicodeName = /[uU]&"/y;

/** Undefined: unclear. Takes time in proportion to the text. */
export function lexSql(sql: string): Statements | undefined {
  const statements: PlacedToken[][] = [];
  let statement: PlacedToken[] = [];
  let at = 0;
  let end = -1;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const skipped = match(space)?.length ?? commentLength(sql, at);
    if (skipped === undefined) return undefined;
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const found = nextToken(sql, at, match);
    if (!found) return undefined;
    const before = at === end ? statement.at(-1) : undefined;
    const token = glued(before, found.token);
    const placed = { ...token, at, end: at + found.length };
    at = placed.end;
    end = at;
    // A literal goes on after a line break in the mode of its first part, and this one is read as plain.
    if (token.kind === 'string' && statement.at(-1)?.kind === 'quoted') return undefined;
    if (token.kind === 'symbol' && token.text === ';') {
      if (statement.length > 0) statements.push(statement);
      statement = [];
    } else statement.push(placed);
  }
  if (statement.length > 0) statements.push(statement);
  return statements;
}

function glued(before: Token | undefined, token: Token): Token {
  return token.kind === 'word' && before?.kind === 'value' ? { ...token, glued: true } : token;
}

interface Found {
  readonly token: Token;
  readonly length: number;
}

type Match = (pattern: RegExp) => string | undefined;

function nextToken(sql: string, at: number, match: Match): Found | undefined {
  const first = sql[at]!;
  switch (first) {
    case '\0':
      return undefined;
    case "'":
    case '"': {
      const end = endOfQuoted(sql, at);
      if (end === undefined) return undefined;
      const kind = first === "'" ? 'string' : 'name';
      return { token: { kind, text: unquoted(sql.slice(at, end)) }, length: end - at };
    }
    case '$': {
      const parameter = match(value);
      if (parameter !== undefined) return found({ kind: 'value', text: parameter }, parameter);
      return dollarQuoted(sql, at, match(dollarTag));
    }
  }
  const name = match(word);
  if (name !== undefined) {
    const literal = name.length === 1 ? prefixed(sql, at, match) : undefined;
    if (literal === 'unclear') return undefined;
    return literal ?? found({ kind: 'word', text: lowerCase(name) }, name);
  }
  const number = match(value);
  if (number !== undefined) return found({ kind: 'value', text: number }, number);
  return found({ kind: 'symbol', text: first }, first);
}

/** A literal that begins with a letter; undefined: the letter is a word. */
function prefixed(sql: string, at: number, match: Match): Found | 'unclear' | undefined {
  if (match(unicodeName) !== undefined) return 'unclear';
  const prefix = match(literalPrefix);
  if (prefix !== undefined) return quoted(at, endOfQuoted(sql, at + prefix.length)) ?? 'unclear';
  if (match(escapePrefix) !== undefined) return quoted(at, endOfEscaped(sql, at + 1)) ?? 'unclear';
  return undefined;
}

function found(token: Token, text: string): Found {
  return { token, length: text.length };
}

function quoted(at: number, end: number | undefined): Found | undefined {
  return end === undefined ? undefined : { token: { kind: 'quoted' }, length: end - at };
}

/** After the quote that ends what the quote at `at` begins; undefined: none does. */
function endOfQuoted(sql: string, at: number): number | undefined {
  const quote = sql[at]!;
  for (let end = sql.indexOf(quote, at + 1); end >= 0; end = sql.indexOf(quote, end + 2))
    if (sql[end + 1] !== quote) return end + 1;
  return undefined;
}

function endOfEscaped(sql: string, at: number): number | undefined {
  for (let end = at + 1; end < sql.length; end++) {
    if (sql[end] === '\\') end++;
    else if (sql[end] === "'" && sql[end + 1] === "'") end++;
    else if (sql[end] === "'") return end + 1;
  }
  return undefined;
}

function dollarQuoted(sql: string, at: number, tag: string | undefined): Found | undefined {
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, at + tag.length);
  return quoted(at, end < 0 ? undefined : end + tag.length);
}

/** Of the comment that begins here, comments within it included; 0: none begins; undefined: it does not end. */
function commentLength(sql: string, at: number): number | undefined {
  if (!sql.startsWith('/*', at)) return 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  let depth = 0;
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex - at;
  }
  return undefined;
}

function unquoted(text: string): string {
  const quote = text[0]!;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}

/** As PostgreSQL folds names: ASCII alone. */
export function lowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
