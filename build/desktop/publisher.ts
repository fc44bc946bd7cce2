/** Whom a package names as the one to ask. Nobody publishes from here: who does says so in the environment. */
export interface Publisher {
  readonly name: string;
  readonly email: string;
  readonly homepage: string;
}

const variables = {
  name: 'SALLYPORT_PUBLISHER_NAME',
  email: 'SALLYPORT_PUBLISHER_EMAIL',
  homepage: 'SALLYPORT_PUBLISHER_HOMEPAGE',
} as const;

/** Undefined where the environment names none. Throws where it does so in part, or as nobody can be reached. */
export function publisherOf(env: Readonly<Record<string, string | undefined>>): Publisher | undefined {
  const [name, email, homepage] = Object.values(variables).map((variable) => env[variable]?.trim() ?? '');
  if (!name && !email && !homepage) return undefined;
  if (!name || !email || !homepage) throw new Error(`a publisher has all of ${allVariables()}`);
  if (!/^[^\s@<>]+@[^\s@<>]+$/.test(email)) throw new Error(`${variables.email} is no address: ${email}`);
  if (!URL.canParse(homepage) || new URL(homepage).protocol !== 'https:')
    throw new Error(`${variables.homepage} is no https address: ${homepage}`);
  return { name, email, homepage };
}

/** Debian's format requires a maintainer who can be written to: none is made up. */
export function requirePublisher(publisher: Publisher | undefined): void {
  if (publisher) return;
  throw new Error(`a deb names whom to ask: set ${allVariables()}, or pack with --dir`);
}

function allVariables(): string {
  const { name, email, homepage } = variables;
  return `${name}, ${email} and ${homepage}`;
}
