import { createHash } from 'node:crypto';
import type { Login } from './endpoint.ts';
import { jdbcUrl } from './postgres-drivers.ts';
import { dialledHost, passwordInArguments, passwordLeftOut } from './warnings.ts';
import { cannotSay, known, type Written } from './written.ts';

/**
 * `dbeaver -con "driver=postgresql|host=…"` (DBeaver wiki, "Command Line"). The parameters have no quoting: they are split at every "|", and `${…}` in
 * them is replaced (DataSourceUtils.getDataSourceBySpec, GeneralUtils.replaceVariables). The password is not saved by DBeaver. A data source
 * that has the name already keeps its host and port, and takes the rest.
 */
export function dbeaver(login: Login): Written {
  const { local, tunnel, database, user, password, sslmode, pooler } = login;
  if (local.kind === 'unix') throw cannotSay('DBeaver', 'a unix socket', 'use a local port');
  const { host, warnings } = dialledHost(login, local.host);
  const parameters = known({
    driver: 'postgresql',
    name: tunnel,
    host,
    port: String(local.port),
    database,
    user,
    password,
    savePassword: password === undefined ? undefined : 'false',
    'prop.sslmode': sslmode,
    'prop.prepareThreshold': pooler && '0',
  });
  for (const [name, value] of Object.entries(parameters)) {
    const part = value.includes('|') ? '"|"' : value.includes('${') ? '"${"' : undefined;
    if (part) throw cannotSay('a DBeaver command', `a ${name} with ${part}`, 'take the format jdbc');
  }
  const spec = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return {
    form: 'command',
    command: { words: ['dbeaver', '-con', spec.join('|')] },
    warnings: [...warnings, ...passwordInArguments(login, 'dbeaver')],
  };
}

/**
 * The text that DataGrip and the other JetBrains IDEs copy for a data source (Copy Settings), and take back by "Import from Clipboard". The
 * format is documented nowhere: this is what their copies have in common. It never holds a password: the IDE asks and keeps it itself. The id is the tunnel's, so that two pastes are one data source.
 */
export function datagrip(login: Login): Written {
  const { text, warnings } = jdbcUrl({ ...login, user: undefined, password: undefined });
  const { tunnel, user } = login;
  const source = [
    `<data-source source="LOCAL" name="${xml('name', tunnel)}" uuid="${tunnelUuid(tunnel)}">`,
    '<driver-ref>postgresql</driver-ref>',
    '<synchronize>true</synchronize>',
    '<jdbc-driver>org.postgresql.Driver</jdbc-driver>',
    `<jdbc-url>${xml('URL', text)}</jdbc-url>`,
    '<secret-storage>master_key</secret-storage>',
    ...(user === undefined ? [] : [`<user-name>${xml('user', user)}</user-name>`]),
    '</data-source>',
  ];
  return {
    form: 'value',
    text: `#DataSourceSettings#\n#LocalDataSource: ${tunnel}\n#BEGIN#\n${source.join('')}\n#END#`,
    warnings: [
      ...warnings,
      ...passwordLeftOut(login, 'DataGrip takes no password from the clipboard: it asks for it once'),
    ],
  };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 has no way at all to say most control characters and two others (section 2.2); white space is kept by reference only. */
function xml(what: string, text: string): string {
  if (/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/u.test(text)) {
    throw cannotSay('a DataGrip data source', `a ${what} with control characters`, 'take the format jdbc');
  }
  return text
    .replace(/[&<>"]/g, (character) => entities[character] ?? '')
    .replace(/^\s|\s$|[\t\n\r]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** A UUID of version 8 (RFC 9562) made of the name. */
function tunnelUuid(tunnel: string): string {
  const hex = createHash('sha256').update(`sallyport tunnel ${tunnel}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
