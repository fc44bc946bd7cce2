/** Readers of formats that no npm package reads, each from the rules of the program that does, and apart from what writes them. */

/** sqlalchemy/engine/url.py, _parse_url: user and password are unquoted, the database is not; the query is parse_qsl's. */
export function readSqlalchemy(url: string) {
  const found =
    /^(?<name>[\w+]+):\/\/(?:(?<user>[^:/]*)(?::(?<password>[^@]*))?@)?(?:(?:\[(?<ipv6>[^/?]+)\]|(?<ipv4>[^/:?]+))?(?::(?<port>[^/?]*))?)?(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/.exec(
      url,
    )?.groups;
  if (!found) throw new Error(`no SQLAlchemy URL: ${url}`);
  const query = Object.fromEntries(new URLSearchParams(found.query ?? ''));
  const decode = (part: string | undefined) => (part === undefined ? undefined : decodeURIComponent(part));
  return {
    host: found.ipv6 ?? found.ipv4,
    port: found.port,
    user: decode(found.user),
    password: decode(found.password),
    dbname: found.path || undefined,
    ...query,
  };
}

/** org.postgresql.Driver.parseURL and Connector/J's ConnectionUrlParser: URLDecoder over the database and every value. */
export function readJdbc(url: string) {
  const [start = '', query = ''] = url.split('?');
  const found = /^jdbc:(?:postgresql|mysql):\/\/(?<host>.*):(?<port>\d+)\/(?<database>[^/]*)$/.exec(
    start,
  )?.groups;
  if (!found) throw new Error(`no JDBC URL: ${url}`);
  const decode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '));
  const properties = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), decode(pair.slice(at + 1))] as const;
    });
  return {
    host: found.host,
    port: found.port,
    database: decode(found.database ?? ''),
    ...(Object.fromEntries(properties) as Record<string, string>),
  };
}

/** System.Data.Common.DbConnectionOptions.GetKeyValuePair, as far as its quoting goes; keywords ignore case. */
export function readNpgsql(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const name = /^[;\s]*(?<name>[^=;]+?)\s*=\s*/.exec(rest);
    if (!name) throw new Error(`no keyword at ${rest}`);
    rest = rest.slice(name[0].length);
    const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : '';
    const value = (
      quote === '"' ? /^"((?:[^"]|"")*)"/ : quote === "'" ? /^'((?:[^']|'')*)'/ : /^([^;]*)/
    ).exec(rest);
    if (!value) throw new Error(`no value at ${rest}`);
    rest = rest.slice(value[0].length);
    if (rest !== '' && !/^\s*;/.test(rest)) throw new Error(`no end of the value at ${rest}`);
    const plain = value[1] ?? '';
    settings[(name.groups?.name ?? '').toLowerCase()] =
      quote === '' ? plain.trim() : plain.replaceAll(quote + quote, quote);
  }
  return settings;
}

/** pgconn/config.go, parseKeywordValueSettings. */
export function readPgx(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  const unescaped = (value: string) =>
    value.replaceAll('\\\\', '\u0000').replaceAll("\\'", "'").replaceAll('\u0000', '\\');
  let rest = text;
  while (rest !== '') {
    const at = rest.indexOf('=');
    if (at < 0) throw new Error(`no value at ${rest}`);
    const name = rest.slice(0, at).trim();
    rest = rest.slice(at + 1);
    const found = (
      rest[0] === "'" ? /^'((?:\\[\s\S]|[^\\'])*)' ?/ : /^((?:\\[\s\S]|[^\\ \t\n\r\v\f])*) ?/
    ).exec(rest);
    if (!found) throw new Error(`an open quote at ${rest}`);
    settings[name] = unescaped(found[1] ?? '');
    rest = rest.slice(found[0].length);
  }
  return settings;
}

/** go-sql-driver/mysql dsn.go, ParseDSN. */
export function readGoDsn(dsn: string) {
  const slash = dsn.lastIndexOf('/');
  const before = dsn.slice(0, slash);
  const [database = '', query = ''] = dsn.slice(slash + 1).split('?');
  const at = before.lastIndexOf('@');
  const login = before.slice(0, Math.max(at, 0));
  const colon = login.indexOf(':');
  const address = before.slice(at + 1);
  const bracket = address.indexOf('(');
  if (!address.endsWith(')')) throw new Error(`no address in ${dsn}`);
  return {
    net: address.slice(0, bracket),
    address: address.slice(bracket + 1, -1),
    user: colon < 0 ? login : login.slice(0, colon),
    password: colon < 0 ? '' : login.slice(colon + 1),
    database: decodeURIComponent(database),
    tls: new URLSearchParams(query).get('tls') ?? undefined,
  };
}

/** DataSourceUtils.getDataSourceBySpec, after GeneralUtils.replaceVariables. */
export function readDbeaver(spec: string): Record<string, string> {
  const replaced = spec.replace(/\$\{[^}]*\}/g, 'REPLACED');
  return Object.fromEntries(
    replaced.split('|').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
}

/** Words of a fish line: single quotes with \\ and \' in them; bare words without anything that has a meaning (fish language, "Quotes"). */
export function fishWords(line: string): string[] {
  return words(line, /^'((?:\\[\\']|\\(?![\\'])|[^'\\])*)'/, (inside) => inside.replace(/\\([\\'])/g, '$1'));
}

/** Words of a PowerShell line: five characters are single quotes, each doubled inside (about_Quoting_Rules; SpecialChars in CharTraits.cs). */
export function powershellWords(line: string): string[] {
  return words(
    line,
    /^['\u2018-\u201b]((?:['\u2018-\u201b]{2}|[^'\u2018-\u201b])*)['\u2018-\u201b]/,
    (inside) => inside.replace(/(['\u2018-\u201b])['\u2018-\u201b]/g, '$1'),
  );
}

function words(line: string, quoted: RegExp, unquote: (inside: string) => string): string[] {
  const found: string[] = [];
  let rest = line;
  while (rest !== '') {
    const match = quoted.exec(rest);
    const bare = /^[\w/:.,=-]+/.exec(rest);
    const word = match ? unquote(match[1] ?? '') : bare?.[0];
    if (word === undefined) throw new Error(`neither a quoted nor a bare word at ${rest}`);
    found.push(word);
    rest = rest.slice((match ?? bare)?.[0].length);
    if (rest !== '' && rest[0] !== ' ') throw new Error(`a word goes on at ${rest}`);
    rest = rest.slice(1);
  }
  return found;
}
