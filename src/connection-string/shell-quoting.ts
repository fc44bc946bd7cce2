import type { Shell } from '../contract/connection-string.ts';
import type { Command, Variables } from './written.ts';

/**
 * Each shell's literal quotes, in which nothing is expanded.
 * sh: nothing can be escaped inside single quotes, so that a quote leaves and re-enters them (POSIX, Shell Command Language 2.2.2).
 * fish: \\ and \' are the only escapes in single quotes (fish documentation, "The fish language": "Quotes").
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

/**
 * One line that runs the command, with its variables for it alone (fish since 3.1). In PowerShell they outlive it: it has no way to set them
 * for one command.
 */
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

/**
 * What an older PowerShell makes of the command, if not the same. Before 7.3 it drops empty words and escapes neither double quotes nor a
 * backslash before its own closing quote (about_Parsing, "Passing arguments that contain quote characters"; about_Preference_Variables,
 * $PSNativeCommandArgumentPassing). Windows PowerShell has an alias curl.
 */
export function olderPowershell(words: readonly string[]): string | undefined {
  if (words[0] === 'curl')
    return 'Windows PowerShell 5 takes curl for Invoke-WebRequest: write curl.exe there';
  const isMangled = (word: string) => word === '' || word.includes('"') || /\s.*\\$/su.test(word);
  if (words.some(isMangled)) return 'PowerShell before 7.3 passes quotes and backslashes on wrongly';
  return undefined;
}
