import type { Shell } from '../contract/connection-string.ts';
import type { Command, Variables } from './written.ts';

/**
 * Each shell's literal quotes, in which nothing is expanded.
 * sh: nothing can be escaped inside single quotes, so that a quote leaves and re-enters them (POSIX 2.2.2).
 * fish: \\ and \' are the only escapes in single quotes (fish language, "Quotes").
 * PowerShell: a quote is doubled, and the typographic quotes U+2018 to U+201B are quotes too (about_Quoting_Rules; CharTraits.IsSingleQuote).
 */
const literal: Record<Shell, (text: string) => string> = {
  sh: (text) => `'${text.replaceAll("'", `'\\''`)}'`,
  fish: (text) => `'${text.replace(/[\\']/g, '\\$&')}'`,
  powershell: (text) => `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`,
};

/** Words that mean themselves. PowerShell splits a bare `-a=b.c` at the dot, so there only names and options are bare. */
const bare: Record<Shell, RegExp> = {
  sh: /^[A-Za-z0-9_/:.-][A-Za-z0-9_/:.,=-]*$/,
  fish: /^[A-Za-z0-9_/:.-][A-Za-z0-9_/:.,=-]*$/,
  powershell: /^-{0,2}[A-Za-z][A-Za-z0-9-]*$|^[0-9]+$/,
};

/** One word as the shell has to be given it. */
export function quoteWord(word: string, shell: Shell): string {
  return bare[shell].test(word) ? word : literal[shell](word);
}

/** One line that runs the command. In PowerShell the variables outlive it: it has no way to set them for one command. */
export function commandLine({ environment = {}, words }: Command, shell: Shell): string {
  const command = words.map((word) => quoteWord(word, shell)).join(' ');
  const settings = Object.entries(environment).map(([name, value]) =>
    shell === 'powershell'
      ? `$env:${name} = ${literal.powershell(value)};`
      : `${name}=${quoteWord(value, shell)}`,
  );
  return [...settings, command].join(' ');
}

/** One line a variable, which the shell's later commands inherit. */
export function environmentLines(variables: Variables, shell: Shell): string {
  const line: Record<Shell, (name: string, value: string) => string> = {
    sh: (name, value) => `export ${name}=${quoteWord(value, shell)}`,
    fish: (name, value) => `set -gx ${name} ${quoteWord(value, shell)}`,
    powershell: (name, value) => `$env:${name} = ${literal.powershell(value)}`,
  };
  return Object.entries(variables)
    .map(([name, value]) => line[shell](name, value))
    .join('\n');
}

/** Whether PowerShell before 7.3 would hand the program other words: it drops empty ones and does not escape double quotes. */
export function needsNewPowershell(words: readonly string[]): boolean {
  return words.some((word) => word === '' || word.includes('"'));
}
