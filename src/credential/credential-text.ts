/**
 * What the key of a Secret, a file or a program may hold besides a bare password: a connection URL as libpq, JDBC and SQLAlchemy write it, libpq's
 * keywords and values, or a JSON object as cloud secret stores keep it. Trust boundary: whoever fills the Secret chose the text; it is bounded by
 * its reader, and a host in it is never dialled: the tunnel leads where the profile says.
 */
import { Secret } from '../base/secret.ts';
import type { Profile } from '../contract/profile.ts';

export type SslMode = NonNullable<NonNullable<Profile['connection']>['sslmode']>;

export interface CredentialText {
  readonly password: Secret;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly sslmode?: SslMode | undefined;
  /** Where there is one alone: the name that the database's certificate is for. */
  readonly host?: string | undefined;
}

type Fields = Partial<Record<string, string>>;

const sslModes: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Reads one of the forms; a text of none of them is the password itself, to the byte. `no-password`: it is a form that has none, so that the
 * whole would be a wrong password to send.
 */
export function readCredentialText(text: string): CredentialText | 'no-password' {
  const fields = fromUrl(text.trim()) ?? fromJson(text) ?? fromKeywords(text.trim());
  if (fields === undefined) return { password: new Secret(text) };
  if (fields === 'broken' || !fields.password) return 'no-password';
  const { password, user, dbname, sslmode, host } = fields;
  return {
    password: new Secret(password),
    user: named(user),
    database: named(dbname),
    sslmode: sslModes.find((mode) => mode === sslmode),
    host: host && /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host) ? host : undefined,
  };
}

/** A name that can be shown and sent. */
export function named(text: string | undefined): string | undefined {
  return text !== undefined && /^[^\p{Cc}]{1,253}$/u.test(text) ? text : undefined;
}

/**
 * postgresql://user:password@host:port,host:port/database?sslmode=require (libpq, "Connection URIs"), jdbc:postgresql:// with both in the
 * query, postgresql+psycopg:// of SQLAlchemy. Not by WHATWG's URL, which knows neither several hosts nor a `#` in a password.
 */
function fromUrl(text: string): Fields | 'broken' | undefined {
  const scheme = /^(?:(jdbc):)?postgres(?:ql)?(?:\+\w+)?:(?=\/\/|\S)/.exec(text);
  if (!scheme || (!scheme[1] && !text.startsWith('//', scheme[0].length))) return undefined;
  const isJdbc = scheme[1] !== undefined;
  const [, authority = '', path, query = ''] =
    /^(?:\/\/([^/?]*)\/?)?([^?]*)(?:\?(.*))?$/s.exec(text.slice(scheme[0].length)) ?? [];
  const at = authority.lastIndexOf('@');
  const [, user, password] = /^([^:]*)(?::(.*))?$/s.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  const hosts = authority.slice(at + 1).split(',');
  const parameters = query.split('&').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=');
    return equals > 0 ? [[pair.slice(0, equals), pair.slice(equals + 1)]] : [];
  });
  try {
    // As in a form, where JDBC decodes it (pgjdbc, URLCoder); for libpq a plus is a plus.
    const decode = (value: string) => decodeURIComponent(isJdbc ? value.replaceAll('+', ' ') : value);
    const inQuery = Object.fromEntries(parameters.map(([name, value]) => [name, decode(value)]));
    const known = {
      user: user && decodeURIComponent(user),
      password: password && decodeURIComponent(password),
      dbname: path && decodeURIComponent(path),
      host: hosts.length === 1 ? hosts[0]?.replace(/:\d*$/, '') : undefined,
    };
    return { ...withoutEmpty(known), ...withoutEmpty(inQuery) };
  } catch {
    return 'broken';
  }
}

/** As RDS, Cloud SQL and the operators of secret stores write it: {"username":…,"password":…,"dbname":…,"host":…}, or with a URL in it. */
function fromJson(text: string): Fields | 'broken' | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const texts = Object.fromEntries(
    Object.entries(parsed as object).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  const { uri, url } = texts;
  const inUrl = uri === undefined && url === undefined ? {} : fromUrl((uri ?? url ?? '').trim());
  const { username = texts.user, dbname = texts.database } = texts;
  return { ...(typeof inUrl === 'object' && inUrl), ...withoutEmpty({ ...texts, user: username, dbname }) };
}

/** host=… user=… password='…' (libpq, "Keyword/Value Connection Strings"). A password alone that looks like a pair stays a password. */
function fromKeywords(text: string): Fields | undefined {
  const pairs = /\s*([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)+)(?=\s|$)/gsy;
  const fields: Fields = {};
  let read = 0;
  for (const [pair, name = '', value = ''] of text.matchAll(pairs)) {
    read += pair.length;
    fields[name] = value.replace(/^'|'$/g, '').replaceAll(/\\(.)/gs, '$1');
  }
  if (read !== text.length || !['host', 'user', 'dbname'].some((name) => name in fields)) return undefined;
  if (fields.host?.includes(',')) delete fields.host;
  return fields;
}

function withoutEmpty(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  );
}
